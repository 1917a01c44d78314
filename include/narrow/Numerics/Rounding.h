//===- Rounding.h - Rounding and saturation ---------------------*- C++ -*-===//
//
// Rules N1 to N3 of docs/numerics.md. Nothing here depends on MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ROUNDING_H
#define NARROW_NUMERICS_ROUNDING_H

#include <cstdint>

namespace narrow::numerics {

/// How a real number becomes an integer (N1).
enum class Rounding {
  HalfEven,   ///< ties to even (IEEE roundeven; ONNX QuantizeLinear, PyTorch)
  HalfAway,   ///< ties away from zero (C round; TFLite)
  HalfUp,     ///< ties toward +infinity (TOSA, gemmlowp)
  TowardZero, ///< truncates (C's conversion of a float to an integer)
};

/// `x` rounded to an integer value, still as a double. NaN and Inf pass through.
double round(double x, Rounding mode);

/// `x` clamped to [lo, hi] (N2).
constexpr int64_t saturate(int64_t x, int64_t lo, int64_t hi) { return x < lo ? lo : x > hi ? hi : x; }

/// `x >> shift` rounded half up, shift in [1, 62] (N3).
constexpr int64_t roundingShiftRight(int64_t x, int shift) {
  return (x + (int64_t{1} << (shift - 1))) >> shift;
}

} // namespace narrow::numerics

#endif
