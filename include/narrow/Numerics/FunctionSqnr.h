//===- FunctionSqnr.h - What codes leave of a function ----------*- C++ -*-===//
//
// Rule N77 of docs/numerics.md: functions that are steep or infinite somewhere
// need finer codes there than a tensor has.
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

/// Signal to noise in dB; infinite where codes are exact.
struct FunctionSqnr {
  double operand; ///< fn(codes of x) for fn(x), limited to what the result's codes mean
  double result;  ///< codes of fn(x) for fn(x)
};

/// N77, the data being the centers of the bins of `x`. `relative`: errors are those of each
/// value by itself, as matter to what is multiplied by it; else of all together. Values of fn
/// that are 0 (relative), infinite or NaN do not count. Both are infinite if none counts.
FunctionSqnr functionSqnr(const std::function<double(double)> &fn, const Histogram &x, CodeGrid operand,
                          CodeGrid result, bool relative);

/// The least of both that makes a table of `bits` bits, 2 to 8: 20 dB for 8, 6 less for each bit less.
constexpr double leastFunctionSqnr(int bits) { return 20 - 6 * (8 - bits); }

} // namespace narrow::numerics

#endif
