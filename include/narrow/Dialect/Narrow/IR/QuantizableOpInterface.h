//===- QuantizableOpInterface.h - What quantization asks of an op -*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_QUANTIZABLEOPINTERFACE_H
#define NARROW_DIALECT_NARROW_IR_QUANTIZABLEOPINTERFACE_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <utility>

namespace narrow {

/// How the quantization parameters of an op's result come about.
enum class QuantizationKind {
  /// Multiplies activations with constant weights and accumulates in i32
  /// (convolution, fully connected): the result has parameters of its own.
  Contraction,
  /// Computes in i32 from rescaled activations (add, sub, mul, reduce_sum,
  /// average over a whole plane): the result has parameters of its own.
  Arithmetic,
  /// Any function of one element: becomes a table of 256 entries.
  Elementwise,
  /// Clamps: merges into the producer's quantization if it is the only user.
  Clamp,
  /// Moves or selects codes (reshape, transpose, slice, pad, max_pool, concat):
  /// operands and result share one set of parameters.
  SameScale,
};

/// Whether `type` has a code that means `number`, to far less than what a code can tell apart.
bool hasCodeOf(quant::UniformQuantizedType type, double number);

/// Attaches QuantizableOpInterface to the TOSA ops as external models.
void registerTosaQuantizableModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h.inc"

#endif
