//===- RaiseWindows.cpp - Written-out pooling, groups of convolutions -----===//
#include "ConstantData.h"
#include "RaisePatterns.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

namespace {

Value createZero(OpBuilder &builder, Location loc) {
  return createConstant(builder, loc, {1}, ArrayRef<float>{0.0f});
}

/// sum(sum(x, h), w) * 1 / (H * W).
struct RaiseAveragePool : OpRewritePattern<tosa::MulOp> {
  RaiseAveragePool(MLIRContext *context, Pass::Statistic &raised)
      : OpRewritePattern(context), raised(raised) {}

  LogicalResult matchAndRewrite(tosa::MulOp op, PatternRewriter &rewriter) const override {
    Product product = collectFactors(op.getResult());
    if (product.factors.size() != 1)
      return rewriter.notifyMatchFailure(op, "no value scaled by a constant");
    Value value = product.factors[0];
    auto reshape = value.getDefiningOp<tosa::ReshapeOp>();
    if (reshape)
      value = reshape.getInput1();
    auto outer = value.getDefiningOp<tosa::ReduceSumOp>();
    auto inner = outer ? outer.getInput().getDefiningOp<tosa::ReduceSumOp>() : tosa::ReduceSumOp();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no sum over two dims");
    auto type = dyn_cast<RankedTensorType>(inner.getInput().getType());
    std::pair<int64_t, int64_t> axes = std::minmax<int64_t>(outer.getAxis(), inner.getAxis());
    bool channelsFirst = axes == std::make_pair<int64_t, int64_t>(2, 3);
    if (!type || !type.hasStaticShape() || type.getRank() != 4 || !type.getElementType().isF32() ||
        (!channelsFirst && axes != std::make_pair<int64_t, int64_t>(1, 2)))
      return rewriter.notifyMatchFailure(op, "no sum over the plane of a 4-D f32 tensor");
    SmallVector<int64_t> plane{type.getDimSize(axes.first), type.getDimSize(axes.second)};
    if (!isClose(product.constant * (plane[0] * plane[1]), 1))
      return rewriter.notifyMatchFailure(op, "the sum is not divided by the number of its elements");
    if ((reshape ? reshape.getType() : outer.getType()) != op.getType())
      return rewriter.notifyMatchFailure(op, "the constant broadcasts the sum");

    Location loc = op.getLoc();
    Value input = inner.getInput();
    if (channelsFirst)
      input = transpose(rewriter, loc, input, {0, 2, 3, 1});
    SmallVector<int64_t> shape = llvm::to_vector(cast<RankedTensorType>(input.getType()).getShape());
    shape[1] = shape[2] = 1;
    Value zero = createZero(rewriter, loc);
    auto pool = tosa::AvgPool2dOp::create(rewriter, loc, RankedTensorType::get(shape, rewriter.getF32Type()),
                                          input, zero, zero, plane, ArrayRef<int64_t>{1, 1},
                                          ArrayRef<int64_t>{0, 0, 0, 0}, rewriter.getF32Type());
    Value result = pool;
    if (channelsFirst)
      result = transpose(rewriter, loc, result, {0, 3, 1, 2});
    if (reshape)
      result = tosa::ReshapeOp::create(rewriter, loc, reshape.getType(), result, reshape.getShape());
    copyId(op, pool);
    rewriter.replaceOp(op, result);
    ++raised;
    return success();
  }

  static Value transpose(OpBuilder &builder, Location loc, Value value, ArrayRef<int32_t> perms) {
    auto type = cast<RankedTensorType>(value.getType());
    auto permuted = RankedTensorType::get(permute<int64_t>(type.getShape(), perms), type.getElementType());
    return tosa::TransposeOp::create(builder, loc, permuted, value, perms);
  }

  Pass::Statistic &raised;
};

/// A depthwise convolution with more than one output per channel has groups.
struct RaiseDepthwise : OpRewritePattern<tosa::DepthwiseConv2DOp> {
  RaiseDepthwise(MLIRContext *context, Pass::Statistic &raised) : OpRewritePattern(context), raised(raised) {}

