//===- SinkObservers.cpp - narrow-sink-observers --------------------------===//
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWSINKOBSERVERS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct SinkObservers : narrow::impl::NarrowSinkObserversBase<SinkObservers> {
  using NarrowSinkObserversBase::NarrowSinkObserversBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed})))
      return signalPassFailure();
    getOperation().walk([&](ObserveOp op) {
      Value kept = getKeptValue(op.getOutput());
      if (op.getWeight() || kept == op.getOutput())
        return;
      op.getOutput().replaceAllUsesWith(op.getInput());
      op->moveAfter(kept.getDefiningOp());
      op.getInputMutable().assign(kept);
      op.getOutput().setType(cast<RankedTensorType>(kept.getType()));
      kept.replaceAllUsesExcept(op.getOutput(), op);
      ++numMoved;
    });
  }
};

} // namespace
