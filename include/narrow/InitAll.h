//===- InitAll.h - Registers what the drivers offer -------------*- C++ -*-===//
#ifndef NARROW_INITALL_H
#define NARROW_INITALL_H

#include "mlir/IR/DialectRegistry.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Every dialect that a stage of the pipeline uses, with their interfaces.
void registerAllDialects(DialectRegistry &registry);

/// Narrow's passes and pipelines, and upstream's that work on the same IR.
void registerAllPasses();

} // namespace narrow

#endif
