//===- Lowering.h - From simulated quantization to integers -----*- C++ -*-===//
//
// The quantized stage computes in floats between narrow.dequantize and
// narrow.quantize. Integers are produced on demand: every narrow.quantize
// requests codes from the float expression that feeds it, down to codes,
// constants and function arguments. Float values that nothing needs are dead
// afterwards; ops that cannot be expressed in integers stay.
//
// A quantization is moved to the operands of an op only if the op commutes with
// it (QuantizableOpInterface); codes pass through an op only if their type
// represents its result exactly. Everything else is computed in place.
//
// Ops define how they are computed (IntegerLoweringOpInterface) using the
// functions of this header. Integer ops are created at the float op that they
// replace, so every value dominates the users of the float value.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_CONVERSION_LOWERING_H
#define NARROW_CONVERSION_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "narrow/Analysis/IntegerRanges.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include <limits>

namespace narrow {

using CodeType = quant::UniformQuantizedType;

/// The name of the result of `op` for messages: its narrow.id, the name of its
/// location, or the name of the op.
std::string getDiagnosticName(Operation *op);

/// `type` with signed 8-bit storage: codes that exceed 127 are shifted by 128. A type
/// of signed 16-bit codes with zero point 0 is unchanged. Null for other types.
CodeType getSignedType(Type type);

/// Whether `type` has 16-bit codes, signed and with zero point 0.
bool isWide(CodeType type);

/// Whether equal codes of both types mean the same number. One type may have codes that the other lacks.
bool isSameGrid(CodeType a, CodeType b);

inline numerics::QuantParams getParams(CodeType type) {
  return {static_cast<float>(type.getScale()), type.getZeroPoint()};
}
inline numerics::CodeRange getCodeRange(CodeType type) {
  return {type.getStorageTypeMin(), type.getStorageTypeMax()};
}

inline IntegerType getStorage(CodeType type) { return cast<IntegerType>(type.getStorageType()); }

/// The codes of a float tensor: an i8 or i16 tensor and the meaning of a code.
struct Codes {
  Value value;
  CodeType type;
};

/// The exact i32 result of a contraction and its scales: one, or one per index
/// of the last dimension.
struct Accumulator {
  Value value;
  SmallVector<double> scales;
};

/// What the integer form of a contraction is made of. Each code has 8 bits.
struct IntegerContraction {
  RankedTensorType type; ///< of the result, i32
  Value input;
  int64_t inputZeroPoint;
  Value weights; ///< a constant of the shape of the op's weights
  int64_t weightZeroPoint;
  Value bias;               ///< a constant i32 for each output channel
  SmallVector<int64_t> pad; ///< see getZeroPadding
};

/// The bounds of a float tosa.clamp; infinite where there is no bound.
std::pair<double, double> getClampBounds(Operation *op);

/// The requested form of a tensor.
struct QuantizationGoal {
  CodeType type;
  /// Real bounds from clamps between the op and the quantization.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  /// Quantize the sign instead of the number: -1 below 0, otherwise 1.
  bool signs = false;
  /// The op whose id the tensor gets, if it is not the op that is lowered.
  Operation *name = nullptr;

  /// The type of the codes: i8 or i16.
  IntegerType getStorage() const { return narrow::getStorage(type); }
  /// The bounds as codes.
  numerics::CodeRange getBounds() const;
};

/// The constant codes that a narrow.dequantize reads, shifted to signed 8 bits
/// if the storage is unsigned.
struct ConstantCodes {
  SmallVector<int64_t> shape;
  std::vector<int64_t> codes;
  /// One element, or one per index of `axis`.
  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints;
  int64_t axis = 0;

  double getReal(int64_t index, int64_t channel) const {
    size_t s = scales.size() == 1 ? 0 : channel;
    return (codes[index] - zeroPoints[s]) * scales[s];
  }
};
std::optional<ConstantCodes> getConstantCodes(Value real);
/// The same for the quantized operand of the narrow.dequantize.
std::optional<ConstantCodes> getConstantCodesOfStorage(Value quantized);
/// The real numbers of a constant: floats or dequantized codes.
std::optional<std::vector<double>> getConstantReals(Value real);
/// The common value of all elements of a constant.
std::optional<double> getSplat(Value real);

/// How accumulators are requantized: exactly (N11), or in 16 bits where the
/// factors allow it (N26).
enum class Requantize { Exact, Fast };

class Lowering {
public:
  Lowering(func::FuncOp function, tosa::RoundingMode rounding, Requantize form)
      : function(function), builder(function.getContext()), rounding(rounding), form(form) {}

