//===- WindowKernels.cpp - Pools and resizes ----------------------------===//
#include "KernelModels.h"
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "narrow/Numerics/Pool.h"

using namespace mlir;
using namespace narrow;

/// Places of a window beside the plane are moved to its edge: the window covers the edge, too,
/// and the largest code stays the same.
static Value emitStoredMaxPool(tosa::MaxPool2dOp op, StorageEmitter &s, const Point &point, int64_t valid,
                               unsigned width) {
  OpBuilder &b = s.getBuilder();
  Location loc = s.getLoc();
  ArrayRef<int64_t> kernelSize = op.getKernel(), stride = op.getStride(), pad = op.getPad();
  ArrayRef<int64_t> sizes = shapeOf(op.getInput()), results = shapeOf(op.getOutput());
  auto place = [&](int axis, Value within, int64_t least, int64_t most) -> Value {
    int64_t before = pad[2 * axis], last = sizes[1 + axis] - 1;
    Value at = s.add(s.add(s.mul(point[1 + axis], stride[axis]), -before), within);
    if (least < before)
      at = arith::MaxSIOp::create(b, loc, at, s.index(0));
    if ((results[1 + axis] - 1) * stride[axis] - before + most > last)
      at = arith::MinSIOp::create(b, loc, at, s.index(last));
    return at;
  };
  auto fetch = [&](Value row, Value column) {
    Point at = point;
    at[1] = row, at[2] = column;
    return s.evaluateStored(op.getInput(), at, valid, width);
  };
  int64_t height = kernelSize[0], length = kernelSize[1];
  constexpr int64_t unrollUpTo = 32;
  if (height * length <= unrollUpTo) {
    Value most;
    for (int64_t kh = 0; kh < height; ++kh)
      for (int64_t kw = 0; kw < length; ++kw) {
        Value x = fetch(place(0, s.index(kh), kh, kh), place(1, s.index(kw), kw, kw));
        most = most ? s.maxStored(most, x) : x;
      }
    return most;
  }
  BufferLayout form = s.storageForm();
  SmallVector<Value> least = {s.splat(s.lanes(width, form.element), form.codeOffset - 128)};
  return s.reduce(s.index(0), s.index(height), least, [&](Value kh, ValueRange outer) {
    Value row = place(0, kh, 0, height - 1);
    return s.reduce(s.index(0), s.index(length), outer,
                    [&](Value kw, ValueRange inner) -> SmallVector<Value> {
                      return {s.maxStored(inner[0], fetch(row, place(1, kw, 0, length - 1)))};
                    });
  })[0];
}

