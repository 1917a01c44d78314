//===- FunctionSqnr.cpp - Rule N77 ----------------------------------------===//
#include "narrow/Numerics/FunctionSqnr.h"
#include "RangeData.h"

using namespace narrow::numerics;

static double roundToGrid(double value, CodeGrid grid) {
  return dequantizeDouble(quantizeDouble(value, grid.params, grid.codes), grid.params);
}

FunctionSqnr narrow::numerics::functionSqnr(const std::function<double(double)> &fn, const Histogram &x,
                                            CodeGrid operand, CodeGrid result, bool relative) {
  double least = dequantizeDouble(result.codes.min, result.params),
         greatest = dequantizeDouble(result.codes.max, result.params);
  double signal = 0, operandNoise = 0, resultNoise = 0;
  forEach(x, [&](double value, double count) {
    double exact = fn(value);
    if (!std::isfinite(exact) || (relative && exact == 0))
      return;
    double coarse = fn(roundToGrid(value, operand));
    coarse = std::isnan(coarse) ? 0 : std::clamp(coarse, least, greatest);
    double weight = relative ? count / (exact * exact) : count;
    signal += weight * exact * exact;
    operandNoise += weight * (coarse - exact) * (coarse - exact);
    double rounded = roundToGrid(exact, result);
    resultNoise += weight * (rounded - exact) * (rounded - exact);
  });
  auto toDecibels = [&](double noise) {
    return noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<double>::infinity();
  };
  return {toDecibels(operandNoise), toDecibels(resultNoise)};
}
