//===- ClampBeforePool.cpp - example-clamp-before-pool --------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

namespace example {
#define GEN_PASS_DECL
#define GEN_PASS_DEF_EXAMPLECLAMPBEFOREPOOL
#define GEN_PASS_REGISTRATION
#include "ClampBeforePool.h.inc"
} // namespace example

using namespace mlir;

namespace {

struct ClampBeforePool : OpRewritePattern<tosa::ClampOp> {
  ClampBeforePool(MLIRContext *context, Pass::Statistic &swapped) : OpRewritePattern(context), swapped(swapped) {}

  LogicalResult matchAndRewrite(tosa::ClampOp clamp, PatternRewriter &rewriter) const override {
    auto pool = clamp.getInput().getDefiningOp<tosa::MaxPool2dOp>();
    if (!pool)
      return rewriter.notifyMatchFailure(clamp, "does not clamp the result of a max pooling");
    if (!pool->hasOneUse())
      return rewriter.notifyMatchFailure(clamp, "the result of the pooling has other readers");
    if (pool.getNanMode() != clamp.getNanMode())
      return rewriter.notifyMatchFailure(clamp, "the pooling and the clamp treat NaN differently");

    // The new pooling computes the tensor that the clamp computed: it takes over
    // its location and its name. The new clamp computes a tensor that did not
    // exist before. narrow-assign-ids will name it.
    auto newClamp = tosa::ClampOp::create(rewriter, clamp.getLoc(), pool.getInput().getType(), pool.getInput(),
                                          clamp.getMinValAttr(), clamp.getMaxValAttr(), clamp.getNanModeAttr());
    auto newPool = tosa::MaxPool2dOp::create(rewriter, clamp.getLoc(), clamp.getType(), newClamp, pool.getKernelAttr(),
                                             pool.getStrideAttr(), pool.getPadAttr(), pool.getNanModeAttr());
    if (Attribute id = clamp->getAttr(narrow::attrs::id))
      newPool->setAttr(narrow::attrs::id, id);
    rewriter.replaceOp(clamp, newPool);
    rewriter.eraseOp(pool);
    ++swapped;
    return success();
  }

  Pass::Statistic &swapped;
};

struct ClampBeforePoolPass : example::impl::ExampleClampBeforePoolBase<ClampBeforePoolPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ClampBeforePool>(&getContext(), numSwapped);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

extern "C" ::mlir::PassPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ClampBeforePool", "1", [] { example::registerExampleClampBeforePool(); }};
}
