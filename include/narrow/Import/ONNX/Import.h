//===- Import.h - ONNX models to TOSA ---------------------------*- C++ -*-===//
#ifndef NARROW_IMPORT_ONNX_IMPORT_H
#define NARROW_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <map>
#include <string>
#include <vector>

namespace narrow {

struct ImportOptions {
  /// Shapes by input name, for inputs with dynamic shapes.
  std::map<std::string, SmallVector<int64_t>> shapes;
};

/// Parses `input=1x3x224x224` into `options.shapes`; fails if the text has
/// another form or names an input twice.
LogicalResult parseShapeOption(StringRef text, ImportOptions &options, std::string &error);

/// Reads the ONNX model at `path` and builds the module of the "imported" stage
/// (docs/architecture.md). Returns null after an error, which is emitted at `path`.
OwningOpRef<ModuleOp> importONNX(StringRef path, MLIRContext &context, const ImportOptions &options = {});

/// The same for a model in memory; the buffer's identifier serves as the path,
/// and external data are searched in that path's folder.
OwningOpRef<ModuleOp> importONNX(llvm::MemoryBufferRef buffer, MLIRContext &context,
                                 const ImportOptions &options = {});

/// An ONNX operator that the importer supports.
struct SupportedOperator {
  std::string name;
  /// First and last opset in which it is supported.
  int64_t firstOpset, lastOpset;
  /// Only evaluated at import time: its inputs must be computable from
  /// constants and shapes.
  bool constantsOnly;
  std::string notes;
};

/// Every operator, in alphabetical order.
std::vector<SupportedOperator> getSupportedOperators();

} // namespace narrow

#endif
