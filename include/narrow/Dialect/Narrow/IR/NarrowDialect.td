//===- NarrowDialect.td - The narrow dialect ---------------*- tablegen -*-===//
#ifndef NARROW_DIALECT_TD
#define NARROW_DIALECT_TD

include "mlir/IR/DialectBase.td"

def Narrow_Dialect : Dialect {
  let name = "narrow";
  let cppNamespace = "::narrow";
  let summary = "What post-training quantization adds to TOSA";
  let description = [{
    The `narrow` dialect carries what TOSA has no word for on the way from a
    float network to integer code: observation points and their ranges
    (`observe`), the boundary between real numbers and codes (`quantize`,
    `dequantize`), float composites that are quantized as one operator
    (`batch_norm`, `activation`, `conv2d` with groups, `softmax`), and the unit
    of code generation (`kernel`).

    Discardable attributes carry facts from pass to pass. The verifier refuses
    one that is not in this list, stands in another place or has another type:

    | attribute | on | type | says |
    |---|---|---|---|
    | `narrow.id` | op, function of a kernel | string | names the tensor of its first result in calibration tables, reports and patterns |
    | `narrow.name` | argument or result of a function, constant | string | the tensor's name in the source model; on a constant that of the initializer that a weight is, unless its values were changed |
    | `narrow.unsigned` | argument | unit | bytes of a picture: 0 to 255 |
    | `narrow.layout` | argument or result | string | order of the axes in the source model |
    | `narrow.float_reason` | op | string | why it computes in float though its neighbors are quantized |
    | `narrow.notes` | op | array of strings | what happened when the type of an observer was computed |
    | `narrow.binary_input` | op | unit | the contraction is to read the signs of its input |
    | `narrow.mean_magnitude` | op | f64, at least 0 | of an observer that such a contraction reads |
    | `narrow.encoded` | op | scheme | of an observer: its weight has the values of this scheme's codes |
    | `narrow.code_grid` | op | dictionary | of an observer: the codes that its encoded weight may have |
    | `narrow.channel_mean`, `narrow.channel_deviation`, `narrow.channel_maximum`, `narrow.channel_error` | op | array of f32 | statistics of its result, one for each channel |
    | `narrow.accumulator_bits`, `narrow.accumulator_shift` | op | i32, 0 to 64 | proven bits of an accumulator; bits that it was shifted by |
    | `narrow.type` | argument or result | type | what its codes mean |
    | `narrow.shape` | argument | array of i64 | shape of the tensor that a flat buffer holds |
    | `narrow.output` | argument | unit | the function writes it |
    | `narrow.kernel` | function | string | kind of a kernel |
    | `narrow.work` | function | i64 | multiply-adds or bytes of a kernel: what sharing it among threads is decided by |
    | `narrow.sequential` | op | unit | a loop whose steps depend on each other |
    | `narrow.target` | module | target | what the kernels are generated for |
    | `narrow.emulated_isa` | module | string | the instruction set that the kernels were written for, if they were rewritten for another |
    | `narrow.arena_size`, `narrow.arena_lower_bound` | module | i64, at least 0 | bytes |
    | `narrow.arena_alignment` | module | i64, a power of two | bytes |
    | `narrow.threads` | module | i64, 2 or more | threads that kernels are shared among |
    | `narrow.buffers` | op | array of buffers | of a call: where its results are stored |
    | `narrow.plan_size`, `narrow.plan_lower_bound` | function | i64 | bytes of the arena that the function and what it calls use; that no plan can do without |
    | `narrow.observed` | module | array of strings | ids of the tensors that are given to an observer at run time |
    | `narrow.profile_offset` | module | i64, at least 0 | where in the arena the cycles of kernels are counted |
    | `narrow.profile` | module | array of dictionaries | `name` and `kind` (strings), `macs`, `bytes` and `cycles` (i64) of each kernel |
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let discardableAttrs = (ins
    "::mlir::StringAttr":$id,
    "::mlir::StringAttr":$name,
    "::mlir::UnitAttr":$unsigned,
    "::mlir::StringAttr":$layout,
    "::mlir::StringAttr":$float_reason,
    "::mlir::ArrayAttr":$notes,
    "::mlir::UnitAttr":$binary_input,
    "::mlir::FloatAttr":$mean_magnitude,
    "SchemeAttr":$encoded,
    "::mlir::DictionaryAttr":$code_grid,
    "::mlir::DenseF32ArrayAttr":$channel_mean,
    "::mlir::DenseF32ArrayAttr":$channel_deviation,
    "::mlir::DenseF32ArrayAttr":$channel_maximum,
    "::mlir::DenseF32ArrayAttr":$channel_error,
    "::mlir::IntegerAttr":$accumulator_bits,
    "::mlir::IntegerAttr":$accumulator_shift,
    "::mlir::TypeAttr":$type,
    "::mlir::DenseI64ArrayAttr":$shape,
    "::mlir::UnitAttr":$output,
    "::mlir::StringAttr":$kernel,
    "::mlir::IntegerAttr":$work,
    "::mlir::UnitAttr":$sequential,
    "TargetAttr":$target,
    "::mlir::StringAttr":$emulated_isa,
    "::mlir::IntegerAttr":$arena_size,
    "::mlir::IntegerAttr":$arena_lower_bound,
    "::mlir::IntegerAttr":$arena_alignment,
    "::mlir::IntegerAttr":$threads,
    "::mlir::ArrayAttr":$buffers,
    "::mlir::IntegerAttr":$plan_size,
    "::mlir::IntegerAttr":$plan_lower_bound,
    "::mlir::ArrayAttr":$observed,
    "::mlir::IntegerAttr":$profile_offset,
    "::mlir::ArrayAttr":$profile);
  let dependentDialects = ["::mlir::quant::QuantDialect", "::mlir::tosa::TosaDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
    /// What a driver knows of data, for passes (narrow/Dialect/Narrow/Transforms/SampleSource.h).
    std::shared_ptr<::narrow::Calibration> calibration;
  }];
}

#endif
