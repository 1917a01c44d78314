//===- SinkReshapes.cpp - narrow-sink-reshapes ----------------------------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWSINKRESHAPES
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

struct SinkReshape : OpInterfaceRewritePattern<QuantizableOpInterface> {
  SinkReshape(MLIRContext *context, Pass::Statistic &sunk) : OpInterfaceRewritePattern(context), sunk(sunk) {}

  LogicalResult matchAndRewrite(QuantizableOpInterface op, PatternRewriter &rewriter) const override {
    QuantizationKind kind = op.getQuantizationKind();
    if ((kind != QuantizationKind::Clamp && kind != QuantizationKind::Elementwise) ||
        op->getNumOperands() != 1 || op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "is no function of the elements of one tensor");
    auto reshape = op->getOperand(0).getDefiningOp<tosa::ReshapeOp>();
    auto from = reshape ? dyn_cast<RankedTensorType>(reshape.getInput1().getType()) : RankedTensorType();
    if (!from || !reshape->hasOneUse())
      return rewriter.notifyMatchFailure(op, "no reshape that nothing else reads stands before it");

    IRMapping mapping;
    mapping.map(reshape.getResult(), reshape.getInput1());
    Operation *before = rewriter.clone(*op, mapping);
    before->getResult(0).setType(from.clone(getElementTypeOrSelf(op->getResult(0).getType())));
    rewriter.replaceOpWithNewOp<tosa::ReshapeOp>(op, op->getResult(0).getType(), before->getResult(0),
                                                 reshape.getShape());
    ++sunk;
    return success();
  }

  Pass::Statistic &sunk;
};

struct SinkReshapes : impl::NarrowSinkReshapesBase<SinkReshapes> {
  using NarrowSinkReshapesBase::NarrowSinkReshapesBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkReshape>(&getContext(), numSunk);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("narrow-sink-reshapes did not reach a fixed point");
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace narrow
