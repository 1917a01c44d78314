//===- AccumulatorWidth.h - Width of accumulators ---------------*- C++ -*-===//
//
// Bounds of the i32 accumulators of the integer stage, proven from the actual weights:
// the only assumption on the data is the interval of the input's codes.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_ANALYSIS_ACCUMULATORWIDTH_H
#define NARROW_ANALYSIS_ACCUMULATORWIDTH_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cstdint>
#include <optional>

namespace narrow {

/// A closed interval of integers.
struct IntegerInterval {
  int64_t min = 0, max = 0;
  int64_t magnitude() const { return std::max(-min, max); }
  bool operator==(const IntegerInterval &other) const = default;
};

/// The bounds of one output channel's accumulator, in any order of summation
/// and at any moment: `min` sums the negative products and bias, `max` the
/// positive ones. `bits` counts the bits of the magnitude; an i32 has 31 of
/// them.
struct AccumulatorBounds {
  int64_t min = 0, max = 0;
  unsigned bits = 0;
};

/// Numbers the output channels of a weight tensor: `axes` are taken in order,
/// the last one varies fastest.
class WeightChannels {
public:
  WeightChannels(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes);
  int64_t size() const { return count; }
  /// Channel of the element at row-major position `index`.
  int64_t channelOf(int64_t index) const;
  /// Position along weight axis `axis` of the element at `index`.
  int64_t coordinate(int64_t index, int64_t axis) const { return (index / strides[axis]) % shape[axis]; }

private:
  SmallVector<int64_t> shape, strides, axes;
  int64_t count = 1;
};

/// Bounds of every output channel. The zero point is already subtracted from
/// `weights`; `input` is the interval of code minus zero point.
SmallVector<AccumulatorBounds> computeAccumulatorBounds(ArrayRef<int64_t> weights,
                                                        const WeightChannels &channels,
                                                        ArrayRef<int64_t> bias, IntegerInterval input);

/// What a contraction of the integer stage subtracts from codes before it multiplies them.
struct ZeroPoints {
  int64_t input = 0, weight = 0;
};

/// What a contraction multiplies by its weights.
Value getContractionInput(Operation *contraction);

/// Bounds of a contraction of the integer stage with constant weights and bias whose
/// input codes are within `codes`; nullopt for anything else. The op implements QuantizableOpInterface and
/// IntegerRangeOpInterface.
std::optional<SmallVector<AccumulatorBounds>> getAccumulatorBounds(Operation *op, IntegerInterval codes);

} // namespace narrow

#endif
