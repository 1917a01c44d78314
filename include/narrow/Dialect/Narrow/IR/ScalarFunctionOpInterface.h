//===- ScalarFunctionOpInterface.h - Functions of one element ---*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_SCALARFUNCTIONOPINTERFACE_H
#define NARROW_DIALECT_NARROW_IR_SCALARFUNCTIONOPINTERFACE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Attaches ScalarFunctionOpInterface to the TOSA ops as external models.
void registerTosaScalarFunctionModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.h.inc"

#endif
