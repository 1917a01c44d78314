//===- IntegerLoweringOpInterface.h - The integer form of an op -*- C++ -*-===//
#ifndef NARROW_CONVERSION_INTEGERLOWERINGOPINTERFACE_H
#define NARROW_CONVERSION_INTEGERLOWERINGOPINTERFACE_H

#include "narrow/Conversion/Lowering.h"

namespace narrow {

/// Attaches IntegerLoweringOpInterface to the ops of tosa and narrow as external
/// models, when their dialects are loaded, and the models of the interfaces that the
/// lowering uses (ScalarFunctionOpInterface, IntegerRangeOpInterface).
void registerIntegerLoweringModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Conversion/IntegerLoweringOpInterface.h.inc"

#endif