static FailureOr<Parts> emitWindow(Operation *op, KernelEmitter &k, const Point &point,
                                   const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  Value input = op->getOperand(0);
  auto kernelSize = op->getAttrOfType<DenseI64ArrayAttr>("kernel").asArrayRef();
  auto stride = op->getAttrOfType<DenseI64ArrayAttr>("stride").asArrayRef();
  auto pad = op->getAttrOfType<DenseI64ArrayAttr>("pad").asArrayRef();
  bool real = isFloat(input), average = isa<tosa::AvgPool2dOp>(op);
  int64_t inputZp = 0, outputZp = 0;
  if (average && !real) {
    auto izp = getIntegers(op->getOperand(1)), ozp = getIntegers(op->getOperand(2));
    if (!izp || !ozp)
      return emitUnsupported(op) << "zero points must be constants", failure();
    inputZp = izp->front(), outputZp = ozp->front();
  }
  auto type = k.lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  int64_t half = real || isCode(input) ? 128 : 32768; // codes are in [-half, half - 1]
  Value start = average ? (real ? k.splatFloat(type, 0) : k.splat(type, 0))
                        : (real ? k.splatFloat(type, -infinity) : k.splat(type, -half));

  // The part of the window that lies on the plane, for each axis.
  struct Extent {
    Value first, lower, upper; ///< window's first row; rows [lower, upper) of the window exist
    bool whole;
  } extents[2];
  for (int axis = 0; axis < 2; ++axis) {
    int64_t size = shapeOf(input)[1 + axis];
    Value first = k.add(k.mul(point[1 + axis], stride[axis]), -pad[2 * axis]);
    extents[axis] = {first, k.index(0), k.index(kernelSize[axis]), true};
    if (pad[2 * axis] || pad[2 * axis + 1]) {
      Value zero = k.index(0);
      extents[axis].lower = arith::MaxSIOp::create(b, loc, zero, arith::SubIOp::create(b, loc, zero, first));
      extents[axis].upper = arith::MinSIOp::create(b, loc, k.index(kernelSize[axis]),
                                                   arith::SubIOp::create(b, loc, k.index(size), first));
      extents[axis].whole = false;
    }
  }
  bool ok = true;
  auto saved = k.getTables();
  auto accumulate = [&](Value kh, Value kw, ValueRange acc) -> SmallVector<Value> {
    Point at = point;
    at[1] = k.add(extents[0].first, kh);
    at[2] = k.add(extents[1].first, kw);
    FailureOr<Parts> x = k.evaluate(input, at, block);
    ok &= succeeded(x);
    if (!ok)
      return llvm::to_vector(acc);
    SmallVector<Value> next;
    for (auto [a, v] : llvm::zip(acc, *x)) {
      if (average)
        next.push_back(real ? Value(arith::AddFOp::create(b, loc, a, v))
                            : Value(arith::AddIOp::create(b, loc, a, v)));
      else if (real)
        next.push_back(arith::SelectOp::create(
            b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, v, a), v, a));
      else
        next.push_back(arith::MaxSIOp::create(b, loc, a, v));
    }
    return next;
  };
  Parts sum(block.parts, start);
  constexpr int64_t unrollUpTo = 16;
  if (extents[0].whole && extents[1].whole && kernelSize[0] * kernelSize[1] <= unrollUpTo) {
    for (int64_t kh = 0; kh < kernelSize[0]; ++kh)
      for (int64_t kw = 0; kw < kernelSize[1]; ++kw)
        sum = accumulate(k.index(kh), k.index(kw), sum);
  } else {
    sum = k.reduce(extents[0].lower, extents[0].upper, sum, [&](Value kh, ValueRange outer) {
      return k.reduce(extents[1].lower, extents[1].upper, outer,
                      [&](Value kw, ValueRange inner) { return accumulate(kh, kw, inner); });
    });
    k.setTables(saved);
  }
  if (!ok)
    return failure();
  if (!average)
    return sum;

  bool whole = extents[0].whole && extents[1].whole;
  int64_t most = kernelSize[0] * kernelSize[1];
  Value count =
      arith::MulIOp::create(b, loc, arith::SubIOp::create(b, loc, extents[0].upper, extents[0].lower),
                            arith::SubIOp::create(b, loc, extents[1].upper, extents[1].lower));
  if (real) {
    Value factor;
    if (whole) {
      factor = k.splatFloat(type, 1.0f / static_cast<float>(most));
    } else {
      Value n = arith::SIToFPOp::create(b, loc, b.getF32Type(),
                                        arith::IndexCastOp::create(b, loc, b.getI32Type(), count));
      Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
      factor = vector::BroadcastOp::create(b, loc, type, arith::DivFOp::create(b, loc, one, n));
    }
    return k.map({sum},
                 [&](ArrayRef<Value> x) -> Value { return arith::MulFOp::create(b, loc, x[0], factor); });
  }
  // N15: the reciprocal of the count as multiplier and shift.
  std::vector<int32_t> multipliers(most + 1), shifts(most + 1);
  for (int64_t n = 1; n <= most; ++n) {
    numerics::Multiplier reciprocal = numerics::averageMultiplier(n);
    multipliers[n] = reciprocal.multiplier;
    shifts[n] = reciprocal.shift;
  }
  auto wide = k.lanes(block.width, b.getI64Type());
  auto fetch = [&](const std::vector<int32_t> &values) -> Value {
    if (whole)
      return k.splat(wide, values[most]);
    Value table = k.globalBytes("table", {reinterpret_cast<const char *>(values.data()), values.size() * 4},
                                b.getI32Type());
    Value scalar =
        arith::ExtSIOp::create(b, loc, b.getI64Type(), memref::LoadOp::create(b, loc, table, count));
    return vector::BroadcastOp::create(b, loc, wide, scalar);
  };
  Value multiplier = fetch(multipliers), shift = fetch(shifts);
  Value count32 =
      vector::BroadcastOp::create(b, loc, type, arith::IndexCastOp::create(b, loc, b.getI32Type(), count));
  return k.map({sum}, [&](ArrayRef<Value> parts) -> Value {
    Value x = parts[0];
    if (inputZp)
      x = arith::SubIOp::create(b, loc, x, arith::MulIOp::create(b, loc, count32, k.splat(type, inputZp)));
    Value product = arith::MulIOp::create(b, loc, arith::ExtSIOp::create(b, loc, wide, x), multiplier);
    Value one = k.splat(wide, 1);
    Value round = arith::ShLIOp::create(b, loc, one, arith::SubIOp::create(b, loc, shift, one));
    x = arith::TruncIOp::create(
        b, loc, type, arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, product, round), shift));
    x = arith::AddIOp::create(b, loc, x, k.splat(type, outputZp));
    x = arith::MaxSIOp::create(b, loc, x, k.splat(type, -half));
    return arith::MinSIOp::create(b, loc, x, k.splat(type, half - 1));
  });
}

