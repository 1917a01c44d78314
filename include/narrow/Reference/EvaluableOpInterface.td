//===- EvaluableOpInterface.td - What the evaluator asks of an op ---------===//
#ifndef NARROW_EVALUABLE_OP_INTERFACE_TD
#define NARROW_EVALUABLE_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    The value of an op: what compiled code must compute, byte for byte. The
    reference evaluator holds no list of ops; it knows constants, calls and
    `narrow.kernel`, and asks everything else for its value. A function of one
    element (ScalarFunctionOpInterface) has that of its scalar, and needs no more. The models of the
    ops of `tosa`, `quant` and `narrow` are in lib/Reference, one file for each
    family (registerEvaluableModels).
  }];
  let methods = [
    InterfaceMethod<[{Computes the results, which have the shapes and kinds of
      the op's types and are all 0, from the operands. May be called from
      several threads at once. Fails with a diagnostic on the op if it has no
      value for these operands.}],
      "::llvm::LogicalResult", "evaluate", (ins "::narrow::reference::Call &":$call)>,
    InterfaceMethod<[{Whether operands and results may be of quantized types:
      the op moves or converts codes. All others compute with real numbers or
      plain integers, and are refused on codes.}],
      "bool", "acceptsCodes", (ins), "", [{ return false; }]>
  ];
}

#endif
