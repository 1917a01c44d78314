//===- DatasetActivations.h - Runs networks on calibration data -*- C++ -*-===//
#ifndef NARROW_PIPELINES_DATASETACTIVATIONS_H
#define NARROW_PIPELINES_DATASETACTIVATIONS_H

#include "narrow/Dialect/Narrow/Transforms/ActivationSource.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Compiles each network and runs it on a data set, on all cores.
class DatasetActivations : public ActivationSource {
public:
  /// `data` must live as long. A network takes `batch` samples at once; samples that do not fill
  /// a batch are left out.
  DatasetActivations(const Dataset &data, int64_t batch) : data(data), batch(batch) {}

  int64_t getNumRuns() const override { return data.sampleCount() / batch; }
  llvm::Error run(ModuleOp module, int64_t chunk, Receive receive, Finish finish) override;

private:
  const Dataset &data;
  int64_t batch;
};

} // namespace narrow

#endif
