//===- RecipeOptions.cpp - The command line form of a recipe --------------===//
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/RecipeOptions.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace narrow;
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
             cl::value_desc("regex=method"), cl::cat(category)),
      overrideFile(
          "override-file",
          cl::desc("overrides, one regex=scheme a line (# begins a comment), before those of --override"),
          cl::value_desc("file"), cl::cat(category)),
      align("align",
            cl::desc("one scale for the operands and the result of every addition, every concat, or both"),
            cl::value_desc("add|concat|all"), cl::cat(category)),
      rounding("rounding",
               cl::desc("how weights become codes: nearest (default), stochastic, gptq, adaround, adaquant, "
                        "flexround; all but the first two need --data"),
               cl::init("nearest"), cl::cat(category)),
      ties("rounding-ties", cl::desc("of --rounding=nearest: even (default), away, up, zero (truncates)"),
           cl::init("even"), cl::cat(category)),
      roundingInputs("rounding-inputs",
                     cl::desc("a layer is rounded for the input that the quantized (default) or the float "
                              "network feeds it; float is faster"),
                     cl::init("quantized"), cl::cat(category)),
      seed("seed", cl::desc("of --rounding methods that choose by chance (0)"), cl::init(0),
           cl::cat(category)),
      roundingIterations("rounding-iterations",
                         cl::desc("steps for each layer, of adaround, adaquant and flexround (1000)"),
                         cl::init(1000), cl::cat(category)),
      correctBias("correct-bias",
                  cl::desc("correct the mean error of rounded weights: measured on the samples, or "
                           "predicted from batch norm"),
                  cl::value_desc("empirical|analytic"), cl::cat(category)),
      rewrites(category) {}

std::vector<std::reference_wrapper<const cl::Option>> RecipeOptions::list() const {
  return {scheme,
          method,
          weightMethod,
          percentile,
          overrides,
          ranges,
          align,
          rounding,
          ties,
          roundingInputs,
          seed,
          roundingIterations,
          correctBias,
          rewrites.equalize,
          rewrites.smooth,
          rewrites.absorbBias,
          rewrites.splitChannels};
}

llvm::StringRef RecipeOptions::getGiven() const {
  for (const cl::Option &option : list())
    if (option.getNumOccurrences() > 0)
      return option.ArgStr;
  return "";
}

bool RecipeOptions::has(llvm::StringRef name) const {
  return llvm::any_of(list(), [&](const cl::Option &option) { return option.ArgStr == name; });
}

std::string RecipeOptions::getContradiction() const {
  bool isUsed = method == "percentile" || weightMethod == "percentile" ||
                llvm::any_of(ranges, [](StringRef text) { return text.ends_with("=percentile"); });
  if (percentile.getNumOccurrences() && !isUsed)
    return "--percentile is for the method percentile";
  if (!correctBias.empty() && rounding == "adaquant")
    return "--correct-bias contradicts --rounding=adaquant, which learns biases";
  if (ties.getNumOccurrences() && rounding != "nearest")
    return "--rounding-ties is for --rounding=nearest";
  if (seed.getNumOccurrences() && rounding == "nearest")
    return "--seed is for --rounding methods that choose by chance: not for nearest";
  if (roundingInputs.getNumOccurrences() && (rounding == "nearest" || rounding == "stochastic"))
    return "--rounding-inputs is for --rounding=gptq, adaround, adaquant and flexround";
  if (roundingIterations.getNumOccurrences() &&
      !llvm::is_contained({"adaround", "adaquant", "flexround"}, rounding.getValue()))
    return "--rounding-iterations is for --rounding=adaround, adaquant and flexround";
  return "";
}

static llvm::Expected<std::vector<std::string>> readOverrides(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return llvm::createStringError("cannot read '" + path + "': " + file.getError().message());
  std::vector<std::string> overrides;
  for (llvm::line_iterator line(**file, /*SkipBlanks=*/true, '#'); !line.is_at_eof(); ++line) {
    std::string text = line->trim().str();
    if (text.empty() || text.front() == '#')
      continue;
    if (auto rules = SchemeRules::parse(Recipe().scheme, text); !rules)
      return llvm::createStringError(path + ":" + llvm::Twine(line.line_number()) + ": " +
                                     llvm::toString(rules.takeError()));
    overrides.push_back(std::move(text));
  }
  return overrides;
}

llvm::Expected<Recipe> RecipeOptions::get() const {
  std::vector<std::string> rules(ranges.begin(), ranges.end());
  for (StringRef name : {StringRef(method), StringRef(weightMethod)})
    if (auto parsed = RangeRules::parse(name, rules, percentile); !parsed)
      return parsed.takeError();
  if (weightMethod == "ema")
    return llvm::createStringError(
        "--weight-method=ema: it averages over batches of samples, and weights have "
        "none; give weights another method of --help");
  if (align.getNumOccurrences() && !llvm::is_contained({"add", "concat", "all"}, align))
    return llvm::createStringError("--align takes add, concat or all, got '" + align + "'");
  if (!llvm::is_contained({"nearest", "stochastic", "gptq", "adaround", "adaquant", "flexround"},
                          rounding.getValue()))
    return llvm::createStringError(
        "--rounding takes nearest, stochastic, gptq, adaround, adaquant or flexround, got '" + rounding +
        "'");
  if (!llvm::is_contained({"even", "away", "up", "zero"}, ties.getValue()))
    return llvm::createStringError("--rounding-ties takes even, away, up or zero, got '" + ties + "'");
  if (roundingInputs != "quantized" && roundingInputs != "float")
    return llvm::createStringError("--rounding-inputs takes quantized or float, got '" + roundingInputs +
                                   "'");
  if (roundingIterations < 1 || roundingIterations > 1000000)
    return llvm::createStringError("--rounding-iterations takes 1 to 1000000, got " +
                                   llvm::Twine(roundingIterations));
  if (correctBias.getNumOccurrences() && !llvm::is_contained({"empirical", "analytic"}, correctBias))
    return llvm::createStringError("--correct-bias takes empirical or analytic, got '" + correctBias + "'");
  llvm::Expected<Rewrites> rewritten = rewrites.get();
  if (!rewritten)
    return rewritten.takeError();
  Recipe recipe;
  recipe.scheme = scheme;
  if (!overrideFile.empty()) {
    llvm::Expected<std::vector<std::string>> read = readOverrides(overrideFile);
    if (!read)
      return read.takeError();
    recipe.overrides = std::move(*read);
  }
  llvm::append_range(recipe.overrides, overrides);
  recipe.method = method;
  recipe.weightMethod = weightMethod;
  recipe.ranges = std::move(rules);
  recipe.percentile = percentile;
  recipe.align = align;
  recipe.rounding = rounding;
  recipe.ties = ties;
  recipe.seed = seed;
  recipe.roundingIterations = roundingIterations;
  recipe.roundFloatInputs = roundingInputs == "float";
  recipe.rewrites = *rewritten;
  recipe.correctBias = correctBias;
  return recipe;
}
