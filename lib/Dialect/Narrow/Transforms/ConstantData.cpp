//===- ConstantData.cpp - Moving the bytes of constants -------------------===//
#include "ConstantData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>

using namespace mlir;
using namespace narrow;

Permutation narrow::invert(ArrayRef<int32_t> perms) {
  Permutation out(perms.size());
  for (auto [index, p] : llvm::enumerate(perms))
    out[p] = static_cast<int32_t>(index);
  return out;
}

Permutation narrow::compose(ArrayRef<int32_t> first, ArrayRef<int32_t> second) {
  return permute(first, second);
}

bool narrow::isIdentity(ArrayRef<int32_t> perms) {
  return llvm::all_of(llvm::enumerate(perms),
                      [](auto pair) { return static_cast<size_t>(pair.value()) == pair.index(); });
}

void narrow::forEachOffset(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                           function_ref<void(int64_t)> visit) {
  if (llvm::is_contained(shape, 0))
    return;
  int64_t rank = shape.size(), offset = 0;
  SmallVector<int64_t> index(rank, 0);
  while (true) {
    visit(offset);
    int64_t dim = rank - 1;
    for (; dim >= 0; --dim) {
      offset += strides[dim];
      if (++index[dim] < shape[dim])
        break;
      offset -= strides[dim] * shape[dim];
      index[dim] = 0;
    }
    if (dim < 0)
      return;
  }
}

std::optional<ConstantData> ConstantData::read(ElementsAttr attr) {
  auto type = attr ? dyn_cast<RankedTensorType>(attr.getShapedType()) : RankedTensorType();
  if (!type || !type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8)
    return std::nullopt;
  ConstantData out;
  out.shape = llvm::to_vector(type.getShape());
  out.elementType = type.getElementType();
  out.width = type.getElementTypeBitWidth() / 8;
  ArrayRef<char> raw;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    raw = dense.getRawData();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      raw = blob->getData();
  }
  size_t wanted = out.size() * out.width;
  if (raw.size() == wanted) {
    out.bytes.assign(raw.begin(), raw.end());
  } else if (raw.size() == out.width && wanted) {
    out.bytes.resize(wanted);
    out.fill(raw);
  } else {
    return std::nullopt;
  }
  return out;
}

std::optional<ConstantData> ConstantData::read(Value value) {
  if (auto constant = value.getDefiningOp<tosa::ConstOp>())
    return read(constant.getValues());
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return read(dyn_cast<ElementsAttr>(constant.getValue()));
  return std::nullopt;
}

ConstantData ConstantData::like(ArrayRef<int64_t> newShape) const {
  ConstantData out;
  out.shape = llvm::to_vector(newShape);
  out.elementType = elementType;
  out.width = width;
  out.bytes.resize(out.size() * width);
  return out;
}

DenseElementsAttr ConstantData::toAttr() const {
  return DenseElementsAttr::getFromRawBuffer(RankedTensorType::get(shape, elementType), bytes);
}

Value ConstantData::create(OpBuilder &builder, Location loc) const {
  DenseElementsAttr attr = toAttr();
  return tosa::ConstOp::create(builder, loc, attr.getType(), attr);
}

int64_t ConstantData::size() const { return llvm::product_of(shape); }

SmallVector<int64_t> ConstantData::strides() const {
  SmallVector<int64_t> out(shape.size(), 1);
  for (int64_t dim = rank() - 2; dim >= 0; --dim)
    out[dim] = out[dim + 1] * shape[dim + 1];
  return out;
}

ConstantData ConstantData::transpose(ArrayRef<int32_t> perms) const {
  ConstantData out = like(permute<int64_t>(shape, perms));
  char *to = out.bytes.data();
  forEachOffset(out.shape, permute<int64_t>(strides(), perms), [&](int64_t offset) {
    std::memcpy(to, bytes.data() + offset * width, width);
    to += width;
  });
  return out;
}

ConstantData ConstantData::slice(ArrayRef<int64_t> start, ArrayRef<int64_t> sizes) const {
  ConstantData out = like(sizes);
  SmallVector<int64_t> step = strides();
  int64_t first = 0;
  for (auto [index, stride] : llvm::zip(start, step))
    first += index * stride;
  char *to = out.bytes.data();
  forEachOffset(sizes, step, [&](int64_t offset) {
    std::memcpy(to, bytes.data() + (first + offset) * width, width);
    to += width;
  });
  return out;
}

void ConstantData::insert(const ConstantData &source, ArrayRef<int64_t> start) {
  SmallVector<int64_t> step = strides();
  int64_t first = 0;
  for (auto [index, stride] : llvm::zip(start, step))
    first += index * stride;
  const char *from = source.bytes.data();
  forEachOffset(source.shape, step, [&](int64_t offset) {
    std::memcpy(bytes.data() + (first + offset) * width, from, width);
    from += width;
  });
}

void ConstantData::fill(ArrayRef<char> element) {
  for (size_t i = 0; i < bytes.size(); i += width)
    std::memcpy(bytes.data() + i, element.data(), width);
}
