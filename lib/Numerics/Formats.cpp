//===- Formats.cpp - Number formats of weights ----------------------------===//
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <numbers>

using namespace narrow::numerics;

namespace {

float normalScale(double scale) {
  return static_cast<float>(std::clamp(scale, static_cast<double>(FLT_MIN), static_cast<double>(FLT_MAX)));
}

double largestMagnitude(std::span<const float> weights) {
  double largest = 0;
  for (float w : weights)
    largest = std::max(largest, std::abs(static_cast<double>(w)));
  return largest;
}

int32_t largestLevel(std::span<const int32_t> levels) { return std::max(-levels.front(), levels.back()); }

/// The error of rounding weights to the nearest of `levels` times `scale`.
double squaredError(std::span<const float> weights, std::span<const int32_t> levels, double scale) {
  double sum = 0;
  for (float w : weights) {
    double error = w - nearestLevel(levels, w / scale) * scale;
    sum += error * error;
  }
  return sum;
}

/// The scale at which `largest` has the code `full`, or a smaller scale with less error.
double findScale(std::span<const float> weights, std::span<const int32_t> levels, double largest,
                 int32_t full, ScaleSearch search) {
  double best = largest / full;
  if (search == ScaleSearch::LargestWeight)
    return best;
  constexpr int candidates = 80;
  double least = INFINITY, whole = best;
  for (int i = 0; i != candidates; ++i) {
    double scale = whole * (1 - 0.01 * i);
    double error = squaredError(weights, levels, scale);
    if (error < least)
      least = error, best = scale;
  }
  return best;
}

} // namespace

//===----------------------------------------------------------------------===//
// N60: power-of-two scales
//===----------------------------------------------------------------------===//

float narrow::numerics::powerOfTwoScale(float scale) {
  int exponent;
  float mantissa = std::frexp(scale, &exponent); // in [1/2, 1)
  return std::ldexp(1.0f, std::min(mantissa == 0.5f ? exponent - 1 : exponent, 127));
}

QuantParams narrow::numerics::powerOfTwoParams(QuantParams params, double lo, CodeRange codes,
                                               bool symmetric) {
  params.scale = powerOfTwoScale(params.scale);
  if (symmetric)
    return params;
  double zeroPoint =
      static_cast<double>(codes.min) - round(std::min(lo, 0.0) / params.scale, Rounding::HalfEven);
  params.zeroPoint = static_cast<int64_t>(
      std::clamp(zeroPoint, static_cast<double>(codes.min), static_cast<double>(codes.max)));
  return params;
}

//===----------------------------------------------------------------------===//
// N61: levels
//===----------------------------------------------------------------------===//

Levels narrow::numerics::uniformLevels(unsigned bits) {
  Levels levels;
  int32_t max = (1 << (bits - 1)) - 1;
  for (int32_t level = -max; level <= max; ++level)
    levels.push_back(level);
  return levels;
}

int32_t narrow::numerics::nearestLevel(std::span<const int32_t> levels, double x) {
  if (x <= levels.front())
    return levels.front();
  if (x >= levels.back())
    return levels.back();
  if (static_cast<size_t>(levels.back() - levels.front()) == levels.size() - 1)
    return static_cast<int32_t>(round(x, Rounding::HalfEven));
  auto above = std::lower_bound(levels.begin(), levels.end(), x); // front < x < back
  return x - above[-1] <= *above - x ? above[-1] : *above;
}

ScaledCodes narrow::numerics::encodeLevels(std::span<const float> weights, std::span<const int32_t> levels,
                                           int32_t full, ScaleSearch search) {
  ScaledCodes result;
  double largest = largestMagnitude(weights);
  if (largest == 0) {
    result.codes.assign(weights.size(), 0);
    return result;
  }
  result.scale = normalScale(findScale(weights, levels, largest, full, search));
  for (float w : weights)
    result.codes.push_back(nearestLevel(levels, static_cast<double>(w) / result.scale));
  return result;
}

