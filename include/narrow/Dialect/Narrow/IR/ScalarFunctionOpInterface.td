//===- ScalarFunctionOpInterface.td - Functions of one element ------------===//
#ifndef NARROW_SCALAR_FUNCTION_OP_INTERFACE_TD
#define NARROW_SCALAR_FUNCTION_OP_INTERFACE_TD

include "mlir/IR/Interfaces.td"

def ScalarFunctionOpInterface : OpInterface<"ScalarFunctionOpInterface"> {
  let cppNamespace = "::narrow";
  let description = [{
    An op of which each element is a function of the elements at the same place
    of its operands, of real numbers. One definition serves the tables of the
    integer stage, the reference evaluator and float code. The models of TOSA's
    ops are in lib/Dialect/Narrow/IR/TosaScalarFunctions.cpp.
  }];
  let methods = [
    InterfaceMethod<"How many operands it is a function of: the first ones.",
      "unsigned", "getNumScalarOperands", (ins), "", [{ return 1; }]>,
    InterfaceMethod<[{Its value, computed in double (rule N16): the definition
      of the function. Tables round it to codes, the evaluator to f32.}],
      "double", "evaluateScalar", (ins "::llvm::ArrayRef<double>":$operands)>,
    InterfaceMethod<[{Creates ops of arith and math that compute the function of
      f32 operands, or of vectors of f32. Null if there is no code for it.}],
      "::mlir::Value", "emitScalar",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::ValueRange":$operands), "",
      [{ return {}; }]>
  ];
}

#endif
