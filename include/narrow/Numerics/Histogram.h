//===- Histogram.h - Counts on a power-of-two grid --------------*- C++ -*-===//
//
// Rule N20 of docs/numerics.md: a histogram that depends on the data alone,
// not on their order nor on how they were divided among threads and machines.
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
/// so it follows from min and max. The second rule makes the grid of a constant
/// tensor defined and keeps every index within 25 bits.
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
  /// Middle of counts[i], moved into [min, max].
  double center(size_t i) const;

  /// Adds values. NaN or Inf: nothing of the call is added and the result is
  /// false.
  bool add(float value);
  bool add(std::span<const float> values);
  /// The same for values whose extrema are known: finite ones of [low, high], not -0, that with what
  /// was added before have these as minimum and maximum.
  void addWithin(std::span<const float> values, float low, float high);
  /// Adds what `other` counted: the same as adding its data. False, and no
  /// change, if check() objects to `other`.
  bool merge(const Histogram &other);

  /// Why this is no histogram that add and merge can produce, or null. For
  /// histograms that were read from a file.
  const char *check() const;

  bool operator==(const Histogram &) const = default;

private:
  void cover(float low, float high);
};

/// Counts of |x|: bin k of counts[k - firstBin] covers [k * w, (k + 1) * w) with
/// the width w of the histogram it came from.
struct Magnitudes {
  int exponent = 0;
  int64_t firstBin = 0;
  std::vector<uint64_t> counts;
  float min = 0, max = 0; ///< exact, but min = 0 if both signs occur
};

/// Folds the negative half over the positive one: bin k < 0 becomes bin -k - 1,
/// which is exact but for negative values on an edge.
Magnitudes foldMagnitudes(const Histogram &histogram);

} // namespace narrow::numerics

#endif
