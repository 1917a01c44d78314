//===- OpContext.cpp - Attributes and inputs of a node --------------------===//
#include "OpContext.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace narrow::onnx_import;

std::string narrow::onnx_import::toString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os);
  return text + "]";
}

static Location getNodeLocation(MLIRContext *context, const onnx::NodeProto &node) {
  for (const std::string &output : node.output())
    if (!output.empty())
      return NameLoc::get(StringAttr::get(context, output));
  if (!node.name().empty())
    return NameLoc::get(StringAttr::get(context, node.name()));
  return UnknownLoc::get(context);
}

OpContext::OpContext(OpBuilder &builder, const onnx::NodeProto &node, int64_t opset, Location file,
                     TensorLoader &loader, SmallVector<const Tensor *> inputs)
    : builder(builder), loc(getNodeLocation(builder.getContext(), node)), node(node), opset(opset),
      file(file), loader(loader), inputs(std::move(inputs)), results(node.output_size()) {}

std::string OpContext::describe() const {
  StringRef name = node.name();
  if (name.empty() && node.output_size())
    name = node.output(0);
  return ("node '" + name + "' (" + node.op_type() + ", opset " + Twine(opset) + "): ").str();
}

InFlightDiagnostic OpContext::error() {
  failed_ = true;
  return emitError(file) << describe();
}

InFlightDiagnostic OpContext::warning() { return emitWarning(file) << describe(); }

LogicalResult OpContext::unsupported(StringRef attribute, const Twine &value, const Twine &hint) {
  auto diagnostic = error() << "attribute '" << attribute << "' has the value " << value
                            << ", which is not supported";
  if (!hint.isTriviallyEmpty())
    diagnostic << "; " << hint;
  return diagnostic;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const onnx::AttributeProto *OpContext::find(StringRef name) const {
  for (const auto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

/// The attribute if it is present and has the given type (files of IR version 1
/// omit the type; the empty value is then the field's default).
const onnx::AttributeProto *OpContext::find(StringRef name, int type, const char *typeName) {
  const onnx::AttributeProto *attribute = find(name);
  if (!attribute)
    return nullptr;
  if (attribute->has_type() && attribute->type() != type) {
    error() << "attribute '" << name << "' is not " << typeName;
    return nullptr;
  }
  return attribute;
}

int64_t OpContext::getInt(StringRef name, int64_t byDefault) {
  const auto *attribute = find(name, onnx::AttributeProto::INT, "an integer");
  return attribute ? attribute->i() : byDefault;
}

float OpContext::getFloat(StringRef name, float byDefault) {
  const auto *attribute = find(name, onnx::AttributeProto::FLOAT, "a number");
  return attribute ? attribute->f() : byDefault;
}

StringRef OpContext::getString(StringRef name, StringRef byDefault) {
  const auto *attribute = find(name, onnx::AttributeProto::STRING, "a string");
  return attribute ? StringRef(attribute->s()) : byDefault;
}

std::optional<SmallVector<int64_t>> OpContext::getInts(StringRef name) {
  const auto *attribute = find(name, onnx::AttributeProto::INTS, "a list of integers");
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints().begin(), attribute->ints().end());
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

FailureOr<Value> OpContext::value(unsigned index) { return value(input(index), getInputName(index)); }

FailureOr<Value> OpContext::value(const Tensor &tensor, StringRef name) {
  if (tensor.constant)
    return materialize(*tensor.constant, name);
  Type element = cast<RankedTensorType>(tensor.value.getType()).getElementType();
  if (!element.isF32())
    return error() << "input '" << name << "' has element type " << element
                   << ", only float is supported here";
  return tensor.value;
}

FailureOr<Tensor> OpContext::movable(unsigned index) {
  const Tensor &tensor = input(index);
  if (tensor.value && isa<quant::UniformQuantizedPerAxisType>(
                          cast<RankedTensorType>(tensor.value.getType()).getElementType()))
    return error() << "input '" << getInputName(index)
                   << "' is quantized per axis, which is supported only up to the next DequantizeLinear";
  return tensor;
}

FailureOr<ConstantTensor> OpContext::constant(unsigned index) {
  if (!input(index).isFoldable())
    return error() << "input " << index << " ('" << getInputName(index)
                   << "') must be a constant or follow from constants and shapes";
  return *input(index).constant;
}

FailureOr<SmallVector<int64_t>> OpContext::integers(unsigned index) {
  FailureOr<ConstantTensor> tensor = constant(index);
  if (mlir::failed(tensor))
    return failure();
  if (tensor->isFloat())
    return error() << "input " << index << " ('" << getInputName(index) << "') must hold integers";
  return SmallVector<int64_t>(tensor->getIntegers());
}

FailureOr<double> OpContext::scalar(unsigned index) {
  FailureOr<ConstantTensor> tensor = constant(index);
  if (mlir::failed(tensor))
    return failure();
  if (tensor->size() != 1)
    return error() << "input " << index << " ('" << getInputName(index)
                   << "') must be a single number, has shape " << toString(tensor->getShape());
  return tensor->isFloat() ? tensor->getFloats()[0] : static_cast<double>(tensor->getIntegers()[0]);
}

bool OpContext::allFoldable() const {
  return llvm::all_of(inputs, [](const Tensor *tensor) { return !tensor || tensor->isFoldable(); });
}

FailureOr<std::optional<SmallVector<int64_t>>> OpContext::integersByOpset(StringRef name, unsigned index,
                                                                          int64_t since) {
  if (opset < since)
    return getInts(name);
  if (!has(index))
    return std::optional<SmallVector<int64_t>>();
  FailureOr<SmallVector<int64_t>> values = integers(index);
  if (mlir::failed(values))
    return failure();
  return std::optional(std::move(*values));
}

FailureOr<int64_t> OpContext::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return error() << "axis " << axis << " is outside of rank " << rank;
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> OpContext::normalizeAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normalized = normalizeAxis(axis, rank);
    if (mlir::failed(normalized))
      return failure();
    if (llvm::is_contained(result, *normalized))
      return error() << "axis " << axis << " is given twice";
    result.push_back(*normalized);
  }
  return result;
}

void OpContext::setResult(unsigned index, Tensor tensor) {
  if (index < results.size())
    results[index] = std::move(tensor);
}
