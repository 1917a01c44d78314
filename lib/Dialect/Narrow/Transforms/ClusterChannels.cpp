//===- ClusterChannels.cpp - narrow-cluster-channels ----------------------===//
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Formats.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWCLUSTERCHANNELS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct ClusterChannels : narrow::impl::NarrowClusterChannelsBase<ClusterChannels> {
  using NarrowClusterChannelsBase::NarrowClusterChannelsBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    getOperation().walk([&](ObserveOp op) {
      SchemeAttr scheme = op.getSchemeAttr();
      if (!scheme || scheme.getGranularity() != GranularityKind::PerCluster ||
          op->hasAttr(attrs::floatReason))
        return;
      RangeAttr range = op.getRangeAttr();
      if (!range) {
        op.emitError() << "observer '" << op.getId()
                       << "' has no range; run --narrow-assign-granularity first";
        return signalPassFailure();
      }
      SmallVector<double> magnitudes;
      for (auto [lo, hi] : llvm::zip_equal(range.getMin(), range.getMax()))
        magnitudes.push_back(std::max(std::abs(lo), std::abs(hi)));
      std::vector<double> shared = numerics::clusterMagnitudes(magnitudes, scheme.getGroup());
      SmallVector<double> min, max;
      for (double magnitude : shared) {
        min.push_back(-magnitude);
        max.push_back(magnitude);
      }
      op.setRangeAttr(RangeAttr::get(op.getContext(), min, max, range.getOrigin(), range.getSource()));
      ++numClustered;
    });
  }
};

} // namespace
