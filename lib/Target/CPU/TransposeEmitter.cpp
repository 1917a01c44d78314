//===- TransposeEmitter.cpp - Transposed copies -------------------------===//
#include "CopyEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace narrow;

/// `body` for blocks of `step` out of `count`, each with how many of them exist. The last
/// block overlaps the one before it where there is one.
void CopyEmitter::blocks(int64_t count, int64_t step, function_ref<void(Value, int64_t)> body) {
  int64_t whole = count / step * step;
  loop(0, whole, step, [&](Value i) { body(i, step); });
  if (whole < count)
    body(index(std::max<int64_t>(0, count - step)), std::min(count, step));
}

/// The same of three rows: each element of the result comes from one of the rows, which a byte
/// shuffle brings to its place among zeros.
Parts CopyEmitter::interleaveThree(const Parts &rows, unsigned perLane) {
  auto type = cast<VectorType>(rows[0].getType());
  int64_t n = type.getNumElements();
  Value zero = splat(type, 0);
  Parts result;
  for (int64_t part = 0; part < 3; ++part) {
    Value sum;
    for (int64_t row = 0; row < 3; ++row) {
      Value here = shuffle(
          rows[row], zero,
          [&](int64_t i) {
            int64_t position = part * perLane + i % perLane;
            return position % 3 == row ? i / perLane * perLane + position / 3 : n;
          },
          n);
      sum = sum ? Value(arith::OrIOp::create(b, loc, sum, here)) : here;
    }
    result.push_back(sum);
  }
  return result;
}

/// Brings 128-bit lane l of row r to place l * rows + r of all rows together.
Parts CopyEmitter::gatherLanes(const Parts &rows, unsigned perLane) {
  int64_t n = cast<VectorType>(rows[0].getType()).getNumElements();
  int64_t count = rows.size(), places = n / perLane;
  if (places == 1)
    return rows;
  Parts result;
  for (int64_t first = 0; first < count * places; first += places) {
    // The rows that lanes come from; each after the first adds its own.
    llvm::SetVector<int64_t> sources;
    for (int64_t p = first; p < first + places; ++p)
      sources.insert(p % count);
    Value vector = rows[sources[0]];
    for (size_t s = 1; s < sources.size(); ++s)
      vector = shuffle(
          vector, rows[sources[s]],
          [&](int64_t i) {
            int64_t p = first + i / perLane, from = p / count * perLane + i % perLane;
            return p % count == sources[s] ? n + from : s == 1 ? from : i;
          },
          n);
    result.push_back(vector);
  }
  return result;
}

void CopyEmitter::copyTransposed(const Buffer &to, Value toStart, const Buffer &from, Value fromStart,
                                 const Transposition &plane) {
  bool widens = from.layout.elementBytes() < to.layout.elementBytes();
  int64_t bytes = std::min(from.layout.elementBytes(), to.layout.elementBytes()), perLane = 16 / bytes;
  int64_t height = std::min<int64_t>(perLane, llvm::PowerOf2Ceil(plane.rows)), width = perLane;
  while (width * 2 <= plane.columns && width * 2 * bytes <= target.lanes * 4)
    width *= 2;
  // The rows' elements follow each other in memory, without gaps.
  bool dense = plane.toStep == plane.rows && plane.rows == height && height < perLane;
  bool isThree = plane.toStep == 3 && plane.rows == 3 && bytes <= 2 && hasByteShuffle();
  if (isThree)
    height = 3;
  auto put = [&](Value at, Value stored, int64_t valid) {
    storeVector(to, at, widens ? convertStored(stored, from.layout, to.layout) : stored, valid);
  };
  auto emitBlock = [&](Value column, int64_t columns, Value row, int64_t rows) {
    Parts block;
    for (int64_t i = 0; i < rows; ++i) {
      Value at = add(add(fromStart, column), mul(add(row, i), plane.fromStep));
      Value stored = loadVector(from, at, columns, width);
      block.push_back(widens ? stored : convertStored(stored, from.layout, to.layout));
    }
    block.resize(height, block.back());
    block = isThree ? interleaveThree(block, perLane) : interleaveRows(block, perLane);
    Value base = add(add(toStart, mul(column, plane.toStep)), row);
    if (dense || isThree) {
      for (auto [i, stored] : llvm::enumerate(gatherLanes(block, perLane)))
        put(add(base, i * width), stored, columns * height - static_cast<int64_t>(i) * width);
      return;
    }
    for (int64_t i = 0; i < columns; ++i) {
      // Element i * height of the lane's rows together.
      int64_t place = i % perLane * height;
      Value stored = vector::ExtractStridedSliceOp::create(
          b, loc, block[place / perLane], ArrayRef<int64_t>{i / perLane * perLane + place % perLane},
          ArrayRef<int64_t>{height}, ArrayRef<int64_t>{1});
      put(add(base, i * plane.toStep), stored, rows);
    }
  };
  blocks(plane.columns, width, [&](Value column, int64_t columns) {
    blocks(plane.rows, height, [&](Value row, int64_t rows) { emitBlock(column, columns, row, rows); });
  });
}
