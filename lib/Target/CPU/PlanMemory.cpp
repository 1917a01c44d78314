//===- PlanMemory.cpp - narrow-plan-memory --------------------------------===//
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/MemoryPlan.h"
#include "narrow/Target/CPU/Passes.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWPLANMEMORY
#include "narrow/Target/CPU/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct PlanMemory : narrow::impl::NarrowPlanMemoryBase<PlanMemory> {
  using NarrowPlanMemoryBase::NarrowPlanMemoryBase;

  void runOnOperation() override {
    if (failed(requireCodeStage(getOperation(), StageUser::KernelPass)))
      return signalPassFailure();
    FailureOr<TargetDescription> target = getKernelTarget(getOperation());
    if (failed(target))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      function->removeAttr(attrs::planSize);
      if (failed(storeResults(function)))
        return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(plan(function, *target)))
        return signalPassFailure();
  }

private:
  LogicalResult storeResults(func::FuncOp function);
  FailureOr<int64_t> plan(func::FuncOp function, const TargetDescription &target);
};

} // namespace

/// What is returned is stored where the caller wants it: by the kernel that computes it if nobody else reads
/// it, else by one that copies it.
LogicalResult PlanMemory::storeResults(func::FuncOp function) {
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    Operation *def = value.getDefiningOp();
    if (def && !isa<KernelOp, func::CallOp, ObserveOp>(def))
      return emitUnsupported(def) << "a result of the function is a constant";
    if (isa_and_present<KernelOp>(def) && value.hasOneUse())
      continue;
    OpBuilder builder(terminator);
    auto kernel = KernelOp::create(builder, value.getLoc(), value.getType(), "store_result", value);
    Block *body = builder.createBlock(&kernel.getBody(), {}, value.getType(), value.getLoc());
    Value copy = tosa::IdentityOp::create(builder, value.getLoc(), value.getType(), body->getArgument(0));
    YieldOp::create(builder, value.getLoc(), copy);
    operand.set(kernel.getResult(0));
  }
  return success();
}

/// Callees first: their part of the arena lies below that of their callers. Returns the bytes of the
/// function.
FailureOr<int64_t> PlanMemory::plan(func::FuncOp function, const TargetDescription &target) {
  if (auto planned = function->getAttrOfType<IntegerAttr>(attrs::planSize))
    return planned.getInt();
  int64_t base = 0;
  for (auto call : function.getOps<func::CallOp>()) {
    auto callee = getOperation().lookupSymbol<func::FuncOp>(call.getCallee());
    if (!callee || callee == function)
      return call.emitOpError("calls a function that is not in the module");
    FailureOr<int64_t> below = plan(callee, target);
    if (failed(below))
      return failure();
    base = std::max(base, *below);
  }
  FailureOr<MemoryPlan> made = MemoryPlan::create(function, target, base);
  if (failed(made))
    return failure();
  made->annotate(function);
  return made->getArenaSize();
}
