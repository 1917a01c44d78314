//===- OwnOps.td - A dialect of a plugin ------------------*- tablegen -*-===//
#ifndef OWN_OPS_TD
#define OWN_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "narrow/Conversion/IntegerLoweringOpInterface.td"
include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.td"
include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.td"

def Own_Dialect : Dialect {
  let name = "own";
  let cppNamespace = "::own";
  let dependentDialects = ["::narrow::NarrowDialect"];
}

class Own_Op<string mnemonic, list<Trait> traits> : Op<Own_Dialect, mnemonic, [Pure, SameOperandsAndResultType] # traits>;

def Own_SoftsignOp : Own_Op<"softsign", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["getKnownRange"]>,
    DeclareOpInterfaceMethods<ScalarFunctionOpInterface, ["emitScalar"]>]> {
  let summary = "x / (1 + |x|)";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
}

def Own_BlendOp : Own_Op<"blend", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["getActivationOperands"]>,
    DeclareOpInterfaceMethods<ScalarFunctionOpInterface, ["getNumScalarOperands", "emitScalar"]>,
    DeclareOpInterfaceMethods<IntegerLoweringOpInterface>]> {
  let summary = "share * lhs + (1 - share) * rhs";
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, F32Attr:$share);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$share `of` $lhs `,` $rhs attr-dict `:` type($output)";
}

#endif
