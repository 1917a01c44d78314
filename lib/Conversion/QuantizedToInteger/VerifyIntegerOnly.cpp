//===- VerifyIntegerOnly.cpp - narrow-verify-integer-only -----------------===//
#include "Families.h"
#include "mlir/Transforms/DialectConversion.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYINTEGERONLY
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct VerifyIntegerOnly : narrow::impl::NarrowVerifyIntegerOnlyBase<VerifyIntegerOnly> {
  using NarrowVerifyIntegerOnlyBase::NarrowVerifyIntegerOnlyBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Integer}, StageUser::Verifier)))
      return signalPassFailure();
    auto network = getOperation().lookupSymbol<func::FuncOp>("network");
    if (!network) {
      getOperation().emitError("expected a function @network");
      return signalPassFailure();
    }
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *op) {
      // Returning an unused argument is not a computation.
      if (auto ret = dyn_cast<func::ReturnOp>(op))
        return llvm::all_of(ret.getOperands(),
                            [](Value v) { return isa<BlockArgument>(v) || !isRealType(v.getType()); });
      return !touchesReals(op);
    });
    bool clean = true;
    network.getBody().walk([&](Operation *op) {
      if (target.isLegal(op))
        return;
      clean = false;
      InFlightDiagnostic error = op->emitError() << "'" << getDiagnosticName(op) << "' (" << op->getName()
                                                 << ") works on real numbers inside of the network";
      if (auto reason = op->getAttrOfType<StringAttr>(attrs::floatReason))
        error << ": " << reason.getValue();
    });
    if (!clean)
      signalPassFailure();
  }
};

} // namespace
