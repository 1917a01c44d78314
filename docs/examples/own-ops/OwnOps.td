//===- OwnOps.td - A dialect of a plugin ------------------*- tablegen -*-===//
#ifndef OWN_OPS_TD
#define OWN_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "narrow/Analysis/IntegerRangeOpInterface.td"
include "narrow/Conversion/IntegerLoweringOpInterface.td"
include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.td"
include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.td"
include "narrow/Reference/EvaluableOpInterface.td"
include "narrow/Target/CPU/KernelOpInterface.td"

def Own_Dialect : Dialect {
  let name = "own";
  let cppNamespace = "::own";
  let dependentDialects = ["::narrow::NarrowDialect"];
}

class Own_Op<string mnemonic, list<Trait> traits> : Op<Own_Dialect, mnemonic, [Pure] # traits>;

def Own_SoftsignOp : Own_Op<"softsign", [
    SameOperandsAndResultType,
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["getKnownRange"]>,
    DeclareOpInterfaceMethods<ScalarFunctionOpInterface, ["emitScalar"]>]> {
  let summary = "x / (1 + |x|)";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
}

def Own_BlendOp : Own_Op<"blend", [
    SameOperandsAndResultType,
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["getActivationOperands"]>,
    DeclareOpInterfaceMethods<ScalarFunctionOpInterface, ["getNumScalarOperands", "emitScalar"]>,
    DeclareOpInterfaceMethods<IntegerLoweringOpInterface, ["lowerToInteger"]>]> {
  let summary = "share * lhs + (1 - share) * rhs";
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, F32Attr:$share);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$share `of` $lhs `,` $rhs attr-dict `:` type($output)";
}

def Own_RingConvOp : Own_Op<"ring_conv", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, [
      "getWeightOperand", "getBiasOperand", "getWeightChannelAxes", "getWeightReductionAxes"]>,
    DeclareOpInterfaceMethods<EvaluableOpInterface>,
    DeclareOpInterfaceMethods<IntegerLoweringOpInterface, ["createIntegerContraction"]>,
    DeclareOpInterfaceMethods<IntegerRangeOpInterface, ["getZeroPoints"]>,
    DeclareOpInterfaceMethods<KernelOpInterface, ["emitKernel", "getKernelKind", "countProducts", "getMostWeight"]>]> {
  let summary = "convolution over a ring of places";
  let description = [{
    `y[n, t, o] = bias[o] + sum over k, i of weight[o, k, i] * (x[n, (t + k - K / 2) mod T, i] - input_zp)`,
    of f32, or of i8 codes with an i32 result. The zero point of floats is 0.
  }];
  let arguments = (ins 3DTensorOf<[F32, I8]>:$input, 3DTensorOf<[F32, I8]>:$weight, 1DTensorOf<[F32, I32]>:$bias,
                       DefaultValuedAttr<I64Attr, "0">:$input_zp);
  let results = (outs 3DTensorOf<[F32, I32]>:$output);
  let assemblyFormat = [{
    $input `,` $weight `,` $bias attr-dict `:` functional-type(operands, $output)
  }];
  let hasVerifier = 1;
}

#endif
