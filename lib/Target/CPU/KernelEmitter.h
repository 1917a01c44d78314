//===- KernelEmitter.h - Generates the code of one kernel -------*- C++ -*-===//
//
// A kernel is at most one contraction and the element-wise ops around it. Its
// code is a nest of loops over output points; at each point a block of
// neighbouring channels is evaluated in registers, from the kernel's result
// back to its inputs, and stored once.
//
// Lanes. In registers an integer element is one i32 lane, a float one f32 lane.
// A block is `parts` vectors of `width` lanes. In natural order part p holds
// channels [p*width, (p+1)*width). In packed order P parts together hold P*width
// channels the way in-register packing leaves them: channel 4*P*q + 4*v + e is
// lane 4*q + e of part v (q counts 128-bit lanes), so that packing 32-bit lanes
// to codes and unpacking codes never crosses 128 bits. A storage vector takes
// `group` parts: where P is smaller, group/P points share one.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TARGET_CPU_KERNELEMITTER_H
#define NARROW_LIB_TARGET_CPU_KERNELEMITTER_H

#include "DotProduct.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/MemoryPlan.h"
#include "narrow/Target/CPU/TargetDescription.h"

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

/// A tensor in memory, as seen inside of a kernel.
struct Buffer {
  Value memref; ///< one-dimensional
  BufferLayout layout;
};

/// Constant tables of a module, one memref.global for each content.
class GlobalTables {
public:
  explicit GlobalTables(ModuleOp module) : module(module) {}
  /// A global of raw bytes, aligned to 64.
  memref::GlobalOp get(StringRef prefix, ArrayRef<char> bytes);

private:
  ModuleOp module;
  std::map<std::string, memref::GlobalOp> known; ///< by content
  unsigned counter = 0;
};

/// Neighbouring channels that are computed together.
struct ChannelBlock {
  unsigned width; ///< lanes of one part
  unsigned parts;
  unsigned pack = 0; ///< P of packed order, see above; 0: natural order
  int64_t valid;     ///< channels that exist; the lanes behind are garbage
  int64_t channels() const { return int64_t(width) * parts; }
  /// The channel, counted from the block's first, in lane `slot % width` of part `slot / width`.
  int64_t channelOf(int64_t slot) const {
    if (!pack)
      return slot;
    int64_t unit = int64_t(width) * pack, v = slot % unit / width, j = slot % width;
    return slot / unit * unit + j / 4 * 4 * pack + 4 * v + j % 4;
  }
};

/// A copy of `rows` x `columns` elements: columns are neighbours where they come from, rows
/// where they go to.
struct Transposition {
  int64_t rows, columns;
  int64_t fromStep; ///< between rows
  int64_t toStep;   ///< between columns
};

/// An index of a tensor: one Value for each axis, the last one the first
/// channel of the block.
using Point = SmallVector<Value>;
using Parts = SmallVector<Value>;

class KernelEmitter {
public:
  KernelEmitter(OpBuilder &builder, GlobalTables &tables, const TargetDescription &target, KernelOp kernel,
                ArrayRef<Buffer> inputs, ArrayRef<Buffer> outputs);
  LogicalResult emit();
  /// How it was compiled, in a few words: the kind of kernel, its tile.
  StringRef getKind() const { return kind; }
  /// Estimated cycles; 0: nothing better is known than the kernel's size.
  int64_t getCycles() const { return cycles; }

private:
  friend class ContractionEmitter;

  //===- Indices and loops (KernelEmitter.cpp) ------------------------------===//
  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value mul(Value a, int64_t b);
  /// Emits `body` for every value in [lower, upper) by `step`; without a loop
  /// when there is only one.
  void loop(int64_t lower, int64_t upper, int64_t step, function_ref<void(Value)> body);
  /// The same with bounds known at run time.
  void dynamicLoop(Value lower, Value upper, function_ref<void(Value)> body);
  /// A loop that carries values; `body` yields the next ones.
  SmallVector<Value> reduce(Value lower, Value upper, ValueRange init,
                            function_ref<SmallVector<Value>(Value, ValueRange)> body);
  Value offsetOf(const BufferLayout &layout, ArrayRef<Value> point);

  /// What packing does to 16-bit lanes that hold codes times 2^bits.
  struct Rounding {
    int64_t bits;
    int64_t addend;             ///< rounding and zero point
    SmallVector<Value> factors; ///< times 2^-15 first, if not empty: see loadPairs
  };

