//===- Stage.h - Which stage a module is in ---------------------*- C++ -*-===//
#ifndef NARROW_ANALYSIS_STAGE_H
#define NARROW_ANALYSIS_STAGE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The stages of docs/architecture.md, in order.
enum class Stage { Imported, Float, Observed, Annotated, Quantized, Integer, Vector, LLVM };
StringRef stringifyStage(Stage stage);

/// Which stage a module is in, from what it contains.
Stage detectStage(ModuleOp module);

/// Reports that `module` looks like the stage `found`, where the contract of the
/// stage `expected` was to be checked, and what to do.
void emitWrongStage(ModuleOp module, Stage found, Stage expected);

} // namespace narrow

#endif
