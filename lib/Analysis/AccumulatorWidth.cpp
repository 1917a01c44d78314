//===- AccumulatorWidth.cpp - Width of accumulators -----------------------===//
#include "narrow/Analysis/AccumulatorWidth.h"
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

  int64_t inputZero = 0, weightZero = 0;
  if (auto conv = dyn_cast<Conv2DOp>(op)) {
    inputZero = conv.getInputZp();
  } else {
    Value inputZp, weightZp;
    if (auto conv = dyn_cast<tosa::Conv2DOp>(op))
      inputZp = conv.getInputZp(), weightZp = conv.getWeightZp();
    else if (auto conv = dyn_cast<tosa::DepthwiseConv2DOp>(op))
      inputZp = conv.getInputZp(), weightZp = conv.getWeightZp();
    else
      return std::nullopt;
    auto input = getIntegers(inputZp), ofWeight = getIntegers(weightZp);
    if (!input || input->size() != 1 || !ofWeight || ofWeight->size() != 1)
      return std::nullopt;
    inputZero = input->front();
    weightZero = ofWeight->front();
  }

  WeightChannels channels(type.getShape(), quantizable.getWeightChannelAxes());
  std::vector<int64_t> bias;
  if (biasOperand) {
    auto constant = getIntegers(op->getOperand(*biasOperand));
    if (!constant || (constant->size() != 1 && static_cast<int64_t>(constant->size()) != channels.size()))
      return std::nullopt;
    bias = std::move(*constant);
  }
  if (weightZero)
    for (int64_t &value : *values)
      value -= weightZero;
  return computeAccumulatorBounds(*values, channels, bias, {codes.min - inputZero, codes.max - inputZero});
}
