//===- QuantParams.h - Scale and zero point ---------------------*- C++ -*-===//
//
// real = scale * (code - zero_point). Rules N4 to N9 of docs/numerics.md.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_QUANTPARAMS_H
#define NARROW_NUMERICS_QUANTPARAMS_H

#include <cstdint>

namespace narrow::numerics {

/// The codes of a format.
struct CodeRange {
  int64_t min, max;
  /// Two's complement codes of `bits` bits; `restricted` omits the lowest.
  static constexpr CodeRange signedBits(unsigned bits, bool restricted) {
    return {-(int64_t{1} << (bits - 1)) + (restricted ? 1 : 0), (int64_t{1} << (bits - 1)) - 1};
  }
  static constexpr CodeRange unsignedBits(unsigned bits) { return {0, (int64_t{1} << bits) - 1}; }
};

/// Parameters of one tensor or one channel. The scale is always a positive,
/// finite, normal f32 value.
struct QuantParams {
  float scale = 1.0f;
  int64_t zeroPoint = 0;
  bool operator==(const QuantParams &) const = default;
};

/// What was special about a range (N8).
enum class RangeNote {
  None,
  AllZero,  ///< only zeros: scale 1, the op may fold
  Constant, ///< a single value c != 0, which becomes an end of the codes
  Widened,  ///< 0 was outside, or the scale was raised to a normal f32
  Invalid,  ///< NaN, Inf, lo > hi or no codes: the caller must report it
};

/// Asymmetric parameters that cover [lo, hi] together with 0, which becomes
/// exactly representable (N6). All zero: scale 1, zero point 0 clamped to the codes (N8).
/// lo and hi must be finite, lo <= hi; otherwise scale 1 and RangeNote::Invalid.
QuantParams asymmetricParams(double lo, double hi, CodeRange codes, RangeNote *note = nullptr);

/// Symmetric parameters with zero point 0 that cover [-amax, amax] (N7): scale
/// = amax / codes.max. amax = 0: scale 1 (N8). amax must be finite, >= 0.
QuantParams symmetricParams(double amax, CodeRange codes, RangeNote *note = nullptr);

/// Code of `x` (N4): divide in f32, round half to even, add the zero point,
/// clamp. A NaN becomes the zero point.
int64_t quantize(float x, QuantParams params, CodeRange codes);

/// The same in double, for values that never were f32: tables, searches.
int64_t quantizeDouble(double x, QuantParams params, CodeRange codes);

/// Real number of a code (N5): difference in integers, product in f32.
float dequantize(int64_t code, QuantParams params);
/// The same with the product in double.
double dequantizeDouble(int64_t code, QuantParams params);

} // namespace narrow::numerics

#endif
