//===- FixedPoint.h - Multiplication by a multiplier and a shift -*- C++ -*-===//
//
// Rules N10 to N14, N25 and N26 of docs/numerics.md: the arithmetic of tosa.rescale.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_FIXEDPOINT_H
#define NARROW_NUMERICS_FIXEDPOINT_H

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace narrow::numerics {

/// A positive real factor as `multiplier * 2^-shift`. TOSA's form: multiplier
/// below 2^31, and at least 2^30 where N10 chooses it; shift in [2, 62].
struct Multiplier {
  int32_t multiplier = 0;
  int32_t shift = 2;
  double value() const;
  /// What TOSA requires of the operands of tosa.rescale; upstream's verifier
  /// does not check it, so IR read from a file may violate it.
  bool valid() const { return multiplier >= 0 && shift >= 2 && shift <= 62; }
  bool operator==(const Multiplier &) const = default;
};

/// The Multiplier nearest to `factor` (N10), or nullopt if there is none: NaN,
/// Inf, negative, or 2^29 and above. A factor too small for a shift of 62 loses
/// bits of the multiplier, down to 0.
std::optional<Multiplier> computeMultiplier(double factor);
/// The same with a 15-bit multiplier (tosa.rescale with scale32 = false);
/// nullopt for 2^13 and above.
std::optional<Multiplier> computeMultiplier16(double factor);

/// The per-channel factors of one tensor with one shift for all channels: the
/// largest shift up to `maxShift` at which every multiplier fits (N25). nullopt if
/// a factor has no Multiplier, or `factors` is empty.
std::optional<std::vector<Multiplier>> computeMultipliers(std::span<const double> factors, int maxShift);

/// A factor as `multiplier * 2^-15 * 2^-bits * 2^-shift` (N26), multiplier in [2^14, 2^15):
/// three rescales, the second and third in 16 bits.
struct FastMultiplier {
  int32_t multiplier = 0;
  int32_t shift = 0; ///< in [-4, 30]
};
struct FastMultipliers {
  std::vector<FastMultiplier> channels;
  int bits = 0; ///< fraction bits of the intermediate code; the same for all channels
};
/// nullopt if a factor is 2^-2 or more, much too small, or NaN.
std::optional<FastMultipliers> computeFastMultipliers(std::span<const double> factors);

enum class RescaleRounding { Single, Double };

/// TOSA apply_scale_32 (N11, N12): `(value * multiplier + round) >> shift` in
/// 64 bits, truncated to 32. Ties go up; Double adds TFLite's second rounding.
/// `scale` must be valid(). The result is the product only if fitsApplyScale
/// holds; otherwise it wraps, as upstream's lowering does.
int32_t applyScale(int32_t value, Multiplier scale, RescaleRounding rounding);
/// The same for 48-bit values and a 16-bit multiplier.
int32_t applyScale16(int64_t value, Multiplier scale);

/// TOSA's precondition of apply_scale_32: every value in [-limit, limit] has
/// |value| < 2^(shift - 1), so that the result needs at most 31 bits (N11).
bool fitsApplyScale(int64_t limit, Multiplier scale);

/// TFLite's form of a factor: `multiplier * 2^(exponent - 31)`.
struct QuantizedMultiplier {
  int32_t multiplier = 0;
  int exponent = 0;
};
/// TFLite QuantizeMultiplier (N13); nullopt for NaN, Inf, negative factors and
/// those of 2^30 and above. Factors below 2^-32 become 0.
std::optional<QuantizedMultiplier> quantizeMultiplier(double factor);

/// TFLite MultiplyByQuantizedMultiplier with double rounding; `multiplier` in
/// Q31 and a left `exponent` in [-31, 30] (N13).
int32_t multiplyByQuantizedMultiplier(int32_t value, int32_t multiplier, int exponent);
/// TFLite's single-rounding build (N14).
int32_t multiplyByQuantizedMultiplierSingle(int32_t value, int32_t multiplier, int exponent);

} // namespace narrow::numerics

#endif
