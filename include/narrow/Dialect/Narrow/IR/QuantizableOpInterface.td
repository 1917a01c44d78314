//===- QuantizableOpInterface.td - What quantization asks of an op --------===//
#ifndef NARROW_QUANTIZABLE_OP_INTERFACE_TD
#define NARROW_QUANTIZABLE_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def QuantizableOpInterface : OpInterface<"QuantizableOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    What the passes need to know of an op to quantize it: which operands are
    activations, weights and bias, which axes they have, and how the result's
    parameters come about. TOSA ops implement it as external models
    (lib/Dialect/Narrow/IR/TosaQuantizable.cpp). No pass holds a list of op
    names; a new op joins by implementing this.
  }];
  let methods = [
    InterfaceMethod<"How the parameters of the result come about.",
      "::narrow::QuantizationKind", "getQuantizationKind", (ins)>,
    InterfaceMethod<"Operands that carry activations, by number.",
      "::llvm::SmallVector<unsigned>", "getActivationOperands", (ins), "",
      [{ return {0}; }]>,
    InterfaceMethod<"The weight operand, if any.",
      "std::optional<unsigned>", "getWeightOperand", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<"The bias operand, if any.",
      "std::optional<unsigned>", "getBiasOperand", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{Axes of the weight that, taken together in order, number
      the output channels: {0} for OHWI, {2, 3} for depthwise [KH, KW, C, M].}],
      "::llvm::SmallVector<int64_t>", "getWeightChannelAxes", (ins), "",
      [{ return {}; }]>,
    InterfaceMethod<"Axes of the weight that are summed over.",
      "::llvm::SmallVector<int64_t>", "getWeightReductionAxes", (ins), "",
      [{ return {}; }]>,
    InterfaceMethod<[{The interval that every result lies in whatever the
      data, if the function has one. One end may be infinite (ReLU).}],
      "std::optional<std::pair<double, double>>", "getKnownRange", (ins), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{Whether the result is the sum of the activation operands,
      so that one of them may come as the accumulator of a contraction, before
      it is rounded to codes.}],
      "bool", "addsAccumulators", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{Whether the op commutes with every non-decreasing function
      of one element, as a quantization is: each element of the result is one of
      the operands' or a number of the op's own (what it pads with, a bound),
      chosen by position or by order. Then operands may be quantized in place of
      the result. Averages and interpolations do not commute: what is clipped or
      rounded before them is something else than behind them.}],
      "bool", "commutesWithQuantization", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{Whether the op, given numbers that codes of `type` mean,
      yields such numbers: it commutes and `type` has those of the op's own that
      can appear in the result. Then the result is codes as well, exactly.}],
      "bool", "keepsCodes", (ins "::mlir::quant::UniformQuantizedType":$type), "",
      [{ return ::llvm::cast<::narrow::QuantizableOpInterface>($_op.getOperation())
            .commutesWithQuantization(); }]>
  ];
}

#endif
