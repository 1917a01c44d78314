//===- SplitChannels.cpp - narrow-split-channels --------------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Numerics/Rescaling.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWSPLITCHANNELS
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

static ArrayRef<int64_t> getShape(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// A convolution without groups whose weight and bias can be read.
static bool isDense(Operation *op) {
  if (!isa<tosa::Conv2DOp>(op))
    return false;
  std::optional<ChannelLayer> layer = ChannelLayer::create(op);
  return layer && static_cast<int64_t>(getFloats(op->getOperand(2))->size()) == layer->outputs;
}

/// Computes each channel by itself, and equal channels for equal ones.
static bool keepsChannels(Operation *op) {
  if (auto activation = dyn_cast<ActivationOp>(op))
    return true; // Element-wise, whatever the function.
  if (isa<tosa::DepthwiseConv2DOp>(op))
    return getShape(op->getOperand(1))[3] == 1 && ChannelLayer::create(op) &&
           static_cast<int64_t>(getFloats(op->getOperand(2))->size()) == getShape(op->getOperand(1))[2];
  return isa<tosa::ClampOp, tosa::MaxPool2dOp, tosa::AvgPool2dOp, tosa::SigmoidOp, tosa::TanhOp>(op);
}

namespace {

struct SplitChannels : narrow::impl::NarrowSplitChannelsBase<SplitChannels> {
  using NarrowSplitChannelsBase::NarrowSplitChannelsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    if (!(fraction > 0 && fraction <= 1)) {
      getOperation().emitError("narrow-split-channels: fraction is above 0 and at most 1");
      return signalPassFailure();
    }
    SmallVector<Operation *> readers;
    for (Operation &op : getOperation().getBody().front())
      if (isDense(&op))
        readers.push_back(&op);
    int64_t added = 0, layers = 0;
    for (Operation *reader : readers) {
      int64_t channels = split(reader);
      added += channels;
      layers += channels > 0;
    }
    numChannels += added;
    numLayers += layers;
    emitRemark(getOperation().getLoc())
        << "narrow-split-channels: " << added << " channels added at the input of " << layers << " layers";
  }

private:
  /// Returns how many channels were added.
  int64_t split(Operation *reader) {
    // From the layer that computes the channels to the one that reads them.
    SmallVector<Operation *> chain;
    Operation *op = reader->getOperand(0).getDefiningOp();
    for (; op && op->hasOneUse() && !isDense(op) && keepsChannels(op); op = op->getOperand(0).getDefiningOp())
      chain.push_back(op);
    if (!op || !op->hasOneUse() || !isDense(op))
      return 0;
    chain.push_back(op);
    std::reverse(chain.begin(), chain.end());

    ChannelLayer layer = *ChannelLayer::create(reader);
    SmallVector<double> magnitudes;
    for (int64_t i = 0; i < layer.inputs; ++i)
      magnitudes.push_back(layer.getInputRange(i));
    SmallVector<int64_t> channels = llvm::to_vector(llvm::seq<int64_t>(0, layer.inputs));
    llvm::append_range(channels, numerics::chooseChannelSplits(magnitudes, fraction));
    if (static_cast<int64_t>(channels.size()) == layer.inputs)
      return 0;
    OpBuilder builder(chain.front());
    for (Operation *computed : chain)
      repeat(builder, computed, channels);

    // Each copy is read with its part of the weight.
    SmallVector<int64_t> parts(layer.inputs, 0);
    for (int64_t channel : channels)
      ++parts[channel];
    SmallVector<float> weights;
    int64_t rows = layer.weights.size() / layer.inputs;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t channel : channels)
        weights.push_back(static_cast<float>(layer.weights[row * layer.inputs + channel] /
                                             static_cast<double>(parts[channel])));
    SmallVector<int64_t> shape(getShape(reader->getOperand(1)));
    shape.back() = channels.size();
    setConstant(builder, reader, 1, shape, weights);
    return channels.size() - layer.inputs;
  }

  static void setConstant(OpBuilder &builder, Operation *op, unsigned operand, ArrayRef<int64_t> shape,
                          ArrayRef<float> values) {
    builder.setInsertionPoint(op);
    Value old = op->getOperand(operand);
    op->setOperand(operand, createConstant(builder, old.getLoc(), shape, values));
    if (Operation *constant = old.getDefiningOp(); constant && constant->use_empty())
      constant->erase();
  }

  /// Makes `op` compute `channels`, which its operand has by now.
  static void repeat(OpBuilder &builder, Operation *op, ArrayRef<int64_t> channels) {
    int64_t count = channels.size();
    bool depthwise = isa<tosa::DepthwiseConv2DOp>(op);
    if (depthwise || isa<tosa::Conv2DOp>(op)) {
      SmallVector<int64_t> shape(getShape(op->getOperand(1)));
      std::vector<float> old = *getFloats(op->getOperand(1)), oldBias = *getFloats(op->getOperand(2));
      int64_t outputs = depthwise ? shape[2] : shape[0], run = old.size() / outputs;
      SmallVector<float> weights, bias;
      if (depthwise) {
        for (int64_t tap = 0; tap < run; ++tap)
          for (int64_t channel : channels)
            weights.push_back(old[tap * outputs + channel]);
      } else {
        for (int64_t channel : channels)
          weights.append(old.begin() + channel * run, old.begin() + (channel + 1) * run);
      }
      for (int64_t channel : channels)
        bias.push_back(oldBias[channel]);
      shape[depthwise ? 2 : 0] = count;
      setConstant(builder, op, 1, shape, weights);
      setConstant(builder, op, 2, {count}, bias);
    }
    for (StringRef name : {attrs::channelMean, attrs::channelDeviation, attrs::channelMaximum})
      if (auto values = op->getAttrOfType<DenseF32ArrayAttr>(name)) {
        SmallVector<float> repeated;
        for (int64_t channel : channels)
          repeated.push_back(values[channel]);
        op->setAttr(name, builder.getDenseF32ArrayAttr(repeated));
      }
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = count;
    op->getResult(0).setType(type.clone(shape));
  }
};

} // namespace
