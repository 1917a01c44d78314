//===- Passes.h - Declarations and registration -----------------*- C++ -*-===//
#ifndef NARROW_CPU_PASSES_H
#define NARROW_CPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "llvm/Support/CommandLine.h"

namespace narrow {
/// The values of options that say where weights share bytes.
inline llvm::cl::ValuesClass getPackWeightsValues() {
  return llvm::cl::values(
      clEnumValN(PackWeights::Auto, "auto", "where that is no slower (default)"),
      clEnumValN(PackWeights::Always, "always", "wherever it is possible: the smallest file"),
      clEnumValN(PackWeights::Never, "never", "nowhere"));
}

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Target/CPU/Passes.h.inc"
} // namespace narrow

#endif
