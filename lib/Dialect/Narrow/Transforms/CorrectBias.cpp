//===- CorrectBias.cpp - narrow-correct-bias ------------------------------===//
//
// Rounded weights move the mean of what a layer computes. Where the mean of its
// input is known, so is that of the error, and the bias can take it back.
//
//===----------------------------------------------------------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Numerics/Rescaling.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWCORRECTBIAS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;

std::optional<std::vector<float>> narrow::getRoundedWeights(QuantizableOpInterface op) {
  if (op.getQuantizationKind() != QuantizationKind::Contraction || !op.getWeightOperand())
    return std::nullopt;
  auto observe = op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>();
  if (!observe || !observe.getQuantizedType())
    return std::nullopt;
  auto type = cast<quant::QuantizedType>(*observe.getQuantizedType());
  std::optional<ElementParams> params =
      ElementParams::get(type, cast<RankedTensorType>(observe.getType()).getShape());
  std::optional<std::vector<float>> weights = getFloats(observe.getInput());
  if (!params || !weights)
    return std::nullopt;
  CodeRange codes{type.getStorageTypeMin(), type.getStorageTypeMax()};
  for (auto [index, weight] : llvm::enumerate(*weights))
    weight = numerics::dequantize(numerics::quantize(weight, (*params)[index], codes), (*params)[index]);
  return weights;
}

std::optional<std::vector<float>> narrow::getUnroundedWeights(QuantizableOpInterface op) {
  auto observe =
      op.getWeightOperand() ? op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>() : ObserveOp();
  if (!observe)
    return std::nullopt;
  ElementsAttr unrounded = observe.getUnroundedAttr();
  return unrounded ? getFloats(unrounded) : getFloats(observe.getInput());
}

namespace {

/// What is known of a tensor's channels (its last axis): the mean, and, of a normal
/// distribution, the deviation.
struct Distribution {
  std::vector<double> mean, deviation;
};

struct CorrectBias : narrow::impl::NarrowCorrectBiasBase<CorrectBias> {
  using NarrowCorrectBiasBase::NarrowCorrectBiasBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Annotated})))
      return signalPassFailure();
    if (method != "analytic" && method != "empirical") {
      getOperation().emitError("narrow-correct-bias: method '")
          << method << "' is not known; accepted: analytic, empirical";
      return signalPassFailure();
    }
    bool readsSigns = false;
    getOperation().walk([&](ActivationOp op) { readsSigns |= op.getKind() == ActivationKind::Binarize; });
    if (readsSigns) { // The error of a layer is that of its weights for the same input.
      emitError(UnknownLoc::get(&getContext()))
          << "--correct-bias is not supported with binary activations (ab)";
      return signalPassFailure();
    }
    int64_t corrected = 0, unknown = 0;
    // In program order: what a layer reads is known before the layer is reached.
    getOperation().walk([&](Operation *op) {
      if (method == "analytic")
        propagate(op);
      auto layer = getQuantizable(op);
      if (!layer || layer.getQuantizationKind() != QuantizationKind::Contraction || !layer.getBiasOperand())
        return;
      std::optional<std::vector<double>> error = method == "analytic" ? predict(layer) : getMeasured(layer);
      layer->removeAttr(attrs::channelError);
      ++(error && correct(layer, *error) ? corrected : unknown);
    });
    numCorrected += corrected;
    InFlightDiagnostic remark = emitRemark(getOperation().getLoc())
                                << "narrow-correct-bias: " << corrected << " layers corrected";
    if (unknown)
      remark << "; the mean of the error of " << unknown << " is not known";
  }

