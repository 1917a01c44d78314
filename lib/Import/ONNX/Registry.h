//===- Registry.h - The operators that can be imported ----------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_REGISTRY_H
#define NARROW_LIB_IMPORT_ONNX_REGISTRY_H

#include "OpContext.h"
#include "narrow/Support/LLVM.h"
#include <map>

namespace narrow::onnx_import {

/// The supported opsets of the default domain.
constexpr int64_t firstOpset = 1, lastOpset = 23;
/// The newest version of the file format that ONNX has defined (1.23).
constexpr int64_t lastVersion = 14;

struct OpInfo {
  /// Turns the node into ops, or computes it where its inputs are constant.
  using Emitter = LogicalResult (*)(OpContext &);
  /// Computes the node; called only if every input can be folded.
  using Folder = LogicalResult (*)(OpContext &);

  unsigned minInputs = 1, maxInputs = 1;
  /// Null if the operator is supported only for constants and shapes.
  Emitter emit = nullptr;
  Folder fold = nullptr;
  /// The opset that introduced the operator or its supported form: opset 7
  /// changed the broadcasting of many.
  int64_t since = 7;
  /// What is not supported, for docs/onnx-operators.md.
  const char *notes = "";
};

constexpr unsigned anyNumber = ~0u;

/// Operators by name, in alphabetical order.
using Registry = std::map<std::string, OpInfo, std::less<>>;

const Registry &getRegistry();

/// Whether ONNX has ever defined this attribute for an operator of the registry.
bool isDefinedAttribute(StringRef op, StringRef attribute);

// One function per family of operators.
void registerActivations(Registry &registry);
void registerArithmetic(Registry &registry);
void registerArithmeticFolds(Registry &registry);
void registerComparisonFolds(Registry &registry);
void registerConstants(Registry &registry);
void registerConvolutions(Registry &registry);
void registerDataMovement(Registry &registry);
void registerLinear(Registry &registry);
void registerNormalizations(Registry &registry);
void registerPooling(Registry &registry);
void registerQuantization(Registry &registry);
void registerReductions(Registry &registry);
void registerResizes(Registry &registry);
void registerShapes(Registry &registry);
void registerSlicing(Registry &registry);

} // namespace narrow::onnx_import

#endif
