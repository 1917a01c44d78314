//===- Blocks.cpp - Exponents that blocks share ---------------------------===//
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

} // namespace

double narrow::numerics::roundToElement(double x, const ElementFormat &format) {
  if (x == 0)
    return 0;
  // Below the least exponent the step no longer shrinks: subnormal numbers.
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

std::vector<double> narrow::numerics::roundToMicroexponents(std::span<const float> weights,
                                                            unsigned mantissaBits) {
  constexpr size_t blockSize = 16, pairSize = 2;
  std::vector<double> result;
  for (size_t begin = 0; begin < weights.size(); begin += blockSize) {
    std::span<const float> block = weights.subspan(begin, std::min(blockSize, weights.size() - begin));
    double largest = largestMagnitude(block);
    int shared = largest == 0 ? kLeastExponent : std::clamp(floorLog(largest), kLeastExponent, kMostExponent);
    for (size_t i = 0; i < block.size(); i += pairSize) {
      std::span<const float> pair = block.subspan(i, std::min(pairSize, block.size() - i));
      double pairLargest = largestMagnitude(pair);
      // One bit: the pair may be smaller by half.
      int micro = pairLargest == 0 || floorLog(pairLargest) < shared ? 1 : 0;
      int unit = shared - micro - static_cast<int>(mantissaBits) + 1;
      double most = std::ldexp(std::ldexp(1.0, static_cast<int>(mantissaBits)) - 1, unit);
      for (float w : pair)
        result.push_back(std::clamp(roundTo(w, unit), -most, most));
    }
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
  unit = std::max(unit, -126); // The least normal number.
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
