//===- QuantizationPasses.h - Declarations and registration -----*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_QUANTIZATIONPASSES_H
#define NARROW_TRANSFORMS_QUANTIZATIONPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Numerics/Estimators.h"
#include "narrow/Numerics/WeightRounding.h"
#include "llvm/Support/CommandLine.h"
#include "narrow/Support/ExactDouble.h"
#include "narrow/Support/LLVM.h"
#include <memory>
#include <optional>
#include <vector>

namespace narrow {

/// The words for methods of rounding weights, and for ties.
inline auto getWeightRoundingValues() {
  using numerics::WeightRounding;
  return llvm::cl::values(
      clEnumValN(WeightRounding::Nearest, "nearest", "the nearest code"),
      clEnumValN(WeightRounding::Stochastic, "stochastic", "by chance, exact in the mean"),
      clEnumValN(WeightRounding::AdaRound, "adaround", "up or down, learned"),
      clEnumValN(WeightRounding::AdaQuant, "adaquant", "weights, bias, scales learned"),
      clEnumValN(WeightRounding::FlexRound, "flexround", "divisors and scales learned"),
      clEnumValN(WeightRounding::Gptq, "gptq", "column by column"));
}
inline auto getTiesValues() {
  using numerics::Rounding;
  return llvm::cl::values(clEnumValN(Rounding::HalfEven, "even", "to the even code"),
                          clEnumValN(Rounding::HalfAway, "away", "away from zero"),
                          clEnumValN(Rounding::HalfUp, "up", "toward +infinity"),
                          clEnumValN(Rounding::TowardZero, "zero", "everything toward zero"));
}

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"

/// The weights that the contraction `op` of the annotated stage will compute with; nothing
/// if they are not observed, have no type yet or cannot be read.
std::optional<std::vector<float>> getRoundedWeights(QuantizableOpInterface op);

/// The weights that `op` had before a pass rounded them; nothing if they are not observed or cannot be read.
std::optional<std::vector<float>> getUnroundedWeights(QuantizableOpInterface op);

/// Lets every observed weight be what it was before it was rounded.
void restoreWeights(ModuleOp module);

/// Removes the observers of `module`: the float network is left. With `simulate`,
/// narrow.quantize and narrow.dequantize stand where an activation has a type; weights stay
/// as they are.
void removeObservers(ModuleOp module, bool simulate = false);
} // namespace narrow

#endif
