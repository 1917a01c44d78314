//===- InitAll.cpp - Registers what the drivers offer ---------------------===//
#include "narrow/InitAll.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Transforms/Passes.h"
#include "narrow/Conversion/IntegerLoweringOpInterface.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Target/CPU/KernelOpInterface.h"
#include "narrow/Target/CPU/Passes.h"

using namespace mlir;

void narrow::registerAllDialects(DialectRegistry &registry) {
  registry
      .insert<NarrowDialect, tosa::TosaDialect, quant::QuantDialect, func::FuncDialect, arith::ArithDialect,
              math::MathDialect, memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect,
              LLVM::LLVMDialect, tensor::TensorDialect, linalg::LinalgDialect, ub::UBDialect>();
  registerTosaQuantizableModels(registry);
  registerEvaluableModels(registry);
  registerIntegerLoweringModels(registry);
  registerKernelModels(registry);
}

void narrow::registerAllPasses() {
  registerTransformsPasses();
  tosa::registerTosaPasses();
  registerNarrowFloatPasses();
  registerNarrowQuantizationPasses();
  registerNarrowConversionPasses();
  registerNarrowCPUPasses();
  registerPipelines();
}
