//===- BiasFit.cpp - What a bias asks of the weights' scales --------------===//
#include "BiasFit.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

FailureOr<std::optional<BiasFit>> narrow::getBiasFit(QuantizableOpInterface op, quant::QuantizedType weight) {
  auto input = dyn_cast_or_null<quant::UniformQuantizedType>(
      getParameterType(op->getOperand(op.getActivationOperands().front())));
  if (!op.getBiasOperand() || !input)
    return std::optional<BiasFit>();
  SmallVector<int64_t> indices = getWeightScaleIndices(op, weight);
  std::optional<std::vector<float>> bias = getFloats(op->getOperand(*op.getBiasOperand()));
  if (!bias || (bias->size() != 1 && bias->size() != indices.size()))
    return std::optional<BiasFit>(); // narrow-quantize tells why such an op stays float.
  BiasFit fit{static_cast<float>(input.getScale()), SmallVector<double>(getScales(weight).size(), 0.0)};
  for (auto [channel, index] : llvm::enumerate(indices)) {
    float value = (*bias)[bias->size() == 1 ? 0 : channel];
    if (!std::isfinite(value))
      return op->emitError() << "bias element " << channel << " is not a finite number";
    fit.largest[index] = std::max(fit.largest[index], std::abs(static_cast<double>(value)));
  }
  return std::optional(fit);
}
