//===- Rescale.h - What rescaling needs to know of the data -----*- C++ -*-===//
//
// The passes of rescaling and bias correction read what is known of channels from
// attributes. These functions measure it on calibration data and set them.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_RESCALE_H
#define NARROW_PIPELINES_RESCALE_H

#include "narrow/Pipelines/Recipe.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Sets `narrow.channel_mean` and `narrow.channel_deviation` of every convolution of
/// `floatStage` that has none (batch norm leaves them), for narrow-absorb-bias.
llvm::Error measureDistributions(ModuleOp floatStage, const CalibrationSamples &samples);

/// Sets `narrow.channel_maximum` of every op whose result a convolution reads, for
/// narrow-smooth.
llvm::Error measureMaxima(ModuleOp floatStage, const CalibrationSamples &samples);

/// Sets `narrow.channel_error` of every contraction of `annotated` whose weights are
/// quantized: the mean, over all samples and positions, of what rounding them adds to
/// each output channel when the input is that of the float network. `floatStage` has
/// the weights before rounding, under the same ids.
llvm::Error measureErrors(ModuleOp annotated, ModuleOp floatStage, const CalibrationSamples &samples);

} // namespace narrow

#endif
