//===- FunctionSqnr.h - SQNR of functions on codes --------------*- C++ -*-===//
//
// Rule N77 of docs/numerics.md: where a function is steep or infinite it needs
// finer codes than the tensor has.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_FUNCTIONSQNR_H
#define NARROW_NUMERICS_FUNCTIONSQNR_H

#include "narrow/Numerics/Histogram.h"
#include "narrow/Numerics/QuantParams.h"
#include <functional>

namespace narrow::numerics {

/// The codes of a tensor and what they mean.
struct CodeGrid {
  QuantParams params;
  CodeRange codes;
};

/// Signal-to-noise ratio in dB; infinite where codes are exact.
struct FunctionSqnr {
  double operand; ///< fn(codes of x) for fn(x), clamped to the range of the result's codes
  double result;  ///< codes of fn(x) for fn(x)
};

/// N77, the data being the bin centers of `x`. `relative`: errors relative to each value, which is what
/// matters if others are multiplied by it; otherwise relative to all values together. Values of fn that
/// are 0 (if relative), infinite or NaN do not count. Both ratios are infinite if no value counts.
FunctionSqnr functionSqnr(const std::function<double(double)> &fn, const Histogram &x, CodeGrid operand,
                          CodeGrid result, bool relative);

/// The minimum of both for which a table of `bits` bits, 2 to 8, is made: 20 dB for 8 bits, 6 dB less
/// per bit fewer.
constexpr double leastFunctionSqnr(int bits) { return 20 - 6 * (8 - bits); }

} // namespace narrow::numerics

#endif
