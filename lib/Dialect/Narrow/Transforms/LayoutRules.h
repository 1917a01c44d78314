//===- LayoutRules.h - Ops computed on permuted dims ------------*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_LAYOUTRULES_H
#define NARROW_TRANSFORMS_LAYOUTRULES_H

#include "ConstantData.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// How the dims of an op's tensors are permuted so that it computes the same.
/// An operand with an empty permutation stays as it is (shapes, scalars).
struct OpLayout {
  SmallVector<Permutation> operands;
  Permutation result;
};

/// The layout of the whole op that follows from one of its tensors, an operand
/// or the result, being permuted. Nothing if the op depends on the order of its
/// dims (convolution, pooling, a reshape that merges dims which would part).
std::optional<OpLayout> getLayout(Operation *op, Value known, ArrayRef<int32_t> perms);

/// Creates the op on permuted operands; `operands` replace those that have a
/// permutation. Keeps location and attributes.
Operation *createPermuted(OpBuilder &builder, Operation *op, const OpLayout &layout,
                          ArrayRef<Value> operands);

/// `type` with permuted dims; a quantized axis moves along.
RankedTensorType permuteType(RankedTensorType type, ArrayRef<int32_t> perms);

/// Whether dims of size 1 are all that moves: then no element does.
bool movesNothing(ArrayRef<int64_t> shape, ArrayRef<int32_t> perms);

/// Whether the features that `reshape` flattens are read by nothing but layers
/// whose constants can be permuted instead (see `absorbIntoWeights`).
bool isAbsorbable(tosa::ReshapeOp reshape);

/// transpose, then reshape to [.., features], then fully connected layers with
/// constant weights: permutes the weights, and the transpose goes away.
bool absorbIntoWeights(tosa::TransposeOp transpose);

} // namespace narrow

#endif
