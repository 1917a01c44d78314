//===- Pool.h - Averages in integers ----------------------------*- C++ -*-===//
//
// Rule N15 of docs/numerics.md: the division of tosa.avg_pool2d.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_POOL_H
#define NARROW_NUMERICS_POOL_H

#include "narrow/Numerics/FixedPoint.h"

namespace narrow::numerics {

/// 1 / count as TOSA's reciprocal_scale: ((2^30 + 1) << k) / count at shift 30
/// + k, k being the bit width of count - 1. A `count` below 1 is taken as 1.
Multiplier averageMultiplier(int32_t count);

/// acc / count by that multiplier, rounded half away from zero: the multiplier
/// is always slightly too large, so a negative tie goes down and a positive one
/// up. `acc` is the sum of code - zero_point over the `count` elements that are
/// not padding.
int32_t avgPoolDivide(int32_t acc, int32_t count);

} // namespace narrow::numerics

#endif
