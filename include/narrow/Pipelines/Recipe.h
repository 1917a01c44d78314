//===- Recipe.h - How a float network is quantized --------------*- C++ -*-===//
//
// All that a user can choose between the float and the annotated stage, and the
// two steps that act on it. Every driver that quantizes has the same options.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_RECIPE_H
#define NARROW_PIPELINES_RECIPE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/CommandLine.h"
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
  std::string describe() const;
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

/// The command line form of Rewrites. A table fits the network that it was made of, so
/// narrow-calibrate has these options too.
struct RewriteOptions {
  explicit RewriteOptions(llvm::cl::OptionCategory &category);
  llvm::cl::opt<std::string> equalize, smooth;
  llvm::cl::opt<bool> absorbBias;
  llvm::cl::opt<double> splitChannels;

  /// An option that was given; empty: none.
  llvm::StringRef getGiven() const;
  /// Fails if an option's value is none.
  llvm::Expected<Rewrites> get() const;
};

/// What differs from the defaults, as command line options; equal recipes have equal texts.
std::string describe(const Recipe &recipe);

/// The command line form of a Recipe.
struct RecipeOptions {
  explicit RecipeOptions(llvm::cl::OptionCategory &category);
  llvm::cl::opt<std::string> scheme, method, weightMethod;
  llvm::cl::opt<double> percentile;
  llvm::cl::list<std::string> overrides, ranges;
  llvm::cl::opt<std::string> overrideFile;
  llvm::cl::opt<std::string> align, rounding, ties, roundingInputs;
  llvm::cl::opt<uint32_t> seed;
  llvm::cl::opt<int64_t> roundingIterations;
  llvm::cl::opt<std::string> correctBias;
  RewriteOptions rewrites;

  /// An option that was given; empty: none.
  llvm::StringRef getGiven() const;
  /// Whether `name` is one of these options, those of rewrites included.
  bool has(llvm::StringRef name) const;
  /// What is wrong with the options together; empty: nothing.
  std::string getContradiction() const;
  /// Fails if an option's value is none.
  llvm::Expected<Recipe> get() const;

private:
  std::vector<std::reference_wrapper<const llvm::cl::Option>> list() const;
};

/// Calibration data, for methods that look at more than a table's statistics.
struct CalibrationSamples {
  const Dataset &data;
  ArrayRef<ModelInput> inputs;
};

/// How to calibrate for `recipe`: whether a method needs moving averages.
CalibrationOptions getCalibrationOptions(const Recipe &recipe);

/// Rewrites of the float function: they come before observers, so that calibration sees
/// what is quantized. `samples` is null if a table was given instead of data.
llvm::Error rewriteFloat(ModuleOp floatStage, const Recipe &recipe, const CalibrationSamples *samples);

/// Fails unless a table was made of the network that `rewrites` make: says which options
/// differ. `name` stands for the table's file.
llvm::Error checkRewrites(const CalibrationTable &table, StringRef name, const Rewrites &rewrites);

/// observed -> annotated. `table` has the ranges, `tableName` is what errors call it.
llvm::Error annotate(ModuleOp observed, const Recipe &recipe, const CalibrationTable &table,
                     StringRef tableName, const CalibrationSamples *samples);

} // namespace narrow

#endif
