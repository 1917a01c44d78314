//===- ConstantData.h - Moving the bytes of constants -----------*- C++ -*-===//
//
// Transposing, slicing and padding of constants of any size and element type
// work on their raw bytes: no attribute is made for an element.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_CONSTANTDATA_H
#define NARROW_TRANSFORMS_CONSTANTDATA_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"
#include <optional>
#include <vector>

namespace narrow {

/// A permutation of the dims of a tensor: dim i of the result is dim perms[i]
/// of the operand, as `tosa.transpose` counts.
using Permutation = SmallVector<int32_t>;

Permutation invert(ArrayRef<int32_t> perms);
/// First `first`, then `second`.
Permutation compose(ArrayRef<int32_t> first, ArrayRef<int32_t> second);
bool isIdentity(ArrayRef<int32_t> perms);

template <typename T>
SmallVector<T> permute(ArrayRef<T> values, ArrayRef<int32_t> perms) {
  SmallVector<T> out;
  for (int32_t p : perms)
    out.push_back(values[p]);
  return out;
}

/// Elements of `width` bytes in row-major order.
struct ConstantData {
  SmallVector<int64_t> shape;
  Type elementType;
  size_t width = 0;
  std::vector<char> bytes;

  /// Expands splats. Nothing if the attribute has elements that are not whole
  /// bytes, or no data.
  static std::optional<ConstantData> read(ElementsAttr attr);
  /// The constant behind `value`, if it is one and is not observed.
  static std::optional<ConstantData> read(Value value);
  /// A zero-filled tensor of the same element type.
  ConstantData like(ArrayRef<int64_t> newShape) const;

  DenseElementsAttr toAttr() const;
  /// tosa.const.
  Value create(OpBuilder &builder, Location loc) const;

  int64_t size() const;
  int64_t rank() const { return shape.size(); }
  SmallVector<int64_t> strides() const;

  ConstantData transpose(ArrayRef<int32_t> perms) const;
  /// The box at `start`; the caller has checked that it lies inside.
  ConstantData slice(ArrayRef<int64_t> start, ArrayRef<int64_t> sizes) const;
  /// Writes `source` at `start`; the caller has checked that it fits.
  void insert(const ConstantData &source, ArrayRef<int64_t> start);
  void fill(ArrayRef<char> element);
};

/// Calls `visit` with the linear offset `sum(index[i] * strides[i])` of every
/// index of `shape` in row-major order.
void forEachOffset(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, function_ref<void(int64_t)> visit);

} // namespace narrow

#endif
