//===- NarrowDialect.td - The narrow dialect ---------------*- tablegen -*-===//
#ifndef NARROW_DIALECT_TD
#define NARROW_DIALECT_TD

include "mlir/IR/DialectBase.td"

def Narrow_Dialect : Dialect {
  let name = "narrow";
  let cppNamespace = "::narrow";
  let summary = "What post-training quantization adds to TOSA";
  let description = [{
    The `narrow` dialect carries what TOSA has no word for on the way from a
    float network to integer code: observation points and their ranges
    (`observe`), the boundary between real numbers and codes (`quantize`,
    `dequantize`), float composites that are quantized as one operator
    (`batch_norm`, `activation`, `conv2d` with groups, `softmax`), and the unit
    of code generation (`kernel`).

    Discardable attributes: `narrow.id` (string) on an op names the tensor of
    its first result in calibration tables, reports and patterns;
    `narrow.name` (string) on arguments and results of `@main` is the tensor's
    name in the source model, on a constant that of the initializer that a weight
    is, unless its values were changed.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::quant::QuantDialect", "::mlir::tosa::TosaDialect"];
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral getIdAttrName() { return "narrow.id"; }
    static constexpr ::llvm::StringLiteral getNameAttrName() { return "narrow.name"; }
    void registerAttributes();
  }];
}

#endif
