//===- NarrowOps.cpp - Operations of the narrow dialect -------------------===//
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace mlir::narrow;

#define GET_OP_CLASSES
#include "narrow/Dialect/Narrow/IR/NarrowOps.cpp.inc"

//===----------------------------------------------------------------------===//
// observe, quantize, dequantize
//===----------------------------------------------------------------------===//

LogicalResult ObserveOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!isa<FloatType>(type.getElementType()))
    return emitOpError() << "observes real numbers, got " << type;
  if (getId().empty())
    return emitOpError("needs a non-empty id");
  if (auto scheme = getSchemeAttr(); scheme && scheme.getAxis() >= type.getRank())
    return emitOpError() << "scheme axis " << scheme.getAxis() << " is outside of " << type;
  if (auto quantized = getQuantizedType(); quantized && !isa<quant::QuantizedType>(*quantized))
    return emitOpError() << "type must be a quantized type, got " << *quantized;
  return success();
}

/// `quantized` is the tensor of codes, `real` the tensor of numbers.
static LogicalResult verifyQuantization(Operation *op, Type quantized, Type real) {
  auto codes = cast<RankedTensorType>(quantized), numbers = cast<RankedTensorType>(real);
  if (codes.getShape() != numbers.getShape())
    return op->emitOpError() << "shapes differ: " << real << " and " << quantized;
  auto type = dyn_cast<quant::QuantizedType>(codes.getElementType());
  if (!type || !isa<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(type))
    return op->emitOpError() << "needs a !quant.uniform element type per tensor or per axis, got "
                             << quantized;
  if (type.getExpressedType() != numbers.getElementType())
    return op->emitOpError() << "expressed type " << type.getExpressedType() << " differs from "
                             << numbers.getElementType();
  auto zeroPointFits = [&](int64_t zeroPoint) {
    return zeroPoint >= type.getStorageTypeMin() && zeroPoint <= type.getStorageTypeMax();
  };
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    int64_t axis = perAxis.getQuantizedDimension();
    if (axis >= codes.getRank())
      return op->emitOpError() << "quantized axis " << axis << " is outside of " << quantized;
    if (codes.getDimSize(axis) != static_cast<int64_t>(perAxis.getScales().size()))
      return op->emitOpError() << "axis " << axis << " has " << codes.getDimSize(axis) << " channels but "
                               << perAxis.getScales().size() << " scales";
    for (int64_t zeroPoint : perAxis.getZeroPoints())
      if (!zeroPointFits(zeroPoint))
        return op->emitOpError() << "zero point " << zeroPoint << " is outside of the codes of " << type;
  } else if (!zeroPointFits(cast<quant::UniformQuantizedType>(type).getZeroPoint())) {
    return op->emitOpError() << "zero point is outside of the codes of " << type;
  }
  return success();
}

LogicalResult QuantizeOp::verify() {
  return verifyQuantization(*this, getOutput().getType(), getInput().getType());
}

LogicalResult DequantizeOp::verify() {
  return verifyQuantization(*this, getInput().getType(), getOutput().getType());
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

static LogicalResult verifyLargest(Operation *op, int64_t largest) {
  if (largest < 1 || largest > 127)
    return op->emitOpError() << "the largest code must be 1 to 127, got " << largest;
  return success();
}

/// Whether `maxima` has an i32 for each row along the last axis of `tensor`.
static LogicalResult verifyMaxima(Operation *op, Type maxima, Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  SmallVector<int64_t> shape(type.getShape());
  if (shape.empty())
    return op->emitOpError("needs tokens along an axis, got a scalar");
  shape.back() = 1;
  auto expected = RankedTensorType::get(shape, IntegerType::get(op->getContext(), 32));
  if (maxima != expected)
    return op->emitOpError() << "the maxima of the tokens of " << tensor << " should be " << expected
                             << ", got " << maxima;
  return success();
}

LogicalResult RoundTokensOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (!type.getElementType().isF32() || type.getRank() < 1)
    return emitOpError() << "rounds rows of f32, got " << type;
  return verifyLargest(*this, getLargest());
}

QuantizationKind RoundTokensOp::getQuantizationKind() { return QuantizationKind::SameScale; }

LogicalResult TokenMaximaOp::verify() {
  if (!getElementTypeOrSelf(getInput().getType()).isInteger(16))
    return emitOpError() << "needs 16-bit codes, got " << getInput().getType();
  return verifyMaxima(*this, getType(), getInput().getType());
}

LogicalResult QuantizeTokensOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!type.getElementType().isInteger(16))
    return emitOpError() << "needs 16-bit codes, got " << type;
  Type expected = type.clone(IntegerType::get(getContext(), 8));
  if (getType() != expected)
    return emitOpError() << "result should be " << expected << ", got " << getType();
  if (failed(verifyLargest(*this, getLargest())))
    return failure();
  return verifyMaxima(*this, getMaxima().getType(), type);
}

LogicalResult RescaleTokensOp::verify() {
  auto type = cast<RankedTensorType>(getSums().getType());
  if (!type.getElementType().isInteger(32) || getType() != type)
    return emitOpError() << "sums and result must be i32 of one shape, got " << type << " and " << getType();
  if (getShift() < 0 || getShift() > 31)
    return emitOpError() << "shift must be 0 to 31, got " << getShift();
  return verifyMaxima(*this, getMaxima().getType(), type);
}

//===----------------------------------------------------------------------===//
// Composites
//===----------------------------------------------------------------------===//

