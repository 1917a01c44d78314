//===- RaiseComposites.cpp - narrow-raise-composites ----------------------===//
#include "RaisePatterns.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWRAISECOMPOSITES
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

struct RaiseComposites : impl::NarrowRaiseCompositesBase<RaiseComposites> {
  using NarrowRaiseCompositesBase::NarrowRaiseCompositesBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateRaiseActivationPatterns(patterns, numRaised);
    populateRaiseWindowPatterns(patterns, numRaised);
    // From the top: hard_sigmoid is raised before hard_swish looks for it.
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns),
                                     GreedyRewriteConfig().setUseTopDownTraversal()))) {
      getOperation().emitError("narrow-raise-composites did not reach a fixed point");
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace narrow
