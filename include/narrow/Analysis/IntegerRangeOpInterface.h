//===- IntegerRangeOpInterface.h - Bounds of integer results ----*- C++ -*-===//
#ifndef NARROW_ANALYSIS_INTEGERRANGEOPINTERFACE_H
#define NARROW_ANALYSIS_INTEGERRANGEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "narrow/Analysis/IntegerRanges.h"

namespace narrow {

/// What the accumulators of a contraction with constant weights can be, one interval for each output channel;
/// empty for other ops.
IntegerIntervals inferAccumulatorRanges(Operation *op, IntegerRanges &ranges);

/// Whether the tensors of `op` have elements of i8, i16 or i32.
bool hasIntegerElements(Operation *op);

/// Attaches IntegerRangeOpInterface to the ops of tosa and narrow as external
/// models, when their dialects are loaded.
void registerIntegerRangeModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Analysis/IntegerRangeOpInterface.h.inc"

#endif
