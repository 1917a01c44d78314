//===- EvaluableOpInterface.td - Evaluation of one op ---------------------===//
#ifndef NARROW_EVALUABLE_OP_INTERFACE_TD
#define NARROW_EVALUABLE_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    The value of an op: what compiled code must compute, byte for byte. The reference evaluator has
    no list of ops; it handles constants, calls and `narrow.kernel` itself, and asks every other op
    for its value. Functions of one element (ScalarFunctionOpInterface) are evaluated by their
    scalar function and need nothing else. The models of the ops of `tosa`, `quant` and `narrow` are
    in lib/Reference, one file per family (registerEvaluableModels).
  }];
  let methods = [
    InterfaceMethod<[{Computes the results from the operands. The results have the
      shapes and kinds of the op's types and are initialized to 0. May be called
      from several threads at once. Fails with a diagnostic on the op if it is
      undefined for these operands.}],
      "::llvm::LogicalResult", "evaluate", (ins "::narrow::reference::Call &":$call)>,
    InterfaceMethod<[{Whether operands and results may be of quantized types:
      the op moves or converts codes. All others compute with real numbers or
      plain integers, and codes are rejected.}],
      "bool", "acceptsCodes", (ins), "", [{ return false; }]>
  ];
}

#endif
