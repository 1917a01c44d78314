//===- TokenEmitter.cpp - A scale for each token in lanes -----------------===//
//
// Rules N73 and N74. The maximum of a token is one number for all lanes.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Numerics/Tokens.h"

using namespace mlir;
using namespace narrow;

/// One lane at `point`, whose last index is 0: the row's channels are read here.
FailureOr<Parts> KernelEmitter::evaluateTokenMaxima(TokenMaximaOp op, const Point &point,
                                                    const ChannelBlock &block) {
  int64_t channels = shapeOf(op.getInput()).back(), done = 0;
  Value most = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
  auto saved = loaded;
  bool ok = true;
  // Whole vectors in lanes of their own, then ever shorter ones.
  for (unsigned width = target.lanes; width >= 1 && done < channels; width /= 2) {
    int64_t count = (channels - done) / width;
    if (count == 0)
      continue;
    ChannelBlock piece{width, 1, 0, width};
    auto type = lanes(width, b.getI32Type());
    Value lanesOfMost = reduce(index(0), index(count), splat(type, 1), [&](Value i, ValueRange acc) {
      Point at = point;
      at.back() = add(mul(i, width), done);
      loaded.clear();
      FailureOr<Parts> x = evaluate(op.getInput(), at, piece);
      ok &= succeeded(x);
      if (!ok)
        return llvm::to_vector(acc);
      Value magnitude = math::AbsIOp::create(b, loc, x->front());
      return SmallVector<Value>{arith::MaxSIOp::create(b, loc, acc.front(), magnitude)};
    })[0];
    Value one = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXSI, lanesOfMost);
    most = arith::MaxSIOp::create(b, loc, most, one);
    done += count * width;
  }
  loaded = saved; // What was loaded inside of a loop is not visible here.
  if (!ok)
    return failure();
  return Parts(block.parts, vector::BroadcastOp::create(b, loc, lanes(block.width, b.getI32Type()), most));
}

FailureOr<Parts> KernelEmitter::evaluateQuantizeTokens(QuantizeTokensOp op, const Point &point,
                                                       const ChannelBlock &block) {
  FailureOr<Parts> x = evaluate(op.getInput(), point, block);
  // One division for all lanes.
  FailureOr<Parts> maximum = evaluate(op.getMaxima(), point, {1, 1, 0, 1});
  if (failed(x) || failed(maximum))
    return failure();
  constexpr int64_t bits = numerics::tokenFractionBits;
  auto one = lanes(1, b.getI32Type()), type = lanes(block.width, b.getI32Type());
  Value quotient = arith::DivSIOp::create(b, loc, splat(one, op.getLargest() << bits), maximum->front());
  Value scalar = vector::ExtractOp::create(b, loc, quotient, ArrayRef<int64_t>{0});
  Value reciprocal = vector::BroadcastOp::create(b, loc, type, scalar);
  for (Value &lane : *x) { // All of it fits 32 bits.
    lane = arith::MulIOp::create(b, loc, lane, reciprocal);
    lane = arith::AddIOp::create(b, loc, lane, splat(type, int64_t{1} << (bits - 1)));
    lane = arith::ShRSIOp::create(b, loc, lane, splat(type, bits));
  }
  return *x;
}

FailureOr<Parts> KernelEmitter::evaluateRescaleTokens(RescaleTokensOp op, const Point &point,
                                                      const ChannelBlock &block) {
  FailureOr<Parts> sums = evaluate(op.getSums(), point, block),
                   maxima = evaluate(op.getMaxima(), point, block);
  if (failed(sums) || failed(maxima))
    return failure();
  return map({*sums, *maxima}, [&](ArrayRef<Value> x) { return shiftedProduct(x[0], x[1], op.getShift()); });
}

/// (x * y + 2^(shift-1)) >> shift of i32 lanes in 64 bits, of which the lower 32 count.
Value KernelEmitter::shiftedProduct(Value x, Value y, int64_t shift) {
  if (shift == 0)
    return arith::MulIOp::create(b, loc, x, y);
  auto type = cast<VectorType>(x.getType());
  int64_t n = type.getNumElements();
  if (n == 1 || target.dot == DotKind::Sdot) {
    auto wide = lanes(n, b.getI64Type());
    Value product = arith::MulIOp::create(b, loc, arith::ExtSIOp::create(b, loc, wide, x),
                                          arith::ExtSIOp::create(b, loc, wide, y));
    product = arith::AddIOp::create(b, loc, product, splat(wide, int64_t{1} << (shift - 1)));
    return arith::TruncIOp::create(b, loc, type, arith::ShRSIOp::create(b, loc, product, splat(wide, shift)));
  }
  // Even and odd lanes as 64-bit products, as in highProduct. The bits that the logical
  // shift lacks above are beyond the lower 32; those of odd lanes are moved to the upper half.
  auto wide = lanes(n / 2, b.getI64Type());
  Value half = splat(wide, 32);
  auto extend = [&](Value v) -> Value {
    Value w = vector::BitCastOp::create(b, loc, wide, v);
    return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, w, half), half);
  };
  auto product = [&](Value p, Value q) -> Value {
    Value r = arith::MulIOp::create(b, loc, extend(p), extend(q));
    return arith::AddIOp::create(b, loc, r, splat(wide, int64_t{1} << (shift - 1)));
  };
  auto odd = [&](Value v) { return shuffle(v, v, [](int64_t i) { return i | 1; }, n); };
  Value low = arith::ShRUIOp::create(b, loc, product(x, y), splat(wide, shift));
  Value high = arith::ShLIOp::create(b, loc, product(odd(x), odd(y)), splat(wide, 32 - shift));
  return shuffle(
      vector::BitCastOp::create(b, loc, type, low), vector::BitCastOp::create(b, loc, type, high),
      [&](int64_t i) { return i % 2 ? n + i : i; }, n);
}
