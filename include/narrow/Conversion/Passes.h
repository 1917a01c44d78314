//===- Passes.h - Declarations and registration -----------------*- C++ -*-===//
#ifndef NARROW_CONVERSION_PASSES_H
#define NARROW_CONVERSION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Support/LLVM.h"

namespace narrow {
struct InputPreprocessing;

/// The option `input` of narrow-fold-preprocessing.
std::string spellPreprocessing(const InputPreprocessing &input);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

#endif
