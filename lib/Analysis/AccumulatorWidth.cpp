//===- AccumulatorWidth.cpp - Width of accumulators -----------------------===//
#include "narrow/Analysis/AccumulatorWidth.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Bias.h"
#include <algorithm>

using namespace mlir;
using namespace narrow;

WeightChannels::WeightChannels(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes)
    : shape(shape), strides(shape.size(), 1), axes(axes) {
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  for (int64_t axis : axes)
    count *= shape[axis];
}

int64_t WeightChannels::channelOf(int64_t index) const {
  int64_t channel = 0;
  for (int64_t axis : axes)
    channel = channel * shape[axis] + coordinate(index, axis);
  return channel;
}

SmallVector<AccumulatorBounds> narrow::computeAccumulatorBounds(ArrayRef<int64_t> weights,
                                                                const WeightChannels &channels,
                                                                ArrayRef<int64_t> bias,
                                                                IntegerInterval input) {
  SmallVector<AccumulatorBounds> bounds(channels.size());
  // A product counts only if it moves the bound outward: then the bound holds
  // for every prefix in every order, and for windows over the padding, whose
  // products are 0.
  auto add = [](AccumulatorBounds &bound, int64_t low, int64_t high) {
    bound.min += std::min<int64_t>(low, 0);
    bound.max += std::max<int64_t>(high, 0);
  };
  for (auto [index, weight] : llvm::enumerate(weights)) {
    int64_t a = weight * input.min, b = weight * input.max;
    add(bounds[channels.channelOf(index)], std::min(a, b), std::max(a, b));
  }
  for (auto [channel, bound] : llvm::enumerate(bounds)) {
    if (!bias.empty()) {
      int64_t value = bias[bias.size() == 1 ? 0 : channel];
      add(bound, value, value);
    }
    bound.bits = numerics::magnitudeBits(bound.min, bound.max);
  }
  return bounds;
}

Value narrow::getContractionInput(Operation *contraction) {
  return contraction->getOperand(cast<QuantizableOpInterface>(contraction).getActivationOperands().front());
}

std::optional<SmallVector<AccumulatorBounds>> narrow::getAccumulatorBounds(Operation *op,
                                                                           IntegerInterval codes) {
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable || quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return std::nullopt;
  std::optional<unsigned> weightOperand = quantizable.getWeightOperand();
  std::optional<unsigned> biasOperand = quantizable.getBiasOperand();
  if (!weightOperand)
    return std::nullopt;
  Value weight = op->getOperand(*weightOperand);
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  auto values = getIntegers(weight);
  if (!type || !type.hasStaticShape() || !values)
    return std::nullopt;

  auto inferable = dyn_cast<IntegerRangeOpInterface>(op);
  std::optional<ZeroPoints> zeroPoints = inferable ? inferable.getZeroPoints() : std::nullopt;
  if (!zeroPoints)
    return std::nullopt;

  WeightChannels channels(type.getShape(), quantizable.getWeightChannelAxes());
  std::vector<int64_t> bias;
  if (biasOperand) {
    auto constant = getIntegers(op->getOperand(*biasOperand));
    if (!constant || (constant->size() != 1 && static_cast<int64_t>(constant->size()) != channels.size()))
      return std::nullopt;
    bias = std::move(*constant);
  }
  for (int64_t &value : *values)
    value -= zeroPoints->weight;
  return computeAccumulatorBounds(*values, channels, bias,
                                  {codes.min - zeroPoints->input, codes.max - zeroPoints->input});
}
