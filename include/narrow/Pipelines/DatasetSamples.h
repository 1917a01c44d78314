//===- DatasetSamples.h - Passes run networks on a data set -----*- C++ -*-===//
#ifndef NARROW_PIPELINES_DATASETSAMPLES_H
#define NARROW_PIPELINES_DATASETSAMPLES_H

#include "narrow/Calibration/ModelContent.h"
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// Compiles each network and runs it on a data set, on all cores. Samples that do not fill a batch are left
/// out.
class DatasetSamples : public SampleSource {
public:
  DatasetSamples(std::string path, DatasetOptions options)
      : path(std::move(path)), options(std::move(options)) {}

  llvm::Error open(ModuleOp module) override;
  llvm::Error open(std::vector<ModelInput> wanted);
  int64_t getNumRuns() const override { return data->sampleCount() / getBatch(); }
  int64_t getBatch() const override { return narrow::getBatch(inputs); }
  llvm::Error run(ModuleOp module, const Schedule &schedule, Receive receive, Finish finish) override;
  llvm::Expected<CalibrationTable> calibrate(ModuleOp floatStage, double movingAverage) override;

  /// Of the network that the data are open for.
  const Dataset &getData() const { return *data; }
  ArrayRef<ModelInput> getInputs() const { return inputs; }

private:
  std::string path;
  DatasetOptions options;
  std::vector<ModelInput> inputs;
  std::optional<Dataset> data;
};

} // namespace narrow

#endif
