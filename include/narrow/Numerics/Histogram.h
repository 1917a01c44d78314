//===- Histogram.h - Counts on a power-of-two grid --------------*- C++ -*-===//
//
// Rule N20 of docs/numerics.md: a histogram that depends only on the data, not
// on their order or on how they were divided among threads and machines.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_HISTOGRAM_H
#define NARROW_NUMERICS_HISTOGRAM_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace narrow::numerics {

/// Bin k counts the values in [k * w, (k + 1) * w), w = 2^exponent; zero is
/// always an edge. The grid is the finest one with
///   - at most maxBins bins from floor(min / w) to floor(max / w), and
///   - w no finer than the spacing of f32 at the largest magnitude,
/// so min and max determine it. The second rule defines the grid of a constant
/// tensor and keeps every index within 25 bits.
struct Histogram {
  static constexpr size_t maxBins = 4096;

  int exponent = 0;
  int64_t firstBin = 0;         ///< index of counts[0]
  std::vector<uint64_t> counts; ///< from the bin of min to the bin of max; empty: no data
  float min = 0, max = 0;       ///< exact; a zero is +0

  bool empty() const { return counts.empty(); }
  uint64_t total() const;
  double width() const;
  /// Lower edge of counts[i]; i = counts.size() gives the upper end.
  double edge(size_t i) const;
  /// Middle of counts[i], clamped to [min, max].
  double center(size_t i) const;

  /// Adds values. If one is NaN or Inf, the call adds nothing and returns
  /// false.
  bool add(float value);
  bool add(std::span<const float> values);
  /// The same for values whose extrema are known: finite, within [low, high], which are not -0 and
  /// are the minimum and maximum of these values and all added before.
  void addWithin(std::span<const float> values, float low, float high);
  /// Adds what `other` counted: the same as adding its data. Returns false and
  /// changes nothing if check() rejects `other`.
  bool merge(const Histogram &other);

  /// Why add and merge cannot have produced this histogram, or null if they
  /// can. For histograms read from a file.
  const char *check() const;

  bool operator==(const Histogram &) const = default;

private:
  void cover(float low, float high);
};

/// Counts of |x|: bin k of counts[k - firstBin] covers [k * w, (k + 1) * w) with
/// the width w of the source histogram.
struct Magnitudes {
  int exponent = 0;
  int64_t firstBin = 0;
  std::vector<uint64_t> counts;
  float min = 0, max = 0; ///< exact, except that min = 0 if both signs occur
};

/// Folds the negative half onto the positive one: bin k < 0 becomes bin -k - 1,
/// which is exact except for negative values on an edge.
Magnitudes foldMagnitudes(const Histogram &histogram);

} // namespace narrow::numerics

#endif
