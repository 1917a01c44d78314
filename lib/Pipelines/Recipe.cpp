//===- Recipe.cpp - How a float network is quantized ----------------------===//
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"

using namespace mlir;
using namespace mlir::narrow;
namespace cl = llvm::cl;

RecipeOptions::RecipeOptions(cl::OptionCategory &category)
    : scheme("scheme", cl::desc("w8a8 (default), w4a8, w8pta8, ..."), cl::init("w8a8"), cl::cat(category)),
      method("method", cl::desc("how ranges are chosen: minmax (default), percentile, mse, kl"),
             cl::init("minmax"), cl::cat(category)),
      percentile("percentile", cl::desc("for --method=percentile (99.99)"), cl::init(99.99),
                 cl::cat(category)),
      overrides("override", cl::desc("scheme of the ops whose id matches, e.g. 'conv1.*=float'"),
                cl::value_desc("regex=scheme"), cl::cat(category)) {}

llvm::StringRef RecipeOptions::getGiven() const { return findGiven({scheme, method, percentile, overrides}); }

std::string RecipeOptions::getContradiction() const {
  if (percentile.getNumOccurrences() && method != "percentile")
    return "--percentile is for --method=percentile";
  return "";
}

llvm::Expected<Recipe> RecipeOptions::get() const {
  if (!llvm::is_contained({"minmax", "percentile", "mse", "kl"}, method))
    return llvm::createStringError("--method takes minmax, percentile, mse or kl, got '" + method + "'");
  return Recipe{scheme, {overrides.begin(), overrides.end()}, method, percentile};
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
  options.percentile = recipe.percentile;
  options.scheme = recipe.scheme;
  for (const std::string &text : recipe.overrides)
    options.overrides.push_back(text);
  if (failed(runPipeline(observed, [&](OpPassManager &pm) { buildAnnotatedPipeline(pm, options, &table); })))
    return alreadyReported();
  return llvm::Error::success();
}
