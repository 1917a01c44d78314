//===- Equalize.cpp - narrow-equalize -------------------------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Numerics/Rescaling.h"
#include <cfloat>
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWEQUALIZE
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

/// Sweeps end when no channel changes by more than this part.
constexpr double tolerance = 1e-3;

struct Equalize : narrow::impl::NarrowEqualizeBase<Equalize> {
  using NarrowEqualizeBase::NarrowEqualizeBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    if (maxSweeps < 1) {
      getOperation().emitError("narrow-equalize: max-sweeps takes 1 or more");
      return signalPassFailure();
    }
    ChannelGraph graph(getOperation(), replaceClamp);
    unsigned sweeps = 0;
    bool settled = graph.getGroups().empty();
    while (!settled && sweeps < maxSweeps) {
      ++sweeps;
      double change = 0;
      for (const ChannelGraph::Group &group : graph.getGroups())
        change = std::max(change, equalize(graph, group));
      settled = change <= tolerance;
    }
    if (failed(graph.write()))
      return signalPassFailure();
    SmallVector<bool> replaced(graph.getClamps().size());
    int64_t channels = 0;
    for (const ChannelGraph::Group &group : graph.getGroups()) {
      channels += group.classes.size();
      for (const ChannelGraph::Class &channel : group.classes)
        for (int64_t clamp : channel.clamps)
          replaced[clamp] = true;
    }
    for (auto [clamp, isReplaced] : llvm::zip(graph.getClamps(), replaced))
      if (isReplaced)
        makeReLU(cast<tosa::ClampOp>(clamp));
    numGroups += graph.getGroups().size();
    numChannels += channels;
    report(graph, channels, sweeps, settled);
  }

private:
  /// Returns the largest change of a factor from 1.
  double equalize(ChannelGraph &graph, const ChannelGraph::Group &group) {
    double largestWeight = 0, change = 0;
    SmallVector<double> written, read;
    for (const ChannelGraph::Class &channel : group.classes) {
      written.push_back(graph.getWrittenRange(channel));
      read.push_back(graph.getReadRange(channel));
      largestWeight = std::max(largestWeight, std::sqrt(written.back()) * std::sqrt(read.back()));
    }
    for (auto [channel, w, r] : llvm::zip(group.classes, written, read)) {
      double factor = numerics::equalizationFactor(w, r);
      factor = numerics::limitBiasGrowth(factor, graph.getBias(channel), largestWeight);
      if (factor == 1)
        continue;
      graph.rescale(channel, factor);
      change = std::max(change, std::fabs(std::log(factor)));
    }
    return change;
  }

  void makeReLU(tosa::ClampOp clamp) {
    auto bound = cast<FloatAttr>(clamp.getMaxValAttr());
    clamp.setMaxValAttr(FloatAttr::get(bound.getType(), FLT_MAX));
    clamp.emitRemark()
        << "'" << getTensorId(clamp.getResult()) << "': the bound " << bound.getValueAsDouble()
        << " is dropped so that its channels can be equalized: results change where it was exceeded";
    ++numClamps;
  }

  void report(ChannelGraph &graph, int64_t channels, unsigned sweeps, bool settled) {
    Location loc = getOperation().getLoc();
    if (graph.getGroups().empty())
      emitRemark(loc) << "narrow-equalize: no layers whose channels could be equalized";
    else
      emitRemark(loc) << "narrow-equalize: " << channels << " channels between " << graph.getGroups().size()
                      << (graph.getGroups().size() == 1 ? " pair" : " pairs") << " of layers, " << sweeps
                      << (sweeps == 1 ? " sweep" : " sweeps")
                      << (settled ? "" : ", not settled (max-sweeps)");
    ArrayRef<Operation *> blocking = graph.getBlockingClamps();
    if (!blocking.empty())
      emitRemark(loc) << "narrow-equalize: " << blocking.size() << " clamps with an upper bound, such as '"
                      << getTensorId(blocking.front()->getResult(0))
                      << "', keep the channels around them from being equalized; replace-clamp "
                         "(--equalize=relu) makes them ReLU";
  }
};

} // namespace
