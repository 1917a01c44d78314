//===- IntegerLoweringModels.cpp - IntegerLoweringOpInterface -------------===//
#include "Families.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"

using namespace mlir;
using namespace narrow;

#include "narrow/Conversion/IntegerLoweringOpInterface.cpp.inc"

void narrow::registerIntegerLoweringModels(DialectRegistry &registry) {
  registerTosaScalarFunctionModels(registry);
  registerIntegerRangeModels(registry);
  registerClampLowering(registry);
  registerMovementLowering(registry);
  registerContractionLowering(registry);
  registerSumLowering(registry);
  registerProductLowering(registry);
  registerAverageLowering(registry);
  registerInterpolationLowering(registry);
}
