//===- FixedPoint.cpp - Multiplication by a multiplier and a shift --------===//
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace narrow::numerics;

double Multiplier::value() const { return std::ldexp(multiplier, -shift); }

namespace {
/// factor = significand * 2^(exponent - bits), where the significand has `bits` bits.
struct Split {
  int64_t significand;
  int exponent;
};

Split split(double factor, int bits) {
  int exponent = 0;
  double fraction = std::frexp(factor, &exponent);
  int64_t significand = std::llround(std::ldexp(fraction, bits));
  if (significand == int64_t{1} << bits) { // 0.99999… rounds up to 1.
    significand /= 2;
    ++exponent;
  }
  return {significand, exponent};
}

std::optional<Multiplier> computeMultiplier(double factor, int bits) {
  if (!std::isfinite(factor) || factor < 0)
    return std::nullopt;
  auto [significand, exponent] = split(factor, bits);
  int shift = bits - exponent;
  if (shift < 2)
    return std::nullopt;
  if (shift > 62) {
    // Upstream's computeMultiplierAndShift truncates here as well.
    significand >>= std::min(31, shift - 62);
    shift = 62;
  }
  return Multiplier{static_cast<int32_t>(significand), shift};
}

/// gemmlowp SaturatingRoundingDoublingHighMul: the product in Q31, half up.
int32_t roundingDoublingHighMul(int32_t a, int32_t b) {
  constexpr int32_t lowest = std::numeric_limits<int32_t>::min();
  if (a == lowest && b == lowest)
    return std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>(roundingShiftRight(int64_t{a} * b, 31));
}

/// gemmlowp RoundingDivideByPOT: half away from zero.
int32_t roundingDivideByPowerOfTwo(int32_t x, int exponent) {
  if (exponent == 0)
    return x;
  int64_t half = int64_t{1} << (exponent - 1);
  return static_cast<int32_t>((int64_t{x} + half - (x < 0 ? 1 : 0)) >> exponent);
}
} // namespace

std::optional<Multiplier> narrow::numerics::computeMultiplier(double factor) {
  return ::computeMultiplier(factor, 31);
}

std::optional<Multiplier> narrow::numerics::computeMultiplier16(double factor) {
  return ::computeMultiplier(factor, 15);
}

std::optional<std::vector<Multiplier>> narrow::numerics::computeMultipliers(std::span<const double> factors,
                                                                            int maxShift) {
  int shift = maxShift;
  for (double factor : factors) {
    std::optional<Multiplier> own = computeMultiplier(factor);
    if (!own)
      return std::nullopt;
    shift = std::min(shift, own->shift);
  }
  std::vector<Multiplier> result;
  for (double factor : factors)
    // Below 2^31: computeMultiplier rounds the same product at a shift that is at least as large.
    result.push_back({static_cast<int32_t>(std::llround(std::ldexp(factor, shift))), shift});
  if (result.empty())
    return std::nullopt;
  return result;
}

std::optional<FastMultipliers> narrow::numerics::computeFastMultipliers(std::span<const double> factors) {
  // 7 fraction bits would saturate 16-bit values that are within the codes, 4 are coarse. A left shift
  // costs an instruction.
  for (auto [bits, least] : {std::pair{6, 0}, {5, 0}, {6, -4}}) {
    FastMultipliers result{{}, bits};
    for (double factor : factors) {
      std::optional<Multiplier> scaled = computeMultiplier16(std::ldexp(factor, bits));
      if (!scaled || scaled->shift > 45)
        return std::nullopt;
      if (scaled->shift - 15 < least)
        break;
      result.channels.push_back({scaled->multiplier, scaled->shift - 15});
    }
    if (result.channels.size() == factors.size())
      return result;
  }
  return std::nullopt;
}

int32_t narrow::numerics::applyScale(int32_t value, Multiplier scale, RescaleRounding rounding) {
  // At most 2^62 + 2^61 + 2^30: no overflow if the operands are valid().
  int64_t round = int64_t{1} << (scale.shift - 1);
  if (rounding == RescaleRounding::Double && scale.shift > 31)
    round += value >= 0 ? int64_t{1} << 30 : -(int64_t{1} << 30);
  return static_cast<int32_t>((int64_t{value} * scale.multiplier + round) >> scale.shift);
}

int32_t narrow::numerics::applyScale16(int64_t value, Multiplier scale) {
  return static_cast<int32_t>(roundingShiftRight(value * scale.multiplier, scale.shift));
}

bool narrow::numerics::fitsApplyScale(int64_t limit, Multiplier scale) {
  return scale.valid() && limit < int64_t{1} << (scale.shift - 1);
}

std::optional<QuantizedMultiplier> narrow::numerics::quantizeMultiplier(double factor) {
  if (!std::isfinite(factor) || factor < 0)
    return std::nullopt;
  auto [significand, exponent] = split(factor, 31);
  if (exponent > 30)
    return std::nullopt;
  if (exponent < -31)
    return QuantizedMultiplier{};
  return QuantizedMultiplier{static_cast<int32_t>(significand), exponent};
}

int32_t narrow::numerics::multiplyByQuantizedMultiplier(int32_t value, int32_t multiplier, int exponent) {
  // The left shift wraps in 32 bits, as TFLite's does.
  int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(value) << std::max(exponent, 0));
  return roundingDivideByPowerOfTwo(roundingDoublingHighMul(shifted, multiplier), std::max(-exponent, 0));
}

int32_t narrow::numerics::multiplyByQuantizedMultiplierSingle(int32_t value, int32_t multiplier,
                                                              int exponent) {
  return static_cast<int32_t>(roundingShiftRight(int64_t{value} * multiplier, 31 - exponent));
}
