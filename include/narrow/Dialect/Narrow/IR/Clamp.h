//===- Clamp.h - The bounds of a clamp of floats ----------------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_CLAMP_H
#define NARROW_DIALECT_NARROW_IR_CLAMP_H

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Support/LLVM.h"
#include <cmath>
#include <optional>

namespace narrow {

/// Infinite where there is no bound.
struct ClampBounds {
  double lowest, highest;
  bool isReLU() const { return lowest == 0 && std::isinf(highest); }
};

/// The bounds of a clamp as an activation. Exporters write an infinity or the largest float of
/// some type for no bound: beyond 1e30 there is none. nullopt: a clamp of integers.
std::optional<ClampBounds> getActivationBounds(tosa::ClampOp op);

} // namespace narrow

#endif
