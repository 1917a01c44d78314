//===- PlaneSum.cpp - Sums of codes over a plane ------------------------===//
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

/// reduce_sums of rescale(x), which only widens x, over axes that are not the channels.
std::optional<StorageEmitter::PlaneSum> StorageEmitter::matchPlaneSum(Operation *op) {
  SmallVector<int64_t> axes;
  while (isa_and_nonnull<tosa::ReduceSumOp>(op)) {
    axes.push_back(op->getAttrOfType<IntegerAttr>("axis").getInt());
    if (findInput(op->getOperand(0)))
      return std::nullopt;
    op = op->getOperand(0).getDefiningOp();
  }
  auto rescale = dyn_cast_or_null<tosa::RescaleOp>(op);
  if (!rescale || !staysInStorage(rescale.getInput()) ||
      !getElementTypeOrSelf(rescale.getType()).isInteger(32))
    return std::nullopt;
  auto multipliers = getIntegers(rescale.getMultiplier()), shifts = getIntegers(rescale.getShift()),
       inputZp = getIntegers(rescale.getInputZp()), outputZp = getIntegers(rescale.getOutputZp());
  if (!multipliers || multipliers->size() != 1 || !shifts || !inputZp || !outputZp ||
      outputZp->front() != 0 || shifts->front() > 30 || rescale.getInputUnsigned() ||
      rescale.getOutputUnsigned() || multipliers->front() != int64_t{1} << shifts->front())
    return std::nullopt;
  PlaneSum sum{rescale.getInput(), inputZp->front(), {}};
  ArrayRef<int64_t> shape = shapeOf(sum.codes);
  const Buffer *buffer = findInput(sum.codes);
  llvm::sort(axes);
  for (int64_t axis : axes) {
    if (axis + 1 == static_cast<int64_t>(shape.size()))
      return std::nullopt;
    // Rows without a gap between them are one.
    if (!sum.axes.empty() && sum.axes.back().first + 1 == axis && buffer && shape[axis] != 1 &&
        buffer->layout.strides[axis - 1] == shape[axis] * buffer->layout.strides[axis])
      sum.axes.back() = {axis, sum.axes.back().second * shape[axis]};
    else
      sum.axes.push_back({axis, shape[axis]});
  }
  return sum;
}

/// In packed order. The codes are summed as they are stored: by the dot product with ones, which
/// adds four pixels, or in lanes of 16 bits, whose sums of 256 codes are exact.
Parts StorageEmitter::emitPlaneSum(const PlaneSum &sum, const Point &point, const ChannelBlock &block) {
  BufferLayout form = storageForm();
  int64_t total = 1, each = int64_t(block.width) * block.pack, vectors = block.parts / block.pack;
  for (auto [axis, size] : sum.axes)
    total *= size;
  auto laneType = lanes(block.width, b.getI32Type());
  auto type = lanes(each, form.element);
  Value zero = splat(type, 0), ones = splat(type, 1);
  Parts init(block.parts, splat(laneType, -total * (sum.zeroPoint + form.codeOffset)));
  // Pixel i of a run along the last axis.
  Point at = point;
  int64_t run = sum.axes.back().first;
  auto fetch = [&](Value i, int64_t vector) {
    Point here = at;
    here[run] = i;
    here.back() = add(here.back(), vector * each);
    return evaluateStored(sum.codes, here, block.valid - vector * each, each);
  };
  // Words.
  auto addWords = [&](Value first, int64_t count, ValueRange words) {
    return reduce(index(0), index(count), words, [&](Value i, ValueRange acc) {
      SmallVector<Value> next;
      for (auto [v, x] : llvm::enumerate(acc))
        next.push_back(arith::AddIOp::create(b, loc, x, fetch(add(first, i), v)));
      return next;
    });
  };
  auto addWidened = [&](ValueRange acc, ValueRange words) {
    Parts wide;
    for (Value vector : words)
      wide.append(unpackFromStorage(vector, block, form));
    return map({Parts(acc), wide},
               [&](ArrayRef<Value> x) -> Value { return arith::AddIOp::create(b, loc, x[0], x[1]); });
  };
  constexpr int64_t most = 256;
  bool isWords = form.element.isInteger(16), once = isWords && total <= most;
  Parts none(vectors, zero);
  // Bytes.
  auto addFour = [&](Value first, int64_t count, ValueRange acc) {
    Parts next;
    for (int64_t v = 0; v < vectors; ++v) {
      Parts rows;
      for (int64_t i = 0; i < 4; ++i)
        rows.push_back(i < count ? fetch(add(first, i), v) : zero);
      for (auto [i, codes] : llvm::enumerate(interleaveRows(rows, 16)))
        next.push_back(dot(acc[v * block.pack + i], codes, ones, block.width));
    }
    return next;
  };
  // One run of pixels, in pieces.
  auto addRun = [&](int64_t count, ValueRange acc) -> SmallVector<Value> {
    if (once)
      return addWords(index(0), count, acc);
    int64_t piece = isWords ? most : 4, whole = count / piece;
    auto addPiece = [&](Value number, int64_t pixels, ValueRange acc) -> SmallVector<Value> {
      Value first = mul(number, piece);
      return isWords ? addWidened(acc, addWords(first, pixels, none)) : addFour(first, pixels, acc);
    };
    SmallVector<Value> all =
        reduce(index(0), index(whole), acc, [&](Value i, ValueRange acc) { return addPiece(i, piece, acc); });
    return count % piece ? addPiece(index(whole), count % piece, all) : all;
  };
  std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t depth, ValueRange acc) {
    auto [axis, size] = sum.axes[depth];
    if (depth + 1 == sum.axes.size())
      return addRun(size, acc);
    return reduce(index(0), index(size), acc, [&](Value i, ValueRange acc) {
      at[axis] = i;
      return nest(depth + 1, acc);
    });
  };
  SmallVector<Value> result = nest(0, once ? none : init);
  return once ? addWidened(init, result) : Parts(result);
}
