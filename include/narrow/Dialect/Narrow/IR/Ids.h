//===- Ids.h - Names of tensors ---------------------------------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_IDS_H
#define NARROW_DIALECT_NARROW_IR_IDS_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The name of a tensor: `narrow.id` of the op that computes it, else the name
/// in the op's location; `narrow.name` of a function argument, else the name
/// in the argument's location. Empty if it has none.
StringRef getTensorId(Value value);

/// The first name in a location: looks into fused and call-site locations.
StringRef getNameFromLocation(Location loc);

/// Gives `to` the `narrow.id` of `from`, if `from` has one. Every rewrite calls
/// this for the op that now computes the tensor.
void copyId(Operation *from, Operation *to);

/// Whether the op is one that has an id: it yields a ranked tensor and is no
/// constant.
bool computesTensor(Operation *op);

} // namespace narrow

#endif
