//===- LaneEmitter.cpp - Vectors of lanes -------------------------------===//
#include "narrow/Target/CPU/LaneEmitter.h"
#include "DotProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Indices and loops
//===----------------------------------------------------------------------===//

Value LaneEmitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value LaneEmitter::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }

Value LaneEmitter::mul(Value x, int64_t y) {
  if (y == 1)
    return x;
  return b.createOrFold<arith::MulIOp>(loc, x, index(y));
}

Value LaneEmitter::offsetOf(const BufferLayout &layout, ArrayRef<Value> point) {
  Value offset = index(layout.origin);
  for (auto [i, stride, dim] : llvm::zip(point, layout.strides, layout.shape))
    if (dim != 1) // A size of one is broadcast: its index is always 0.
      offset = add(offset, mul(i, stride));
  return offset;
}

void LaneEmitter::loop(int64_t lower, int64_t upper, int64_t step, function_ref<void(Value)> body) {
  if (lower >= upper)
    return;
  if (lower + step >= upper)
    return body(index(lower));
  auto loop = scf::ForOp::create(b, loc, index(lower), index(upper), index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> LaneEmitter::reduce(Value lower, Value upper, ValueRange init,
                                       function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty()) // A loop that carries nothing has its terminator already.
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Value LaneEmitter::splat(VectorType type, int64_t value) {
  auto attr = DenseElementsAttr::get(
      type, APInt(type.getElementTypeBitWidth(), value, /*isSigned=*/true, /*implicitTrunc=*/true));
  return arith::ConstantOp::create(b, loc, type, attr);
}

Value LaneEmitter::splatFloat(VectorType type, float value) {
  return arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, APFloat(value)));
}

Value LaneEmitter::shuffle(Value a, Value c, function_ref<int64_t(int64_t)> from, int64_t n) {
  SmallVector<int64_t> mask;
  for (int64_t i = 0; i < n; ++i)
    mask.push_back(from(i));
  return vector::ShuffleOp::create(b, loc, a, c, mask);
}

/// Interleaves the lower or upper halves of every 128-bit lane of two vectors
/// (punpckl*, punpckh*).
Value LaneEmitter::unpackLanes(Value a, Value c, bool high, unsigned perLane) {
  int64_t n = cast<VectorType>(a.getType()).getNumElements();
  return shuffle(
      a, c,
      [&](int64_t i) {
        int64_t lane = i / perLane, within = i % perLane;
        return lane * perLane + (high ? perLane / 2 : 0) + within / 2 + (within % 2 ? n : 0);
      },
      n);
}

/// Transposes by perfect shuffles: log2(rows) times, the first half of the rows is
/// interleaved with the second. With as many rows as a 128-bit lane has elements, row r of the
/// result holds column r of each lane; with fewer (a power of two), the columns of a lane one
/// after the other, spread over the rows.
Parts LaneEmitter::interleaveRows(Parts rows, unsigned perLane) {
  size_t half = rows.size() / 2;
  for (size_t done = 1; done < rows.size(); done *= 2) {
    Parts next;
    for (size_t i = 0; i < half; ++i)
      for (bool high : {false, true})
        next.push_back(unpackLanes(rows[i], rows[half + i], high, perLane));
    rows = next;
  }
  return rows;
}

Parts LaneEmitter::map(ArrayRef<Parts> operands, function_ref<Value(ArrayRef<Value>)> combine) {
  Parts out;
  for (size_t p = 0; p < operands.front().size(); ++p) {
    SmallVector<Value> lanes;
    for (const Parts &operand : operands)
      lanes.push_back(operand[p]);
    out.push_back(combine(lanes));
  }
  return out;
}

/// Upper 32 bits of the products of i32 lanes.
Value LaneEmitter::highProduct(Value x, Value y) {
  auto type = cast<VectorType>(x.getType());
  int64_t n = type.getNumElements();
  if (n == 1 || target.dot == DotKind::Sdot)
    return arith::MulSIExtendedOp::create(b, loc, x, y).getHigh();
  // Even and odd lanes as 64-bit products: vpmuldq reads the lower half of each
  // 64-bit lane. AVX2 has no 64-bit arithmetic shift: odd lanes are brought
  // down by a shuffle there.
  auto wide = lanes(n / 2, b.getI64Type());
  Value half = splat(wide, 32);
  auto low = [&](Value v) -> Value {
    Value w = vector::BitCastOp::create(b, loc, wide, v);
    return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, w, half), half);
  };
  auto high = [&](Value v) -> Value {
    if (target.lanes == 16)
      return arith::ShRSIOp::create(b, loc, vector::BitCastOp::create(b, loc, wide, v), half);
    return low(shuffle(v, v, [](int64_t i) { return i | 1; }, n));
  };
  Value even = vector::BitCastOp::create(b, loc, type, arith::MulIOp::create(b, loc, low(x), low(y)));
  Value odd = vector::BitCastOp::create(b, loc, type, arith::MulIOp::create(b, loc, high(x), high(y)));
  return shuffle(even, odd, [&](int64_t i) { return i % 2 ? n + i : i + 1; }, n);
}

/// Products of i32 lanes with the signed 16-bit numbers in the lower halves of
/// `y`, whose upper halves are 0; x has 16 bits too.
Value LaneEmitter::product16(Value x, Value y) {
  auto type = cast<VectorType>(x.getType());
  int64_t n = type.getNumElements();
  if (target.dot == DotKind::Sdot || target.dot == DotKind::GenericPairs || n < 4) {
    Value sixteen = splat(type, 16);
    Value wide = arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, y, sixteen), sixteen);
    return arith::MulIOp::create(b, loc, x, wide);
  }
  auto words = lanes(2 * n, b.getI16Type());
  Value a = vector::BitCastOp::create(b, loc, words, x), c = vector::BitCastOp::create(b, loc, words, y);
  StringRef name = n == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                   : n == 8 ? "llvm.x86.avx2.pmadd.wd"
                            : "llvm.x86.sse2.pmadd.wd";
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), ValueRange{a, c}).getResult(0);
}

/// (x * y + 2^(shift-1)) >> shift of i32 lanes in 64 bits, of which the lower 32 count.
Value LaneEmitter::shiftedProduct(Value x, Value y, int64_t shift) {
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

Value LaneEmitter::dot(Value acc, Value data, Value weights, unsigned width) {
  return emitDot(b, loc, target, acc, data, weights, width);
}

Value LaneEmitter::broadcastGroup(const Buffer &buffer, Value offset, unsigned width) {
  Value x =
      vector::LoadOp::create(b, loc, lanes(target.group(), buffer.layout.element), buffer.memref, offset);
  x = vector::BitCastOp::create(b, loc, lanes(1, b.getI32Type()), x);
  x = vector::ExtractOp::create(b, loc, x, ArrayRef<int64_t>{0});
  x = vector::BroadcastOp::create(b, loc, lanes(width, b.getI32Type()), x);
  return vector::BitCastOp::create(b, loc, getDotOperandType(width), x);
}

VectorType LaneEmitter::getDotOperandType(unsigned width) {
  return narrow::getDotOperandType(target, width, b);
}
