//===- PoolingEmitter.cpp - Reductions and pools in lanes -----------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Numerics/Pool.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Sums of codes over a plane
//===----------------------------------------------------------------------===//

/// reduce_sums of rescale(x), which only widens x, over axes that are not the channels.
std::optional<KernelEmitter::PlaneSum> KernelEmitter::matchPlaneSum(Operation *op) {
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
Parts KernelEmitter::emitPlaneSum(const PlaneSum &sum, const Point &point, const ChannelBlock &block) {
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

FailureOr<Parts> KernelEmitter::evaluateReduction(Operation *op, const Point &point,
                                                  const ChannelBlock &block) {
  if (block.pack)
    return emitPlaneSum(*matchPlaneSum(op), point, block);
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
  Value input = op->getOperand(0);
  int64_t size = shapeOf(input)[axis];
  bool real = isFloat(input);
  auto type = lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  auto constant = [&](double value) {
    return real ? splatFloat(type, value) : splat(type, static_cast<int64_t>(value));
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  double start = isa<tosa::ReduceSumOp>(op) ? 0 : isa<tosa::ReduceProductOp>(op) ? 1 : 0;
  if (isa<tosa::ReduceMaxOp>(op))
    start = real ? -infinity : std::numeric_limits<int32_t>::min();
  if (isa<tosa::ReduceMinOp>(op))
    start = real ? infinity : std::numeric_limits<int32_t>::max();
  Parts init(block.parts, constant(start));
  auto saved = loaded;
  bool ok = true;
  Parts result = reduce(index(0), index(size), init, [&](Value i, ValueRange acc) -> SmallVector<Value> {
    Point at = point;
    at[axis] = i;
    FailureOr<Parts> x = evaluate(input, at, block);
    ok &= succeeded(x);
    if (!ok)
      return llvm::to_vector(acc);
    SmallVector<Value> next;
    for (auto [a, v] : llvm::zip(acc, *x)) {
      if (isa<tosa::ReduceSumOp>(op))
        next.push_back(real ? Value(arith::AddFOp::create(b, loc, a, v))
                            : Value(arith::AddIOp::create(b, loc, a, v)));
      else if (isa<tosa::ReduceProductOp>(op))
        next.push_back(real ? Value(arith::MulFOp::create(b, loc, a, v))
                            : Value(arith::MulIOp::create(b, loc, a, v)));
      else if (real)
        next.push_back(arith::SelectOp::create(
            b, loc,
            arith::CmpFOp::create(
                b, loc, isa<tosa::ReduceMaxOp>(op) ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, v,
                a),
            v, a));
      else
        next.push_back(isa<tosa::ReduceMaxOp>(op) ? Value(arith::MaxSIOp::create(b, loc, a, v))
                                                  : Value(arith::MinSIOp::create(b, loc, a, v)));
    }
    return next;
  });
  loaded = saved; // What was loaded inside of the loop is not visible here.
  if (!ok)
    return failure();
  return result;
}

FailureOr<Parts> KernelEmitter::evaluateWindow(Operation *op, const Point &point, const ChannelBlock &block) {
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
  auto type = lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  int64_t half = real || isCode(input) ? 128 : 32768; // codes are in [-half, half - 1]
  Value start = average ? (real ? splatFloat(type, 0) : splat(type, 0))
                        : (real ? splatFloat(type, -infinity) : splat(type, -half));

  // The part of the window that lies on the plane, for each axis.
  struct Extent {
    Value first, lower, upper; ///< window's first row; rows [lower, upper) of the window exist
    bool whole;
  } extents[2];
  for (int axis = 0; axis < 2; ++axis) {
    int64_t size = shapeOf(input)[1 + axis];
    Value first = add(mul(point[1 + axis], stride[axis]), -pad[2 * axis]);
    extents[axis] = {first, index(0), index(kernelSize[axis]), true};
    if (pad[2 * axis] || pad[2 * axis + 1]) {
      Value zero = index(0);
      extents[axis].lower = arith::MaxSIOp::create(b, loc, zero, arith::SubIOp::create(b, loc, zero, first));
      extents[axis].upper = arith::MinSIOp::create(b, loc, index(kernelSize[axis]),
                                                   arith::SubIOp::create(b, loc, index(size), first));
      extents[axis].whole = false;
    }
  }
  bool ok = true;
  auto saved = loaded;
  auto accumulate = [&](Value kh, Value kw, ValueRange acc) -> SmallVector<Value> {
    Point at = point;
    at[1] = add(extents[0].first, kh);
    at[2] = add(extents[1].first, kw);
    FailureOr<Parts> x = evaluate(input, at, block);
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
        sum = accumulate(index(kh), index(kw), sum);
  } else {
    sum = reduce(extents[0].lower, extents[0].upper, sum, [&](Value kh, ValueRange outer) {
      return reduce(extents[1].lower, extents[1].upper, outer,
                    [&](Value kw, ValueRange inner) { return accumulate(kh, kw, inner); });
    });
    loaded = saved;
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
      factor = splatFloat(type, 1.0f / static_cast<float>(most));
    } else {
      Value n = arith::SIToFPOp::create(b, loc, b.getF32Type(),
                                        arith::IndexCastOp::create(b, loc, b.getI32Type(), count));
      Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
      factor = vector::BroadcastOp::create(b, loc, type, arith::DivFOp::create(b, loc, one, n));
    }
    return map({sum},
               [&](ArrayRef<Value> x) -> Value { return arith::MulFOp::create(b, loc, x[0], factor); });
  }
  // N15: the reciprocal of the count as multiplier and shift.
  std::vector<int32_t> multipliers(most + 1), shifts(most + 1);
  for (int64_t n = 1; n <= most; ++n) {
    numerics::Multiplier reciprocal = numerics::averageMultiplier(n);
    multipliers[n] = reciprocal.multiplier;
    shifts[n] = reciprocal.shift;
  }
  auto wide = lanes(block.width, b.getI64Type());
  auto fetch = [&](const std::vector<int32_t> &values) -> Value {
    if (whole)
      return splat(wide, values[most]);
    Value table = globalBytes("table", {reinterpret_cast<const char *>(values.data()), values.size() * 4},
                              b.getI32Type());
    Value scalar =
        arith::ExtSIOp::create(b, loc, b.getI64Type(), memref::LoadOp::create(b, loc, table, count));
    return vector::BroadcastOp::create(b, loc, wide, scalar);
  };
  Value multiplier = fetch(multipliers), shift = fetch(shifts);
  Value count32 =
      vector::BroadcastOp::create(b, loc, type, arith::IndexCastOp::create(b, loc, b.getI32Type(), count));
  return map({sum}, [&](ArrayRef<Value> parts) -> Value {
    Value x = parts[0];
    if (inputZp)
      x = arith::SubIOp::create(b, loc, x, arith::MulIOp::create(b, loc, count32, splat(type, inputZp)));
    Value product = arith::MulIOp::create(b, loc, arith::ExtSIOp::create(b, loc, wide, x), multiplier);
    Value one = splat(wide, 1);
    Value round = arith::ShLIOp::create(b, loc, one, arith::SubIOp::create(b, loc, shift, one));
    x = arith::TruncIOp::create(
        b, loc, type, arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, product, round), shift));
    x = arith::AddIOp::create(b, loc, x, splat(type, outputZp));
    x = arith::MaxSIOp::create(b, loc, x, splat(type, -half));
    return arith::MinSIOp::create(b, loc, x, splat(type, half - 1));
  });
}
