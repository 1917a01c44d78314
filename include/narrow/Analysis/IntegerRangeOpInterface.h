//===- IntegerRangeOpInterface.h - Bounds of integer results ----*- C++ -*-===//
#ifndef NARROW_ANALYSIS_INTEGERRANGEOPINTERFACE_H
#define NARROW_ANALYSIS_INTEGERRANGEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "narrow/Analysis/IntegerRanges.h"

namespace narrow {

/// Attaches IntegerRangeOpInterface to the ops of tosa and narrow as external
/// models, when their dialects are loaded.
void registerIntegerRangeModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Analysis/IntegerRangeOpInterface.h.inc"

#endif
