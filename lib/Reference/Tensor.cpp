//===- Tensor.cpp - Tensors in host memory --------------------------------===//
#include "narrow/Reference/Tensor.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow::reference;

std::optional<ElementKind> narrow::reference::getElementKind(Type type) {
  bool isUnsigned = false;
  if (auto quantized = dyn_cast<quant::QuantizedType>(type)) {
    isUnsigned = !quantized.isSigned();
    type = quantized.getStorageType();
  }
  if (type.isF32())
    return ElementKind::F32;
  if (type.isIndex())
    return ElementKind::I64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  isUnsigned |= integer.isUnsigned();
  unsigned width = integer.getWidth();
  if (width == 1)
    return ElementKind::I1;
  if (width <= 8)
    return isUnsigned ? ElementKind::U8 : ElementKind::I8;
  if (width <= 16)
    return isUnsigned ? ElementKind::U16 : ElementKind::I16;
  // There is no kind for unsigned 32 bits: no stage has such codes.
  if (width <= 64 && !isUnsigned)
    return width <= 32 ? ElementKind::I32 : ElementKind::I64;
  return std::nullopt;
}

static int64_t product(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

Tensor::Tensor(ElementKind kind, ArrayRef<int64_t> shape)
    : kind(kind), shape(shape), bytes(product(shape) * getByteWidth(kind)) {}

int64_t Tensor::getNumElements() const { return product(shape); }

std::optional<Tensor> narrow::reference::decodeConstant(ElementsAttr attr) {
  if (!attr)
    return std::nullopt;
  auto kind = getElementKind(attr.getElementType());
  if (!kind)
    return std::nullopt;
  ArrayRef<int64_t> shape = attr.getShapedType().getShape();
  if (*kind == ElementKind::F32) {
    auto values = getFloats(attr);
    if (!values || static_cast<int64_t>(values->size()) != product(shape))
      return std::nullopt;
    return Tensor(shape, ArrayRef<float>(*values));
  }
  auto values = getIntegers(attr);
  if (!values || static_cast<int64_t>(values->size()) != product(shape))
    return std::nullopt;
  Tensor tensor(*kind, shape);
  dispatch(*kind, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, float>)
      llvm::copy(*values, tensor.values<T>().begin());
  });
  return tensor;
}
