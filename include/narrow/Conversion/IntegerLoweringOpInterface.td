//===- IntegerLoweringOpInterface.td - The integer form of an op ----------===//
#ifndef NARROW_INTEGER_LOWERING_OP_INTERFACE_TD
#define NARROW_INTEGER_LOWERING_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def IntegerLoweringOpInterface : OpInterface<"IntegerLoweringOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    How an op of real numbers is computed with codes. `narrow-lower-to-integer`
    holds no list of ops: it asks each op whose result is quantized. Functions
    of one tensor (ScalarFunctionOpInterface) become tables without it. The
    models of the ops of `tosa` and `narrow` are in
    lib/Conversion/QuantizedToInteger, one file for each family.
  }];
  let methods = [
    InterfaceMethod<[{Creates the codes of the result that `goal` asks for, at
      the op, from the codes of its operands (Lowering::getCodes,
      Lowering::quantize). Nothing if it has none: after Lowering::refuse with a
      reason the op stays float; Lowering::error ends the lowering.}],
      "std::optional<::mlir::Value>", "lowerToInteger",
      (ins "::narrow::Lowering &":$lowering, "const ::narrow::QuantizationGoal &":$goal)>,
    InterfaceMethod<[{Of a contraction: creates its exact i32 result, which others
      may read before it is rounded to codes. Nothing after Lowering::refuse.}],
      "std::optional<::narrow::Accumulator>", "lowerToAccumulator",
      (ins "::narrow::Lowering &":$lowering), "", [{ return std::nullopt; }]>
  ];
}

#endif
