//===- Tensor.h - Tensors in host memory ------------------------*- C++ -*-===//
#ifndef NARROW_REFERENCE_TENSOR_H
#define NARROW_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

namespace narrow::reference {

/// How an element is stored. Narrower integers use the next wider kind: i4
/// is I8, i48 is I64. I1 is one byte, 0 or 1.
enum class ElementKind : uint8_t { F32, I1, I8, U8, I16, U16, I32, I64 };

/// Calls `f` with a value of the C++ type that stores `kind`.
template <typename F>
auto dispatch(ElementKind kind, F &&f) {
  switch (kind) {
  case ElementKind::F32:
    return f(float());
  case ElementKind::I1:
    return f(bool());
  case ElementKind::I8:
    return f(int8_t());
  case ElementKind::U8:
    return f(uint8_t());
  case ElementKind::I16:
    return f(int16_t());
  case ElementKind::U16:
    return f(uint16_t());
  case ElementKind::I32:
    return f(int32_t());
  case ElementKind::I64:
    break;
  }
  return f(int64_t());
}

inline size_t getByteWidth(ElementKind kind) {
  return dispatch(kind, [](auto zero) { return sizeof(zero); });
}

/// The kind that stores elements of `type`: f32, index, integers up to 64
/// bits, and quantized types, which are stored as their codes.
std::optional<ElementKind> getElementKind(Type type);

/// A dense tensor in row-major order. A tensor of quantized type holds codes.
struct Tensor {
  ElementKind kind = ElementKind::F32;
  SmallVector<int64_t> shape;
  std::vector<char> bytes;

  Tensor() = default;
  /// All elements 0.
  Tensor(ElementKind kind, ArrayRef<int64_t> shape);
  /// Holds the given elements, whose number must match `shape`.
  template <typename T>
  Tensor(ArrayRef<int64_t> shape, ArrayRef<T> values) : Tensor(kindOf<T>(), shape) {
    std::memcpy(bytes.data(), values.data(), std::min(bytes.size(), values.size() * sizeof(T)));
  }

  ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const;

  /// The elements; empty if their kind is not that of T.
  template <typename T>
  ArrayRef<T> values() const {
    if (kind != kindOf<T>())
      return {};
    return ArrayRef<T>(reinterpret_cast<const T *>(bytes.data()), bytes.size() / sizeof(T));
  }
  template <typename T>
  MutableArrayRef<T> values() {
    if (kind != kindOf<T>())
      return {};
    return MutableArrayRef<T>(reinterpret_cast<T *>(bytes.data()), bytes.size() / sizeof(T));
  }

  template <typename T>
  static constexpr ElementKind kindOf() {
    if constexpr (std::is_same_v<T, float>)
      return ElementKind::F32;
    else if constexpr (std::is_same_v<T, bool>)
      return ElementKind::I1;
    else if constexpr (std::is_same_v<T, int8_t>)
      return ElementKind::I8;
    else if constexpr (std::is_same_v<T, uint8_t>)
      return ElementKind::U8;
    else if constexpr (std::is_same_v<T, int16_t>)
      return ElementKind::I16;
    else if constexpr (std::is_same_v<T, uint16_t>)
      return ElementKind::U16;
    else if constexpr (std::is_same_v<T, int32_t>)
      return ElementKind::I32;
    else {
      static_assert(std::is_same_v<T, int64_t>, "not an element type");
      return ElementKind::I64;
    }
  }

  bool operator==(const Tensor &other) const = default;
};

/// The elements of a constant, or nullopt if it cannot be read (unsupported
/// element type, or a resource that is missing or has the wrong size).
std::optional<Tensor> decodeConstant(ElementsAttr attr);

} // namespace narrow::reference

#endif