  //===- Memory (LaneMemory.cpp) --------------------------------------------===//
  VectorType lanes(unsigned n, Type element) { return VectorType::get({n}, element); }
  Value splat(VectorType type, int64_t value);
  Value splatFloat(VectorType type, float value);
  Value loadVector(const Buffer &buffer, Value offset, int64_t valid, unsigned width);
  void storeVector(const Buffer &buffer, Value offset, Value vector, int64_t valid);
  Parts load(const Buffer &buffer, Value offset, const ChannelBlock &block);
  /// Stores lanes whose codes are already moved by the buffer's codeOffset;
  /// they are saturated to [lo, hi] here.
  void store(const Buffer &buffer, Value offset, Parts parts, const ChannelBlock &block, int64_t lo,
             int64_t hi);
  /// The same of several points, one after the other in `parts`, in packed order.
  void storePacked(const Buffer &buffer, ArrayRef<Value> offsets, ArrayRef<Value> parts,
                   const ChannelBlock &block, int64_t lo, int64_t hi,
                   const std::optional<Rounding> &rounding);
  Value shuffle(Value a, Value b, function_ref<int64_t(int64_t)> from, int64_t n);
  Value unpackLanes(Value a, Value b, bool high, unsigned elementsPerLane);
  Value packToStorage(ArrayRef<Value> parts, unsigned width, Type storage,
                      const std::optional<Rounding> &rounding, ArrayRef<Value> factors);
  Parts unpackFromStorage(Value codes, const ChannelBlock &block, const BufferLayout &layout);
  Parts unpackPieces(Value codes, const ChannelBlock &block, const BufferLayout &layout);
  /// A table of `element`s, one for each channel, in the order of `block`.
  Parts loadTable(StringRef key, ArrayRef<int64_t> perChannel, unsigned bits, Value channel,
                  const ChannelBlock &block);
  Parts loadFloatTable(StringRef key, ArrayRef<float> perChannel, Value channel, const ChannelBlock &block);
  Value globalBytes(StringRef prefix, ArrayRef<char> bytes, Type element);
  /// The numbers of a constant, row-major, each stored as `element`: f32 for floats, i8, i16 or i32 for
  /// integers.
  Buffer constantBuffer(Value value, Type element);
  Value globalTable(StringRef prefix, const std::vector<int32_t> &values);
  template <typename T>
  std::vector<T> orderTable(ArrayRef<T> perChannel, const ChannelBlock &block);

  /// The sum of x - zero point over axes of codes that stay in storage.
  struct PlaneSum {
    Value codes;
    int64_t zeroPoint;
    SmallVector<std::pair<int64_t, int64_t>> axes; ///< axis and size, outermost first
  };

