//===- CollectStatistics.cpp - narrow-collect-statistics ------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWCOLLECTSTATISTICS
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct CollectStatistics : narrow::impl::NarrowCollectStatisticsBase<CollectStatistics> {
  using NarrowCollectStatisticsBase::NarrowCollectStatisticsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float})))
      return signalPassFailure();
    SampleSource *samples = requireSamples(getOperation(), getArgument());
    if (!samples)
      return signalPassFailure();
    llvm::Expected<CalibrationTable> made = samples->calibrate(getOperation(), movingAverage);
    if (!made) {
      // Others may have said what is wrong.
      if (std::string message = llvm::toString(made.takeError()); !message.empty())
        emitError(UnknownLoc::get(&getContext())) << message;
      return signalPassFailure();
    }
    getCalibration(&getContext()).table = std::make_shared<CalibrationTable>(std::move(*made));
    markAllAnalysesPreserved();
  }
};

} // namespace
