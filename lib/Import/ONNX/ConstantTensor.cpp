//===- ConstantTensor.cpp - Tensors known at import time ------------------===//
#include "ConstantTensor.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace narrow::onnx_import;
using llvm::ArrayRef;

llvm::StringRef narrow::onnx_import::getName(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "float";
  case ElementType::I64:
    return "int64";
  case ElementType::I32:
    return "int32";
  case ElementType::I16:
    return "int16";
  case ElementType::I8:
    return "int8";
  case ElementType::U16:
    return "uint16";
  case ElementType::U8:
    return "uint8";
  case ElementType::Bool:
    return "bool";
  }
  return "unknown";
}

std::pair<int64_t, int64_t> narrow::onnx_import::getRange(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return {-128, 127};
  case ElementType::U8:
    return {0, 255};
  case ElementType::I16:
    return {-32768, 32767};
  case ElementType::U16:
    return {0, 65535};
  case ElementType::Bool:
    return {0, 1};
  case ElementType::I32:
    return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  case ElementType::F32:
  case ElementType::I64:
    break;
  }
  return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
}

std::optional<int64_t> narrow::onnx_import::countElements(ArrayRef<int64_t> shape) {
  constexpr int64_t limit = int64_t(1) << 40;
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0) {
      empty = true;
      continue;
    }
    if (dim > limit / count)
      return std::nullopt;
    count *= dim;
  }
  return empty ? 0 : count;
}

Shape narrow::onnx_import::getStrides(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

std::optional<Shape> narrow::onnx_import::broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Shape result(a);
  size_t offset = a.size() - b.size();
  for (auto [i, dim] : llvm::enumerate(b)) {
    int64_t &out = result[offset + i];
    if (out == dim || dim == 1)
      continue;
    if (out != 1)
      return std::nullopt;
    out = dim;
  }
  return result;
}

void narrow::onnx_import::forEachOffset(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, int64_t start,
                                        llvm::function_ref<void(int64_t)> visit) {
  if (llvm::is_contained(shape, 0))
    return;
  Shape index(shape.size(), 0);
  int64_t offset = start;
  while (true) {
    visit(offset);
    int64_t axis = static_cast<int64_t>(shape.size()) - 1;
    for (; axis >= 0; --axis) {
      offset += strides[axis];
      if (++index[axis] < shape[axis])
        break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0)
      return;
  }
}

ConstantTensor::ConstantTensor(Shape shape, std::vector<float> values)
    : type(ElementType::F32), shape(std::move(shape)),
      floats(std::make_shared<const std::vector<float>>(std::move(values))) {}

ConstantTensor::ConstantTensor(ElementType type, Shape shape, std::vector<int64_t> values)
    : type(type), shape(std::move(shape)),
      integers(std::make_shared<const std::vector<int64_t>>(std::move(values))) {}

ConstantTensor ConstantTensor::fromDims(ArrayRef<int64_t> dims) {
  return ConstantTensor(ElementType::I64, {static_cast<int64_t>(dims.size())}, dims.vec());
}

ArrayRef<float> ConstantTensor::getFloats() const {
  return floats ? ArrayRef<float>(*floats) : ArrayRef<float>();
}

ArrayRef<int64_t> ConstantTensor::getIntegers() const {
  return integers ? ArrayRef<int64_t>(*integers) : ArrayRef<int64_t>();
}

std::optional<ConstantTensor> ConstantTensor::reshaped(ArrayRef<int64_t> newShape) const {
  ConstantTensor result = *this;
  if (quantization && quantization->isPerAxis()) {
    // The axis survives if the sizes before it and its own size agree.
    int64_t axis = quantization->axis, before = 1, newBefore = 1;
    for (int64_t dim : getShape().take_front(axis))
      before *= dim;
    std::optional<int64_t> newAxis;
    for (auto [i, dim] : llvm::enumerate(newShape)) {
      if (newBefore == before && dim == shape[axis]) {
        newAxis = i;
        break;
      }
      newBefore *= dim;
    }
    if (!newAxis)
      return std::nullopt;
    result.quantization->axis = *newAxis;
  }
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

ConstantTensor ConstantTensor::gathered(Shape newShape, ArrayRef<int64_t> sources) const {
  ConstantTensor result = *this;
  result.shape = std::move(newShape);
  if (floats) {
    std::vector<float> values(sources.size());
    for (auto [i, source] : llvm::enumerate(sources))
      values[i] = (*floats)[source];
    result.floats = std::make_shared<const std::vector<float>>(std::move(values));
  } else if (integers) {
    std::vector<int64_t> values(sources.size());
    for (auto [i, source] : llvm::enumerate(sources))
      values[i] = (*integers)[source];
    result.integers = std::make_shared<const std::vector<int64_t>>(std::move(values));
  }
  return result;
}

ConstantTensor ConstantTensor::transposed(ArrayRef<int64_t> permutation) const {
  Shape strides = getStrides(shape), newShape, newStrides;
  for (int64_t axis : permutation) {
    newShape.push_back(shape[axis]);
    newStrides.push_back(strides[axis]);
  }
  std::vector<int64_t> sources;
  sources.reserve(size());
  forEachOffset(newShape, newStrides, 0, [&](int64_t offset) { sources.push_back(offset); });
  ConstantTensor result = gathered(newShape, sources);
  if (result.quantization && result.quantization->isPerAxis())
    result.quantization->axis = llvm::find(permutation, quantization->axis) - permutation.begin();
  return result;
}

ConstantTensor ConstantTensor::broadcastTo(ArrayRef<int64_t> newShape) const {
  if (newShape == getShape())
    return *this;
  Shape strides = getStrides(shape), newStrides(newShape.size(), 0);
  size_t offset = newShape.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i)
    newStrides[offset + i] = shape[i] == 1 ? 0 : strides[i];
  std::vector<int64_t> sources;
  forEachOffset(newShape, newStrides, 0, [&](int64_t source) { sources.push_back(source); });
  return gathered(Shape(newShape), sources);
}

ConstantTensor ConstantTensor::dequantized() const {
  if (!quantization)
    return *this;
  int64_t stride = quantization->isPerAxis() ? getStrides(shape)[quantization->axis] : 1;
  int64_t channels = quantization->scales.size();
  std::vector<float> values;
  for (auto [i, code] : llvm::enumerate(getIntegers())) {
    int64_t channel = static_cast<int64_t>(i) / stride % channels;
    values.push_back(static_cast<float>(code - quantization->zeroPoints[channel]) *
                     quantization->scales[channel]);
  }
  ConstantTensor result(Shape(shape), std::move(values));
  result.name = name;
  return result;
}

std::optional<int64_t> ConstantTensor::findNonFinite() const {
  for (auto [i, value] : llvm::enumerate(getFloats()))
    if (!std::isfinite(value))
      return i;
  return std::nullopt;
}
