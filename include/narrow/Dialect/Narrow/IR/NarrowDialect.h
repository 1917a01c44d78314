//===- NarrowDialect.h - The narrow dialect ---------------------*- C++ -*-===//
#ifndef NARROW_DIALECT_NARROW_IR_NARROWDIALECT_H
#define NARROW_DIALECT_NARROW_IR_NARROWDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.h"
#include <memory>

namespace narrow {
struct Calibration;
}

#include "narrow/Dialect/Narrow/IR/NarrowEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "narrow/Dialect/Narrow/IR/NarrowAttrs.h.inc"
// After the attributes, of which some of the dialect's own are.
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h.inc"
#define GET_OP_CLASSES
#include "narrow/Dialect/Narrow/IR/NarrowOps.h.inc"

#endif
