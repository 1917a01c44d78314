//===- ReportSources.h - One source of error at a time ----------*- C++ -*-===//
#ifndef NARROW_LIB_PIPELINES_REPORTSOURCES_H
#define NARROW_LIB_PIPELINES_REPORTSOURCES_H

#include "mlir/IR/OwningOpRef.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The float network of `quantized` (quantized stage) with one of the sources
/// Weights, Clipping and Rounding switched on and all others off. `original` is
/// the network before it was quantized: it holds the real constants, and ops
/// of the same ids. What a source does to a tensor with the id T, the op that
/// has `narrow.id` T and comes last shows. A constant that `original` does not
/// have stays quantized; its reader is added to `unsplit`.
OwningOpRef<ModuleOp> isolateSource(ModuleOp quantized, ModuleOp original, ErrorSource source,
                                    std::vector<std::string> &unsplit);

} // namespace narrow

#endif
