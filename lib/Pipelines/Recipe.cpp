//===- Recipe.cpp - How a float network is quantized ----------------------===//
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"

using namespace mlir;
using namespace mlir::narrow;
namespace cl = llvm::cl;

RecipeOptions::RecipeOptions(cl::OptionCategory &category)
    : scheme("scheme", cl::desc("w8a8 (default), w4a8, w8pta8, ..."), cl::init("w8a8"), cl::cat(category)),
      method(
          "method",
          cl::desc("how ranges of activations are chosen: minmax (default), absmax, absmax-full, "
                   "absmax-pow2, ema, percentile[:<percent>], mse[:<power>], omse, kl, aciq, aciq-laplace, "
                   "aciq-gauss, octav, sqnr, auto"),
          cl::init("minmax"), cl::cat(category)),
      weightMethod("weight-method",
                   cl::desc("how ranges of weights are chosen: minmax (default) or another but ema"),
                   cl::init("minmax"), cl::cat(category)),
      percentile("percentile", cl::desc("for the method percentile (99.99)"), cl::init(99.99),
                 cl::cat(category)),
      overrides("override", cl::desc("scheme of the ops whose id matches, e.g. 'conv1.*=float'"),
                cl::value_desc("regex=scheme"), cl::cat(category)),
      ranges("range", cl::desc("method for the tensors whose id matches, e.g. 'conv1(/weight)?=mse'"),
             cl::value_desc("regex=method"), cl::cat(category)) {}

llvm::StringRef RecipeOptions::getGiven() const {
  return findGiven({scheme, method, weightMethod, percentile, overrides, ranges});
}

std::string RecipeOptions::getContradiction() const {
  bool isUsed = method == "percentile" || weightMethod == "percentile" ||
                llvm::any_of(ranges, [](StringRef text) { return text.ends_with("=percentile"); });
  if (percentile.getNumOccurrences() && !isUsed)
    return "--percentile is for the method percentile";
  return "";
}

llvm::Expected<Recipe> RecipeOptions::get() const {
  std::vector<std::string> rules(ranges.begin(), ranges.end());
  for (StringRef name : {StringRef(method), StringRef(weightMethod)})
    if (auto parsed = RangeRules::parse(name, rules, percentile); !parsed)
      return parsed.takeError();
  Recipe recipe;
  recipe.scheme = scheme;
  recipe.overrides.assign(overrides.begin(), overrides.end());
  recipe.method = method;
  recipe.weightMethod = weightMethod;
  recipe.ranges = std::move(rules);
  recipe.percentile = percentile;
  return recipe;
}

CalibrationOptions mlir::narrow::getCalibrationOptions(const Recipe &recipe) {
  CalibrationOptions options;
  if (recipe.method == "ema" ||
      llvm::any_of(recipe.ranges, [](StringRef text) { return text.rsplit('=').second.trim() == "ema"; }))
    options.movingAverage = 0.95;
  return options;
}

llvm::Error mlir::narrow::rewriteFloat(ModuleOp, const Recipe &, const CalibrationSamples *) {
  return llvm::Error::success();
}

llvm::Error mlir::narrow::annotate(ModuleOp observed, const Recipe &recipe,
                                   const ::narrow::CalibrationTable &table, StringRef tableName,
                                   const CalibrationSamples *) {
  AnnotatedPipelineOptions options;
  options.table = tableName.str();
  options.method = recipe.method;
  options.weightMethod = recipe.weightMethod;
  for (const std::string &text : recipe.ranges)
    options.ranges.push_back(text);
  options.percentile = recipe.percentile;
  options.scheme = recipe.scheme;
  for (const std::string &text : recipe.overrides)
    options.overrides.push_back(text);
  if (failed(runPipeline(observed, [&](OpPassManager &pm) { buildAnnotatedPipeline(pm, options, &table); })))
    return alreadyReported();
  return llvm::Error::success();
}