LogicalResult BatchNormOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  auto parameters = cast<RankedTensorType>(getScale().getType());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= type.getRank())
    return emitOpError() << "axis " << axis << " is outside of " << type;
  if (parameters.getRank() != 1 || parameters.getDimSize(0) != type.getDimSize(axis))
    return emitOpError() << "parameters must have shape [" << type.getDimSize(axis) << "], got "
                         << parameters;
  return success();
}

LogicalResult SoftmaxOp::verify() {
  int64_t rank = cast<RankedTensorType>(getInput().getType()).getRank(), axis = getAxis();
  if (axis < 0 || axis >= rank)
    return emitOpError() << "axis " << axis << " is outside of rank " << rank;
  return success();
}

LogicalResult Conv2DOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto bias = cast<RankedTensorType>(getBias().getType());
  auto output = cast<RankedTensorType>(getOutput().getType());
  if (input.getRank() != 4 || weight.getRank() != 4 || bias.getRank() != 1 || output.getRank() != 4)
    return emitOpError("needs input, weight and output of rank 4 and bias of rank 1");
  if (getPad().size() != 4 || getStride().size() != 2 || getDilation().size() != 2)
    return emitOpError("needs pad of 4 (top, bottom, left, right), stride and dilation of 2 numbers");
  if (llvm::any_of(getPad(), [](int64_t v) { return v < 0; }) ||
      llvm::any_of(getStride(), [](int64_t v) { return v < 1; }) ||
      llvm::any_of(getDilation(), [](int64_t v) { return v < 1; }))
    return emitOpError("needs pad of at least 0, stride and dilation of at least 1");
  Type in = input.getElementType(), by = weight.getElementType(), out = output.getElementType();
  bool real = in.isF32() && by.isF32() && out.isF32();
  bool integer = in.isInteger(8) && (by.isInteger(8) || by.isInteger(4)) && out.isInteger(32);
  if ((!real && !integer) || bias.getElementType() != out)
    return emitOpError() << "element types must be f32 x f32 -> f32 or i8 x i8 -> i32 (or i4 weights), the "
                            "bias that of the "
                            "result; got "
                         << in << " x " << by << " -> " << out << ", bias " << bias.getElementType();
  if (real && getInputZp() != 0)
    return emitOpError("input_zp is for integers");
  if (!input.hasStaticShape() || !weight.hasStaticShape() || !output.hasStaticShape())
    return success();
  int64_t group = getGroup(), channels = input.getDimSize(3), outputs = weight.getDimSize(0);
  if (group < 1 || channels % group || outputs % group)
    return emitOpError() << "group " << group << " must divide " << channels << " input and " << outputs
                         << " output channels";
  if (weight.getDimSize(3) != channels / group)
    return emitOpError() << "weight has " << weight.getDimSize(3) << " input channels, expected "
                         << channels / group;
  if (bias.getDimSize(0) != outputs)
    return emitOpError() << "bias has " << bias.getDimSize(0) << " elements, expected " << outputs;
  auto size = [&](int axis) {
    int64_t padded = input.getDimSize(1 + axis) + getPad()[2 * axis] + getPad()[2 * axis + 1];
    int64_t extent = getDilation()[axis] * (weight.getDimSize(1 + axis) - 1) + 1;
    return padded < extent ? 0 : (padded - extent) / getStride()[axis] + 1;
  };
  SmallVector<int64_t> expected{input.getDimSize(0), size(0), size(1), outputs};
  if (output.getShape() != ArrayRef<int64_t>(expected))
    return emitOpError() << "result shape should be [" << expected << "], got " << output;
  return success();
}

QuantizationKind Conv2DOp::getQuantizationKind() { return QuantizationKind::Contraction; }
std::optional<unsigned> Conv2DOp::getWeightOperand() { return 1; }
std::optional<unsigned> Conv2DOp::getBiasOperand() { return 2; }
SmallVector<int64_t> Conv2DOp::getWeightChannelAxes() { return {0}; }
SmallVector<int64_t> Conv2DOp::getWeightReductionAxes() { return {1, 2, 3}; }

QuantizationKind ActivationOp::getQuantizationKind() { return QuantizationKind::Elementwise; }
std::optional<std::pair<double, double>> ActivationOp::getKnownRange() {
  if (getKind() == ActivationKind::HardSigmoid)
    return std::make_pair(0.0, 1.0);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// kernel: @name (%arg = %operand : type, ...) -> types { ... }
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  if (parser.parseSymbolName(name, "sym_name", result.attributes))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> operandTypes;
  auto parseOperand = [&]() -> ParseResult {
    auto &argument = arguments.emplace_back();
    if (parser.parseArgument(argument) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) || parser.parseColonType(argument.type))
      return failure();
    operandTypes.push_back(argument.type);
    return success();
  };
  SmallVector<Type> resultTypes;
  SMLoc where = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOperand) || parser.parseArrow() ||
      parser.parseTypeList(resultTypes) ||
      parser.resolveOperands(operands, operandTypes, where, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  result.addTypes(resultTypes);
  return parser.parseRegion(*result.addRegion(), arguments);
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    auto [argument, operand] = pair;
    printer << argument << " = " << operand << " : " << operand.getType();
  });
  printer << ") -> ";
  llvm::interleaveComma(getResultTypes(), printer);
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"sym_name"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("region arguments must have the types of the operands");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().getTypes() != getResultTypes())
    return emitOpError("must end with narrow.yield of its result types");
  return success();
}
