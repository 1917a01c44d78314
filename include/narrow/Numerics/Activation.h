//===- Activation.h - Element-wise functions and their tables ---*- C++ -*-===//
//
// Rule N16 of docs/numerics.md. Functions are evaluated in double; a table
// holds the function's value at every 8-bit code.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ACTIVATION_H
#define NARROW_NUMERICS_ACTIVATION_H

#include "narrow/Numerics/QuantParams.h"
#include <array>
#include <cstdint>
#include <functional>

namespace narrow::numerics {

// The kinds of narrow.activation. All are defined at -Inf and +Inf by their
// limits and return NaN for NaN.
double leakyRelu(double x, double alpha);                ///< x < 0 ? alpha * x : x
double elu(double x, double alpha);                      ///< x < 0 ? alpha * (e^x - 1) : x
double hardSigmoid(double x, double alpha, double beta); ///< clamp(alpha * x + beta, 0, 1)
double hardSwish(double x);                              ///< x * clamp(x / 6 + 1/2, 0, 1)
double silu(double x);                                   ///< x * sigmoid(x)
double gelu(double x);                                   ///< x / 2 * (1 + erf(x / sqrt 2))
double geluTanh(double x); ///< x / 2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
double softplus(double x); ///< log(1 + e^x)
double mish(double x);     ///< x * tanh(softplus(x))
double sign(double x);     ///< -1, 0, 1; keeps the sign of a zero
double binarize(double x); ///< -1 below 0, else 1: N66
double sqrt(double x);     ///< NaN below 0

// TOSA ops that become tables.
double sigmoid(double x);
double tanh(double x);
double erf(double x);
double exp(double x);
double log(double x);        ///< -Inf at 0, NaN below
double rsqrt(double x);      ///< +Inf at 0 (both zeros), NaN below
double reciprocal(double x); ///< Inf with the sign of the zero at 0

/// The operand of tosa.table: entry `code + 128` is the output code of `fn` at
/// the input code. Dequantize, evaluate and divide in double, round half to
/// even, add the zero point, clamp to `codes`. NaN becomes the zero point, an
/// infinity the nearest code. `codes` must be within i8.
std::array<int8_t, 256> buildTable(const std::function<double(double)> &fn, QuantParams in, QuantParams out,
                                   CodeRange codes = CodeRange::signedBits(8, false));

} // namespace narrow::numerics

#endif
