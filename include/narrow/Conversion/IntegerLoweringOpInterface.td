//===- IntegerLoweringOpInterface.td - The integer form of an op ----------===//
#ifndef NARROW_INTEGER_LOWERING_OP_INTERFACE_TD
#define NARROW_INTEGER_LOWERING_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def IntegerLoweringOpInterface : OpInterface<"IntegerLoweringOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    How an op of real numbers is computed with codes. `narrow-lower-to-integer`
    holds no list of ops: it asks each op whose result is quantized. Functions
    of one tensor (ScalarFunctionOpInterface) become tables without it. A
    contraction implements createIntegerContraction alone: weights, bias, 16-bit codes
    and scales per token are lowered for it (Lowering::contract). The
    models of the ops of `tosa` and `narrow` are in
    lib/Conversion/QuantizedToInteger, one file for each family.
  }];
  let methods = [
    InterfaceMethod<[{Creates the codes of the result that `goal` asks for, at
      the op, from the codes of its operands (Lowering::getCodes,
      Lowering::quantize). Nothing if it has none: after Lowering::refuse with a
      reason the op stays float; Lowering::error ends the lowering. The default requantizes the accumulator
      of a contraction.}],
      "std::optional<::mlir::Value>", "lowerToInteger",
      (ins "::narrow::Lowering &":$lowering, "const ::narrow::QuantizationGoal &":$goal), "",
      [{ return lowering.requantizeContraction($_op, goal); }]>,
    InterfaceMethod<[{Of a contraction: creates its exact i32 result, which others
      may read before it is rounded to codes. Nothing after Lowering::refuse.}],
      "std::optional<::narrow::Accumulator>", "lowerToAccumulator",
      (ins "::narrow::Lowering &":$lowering), "", [{ return lowering.contract($_op); }]>,
    InterfaceMethod<[{Of a contraction: creates the op that multiplies i8 codes to
      i32 sums. Null after Lowering::refuse.}],
      "::mlir::Value", "createIntegerContraction",
      (ins "::narrow::Lowering &":$lowering, "const ::narrow::IntegerContraction &":$parts), "", [{ return {}; }]>,
    InterfaceMethod<[{Of a contraction of [N, H, W, C]: the zeros that it pads its input with
      (top, bottom, left, right); a tosa.pad before it may become part of them, which
      IntegerContraction::pad says. Empty if it has no such padding.}],
      "::llvm::SmallVector<int64_t>", "getZeroPadding", (ins), "", [{ return {}; }]>
  ];
}

#endif
