//===- Activation.h - The functions of narrow.activation --------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_ACTIVATION_H
#define NARROW_DIALECT_NARROW_IR_ACTIVATION_H

#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The value of narrow.activation at `x`, by the formulas of
/// Numerics/Activation.h.
double evaluateActivation(ActivationKind kind, double x, double alpha, double beta);

} // namespace narrow

#endif
