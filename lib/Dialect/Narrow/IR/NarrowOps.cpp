//===- NarrowOps.cpp - Operations of the narrow dialect -------------------===//
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Signs.h"

using namespace mlir;
using namespace narrow;

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
  if (ElementsAttr unrounded = getUnroundedAttr(); unrounded && unrounded.getShapedType() != type)
    return emitOpError() << "unrounded weights must have the type " << type << ", got "
                         << unrounded.getShapedType();
  if (getUnroundedAttr() && !getWeight())
    return emitOpError("has unrounded weights and observes no weight");
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

/// What convolutions of any element type have to fulfil.
template <typename Op>
static LogicalResult verifyWindow(Op op) {
  auto type = [](Value value) { return cast<RankedTensorType>(value.getType()); };
  RankedTensorType input = type(op.getInput()), weight = type(op.getWeight()), bias = type(op.getBias()),
                   output = type(op.getOutput());
  if (input.getRank() != 4 || weight.getRank() != 4 || bias.getRank() != 1 || output.getRank() != 4)
    return op.emitOpError("needs input, weight and output of rank 4 and bias of rank 1");
  if (op.getPad().size() != 4 || op.getStride().size() != 2 || op.getDilation().size() != 2)
    return op.emitOpError("needs pad of 4 (top, bottom, left, right), stride and dilation of 2 numbers");
  if (llvm::any_of(op.getPad(), [](int64_t v) { return v < 0; }) ||
      llvm::any_of(op.getStride(), [](int64_t v) { return v < 1; }) ||
      llvm::any_of(op.getDilation(), [](int64_t v) { return v < 1; }))
    return op.emitOpError("needs pad of at least 0, stride and dilation of at least 1");
  if (!input.hasStaticShape() || !weight.hasStaticShape() || !output.hasStaticShape())
    return success();
  int64_t outputs = weight.getDimSize(0);
  if (bias.getDimSize(0) != outputs)
    return op.emitOpError() << "bias has " << bias.getDimSize(0) << " elements, expected " << outputs;
  auto size = [&](int axis) {
    int64_t padded = input.getDimSize(1 + axis) + op.getPad()[2 * axis] + op.getPad()[2 * axis + 1];
    int64_t extent = op.getDilation()[axis] * (weight.getDimSize(1 + axis) - 1) + 1;
    return padded < extent ? 0 : (padded - extent) / op.getStride()[axis] + 1;
  };
  SmallVector<int64_t> expected{input.getDimSize(0), size(0), size(1), outputs};
  if (output.getShape() != ArrayRef<int64_t>(expected))
    return op.emitOpError() << "result shape should be [" << expected << "], got " << output;
  return success();
}

LogicalResult Conv2DOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto bias = cast<RankedTensorType>(getBias().getType());
  auto output = cast<RankedTensorType>(getOutput().getType());
  if (failed(verifyWindow(*this)))
    return failure();
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
  return success();
}

/// The words of so many signs.
static int64_t countWords(int64_t signs) { return llvm::divideCeil(signs, numerics::signsPerWord); }

LogicalResult PackSignsOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!type.getElementType().isInteger(8) || type.getRank() < 1)
    return emitOpError() << "packs rows of 8-bit codes, got " << type;
  auto threshold = static_cast<int64_t>(getThreshold());
  if (threshold < -127 || threshold > 127)
    return emitOpError() << "threshold must be -127 to 127, got " << threshold;
  SmallVector<int64_t> shape(type.getShape());
  if (!ShapedType::isDynamic(shape.back()))
    shape.back() = countWords(shape.back());
  auto expected = RankedTensorType::get(shape, IntegerType::get(getContext(), 32));
  if (getType() != expected)
    return emitOpError() << "result should be " << expected << ", got " << getType();
  return success();
}

LogicalResult XnorConv2DOp::verify() {
  if (failed(verifyWindow(*this)))
    return failure();
  auto input = cast<RankedTensorType>(getInput().getType()),
       weight = cast<RankedTensorType>(getWeight().getType());
  for (Type type : {Type(input), Type(weight), Type(getBias().getType()), Type(getOutput().getType())})
    if (!getElementTypeOrSelf(type).isInteger(32))
      return emitOpError() << "words and sums are i32, got " << type;
  int64_t words = countWords(getChannels()), outputs = weight.getDimSize(0);
  if (getChannels() < 1 || input.getDimSize(3) != words || weight.getDimSize(3) != words)
    return emitOpError() << getChannels() << " channels are " << words << " words, got " << input << " and "
                         << weight;
  if (getFactors().size() != 1 && static_cast<int64_t>(getFactors().size()) != outputs)
    return emitOpError() << "factors: one or " << outputs << " numbers, got " << getFactors().size();
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
  if (getKind() == ActivationKind::Sign || getKind() == ActivationKind::Binarize)
    return std::make_pair(-1.0, 1.0);
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
  if (getBuffers() && getBuffers()->size() != getNumResults())
    return emitOpError() << "has " << getBuffers()->size() << " buffers for " << getNumResults() << " results";
  return success();
}
