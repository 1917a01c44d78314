//===- Constants.cpp - Constant, Shape, Range and the like ----------------===//
#include "Registry.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

static LogicalResult importConstant(OpContext &ctx) {
  const onnx::NodeProto &node = ctx.getNode();
  if (node.attribute_size() != 1)
    return ctx.error() << "needs exactly one attribute with its value";
  const onnx::AttributeProto &attribute = node.attribute(0);
  StringRef name = attribute.name();
  if (name == "value" && attribute.has_t()) {
    llvm::Expected<ConstantTensor> tensor = ctx.getLoader().load(attribute.t());
    if (!tensor)
      return ctx.error() << "attribute 'value' " << llvm::toString(tensor.takeError());
    if (node.output_size())
      tensor->name = node.output(0);
    ctx.setResult(0, Tensor(std::move(*tensor)));
  } else if (name == "value_float") {
    ctx.setResult(0, Tensor(ConstantTensor({}, {attribute.f()})));
  } else if (name == "value_floats") {
    ctx.setResult(0, Tensor(ConstantTensor({attribute.floats_size()},
                                           {attribute.floats().begin(), attribute.floats().end()})));
  } else if (name == "value_int") {
    ctx.setResult(0, Tensor(ConstantTensor(ElementType::I64, {}, {attribute.i()})));
  } else if (name == "value_ints") {
    ctx.setResult(0, Tensor(ConstantTensor(ElementType::I64, {attribute.ints_size()},
                                           {attribute.ints().begin(), attribute.ints().end()})));
  } else {
    return ctx.error() << "attribute '" << name << "' is not supported";
  }
  return success();
}

static LogicalResult foldConstantOfShape(OpContext &ctx) {
  FailureOr<SmallVector<int64_t>> dims = ctx.integers(0);
  if (failed(dims))
    return failure();
  std::optional<int64_t> count = countElements(*dims);
  if (!count || *count > foldLimit)
    return ctx.error() << "cannot build a constant of shape " << toString(*dims);
  ConstantTensor value(Shape{1}, {0.0f});
  if (const onnx::AttributeProto *attribute = ctx.find("value")) {
    llvm::Expected<ConstantTensor> loaded = ctx.getLoader().load(attribute->t());
    if (!loaded)
      return ctx.error() << "attribute 'value' " << llvm::toString(loaded.takeError());
    if (loaded->size() != 1)
      return ctx.error() << "attribute 'value' must have one element";
    value = std::move(*loaded);
  }
  ctx.setResult(0, Tensor(value.gathered(Shape(*dims), std::vector<int64_t>(*count, 0))));
  return success();
}

/// Shapes are static, so this is always a constant.
static LogicalResult importShape(OpContext &ctx) {
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  int64_t rank = shape.size();
  auto normalize = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = normalize(ctx.getInt("start", 0)), end = normalize(ctx.getInt("end", rank));
  ctx.setResult(0, Tensor(ConstantTensor::fromDims(shape.slice(start, std::max<int64_t>(end - start, 0)))));
  return success();
}

static LogicalResult importSize(OpContext &ctx) {
  ctx.setResult(
      0, Tensor(ConstantTensor(ElementType::I64, {}, {countElements(ctx.input(0).getShape()).value_or(0)})));
  return success();
}

static LogicalResult foldRange(OpContext &ctx) {
  FailureOr<double> start = ctx.scalar(0), limit = ctx.scalar(1), delta = ctx.scalar(2);
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  double count = std::ceil((*limit - *start) / *delta);
  if (!(std::isfinite(count) && count <= static_cast<double>(foldLimit)))
    return ctx.error() << "cannot count from " << *start << " to " << *limit << " in steps of " << *delta;
  int64_t size = std::max<int64_t>(static_cast<int64_t>(count), 0);
  const ConstantTensor &first = *ctx.input(0).constant, &step = *ctx.input(2).constant;
  if (first.isFloat() != step.isFloat())
    return ctx.error() << "operands have different element types";
  if (first.isFloat()) {
    std::vector<float> values(size);
    for (int64_t i = 0; i < size; ++i)
      values[i] = static_cast<float>(*start + i * *delta);
    ctx.setResult(0, Tensor(ConstantTensor({size}, std::move(values))));
  } else {
    std::vector<int64_t> values(size);
    for (int64_t i = 0; i < size; ++i) // Unsigned, since values of a broken file may overflow.
      values[i] = static_cast<int64_t>(static_cast<uint64_t>(first.getIntegers()[0]) +
                                       i * static_cast<uint64_t>(step.getIntegers()[0]));
    ctx.setResult(0, Tensor(ConstantTensor(first.getType(), {size}, std::move(values))));
  }
  return success();
}

void narrow::onnx_import::registerConstants(Registry &registry) {
  registry["Constant"] = {0, 0, importConstant, importConstant, 7, "no strings, no sparse values"};
  registry["ConstantOfShape"] = {1, 1, nullptr, foldConstantOfShape, 9};
  registry["Shape"] = {1, 1, importShape, importShape};
  registry["Size"] = {1, 1, importSize, importSize};
  registry["Range"] = {3, 3, nullptr, foldRange, 11};
}
