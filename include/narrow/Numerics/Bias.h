//===- Bias.h - Bias codes and accumulator bounds ---------------*- C++ -*-===//
//
// Rules N17 and N18 of docs/numerics.md.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_BIAS_H
#define NARROW_NUMERICS_BIAS_H

#include "narrow/Numerics/QuantParams.h"
#include <cstdint>
#include <limits>
#include <optional>

namespace narrow::numerics {

/// Leaves one bit of the i32 for the sum that the bias code is added to.
inline constexpr int64_t biasCodeLimit = int64_t{1} << 30;

/// The bias at scale_x * scale_w, rounded half to even in double (N18), or
/// nullopt if its magnitude exceeds `limit`, an operand is NaN or a scale is
/// not positive. A limit below 2^31 - 1 leaves room for the sum.
std::optional<int32_t> biasCode(float bias, double scaleX, double scaleW,
                                int64_t limit = std::numeric_limits<int32_t>::max());

/// The smallest factor >= 1 on scale_w with which biasCode fits `limit`; 1 if
/// it fits already, +Inf if no factor helps (Inf, NaN).
double biasScaleFactor(float bias, double scaleX, double scaleW,
                       int64_t limit = std::numeric_limits<int32_t>::max());

/// The smallest f32 weight scale >= scaleW with which biasCode fits, or nullopt
/// if none does. The weights must then be requantized with it.
std::optional<float> widenWeightScale(float bias, float scaleX, float scaleW,
                                      int64_t limit = std::numeric_limits<int32_t>::max());

/// Largest |code - zeroPoint| that a tensor can hold.
constexpr int64_t maxMagnitude(CodeRange codes, int64_t zeroPoint = 0) {
  int64_t below = zeroPoint - codes.min, above = codes.max - zeroPoint;
  int64_t magnitude = below > above ? below : above;
  return magnitude < 0 ? -magnitude : magnitude;
}

/// The number of products of magnitudes `a` and `b` whose sum fits an i32
/// whatever their signs (N17): floor((2^31 - 1) / (a * b)).
int64_t maxReductionLength(int64_t a, int64_t b);

/// Magnitude bits, without the sign, that hold every value in [lo, hi] in two's
/// complement; an i32 has 31 of them ("26 of 31 bits").
unsigned magnitudeBits(int64_t lo, int64_t hi);

} // namespace narrow::numerics

#endif
