//===- FloatPasses.h - Declarations and registration ------*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_FLOATPASSES_H
#define NARROW_TRANSFORMS_FLOATPASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/ExactDouble.h"
#include "narrow/Support/LLVM.h"

namespace narrow {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

} // namespace narrow

#endif
