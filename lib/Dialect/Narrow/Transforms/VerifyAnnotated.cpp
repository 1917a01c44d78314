//===- VerifyAnnotated.cpp - narrow-verify-annotated ----------------------===//
#include "ObservedTypes.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/QuantParams.h"
#include "llvm/Support/FormatVariadic.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYANNOTATED
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// What is missing of the annotations of `op`, or nullopt.
static std::optional<std::string> findFault(ObserveOp op) {
  if (!op.getRangeAttr())
    return "has no range; run --narrow-import-table, or --narrow-assign-granularity for a weight";
  if (!op.getSchemeAttr())
    return "has no scheme; run --narrow-assign-bit-width";
  if (!op.getQuantizedType())
    return "has no type; run --narrow-assign-scales";
  if (op.getWeight() != static_cast<bool>(getConstant(op.getInput())))
    return op.getWeight() ? "is marked weight but observes no constant"
                          : "observes a constant but is not marked weight";
  return std::nullopt;
}

namespace {

struct VerifyAnnotated : narrow::impl::NarrowVerifyAnnotatedBase<VerifyAnnotated> {
  using NarrowVerifyAnnotatedBase::NarrowVerifyAnnotatedBase;

  void runOnOperation() override {
    if (mlir::failed(requireQuantizationStage(getOperation(), {Stage::Annotated}, StageUser::Verifier)))
      return signalPassFailure();
    bool failed = mlir::failed(verifyObserverIds(getOperation()));
    getOperation().walk([&](ObserveOp op) {
      if (op->hasAttr(attrs::floatReason))
        return;
      if (auto fault = findFault(op)) {
        op.emitError() << "violates the annotated stage: observer '" << op.getId() << "' " << *fault;
        failed = true;
      } else {
        failed |= mlir::failed(verifyType(op));
      }
    });
    getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op) || op.getQuantizationKind() != QuantizationKind::Contraction)
        return;
      if (!op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>() &&
          getConstant(op->getOperand(*op.getWeightOperand()))) {
        op->emitError(
            "violates the annotated stage: its weight is not observed; run --narrow-assign-bit-width");
        failed = true;
      }
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
