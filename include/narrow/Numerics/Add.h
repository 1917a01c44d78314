//===- Add.h - Addition at a common scale -----------------------*- C++ -*-===//
//
// Rule N19 of docs/numerics.md: how two tensors of different scales are added.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ADD_H
#define NARROW_NUMERICS_ADD_H

#include "narrow/Numerics/FixedPoint.h"
#include <cstdint>
#include <optional>

namespace narrow::numerics {

/// `y = rescale(rescale(x1 - z1, lhs) + rescale(x2 - z2, rhs), output) + zy`,
/// all intermediate values i32 at `scale`.
struct AddMultipliers {
  Multiplier lhs, rhs, output;
  int leftShift = 20;
  double scale = 0; ///< 2 * max(s1, s2) / 2^leftShift
};

/// Multipliers for s1 * x1 + s2 * x2 at the output scale sy, as TFLite's ADD:
/// the common scale is 2 * max(s1, s2) / 2^20. `max1`, `max2` bound
/// |x1 - z1|, |x2 - z2|: 255 for 8-bit codes, the accumulator bound for a
/// contraction that is added without an i8 between. The left shift is the
/// largest up to 20 for which each rescale meets fitsApplyScale, which also
/// keeps the sum within i32. nullopt: not even a shift of 0 does, or a scale is not
/// positive and finite.
std::optional<AddMultipliers> addMultipliers(double s1, double s2, double sy, int64_t max1 = 255,
                                             int64_t max2 = 255);

} // namespace narrow::numerics

#endif
