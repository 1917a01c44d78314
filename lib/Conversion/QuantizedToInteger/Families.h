//===- Families.h - Shared declarations of this folder ----------*- C++ -*-===//
#ifndef NARROW_LIB_CONVERSION_QUANTIZEDTOINTEGER_FAMILIES_H
#define NARROW_LIB_CONVERSION_QUANTIZEDTOINTEGER_FAMILIES_H

#include "narrow/Conversion/IntegerLoweringOpInterface.h"

namespace narrow {

//===--- Models, by family -------------------------------------------------===//

/// Clamp.cpp, Movement.cpp: clamps; ops that move or select codes.
void registerClampLowering(DialectRegistry &registry);
void registerMovementLowering(DialectRegistry &registry);
/// Contraction.cpp: convolutions.
void registerContractionLowering(DialectRegistry &registry);
/// Sum.cpp: add, sub, maximum, minimum of any depth, at a common fine scale.
void registerSumLowering(DialectRegistry &registry);
/// Product.cpp: mul.
void registerProductLowering(DialectRegistry &registry);
/// Average.cpp, Interpolation.cpp: reduce_sum, averages; resizing.
void registerAverageLowering(DialectRegistry &registry);
void registerInterpolationLowering(DialectRegistry &registry);

/// Lowers to a table if the expression is one, otherwise by `function`.
std::optional<Value> lowerArithmetic(
    Lowering &lowering, Operation *op, const QuantizationGoal &goal,
    function_ref<std::optional<Value>(Lowering &, Operation *, const QuantizationGoal &)> function);

/// An op whose result `function` computes in i32, unless the expression that ends with the op is a table.
template <typename OpT, std::optional<Value> (*function)(Lowering &, Operation *, const QuantizationGoal &)>
struct ArithmeticLowering
    : IntegerLoweringOpInterface::ExternalModel<ArithmeticLowering<OpT, function>, OpT> {
  std::optional<Value> lowerToInteger(Operation *op, Lowering &lowering, const QuantizationGoal &goal) const {
    return lowerArithmetic(lowering, op, goal, function);
  }
};

//===--- Functions ---------------------------------------------------------===//

/// Table.cpp: a function of one tensor of 8-bit codes, evaluated at every code.
/// Gives no reason if the expression is not of this kind.
std::optional<Value> lowerTable(Lowering &lowering, Value real, const QuantizationGoal &goal);
/// The integer form of an op that is a function of one element.
std::optional<Value> lowerScalarFunction(Lowering &lowering, Operation *op, const QuantizationGoal &goal);
/// Average.cpp: averages over the plane, reduce_sum.
std::optional<Value> lowerAverage(Lowering &lowering, Operation *op, const QuantizationGoal &goal);
/// Movement.cpp: an op that commutes with quantization is applied to the codes of its operands.
std::optional<Value> lowerMovement(Lowering &lowering, Operation *op, const QuantizationGoal &goal);
/// The same on existing codes, with all operands in `goal.type`.
std::optional<Value> moveCodes(Lowering &lowering, Operation *op, ArrayRef<Value> operands,
                               const QuantizationGoal &goal);
/// Words.cpp: the bytes of i16 codes (N80).
std::pair<Value, Value> splitCodes(OpBuilder &builder, Location loc, Value codes);

//===--- The pass ----------------------------------------------------------===//

/// SplitFunctions.cpp: splits the function, already in integers, into
/// @quantize_inputs, @network and @dequantize_outputs.
LogicalResult splitFunction(func::FuncOp main);

/// Whether values of this type are real numbers: floats, or codes of a
/// quantized type.
bool isRealType(Type type);
/// Whether any operand or result of `op` has a real type.
bool touchesReals(Operation *op);

} // namespace narrow

#endif
