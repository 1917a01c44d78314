//===- FloatPasses.h - Declarations and registration ------*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_FLOATPASSES_H
#define NARROW_TRANSFORMS_FLOATPASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/LLVM.h"

namespace narrow {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

/// What is known of the channels of the tensor that an op computes, by channel:
/// attributes (arrays of f32) of the op.
inline constexpr llvm::StringLiteral kChannelMeanAttr = "narrow.channel_mean";
inline constexpr llvm::StringLiteral kChannelDeviationAttr = "narrow.channel_deviation";
inline constexpr llvm::StringLiteral kChannelMaximumAttr = "narrow.channel_maximum"; ///< of magnitudes
} // namespace narrow

#endif
