//===- RecipeOptions.h - The command line form of a recipe ------*- C++ -*-===//
#ifndef NARROW_PIPELINES_RECIPEOPTIONS_H
#define NARROW_PIPELINES_RECIPEOPTIONS_H

#include "narrow/Pipelines/Recipe.h"
#include "llvm/Support/CommandLine.h"

namespace narrow {

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

} // namespace narrow

#endif
