//===- FoldBatchNorm.cpp - narrow-fold-batch-norm -------------------------===//
//
// Batch norm, and the arithmetic it is written out as, is one affine function
// y = a * x + b of every channel. Each op that is one is found by `matchAffine`
// and applied to the convolution that computes x.
//
//===----------------------------------------------------------------------===//
#include "ChannelGraph.h"
#include "ConstantData.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include <cmath>

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWFOLDBATCHNORM
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

/// y = factor[c] * x + offset[c] for every channel c of `axis`; one element if
/// all channels share it (then `axis` is -1).
struct Affine {
  Value input;
  int64_t axis = -1;
  std::vector<double> factor, offset;
};

std::optional<Affine> matchBatchNorm(BatchNormOp op) {
  auto scale = getFloats(op.getScale()), bias = getFloats(op.getBias()), mean = getFloats(op.getMean()),
       variance = getFloats(op.getVariance());
  if (!scale || !bias || !mean || !variance)
    return std::nullopt;
  Affine out{op.getInput(), static_cast<int64_t>(op.getAxis()), {}, {}};
  double epsilon = op.getEpsilon().convertToFloat();
  for (size_t c = 0; c < scale->size(); ++c) {
    double factor = (*scale)[c] / std::sqrt((*variance)[c] + epsilon);
    if (!std::isfinite(factor))
      return std::nullopt;
    out.factor.push_back(factor);
    out.offset.push_back((*bias)[c] - (*mean)[c] * factor);
  }
  return out;
}

/// x op constant, where the constant has one element or one for each channel.
std::optional<Affine> matchArithmetic(Operation *op) {
  if (!isa<tosa::MulOp, tosa::AddOp, tosa::SubOp>(op))
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  Value x = op->getOperand(0), constant = op->getOperand(1);
  bool swapped = !getConstant(constant);
  if (swapped)
    std::swap(x, constant);
  auto values = getFloats(constant);
  if (!values || !type || x.getType() != type || getConstant(x))
    return std::nullopt;
  Affine out;
  out.input = x;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(constant.getType()).getShape();
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (size == 1)
      continue;
    if (out.axis >= 0)
      return std::nullopt;
    out.axis = dim;
  }
  for (float value : *values) {
    if (!std::isfinite(value))
      return std::nullopt;
    bool product = isa<tosa::MulOp>(op), difference = isa<tosa::SubOp>(op);
    out.factor.push_back(product ? value : difference && swapped ? -1.0 : 1.0);
    out.offset.push_back(product ? 0.0 : difference && !swapped ? -double(value) : value);
  }
  return out;
}

std::optional<Affine> matchAffine(Operation *op) {
  if (auto norm = dyn_cast<BatchNormOp>(op))
    return matchBatchNorm(norm);
  return matchArithmetic(op);
}

/// Puts the affine function into the weights. The ops between convolution and
/// function (transposes, reshapes) keep their place: they move elements only.
struct FoldIntoConvolution : RewritePattern {
  FoldIntoConvolution(MLIRContext *context, Pass::Statistic &folded)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/2, context), folded(folded) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1)
      return failure();
    std::optional<Affine> affine = matchAffine(op);
    if (!affine)
      return rewriter.notifyMatchFailure(op, "is no function of each channel with constant parameters");

    SmallVector<Operation *> between;
    Value value = affine->input;
    int64_t axis = affine->axis;
    Operation *conv = findConvolution(value, axis, between);
    if (!conv)
      return rewriter.notifyMatchFailure(op, "no convolution with one user computes the operand");
    if (axis >= 0 && axis != 3)
      return rewriter.notifyMatchFailure(op, "does not run along the output channels");

    auto weight = ConstantData::read(conv->getOperand(1)), bias = ConstantData::read(conv->getOperand(2));
    if (!weight || !bias || !weight->elementType.isF32() || !bias->elementType.isF32())
      return rewriter.notifyMatchFailure(op, "weight and bias of the convolution are not f32 constants");
    int64_t channels = cast<RankedTensorType>(conv->getResult(0).getType()).getDimSize(3);
    int64_t count = affine->factor.size();
    if (channels < 1 || (count != 1 && count != channels) || (bias->size() != 1 && bias->size() != channels))
      return rewriter.notifyMatchFailure(op, "another number of channels than the convolution");
    if (!isa<tosa::DepthwiseConv2DOp>(conv) && weight->shape[0] != channels)
      return rewriter.notifyMatchFailure(op, "weight of another shape than the result");

    // Depthwise weights [KH, KW, C, M] have the channel last, others first.
    bool last = isa<tosa::DepthwiseConv2DOp>(conv);
    int64_t elements = weight->size(), run = last ? 1 : elements / channels;
    std::vector<float> weights(elements), biases(channels);
    auto *oldWeights = reinterpret_cast<const float *>(weight->bytes.data());
    auto *oldBiases = reinterpret_cast<const float *>(bias->bytes.data());
    for (int64_t i = 0; i < elements; ++i) {
      int64_t channel = (i / run) % channels;
      weights[i] = static_cast<float>(oldWeights[i] * affine->factor[count == 1 ? 0 : channel]);
    }
    for (int64_t c = 0; c < channels; ++c) {
      double old = oldBiases[bias->size() == 1 ? 0 : c];
      biases[c] =
          static_cast<float>(old * affine->factor[count == 1 ? 0 : c] + affine->offset[count == 1 ? 0 : c]);
    }

    rewriter.setInsertionPoint(conv);
    // A weight whose values change is no longer what the source model calls by its name.
    Location weightLoc = conv->getOperand(1).getLoc();
    if (llvm::any_of(affine->factor, [](double factor) { return factor != 1; }))
      weightLoc = FusedLoc::get(op->getContext(), {weightLoc, op->getLoc()});
    Value newWeight = createConstant(rewriter, weightLoc, weight->shape, weights);
    Value newBias = createConstant(rewriter, conv->getOperand(2).getLoc(), {channels}, biases);
    // The convolution now computes the tensor of `op`: it takes over its name.
    for (Operation *mover : between)
      rewriter.modifyOpInPlace(mover, [&] { mover->setLoc(op->getLoc()); });
    rewriter.modifyOpInPlace(conv, [&] {
      conv->setOperand(1, newWeight);
      conv->setOperand(2, newBias);
      conv->setLoc(op->getLoc());
      copyId(op, conv);
      keepDistribution(op, conv, *affine, channels);
    });
    rewriter.replaceOp(op, affine->input);
    ++folded;
    return success();
  }

