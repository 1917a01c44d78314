//===- Stage.cpp - Which stage a module is in -----------------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

StringRef narrow::stringifyStage(Stage stage) {
  static constexpr StringLiteral names[] = {"imported",  "float",   "observed", "annotated",
                                            "quantized", "integer", "vector",   "llvm"};
  return names[static_cast<unsigned>(stage)];
}

Stage narrow::detectStage(ModuleOp module) {
  // The vector stage declares some intrinsics as functions of LLVM.
  if (!module.getOps<LLVM::LLVMFuncOp>().empty() && module.getOps<func::FuncOp>().empty())
    return Stage::LLVM;
  if (module->hasAttr("narrow.arena_size"))
    return Stage::Vector;
  if (module.lookupSymbol("network"))
    return Stage::Integer;
  bool annotated = false, observed = false, quantized = false, hasIds = false;
  module.walk([&](Operation *op) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      observed = true;
      annotated |= observe.getQuantizedType() || observe->hasAttr("narrow.float_reason");
    }
    quantized |= isa<QuantizeOp>(op);
    hasIds |= op->hasAttr(NarrowDialect::getIdAttrName());
  });
  if (observed)
    return annotated ? Stage::Annotated : Stage::Observed;
  // Without ids: quantized by others and not yet brought into form.
  if (!hasIds)
    return Stage::Imported;
  return quantized ? Stage::Quantized : Stage::Float;
}

void narrow::emitWrongStage(ModuleOp module, Stage found, Stage expected) {
  InFlightDiagnostic error = module.emitError()
                             << "this looks like the " << stringifyStage(found) << " stage, not the "
                             << stringifyStage(expected) << " stage; ";
  if (found == Stage::LLVM) {
    error << "verify the module before --narrow-llvm-pipeline";
    return;
  }
  if (found > expected) {
    error << "check it with --narrow-verify-" << stringifyStage(found);
    return;
  }
  error << "run";
  for (Stage next = found; next < expected;) {
    next = static_cast<Stage>(static_cast<unsigned>(next) + 1);
    error << " --narrow-" << stringifyStage(next) << "-pipeline";
    if (next == Stage::Annotated)
      error << "=table=<file>";
  }
  error << " first";
}
