//===- Constants.h - Reading and writing constant tensors -------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_CONSTANTS_H
#define NARROW_DIALECT_NARROW_IR_CONSTANTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace narrow {

/// The constant behind `value` (tosa.const, arith.constant), or null. Looks
/// through narrow.observe, since weights are observed in the annotated stage.
ElementsAttr getConstant(Value value);

/// All elements of a dense or dense_resource f32 constant, splats expanded;
/// nullopt if the value is no constant or has another element type.
std::optional<std::vector<float>> getFloats(Value value);
std::optional<std::vector<float>> getFloats(ElementsAttr attr);

/// All elements of an integer constant (sign extended), splats expanded.
std::optional<std::vector<int64_t>> getIntegers(Value value);
std::optional<std::vector<int64_t>> getIntegers(ElementsAttr attr);

/// tosa.const of the given elements.
Value createConstant(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, ArrayRef<float> values);
/// tosa.const of integers; each value must fit `type`.
Value createConstant(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, ArrayRef<int64_t> values,
                     IntegerType type);
/// tosa.const_shape.
Value createShape(OpBuilder &builder, Location loc, ArrayRef<int64_t> dims);

/// The dims of a tosa.const_shape value, or nullopt.
std::optional<SmallVector<int64_t>> getShapeDims(Value value);

} // namespace narrow

#endif