/// The tables say where each output row and column reads, and with which weights.
static FailureOr<Parts> emitResize(tosa::ResizeOp op, KernelEmitter &k, const Point &point,
                                   const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes)
    return emitUnsupported(op) << "its scale and offset must be constants", failure();
  ArrayRef<int64_t> shape = shapeOf(op.getResult());
  bool nearest = op.getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR, real = isFloat(op.getInput());
  auto look = [&](const std::vector<int32_t> &table, int64_t axis) -> Value {
    return memref::LoadOp::create(b, loc, k.globalTable("resize", table), point[axis]);
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
    return k.evaluate(op.getInput(), at, block);
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
  auto saved = k.getTables();
  FailureOr<Parts> corners[2][2];
  for (int row : {0, 1})
    for (int col : {0, 1}) {
      Point at = point;
      at[1] = places[0][row];
      at[2] = places[1][col];
      corners[row][col] = k.evaluate(op.getInput(), at, block);
      if (failed(corners[row][col]))
        return failure();
    }
  k.setTables(saved);
  auto type = k.lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  auto spread = [&](Value scalar) -> Value {
    if (real)
      scalar = arith::BitcastOp::create(b, loc, b.getF32Type(), scalar);
    return vector::BroadcastOp::create(b, loc, type, scalar);
  };
  // x * v + y * w
  auto blend = [&](const Parts &x, Value v, const Parts &y, Value w) {
    return k.map({x, y}, [&](ArrayRef<Value> parts) -> Value {
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

namespace {

template <typename Op>
struct PoolModel : KernelOpInterface::ExternalModel<PoolModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Window; }
  StringRef getKernelKind(Operation *) const { return "pool"; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitWindow(op, k, point, block);
  }
  bool staysInStorage(Operation *op, StorageEmitter &s) const {
    return std::is_same_v<Op, tosa::MaxPool2dOp> && s.findInput(op->getOperand(0)) &&
           s.staysInStorage(op->getOperand(0));
  }
  Value emitStored(Operation *op, StorageEmitter &s, const Point &point, int64_t valid,
                   unsigned width) const {
    return emitStoredMaxPool(cast<tosa::MaxPool2dOp>(op), s, point, valid, width);
  }
};

struct ResizeModel : KernelOpInterface::ExternalModel<ResizeModel, tosa::ResizeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Window; }
  StringRef getKernelKind(Operation *) const { return "resize"; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitResize(cast<tosa::ResizeOp>(op), k, point, block);
  }
};

} // namespace

void narrow::registerWindowKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::MaxPool2dOp::attachInterface<PoolModel<tosa::MaxPool2dOp>>(*context);
    tosa::AvgPool2dOp::attachInterface<PoolModel<tosa::AvgPool2dOp>>(*context);
    tosa::ResizeOp::attachInterface<ResizeModel>(*context);
  });
}
