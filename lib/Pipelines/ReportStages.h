//===- ReportStages.h - One model in three stages ---------------*- C++ -*-===//
#ifndef NARROW_LIB_PIPELINES_REPORTSTAGES_H
#define NARROW_LIB_PIPELINES_REPORTSTAGES_H

#include "mlir/IR/OwningOpRef.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Reference/Tensor.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::narrow {

/// How a tensor of one stage becomes real numbers. Without scales it holds f32.
struct Decoder {
  SmallVector<double, 1> scales; ///< one, or one for each index of the last axis
  int64_t zeroPoint = 0;

  /// False if the tensor's elements are of no kind that the decoder is for.
  bool decode(const reference::Tensor &tensor, std::vector<float> &values) const;
};

/// Where the tensor of a layer is in a stage.
struct Probe {
  unsigned layer;
  Decoder decoder;
};
using Probes = DenseMap<Value, Probe>; // Looked up only, never iterated.

/// The parameters that clipping is judged by.
struct CodeLimits {
  double scale;
  int64_t zeroPoint, min, max;
};

/// The stages of one model, and where each layer's tensor is in them.
struct StagedModel {
  OwningOpRef<ModuleOp> simulation, device;
  Probes floatProbes, simulationProbes, deviceProbes;
  std::vector<LayerReport> layers;
  std::vector<std::optional<CodeLimits>> limits; ///< of layers that own parameters
};

/// Quantizes copies of `floatStage`. Fails after a diagnostic of a pass.
llvm::Expected<StagedModel> makeStages(ModuleOp floatStage, const ::narrow::CalibrationTable &table,
                                       StringRef tableName, const ComparisonOptions &options);

} // namespace mlir::narrow

#endif
