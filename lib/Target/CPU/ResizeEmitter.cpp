//===- ResizeEmitter.cpp - Interpolation in lanes -------------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"

using namespace mlir;
using namespace narrow;

/// The tables say where each output row and column reads, and with which weights.
FailureOr<Parts> KernelEmitter::evaluateResize(tosa::ResizeOp op, const Point &point,
                                               const ChannelBlock &block) {
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes)
    return emitUnsupported(op) << "its scale and offset must be constants", failure();
  ArrayRef<int64_t> shape = shapeOf(op.getResult());
  bool nearest = op.getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR, real = isFloat(op.getInput());
  auto look = [&](const std::vector<int32_t> &table, int64_t axis) -> Value {
    return memref::LoadOp::create(b, loc, globalTable("resize", table), point[axis]);
  };
  auto asIndex = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
  };
  auto tabulate = [&](int64_t axis, function_ref<int64_t(const ResizeAxis &, int64_t)> entry) {
    const ResizeAxis &from = axis == 1 ? axes->rows : axes->columns;
    std::vector<int32_t> table;
    for (int64_t i = 0; i < shape[axis]; ++i)
      table.push_back(static_cast<int32_t>(entry(from, i)));
    return table;
  };
  if (nearest) {
    Point at = point;
    for (int64_t axis : {1, 2})
      at[axis] = asIndex(
          look(tabulate(axis, [](const ResizeAxis &from, int64_t i) { return from.nearest(i); }), axis));
    return evaluate(op.getInput(), at, block);
  }

  // Of both axes the two rows and their weights: whole numbers, or f32 that add up to 1.
  Value places[2][2], weights[2][2];
  for (int64_t axis : {1, 2}) {
    Value *place = places[axis - 1], *weight = weights[axis - 1];
    place[0] =
        asIndex(look(tabulate(axis, [](const ResizeAxis &from, int64_t i) { return from[i].first; }), axis));
    place[1] =
        asIndex(look(tabulate(axis, [](const ResizeAxis &from, int64_t i) { return from[i].second; }), axis));
    for (int second : {0, 1})
      weight[second] = look(tabulate(axis,
                                     [&](const ResizeAxis &from, int64_t i) -> int64_t {
                                       int64_t fraction = from[i].fraction;
                                       if (!real)
                                         return second ? fraction : from.numerator - fraction;
                                       float part =
                                           static_cast<float>(fraction) / static_cast<float>(from.numerator);
                                       return llvm::bit_cast<int32_t>(second ? part : 1.0f - part);
                                     }),
                            axis);
  }
  auto saved = loaded;
  FailureOr<Parts> corners[2][2];
  for (int row : {0, 1})
    for (int col : {0, 1}) {
      Point at = point;
      at[1] = places[0][row];
      at[2] = places[1][col];
      corners[row][col] = evaluate(op.getInput(), at, block);
      if (failed(corners[row][col]))
        return failure();
    }
  loaded = saved;
  auto type = lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  auto spread = [&](Value scalar) -> Value {
    if (real)
      scalar = arith::BitcastOp::create(b, loc, b.getF32Type(), scalar);
    return vector::BroadcastOp::create(b, loc, type, scalar);
  };
  // x * v + y * w
  auto blend = [&](const Parts &x, Value v, const Parts &y, Value w) {
    return map({x, y}, [&](ArrayRef<Value> parts) -> Value {
      if (real)
        return arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, parts[0], v),
                                     arith::MulFOp::create(b, loc, parts[1], w));
      return arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, parts[0], v),
                                   arith::MulIOp::create(b, loc, parts[1], w));
    });
  };
  Value left = spread(weights[1][0]), right = spread(weights[1][1]);
  Parts rows[2];
  for (int row : {0, 1})
    rows[row] = blend(*corners[row][0], left, *corners[row][1], right);
  return blend(rows[0], spread(weights[0][0]), rows[1], spread(weights[0][1]));
}
