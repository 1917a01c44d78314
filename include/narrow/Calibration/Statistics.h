//===- Statistics.h - Statistics of an observed tensor ----------*- C++ -*-===//
//
// Everything here depends only on the multiset of observed values: any order,
// sharding and number of threads gives the same statistics after merging.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_CALIBRATION_STATISTICS_H
#define NARROW_CALIBRATION_STATISTICS_H

#include "narrow/Calibration/ExactSum.h"
#include "narrow/Numerics/Histogram.h"
#include <cstdint>
#include <limits>
#include <vector>

namespace narrow {

/// An observed tensor: its id (narrow.observe) and the shape of one sample.
/// Channels are the last axis.
struct ObservedTensor {
  std::string id;
  std::vector<int64_t> shape;

  int64_t channels() const { return shape.empty() ? 1 : shape.back(); }
  /// Elements of one sample. Shapes come from verified IR or a validated table.
  int64_t sampleSize() const {
    int64_t size = 1;
    for (int64_t dim : shape)
      size *= dim;
    return size;
  }
  bool operator==(const ObservedTensor &) const = default;
};

/// Smallest and largest value; empty while min > max. Never holds -0.0, which
/// would make the result depend on the order.
struct MinMax {
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();

  bool empty() const { return min > max; }
  void merge(const MinMax &other) {
    min = other.min < min ? other.min : min;
    max = other.max > max ? other.max : max;
  }
  bool operator==(const MinMax &) const = default;
};

/// Finds the range of each channel of `rows * channels` contiguous values and
/// widens `ranges` by it. Returns false and leaves the ranges unchanged if a
/// value is NaN or Inf.
bool updateRanges(const float *data, int64_t rows, int64_t channels, MinMax *ranges);

class TensorStatistics {
public:
  explicit TensorStatistics(int64_t channels = 1) : channelRanges(static_cast<size_t>(channels)) {}

  /// Adds `count` contiguous values, a multiple of the number of channels, with
  /// the channel varying fastest. Returns false and leaves the statistics
  /// unchanged if a value is NaN or Inf.
  [[nodiscard]] bool add(const float *data, int64_t count);

  /// Adds the data of `other`; both must have the same number of channels.
  void merge(const TensorStatistics &other);

  int64_t count() const { return elements; }
  int64_t channels() const { return static_cast<int64_t>(channelRanges.size()); }
  MinMax range() const;
  const std::vector<MinMax> &ranges() const { return channelRanges; }
  const numerics::Histogram &histogram() const { return bins; }
  const ExactSums &sums() const { return exactSums; }
  double mean() const { return elements > 0 ? exactSums.sum() / static_cast<double>(elements) : 0; }
  /// Mean of (x - mean)^2, not below 0.
  double variance() const;

  bool operator==(const TensorStatistics &) const = default;

  /// For the table reader, which checks that the parts agree.
  static TensorStatistics fromParts(int64_t count, std::vector<MinMax> ranges, numerics::Histogram histogram,
                                    ExactSums sums);

private:
  int64_t elements = 0;
  std::vector<MinMax> channelRanges;
  numerics::Histogram bins;
  ExactSums exactSums;
};

} // namespace narrow

#endif