//===----------------------------------------------------------------------===//
// N62: two levels of scales
//===----------------------------------------------------------------------===//

int32_t narrow::numerics::narrowGroupScale(std::span<const int32_t> levels) {
  int32_t scale = 1;
  while ((2 * scale + 1) * largestLevel(levels) <= kNarrowLimit)
    scale = 2 * scale + 1;
  return scale;
}

GroupedCodes narrow::numerics::encodeGroups(std::span<const float> weights, std::span<const int32_t> levels,
                                            size_t size, int32_t maxGroupScale, ScaleSearch search) {
  GroupedCodes result;
  auto group = [&](size_t begin) { return weights.subspan(begin, std::min(size, weights.size() - begin)); };
  // The ideal scale of each group.
  std::vector<double> wished;
  for (size_t begin = 0; begin < weights.size(); begin += size) {
    double largest = largestMagnitude(group(begin));
    wished.push_back(largest == 0 ? 0
                                  : findScale(group(begin), levels, largest, largestLevel(levels), search));
  }
  double most = wished.empty() ? 0 : *std::max_element(wished.begin(), wished.end());
  if (most > 0)
    result.scale = normalScale(most / maxGroupScale);
  for (size_t begin = 0; begin < weights.size(); begin += size) {
    double ratio = most > 0 ? wished[begin / size] / most * maxGroupScale : 0;
    auto limit = [&](double x) { return static_cast<int32_t>(std::clamp<double>(x, 1, maxGroupScale)); };
    // A group never loses all of its weights: the smallest scale is 1.
    int32_t scale = limit(round(ratio, Rounding::HalfAway));
    if (search == ScaleSearch::LeastError) {
      double least = INFINITY;
      int32_t first = limit(std::floor(ratio) - 1), last = limit(std::ceil(ratio) + 1);
      for (int32_t candidate = first; candidate <= last; ++candidate) {
        double error = squaredError(group(begin), levels, static_cast<double>(result.scale) * candidate);
        if (error < least)
          least = error, scale = candidate;
      }
    }
    result.groupScales.push_back(scale);
    for (float w : group(begin)) {
      int32_t level = nearestLevel(levels, w / (static_cast<double>(result.scale) * scale));
      result.levels.push_back(level);
      result.codes.push_back(level * scale);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// N63: NormalFloat
//===----------------------------------------------------------------------===//

/// The x below which a standard normal distribution has the mass `p`, in [1/2, 1).
static double normalQuantile(double p) {
  double low = 0, high = 40;
  for (int i = 0; i != 100; ++i) {
    double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::numbers::sqrt2) < p ? low : high) = middle;
  }
  return high;
}

std::vector<double> narrow::numerics::normalFloat(unsigned bits) {
  // Halfway between the outermost quantiles of 2^bits and of 2^bits - 1 equal parts.
  double count = std::ldexp(1.0, static_cast<int>(bits));
  double outermost = 1 - (1 / (2 * count) + 1 / (2 * (count - 1))) / 2;
  size_t above = size_t{1} << (bits - 1), below = above - 1;
  auto quantile = [&](size_t i, size_t parts) {
    return normalQuantile(outermost +
                          (0.5 - outermost) * static_cast<double>(i) / static_cast<double>(parts)) /
           normalQuantile(outermost);
  };
  std::vector<double> levels;
  for (size_t i = 0; i != below; ++i)
    levels.push_back(-quantile(i, below));
  levels.push_back(0);
  for (size_t i = above; i-- != 0;)
    levels.push_back(quantile(i, above));
  return levels;
}

Levels narrow::numerics::normalFloatLevels(unsigned bits) { return centersToLevels(normalFloat(bits)); }

//===----------------------------------------------------------------------===//
// N64: logarithms
//===----------------------------------------------------------------------===//

/// round(log2(x)): the boundary between k and k + 1 is sqrt(2) * 2^k.
static int roundedLog(double x) {
  int exponent;
  double mantissa = std::frexp(x, &exponent);
  return exponent - 1 + (2 * mantissa >= std::numbers::sqrt2 ? 1 : 0);
}

std::optional<int> narrow::numerics::logExponent(double x, unsigned bits, int fullScale) {
  if (x == 0)
    return std::nullopt;
  int exponent = roundedLog(std::abs(x));
  if (exponent <= fullScale - (1 << bits))
    return std::nullopt;
  return std::min(exponent, fullScale - 1);
}

ScaledCodes narrow::numerics::encodeLog(std::span<const float> weights, unsigned bits, ScaleSearch search) {
  ScaledCodes result;
  double largest = largestMagnitude(weights);
  if (largest == 0) {
    result.codes.assign(weights.size(), 0);
    return result;
  }
  auto decode = [&](float w, int fullScale) {
    std::optional<int> exponent = logExponent(w, bits - 1, fullScale);
    return exponent ? std::copysign(std::ldexp(1.0, *exponent), w) : 0.0;
  };
  auto error = [&](int fullScale) {
    double sum = 0;
    for (float w : weights)
      sum += (w - decode(w, fullScale)) * (w - decode(w, fullScale));
    return sum;
  };
  int fullScale = roundedLog(largest) + 1;
  if (search == ScaleSearch::LeastError && error(fullScale - 1) < error(fullScale))
    --fullScale;
  result.scale = normalScale(std::ldexp(1.0, fullScale - (1 << (bits - 1)) + 1));
  for (float w : weights)
    result.codes.push_back(
        static_cast<int32_t>(round(decode(w, fullScale) / result.scale, Rounding::HalfEven)));
  return result;
}

Levels narrow::numerics::logLevels(unsigned bits) {
  Levels levels{0};
  for (int exponent = 0; exponent != (1 << (bits - 1)) - 1; ++exponent) {
    levels.push_back(1 << exponent);
    levels.push_back(-(1 << exponent));
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

Levels narrow::numerics::logSqrtLevels(unsigned bits) {
  int32_t full = bits <= 4 ? kNarrowLimit : kWideLimit;
  Levels levels{0};
  for (int k = 0; k != (1 << (bits - 1)) - 1; ++k) {
    auto level = static_cast<int32_t>(round(full * std::exp2(-k / 2.0), Rounding::HalfEven));
    levels.push_back(level);
    levels.push_back(-level);
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

//===----------------------------------------------------------------------===//
// N65, N66: ternary, binary
//===----------------------------------------------------------------------===//

ScaledCodes narrow::numerics::encodeTernary(std::span<const float> weights) {
  std::vector<double> magnitudes;
  for (float w : weights)
    magnitudes.push_back(std::abs(static_cast<double>(w)));
  std::sort(magnitudes.begin(), magnitudes.end(), std::greater<>());
  // With the k largest as ±scale, the error is the sum of all squares minus (sum of the k largest)^2 / k.
  double sum = 0, most = 0, threshold = INFINITY, scale = 0;
  for (size_t i = 0; i != magnitudes.size(); ++i) {
    sum += magnitudes[i];
    double count = static_cast<double>(i + 1), gain = sum * sum / count;
    bool more = i + 1 != magnitudes.size() && magnitudes[i + 1] == magnitudes[i];
    if (!more && gain > most)
      most = gain, threshold = magnitudes[i], scale = sum / count;
  }
  ScaledCodes result;
  if (scale > 0)
    result.scale = normalScale(scale);
  for (float w : weights)
    result.codes.push_back(std::abs(static_cast<double>(w)) < threshold ? 0 : w < 0 ? -1 : 1);
  return result;
}

ScaledCodes narrow::numerics::encodeBinary(std::span<const float> weights) {
  ScaledCodes result;
  double sum = 0;
  for (float w : weights) {
    sum += std::abs(static_cast<double>(w));
    result.codes.push_back(w < 0 ? -1 : 1);
  }
  if (sum > 0)
    result.scale = normalScale(sum / static_cast<double>(weights.size()));
  else // 0 is not a code of the format, but an all-zero channel needs it.
    result.codes.assign(weights.size(), 0);
  return result;
}
