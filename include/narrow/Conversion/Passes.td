//===- Passes.td - Conversions between stages -------------*- tablegen -*-===//
#ifndef NARROW_CONVERSION_PASSES_TD
#define NARROW_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowLowerToInteger : Pass<"narrow-lower-to-integer", "::mlir::ModuleOp"> {
  let summary = "replace simulated quantization by integer arithmetic";
  let description = [{
    Turns the quantized stage into the integer stage: `@main` becomes three
    calls, `@quantize_inputs` (narrow.quantize of every input), `@network`
    (integers) and `@dequantize_outputs` (narrow.dequantize of every result).

    - A contraction becomes its integer form with an i32 result and one
      `tosa.rescale`, per channel where the weights are. Clamps fold into the
      saturation if their bounds are the ends of the codes.
    - Contractions of 16-bit codes, or with weights of such, are several of
      bytes, whose sums are added (rules N80 and N81).
    - `add`, `sub`, `maximum`, `minimum` bring their operands to i32 at the
      result's scale / 2^k, with k up to 16 as far as proven ranges allow. A
      contraction that feeds one without a quantization between is rescaled i32
      to i32. `mul`, sums and averages over the plane compute in i32 likewise.
    - An expression over one tensor of codes and constants becomes one
      `tosa.table`.
    - Ops that move or select codes move codes. A padding with zeros goes into
      the convolution behind it.
    - A quantization is moved in front of an op only if the op commutes with it
      (`QuantizableOpInterface`): movements, nearest resizing, clamps, max
      pools, pads do. Averages and interpolations of codes are summed in i32 and
      rounded where their quantization stands. An op that reads codes yields
      codes only if they mean its numbers exactly: no code is padded with, and
      none is a bound, that is not in the operand's type.
    - Unsigned codes become signed ones by subtracting 128.

    What cannot be lowered stays float between narrow.dequantize and
    narrow.quantize and has `narrow.float_reason`. It reads the i32 result of
    a contraction through a narrow.dequantize too. Float ops that only results
    depend on (a final softmax) go to `@dequantize_outputs`. Factors that have
    no multiplier and shift, and sums that could leave 32 bits, are errors.

    ```mlir
    %x = narrow.dequantize %xq : tensor<1x4x4x2x!quant.uniform<i8:f32, 0.5>> to tensor<1x4x4x2xf32>
    %y = tosa.conv2d %x, %w, %b, %z, %z {...} : (...) -> tensor<1x4x4x8xf32>
    %yq = narrow.quantize %y : tensor<1x4x4x8xf32> to tensor<1x4x4x8x!quant.uniform<i8:f32, 0.25>>
    ```

    becomes

    ```mlir
    %a = tosa.conv2d %xi, %wi, %bi, %xzp, %wzp {acc_type = i32, ...} : (...) -> tensor<1x4x4x8xi32>
    %yi = tosa.rescale %a, %multiplier, %shift, %zero, %yzp {...} : (...) -> tensor<1x4x4x8xi8>
    ```
  }];
  let options = [
    Option<"strict", "strict", "bool", "false",
           "any float op other than the conversions of the entry and the exit is an error">,
    Option<"rounding", "rounding", "std::string", "\"single\"",
           "rounding of tosa.rescale: single, or double as in TensorFlow Lite">,
    Option<"requantize", "requantize", "std::string", "\"exact\"",
           "how accumulators become codes: exact, or fast, in 16 bits (rule N26), which may be off by one">
  ];
  let statistics = [
    Statistic<"numRescales", "rescales", "tosa.rescale ops in the network">,
    Statistic<"numTables", "tables", "tosa.table ops in the network">,
    Statistic<"numFloatOps", "float-ops", "float ops that stay in the network">,
    Statistic<"numTrailingFloatOps", "trailing-float-ops", "float ops moved to the exit">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::quant::QuantDialect", "::mlir::tosa::TosaDialect"];
}

def NarrowFoldPreprocessing : Pass<"narrow-fold-preprocessing", "::mlir::ModuleOp"> {
  let summary = "let the network take pixels and look up their codes";
  let description = [{
    Inputs become u8: `@quantize_inputs` looks up the code of (x / 255 - mean) / std in a table, one for each channel
    that differs, instead of computing it. The results are those of the model before on data that is normalized
    that way. Channels are axis 1 of inputs of rank 3 and more, else the last one.

    ```mlir
    func.func private @quantize_inputs(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xi8> { ... narrow.quantize ... }
    // becomes
    func.func private @quantize_inputs(%x: tensor<1x3x8x8xi8>) -> tensor<1x3x8x8xi8> { ... tosa.table ... }
    ```
  }];
  let options = [ListOption<"inputs", "input", "std::string",
                            "<name>:<mean>;...:<std>;..., one number or one for each channel">];
  let dependentDialects = ["::mlir::tosa::TosaDialect"];
}

def NarrowVerifyAccumulators : Pass<"narrow-verify-accumulators", "::mlir::ModuleOp"> {
  let summary = "prove that no i32 of the integer stage overflows";
  let description = [{
    Bounds the accumulator of every output channel from the actual weights, the
    bias and the interval of the input's codes, for any order of summation, and
    writes the widest channel's bits on the op. An accumulator beyond 31 bits is
    an error that names the op, the channel and the interval. Also checked: sums
    and products in i32, and the precondition of every tosa.rescale.

    ```mlir
    %a = tosa.conv2d ... {narrow.accumulator_bits = 17 : i32} ...
    ```
  }];
  let options = [Option<"remarks", "remarks", "bool", "false", "a remark with the bits of every accumulator">];
  let statistics = [Statistic<"numAccumulators", "accumulators", "contractions proven not to overflow">];
}

def NarrowVerifyInteger : Pass<"narrow-verify-integer", "::mlir::ModuleOp"> {
  let summary = "check the contract of the integer stage";
  let description = [{
    The four functions and how they call each other, static tensors, the op set
    of `@network` with its element types, `narrow.type` on its i8 and i16 arguments
    and results. Float ops are accepted where they have a `narrow.float_reason`;
    `--narrow-verify-integer-only` accepts none. The TOSA part is also for
    upstream's `--tosa-validate=strict-op-spec-alignment`.

    ```mlir
    %1 = tosa.add %0, %0 : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>   // error: adds are i32
    ```
  }];
}

def NarrowVerifyIntegerOnly : Pass<"narrow-verify-integer-only", "::mlir::ModuleOp"> {
  let summary = "check that @network computes with integers only";
  let description = [{
    Every op of `@network` with an operand or a result of float or quantized
    type is an error that names the op, its location and the reason it has.

    ```mlir
    %1 = narrow.softmax %0 axis 1 : tensor<1x10xf32>   // error: works on real numbers inside of the network
    ```
  }];
}

#endif
