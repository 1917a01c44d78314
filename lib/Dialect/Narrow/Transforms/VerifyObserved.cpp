//===- VerifyObserved.cpp - narrow-verify-observed ------------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYOBSERVED
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// Whether `op` only arranges values and none of them is on codes, so that it
/// may stay float.
static bool isOutsideOfQuantization(QuantizableOpInterface op) {
  if (op.getQuantizationKind() != QuantizationKind::SameScale)
    return false;
  return llvm::none_of(op.getActivationOperands(), [&](unsigned index) {
    Operation *source = getParameterSource(op->getOperand(index)).getDefiningOp();
    return isa_and_nonnull<ObserveOp, DequantizeOp>(source);
  });
}

namespace {

struct VerifyObserved : narrow::impl::NarrowVerifyObservedBase<VerifyObserved> {
  using NarrowVerifyObservedBase::NarrowVerifyObservedBase;

  void runOnOperation() override {
    if (mlir::failed(requireQuantizationStage(getOperation(), {Stage::Observed}, StageUser::Verifier)))
      return signalPassFailure();
    bool failed = mlir::failed(verifyObserverIds(getOperation()));
    getOperation().walk([&](Operation *op) { failed |= mlir::failed(verifyFinite(op)); });
    getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op) || op->getResult(0).use_empty() || isOutsideOfQuantization(op))
        return;
      auto reason = getMissingPoint(op, QuantizationStage::Observed);
      if (!reason)
        return;
      op->emitError() << "violates the observed stage: " << *reason << "; an observer is missing";
      failed = true;
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
