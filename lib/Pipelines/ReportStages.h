//===- ReportStages.h - One model in three stages ---------------*- C++ -*-===//
#ifndef NARROW_LIB_PIPELINES_REPORTSTAGES_H
#define NARROW_LIB_PIPELINES_REPORTSTAGES_H

#include "mlir/IR/OwningOpRef.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Reference/Tensor.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"

namespace narrow {

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

/// A module that is evaluated, and where each layer's tensor is in it.
struct ProbedModule {
  OwningOpRef<ModuleOp> module; ///< null: not needed
  Probes probes;
};

/// The stages of one model.
struct StagedModel {
  /// The float network that is quantized, the reference of all others.
  ProbedModule network;
  ProbedModule simulation, device;
  /// The network with Weights, Clipping, Rounding alone (isolateSource).
  std::array<ProbedModule, 3> sources;
  /// The device with its nonlinear functions in float; null if it has none.
  ProbedModule exactFunctions;
  /// The float stage as it was given, if the recipe has changed it.
  OwningOpRef<ModuleOp> original;
  std::vector<LayerReport> layers;
  std::vector<std::string> unsplit;              ///< ops whose constants stay quantized in `sources`
  std::vector<std::optional<CodeLimits>> limits; ///< of layers that own parameters
  /// The layer whose tensor shows the range of a layer: the max pool that alone reads it, or itself.
  std::vector<unsigned> keptBy;
};

/// How the integer stage is made.
struct LoweringOptions {
  bool strict = false;
  std::string requantize = "exact";
};

/// The stages that quantizing a copy of a float network goes through.
struct Quantized {
  OwningOpRef<ModuleOp> observed, annotated, simulation, device;
};

/// A copy of the float stage with the rewrites of the recipe.
llvm::Expected<OwningOpRef<ModuleOp>> rewrite(ModuleOp floatStage, const Recipe &recipe,
                                              CalibrationSource &calibration);

/// Quantizes a copy of `network`, the result of rewrite(). Without `allStages`
/// only the device is there. Fails with a message, or after a diagnostic of a pass.
llvm::Expected<Quantized> quantize(ModuleOp network, const Recipe &recipe, CalibrationSource &calibration,
                                   const LoweringOptions &lowering, bool allStages);

/// All stages of `floatStage`.
llvm::Expected<StagedModel> makeStages(ModuleOp floatStage, CalibrationSource &calibration,
                                       const ComparisonOptions &options);

} // namespace narrow

#endif
