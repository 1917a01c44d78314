//===- KernelEmitter.h - Generates the code of one kernel -------*- C++ -*-===//
//
// A kernel is at most one contraction and the element-wise ops around it. Its
// code is a nest of loops over output points; at each point a block of
// neighbouring channels is evaluated in registers, from the kernel's result
// back to its inputs, and stored once.
//
// An op says itself what its lanes are or how its loops run (KernelOpInterface),
// with what this header offers.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TARGET_CPU_KERNELEMITTER_H
#define NARROW_TARGET_CPU_KERNELEMITTER_H

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/LaneEmitter.h"

namespace narrow {

inline ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

inline bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

/// True for tensors of 8-bit codes, quantized types included.
inline bool isCode(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  if (auto quantized = dyn_cast<quant::QuantizedType>(type))
    return quantized.getStorageTypeIntegralWidth() == 8;
  return type.isInteger(8);
}

class KernelEmitter : public LaneEmitter {
public:
  KernelEmitter(OpBuilder &builder, GlobalTables &tables, const TargetDescription &target, KernelOp kernel,
                ArrayRef<Buffer> inputs, ArrayRef<Buffer> outputs);
  LogicalResult emit();
  /// How it was compiled, in a few words: the kind of kernel, its tile.
  StringRef getKind() const { return kind; }
  void setKind(std::string text) { kind = std::move(text); }
  /// Estimated cycles; 0: nothing better is known than the kernel's size.
  int64_t getCycles() const { return cycles; }
  void setCycles(int64_t count) { cycles = count; }

  //===- The kernel (KernelEmitter.cpp) -------------------------------------===//
  KernelOp getKernel() { return kernel; }
  MutableArrayRef<Buffer> getInputs() { return inputs; }
  MutableArrayRef<Buffer> getOutputs() { return outputs; }
  /// The kernel's buffer behind an argument of its body; null for other values.
  const Buffer *findInput(Value value);
  /// Where an operand is stored: in a buffer of the kernel, or a constant as the IR has it; else nullopt.
  std::optional<Buffer> findOperand(Value value);
  Value yielded(unsigned i = 0) {
    return cast<YieldOp>(kernel.getBody().front().getTerminator()).getValues()[i];
  }

  //===- Values in lanes (ElementwiseEmitter.cpp) ---------------------------===//
  /// Lanes of `value` at `point`, plus `offset` (integers only).
  FailureOr<Parts> evaluate(Value value, const Point &point, const ChannelBlock &block, int64_t offset = 0);
  /// Says what the lanes of `value` are (accumulators) until they are forgotten.
  void setLanes(Value value, Parts parts) { ready[value] = std::move(parts); }
  void forgetLanes(Value value) { ready.erase(value); }
  /// |lane| of an i32 value is at most this: it chooses 32-bit forms of a rescale.
  void setBound(Value value, int64_t bound) { bounds[value] = std::min(bound, int64_t{1} << 31); }
  /// Stores `value`, as a rule what the kernel yields, saturated to codes where it is some.
  LogicalResult storeResult(Value value, const Buffer &buffer, const Point &point,
                            const ChannelBlock &block) {
    return storeResult(value, buffer, point, block, {});
  }
  /// The same at several points; `prepare` is called before the lanes of each are evaluated.
  LogicalResult storeResult(Value value, const Buffer &buffer, ArrayRef<Point> points,
                            const ChannelBlock &block, function_ref<void(size_t)> prepare);
  /// All tensors that the epilogue of a contraction touches are codes or per-channel constants.
  bool epilogueAllowsPacked();
  /// The rounding of a shift that follows `accumulator` at once becomes a part of its bias.
  void foldRounding(Value accumulator, std::vector<int64_t> &bias, const ChannelBlock &block);

  //===- Tables of channels (ChannelTables.cpp) -----------------------------===//
  /// Tables that were loaded for the current tile, by key. What is loaded inside of a loop is not visible
  /// behind it: keep the tables before the loop and set them again behind it.
  using Tables = std::map<std::string, Parts>;
  const Tables &getTables() const { return loaded; }
  void setTables(Tables tables) { loaded = std::move(tables); }
  void forgetTables() { loaded.clear(); }
  std::string keyOf(Value value, StringRef suffix);
  /// A table of i32 (f32) numbers, one for each channel, in the order of `block`, which begins at `channel`.
  Parts loadTable(StringRef key, ArrayRef<int64_t> perChannel, Value channel, const ChannelBlock &block);
  Parts loadFloatTable(StringRef key, ArrayRef<float> perChannel, Value channel, const ChannelBlock &block);

private:
  friend class StorageEmitter;

  //===- ElementwiseEmitter.cpp ---------------------------------------------===//
  FailureOr<Parts> evaluateOp(Operation *op, const Point &point, const ChannelBlock &block, int64_t offset);
  Parts loadBroadcast(const Buffer &buffer, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateConstant(Value value, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> emitFunction(ScalarFunctionOpInterface op, const Point &point, const ChannelBlock &block);
  LogicalResult emitElementwise();

  //===- RescaleEmitter.cpp -------------------------------------------------===//
  /// The value of a rescale before saturation, moved by `offset`.
  FailureOr<Parts> emitRescale(tosa::RescaleOp op, const Point &point, const ChannelBlock &block,
                               int64_t offset, bool saturate);
  int64_t magnitude(Value value);

  //===- Requantization (RequantizeEmitter.cpp) -----------------------------===//
  /// Strips clamps and the saturation of the last rescale off `value`: what
  /// remains is evaluated without them and saturated to [lo, hi] by the store.
  Value stripSaturation(Value value, int64_t &lo, int64_t &hi);
  /// The rescales before a packed store, of which only the beginning is in 32-bit lanes:
  /// products by `multipliers`, or shifts by `shifts` and then the products in 16 bits.
  struct Fraction {
    tosa::RescaleOp source; ///< its operand is what is multiplied or shifted
    int64_t bits, addend;   ///< as in Rounding, without the storage's offset
    std::vector<int64_t> multipliers, shifts;
  };
  std::optional<Fraction> getFraction(Value value, const ChannelBlock &block);
  std::optional<Fraction> getExactFraction(tosa::RescaleOp op);
  std::optional<Fraction> getFastFraction(tosa::RescaleOp op);
  FailureOr<Parts> emitFraction(const Fraction &fraction, const Point &point, const ChannelBlock &block);
  /// What is left of `value` for 16-bit lanes whose storage adds `move` to codes.
  std::optional<Rounding> getRounding(const std::optional<Fraction> &fraction, Value value, int64_t move,
                                      const Point &point, const ChannelBlock &block);
  static std::vector<int64_t> getHalves(const Fraction &fraction);
  SmallVector<Value> loadPairs(StringRef key, ArrayRef<int64_t> perChannel, Value channel,
                               const ChannelBlock &block);

  KernelOp kernel;
  SmallVector<Buffer> inputs, outputs;
  std::string kind = "element-wise";
  int64_t cycles = 0;
  bool roundingIsFolded = false;   ///< see foldRounding
  DenseMap<Value, Parts> ready;    ///< see setLanes
  DenseMap<Value, int64_t> bounds; ///< see setBound
  Tables loaded;
};

} // namespace narrow

#endif
