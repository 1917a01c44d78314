//===- Recipe.cpp - How a float network is quantized ----------------------===//
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Rescale.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::narrow;
namespace cl = llvm::cl;

RewriteOptions::RewriteOptions(cl::OptionCategory &category)
    : equalize("equalize",
               cl::desc("make the weights of a channel equally large before and after it; 'relu': also "
                        "where that turns ReLU6 into ReLU"),
               cl::value_desc("exact|relu"), cl::ValueOptional, cl::cat(category)),
      smooth("smooth", cl::desc("move outliers of activations into weights (SmoothQuant; alpha 0.5)"),
             cl::value_desc("alpha"), cl::ValueOptional, cl::cat(category)),
      absorbBias("absorb-bias", cl::desc("move large biases into the layer after a ReLU"), cl::cat(category)),
      splitChannels("split-channels",
                    cl::desc("compute channels with outlier weights twice: how many, "
                             "as a fraction of all"),
                    cl::value_desc("fraction"), cl::init(0), cl::cat(category)) {}

llvm::StringRef RewriteOptions::getGiven() const {
  return findGiven({equalize, smooth, absorbBias, splitChannels});
}

llvm::Expected<Rewrites> RewriteOptions::get() const {
  Rewrites rewrites;
  if (!llvm::is_contained({"", "exact", "relu"}, equalize))
    return llvm::createStringError("--equalize takes exact (as without a value) or relu, got '" + equalize +
                                   "'");
  rewrites.equalize = equalize.getNumOccurrences() > 0;
  rewrites.replaceClamps = equalize == "relu";
  rewrites.absorbBias = absorbBias;
  if (smooth.getNumOccurrences()) {
    double alpha = 0.5;
    if (!smooth.empty() && (llvm::StringRef(smooth).getAsDouble(alpha) || !(alpha >= 0 && alpha <= 1)))
      return llvm::createStringError("--smooth takes a number from 0 to 1, got '" + smooth + "'");
    rewrites.smooth = alpha;
  }
  if (splitChannels.getNumOccurrences()) {
    if (!(splitChannels > 0 && splitChannels <= 1))
      return llvm::createStringError("--split-channels takes a number above 0 and up to 1");
    rewrites.splitChannels = splitChannels;
  }
  return rewrites;
}