private:
  /// What the attributes and the ops say of the result of `op`.
  void propagate(Operation *op) {
    if (op->getNumResults() != 1 || !isFloatTensor(op->getResult(0).getType()) || op->getNumOperands() == 0)
      return;
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    int64_t channels = type.getRank() ? type.getShape().back() : 1;
    auto set = [&](Distribution made) {
      if (static_cast<int64_t>(made.mean.size()) == channels)
        known[op->getResult(0)] = std::move(made);
    };
    if (auto mean = op->getAttrOfType<DenseF32ArrayAttr>(attrs::channelMean)) {
      Distribution made;
      made.mean.assign(mean.asArrayRef().begin(), mean.asArrayRef().end());
      if (auto deviation = op->getAttrOfType<DenseF32ArrayAttr>(attrs::channelDeviation))
        made.deviation.assign(deviation.asArrayRef().begin(), deviation.asArrayRef().end());
      if (made.deviation.size() != made.mean.size())
        made.deviation.clear();
      return set(std::move(made));
    }
    const Distribution *from = find(op->getOperand(0));
    if (!from)
      return;
    if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
      std::optional<ClampBounds> bounds = getActivationBounds(clamp);
      if (!bounds || from->deviation.empty())
        return;
      Distribution made;
      for (auto [mean, deviation] : llvm::zip_equal(from->mean, from->deviation))
        made.mean.push_back(numerics::clippedNormalMean(mean, deviation, bounds->lowest, bounds->highest));
      return set(std::move(made));
    }
    if (isa<tosa::AddOp>(op)) {
      const Distribution *other = find(op->getOperand(1));
      if (!other || other->mean.size() != from->mean.size())
        return;
      Distribution made;
      for (auto [a, b] : llvm::zip_equal(from->mean, other->mean))
        made.mean.push_back(a + b);
      return set(std::move(made));
    }
    if (auto concat = dyn_cast<tosa::ConcatOp>(op)) {
      if (static_cast<int64_t>(concat.getAxis()) != type.getRank() - 1)
        return;
      Distribution made;
      for (Value operand : op->getOperands()) {
        const Distribution *part = find(operand);
        if (!part)
          return;
        llvm::append_range(made.mean, part->mean);
      }
      return set(std::move(made));
    }
    // Averages keep the mean. Of maxima it is what is known to be closest.
    if (isa<ObserveOp, tosa::AvgPool2dOp>(op))
      return set(isa<ObserveOp>(op) ? Distribution(*from) : Distribution{from->mean, {}});
    if (isa<tosa::MaxPool2dOp>(op))
      return set({from->mean, {}});
    // A reshape that keeps the channels last.
    if (isa<tosa::ReshapeOp>(op))
      return set(*from);
  }

  const Distribution *find(Value value) const {
    auto it = known.find(value);
    return it == known.end() ? nullptr : &it->second;
  }

  /// Mean of what the rounding of weights adds to each output, for inputs of known mean.
  std::optional<std::vector<double>> predict(QuantizableOpInterface op) const {
    const Distribution *input = find(op->getOperand(op.getActivationOperands().front()));
    std::optional<std::vector<float>> rounded = getRoundedWeights(op);
    std::optional<ChannelLayer> layer = ChannelLayer::create(op);
    if (!input || !rounded || !layer || static_cast<int64_t>(input->mean.size()) != layer->inputs)
      return std::nullopt;
    std::optional<std::vector<float>> weights = getUnroundedWeights(op);
    if (!weights || weights->size() != rounded->size())
      return std::nullopt;
    std::vector<double> error(layer->outputs, 0.0);
    for (int64_t channel = 0; channel < layer->inputs; ++channel)
      layer->visitInput(channel, [&](int64_t weight, int64_t output) {
        error[output] += ((*rounded)[weight] - (*weights)[weight]) * input->mean[channel];
      });
    return error;
  }

  static std::optional<std::vector<double>> getMeasured(Operation *op) {
    auto error = op->getAttrOfType<DenseF32ArrayAttr>(attrs::channelError);
    if (!error)
      return std::nullopt;
    return std::vector<double>(error.asArrayRef().begin(), error.asArrayRef().end());
  }

  bool correct(QuantizableOpInterface op, ArrayRef<double> error) {
    Value old = op->getOperand(*op.getBiasOperand());
    std::optional<std::vector<float>> bias = getFloats(old);
    if (!bias || (bias->size() != 1 && bias->size() != error.size()))
      return false;
    std::vector<float> corrected;
    for (auto [channel, amount] : llvm::enumerate(error)) {
      corrected.push_back(static_cast<float>((*bias)[bias->size() == 1 ? 0 : channel] - amount));
      if (!std::isfinite(corrected.back()))
        return false;
    }
    OpBuilder builder(op);
    op->setOperand(*op.getBiasOperand(), createConstant(builder, old.getLoc(),
                                                        {static_cast<int64_t>(corrected.size())}, corrected));
    if (Operation *constant = old.getDefiningOp(); constant->use_empty())
      constant->erase();
    return true;
  }

  DenseMap<Value, Distribution> known; ///< looked up, never iterated
};

} // namespace
