//===- VerifyFloat.cpp - narrow-verify-float ------------------------------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYFLOAT
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

constexpr StringLiteral runPipeline = "; run --narrow-float-pipeline first";

/// Emits what is wrong with the type of a tensor of the float stage, if anything.
LogicalResult verifyType(Operation *op, Type type) {
  if (isa<tosa::shapeType>(type))
    return success();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitError("the float stage has ranked tensors only, got ") << type;
  if (!tensor.hasStaticShape())
    return op->emitError("the float stage needs static shapes, got ")
           << type << "; give the shape of the inputs when you import the model";
  Type element = tensor.getElementType();
  if (isa<quant::QuantizedType>(element))
    return op->emitError("the float stage has no quantized types, got ")
           << type << "; a model that is quantized already belongs to --narrow-verify-quantized";
  // Integers are indices, conditions and shifts.
  if (!element.isF32() && !isa<IntegerType>(element))
    return op->emitError("the float stage computes in f32, got ") << type << "; convert the model to f32";
  return success();
}

/// Whether an argument of the network goes into `value`.
bool dependsOnInput(Value value) {
  llvm::SetVector<Value> values;
  values.insert(value);
  for (size_t i = 0; i < values.size(); ++i) {
    Operation *op = values[i].getDefiningOp();
    if (!op)
      return true;
    values.insert(op->operand_begin(), op->operand_end());
  }
  return false;
}

LogicalResult verifyConvolution(Operation *op) {
  static constexpr StringLiteral names[] = {"input", "weight", "bias", "input zero point",
                                            "weight zero point"};
  for (unsigned i = 1; i < op->getNumOperands() && i < std::size(names); ++i) {
    if (getConstant(op->getOperand(i)))
      continue;
    if (!dependsOnInput(op->getOperand(i)))
      return op->emitError(names[i]) << " must be a constant" << runPipeline;
    return op->emitError() << "'" << getTensorId(op->getResult(0)) << "': " << names[i] << " '"
                           << getTensorId(op->getOperand(i))
                           << "' is computed from the network's inputs, but must be a constant; in an ONNX "
                              "model, make it an initializer, not a graph input or the result of a node";
  }
  auto input = cast<RankedTensorType>(op->getOperand(0).getType());
  auto weight = cast<RankedTensorType>(op->getOperand(1).getType());
  auto bias = cast<RankedTensorType>(op->getOperand(2).getType());
  auto output = cast<RankedTensorType>(op->getResult(0).getType());
  if (input.getRank() != 4 || weight.getRank() != 4 || output.getRank() != 4)
    return op->emitError("input, weight and output must have rank 4");
  // TOSA's verifier accepts any number of input channels of the weight.
  bool depthwise = isa<tosa::DepthwiseConv2DOp>(op);
  int64_t reads = weight.getDimSize(depthwise ? 2 : 3);
  if (auto grouped = dyn_cast<Conv2DOp>(op))
    reads *= grouped.getGroup();
  if (reads != input.getDimSize(3))
    return op->emitError("weight has ") << reads << " input channels, but the input has "
                                        << input.getDimSize(3) << "; a grouped convolution is narrow.conv2d";
  int64_t yields = depthwise ? reads * weight.getDimSize(3) : weight.getDimSize(0);
  if (yields != output.getDimSize(3))
    return op->emitError("weight has ")
           << yields << " output channels, but the result has " << output.getDimSize(3);
  if (bias.getRank() != 1 || bias.getDimSize(0) != yields)
    return op->emitError("bias must have shape [") << yields << "], got " << bias << runPipeline;
  return success();
}

/// Emits an error if the op has no place in the float stage.
LogicalResult verifyOp(Operation *op) {
  if (isa<func::FuncOp, func::ReturnOp, ModuleOp>(op))
    return success();
  if (!isa_and_present<tosa::TosaDialect, NarrowDialect>(op->getDialect()) &&
      !isa<QuantizableOpInterface>(op))
    return op->emitOpError("is unknown to the float stage, which has ops of tosa and narrow, and others that "
                           "implement QuantizableOpInterface; lower it to TOSA before");
  if (op->getNumRegions())
    return op->emitOpError("control flow is not supported");
  for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                            SmallVector<Type>(op->getResultTypes())))
    if (failed(verifyType(op, type)))
      return failure();
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(op))
    return verifyConvolution(op);
  return verifyFinite(op);
}

struct VerifyFloat : impl::NarrowVerifyFloatBase<VerifyFloat> {
  using NarrowVerifyFloatBase::NarrowVerifyFloatBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    Stage stage = detectStage(getOperation());
    if (isPreQuantized(getOperation()) && (stage == Stage::Imported || stage == Stage::Quantized)) {
      getOperation().emitError("the model is quantized already; run --narrow-float-pipeline=quantized, which "
                               "brings one that came so to the quantized stage");
      return signalPassFailure();
    }
    // Of the imported stage it is said op by op what is missing.
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported}, StageUser::Verifier)))
      return signalPassFailure();
    bool valid = succeeded(verifyMain());
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *op) { return succeeded(verifyOp(op)); });
    getOperation().walk(
        [&](Operation *op) { valid &= op == getOperation() || target.isLegal(op).has_value(); });
    valid &= succeeded(verifyIds());
    if (!valid)
      signalPassFailure();
  }

  LogicalResult verifyMain() {
    func::FuncOp main;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isPublic())
        continue;
      if (main || function.getName() != "main" || function.isExternal())
        return function.emitError("the float stage has one public function, @main with a body; got @")
               << function.getName();
      main = function;
    }
    if (!main)
      return getOperation().emitError("the float stage has one public function @main; there is none");
    if (!main.getBody().hasOneBlock())
      return main.emitError("control flow is not supported: @main must have one block");
    auto verify = [&](StringRef what, unsigned number, Type type, Attribute name) -> LogicalResult {
      if (!isa_and_present<StringAttr>(name))
        return main.emitError() << what << " " << number
                                << " of @main needs narrow.name = \"<name in the source model>\"";
      return verifyType(main, type);
    };
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (failed(verify("argument", i, main.getArgumentTypes()[i], main.getArgAttr(i, attrs::name))))
        return failure();
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      if (failed(verify("result", i, main.getResultTypes()[i], main.getResultAttr(i, attrs::name))))
        return failure();
    return success();
  }

  LogicalResult verifyIds() {
    llvm::StringMap<Operation *> owners;
    LogicalResult result = success();
    getOperation().walk([&](Operation *op) {
      if (!computesTensor(op))
        return;
      auto id = op->getAttrOfType<StringAttr>(attrs::id);
      if (!id) {
        op->emitError("has no narrow.id; run --narrow-assign-ids, the last pass of --narrow-float-pipeline");
        result = failure();
        return;
      }
      auto [entry, added] = owners.try_emplace(id.getValue(), op);
      if (added)
        return;
      auto diagnostic = op->emitError("narrow.id \"") << id.getValue() << "\" is not unique; rename it";
      diagnostic.attachNote(entry->second->getLoc()) << "the other op is here";
      result = failure();
    });
    return result;
  }
};

} // namespace
} // namespace narrow
