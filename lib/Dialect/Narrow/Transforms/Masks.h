//===- Masks.h - Numbers that stand for minus infinity ----------*- C++ -*-===//
//
// What is not to count is written as a large negative number that is added before
// a softmax or padded before a maximum. Beside it no 8-bit codes are left for the
// others, so it must not enter a range.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TRANSFORMS_MASKS_H
#define NARROW_LIB_TRANSFORMS_MASKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Numbers up to this one, where they are added, stand for minus infinity.
inline constexpr double kMaskNumber = -1e3;

/// Where masks are looked for: among constants, or in the ranges of observers too.
enum class MaskSource { Constants, Ranges };

/// Gives attrs::floatReason to sums with a mask that reach an op whose result no mask reaches, and to the ops
/// between and that one: a softmax or, of masks that are constants, a maximum or a function that has a limit.
void keepMasksFloat(func::FuncOp function, MaskSource source);

/// Whether `op` is a sum that keepMasksFloat finds among constants.
bool addsMask(Operation *op);

/// Whether every op that reads what is padded takes maxima (`sign` 1) or minima (-1), each of at least one
/// element that is not of the padding: a number beyond all elements is never in a result.
bool isPaddingForExtrema(tosa::PadOp pad, int sign);

} // namespace narrow

#endif
