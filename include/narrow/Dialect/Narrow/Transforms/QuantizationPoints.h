//===- QuantizationPoints.h - Where tensors are quantized -------*- C++ -*-===//
//
// The rules that the passes of the observed, annotated and quantized stages
// share: which ops take part, which clamps merge into the op before them, and
// which observer or dequantize an operand gets its parameters from. They ask
// QuantizableOpInterface only. Nothing here changes the IR.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_QUANTIZATIONPOINTS_H
#define NARROW_TRANSFORMS_QUANTIZATIONPOINTS_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Support/LLVM.h"
#include <optional>
#include <string>

namespace narrow {

/// Whether `type` is a ranked tensor of f32.
bool isFloatTensor(Type type);

/// Whether `op` computes with real numbers: it has an f32 tensor among operands
/// or results and is no constant, terminator, observer or (de)quantize.
bool computesFloat(Operation *op);

/// `op` if it can be quantized as far as the op alone tells: it has the
/// interface, computes in f32, its weight and bias are constants (or already
/// dequantized), and nobody keeps it float. Otherwise null.
QuantizableOpInterface getQuantizable(Operation *op);

/// Why getQuantizable(op) is null, for the user.
std::string getUnquantizableReason(Operation *op);

/// Whether the op moves codes of a single operand: its result has the
/// parameters of that operand and no observer.
bool movesCodes(Operation *op);
/// Whether the op joins codes of several operands that need equal parameters
/// (concat): its result has an observer.
bool joinsCodes(Operation *op);

/// Whether `op` is a clamp that merges into the op that computes its operand:
/// it is the only user, and that op has parameters of its own.
bool isMergedClamp(Operation *op);
/// The result of `op` after the clamps that merge into it.
Value getMergedResult(Operation *op);
/// The ops that compute `value` together: the clamps that merge, last one
/// first, then the op that they merge into. Empty for a block argument.
SmallVector<Operation *> getMergedProducers(Value value);

/// The contraction whose weight `op` observes, or null.
QuantizableOpInterface getObservedContraction(ObserveOp op);

/// The ids that a user may mean the quantizable `op` by: its own and those of
/// the clamps that merge into it, which the observer of its result has.
SmallVector<StringRef> getIds(Operation *op);

/// What the range of `value` is for: the result of the max pools (one, or several in a row) that alone
/// read it, else `value`. What a pool discards needs no codes.
Value getKeptValue(Value value);

/// Looks back through the ops that only move codes.
Value getParameterSource(Value value);

/// The ops that read `value` directly or through ops that move codes; the
/// latter are not in the list. Terminators are.
SmallVector<Operation *> getReaders(Value value);

/// The quantized element type that `value` has at its parameter source: the
/// type of an observer or of a dequantize. Null if there is none.
quant::QuantizedType getParameterType(Value value);

/// Whether `value` is a contraction's result that goes, unrounded, into an op
/// that adds accumulators.
bool isFusedAccumulator(Value value);

/// Whether `op` yields the signs of its operand.
bool readsSigns(Operation *op);
/// Whether signs of `value` can be had before it is rounded to codes: a contraction or an arithmetic op
/// computes it, no clamp follows.
bool isUnrounded(Value value);

/// Whether the contraction `op` multiplies each row along the last axis of its input, a
/// token, with the same weights: a fully connected layer, a 1x1 convolution.
bool readsTokens(QuantizableOpInterface op);

/// Whether `op` moves 16-bit codes of one operand, which become tokens behind it.
bool movesWideCodes(Operation *op);

/// Fails, with an error that names an op that reads it and the element, if the constant
/// `op` holds NaN or an infinity (N9). Other ops are fine.
LogicalResult verifyFinite(Operation *op);

/// requireStage for the passes that take a module from the float to the integer stage. A float network in
/// which nothing can be quantized is in all of these stages at once.
LogicalResult requireQuantizationStage(ModuleOp module, ArrayRef<Stage> accepted,
                                       StageUser user = StageUser::Pass);

/// Which stage an op is checked against.
enum class QuantizationStage { Observed, Annotated, Quantized };

/// Why the quantizable `op` cannot be computed on codes given the observers
/// (observed and annotated stage) or quantize/dequantize pairs around it;
/// nullopt if it can.
std::optional<std::string> getMissingPoint(QuantizableOpInterface op, QuantizationStage stage);

/// Whether no two observers have the same id, and nothing else reads what an
/// observer observes; reports what is wrong.
LogicalResult verifyObserverIds(Operation *module);

/// For each output channel of the contraction `op` the index of its scale in
/// `type`, the type of its weight: all 0 if there is one scale. Empty if the
/// type's axis is no channel axis.
SmallVector<int64_t> getWeightScaleIndices(QuantizableOpInterface op, quant::QuantizedType type);

/// The axis of the weight of `op` along which scales differ: the channel axis;
/// of several (depthwise with multiplier) the longest, since a quantized type
/// has one axis. nullopt if the op names no axis inside the weight's rank.
std::optional<int64_t> getWeightScaleAxis(QuantizableOpInterface op);

/// The parameters of every element of a tensor.
class ElementParams {
public:
  /// Nothing if `type` is not uniform, or its scales do not fit its axis of `shape`.
  static std::optional<ElementParams> get(quant::QuantizedType type, ArrayRef<int64_t> shape);
  const numerics::QuantParams &operator[](int64_t index) const {
    return params[index / inner % params.size()];
  }

private:
  SmallVector<numerics::QuantParams> params;
  int64_t inner = 1; ///< neighbours that share parameters
};

/// Scales of a per-tensor (one) or per-axis uniform type; empty for others.
SmallVector<double> getScales(quant::QuantizedType type);

} // namespace narrow

#endif