std::string Rewrites::describe() const {
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

RecipeOptions::RecipeOptions(cl::OptionCategory &category)
    : scheme("scheme", cl::desc("w8a8 (default), w4a8, w8pta8, ..."), cl::init("w8a8"), cl::cat(category)),
      method("method", cl::desc("how ranges are chosen: minmax (default), percentile, mse, kl"),
             cl::init("minmax"), cl::cat(category)),
      percentile("percentile", cl::desc("for --method=percentile (99.99)"), cl::init(99.99),
                 cl::cat(category)),
      overrides("override", cl::desc("scheme of the ops whose id matches, e.g. 'conv1.*=float'"),
                cl::value_desc("regex=scheme"), cl::cat(category)),
      correctBias("correct-bias",
                  cl::desc("take back what rounded weights add to means: measured on the samples, or "
                           "predicted from batch norm"),
                  cl::value_desc("empirical|analytic"), cl::cat(category)),
      rewrites(category) {}

llvm::StringRef RecipeOptions::getGiven() const {
  llvm::StringRef given = findGiven({scheme, method, percentile, overrides, correctBias});
  return given.empty() ? rewrites.getGiven() : given;
}

std::string RecipeOptions::getContradiction() const {
  if (percentile.getNumOccurrences() && method != "percentile")
    return "--percentile is for --method=percentile";
  return "";
}

llvm::Expected<Recipe> RecipeOptions::get() const {
  if (!llvm::is_contained({"minmax", "percentile", "mse", "kl"}, method))
    return llvm::createStringError("--method takes minmax, percentile, mse or kl, got '" + method + "'");
  if (correctBias.getNumOccurrences() && !llvm::is_contained({"empirical", "analytic"}, correctBias))
    return llvm::createStringError("--correct-bias takes empirical or analytic, got '" + correctBias + "'");
  llvm::Expected<Rewrites> rewritten = rewrites.get();
  if (!rewritten)
    return rewritten.takeError();
  return Recipe{scheme, {overrides.begin(), overrides.end()}, method, percentile, *rewritten, correctBias};
}

/// The error of a method that needs samples and has a table.
static llvm::Error needsSamples(const llvm::Twine &option) {
  return llvm::createStringError(option + " measures activations: give narrow-compile the samples (--data) "
                                          "instead of a table, it then does everything in one run");
}

/// Runs a pass of the float stage.
static llvm::Error runFloatPass(ModuleOp module, std::unique_ptr<Pass> pass) {
  if (failed(
          runPipeline(module, [&](OpPassManager &pm) { pm.addNestedPass<func::FuncOp>(std::move(pass)); })))
    return alreadyReported();
  return llvm::Error::success();
}

llvm::Error mlir::narrow::rewriteFloat(ModuleOp module, const Rewrites &rewrites,
                                       const CalibrationSamples *samples) {
  if (rewrites.equalize) {
    NarrowEqualizeOptions options;
    options.replaceClamp = rewrites.replaceClamps;
    if (llvm::Error error = runFloatPass(module, createNarrowEqualize(options)))
      return error;
  }
  if (rewrites.absorbBias) {
    // Means of inputs (of this data set) and of batch norm (of the training) mix well enough.
    if (!samples)
      return needsSamples("--absorb-bias");
    if (llvm::Error error = measureDistributions(module, *samples))
      return error;
    if (llvm::Error error = runFloatPass(module, createNarrowAbsorbBias()))
      return error;
  }
  if (rewrites.smooth) {
    if (!samples)
      return needsSamples("--smooth");
    if (llvm::Error error = measureMaxima(module, *samples))
      return error;
    NarrowSmoothOptions options;
    options.alpha = *rewrites.smooth;
    if (llvm::Error error = runFloatPass(module, createNarrowSmooth(options)))
      return error;
  }
  if (rewrites.splitChannels > 0) {
    NarrowSplitChannelsOptions options;
    options.fraction = rewrites.splitChannels;
    if (llvm::Error error = runFloatPass(module, createNarrowSplitChannels(options)))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error mlir::narrow::checkRewrites(const ::narrow::CalibrationTable &table, StringRef name,
                                        const Rewrites &rewrites) {
  std::string wanted = rewrites.describe();
  if (table.rewrites == wanted)
    return llvm::Error::success();
  auto with = [](const std::string &options) { return options.empty() ? "no rewrites" : options; };
  return llvm::createStringError(
      "'" + name + "' was made with " + with(table.rewrites) + ", this run has " + with(wanted) +
      ": --equalize and --split-channels change the network that a table is of, give "
      "narrow-calibrate and this run the same");
}

/// `observed` without its observers: the float network.
static OwningOpRef<ModuleOp> copyUnobserved(ModuleOp observed) {
  OwningOpRef<ModuleOp> copy = observed.clone();
  copy->walk([](ObserveOp op) {
    op.getOutput().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  return copy;
}

llvm::Error mlir::narrow::annotate(ModuleOp observed, const Recipe &recipe,
                                   const ::narrow::CalibrationTable &table, StringRef tableName,
                                   const CalibrationSamples *samples) {
  OwningOpRef<ModuleOp> original;
  if (!recipe.correctBias.empty())
    original = copyUnobserved(observed);
  AnnotatedPipelineOptions options;
  options.table = tableName.str();
  options.method = recipe.method;
  options.percentile = recipe.percentile;
  options.scheme = recipe.scheme;
  for (const std::string &text : recipe.overrides)
    options.overrides.push_back(text);
  if (failed(runPipeline(observed, [&](OpPassManager &pm) { buildAnnotatedPipeline(pm, options, &table); })))
    return alreadyReported();
  if (original) {
    if (recipe.correctBias == "empirical") {
      if (!samples)
        return needsSamples("--correct-bias=empirical");
      if (llvm::Error error = measureErrors(observed, *original, *samples))
        return error;
    }
    NarrowCorrectBiasOptions correction;
    correction.method = recipe.correctBias;
    if (failed(runPipeline(observed, [&](OpPassManager &pm) {
          pm.addPass(createCorrectBiasPass(*original, correction));
          pm.addPass(createNarrowVerifyAnnotated());
        })))
      return alreadyReported();
  }
  return llvm::Error::success();
}