private:
  /// Notes mean and deviation of the channels after `op`, which `conv` now computes.
  static void keepDistribution(Operation *op, Operation *conv, const Affine &affine, int64_t channels) {
    SmallVector<float> mean, deviation;
    auto oldMean = conv->getAttrOfType<DenseF32ArrayAttr>(attrs::channelMean),
         oldDeviation = conv->getAttrOfType<DenseF32ArrayAttr>(attrs::channelDeviation);
    if (auto norm = dyn_cast<BatchNormOp>(op)) {
      std::vector<float> beta = *getFloats(norm.getBias()), gamma = *getFloats(norm.getScale());
      mean.assign(beta.begin(), beta.end());
      deviation = llvm::map_to_vector(gamma, [](float value) { return std::fabs(value); });
    } else if (oldMean && oldDeviation) {
      for (int64_t c = 0; c < channels; ++c) {
        size_t i = affine.factor.size() == 1 ? 0 : c;
        mean.push_back(static_cast<float>(oldMean[c] * affine.factor[i] + affine.offset[i]));
        deviation.push_back(static_cast<float>(oldDeviation[c] * std::fabs(affine.factor[i])));
      }
    }
    if (static_cast<int64_t>(mean.size()) != channels)
      return;
    conv->setAttr(attrs::channelMean, DenseF32ArrayAttr::get(op->getContext(), mean));
    conv->setAttr(attrs::channelDeviation, DenseF32ArrayAttr::get(op->getContext(), deviation));
  }

  /// Walks up from `value` through ops that only move elements to a convolution,
  /// all with one user; maps `axis` along.
  static Operation *findConvolution(Value value, int64_t &axis, SmallVectorImpl<Operation *> &between) {
    while (Operation *op = value.getDefiningOp()) {
      if (!op->hasOneUse())
        return nullptr;
      if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(op))
        return op;
      if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
        if (axis >= 0)
          axis = transpose.getPerms()[axis];
      } else if (auto reshape = dyn_cast<tosa::ReshapeOp>(op)) {
        auto from = dyn_cast<RankedTensorType>(reshape.getInput1().getType());
        auto to = cast<RankedTensorType>(reshape.getType());
        // Only a last dim that stays the last one is sure to be the channel.
        if (!from || from.getRank() < 1 || to.getRank() < 1)
          return nullptr;
        if (axis >= 0) {
          if (axis != to.getRank() - 1 || from.getDimSize(from.getRank() - 1) != to.getDimSize(axis))
            return nullptr;
          axis = from.getRank() - 1;
        }
      } else {
        return nullptr;
      }
      between.push_back(op);
      value = op->getOperand(0);
    }
    return nullptr;
  }

  Pass::Statistic &folded;
};

/// What is left becomes y = x * a + b.
struct ExpandBatchNorm : OpRewritePattern<BatchNormOp> {
  ExpandBatchNorm(MLIRContext *context, Pass::Statistic &expanded)
      : OpRewritePattern(context, /*benefit=*/1), expanded(expanded) {}

  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    std::optional<Affine> affine = matchBatchNorm(op);
    auto type = cast<RankedTensorType>(op.getType());
    if (!affine || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "parameters are not f32 constants, or its factors not finite");
    SmallVector<int64_t> shape(type.getRank(), 1);
    shape[affine->axis] = affine->factor.size();
    auto constant = [&](ArrayRef<double> values) {
      return createConstant(rewriter, op.getLoc(), shape,
                            llvm::map_to_vector(values, [](double v) { return float(v); }));
    };
    Value shift = createConstant(rewriter, op.getLoc(), {1}, {0}, rewriter.getI8Type());
    Value product =
        tosa::MulOp::create(rewriter, op.getLoc(), type, op.getInput(), constant(affine->factor), shift);
    auto sum = tosa::AddOp::create(rewriter, op.getLoc(), type, product, constant(affine->offset));
    copyId(op, sum);
    rewriter.replaceOp(op, sum);
    ++expanded;
    return success();
  }

  Pass::Statistic &expanded;
};

struct FoldBatchNorm : impl::NarrowFoldBatchNormBase<FoldBatchNorm> {
  using NarrowFoldBatchNormBase::NarrowFoldBatchNormBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    // First everything that folds, then the rest: writing out a batch norm hides
    // it from a convolution that another rewrite would have brought next to it.
    RewritePatternSet fold(&getContext());
    fold.add<FoldIntoConvolution>(&getContext(), numFolded);
    RewritePatternSet expand(&getContext());
    expand.add<ExpandBatchNorm>(&getContext(), numExpanded);
    if (failed(applyPatternsGreedily(getOperation(), std::move(fold))) ||
        failed(applyPatternsGreedily(getOperation(), std::move(expand)))) {
      getOperation().emitError("narrow-fold-batch-norm did not reach a fixed point");
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace narrow
