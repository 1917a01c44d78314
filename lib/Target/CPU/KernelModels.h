//===- KernelModels.h - The families of KernelOpInterface -------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_KERNELMODELS_H
#define NARROW_LIB_TARGET_CPU_KERNELMODELS_H

#include "narrow/Target/CPU/KernelOpInterface.h"

namespace narrow {

void registerConvolutionKernels(DialectRegistry &registry);
void registerElementwiseKernels(DialectRegistry &registry);
void registerMovementKernels(DialectRegistry &registry);
void registerQuantizeKernels(DialectRegistry &registry);
void registerReductionKernels(DialectRegistry &registry);
void registerSignKernels(DialectRegistry &registry);
void registerSoftmaxKernel(DialectRegistry &registry);
void registerTokenKernels(DialectRegistry &registry);
void registerWindowKernels(DialectRegistry &registry);

/// Convolution as an implicit GEMM (ContractionEmitter.cpp), depthwise (DepthwiseEmitter.cpp).
LogicalResult emitContraction(Operation *op, KernelEmitter &k);
LogicalResult emitDepthwise(tosa::DepthwiseConv2DOp op, KernelEmitter &k);

} // namespace narrow

#endif
