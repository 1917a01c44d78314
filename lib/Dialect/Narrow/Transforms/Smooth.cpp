//===- Smooth.cpp - narrow-smooth -----------------------------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Numerics/Rescaling.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWSMOOTH
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// A product of tokens with a matrix: [1, M, 1, K] and a kernel of 1x1.
static bool isMatrixProduct(const ChannelLayer &layer) {
  if (!isa<tosa::Conv2DOp>(layer.op))
    return false;
  auto shapeOf = [&](unsigned operand) {
    return cast<RankedTensorType>(layer.op->getOperand(operand).getType()).getShape();
  };
  return shapeOf(0)[2] == 1 && shapeOf(1)[1] == 1 && shapeOf(1)[2] == 1;
}

namespace {

struct Smooth : narrow::impl::NarrowSmoothBase<Smooth> {
  using NarrowSmoothBase::NarrowSmoothBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    if (!(alpha >= 0 && alpha <= 1)) {
      getOperation().emitError("narrow-smooth: alpha is between 0 and 1");
      return signalPassFailure();
    }
    ChannelGraph graph(getOperation());
    int64_t smoothed = 0, inputs = 0;
    for (const ChannelGraph::Group &group : graph.getGroups()) {
      if (!convolutions && !llvm::all_of(group.sinks, [&](int64_t layer) {
            return isMatrixProduct(graph.getLayers()[layer]);
          }))
        continue;
      int64_t before = smoothed;
      for (const ChannelGraph::Class &channel : group.classes) {
        double factor =
            numerics::smoothingFactor(channel.maximum.value_or(0), graph.getReadRange(channel), alpha);
        if (factor == 1)
          continue;
        graph.rescale(channel, factor);
        ++smoothed;
      }
      inputs += smoothed != before;
    }
    if (failed(graph.write()))
      return signalPassFailure();
    // They were those of the network before.
    getOperation().walk([](Operation *op) { op->removeAttr(attrs::channelMaximum); });
    emitRemark(getOperation().getLoc())
        << "narrow-smooth: " << smoothed << " channels of " << inputs << " inputs";
    numChannels += smoothed;
    numInputs += inputs;
  }
};

} // namespace
