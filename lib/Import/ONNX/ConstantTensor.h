//===- ConstantTensor.h - Tensors known at import time ----------*- C++ -*-===//
//
// What the importer computes itself: initializers, results of Constant and
// Shape, and everything that depends only on those.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_IMPORT_ONNX_CONSTANTTENSOR_H
#define NARROW_LIB_IMPORT_ONNX_CONSTANTTENSOR_H

#include "narrow/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace narrow::onnx_import {

/// Element types of constants. Half and double precision are stored as F32.
enum class ElementType { F32, I64, I32, I16, I8, U16, U8, Bool };

llvm::StringRef getName(ElementType type);
/// Minimum and maximum of an integer type.
std::pair<int64_t, int64_t> getRange(ElementType type);

/// Maps codes to real numbers: scale * (code - zeroPoint), with one pair per
/// tensor or one per index along `axis`.
struct QuantizationParameters {
  std::vector<float> scales;
  std::vector<int64_t> zeroPoints;
  int64_t axis = 0;
  bool isPerAxis() const { return scales.size() != 1; }
};

using Shape = llvm::SmallVector<int64_t>;

/// Product of the dimensions; nullopt if one is negative or the product exceeds
/// the limit for tensors here (2^40).
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// The maximum number of elements of a constant that folding makes from smaller
/// ones, so that a broken file cannot exhaust memory.
constexpr int64_t foldLimit = int64_t(1) << 22;

/// Row-major strides.
Shape getStrides(llvm::ArrayRef<int64_t> shape);

/// NumPy broadcasting, or nullopt if the shapes are incompatible.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// Calls `visit` with the offset under `strides` of every index of `shape`, in
/// row-major order.
void forEachOffset(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides, int64_t start,
                   llvm::function_ref<void(int64_t)> visit);

/// An immutable dense tensor; copies share their elements. With `quantization`
/// the integers are codes, and the tensor stands for the real numbers they
/// represent.
class ConstantTensor {
public:
  ConstantTensor() = default;
  ConstantTensor(Shape shape, std::vector<float> values);
  ConstantTensor(ElementType type, Shape shape, std::vector<int64_t> values);
  static ConstantTensor fromDims(llvm::ArrayRef<int64_t> dims);

  ElementType getType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t size() const { return floats ? floats->size() : integers ? integers->size() : 0; }
  bool isFloat() const { return type == ElementType::F32; }
  llvm::ArrayRef<float> getFloats() const;
  llvm::ArrayRef<int64_t> getIntegers() const;

  /// The same elements with another shape of the same size; a per-axis
  /// quantization requires that its axis survives (nullopt otherwise).
  std::optional<ConstantTensor> reshaped(llvm::ArrayRef<int64_t> newShape) const;
  ConstantTensor transposed(llvm::ArrayRef<int64_t> permutation) const;
  /// Element i of the result is the element `sources[i]` of this tensor. Only
  /// for unquantized or per-tensor quantized tensors: per-axis parameters would
  /// no longer match.
  ConstantTensor gathered(Shape newShape, llvm::ArrayRef<int64_t> sources) const;
  ConstantTensor broadcastTo(llvm::ArrayRef<int64_t> newShape) const;
  /// The numbers that the codes represent; a tensor without quantization is unchanged.
  ConstantTensor dequantized() const;

  /// Index of the first NaN or infinity.
  std::optional<int64_t> findNonFinite() const;

  /// The initializer that the elements come from, for messages and locations.
  std::string name;
  std::optional<QuantizationParameters> quantization;

private:
  ElementType type = ElementType::F32;
  Shape shape;
  std::shared_ptr<const std::vector<float>> floats;
  std::shared_ptr<const std::vector<int64_t>> integers;
};

} // namespace narrow::onnx_import

#endif
