//===- IntegerRanges.h - Intervals of the integer stage ---------*- C++ -*-===//
#ifndef NARROW_ANALYSIS_INTEGERRANGES_H
#define NARROW_ANALYSIS_INTEGERRANGES_H

#include "mlir/IR/Value.h"
#include "narrow/Analysis/AccumulatorWidth.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"

namespace narrow {

/// One interval, or one per index of the last dimension.
using IntegerIntervals = SmallVector<IntegerInterval, 1>;

/// Proven intervals of the integer tensors of a function, derived from
/// constants and from the codes of types; computed on demand and cached. There
/// is one interval for the whole tensor or, after a contraction, one per index
/// of the last dimension. The IR that computes a queried value must not change.
class IntegerRanges {
public:
  /// One interval, or one per index of the last dimension; valid until the next
  /// call.
  ArrayRef<IntegerInterval> get(Value value);
  /// The interval of the whole tensor.
  IntegerInterval getWhole(Value value);

private:
  IntegerIntervals compute(Value value);

  DenseMap<Value, IntegerIntervals> known;
};

/// The full range of the element type, up to 48 bits.
IntegerInterval getFullRange(Type type);
/// The smallest interval that contains all of them.
IntegerInterval hull(IntegerInterval a, IntegerInterval b);
IntegerInterval hull(ArrayRef<IntegerInterval> intervals);
IntegerInterval saturateTo(IntegerInterval interval, IntegerInterval to);

} // namespace narrow

#endif
