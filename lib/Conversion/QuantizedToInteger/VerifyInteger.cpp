//===- VerifyInteger.cpp - narrow-verify-integer --------------------------===//
#include "Families.h"
#include "mlir/Transforms/DialectConversion.h"
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

/// Whether the results of `op` and its first `count` operands (excluding zero
/// points, shapes etc.) have integers of `width` bits.
bool hasElements(Operation *op, unsigned width, unsigned count = ~0u) {
  auto matches = [&](Type type) { return getElementTypeOrSelf(type).isInteger(width); };
  ValueRange operands = op->getOperands().take_front(std::min(count, op->getNumOperands()));
  return llvm::all_of(operands.getTypes(), matches) && llvm::all_of(op->getResultTypes(), matches);
}

} // namespace

/// The op set of the integer stage (docs/architecture.md).
static bool isIntegerOp(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<OpTrait::IsTerminator>())
    return true;
  auto type = [](Value value) { return getElementTypeOrSelf(value.getType()); };
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(op))
    return type(op->getOperand(0)).isInteger(8) && type(op->getOperand(1)).isInteger(8) &&
           type(op->getResult(0)).isInteger(32);
  if (isa<tosa::RescaleOp>(op)) // 16 bits: codes, or intermediate values between two rescales (N26).
    return llvm::all_of(ValueRange{op->getOperand(0), op->getResult(0)}, [&](Value v) {
      return type(v).isInteger(8) || type(v).isInteger(16) || type(v).isInteger(32);
    });
  if (isa<tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp>(op))
    return hasElements(op, 32, 2);
  if (isa<tosa::ReduceSumOp>(op))
    return hasElements(op, 32);
  if (isa<TokenMaximaOp, QuantizeTokensOp, RescaleTokensOp>(op))
    return true; // Their verifiers check the element types.
  if (isa<tosa::ClampOp, tosa::MaxPool2dOp, tosa::AvgPool2dOp, tosa::TableOp, tosa::ReshapeOp,
          tosa::TransposeOp, tosa::SliceOp, tosa::PadOp, tosa::TileOp, tosa::ReverseOp>(op))
    return hasElements(op, 8, 1) || (hasElements(op, 16, 1) && !isa<tosa::TableOp>(op));
  if (auto resize = dyn_cast<tosa::ResizeOp>(op))
    return resize.getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR
               ? hasElements(op, 8, 1) || hasElements(op, 16, 1)
               : type(op->getResult(0)).isInteger(32);
  if (isa<tosa::ConcatOp>(op))
    return hasElements(op, 8) || hasElements(op, 16);
  // Int16 codes are split into bytes (N80); the sign of a sum (N66).
  if (isa<tosa::ArithmeticRightShiftOp>(op))
    return hasElements(op, 16) || hasElements(op, 32);
  if (isa<tosa::BitwiseXorOp>(op))
    return hasElements(op, 16);
  if (isa<tosa::CastOp>(op))
    return type(op->getOperand(0)).isInteger(16) && type(op->getResult(0)).isInteger(8);
  return false;
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
        error << " with these element types is no op of the integer stage";
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
