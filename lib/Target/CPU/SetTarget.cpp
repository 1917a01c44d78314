//===- SetTarget.cpp - narrow-set-target ----------------------------------===//
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/Passes.h"
#include "narrow/Target/CPU/TargetDescription.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWSETTARGET
#include "narrow/Target/CPU/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct SetTarget : narrow::impl::NarrowSetTargetBase<SetTarget> {
  using NarrowSetTargetBase::NarrowSetTargetBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(requireCodeStage(module)))
      return signalPassFailure();
    module->setAttr(attrs::target, TargetAttr::get(&getContext(), isa, x86, popcount));
    if (failed(TargetDescription::get(module)))
      signalPassFailure();
  }
};

} // namespace
