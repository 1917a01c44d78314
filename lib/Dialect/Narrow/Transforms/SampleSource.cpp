//===- SampleSource.cpp - Calibration data, as passes see it --------------===//
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

Calibration &narrow::getCalibration(MLIRContext *context) {
  auto &calibration = context->getOrLoadDialect<NarrowDialect>()->calibration;
  if (!calibration)
    calibration = std::make_shared<Calibration>();
  return *calibration;
}

SampleSource *narrow::requireSamples(ModuleOp module, StringRef pass) {
  SampleSource *samples = getCalibration(module.getContext()).samples.get();
  if (!samples) {
    module.emitError() << pass << " runs the network on samples, and there are none: give --data";
    return nullptr;
  }
  if (llvm::Error error = samples->open(module)) {
    emitError(UnknownLoc::get(module.getContext())) << llvm::toString(std::move(error));
    return nullptr;
  }
  return samples;
}
