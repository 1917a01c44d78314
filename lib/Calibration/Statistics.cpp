//===- Statistics.cpp - Statistics of an observed tensor ------------------===//
#include "narrow/Calibration/Statistics.h"
#include "narrow/Support/TargetClones.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

using namespace narrow;

/// The exponent bits of NaN and Inf.
static constexpr uint32_t exponentMask = 0x7f800000;

/// Number of lanes whose extrema fit in registers.
static constexpr int64_t registerLanes = 64;

/// Extrema of `lanes` columns, and the largest magnitude, as bits.
template <typename Lanes>
[[gnu::always_inline]] static inline uint32_t scan(const float *data, int64_t rows, int64_t step, Lanes lanes,
                                                   float *min, float *max) {
  uint32_t largest = 0;
  for (int64_t row = 0; row < rows; ++row, data += step)
    for (int64_t i = 0; i < lanes; ++i) {
      float value = data[i];
      min[i] = value < min[i] ? value : min[i];
      max[i] = value > max[i] ? value : max[i];
      largest = std::max(largest, std::bit_cast<uint32_t>(value) & 0x7fffffff);
    }
  return largest;
}

/// Extrema of rows of `lanes` values, and the largest magnitude, as bits.
NARROW_TARGET_CLONES static uint32_t findExtrema(const float *data, int64_t rows, int64_t lanes, float *min,
                                                 float *max) {
  if (lanes % registerLanes != 0)
    return scan(data, rows, lanes, lanes, min, max);
  uint32_t largest = 0;
  for (int64_t first = 0; first < lanes; first += registerLanes) {
    float low[registerLanes], high[registerLanes];
    std::copy_n(min + first, registerLanes, low);
    std::copy_n(max + first, registerLanes, high);
    largest = std::max(largest, scan(data + first, rows, lanes,
                                     std::integral_constant<int64_t, registerLanes>(), low, high));
    std::copy_n(low, registerLanes, min + first);
    std::copy_n(high, registerLanes, max + first);
  }
  return largest;
}

bool narrow::updateRanges(const float *data, int64_t rows, int64_t channels, MinMax *ranges) {
  // Rows are handled `lanes` values at a time: a multiple of the channels, so
  // that each lane belongs to one channel, and enough of them to fill vector
  // registers when there are few channels. The inner loop has no dependency
  // between lanes, so it is vectorized.
  int64_t total = rows * channels;
  int64_t lanes = channels;
  while (lanes < registerLanes)
    lanes += channels;
  lanes = std::min(lanes, total);
  if (total <= 0)
    return true;

  std::vector<float> min(data, data + lanes), max(min);
  int64_t rest = total % lanes;
  uint32_t largest = findExtrema(data, total / lanes, lanes, min.data(), max.data());
  if (rest)
    largest = std::max(largest, findExtrema(data + total - rest, 1, rest, min.data(), max.data()));
  if (largest >= exponentMask)
    return false;
  for (int64_t i = 0; i < lanes; ++i)
    ranges[i % channels].merge({min[i] + 0.0f, max[i] + 0.0f}); // -0 + 0 is +0.
  return true;
}

bool TensorStatistics::add(const float *data, int64_t count) {
  if (!updateRanges(data, count / channels(), channels(), channelRanges.data()))
    return false;
  MinMax seen = range();
  if (count > 0)
    bins.addWithin({data, static_cast<size_t>(count)}, seen.min, seen.max);
  exactSums.add(data, count);
  elements += count;
  return true;
}

void TensorStatistics::merge(const TensorStatistics &other) {
  elements += other.elements;
  for (size_t i = 0; i < std::min(channelRanges.size(), other.channelRanges.size()); ++i)
    channelRanges[i].merge(other.channelRanges[i]);
  bins.merge(other.bins);
  exactSums.merge(other.exactSums);
}

MinMax TensorStatistics::range() const {
  MinMax result;
  for (const MinMax &channel : channelRanges)
    result.merge(channel);
  return result;
}

double TensorStatistics::variance() const {
  if (elements == 0)
    return 0;
  double n = static_cast<double>(elements);
  return std::max(0.0, exactSums.sumOfSquares() / n - mean() * mean());
}

TensorStatistics TensorStatistics::fromParts(int64_t count, std::vector<MinMax> ranges,
                                             numerics::Histogram histogram, ExactSums sums) {
  TensorStatistics result(0);
  result.elements = count;
  result.channelRanges = std::move(ranges);
  result.bins = std::move(histogram);
  result.exactSums = sums;
  return result;
}
