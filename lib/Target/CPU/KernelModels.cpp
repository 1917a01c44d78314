//===- KernelModels.cpp - KernelOpInterface -------------------------------===//
#include "KernelModels.h"

using namespace mlir;
using namespace narrow;

#include "narrow/Target/CPU/KernelOpInterface.cpp.inc"

void narrow::registerKernelModels(DialectRegistry &registry) {
  registerConvolutionKernels(registry);
  registerElementwiseKernels(registry);
  registerMovementKernels(registry);
  registerQuantizeKernels(registry);
  registerReductionKernels(registry);
  registerSignKernels(registry);
  registerSoftmaxKernel(registry);
  registerTokenKernels(registry);
  registerWindowKernels(registry);
}
