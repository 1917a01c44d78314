//===- NarrowAttrs.td - Attributes and enums of the narrow dialect --------===//
#ifndef NARROW_ATTRS_TD
#define NARROW_ATTRS_TD

include "narrow/Dialect/Narrow/IR/NarrowDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Narrow_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Narrow_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Narrow_GranularityKind : I32EnumAttr<"GranularityKind", "what shares one scale", [
    I32EnumAttrCase<"PerTensor", 0, "per_tensor">,
    I32EnumAttrCase<"PerChannel", 1, "per_channel">,
    I32EnumAttrCase<"PerGroup", 2, "per_group">,
    I32EnumAttrCase<"PerVector", 3, "per_vector">,
    I32EnumAttrCase<"PerCluster", 4, "per_cluster">,
    I32EnumAttrCase<"PerToken", 5, "per_token">]> {
  let cppNamespace = "::narrow";
  let genSpecializedAttr = 0;
}

def Narrow_CodeFormat : I32EnumAttr<"CodeFormat", "which numbers codes stand for", [
    I32EnumAttrCase<"Uniform", 0, "uniform">,
    I32EnumAttrCase<"PowerOfTwo", 1, "power_of_two">,
    I32EnumAttrCase<"NormalFloat", 2, "normal_float">,
    I32EnumAttrCase<"Codebook", 3, "codebook">,
    I32EnumAttrCase<"Balanced", 4, "balanced">,
    I32EnumAttrCase<"Log", 5, "log2">,
    I32EnumAttrCase<"LogSqrt", 6, "log_sqrt2">,
    I32EnumAttrCase<"Ternary", 7, "ternary">,
    I32EnumAttrCase<"Binary", 8, "binary">,
    I32EnumAttrCase<"MXInt8", 9, "mxint8">,
    I32EnumAttrCase<"MXFP8E4M3", 10, "mxfp8_e4m3">,
    I32EnumAttrCase<"MXFP8E5M2", 11, "mxfp8_e5m2">,
    I32EnumAttrCase<"MXFP6E2M3", 12, "mxfp6_e2m3">,
    I32EnumAttrCase<"MXFP6E3M2", 13, "mxfp6_e3m2">,
    I32EnumAttrCase<"MXFP4", 14, "mxfp4">,
    I32EnumAttrCase<"SMX9", 15, "smx9">,
    I32EnumAttrCase<"SMX6", 16, "smx6">,
    I32EnumAttrCase<"SMX4", 17, "smx4">]> {
  let cppNamespace = "::narrow";
  let genSpecializedAttr = 0;
}

def Narrow_ActivationKind : I32EnumAttr<"ActivationKind", "an element-wise function", [
    I32EnumAttrCase<"LeakyRelu", 0, "leaky_relu">,
    I32EnumAttrCase<"Elu", 1, "elu">,
    I32EnumAttrCase<"HardSigmoid", 2, "hard_sigmoid">,
    I32EnumAttrCase<"HardSwish", 3, "hard_swish">,
    I32EnumAttrCase<"Silu", 4, "silu">,
    I32EnumAttrCase<"Gelu", 5, "gelu">,
    I32EnumAttrCase<"GeluTanh", 6, "gelu_tanh">,
    I32EnumAttrCase<"Softplus", 7, "softplus">,
    I32EnumAttrCase<"Mish", 8, "mish">,
    I32EnumAttrCase<"Sign", 9, "sign">,
    I32EnumAttrCase<"Binarize", 10, "binarize">,
    I32EnumAttrCase<"Sqrt", 11, "sqrt">]> {
  let cppNamespace = "::narrow";
  let genSpecializedAttr = 0;
}
def Narrow_ActivationKindAttr : EnumAttr<Narrow_Dialect, Narrow_ActivationKind, "activation_kind">;

