//===- Stage.cpp - The stage of a module ----------------------------------===//
#include "narrow/Analysis/Stage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

StringRef narrow::stringifyStage(Stage stage) {
  static constexpr StringLiteral names[] = {"imported",  "float",   "observed", "annotated",
                                            "quantized", "integer", "vector",   "llvm"};
  return names[static_cast<unsigned>(stage)];
}

/// The functions in `scope`, a module or a function.
static SmallVector<func::FuncOp> getFunctions(Operation *scope) {
  if (auto function = dyn_cast<func::FuncOp>(scope))
    return {function};
  return llvm::to_vector(cast<ModuleOp>(scope).getOps<func::FuncOp>());
}

namespace {
/// The kinds of types that functions take, return and compute with.
struct Contents {
  explicit Contents(ArrayRef<func::FuncOp> functions) {
    for (func::FuncOp function : functions) {
      add(function.getArgumentTypes());
      add(function.getResultTypes());
      function.walk([&](Operation *op) { add(op->getResultTypes()); });
    }
  }
  bool integers = false, reals = false, memory = false;

private:
  void add(TypeRange types) {
    for (Type type : types) {
      memory |= isa<MemRefType>(type);
      if (auto tensor = dyn_cast<TensorType>(type))
        (isa<IntegerType>(tensor.getElementType()) ? integers : reals) = true;
    }
  }
};
} // namespace

Stage narrow::detectStage(Operation *scope) {
  SmallVector<func::FuncOp> functions = getFunctions(scope);
  auto module = dyn_cast<ModuleOp>(scope);
  // The vector stage declares some intrinsics as LLVM functions.
  if (module && functions.empty() && !module.getOps<LLVM::LLVMFuncOp>().empty())
    return Stage::LLVM;
  Contents contents(functions);
  if (scope->hasAttr(attrs::arenaSize) || (contents.memory && !contents.integers && !contents.reals))
    return Stage::Vector;
  if (llvm::any_of(functions, [](func::FuncOp function) { return function.getName() == "network"; }) ||
      (contents.integers && !contents.reals))
    return Stage::Integer;
  bool annotated = false, observed = false, quantized = false, hasIds = false;
  scope->walk([&](Operation *op) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      observed = true;
      annotated |= observe.getWeight() || observe.getSchemeAttr() || observe.getQuantizedType() ||
                   observe->hasAttr(attrs::floatReason);
    }
    quantized |= isa<QuantizeOp>(op);
    hasIds |= op->hasAttr(attrs::id);
  });
  if (observed)
    return annotated ? Stage::Annotated : Stage::Observed;
  // Without ids: quantized by another tool and not yet canonicalized.
  if (!hasIds)
    return Stage::Imported;
  return quantized ? Stage::Quantized : Stage::Float;
}

bool narrow::isPreQuantized(ModuleOp module) {
  return module.walk([](QuantizeOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// The pipelines that lead from one stage to another, as text.
static std::string listPipelines(Stage from, Stage to, bool isQuantized) {
  std::string text;
  for (auto next = static_cast<unsigned>(from) + 1; next <= static_cast<unsigned>(to); ++next) {
    auto stage = static_cast<Stage>(next);
    if (isQuantized && stage > Stage::Float && stage <= Stage::Quantized)
      continue;
    text += (" --narrow-" + stringifyStage(stage) + "-pipeline").str();
    if (stage == Stage::Float && isQuantized)
      text += "=quantized";
    if (stage == Stage::Annotated)
      text += "=table=<file>";
  }
  return text;
}

/// Whether narrow-form-kernels leaves `op` outside of kernels.
static bool isOutsideOfKernels(Operation *op) {
  return isa<func::FuncOp, func::CallOp, ObserveOp, KernelOp>(op) || op->hasTrait<OpTrait::ConstantLike>() ||
         op->hasTrait<OpTrait::IsTerminator>();
}

/// Checks whether the ops of `scope` are in kernels; fails with an error if that is not what `user` needs.
static LogicalResult requireKernels(Operation *scope, StageUser user) {
  bool hasKernels = false;
  Operation *outside = nullptr;
  for (func::FuncOp function : getFunctions(scope))
    for (Operation &op : function.getOps()) {
      hasKernels |= isa<KernelOp>(op);
      if (!outside && !isOutsideOfKernels(&op))
        outside = &op;
    }
  if (user == StageUser::KernelPass && outside)
    return outside->emitError() << outside->getName() << " is in no kernel; run --narrow-form-kernels first";
  if (user != StageUser::KernelPass && hasKernels)
    return scope->emitError() << "its ops are in kernels: run --narrow-lower-kernels next";
  return success();
}

LogicalResult narrow::requireStage(Operation *op, ArrayRef<Stage> accepted, StageUser user) {
  Stage found = detectStage(op);
  if (llvm::is_contained(accepted, found))
    return requireKernels(op, user);
  Stage expected = accepted.front();
  if (found > expected) // The last accepted stage before the current one.
    for (Stage stage : accepted)
      if (stage < found)
        expected = std::max(expected, stage);
  InFlightDiagnostic error = op->emitError() << "this looks like the " << stringifyStage(found)
                                             << " stage, not the " << stringifyStage(expected) << " stage; ";
  auto module = dyn_cast<ModuleOp>(op);
  bool isQuantized = found == Stage::Imported && module && isPreQuantized(module);
  auto behind = static_cast<Stage>(static_cast<unsigned>(expected) + 1);
  if (found < expected)
    error << "run" << listPipelines(found, expected, isQuantized) << " first";
  else if (user != StageUser::Verifier)
    error << "there is no way back: run this before"
          << listPipelines(expected, behind, /*isQuantized=*/false);
  else if (found == Stage::LLVM)
    error << "verify the module before --narrow-llvm-pipeline";
  else
    error << "check it with --narrow-verify-" << stringifyStage(found);
  return error;
}
