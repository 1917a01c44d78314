//===- InitAll.h - Registers what the drivers offer -------------*- C++ -*-===//
#ifndef NARROW_INITALL_H
#define NARROW_INITALL_H

#include "mlir/IR/DialectRegistry.h"

namespace mlir::narrow {

/// Every dialect that a stage of the pipeline uses, with their interfaces.
void registerAllDialects(DialectRegistry &registry);

/// Narrow's passes and pipelines, and upstream's that work on the same IR.
void registerAllPasses();

} // namespace mlir::narrow

#endif