  /// Rewrites the function in place. Fails with a diagnostic if something has
  /// no meaning in integers; ops that merely cannot be lowered stay and get a
  /// reason.
  LogicalResult run();

  //===--- Functions for the families -----------------------------------------===//

  /// The codes that `real` has without a quantization of its own: it
  /// dequantizes codes, or moves or clamps dequantized ones.
  std::optional<Codes> getCodes(Value real);
  /// The codes of `real` in the goal's type; creates the ops that compute them.
  std::optional<Value> quantize(Value real, QuantizationGoal goal);

  /// The codes `from` in the goal's type: a rescale if the types differ, a
  /// clamp if the bounds require it. Created at the insertion point.
  std::optional<Value> convert(Codes from, const QuantizationGoal &goal, Operation *op);
  /// tosa.rescale by one factor or one per index of the last dimension, with
  /// the id of `name` unless it merely widens codes; an error on `name` if a
  /// factor has no multiplier.
  std::optional<Value> rescale(Value input, int64_t inputZp, Type element, int64_t outputZp,
                               ArrayRef<double> factors, Operation *name);
  /// The same with given multipliers of 32 or 16 bits.
  Value rescale(Value input, int64_t inputZp, Type element, int64_t outputZp,
                ArrayRef<numerics::Multiplier> scales, Operation *name, bool scale32 = true);
  /// One rescale to the codes of the goal, or three (N26), then the goal's clamp.
  std::optional<Value> requantize(Value wide, ArrayRef<double> scales, const QuantizationGoal &goal,
                                  Operation *op);
  /// tosa.clamp, unless the bounds are those of the element type.
  Value clamp(Value codes, numerics::CodeRange bounds, Operation *name);

  /// Records why `op` stays float; the first reason is kept. Returns nullopt.
  std::nullopt_t refuse(Operation *op, const Twine &reason);
  /// Reports an error that makes the whole lowering impossible. Returns nullopt.
  std::nullopt_t error(Operation *op, const Twine &message);
  bool hasFailed() const { return failed; }

  OpBuilder &getBuilder() { return builder; }
  IntegerRanges &getRanges() { return ranges; }
  /// The exact result of `contraction`, created once. Nothing for other ops.
  std::optional<Accumulator> getAccumulator(Operation *contraction);
  /// Creates the exact result of an op of kind Contraction by its createIntegerContraction; nothing for other
  /// ops, or after refuse.
  std::optional<Accumulator> contract(Operation *op);
  /// getAccumulator, rounded to the codes of the goal.
  std::optional<Value> requantizeContraction(Operation *op, const QuantizationGoal &goal);

private:
  /// TOSA's precondition of the rescale (N11), for the range of `input`.
  bool fits(Value input, ArrayRef<numerics::Multiplier> scales);
  Value limit(Value wide, ArrayRef<double> factors, Operation *name);
  std::optional<Value> requantizeFast(Value wide, ArrayRef<double> factors, const QuantizationGoal &goal,
                                      Operation *name);
  std::optional<Codes> computeCodes(Value real);
  std::optional<Codes> getQuantizedCodes(Value quantized);
  std::optional<Value> lower(Value real, QuantizationGoal goal);
  std::optional<Value> quantizeArgument(BlockArgument argument, const QuantizationGoal &goal);
  Value getReal(Value integers, quant::QuantizedType type);
  Value getFloat(Value value);
  void keepFloats();

  func::FuncOp function;
  OpBuilder builder;
  tosa::RoundingMode rounding;
  Requantize form;
  IntegerRanges ranges;
  bool failed = false;
  /// Only looked up, never iterated.
  DenseMap<Value, std::optional<Codes>> codesOf;
  DenseMap<std::pair<Value, Type>, std::optional<Value>> quantized;
  DenseMap<Operation *, std::optional<Accumulator>> accumulators;
  DenseMap<std::pair<Value, Type>, Value> reals;
  DenseMap<Operation *, std::string> reasons;
};

} // namespace narrow

#endif
