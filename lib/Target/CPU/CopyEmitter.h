//===- CopyEmitter.h - Copies and borders -----------------------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_COPYEMITTER_H
#define NARROW_LIB_TARGET_CPU_COPYEMITTER_H

#include "narrow/Target/CPU/LaneEmitter.h"

namespace narrow {

class CopyEmitter : public LaneEmitter {
public:
  explicit CopyEmitter(const LaneEmitter &lanes) : LaneEmitter(lanes) {}

  /// Copies the elements of `shape`; both sides say where they begin and how far elements are apart.
  void copyRegion(const Buffer &to, Value toStart, ArrayRef<int64_t> toStrides, const Buffer &from,
                  Value fromStart, ArrayRef<int64_t> fromStrides, ArrayRef<int64_t> shape);
  void fillBorder(const Buffer &buffer);
  void fillRun(const Buffer &buffer, Value offset, int64_t count, double value);

private:
  /// A copy of `rows` x `columns` elements: columns are neighbours where they come from, rows
  /// where they go to.
  struct Transposition {
    int64_t rows, columns;
    int64_t fromStep; ///< between rows
    int64_t toStep;   ///< between columns
  };

  //===- Transposed copies (TransposeEmitter.cpp) ---------------------------===//
  void blocks(int64_t count, int64_t step, function_ref<void(Value, int64_t)> body);
  void copyTransposed(const Buffer &to, Value toStart, const Buffer &from, Value fromStart,
                      const Transposition &plane);
  Parts interleaveThree(const Parts &rows, unsigned perLane);
  Parts gatherLanes(const Parts &rows, unsigned perLane);
};

} // namespace narrow

#endif
