//===- VerifyInteger.cpp - narrow-verify-integer --------------------------===//
#include "Families.h"
#include "mlir/Transforms/DialectConversion.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYINTEGER
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct VerifyInteger : narrow::impl::NarrowVerifyIntegerBase<VerifyInteger> {
  using NarrowVerifyIntegerBase::NarrowVerifyIntegerBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult verifyMain(func::FuncOp main, MutableArrayRef<func::FuncOp> parts);
  LogicalResult verifyNetwork(func::FuncOp network);
};

} // namespace

static bool isIntegerOp(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<OpTrait::IsTerminator>())
    return true;
  auto inferable = dyn_cast<IntegerRangeOpInterface>(op);
  return inferable && inferable.isIntegerForm();
}

LogicalResult VerifyInteger::verifyMain(func::FuncOp main, MutableArrayRef<func::FuncOp> parts) {
  ValueRange values = main.getArguments();
  size_t position = 0;
  for (Operation &op : main.getBody().front()) {
    if (auto call = dyn_cast<func::CallOp>(op); call && position < parts.size() &&
                                                call.getCallee() == parts[position].getSymName() &&
                                                call.getOperands() == values) {
      values = call.getResults();
      ++position;
    } else if (!isa<func::ReturnOp>(op) || position != parts.size() || op.getOperands() != values) {
      return op.emitError("@main must call @quantize_inputs, @network and "
                          "@dequantize_outputs, each on the results of "
                          "the one before, and return the last one's");
    }
  }
  return success();
}

LogicalResult VerifyInteger::verifyNetwork(func::FuncOp network) {
  ConversionTarget target(getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *op) {
    if (isIntegerOp(op) || isa<func::FuncOp>(op))
      return true;
    // Float ops need a reason; conversions connect them to the codes.
    return touchesReals(op) &&
           (op->hasAttr(attrs::floatReason) || isa<QuantizeOp, DequantizeOp, quant::StorageCastOp>(op));
  });
  bool sound = true;
  for (Operation &op : network.getBody().front())
    if (!target.isLegal(&op)) {
      InFlightDiagnostic error = op.emitError() << "'" << getDiagnosticName(&op) << "': " << op.getName();
      if (touchesReals(&op))
        error << " computes in floats without a " << attrs::floatReason;
      else
        error << " with these element types is not an op of the integer stage"
              << (isa<IntegerRangeOpInterface>(op) ? "" : ": it does not implement IntegerRangeOpInterface");
      sound = false;
    }
  return success(sound);
}

LogicalResult VerifyInteger::run() {
  ModuleOp module = getOperation();
  if (failed(requireStage(module, {Stage::Integer}, StageUser::Verifier)))
    return failure();
  SmallVector<func::FuncOp> functions;
  for (StringRef name : {"quantize_inputs", "network", "dequantize_outputs", "main"}) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function || function.isExternal() || !function.getBody().hasOneBlock())
      return module.emitError() << "the integer stage needs a function @" << name
                                << " with a body of one block";
    if (function.isPublic() != (name == "main"))
      return function.emitError("@main is public, the functions that it calls are private");
    for (Type type : llvm::concat<const Type>(function.getArgumentTypes(), function.getResultTypes()))
      if (auto shaped = dyn_cast<RankedTensorType>(type);
          !shaped || !shaped.hasStaticShape() || isa<quant::QuantizedType>(shaped.getElementType()))
        return function.emitError() << "arguments and results must be static "
                                       "tensors of integers or floats, got "
                                    << type;
    functions.push_back(function);
  }
  func::FuncOp entry = functions[0], network = functions[1], exit = functions[2], main = functions[3];
  if (failed(verifyMain(main, MutableArrayRef(functions).drop_back())))
    return failure();
  for (Operation &op : entry.getBody().front())
    if (!isa<QuantizeOp, quant::StorageCastOp, func::ReturnOp>(op))
      return op.emitError() << "the entry only quantizes, got " << op.getName();
  for (Operation &op : exit.getBody().front())
    if (!isa<DequantizeOp, QuantizeOp, quant::StorageCastOp, func::ReturnOp>(op) &&
        !op.hasTrait<OpTrait::ConstantLike>() && !op.hasAttr(attrs::floatReason))
      return op.emitError() << "the exit dequantizes; " << op.getName() << " needs a " << attrs::floatReason;
  // The C header states the parameters of inputs and results from these attributes.
  auto hasCodes = [](Type type) {
    return getElementTypeOrSelf(type).isInteger(8) || getElementTypeOrSelf(type).isInteger(16);
  };
  for (auto [index, type] : llvm::enumerate(network.getArgumentTypes()))
    if (hasCodes(type) && !network.getArgAttrOfType<TypeAttr>(index, attrs::type))
      return network.emitError() << "argument " << index << " has codes but no narrow.type";
  for (auto [index, type] : llvm::enumerate(network.getResultTypes()))
    if (hasCodes(type) && !network.getResultAttrOfType<TypeAttr>(index, attrs::type))
      return network.emitError() << "result " << index << " has codes but no narrow.type";
  return verifyNetwork(network);
}
