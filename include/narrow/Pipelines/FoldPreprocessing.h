//===- FoldPreprocessing.h - Models that take pixels ------------*- C++ -*-===//
#ifndef NARROW_PIPELINES_FOLDPREPROCESSING_H
#define NARROW_PIPELINES_FOLDPREPROCESSING_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Makes inputs of a model of the integer stage u8: @quantize_inputs then looks up
/// the code of (x / 255 - mean) / std, for each channel, instead of computing it.
/// The results are those of the model before on data that the reader normalizes.
llvm::Error foldPreprocessing(ModuleOp integerStage, ArrayRef<InputPreprocessing> inputs);

} // namespace narrow

#endif
