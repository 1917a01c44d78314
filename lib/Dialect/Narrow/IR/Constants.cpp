//===- Constants.cpp - Reading and writing constant tensors ---------------===//
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include <cstring>

using namespace mlir;

ElementsAttr narrow::getConstant(Value value) {
  while (auto observe = value.getDefiningOp<ObserveOp>())
    value = observe.getInput();
  if (auto constant = value.getDefiningOp<tosa::ConstOp>())
    return constant.getValues();
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return dyn_cast<ElementsAttr>(constant.getValue());
  return {};
}

/// Raw bytes of a dense_resource constant, or nothing.
static std::optional<ArrayRef<char>> getBlob(ElementsAttr attr) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  return blob->getData();
}

std::optional<std::vector<float>> narrow::getFloats(ElementsAttr attr) {
  if (!attr || !attr.getElementType().isF32())
    return std::nullopt;
  if (auto blob = getBlob(attr)) {
    std::vector<float> out(attr.getNumElements());
    if (blob->size() != out.size() * sizeof(float))
      return std::nullopt;
    std::memcpy(out.data(), blob->data(), blob->size());
    return out;
  }
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    auto values = dense.getValues<float>();
    return std::vector<float>(values.begin(), values.end());
  }
  return std::nullopt;
}

std::optional<std::vector<int64_t>> narrow::getIntegers(ElementsAttr attr) {
  if (!attr || !attr.getElementType().isIntOrIndex())
    return std::nullopt;
  std::vector<int64_t> out;
  out.reserve(attr.getNumElements());
  if (auto blob = getBlob(attr)) {
    unsigned bits = attr.getElementType().getIntOrFloatBitWidth(), bytes = (bits + 7) / 8;
    if (blob->size() != attr.getNumElements() * static_cast<size_t>(bytes) || bytes > 8)
      return std::nullopt;
    for (size_t i = 0; i < blob->size(); i += bytes) {
      uint64_t raw = 0;
      std::memcpy(&raw, blob->data() + i, bytes);
      out.push_back(static_cast<int64_t>(raw << (64 - 8 * bytes)) >> (64 - 8 * bytes));
    }
    return out;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  if (dense.getElementType().isInteger(8)) { // Much faster than APInt.
    for (int8_t value : dense.getValues<int8_t>())
      out.push_back(value);
    return out;
  }
  if (dense.getElementType().isInteger(32)) {
    for (int32_t value : dense.getValues<int32_t>())
      out.push_back(value);
    return out;
  }
  for (const APInt &value : dense.getValues<APInt>())
    out.push_back(value.getBitWidth() == 1 ? value.getZExtValue() : value.getSExtValue());
  return out;
}

std::optional<std::vector<float>> narrow::getFloats(Value value) { return getFloats(getConstant(value)); }

std::optional<std::vector<int64_t>> narrow::getIntegers(Value value) {
  return getIntegers(getConstant(value));
}

Value narrow::createConstant(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape,
                             ArrayRef<float> values) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return tosa::ConstOp::create(builder, loc, type, DenseElementsAttr::get(type, values));
}

Value narrow::createConstant(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape,
                             ArrayRef<int64_t> values, IntegerType elementType) {
  auto type = RankedTensorType::get(shape, elementType);
  DenseElementsAttr attr;
  if (elementType.isInteger(8)) {
    attr = DenseElementsAttr::get(type, ArrayRef<int8_t>(SmallVector<int8_t>(values)));
  } else if (elementType.isInteger(32)) {
    attr = DenseElementsAttr::get(type, ArrayRef<int32_t>(SmallVector<int32_t>(values)));
  } else {
    SmallVector<APInt> wide;
    for (int64_t value : values)
      wide.emplace_back(elementType.getWidth(), value, /*isSigned=*/true);
    attr = DenseElementsAttr::get(type, wide);
  }
  return tosa::ConstOp::create(builder, loc, type, attr);
}

Value narrow::createShape(OpBuilder &builder, Location loc, ArrayRef<int64_t> dims) {
  auto attr = builder.getIndexTensorAttr(dims);
  return tosa::ConstShapeOp::create(builder, loc, tosa::shapeType::get(builder.getContext(), dims.size()),
                                    attr);
}

std::optional<SmallVector<int64_t>> narrow::getShapeDims(Value value) {
  auto shape = value.getDefiningOp<tosa::ConstShapeOp>();
  if (!shape)
    return std::nullopt;
  SmallVector<int64_t> dims;
  for (const APInt &dim : shape.getValues().getValues<APInt>())
    dims.push_back(dim.getSExtValue());
  return dims;
}
