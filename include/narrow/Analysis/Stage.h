//===- Stage.h - The stage of a module --------------------------*- C++ -*-===//
#ifndef NARROW_ANALYSIS_STAGE_H
#define NARROW_ANALYSIS_STAGE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The stages of docs/architecture.md, in order.
enum class Stage { Imported, Float, Observed, Annotated, Quantized, Integer, Vector, LLVM };
StringRef stringifyStage(Stage stage);

/// Detects the stage of a module or one of its functions from its contents.
Stage detectStage(Operation *scope);

/// Whether a model before the observed stage was quantized by another tool (QDQ).
bool isPreQuantized(ModuleOp module);

/// Who requires a stage.
enum class StageUser {
  Pass,       ///< changes a module, which stays in the stage or moves to the next one
  KernelPass, ///< the same after narrow-form-kernels, where all ops are in kernels; for other passes none is
  Verifier    ///< checks the contract of the stage
};

/// Fails with an error that names both stages and says what to run, unless `op`, a module or a function,
/// is in one of the stages `accepted`, the first of which is the one that the pass is for. Every pass
/// begins with this check.
LogicalResult requireStage(Operation *op, ArrayRef<Stage> accepted, StageUser user = StageUser::Pass);

} // namespace narrow

#endif
