//===- OwnOps.h - A dialect of a plugin -------------------------*- C++ -*-===//
#ifndef OWN_OPS_H
#define OWN_OPS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Conversion/IntegerLoweringOpInterface.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Target/CPU/KernelOpInterface.h"

#include "OwnOpsDialect.h.inc"
#define GET_OP_CLASSES
#include "OwnOps.h.inc"

#endif
