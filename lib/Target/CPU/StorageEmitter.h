//===- StorageEmitter.h - Codes that are not widened ------------*- C++ -*-===//
//
// Clamps, max pools, tables and sums of two tensors take codes as they are stored and
// give codes: one vector of bytes (or i16, with I16 storage) holds as many channels as
// four vectors of i32 lanes. Which ops can says KernelOpInterface.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TARGET_CPU_STORAGEEMITTER_H
#define NARROW_LIB_TARGET_CPU_STORAGEEMITTER_H

#include "narrow/Target/CPU/KernelEmitter.h"

namespace narrow {

class StorageEmitter : public LaneEmitter {
public:
  explicit StorageEmitter(KernelEmitter &kernel) : LaneEmitter(kernel), k(kernel) {}

  //===- Values (StorageEmitter.cpp) ----------------------------------------===//
  /// Whether evaluateStored computes `value`.
  bool staysInStorage(Value value);
  /// `valid` of `width` channels of `value`, from `point` on, in the target's storage.
  Value evaluateStored(Value value, const Point &point, int64_t valid, unsigned width);
  /// The result of the kernel at all channels of a point, which lacks the channel.
  void emitRow(Point point);
  const Buffer *findInput(Value value) { return k.findInput(value); }
  Value maxStored(Value x, Value y);
  /// Codes, as they are stored, limited to [lo, hi].
  Value clampStored(Value stored, int64_t lo, int64_t hi);
  Value inRegisters(ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> emit);

  //===- Sums (CodeSum.cpp, PlaneSum.cpp) -----------------------------------===//
  /// Two tensors of codes whose weighted sum is rounded to codes:
  /// (sum of stored * (low + 2^16 * high) + addend) >> 16.
  struct CodeSum {
    Value values[2];
    int64_t low[2], high[2], addend;
  };
  std::optional<CodeSum> matchCodeSum(tosa::RescaleOp op);
  Value emitCodeSum(const CodeSum &sum, const Point &point, int64_t valid, unsigned width);
  /// The sum of x - zero point over axes of codes that stay in storage.
  struct PlaneSum {
    Value codes;
    int64_t zeroPoint;
    SmallVector<std::pair<int64_t, int64_t>> axes; ///< axis and size, outermost first
  };
  std::optional<PlaneSum> matchPlaneSum(Operation *op);
  Parts emitPlaneSum(const PlaneSum &sum, const Point &point, const ChannelBlock &block);

  //===- Tables (LookupEmitter.cpp) -----------------------------------------===//
  Value lookUp(Value stored, ArrayRef<int64_t> entries, int64_t valid);
  /// A table of lanes in packed order, plus `offset`.
  FailureOr<Parts> evaluateTable(tosa::TableOp op, const Point &point, const ChannelBlock &block,
                                 int64_t offset);

private:
  Value lookUpWords(Value stored, Value table);
  Value lookUpSixteenths(Value stored, Value table);
  Value lookUpQuads(Value stored, Value table);
  Value lookUpOneByOne(Value stored, Value table, int64_t valid);
  Parts loadBytes(Value table, int64_t first, int64_t count, VectorType type, bool repeat);

  KernelEmitter &k;
};

} // namespace narrow

#endif
