//===- NarrowDialect.cpp - The narrow dialect -----------------------------===//
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

#include "narrow/Dialect/Narrow/IR/NarrowDialect.cpp.inc"

void NarrowDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "narrow/Dialect/Narrow/IR/NarrowOps.cpp.inc"
      >();
  registerAttributes();
}
