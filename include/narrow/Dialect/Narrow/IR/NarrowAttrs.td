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
    I32EnumAttrCase<"PerGroup", 2, "per_group">]> {
  let cppNamespace = "::mlir::narrow";
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
    I32EnumAttrCase<"Mish", 8, "mish">]> {
  let cppNamespace = "::mlir::narrow";
  let genSpecializedAttr = 0;
}
def Narrow_ActivationKindAttr : EnumAttr<Narrow_Dialect, Narrow_ActivationKind, "activation_kind">;

def Narrow_RangeAttr : Narrow_Attr<"Range", "range"> {
  let summary = "real interval that a tensor is quantized over";
  let description = [{
    One interval for the tensor, or one for each channel. `known` marks a range
    that follows from the function (a ReLU6 yields [0, 6]) instead of data.

    ```mlir
    #narrow.range<min = [-1.0], max = [2.5]>
    #narrow.range<min = [0.0], max = [6.0], known>
    ```
  }];
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$minima, "::mlir::DenseF64ArrayAttr":$maxima,
                        DefaultValuedParameter<"bool", "false">:$known);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<double>":$min, "::llvm::ArrayRef<double>":$max,
                                   CArg<"bool", "false">:$known), [{
    return $_get($_ctxt, ::mlir::DenseF64ArrayAttr::get($_ctxt, min), ::mlir::DenseF64ArrayAttr::get($_ctxt, max), known);
  }]>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<double> getMin() const { return getMinima().asArrayRef(); }
    ::llvm::ArrayRef<double> getMax() const { return getMaxima().asArrayRef(); }
  }];
}

def Narrow_SchemeAttr : Narrow_Attr<"Scheme", "scheme"> {
  let summary = "how a tensor is to be quantized";
  let description = [{
    Bits of the code, symmetric (zero point 0) or asymmetric, restricted range
    ([-127, 127] instead of [-128, 127]) and granularity. `axis` is the channel
    axis of `per_channel`, or the grouped reduction axis of `per_group`;
    `group` is the group's size.

    ```mlir
    #narrow.scheme<8 bits, asymmetric, per_tensor>
    #narrow.scheme<8 bits, symmetric, restricted, per_channel, axis = 0>
    ```
  }];
  let parameters = (ins "unsigned":$bits, "bool":$symmetric, "bool":$restricted,
                        "::mlir::narrow::GranularityKind":$granularity,
                        DefaultValuedParameter<"int64_t", "-1">:$axis,
                        DefaultValuedParameter<"int64_t", "0">:$group);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif
