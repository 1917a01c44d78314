//===- IntegerRangeOpInterface.td - Bounds of integer results -------------===//
#ifndef NARROW_INTEGER_RANGE_OP_INTERFACE_TD
#define NARROW_INTEGER_RANGE_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def IntegerRangeOpInterface : OpInterface<"IntegerRangeOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    Derives the interval of an op's integer result from the intervals of its
    operands. Used to prove that no accumulator overflows and that no rescale
    exceeds 32 bits; upstream's InferIntRangeInterface has no intervals for
    tensors whose channels differ. For an op without this interface only the
    type is known. The models of the ops of `tosa` and `narrow` are in
    lib/Analysis/IntegerRangeModels.cpp.
  }];
  let methods = [
    InterfaceMethod<[{The interval of the result, or one per index of its
      last dimension, at any moment of the computation: for a sum including the
      partial sums. Not clamped to the type, so that an overflow is seen.
      Empty if nothing is known. The default knows contractions, by their weights.}],
      "::narrow::IntegerIntervals", "inferIntegerRanges", (ins "::narrow::IntegerRanges &":$ranges), "",
      [{ return inferAccumulatorRanges($_op, ranges); }]>,
    InterfaceMethod<[{Whether the op with these element types is an op of the
      integer stage. The default takes codes of 8 and 16 bits and numbers of 32.}],
      "bool", "isIntegerForm", (ins), "", [{ return hasIntegerElements($_op); }]>,
    InterfaceMethod<[{Of an integer contraction: its zero points; nullopt if they are not constants.}],
      "std::optional<::narrow::ZeroPoints>", "getZeroPoints", (ins), "", [{ return ::narrow::ZeroPoints{}; }]>
  ];
}

#endif
