//===- LowerToInteger.cpp - narrow-lower-to-integer -----------------------===//
#include "Families.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWLOWERTOINTEGER
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct LowerToInteger : narrow::impl::NarrowLowerToIntegerBase<LowerToInteger> {
  using NarrowLowerToIntegerBase::NarrowLowerToIntegerBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Quantized})))
      return signalPassFailure();
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult checkInput(func::FuncOp main);
  LogicalResult report();
};

} // namespace

LogicalResult LowerToInteger::checkInput(func::FuncOp main) {
  if (main.isExternal() || !main.getBody().hasOneBlock())
    return main.emitError("@main must have a body of one block");
  for (Type type : llvm::concat<const Type>(main.getArgumentTypes(), main.getResultTypes())) {
    auto shaped = dyn_cast<RankedTensorType>(type);
    if (!shaped || !shaped.hasStaticShape() || isa<quant::QuantizedType>(shaped.getElementType()))
      return main.emitError() << "arguments and results of @main must be static tensors of "
                                 "numbers, got "
                              << type << "; give the model static shapes and dequantized results";
  }
  return success();
}

/// Counts the float ops between the entry and the exit; each is an error if the
/// pass is strict.
LogicalResult LowerToInteger::report() {
  bool clean = true;
  for (StringRef name : {"network", "dequantize_outputs"}) {
    auto function = getOperation().lookupSymbol<func::FuncOp>(name);
    for (Operation &op : function.getBody().front()) {
      auto reason = op.getAttrOfType<StringAttr>(attrs::floatReason);
      if (!reason)
        continue;
      if (name == "network")
        ++numFloatOps;
      else
        ++numTrailingFloatOps;
      if (!strict)
        continue;
      op.emitError() << "'" << getDiagnosticName(&op) << "' (" << op.getName()
                     << ") stays float: " << reason.getValue();
      clean = false;
    }
  }
  return success(clean);
}

LogicalResult LowerToInteger::run() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("expected a function @main");
  if (failed(checkInput(main)))
    return failure();
  tosa::RoundingMode mode;
  if (rounding == "single")
    mode = tosa::RoundingMode::SINGLE_ROUND;
  else if (rounding == "double")
    mode = tosa::RoundingMode::DOUBLE_ROUND;
  else
    return module.emitError() << "rounding must be 'single' or 'double', got '" << rounding.getValue() << "'";

  Requantize form;
  if (requantize == "exact")
    form = Requantize::Exact;
  else if (requantize == "fast")
    form = Requantize::Fast;
  else
    return module.emitError() << "requantize must be 'exact' or 'fast', got '" << requantize.getValue()
                              << "'";

  if (failed(Lowering(main, mode, form).run()) || failed(splitFunction(main)))
    return failure();
  auto network = module.lookupSymbol<func::FuncOp>("network");
  numRescales +=
      std::distance(network.getOps<tosa::RescaleOp>().begin(), network.getOps<tosa::RescaleOp>().end());
  numTables += std::distance(network.getOps<tosa::TableOp>().begin(), network.getOps<tosa::TableOp>().end());
  return report();
}
