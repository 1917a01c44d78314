//===- MemoryPlan.h - Where tensors live ------------------------*- C++ -*-===//
//
// Gives every tensor of a function of kernels a place in one arena. Sizes are
// known, so the arena is a constant of the model.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TARGET_CPU_MEMORYPLAN_H
#define NARROW_TARGET_CPU_MEMORYPLAN_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "llvm/ADT/MapVector.h"
#include <array>
#include <optional>

namespace narrow {

/// How the elements of a tensor lie in memory. The element with indices i is at
/// `origin + sum(i * strides)`, counted in elements of `element`.
struct BufferLayout {
  Type element;            ///< i8, i16, i32 or f32, as stored
  bool isCode = false;     ///< holds 8-bit codes in the target's storage
  int64_t codeOffset = 0;  ///< stored = code + codeOffset
  bool isUnsigned = false; ///< stored bytes are unsigned
  SmallVector<int64_t> shape, strides;
  int64_t origin = 0;
  int64_t size = 0;                ///< elements, borders included, tail and slack excluded
  std::array<int64_t, 4> border{}; ///< top, bottom, left, right (of [N, H, W, C])
  int64_t borderValue = 0;         ///< as stored
  int64_t tail = 0;                ///< elements past the end that are written with the border
  bool hasSlack = false;           ///< reading a vector past the end is allowed

  unsigned elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  bool hasBorder() const { return border != std::array<int64_t, 4>{}; }
  /// Elements follow each other in the order of the indices, from the start.
  bool isRowMajor() const { return origin == 0 && isDense(); }
  /// The same from wherever: a slice of a tensor may have gaps.
  bool isDense() const;
  int64_t numElements() const;
  int64_t bytes() const;

  /// Row-major without borders, codes as the IR has them: what callers see.
  static BufferLayout plain(RankedTensorType type);
  /// In the arena: the target's storage, with a border.
  static BufferLayout stored(RankedTensorType type, const TargetDescription &target,
                             std::array<int64_t, 4> border = {}, int64_t borderValue = 0);
};

/// The places of one function's tensors.
class MemoryPlan {
public:
  /// `base`: arena bytes that belong to the functions that this one calls.
  static FailureOr<MemoryPlan> create(func::FuncOp function, const TargetDescription &target, int64_t base);

  /// Writes the plan on `function`: where kernels and calls store their results, and what the arena needs.
  void annotate(func::FuncOp function) const;
  /// The plan that annotate has written. Fails, after an error, if there is none, if kernels ask for other
  /// layouts, or if two tensors that are alive at once share bytes.
  static FailureOr<MemoryPlan> read(func::FuncOp function, const TargetDescription &target);

  struct Place {
    BufferLayout layout;
    int64_t offset = -1; ///< in the arena; -1: an argument of the function, or its result
  };

  /// The buffer of `value`; aliases (observe, reshape, slice) share one offset but have
  /// layouts of their own.
  const Place &lookup(Value value) const { return places.find(value)->second; }
  /// True when `value` is only another view of its operand's buffer.
  bool isView(Value value) const { return views.contains(value); }

  int64_t getArenaSize() const { return arenaSize; }
  /// The most bytes that are alive at once: no plan can be smaller.
  int64_t getLowerBound() const { return lowerBound; }

private:
  /// When the bytes of a tensor, and of its views, are needed: positions in the block.
  struct Lifetime {
    Value owner;
    int64_t begin, end, bytes;
  };

  mlir::ArrayAttr getBuffers(Operation *op) const;
  bool overlaps(Operation *&first, Operation *&second) const;

  llvm::MapVector<Value, Place> places;
  DenseSet<Value> views;
  llvm::MapVector<Value, Value> owners; ///< of the bytes, for values in the arena
  SmallVector<Lifetime> lifetimes;
  int64_t arenaSize = 0, lowerBound = 0;
};

} // namespace narrow

#endif