  //===- Element-wise evaluation (Elementwise-, Rescale-, PoolingEmitter.cpp) -===//
  /// Lanes of `value` at `point`, plus `offset` (integers only).
  FailureOr<Parts> evaluate(Value value, const Point &point, const ChannelBlock &block, int64_t offset = 0);
  FailureOr<Parts> evaluateOp(Operation *op, const Point &point, const ChannelBlock &block, int64_t offset);
  Parts loadBroadcast(const Buffer &buffer, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateConstant(Value value, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateReduction(Operation *op, const Point &point, const ChannelBlock &block);
  std::optional<PlaneSum> matchPlaneSum(Operation *op);
  Parts emitPlaneSum(const PlaneSum &sum, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateWindow(Operation *op, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateResize(tosa::ResizeOp op, const Point &point,
                                  const ChannelBlock &block); // ResizeEmitter.cpp
  FailureOr<Parts> evaluateQuantize(QuantizeOp op, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateDequantize(DequantizeOp op, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> emitFunction(ScalarFunctionOpInterface op, const Point &point, const ChannelBlock &block);
  /// The value of a rescale before saturation, moved by `offset`.
  FailureOr<Parts> emitRescale(tosa::RescaleOp op, const Point &point, const ChannelBlock &block,
                               int64_t offset, bool saturate);
  Value highProduct(Value a, Value b);
  Value product16(Value x, Value y);
  /// |lane| bound of an i32 value, for choosing 32-bit forms of a rescale.
  int64_t magnitude(Value value);
  /// Strips clamps and the saturation of the last rescale off `value`: what
  /// remains is evaluated without them and saturated to [lo, hi] by the store.
  Value stripSaturation(Value value, int64_t &lo, int64_t &hi);
  LogicalResult storeResult(Value value, const Buffer &buffer, const Point &point,
                            const ChannelBlock &block) {
    return storeResult(value, buffer, point, block, {});
  }
  /// The same at several points; `prepare` is called before the lanes of each are evaluated.
  LogicalResult storeResult(Value value, const Buffer &buffer, ArrayRef<Point> points,
                            const ChannelBlock &block, function_ref<void(size_t)> prepare);
  std::string keyOf(Value value, StringRef suffix);
  Parts map(ArrayRef<Parts> operands, function_ref<Value(ArrayRef<Value>)> combine);

  //===- A scale for each token (TokenEmitter.cpp) ----------------------------===//
  FailureOr<Parts> evaluateTokenMaxima(TokenMaximaOp op, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateQuantizeTokens(QuantizeTokensOp op, const Point &point, const ChannelBlock &block);
  FailureOr<Parts> evaluateRescaleTokens(RescaleTokensOp op, const Point &point, const ChannelBlock &block);
  Value shiftedProduct(Value x, Value y, int64_t shift);

  //===- Requantization (RequantizeEmitter.cpp) ------------------------------===//
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
  /// The factors of the packed unit that begins with part `first`.
  static ArrayRef<Value> factorsOf(const std::optional<Rounding> &rounding, unsigned first,
                                   const ChannelBlock &block);
  static std::vector<int64_t> getHalves(const Fraction &fraction);
  void foldRounding(Value accumulator, std::vector<int64_t> &bias, const ChannelBlock &block);
  SmallVector<Value> loadPairs(StringRef key, ArrayRef<int64_t> perChannel, Value channel,
                               const ChannelBlock &block);

  //===- Codes that are not widened (StorageEmitter.cpp, LookupEmitter.cpp) -===//
  /// Two tensors of codes whose weighted sum is rounded to codes:
  /// (sum of stored * (low + 2^16 * high) + addend) >> 16.
  struct CodeSum {
    Value values[2];
    int64_t low[2], high[2], addend;
  };
  BufferLayout storageForm();
  /// Whether evaluateStored computes `value`.
  bool staysInStorage(Value value);
  Value evaluateStored(Value value, const Point &point, int64_t valid, unsigned width);
  /// The result at all channels of a point, which lacks the channel.
  void emitStoredRow(Point point);
  Value maxStored(Value x, Value y);
  /// Codes, as they are stored, limited to [lo, hi].
  Value clampStored(Value stored, int64_t lo, int64_t hi);
  Value emitStoredMaxPool(tosa::MaxPool2dOp op, const Point &point, int64_t valid, unsigned width);
  std::optional<CodeSum> matchCodeSum(tosa::RescaleOp op);
  Value emitCodeSum(const CodeSum &sum, const Point &point, int64_t valid, unsigned width);
  Value inRegisters(ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> emit);
  /// The instruction set shuffles bytes by indices in a register.
  bool hasByteShuffle() const { return target.lanes >= 8 || target.dot == DotKind::Sdot; }
  Value lookUp(Value stored, ArrayRef<int64_t> entries, int64_t valid);
  FailureOr<Parts> evaluateTable(tosa::TableOp op, const Point &point, const ChannelBlock &block,
                                 int64_t offset);
  Value lookUpWords(Value stored, Value table);
  Value lookUpSixteenths(Value stored, Value table);
  Value lookUpQuads(Value stored, Value table);
  Value lookUpOneByOne(Value stored, Value table, int64_t valid);
  Parts loadBytes(Value table, int64_t first, int64_t count, VectorType type, bool repeat);

  //===- Kernels ------------------------------------------------------------===//
  LogicalResult emitElementwise();                         // ElementwiseEmitter.cpp
  LogicalResult emitContraction(Operation *op);            // ContractionEmitter.cpp
  LogicalResult emitDepthwise(tosa::DepthwiseConv2DOp op); // DepthwiseEmitter.cpp
  LogicalResult emitMovement(Operation *op);               // MovementEmitter.cpp
  LogicalResult emitSoftmax(SoftmaxOp op);
  LogicalResult emitPackSigns(PackSignsOp op); // SignEmitter.cpp
  void copyRegion(const Buffer &to, Value toStart, ArrayRef<int64_t> toStrides, const Buffer &from,
                  Value fromStart, ArrayRef<int64_t> fromStrides, ArrayRef<int64_t> shape);
  void fillBorder(const Buffer &buffer);
  void fillRun(const Buffer &buffer, Value offset, int64_t count, double value);
  std::optional<Buffer> findOperand(Value value);

  //===- Transposed copies (TransposeEmitter.cpp) ---------------------------===//
  Value convertStored(Value stored, const BufferLayout &from, const BufferLayout &to);
  void blocks(int64_t count, int64_t step, function_ref<void(Value, int64_t)> body);
  void copyTransposed(const Buffer &to, Value toStart, const Buffer &from, Value fromStart,
                      const Transposition &plane);
  Parts interleaveRows(Parts rows, unsigned perLane);
  Parts interleaveThree(const Parts &rows, unsigned perLane);
  Parts gatherLanes(const Parts &rows, unsigned perLane);
  Value dot(Value acc, Value data, Value weights, unsigned width) {
    return emitDot(b, loc, target, acc, data, weights, width);
  }
  /// All tensors that the epilogue of the contraction touches are codes or per-channel constants.
  bool epilogueAllowsPacked();

  const Buffer *findInput(Value value);
  Value yielded(unsigned i = 0) {
    return cast<YieldOp>(kernel.getBody().front().getTerminator()).getValues()[i];
  }

  OpBuilder &b;
  GlobalTables &tables;
  const TargetDescription &target;
  KernelOp kernel;
  SmallVector<Buffer> inputs, outputs;
  Location loc;
  std::string kind = "element-wise";
  int64_t cycles = 0;
  bool roundingIsFolded = false; ///< see foldRounding
  /// Lanes that are already in registers (accumulators), by the value they are of.
  DenseMap<Value, Parts> ready;
  /// Bounds of |lane| of accumulators, by the value they are of.
  DenseMap<Value, int64_t> bounds;
  /// Table loads of the current tile, by key.
  std::map<std::string, Parts> loaded;
};

} // namespace narrow

#endif
