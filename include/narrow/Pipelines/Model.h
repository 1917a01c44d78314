//===- Model.h - Steps that the drivers share -------------------*- C++ -*-===//
#ifndef NARROW_PIPELINES_MODEL_H
#define NARROW_PIPELINES_MODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/JIT.h"
#include "narrow/Target/CPU/Target.h"

namespace narrow {

/// Reads an .onnx file or IR of any stage, by content. Null after a diagnostic.
OwningOpRef<ModuleOp> loadModel(StringRef path, MLIRContext &context, const ImportOptions &options);

/// Runs a pipeline on `module`; false after a diagnostic.
LogicalResult runPipeline(ModuleOp module, function_ref<void(OpPassManager &)> build);

struct HostOptions {
  bool profile = false; ///< kernels count cycles
  PackWeights packWeights = PackWeights::Auto;
  std::string emulatedISA = {}; ///< whose kernels it gets, emulated; empty: those of this machine
};

/// Lowers `module` (float, observed or integer stage), which is of no other use afterwards,
/// to code for this machine and loads it. Errors call it `what`.
llvm::Expected<std::unique_ptr<CompiledModel>> compileForHost(ModuleOp module, StringRef what,
                                                              const HostOptions &options = {});

struct CalibrationOptions {
  int64_t samples = 0;   ///< 0: all
  int64_t batch = 16;    ///< samples that a thread takes at once
  unsigned threads = 0;  ///< 0: one for each core
  std::string statePath; ///< where an unfinished run is kept; empty: nowhere
  bool resume = false;
  double saveSeconds = 5; ///< between two states
  /// Momentum of moving averages over the extrema of `batch` samples each; 0: none.
  double movingAverage = 0;
  /// Options that changed the model before, as the table will name them.
  std::string rewrites;
  std::string emulatedISA; ///< HostOptions::emulatedISA of the observed model
};

/// Compiles the observed model for this machine, runs it on the data and
/// returns the statistics. `floatStage` is not changed.
llvm::Expected<CalibrationTable> calibrate(ModuleOp floatStage, const Dataset &data,
                                           ArrayRef<ModelInput> inputs, const CalibrationOptions &options);

} // namespace narrow

#endif
