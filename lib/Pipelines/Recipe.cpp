//===- Recipe.cpp - How a float network is quantized ----------------------===//
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"
#include "narrow/Pipelines/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow;

std::string Rewrites::toCommandLine() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator separator(" ");
  if (equalize)
    os << separator << (replaceClamps ? "--equalize=relu" : "--equalize");
  if (absorbBias)
    os << separator << "--absorb-bias";
  if (smooth)
    os << separator << llvm::formatv("--smooth={0}", *smooth);
  if (splitChannels > 0)
    os << separator << llvm::formatv("--split-channels={0}", splitChannels);
  return text;
}

std::string narrow::toCommandLine(const Recipe &recipe) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const Recipe defaults;
  auto add = [&](StringRef name, const auto &value, const auto &standard) {
    if (value != standard)
      os << (text.empty() ? "" : " ") << "--" << name << '=' << value;
  };
  add("scheme", recipe.scheme, defaults.scheme);
  for (const std::string &rule : recipe.overrides)
    add("override", rule, "");
  add("method", recipe.method, defaults.method);
  add("weight-method", recipe.weightMethod, defaults.weightMethod);
  for (const std::string &rule : recipe.ranges)
    add("range", rule, "");
  add("percentile", recipe.percentile, defaults.percentile);
  add("align", recipe.align, defaults.align);
  add("rounding", recipe.rounding, defaults.rounding);
  add("rounding-ties", recipe.ties, defaults.ties);
  add("rounding-inputs", StringRef(recipe.roundFloatInputs ? "float" : "quantized"),
      StringRef(defaults.roundFloatInputs ? "float" : "quantized"));
  add("seed", recipe.seed, defaults.seed);
  add("rounding-iterations", recipe.roundingIterations, defaults.roundingIterations);
  add("correct-bias", recipe.correctBias, defaults.correctBias);
  if (std::string rewrites = recipe.rewrites.toCommandLine(); !rewrites.empty())
    os << (text.empty() ? "" : " ") << rewrites;
  return text;
}

double narrow::getMovingAverage(const Recipe &recipe) {
  bool isAsked = recipe.method == "ema" || llvm::any_of(recipe.ranges, [](StringRef text) {
                   return text.rsplit('=').second.trim() == "ema";
                 });
  return isAsked ? 0.95 : 0;
}

llvm::Error narrow::checkSamples(const Recipe &recipe, bool hasSamples) {
  if (hasSamples)
    return llvm::Error::success();
  auto needs = [](const llvm::Twine &option) {
    return llvm::createStringError(option + " measures activations: give narrow-compile the samples (--data) "
                                            "instead of a table, it then does everything in one run");
  };
  if (recipe.rewrites.absorbBias)
    return needs("--absorb-bias");
  if (recipe.rewrites.smooth)
    return needs("--smooth");
  if (recipe.roundingNeedsData())
    return llvm::createStringError("--rounding=" + recipe.rounding +
                                   " looks at what the layers read: give --data instead of a table");
  if (recipe.correctBias == "empirical")
    return needs("--correct-bias=empirical");
  return llvm::Error::success();
}

llvm::Error narrow::checkRewrites(const CalibrationTable &table, StringRef name, const Rewrites &rewrites) {
  std::string wanted = rewrites.toCommandLine();
  if (table.rewrites == wanted)
    return llvm::Error::success();
  if (table.foreign)
    return llvm::createStringError("'" + name + "' is a table of " + table.foreign->tool +
                                   " and of the network " + "as it is, which " + wanted +
                                   " changes: give --data instead");
  return llvm::createStringError(
      "'" + name + "' was made with " + describeRewrites(table.rewrites) + ", this run has " +
      describeRewrites(wanted) +
      ": --equalize and --split-channels change the network that a table is of, give "
      "narrow-calibrate and this run the same");
}

llvm::Error narrow::rewriteFloat(ModuleOp module, const Recipe &recipe) {
  bool hasSamples = getCalibration(module.getContext()).samples != nullptr;
  Recipe rewriting;
  rewriting.rewrites = recipe.rewrites;
  if (llvm::Error error = checkSamples(rewriting, hasSamples))
    return error;
  if (failed(runPipeline(module, [&](OpPassManager &pm) { buildRewritePipeline(pm, recipe.rewrites); })))
    return alreadyReported();
  return llvm::Error::success();
}

llvm::Error narrow::annotate(ModuleOp observed, const Recipe &recipe) {
  bool hasSamples = getCalibration(observed.getContext()).samples != nullptr;
  Recipe annotating = recipe;
  annotating.rewrites = {};
  if (llvm::Error error = checkSamples(annotating, hasSamples))
    return error;
  AnnotatedPipelineOptions options;
  options.setRecipe(recipe);
  if (failed(runPipeline(observed, [&](OpPassManager &pm) { buildAnnotatedPipeline(pm, options); })))
    return alreadyReported();
  return llvm::Error::success();
}
