//===- Recipe.h - How a float network is quantized --------------*- C++ -*-===//
//
// All that a user can choose between the float and the annotated stage, and the
// two steps that act on it. Every driver that quantizes has the same options (RecipeOptions.h).
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_RECIPE_H
#define NARROW_PIPELINES_RECIPE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace narrow {

/// How the float network is rewritten before it is calibrated and quantized.
struct Rewrites {
  bool equalize = false;
  bool replaceClamps = false; ///< ReLU6 becomes ReLU where that lets channels be equalized
  bool absorbBias = false;
  std::optional<double> smooth; ///< alpha
  double splitChannels = 0;     ///< fraction of channels added; 0: none

  /// The options of the command line that ask for it, in one form; empty: nothing.
  std::string toCommandLine() const;
};

struct Recipe {
  std::string scheme = "w8a8";
  std::vector<std::string> overrides;  ///< regex=scheme
  std::string method = "minmax";       ///< of activation ranges
  std::string weightMethod = "minmax"; ///< of weight ranges
  std::vector<std::string> ranges;     ///< regex=method
  double percentile = 99.99;
  std::string align;                ///< whose operands share a range: add, concat, all; empty: none
  std::string rounding = "nearest"; ///< of weights
  std::string ties = "even";        ///< of nearest
  uint32_t seed = 0;                ///< of what is chosen by chance
  int64_t roundingIterations = 1000;
  bool roundFloatInputs = false; ///< layers are rounded for the input that the float network feeds them
  Rewrites rewrites;
  std::string correctBias; ///< empirical, analytic; empty: not at all

  /// Whether weights are rounded by looking at samples.
  bool roundingNeedsData() const { return rounding != "nearest" && rounding != "stochastic"; }
};

/// What differs from the defaults, as command line options; equal recipes have equal texts.
std::string toCommandLine(const Recipe &recipe);

/// The momentum of moving averages that a method of the recipe needs; 0: none does.
double getMovingAverage(const Recipe &recipe);

/// Fails if the recipe measures activations and there are no samples.
llvm::Error checkSamples(const Recipe &recipe, bool hasSamples);

/// Rewrites of the float function: they come before observers, so that calibration sees
/// what is quantized. Samples are those of the context.
llvm::Error rewriteFloat(ModuleOp floatStage, const Recipe &recipe);

/// Fails unless a table was made of the network that `rewrites` make: says which options
/// differ. `name` stands for the table's file.
llvm::Error checkRewrites(const CalibrationTable &table, StringRef name, const Rewrites &rewrites);

/// observed -> annotated, with the table and the samples of the context.
llvm::Error annotate(ModuleOp observed, const Recipe &recipe);

} // namespace narrow

#endif
