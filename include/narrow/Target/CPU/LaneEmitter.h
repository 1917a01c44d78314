//===- LaneEmitter.h - Vectors of lanes, and their memory -------*- C++ -*-===//
//
// What the code of every kernel is made of: loops, vectors of lanes, loads and stores of
// buffers, tables of constants. It knows the target, and nothing of ops.
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
#ifndef NARROW_TARGET_CPU_LANEEMITTER_H
#define NARROW_TARGET_CPU_LANEEMITTER_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/MemoryPlan.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace narrow {

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

/// An index of a tensor: one Value for each axis, the last one the first
/// channel of the block.
using Point = SmallVector<Value>;
using Parts = SmallVector<Value>;

class LaneEmitter {
public:
  LaneEmitter(OpBuilder &builder, Location loc, GlobalTables &tables, const TargetDescription &target)
      : b(builder), loc(loc), tables(tables), target(target) {}

  OpBuilder &getBuilder() const { return b; }
  Location getLoc() const { return loc; }
  const TargetDescription &getTarget() const { return target; }

  //===- Indices and loops (LaneEmitter.cpp) --------------------------------===//
  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value mul(Value a, int64_t b);
  /// Emits `body` for every value in [lower, upper) by `step`; without a loop
  /// when there is only one.
  void loop(int64_t lower, int64_t upper, int64_t step, function_ref<void(Value)> body);
  /// A loop that carries values; `body` yields the next ones.
  SmallVector<Value> reduce(Value lower, Value upper, ValueRange init,
                            function_ref<SmallVector<Value>(Value, ValueRange)> body);
  /// Where the element at `point` is stored, in elements. An axis of size 1 is broadcast.
  Value offsetOf(const BufferLayout &layout, ArrayRef<Value> point);

  //===- Vectors (LaneEmitter.cpp) ------------------------------------------===//
  VectorType lanes(unsigned n, Type element) { return VectorType::get({n}, element); }
  Value splat(VectorType type, int64_t value);
  Value splatFloat(VectorType type, float value);
  Value shuffle(Value a, Value b, function_ref<int64_t(int64_t)> from, int64_t n);
  /// Interleaves the lower or upper halves of every 128-bit lane of two vectors.
  Value unpackLanes(Value a, Value b, bool high, unsigned elementsPerLane);
  /// Transposes `rows` by perfect shuffles, each 128-bit lane by itself.
  Parts interleaveRows(Parts rows, unsigned perLane);
  /// One vector operation for each part.
  static Parts map(ArrayRef<Parts> operands, function_ref<Value(ArrayRef<Value>)> combine);
  /// Upper 32 bits of the products of i32 lanes.
  Value highProduct(Value a, Value b);
  /// Products of i32 lanes with the signed 16-bit numbers in the lower halves of
  /// `y`, whose upper halves are 0; x has 16 bits too.
  Value product16(Value x, Value y);
  /// (x * y + 2^(shift-1)) >> shift of i32 lanes in 64 bits; the result is the lower 32.
  Value shiftedProduct(Value x, Value y, int64_t shift);
  /// acc + sum over G of data * weights, lane by lane, G = target.group(): `data` and `weights` are vectors
  /// of getDotOperandType(width). Data are codes as they are stored, weights signed.
  Value dot(Value acc, Value data, Value weights, unsigned width);
  VectorType getDotOperandType(unsigned width);
  /// The data of a dot product that multiplies the same G codes, at `offset`, by the weights of each lane.
  Value broadcastGroup(const Buffer &buffer, Value offset, unsigned width);

  //===- Storage (LaneMemory.cpp) -------------------------------------------===//
  /// `width` elements as they are stored, of which `valid` exist.
  Value loadVector(const Buffer &buffer, Value offset, int64_t valid, unsigned width);
  void storeVector(const Buffer &buffer, Value offset, Value vector, int64_t valid);
  /// Elements as `from` stores them, as `to` does.
  Value convertStored(Value stored, const BufferLayout &from, const BufferLayout &to);
  /// How the arena stores 8-bit codes.
  BufferLayout storageForm();
  /// The instruction set shuffles bytes by indices in a register.
  bool hasByteShuffle() const { return target.lanes >= 8 || target.dot == DotKind::Sdot; }

  /// What packing does to 16-bit lanes that hold codes times 2^bits.
  struct Rounding {
    int64_t bits;
    int64_t addend;             ///< rounding and zero point
    SmallVector<Value> factors; ///< times 2^-15 first, if not empty: see KernelEmitter::loadPairs
  };
  /// The factors of the packed unit that begins with part `first`.
  static ArrayRef<Value> factorsOf(const std::optional<Rounding> &rounding, unsigned first,
                                   const ChannelBlock &block);

  /// Lanes of the block that begins at `offset`; codes lose the storage's offset.
  Parts load(const Buffer &buffer, Value offset, const ChannelBlock &block);
  /// Stores lanes whose codes are already moved by the buffer's codeOffset;
  /// they are saturated to [lo, hi] here.
  void store(const Buffer &buffer, Value offset, Parts parts, const ChannelBlock &block, int64_t lo,
             int64_t hi);
  /// The same of several points, one after the other in `parts`, in packed order.
  void storePacked(const Buffer &buffer, ArrayRef<Value> offsets, ArrayRef<Value> parts,
                   const ChannelBlock &block, int64_t lo, int64_t hi,
                   const std::optional<Rounding> &rounding);
  Value packToStorage(ArrayRef<Value> parts, unsigned width, Type storage,
                      const std::optional<Rounding> &rounding, ArrayRef<Value> factors);
  Parts unpackFromStorage(Value codes, const ChannelBlock &block, const BufferLayout &layout);
  Parts unpackPieces(Value codes, const ChannelBlock &block, const BufferLayout &layout);

  //===- Constants (LaneMemory.cpp) -----------------------------------------===//
  /// A table of the module with these bytes, seen as `element`s.
  Value globalBytes(StringRef prefix, ArrayRef<char> bytes, Type element);
  Value globalTable(StringRef prefix, const std::vector<int32_t> &values);
  /// The numbers of a constant, row-major, each stored as `element`: f32 for floats, i8, i16 or i32 for
  /// integers.
  Buffer constantBuffer(Value value, Type element);
  /// Pads `perChannel` to whole blocks and brings it into the order of `block`.
  template <typename T>
  std::vector<T> orderTable(ArrayRef<T> perChannel, const ChannelBlock &block);

protected:
  OpBuilder &b;
  Location loc;
  GlobalTables &tables;
  const TargetDescription &target;
};

template <typename T>
std::vector<T> LaneEmitter::orderTable(ArrayRef<T> perChannel, const ChannelBlock &block) {
  int64_t unit = int64_t(block.width) * std::max(block.pack, 1u);
  // One unit more: a block may start at any channel and reach past the end.
  int64_t padded = (llvm::divideCeil(perChannel.size(), unit) + block.parts) * unit;
  std::vector<T> out(padded, perChannel.back());
  for (int64_t i = 0; i < padded; ++i)
    if (int64_t channel = block.channelOf(i); channel < static_cast<int64_t>(perChannel.size()))
      out[i] = perChannel[channel];
  return out;
}

} // namespace narrow

#endif
