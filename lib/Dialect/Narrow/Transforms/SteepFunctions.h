//===- SteepFunctions.h - Functions that no table serves --------*- C++ -*-===//
#ifndef NARROW_LIB_TRANSFORMS_STEEPFUNCTIONS_H
#define NARROW_LIB_TRANSFORMS_STEEPFUNCTIONS_H

#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Histogram.h"
#include "narrow/Support/LLVM.h"
#include "mlir/IR/BuiltinOps.h"

namespace narrow {

/// Gives attrs::floatReason to functions that are infinite or infinitely steep somewhere and of which codes
/// leave too little (N77), given the ranges and schemes of the observers of `module`. Their results are
/// limited to the range that the codes would have. Where codes of the result are too coarse, its observer and
/// the ops that read it stay float as well; where those of the operand are, the function reads it as it is
/// computed, and the ops that compute nothing else stay float, up to contractions. `getData` yields what an
/// observer has seen.
void keepSteepFunctionsFloat(ModuleOp module, function_ref<numerics::Histogram(ObserveOp)> getData);

} // namespace narrow

#endif