def Narrow_TargetAttr : Narrow_Attr<"Target", "target"> {
  let summary = "what code is generated for";
  let description = [{
    The instruction set, and what the CPU has besides: `x86`, any x86-64 (its baseline SSE2 may be used by portable
    code, and a spinning thread pauses); `popcount`, an instruction counts the bits of each lane (AVX512-VPOPCNTDQ). A module of the
    vector stage has it as `narrow.target`, set by `narrow-set-target`.

    ```mlir
    #narrow.target<isa = "avx512vnni", x86 = true, popcount = true>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$isa, DefaultValuedParameter<"bool", "false">:$x86,
                        DefaultValuedParameter<"bool", "false">:$popcount);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Narrow_BufferAttr : Narrow_Attr<"Buffer", "buffer"> {
  let summary = "where a tensor is stored";
  let description = [{
    Element i of a tensor is at `origin + sum(i * strides)`, counted in stored elements from byte `offset` of the arena. `border` is what
    is stored around the planes of [N, H, W, C] (top, bottom, left, right), for kernels that pad: `border_value`, as it is stored.
    Without an offset the tensor is stored where the caller wants the result. A `view` has the bytes of
    another tensor.

    ```mlir
    #narrow.buffer<offset = 256, strides = [1600, 160, 16, 1], origin = 176, border = [1, 1, 1, 1], border_value = 128>
    ```
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "-1">:$offset, "::mlir::DenseI64ArrayAttr":$strides,
                        DefaultValuedParameter<"int64_t", "0">:$origin,
                        OptionalParameter<"::mlir::DenseI64ArrayAttr">:$border,
                        DefaultValuedParameter<"int64_t", "0">:$border_value,
                        DefaultValuedParameter<"bool", "false">:$view);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Narrow_RangeOrigin : I32EnumAttr<"RangeOrigin", "where a range comes from", [
    I32EnumAttrCase<"Extrema", 0, "extrema">, I32EnumAttrCase<"Method", 1, "method">,
    I32EnumAttrCase<"Known", 2, "known">, I32EnumAttrCase<"Tool", 3, "tool">,
    I32EnumAttrCase<"Aligned", 4, "aligned">, I32EnumAttrCase<"Format", 5, "format">,
    I32EnumAttrCase<"Search", 6, "search">, I32EnumAttrCase<"Learned", 7, "learned">]> {
  let cppNamespace = "::narrow";
  let genSpecializedAttr = 0;
}

def Narrow_RangeAttr : Narrow_Attr<"Range", "range"> {
  let summary = "real interval that a tensor is quantized over";
  let description = [{
    One interval for the tensor, or one for each channel, and where it comes from, if not from the extrema:

    - `from = method "mse"`: what a method of ranges made of statistics (of `auto` the one that it took);
    - `from = known`: it follows from the function (a ReLU6 yields [0, 6]);
    - `from = tool "TensorRT"`: a table of another tool has it;
    - `from = aligned`: it is the range of all operands of an op, which is larger;
    - `from = format`, `from = search`: the numbers of a format, whose scales follow from the largest weights or were
      searched for the least squared error;
    - `from = learned`: the numbers that codes cover at a learned scale.

    ```mlir
    #narrow.range<min = [-1.0], max = [2.5]>
    #narrow.range<min = [0.0], max = [6.0], from = known>
    ```
  }];
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$minima, "::mlir::DenseF64ArrayAttr":$maxima,
                        DefaultValuedParameter<"RangeOrigin", "RangeOrigin::Extrema">:$origin,
                        StringRefParameter<"the method or the tool", "\"\"">:$source);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<double>":$min, "::llvm::ArrayRef<double>":$max,
                                   CArg<"RangeOrigin", "RangeOrigin::Extrema">:$origin,
                                   CArg<"::llvm::StringRef", "\"\"">:$source), [{
    return $_get($_ctxt, ::mlir::DenseF64ArrayAttr::get($_ctxt, min), ::mlir::DenseF64ArrayAttr::get($_ctxt, max), origin,
                 source);
  }]>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<double> getMin() const { return getMinima().asArrayRef(); }
    ::llvm::ArrayRef<double> getMax() const { return getMaxima().asArrayRef(); }
    RangeAttr withOrigin(RangeOrigin origin, ::llvm::StringRef source = "") const {
      return get(getContext(), getMin(), getMax(), origin, source);
    }
  }];
}

def Narrow_SchemeAttr : Narrow_Attr<"Scheme", "scheme"> {
  let summary = "how a tensor is to be quantized";
  let description = [{
    Bits of the code, symmetric (zero point 0) or asymmetric, restricted range
    ([-127, 127] instead of [-128, 127]) and granularity. `axis` is the axis of the
    output channels unless it is `per_tensor` or `per_token`, which is for activations: each row
    along the last axis gets a scale when the network runs. `group` is the number of elements along
    the reduction that share a scale (`per_group`, `per_vector`), or the number of
    scales that the channels share (`per_cluster`). `format` says what the codes stand
    for where it is not the multiples of the scale.

    ```mlir
    #narrow.scheme<8 bits, asymmetric, per_tensor>
    #narrow.scheme<8 bits, symmetric, restricted, per_channel, axis = 0>
    #narrow.scheme<8 bits, symmetric, restricted, per_token>
    #narrow.scheme<4 bits, symmetric, restricted, per_vector, axis = 0, group = 16>
    #narrow.scheme<4 bits, symmetric, restricted, per_channel, axis = 0, format = normal_float>
    ```
  }];
  let parameters = (ins "unsigned":$bits, "bool":$symmetric, "bool":$restricted,
                        "::narrow::GranularityKind":$granularity,
                        DefaultValuedParameter<"int64_t", "-1">:$axis,
                        DefaultValuedParameter<"int64_t", "0">:$group,
                        DefaultValuedParameter<"::narrow::CodeFormat",
                                               "::narrow::CodeFormat::Uniform">:$format);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "unsigned":$bits, "bool":$symmetric, "bool":$restricted,
                                   "::narrow::GranularityKind":$granularity, "int64_t":$axis,
                                   "int64_t":$group), [{
    return $_get($_ctxt, bits, symmetric, restricted, granularity, axis, group, CodeFormat::Uniform);
  }]>];
  let extraClassDeclaration = [{
    /// Whether every multiple of the scale within the codes of `bits` is a number of the
    /// format: codes may be rounded one by one.
    bool isUniform() const {
      return (getFormat() == CodeFormat::Uniform || getFormat() == CodeFormat::PowerOfTwo) &&
             getGranularity() != GranularityKind::PerGroup && getGranularity() != GranularityKind::PerVector;
    }
    bool isPerToken() const { return getGranularity() == GranularityKind::PerToken; }
  }];
}

#endif
