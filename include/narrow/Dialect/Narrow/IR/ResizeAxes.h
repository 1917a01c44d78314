//===- ResizeAxes.h - Where tosa.resize reads its input ---------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_RESIZEAXES_H
#define NARROW_DIALECT_NARROW_IR_RESIZEAXES_H

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// Where an output row (or column) lies between two input rows.
struct ResizePosition {
  int64_t first, second; ///< rows of the input, limited to its plane
  int64_t fraction;      ///< of the axis' numerator, from first to second
};

/// Output row i of an axis lies at (i * denominator + offset) / numerator rows of the input (TOSA 1.0,
/// RESIZE).
struct ResizeAxis {
  int64_t size; ///< of the input
  int64_t numerator, denominator, offset;

  ResizePosition operator[](int64_t output) const;
  /// The row that nearest-neighbour mode takes: of two that are equally near, the second.
  int64_t nearest(int64_t output) const;
};

struct ResizeAxes {
  ResizeAxis rows, columns;

  /// What the weights of one output add up to in integers: results of bilinear mode are so many times too
  /// large.
  int64_t weight() const { return rows.numerator * columns.numerator; }
};

/// The axes of `op`; nullopt unless its scale and offset are constants below 2^20 in magnitude, the scale
/// positive, and its operand has rank 4 and a static shape without zeros.
std::optional<ResizeAxes> getResizeAxes(tosa::ResizeOp op);

} // namespace narrow

#endif
