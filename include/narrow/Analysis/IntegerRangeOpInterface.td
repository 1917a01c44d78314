//===- IntegerRangeOpInterface.td - Bounds of integer results -------------===//
#ifndef NARROW_INTEGER_RANGE_OP_INTERFACE_TD
#define NARROW_INTEGER_RANGE_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def IntegerRangeOpInterface : OpInterface<"IntegerRangeOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    What the integer result of an op can be, from what its operands can be. The
    proofs that no accumulator overflows and that no multiplier leaves 32 bits
    ask it; upstream's InferIntRangeInterface has no intervals for tensors whose
    channels differ. Of an op without it nothing is known but its type. The
    models of the ops of `tosa` and `narrow` are in
    lib/Analysis/IntegerRangeModels.cpp.
  }];
  let methods = [
    InterfaceMethod<[{The interval of the result, or one for each index of its
      last dimension, at any moment of the computation: of a sum also the partial
      ones. Not limited to what the type holds, so that an overflow is seen.
      Empty if nothing is known.}],
      "::narrow::IntegerIntervals", "inferIntegerRanges", (ins "::narrow::IntegerRanges &":$ranges)>
  ];
}

#endif
