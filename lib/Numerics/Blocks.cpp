//===- Blocks.cpp - Shared exponents of blocks ----------------------------===//
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cmath>
#include <cstdint>

using namespace narrow::numerics;

namespace {

/// floor(log2(x)) of a positive number, exactly.
int floorLog(double x) {
  int exponent;
  std::frexp(x, &exponent);
  return exponent - 1;
}

double largestMagnitude(std::span<const float> weights) {
  double largest = 0;
  for (float w : weights)
    largest = std::max(largest, std::abs(static_cast<double>(w)));
  return largest;
}

/// The multiple of 2^exponent nearest to x, half to even.
double roundTo(double x, int exponent) {
  return std::ldexp(round(std::ldexp(x, -exponent), Rounding::HalfEven), exponent);
}

constexpr int kLeastExponent = -127, kMostExponent = 127; // of E8M0
constexpr size_t kPairSize = 2;                           // of shared microexponents

/// `magnitudes` and their negatives as multiples of `scale`.
Levels toLevels(std::span<const double> magnitudes, float scale) {
  Levels levels;
  for (double magnitude : magnitudes) {
    double code = round(magnitude / scale, Rounding::HalfEven);
    if (code > kWideLimit)
      continue;
    levels.push_back(static_cast<int32_t>(code));
    levels.push_back(-static_cast<int32_t>(code));
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

} // namespace

double narrow::numerics::roundToElement(double x, const ElementFormat &format) {
  if (x == 0)
    return 0;
  // Below the minimum exponent the step no longer shrinks: subnormal numbers.
  int exponent = std::max(floorLog(std::abs(x)), format.minExponent);
  if (format.exponentBits == 0)
    exponent = 0;
  return std::clamp(roundTo(x, exponent - static_cast<int>(format.mantissaBits)), -format.max, format.max);
}

int narrow::numerics::sharedExponent(std::span<const float> block, const ElementFormat &format) {
  double largest = largestMagnitude(block);
  if (largest == 0)
    return kLeastExponent;
  return std::clamp(floorLog(largest) - format.maxExponent, kLeastExponent, kMostExponent);
}

std::vector<double> narrow::numerics::roundToBlocks(std::span<const float> weights,
                                                    const ElementFormat &format, size_t size) {
  std::vector<double> result;
  for (size_t begin = 0; begin < weights.size(); begin += size) {
    std::span<const float> block = weights.subspan(begin, std::min(size, weights.size() - begin));
    int shared = sharedExponent(block, format);
    for (float w : block)
      result.push_back(
          std::ldexp(roundToElement(std::ldexp(static_cast<double>(w), -shared), format), shared));
  }
  return result;
}

/// The exponent of each pair's step.
static std::vector<int> microexponentUnits(std::span<const float> weights, unsigned mantissaBits) {
  constexpr size_t blockSize = 16;
  std::vector<int> units;
  for (size_t begin = 0; begin < weights.size(); begin += blockSize) {
    std::span<const float> block = weights.subspan(begin, std::min(blockSize, weights.size() - begin));
    double largest = largestMagnitude(block);
    int shared = largest == 0 ? kLeastExponent : std::clamp(floorLog(largest), kLeastExponent, kMostExponent);
    for (size_t i = 0; i < block.size(); i += kPairSize) {
      double pairLargest = largestMagnitude(block.subspan(i, std::min(kPairSize, block.size() - i)));
      // With one bit, a pair's scale may be half the block's.
      int micro = pairLargest == 0 || floorLog(pairLargest) < shared ? 1 : 0;
      units.push_back(shared - micro - static_cast<int>(mantissaBits) + 1);
    }
  }
  return units;
}

std::vector<double> narrow::numerics::roundToMicroexponents(std::span<const float> weights,
                                                            unsigned mantissaBits) {
  std::vector<int> units = microexponentUnits(weights, mantissaBits);
  std::vector<double> result;
  for (size_t i = 0; i < weights.size(); ++i) {
    int unit = units[i / kPairSize];
    double most = std::ldexp(std::ldexp(1.0, static_cast<int>(mantissaBits)) - 1, unit);
    result.push_back(std::clamp(roundTo(weights[i], unit), -most, most));
  }
  return result;
}

LatticeCodes narrow::numerics::latticeCodes(std::span<const double> values, int32_t limit, double sumLimit) {
  LatticeCodes result;
  double largest = 0, sum = 0;
  int unit = 1024;
  for (double value : values) {
    if (value == 0)
      continue;
    largest = std::max(largest, std::abs(value));
    sum += std::abs(value);
    int exponent;
    auto mantissa = static_cast<uint64_t>(std::ldexp(std::frexp(std::abs(value), &exponent), 53));
    for (exponent -= 53; mantissa % 2 == 0; mantissa /= 2)
      ++exponent;
    unit = std::min(unit, exponent);
  }
  if (largest == 0) {
    result.codes.assign(values.size(), 0);
    return result;
  }
  unit = std::max(unit, -126); // The smallest normal number.
  while (round(std::ldexp(largest, -unit), Rounding::HalfEven) > limit || std::ldexp(sum, -unit) > sumLimit)
    ++unit;
  result.scale = static_cast<float>(std::ldexp(1.0, unit));
  for (double value : values) {
    double code = round(std::ldexp(value, -unit), Rounding::HalfEven);
    result.rounded += std::ldexp(code, unit) != value;
    result.codes.push_back(static_cast<int32_t>(code));
  }
  return result;
}

Levels narrow::numerics::elementLevels(const ElementFormat &format, int sharedExponent, float scale) {
  std::vector<double> magnitudes;
  int step = static_cast<int>(format.mantissaBits), count = 1 << step;
  for (int mantissa = 0; mantissa < count; ++mantissa) // zero and subnormal
    magnitudes.push_back(std::ldexp(mantissa, format.minExponent - step));
  for (int exponent = format.minExponent; exponent <= format.maxExponent; ++exponent)
    for (int mantissa = count; mantissa < 2 * count; ++mantissa)
      magnitudes.push_back(std::ldexp(mantissa, exponent - step));
  std::erase_if(magnitudes, [&](double x) { return x > format.max; });
  for (double &magnitude : magnitudes)
    magnitude = std::ldexp(magnitude, sharedExponent);
  return toLevels(magnitudes, scale);
}

std::vector<Levels> narrow::numerics::microexponentLevels(std::span<const float> weights,
                                                          unsigned mantissaBits, float scale) {
  std::vector<Levels> result;
  for (int unit : microexponentUnits(weights, mantissaBits)) {
    std::vector<double> magnitudes;
    for (int mantissa = 0; mantissa < 1 << mantissaBits; ++mantissa)
      magnitudes.push_back(std::ldexp(mantissa, unit));
    result.push_back(toLevels(magnitudes, scale));
  }
  return result;
}
