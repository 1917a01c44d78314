//===- DotProduct.h - The instruction that multiplies and adds --*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_DOTPRODUCT_H
#define NARROW_LIB_TARGET_CPU_DOTPRODUCT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"

namespace narrow {

/// The codes of one vector operand of emitDot for `width` lanes.
VectorType getDotOperandType(const TargetDescription &target, unsigned width, Builder &builder);

/// acc + sum over G of data * weights, lane by lane, G = target.group(). In
/// U8 storage the data are unsigned; everything else is signed.
Value emitDot(OpBuilder &b, Location loc, const TargetDescription &target, Value acc, Value data,
              Value weights, unsigned width);

/// acc + the number of bits that are set in each i32 lane of `bits`.
Value emitCount(OpBuilder &b, Location loc, const TargetDescription &target, Value acc, Value bits,
                unsigned width);

} // namespace narrow

#endif
