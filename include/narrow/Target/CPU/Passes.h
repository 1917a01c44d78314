//===- Passes.h - Declarations and registration -----------------*- C++ -*-===//
#ifndef NARROW_CPU_PASSES_H
#define NARROW_CPU_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Target/CPU/TargetDescription.h"

namespace mlir::narrow {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Target/CPU/Passes.h.inc"
} // namespace mlir::narrow

#endif
