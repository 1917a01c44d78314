//===- NarrowOps.td - Operations of the narrow dialect -----*- tablegen -*-===//
#ifndef NARROW_OPS_TD
#define NARROW_OPS_TD

include "narrow/Dialect/Narrow/IR/NarrowAttrs.td"
include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.td"
include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class Narrow_Op<string mnemonic, list<Trait> traits = []>
    : Op<Narrow_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Observation, quantization
//===----------------------------------------------------------------------===//

def Narrow_ObserveOp : Narrow_Op<"observe", [SameOperandsAndResultType]> {
  let summary = "a point where the values of a tensor are observed";
  let description = [{
    Yields its operand unchanged. In the observed stage compiled code hands the
    tensor to the calibration runtime under `id`, which is unique in the
    module. In the annotated stage the op carries what was decided for the
    tensor: its `range`, its `scheme`, and the resulting quantized element
    `type`. An op that observes a constant weight has the `weight` flag: its
    range comes from the constant and it does not appear in tables; where a pass has
    replaced the constant by rounded numbers, `unrounded` are those before. It has
    side effects until it is consumed, so that no pass drops it as dead.

    ```mlir
    %1 = narrow.observe %0 "conv1/Relu" : tensor<1x28x28x16xf32>
    %1 = narrow.observe %0 "conv1/Relu" range <min = [0.0], max = [6.0], from = known>
           scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 2.35e-02:-128>
           : tensor<1x28x28x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$id, UnitAttr:$weight,
                       OptionalAttr<Narrow_RangeAttr>:$range,
                       OptionalAttr<Narrow_SchemeAttr>:$scheme,
                       OptionalAttr<TypeAttr>:$quantized_type,
                       OptionalAttr<ElementsAttr>:$unrounded);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = [{
    $input $id (`weight` $weight^)? (`range` $range^)? (`scheme` $scheme^)?
    (`type` $quantized_type^)? (`unrounded` $unrounded^)? attr-dict `:` type($output)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::llvm::StringRef":$id, CArg<"bool", "false">:$weight,
                                 CArg<"RangeAttr", "{}">:$range, CArg<"SchemeAttr", "{}">:$scheme,
                                 CArg<"::mlir::TypeAttr", "{}">:$quantizedType), [{
    build($_builder, $_state, input.getType(), input, id, weight, range, scheme, quantizedType,
          ::mlir::ElementsAttr());
  }]>];
  let hasVerifier = 1;
}

def Narrow_QuantizeOp : Narrow_Op<"quantize", [Pure]> {
  let summary = "real numbers to codes";
  let description = [{
    `code = clamp(round_half_even(x / scale) + zero_point)`, computed in f32
    (rule N4). The result's element type is a `!quant.uniform` type, per tensor
    or per axis; a NaN becomes the zero point.

    ```mlir
    %1 = narrow.quantize %0 : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5:3>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($output)";
  let hasVerifier = 1;
}

def Narrow_DequantizeOp : Narrow_Op<"dequantize", [Pure]> {
  let summary = "codes to real numbers";
  let description = [{
    `x = scale * (code - zero_point)`, the difference in integers, the product
    in f32 (rule N5).

    ```mlir
    %1 = narrow.dequantize %0 : tensor<4x!quant.uniform<i8:f32, 0.5:3>> to tensor<4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// A scale for each token
//===----------------------------------------------------------------------===//

def Narrow_RoundTokensOp : Narrow_Op<"round_tokens", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<QuantizableOpInterface>]> {
  let summary = "real numbers as a scale for each token leaves them";
  let description = [{
    Of the quantized stage: each row along the last axis is rounded to multiples of its
    largest magnitude divided by `largest`, the largest code. Stands between the
    `narrow.dequantize` of 16-bit codes and the contraction that reads them; in
    integers it is `narrow.token_maxima` and `narrow.quantize_tokens`.

    ```mlir
    %y = narrow.round_tokens %x to 127 : tensor<1x16x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$largest);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input `to` $largest attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def Narrow_TokenMaximaOp : Narrow_Op<"token_maxima", [Pure]> {
  let summary = "the largest magnitude of each token";
  let description = [{
    `max(1, max |x|)` of each row along the last axis, in [1, 2^15] (rule N73).

    ```mlir
    %m = narrow.token_maxima %x : tensor<1x16x1x64xi16> -> tensor<1x16x1x1xi32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Narrow_QuantizeTokensOp : Narrow_Op<"quantize_tokens", [Pure]> {
  let summary = "16-bit codes to 8-bit codes at a scale for each token";
  let description = [{
    `(x * R + 2^23) >> 24` with `R = largest * 2^24 / maximum` (rule N73): the largest
    magnitude of each row along the last axis becomes `largest`. The maxima are those of
    `narrow.token_maxima` of the same tensor; no result is defined for a larger element.

    ```mlir
    %q = narrow.quantize_tokens %x, %m to 127
      : (tensor<1x16x1x64xi16>, tensor<1x16x1x1xi32>) -> tensor<1x16x1x64xi8>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$maxima, I64Attr:$largest);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input `,` $maxima `to` $largest attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Narrow_RescaleTokensOp : Narrow_Op<"rescale_tokens", [Pure]> {
  let summary = "sums at a scale for each token to one scale";
  let description = [{
    `(sum * maximum + 2^(shift-1)) >> shift` in 64 bits (rule N74), the maximum that of
    the row along the last axis.

    ```mlir
    %p = narrow.rescale_tokens %sums, %m shift 6
      : (tensor<1x16x1x32xi32>, tensor<1x16x1x1xi32>) -> tensor<1x16x1x32xi32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$sums, AnyRankedTensor:$maxima, I64Attr:$shift);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$sums `,` $maxima `shift` $shift attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Composites of the float stage
//===----------------------------------------------------------------------===//

def Narrow_BatchNormOp : Narrow_Op<"batch_norm", [Pure, AllTypesMatch<["input", "output"]>,
    AllTypesMatch<["scale", "bias", "mean", "variance"]>]> {
  let summary = "inference-time batch normalization";
  let description = [{
    `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`, the parameters
    of shape [C] along `axis`. Kept as one op so that folding and analytic bias
    correction see the statistics.

    ```mlir
    %y = narrow.batch_norm %x, %scale, %bias, %mean, %var axis 1 epsilon 1.0e-05
      : tensor<1x4x8x8xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale,
                       AnyRankedTensor:$bias, AnyRankedTensor:$mean,
                       AnyRankedTensor:$variance, I64Attr:$axis, F32Attr:$epsilon);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = [{
    $input `,` $scale `,` $bias `,` $mean `,` $variance `axis` $axis `epsilon` $epsilon
    attr-dict `:` type($input) `,` type($scale)
  }];
  let hasVerifier = 1;
}

def Narrow_Conv2DOp : Narrow_Op<"conv2d", [Pure, DeclareOpInterfaceMethods<QuantizableOpInterface,
    ["getWeightOperand", "getBiasOperand", "getWeightChannelAxes", "getWeightReductionAxes"]>]> {
  let summary = "2-D convolution with groups";
  let description = [{
    `tosa.conv2d` with groups, which TOSA lacks. Input [N, H, W, C], weight
    [O, KH, KW, C/group], bias [O]; output channel o reads the input channels of
    group `o / (O/group)`. Element types f32 x f32 -> f32 or i8 x i8 -> i32 (weights may be i4). In
    integers `input_zp` is subtracted from every input code and padding has the
    value `input_zp`. Sizes need not divide exactly: the output has
    `(H + pad - dilation*(KH-1) - 1) / stride + 1` rows.

    ```mlir
    %y = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] input_zp 3
      : (tensor<1x8x8x4xi8>, tensor<6x3x3x2xi8>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, AnyRankedTensor:$bias,
                       I64Attr:$group, DenseI64ArrayAttr:$pad, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$dilation,
                       DefaultValuedAttr<I64Attr, "0">:$input_zp);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = [{
    $input `,` $weight `,` $bias `group` $group `pad` $pad `stride` $stride
    `dilation` $dilation (`input_zp` $input_zp^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Narrow_ActivationOp : Narrow_Op<"activation", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["getKnownRange"]>,
    DeclareOpInterfaceMethods<ScalarFunctionOpInterface, ["emitScalar"]>]> {
  let summary = "an element-wise activation function";
  let description = [{
    Functions that TOSA has no op for. `alpha` and `beta` are the parameters of
    the ONNX operator of the same name (leaky_relu: slope alpha; elu: alpha;
    hard_sigmoid: max(0, min(1, alpha*x + beta)); others ignore them). `sign` is 0 at 0,
    `binarize` is 1 there, `sqrt` NaN below.

    ```mlir
    %y = narrow.activation hard_swish %x : tensor<1x8x8x4xf32>
    %y = narrow.activation leaky_relu %x alpha 0.1 : tensor<1x8x8x4xf32>
    ```
  }];
  let arguments = (ins Narrow_ActivationKindAttr:$kind, AnyRankedTensor:$input,
                       DefaultValuedAttr<F32Attr, "0.0f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.0f">:$beta);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = [{
    `` $kind $input (`alpha` $alpha^)? (`beta` $beta^)? attr-dict `:` type($output)
  }];
}

def Narrow_SoftmaxOp : Narrow_Op<"softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "softmax along one axis";
  let description = [{
    `exp(x - max) / sum(exp(x - max))` along `axis`.

    ```mlir
    %y = narrow.softmax %x axis 1 : tensor<1x10xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Code generation
//===----------------------------------------------------------------------===//

def Narrow_PackSignsOp : Narrow_Op<"pack_signs", [Pure]> {
  let summary = "one bit for each code along the last axis";
  let description = [{
    The bit is 1 where the code is less than `threshold`. Words have 32 bits, the first
    element in the lowest; bits behind the last element are 0 (rule N75).

    ```mlir
    %w = narrow.pack_signs %x below 0 : tensor<1x8x8x40xi8> -> tensor<1x8x8x2xi32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$threshold);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input `below` $threshold attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Narrow_XnorConv2DOp : Narrow_Op<"xnor_conv2d", [Pure]> {
  let summary = "2-D convolution of signs";
  let description = [{
    Input [N, H, W, words] and weight [O, KH, KW, words] of `narrow.pack_signs`, of
    `channels` signs each (0: plus one, 1: minus one); bias [O]. Each output is

        bias + factor * sum over taps of (channels - 2 * popcount(x ^ w))

    over the taps that lie inside of the input: padding adds nothing (rule N75). `factors`
    has one number for all output channels, or one for each.

    ```mlir
    %y = narrow.xnor_conv2d %x, %w, %b channels 40 factors [64] pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1]
      : (tensor<1x8x8x2xi32>, tensor<16x3x3x2xi32>, tensor<16xi32>) -> tensor<1x8x8x16xi32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, AnyRankedTensor:$bias,
                       I64Attr:$channels, DenseI64ArrayAttr:$factors, DenseI64ArrayAttr:$pad,
                       DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$dilation);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = [{
    $input `,` $weight `,` $bias `channels` $channels `factors` $factors `pad` $pad `stride` $stride
    `dilation` $dilation attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Narrow_KernelOp : Narrow_Op<"kernel", [IsolatedFromAbove, SingleBlock]> {
  let summary = "the ops that one generated kernel computes";
  let description = [{
    The unit of code generation: at most one producer (convolution, pooling,
    reduction) followed by the element-wise ops that are fused into it as its
    epilogue. Region arguments are the operands; constants (weights,
    multipliers) are cloned into the region. `@name` becomes the symbol of the
    generated function. `buffers` says where each result is stored; `narrow-plan-memory` sets it.

    ```mlir
    %y = narrow.kernel @conv1 (%a = %x : tensor<1x28x28x1xi8>) -> tensor<1x28x28x16xi8> {
      ...
      narrow.yield %r : tensor<1x28x28x16xi8>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Variadic<AnyRankedTensor>:$inputs,
                       OptionalAttr<TypedArrayAttrBase<Narrow_BufferAttr, "buffers">>:$buffers);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$outputs, "::llvm::StringRef":$name, "::mlir::ValueRange":$inputs), [{
    build($_builder, $_state, outputs, $_builder.getStringAttr(name), inputs, ::mlir::ArrayAttr());
  }]>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Narrow_YieldOp : Narrow_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">, ReturnLike]> {
  let summary = "ends a kernel";
  let description = [{
    ```mlir
    narrow.yield %r : tensor<1x28x28x16xi8>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif
