//===- Pipelines.cpp - Which passes run in which order --------------------===//
#include "narrow/Pipelines/Pipelines.h"
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

void narrow::buildAnnotatedPipeline(OpPassManager &pm, const AnnotatedPipelineOptions &options,
                                    const CalibrationTable *table) {
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
  pm.addPass(table ? createImportTablePass(table, import) : createNarrowImportTable(import));
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
  encode.codeGrid = options.codeGrid;
  pm.addPass(createNarrowEncodeWeights(encode));
  pm.addPass(createNarrowVerifyAnnotated());
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
  pm.addPass(createNarrowFormXnor({options.isa, options.popcount}));
  pm.addPass(createNarrowFormKernels());
  pm.addPass(createNarrowLowerKernels(
      {options.isa, options.x86, options.popcount, options.profile, options.packWeights}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (options.threads > 1)
    pm.addPass(createNarrowDistributeThreads({options.threads, options.x86}));
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
      "narrow-annotated-pipeline", "observed -> annotated: ranges, bits, granularity, scales",
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
