//===- Pipelines.h - Which passes run in which order ------------*- C++ -*-===//
//
// One pipeline a stage, each from the stage before it. They end with the pass
// that verifies the stage and are registered as --narrow-<stage>-pipeline.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_PIPELINES_H
#define NARROW_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/Passes.h"
#include "narrow/Target/CPU/Target.h"

namespace narrow {
struct Recipe;
struct Rewrites;

struct FloatPipelineOptions : mlir::PassPipelineOptions<FloatPipelineOptions> {
  Option<bool> quantized{*this, "quantized",
                         llvm::cl::desc("the model came quantized: it is in the quantized stage afterwards"),
                         llvm::cl::init(false)};
};

struct AnnotatedPipelineOptions : mlir::PassPipelineOptions<AnnotatedPipelineOptions> {
  Option<std::string> table{*this, "table", llvm::cl::desc("calibration table")};
  Option<std::string> method{*this, "method", llvm::cl::desc("how ranges of activations are chosen"),
                             llvm::cl::init("minmax")};
  Option<std::string> weightMethod{*this, "weight-method", llvm::cl::desc("how ranges of weights are chosen"),
                                   llvm::cl::init("minmax")};
  ListOption<std::string> ranges{*this, "range", llvm::cl::desc("<regex>=<method> for tensors by id")};
  Option<ExactDouble> percentile{*this, "percentile", llvm::cl::desc("percent kept at each end"),
                                 llvm::cl::init(99.99)};
  Option<std::string> scheme{*this, "scheme", llvm::cl::desc("w8a8, w4a8, w8pta8, ..."),
                             llvm::cl::init("w8a8")};
  ListOption<std::string> overrides{*this, "override", llvm::cl::desc("<regex>=<scheme> for ops by id")};
  Option<std::string> align{
      *this, "align", llvm::cl::desc("operands that share a range: of add, concat or all; empty: none")};
  Option<bool> codeGrid{*this, "code-grid",
                        llvm::cl::desc("weights of formats keep what narrow-round-weights needs, as they do "
                                       "for a rounding that takes formats"),
                        llvm::cl::init(false)};
  Option<numerics::WeightRounding> rounding{*this, "rounding", llvm::cl::desc("how weights become codes"),
                                            llvm::cl::init(numerics::WeightRounding::Nearest),
                                            getWeightRoundingValues()};
  Option<numerics::Rounding> ties{*this, "rounding-ties", llvm::cl::desc("of rounding to nearest"),
                                  llvm::cl::init(numerics::Rounding::HalfEven), getTiesValues()};
  Option<bool> floatInputs{
      *this, "rounding-float-inputs",
      llvm::cl::desc("layers are rounded for the input that the float network feeds them"),
      llvm::cl::init(false)};
  Option<unsigned> seed{*this, "seed", llvm::cl::desc("of what is chosen by chance"), llvm::cl::init(0)};
  Option<int64_t> roundingIterations{*this, "rounding-iterations",
                                     llvm::cl::desc("steps for each layer of methods that learn"),
                                     llvm::cl::init(1000)};
  Option<std::string> correctBias{*this, "correct-bias",
                                  llvm::cl::desc("correct the mean error of rounded weights: empirical or "
                                                 "analytic; empty: not at all")};

  /// Sets all but the table.
  void setRecipe(const Recipe &recipe);
};

struct IntegerPipelineOptions : mlir::PassPipelineOptions<IntegerPipelineOptions> {
  Option<bool> strict{*this, "strict", llvm::cl::desc("an op that stays float is an error"),
                      llvm::cl::init(false)};
  Option<std::string> requantize{*this, "requantize",
                                 llvm::cl::desc("how accumulators become codes: exact or fast"),
                                 llvm::cl::init("exact")};
};

struct VectorPipelineOptions : mlir::PassPipelineOptions<VectorPipelineOptions> {
  Option<std::string> isa{*this, "isa", llvm::cl::desc("instruction set"), llvm::cl::init("portable")};
  Option<bool> x86{*this, "x86", llvm::cl::desc("the target is an x86-64"), llvm::cl::init(false)};
  Option<bool> popcount{*this, "popcount", llvm::cl::desc("an instruction counts the bits of lanes"),
                        llvm::cl::init(false)};
  Option<bool> profile{*this, "profile", llvm::cl::desc("count the cycles of every kernel"),
                       llvm::cl::init(false)};
  Option<PackWeights> packWeights{*this, "pack-weights",
                                  llvm::cl::desc("weights with at most 16 different values share bytes"),
                                  llvm::cl::init(PackWeights::Auto), getPackWeightsValues()};
  Option<unsigned> threads{*this, "threads", llvm::cl::desc("the most threads that one run may use"),
                           llvm::cl::init(1)};

  /// Sets what follows from the target.
  void setTarget(const TargetSpec &target);
};

/// imported -> float. A model that is already quantized (QDQ) takes the same
/// rewrites; its stage is then quantized, and `verify` must be off.
void buildFloatPipeline(OpPassManager &pm, bool verify = true);
/// float -> observed.
void buildObservedPipeline(OpPassManager &pm);
/// float -> float, on samples of the context where a rewrite needs them.
void buildRewritePipeline(OpPassManager &pm, const Rewrites &rewrites);
/// observed -> annotated. Without a table in the options it is that of the context. Rounding and bias
/// correction that look at activations use the samples of the context.
void buildAnnotatedPipeline(OpPassManager &pm, const AnnotatedPipelineOptions &options);
/// annotated -> quantized.
void buildQuantizedPipeline(OpPassManager &pm);
/// quantized -> integer.
void buildIntegerPipeline(OpPassManager &pm, const IntegerPipelineOptions &options);
/// integer (or float, observed) -> vector.
void buildVectorPipeline(OpPassManager &pm, const VectorPipelineOptions &options);

/// vector -> llvm.
void buildLLVMPipeline(OpPassManager &pm);

/// Registers all of the above by name.
void registerPipelines();

} // namespace narrow

#endif
