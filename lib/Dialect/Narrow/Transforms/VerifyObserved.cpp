//===- VerifyObserved.cpp - narrow-verify-observed ------------------------===//
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"

namespace mlir::narrow {
#define GEN_PASS_DEF_NARROWVERIFYOBSERVED
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace mlir::narrow

using namespace mlir;
using namespace mlir::narrow;

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

struct VerifyObserved : mlir::narrow::impl::NarrowVerifyObservedBase<VerifyObserved> {
  using NarrowVerifyObservedBase::NarrowVerifyObservedBase;

  void runOnOperation() override {
    bool failed = mlir::failed(verifyObserverIds(getOperation()));
    getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op) || op->getResult(0).use_empty() || isOutsideOfQuantization(op))
        return;
      if (auto reason = getMissingPoint(op, QuantizationStage::Observed)) {
        op->emitError() << "violates the observed stage: " << *reason << "; an observer is missing";
        failed = true;
      }
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
