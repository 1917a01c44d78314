//===- IntegerRanges.h - Intervals of the integer stage ---------*- C++ -*-===//
#ifndef NARROW_ANALYSIS_INTEGERRANGES_H
#define NARROW_ANALYSIS_INTEGERRANGES_H

#include "mlir/IR/Value.h"
#include "narrow/Analysis/AccumulatorWidth.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"

namespace narrow {

/// One interval, or one for each index of the last dimension.
using IntegerIntervals = SmallVector<IntegerInterval, 1>;

/// Proven intervals of the integer tensors of a function, from constants and
/// from the codes a type has; computed on demand and kept. An interval is that
/// of the whole tensor or, after a contraction, of each index of the last
/// dimension. The IR must not change below a value that was asked for.
class IntegerRanges {
public:
  /// One interval, or one for each index of the last dimension; valid until the
  /// next call.
  ArrayRef<IntegerInterval> get(Value value);
  /// The interval of the whole tensor.
  IntegerInterval getWhole(Value value);

private:
  IntegerIntervals compute(Value value);

  DenseMap<Value, IntegerIntervals> known;
};

/// Everything the element type can hold, up to 48 bits.
IntegerInterval getFullRange(Type type);
/// The smallest interval that has all of them.
IntegerInterval hull(IntegerInterval a, IntegerInterval b);
IntegerInterval hull(ArrayRef<IntegerInterval> intervals);
IntegerInterval saturateTo(IntegerInterval interval, IntegerInterval to);

} // namespace narrow

#endif
