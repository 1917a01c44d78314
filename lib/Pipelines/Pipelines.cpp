//===- Pipelines.cpp - Which passes run in which order --------------------===//
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Pipelines/Recipe.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Target/CPU/Emit.h"
#include "narrow/Target/CPU/Passes.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace narrow;

void narrow::buildFloatPipeline(OpPassManager &pm, bool verify) {
  OpPassManager &function = pm.nest<func::FuncOp>();
  function.addPass(createNarrowFoldConstants());
  function.addPass(createNarrowRaiseComposites());
  function.addPass(createNarrowFoldBatchNorm());
  function.addPass(createNarrowPropagateLayout());
  function.addPass(createNarrowSinkReshapes());
  function.addPass(createNarrowFoldConstants());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
  pm.addPass(createNarrowAssignIds());
  if (verify)
    pm.addPass(createNarrowVerifyFloat());
}

void narrow::buildObservedPipeline(OpPassManager &pm) {
  pm.addPass(createNarrowInsertObservers());
  pm.addPass(createNarrowVerifyObserved());
}

void narrow::buildRewritePipeline(OpPassManager &pm, const Rewrites &rewrites) {
  auto measure = [&](StringRef statistics) {
    NarrowMeasureChannelsOptions options;
    options.statistics = statistics.str();
    pm.addPass(createNarrowMeasureChannels(options));
  };
  if (rewrites.equalize) {
    NarrowEqualizeOptions options;
    options.replaceClamp = rewrites.replaceClamps;
    pm.addNestedPass<func::FuncOp>(createNarrowEqualize(options));
  }
  if (rewrites.absorbBias) {
    // Means of inputs (of this data set) and of batch norm (of the training) mix well enough.
    measure("distributions");
    pm.addNestedPass<func::FuncOp>(createNarrowAbsorbBias());
  }
  if (rewrites.smooth) {
    measure("maxima");
    NarrowSmoothOptions options;
    options.alpha = *rewrites.smooth;
    pm.addNestedPass<func::FuncOp>(createNarrowSmooth(options));
  }
  if (rewrites.splitChannels > 0) {
    NarrowSplitChannelsOptions options;
    options.fraction = rewrites.splitChannels;
    pm.addNestedPass<func::FuncOp>(createNarrowSplitChannels(options));
  }
}

static std::optional<numerics::WeightRounding> parseRounding(StringRef name) {
  using numerics::WeightRounding;
  return llvm::StringSwitch<std::optional<WeightRounding>>(name)
      .Case("nearest", WeightRounding::Nearest)
      .Case("stochastic", WeightRounding::Stochastic)
      .Case("gptq", WeightRounding::Gptq)
      .Case("adaround", WeightRounding::AdaRound)
      .Case("adaquant", WeightRounding::AdaQuant)
      .Case("flexround", WeightRounding::FlexRound)
      .Default(std::nullopt);
}

static std::optional<numerics::Rounding> parseTies(StringRef name) {
  using numerics::Rounding;
  return llvm::StringSwitch<std::optional<Rounding>>(name)
      .Case("even", Rounding::HalfEven)
      .Case("away", Rounding::HalfAway)
      .Case("up", Rounding::HalfUp)
      .Case("zero", Rounding::TowardZero)
      .Default(std::nullopt);
}

void AnnotatedPipelineOptions::setRecipe(const Recipe &recipe) {
  method = recipe.method;
  weightMethod = recipe.weightMethod;
  ranges = ArrayRef(recipe.ranges);
  percentile = recipe.percentile;
  scheme = recipe.scheme;
  overrides = ArrayRef(recipe.overrides);
  align = recipe.align;
  rounding = *parseRounding(recipe.rounding);
  ties = *parseTies(recipe.ties);
  floatInputs = recipe.roundFloatInputs;
  seed = recipe.seed;
  roundingIterations = recipe.roundingIterations;
  correctBias = recipe.correctBias;
}

/// The end of the annotated stage. The nearest code, ties to even, is what narrow-quantize takes.
static void addRounding(OpPassManager &pm, const AnnotatedPipelineOptions &options) {
  if (options.rounding == numerics::WeightRounding::Nearest && options.ties == numerics::Rounding::HalfEven)
    return;
  NarrowRoundWeightsOptions round;
  round.method = options.rounding;
  round.ties = options.ties;
  round.seed = options.seed;
  round.iterations = options.roundingIterations;
  round.floatInputs = options.floatInputs;
  pm.addPass(createNarrowRoundWeights(round));
  pm.addPass(createNarrowVerifyAnnotated());
}

static void addBiasCorrection(OpPassManager &pm, const AnnotatedPipelineOptions &options) {
  if (options.correctBias.empty())
    return;
  if (options.correctBias == "empirical") {
    NarrowMeasureChannelsOptions measure;
    measure.statistics = "errors";
    pm.addPass(createNarrowMeasureChannels(measure));
  }
  NarrowCorrectBiasOptions correct;
  correct.method = options.correctBias;
  pm.addPass(createNarrowCorrectBias(correct));
  pm.addPass(createNarrowVerifyAnnotated());
}