  LogicalResult matchAndRewrite(tosa::DepthwiseConv2DOp op, PatternRewriter &rewriter) const override {
    auto weight = ConstantData::read(op.getWeight());
    if (!weight || !weight->elementType.isF32() || weight->rank() != 4)
      return rewriter.notifyMatchFailure(op, "the weight is no f32 constant");
    int64_t channels = weight->shape[2], multiplier = weight->shape[3];
    if (multiplier == 1 || channels * multiplier < 1)
      return rewriter.notifyMatchFailure(op, "one output per channel is what the op is for");
    auto bias = getFloats(op.getBias());
    if (!bias || (bias->size() != 1 && static_cast<int64_t>(bias->size()) != channels * multiplier))
      return rewriter.notifyMatchFailure(op, "the bias is no f32 constant");
    // [KH, KW, C, M] becomes [C * M, KH, KW, 1].
    ConstantData grouped = weight->transpose({2, 3, 0, 1});
    grouped.shape = {channels * multiplier, weight->shape[0], weight->shape[1], 1};
    bias->resize(channels * multiplier, bias->front());
    Value newWeight = grouped.create(rewriter, op.getWeight().getLoc());
    Value newBias = createConstant(rewriter, op.getBias().getLoc(), {channels * multiplier}, *bias);
    auto conv =
        Conv2DOp::create(rewriter, op.getLoc(), op.getType(), op.getInput(), newWeight, newBias,
                         static_cast<uint64_t>(channels), op.getPad(), op.getStride(), op.getDilation());
    copyId(op, conv);
    rewriter.replaceOp(op, conv);
    ++raised;
    return success();
  }

  Pass::Statistic &raised;
};

/// One group, or a channel a group, is a TOSA op.
struct RaiseGroups : OpRewritePattern<Conv2DOp> {
  RaiseGroups(MLIRContext *context, Pass::Statistic &raised) : OpRewritePattern(context), raised(raised) {}

  LogicalResult matchAndRewrite(Conv2DOp op, PatternRewriter &rewriter) const override {
    auto input = cast<RankedTensorType>(op.getInput().getType()),
         output = cast<RankedTensorType>(op.getType());
    auto weightType = cast<RankedTensorType>(op.getWeight().getType());
    if (!input.hasStaticShape() || !weightType.hasStaticShape() || !output.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "no static f32 tensors");
    int64_t channels = input.getDimSize(3), group = op.getGroup();
    bool depthwise = group > 1 && group == channels && output.getDimSize(3) == channels;
    if (group != 1 && !depthwise)
      return rewriter.notifyMatchFailure(op, "TOSA has no such groups");
    for (int axis : {0, 1}) {
      int64_t padded = input.getDimSize(1 + axis) + op.getPad()[2 * axis] + op.getPad()[2 * axis + 1];
      int64_t extent = op.getDilation()[axis] * (weightType.getDimSize(1 + axis) - 1) + 1;
      if ((padded - extent) % op.getStride()[axis])
        return rewriter.notifyMatchFailure(op, "TOSA demands that the size divides by the stride");
    }
    Location loc = op.getLoc();
    Operation *conv;
    if (depthwise) {
      auto weight = ConstantData::read(op.getWeight());
      if (!weight)
        return rewriter.notifyMatchFailure(op, "the weight is no constant");
      Value newWeight = weight->transpose({1, 2, 0, 3}).create(rewriter, op.getWeight().getLoc());
      Value zero = createZero(rewriter, loc);
      conv = tosa::DepthwiseConv2DOp::create(rewriter, loc, output, op.getInput(), newWeight, op.getBias(),
                                             zero, zero, op.getPad(), op.getStride(), op.getDilation(),
                                             rewriter.getF32Type());
    } else {
      Value zero = createZero(rewriter, loc);
      conv =
          tosa::Conv2DOp::create(rewriter, loc, output, op.getInput(), op.getWeight(), op.getBias(), zero,
                                 zero, op.getPad(), op.getStride(), op.getDilation(), rewriter.getF32Type());
    }
    copyId(op, conv);
    rewriter.replaceOp(op, conv);
    ++raised;
    return success();
  }

  Pass::Statistic &raised;
};

} // namespace

void narrow::populateRaiseWindowPatterns(RewritePatternSet &patterns, Pass::Statistic &raised) {
  patterns.add<RaiseAveragePool, RaiseDepthwise, RaiseGroups>(patterns.getContext(), raised);
}
