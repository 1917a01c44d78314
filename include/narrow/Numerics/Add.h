//===- Add.h - Addition at a common scale -----------------------*- C++ -*-===//
//
// Rule N19 of docs/numerics.md: how tensors of different scales are added. Every
// term is brought to i32 at the result's scale divided by 2^k, then they are
// added, and the sum is rounded to the result's scale.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ADD_H
#define NARROW_NUMERICS_ADD_H

#include "narrow/Numerics/FixedPoint.h"
#include <cstdint>
#include <optional>

namespace narrow::numerics {

/// The largest k; a smaller one is used where a term would not fit.
constexpr int addFractionBits = 16;

/// The factor of an 8-bit term, rounded to an integer n, as the multiplier n * 2^10
/// with shift 10, so that the product itself is not rounded. nullopt if n does not
/// fit, or if a term could change by more than 2^-8 of the result's scale, which is
/// 2^fractionBits times the common scale.
std::optional<Multiplier> addCodesMultiplier(double factor, int fractionBits);

/// Whether terms x with |x| <= limit can be brought to the common scale by `factor` in
/// 32-bit arithmetic: TOSA's precondition (fitsApplyScale) with one bit to spare.
bool fitsAddTerm(int64_t limit, Multiplier factor);

} // namespace narrow::numerics

#endif