void narrow::buildAnnotatedPipeline(OpPassManager &pm, const AnnotatedPipelineOptions &options) {
  pm.addPass(createNarrowVerifyObserved());
  // How a range is best depends on the number of codes.
  NarrowAssignBitWidthOptions bits;
  bits.scheme = options.scheme;
  bits.overrides.assign(options.overrides.begin(), options.overrides.end());
  pm.addPass(createNarrowAssignBitWidth(bits));
  NarrowImportTableOptions import;
  import.table = options.table;
  import.method = options.method;
  import.ranges.assign(options.ranges.begin(), options.ranges.end());
  import.percentile = options.percentile;
  pm.addPass(createNarrowImportTable(import));
  pm.addPass(createNarrowBinarizeInputs());
  if (!options.align.empty())
    pm.addPass(createNarrowAlignOperands({options.align}));
  NarrowAssignGranularityOptions granularity;
  granularity.scheme = options.scheme;
  granularity.overrides.assign(options.overrides.begin(), options.overrides.end());
  granularity.weightMethod = options.weightMethod;
  granularity.ranges.assign(options.ranges.begin(), options.ranges.end());
  granularity.percentile = options.percentile;
  pm.addPass(createNarrowAssignGranularity(granularity));
  pm.addPass(createNarrowClusterChannels());
  pm.addPass(createNarrowAssignScales());
  NarrowEncodeWeightsOptions encode;
  using numerics::WeightRounding;
  encode.codeGrid = options.codeGrid || llvm::is_contained({WeightRounding::Gptq, WeightRounding::AdaRound,
                                                            WeightRounding::Stochastic},
                                                           options.rounding.getValue());
  pm.addPass(createNarrowEncodeWeights(encode));
  pm.addPass(createNarrowVerifyAnnotated());
  addRounding(pm, options);
  addBiasCorrection(pm, options);
}

void narrow::buildQuantizedPipeline(OpPassManager &pm) {
  pm.addPass(createNarrowQuantize());
  pm.addPass(createNarrowVerifyQuantized());
}

void narrow::buildIntegerPipeline(OpPassManager &pm, const IntegerPipelineOptions &options) {
  NarrowLowerToIntegerOptions lower;
  lower.strict = options.strict;
  lower.requantize = options.requantize;
  pm.addPass(createNarrowLowerToInteger(lower));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createNarrowVerifyAccumulators());
  pm.addPass(createNarrowVerifyInteger());
  if (options.strict)
    pm.addPass(createNarrowVerifyIntegerOnly());
}

void VectorPipelineOptions::setTarget(const TargetSpec &target) {
  isa = target.getKernelISA().str();
  x86 = llvm::Triple(target.triple).isX86();
  popcount = target.emulatedISA.empty() && countsBits(target);
}

void narrow::buildVectorPipeline(OpPassManager &pm, const VectorPipelineOptions &options) {
  pm.addPass(createNarrowSetTarget({options.isa, options.x86, options.popcount}));
  pm.addPass(createNarrowFormXnor());
  pm.addPass(createNarrowFormKernels());
  pm.addPass(createNarrowPlanMemory());
  pm.addPass(createNarrowLowerKernels({options.profile, options.packWeights}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (options.threads > 1)
    pm.addPass(createNarrowDistributeThreads({options.threads}));
  pm.addPass(createNarrowVerifyVector());
}

void narrow::buildLLVMPipeline(OpPassManager &pm) { buildLowerToLLVM(pm); }

void narrow::registerPipelines() {
  PassPipelineRegistration<FloatPipelineOptions>("narrow-float-pipeline",
                                                 "imported -> float: fold, raise composites, NHWC, ids",
                                                 [](OpPassManager &pm, const FloatPipelineOptions &options) {
                                                   buildFloatPipeline(pm, /*verify=*/!options.quantized);
                                                 });
  PassPipelineRegistration<>("narrow-observed-pipeline", "float -> observed: insert observers",
                             buildObservedPipeline);
  PassPipelineRegistration<AnnotatedPipelineOptions>(
      "narrow-annotated-pipeline", "observed -> annotated: ranges, bits, granularity, scales, rounding",
      [](OpPassManager &pm, const AnnotatedPipelineOptions &options) {
        buildAnnotatedPipeline(pm, options);
      });
  PassPipelineRegistration<>("narrow-quantized-pipeline", "annotated -> quantized: simulated quantization",
                             buildQuantizedPipeline);
  PassPipelineRegistration<IntegerPipelineOptions>(
      "narrow-integer-pipeline", "quantized -> integer: integers only", buildIntegerPipeline);
  PassPipelineRegistration<VectorPipelineOptions>(
      "narrow-vector-pipeline", "integer -> vector: kernels and arena", buildVectorPipeline);
  PassPipelineRegistration<>("narrow-llvm-pipeline", "vector -> llvm: LLVM dialect", buildLLVMPipeline);
}
