//===- Stage.h - Which stage a module is in ---------------------*- C++ -*-===//
#ifndef NARROW_ANALYSIS_STAGE_H
#define NARROW_ANALYSIS_STAGE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The stages of docs/architecture.md, in order.
enum class Stage { Imported, Float, Observed, Annotated, Quantized, Integer, Vector, LLVM };
StringRef stringifyStage(Stage stage);

/// Which stage a module or one of its functions is in, from what it contains.
Stage detectStage(Operation *scope);

/// True for a model before the observed stage that came with quantization of its own (QDQ).
bool isQuantizedByOthers(ModuleOp module);

/// Who asks for a stage.
enum class StageUser {
  Pass,       ///< changes a module, which stays in the stage or comes to the next one
  KernelPass, ///< the same behind narrow-form-kernels: all ops are in kernels, for others none is
  Verifier    ///< checks the contract of the stage
};

/// Fails, with an error that names both stages and says what to run, unless `op`, a module or a function,
/// is in one of the stages `accepted`, the first of which is the one that the pass is for. What every pass
/// begins with.
LogicalResult requireStage(Operation *op, ArrayRef<Stage> accepted, StageUser user = StageUser::Pass);

} // namespace narrow

#endif
