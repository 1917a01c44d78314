//===- SignEmitter.cpp - Codes become words of signs ----------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Numerics/Signs.h"

using namespace mlir;
using namespace narrow;

LogicalResult KernelEmitter::emitPackSigns(PackSignsOp op) {
  constexpr int64_t perWord = numerics::signsPerWord;
  const Buffer *from = findInput(op.getInput());
  if (!from)
    return emitUnsupported(op) << "a constant operand";
  const Buffer &to = outputs[0];
  const BufferLayout &in = from->layout;
  kind = "signs";
  auto word = lanes(1, b.getI32Type());
  Value threshold =
      splat(lanes(perWord, in.element), static_cast<int64_t>(op.getThreshold()) + in.codeOffset);
  auto predicate = in.isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  auto pack = [&](Value toAt, Value fromAt, int64_t valid) {
    Value codes = loadVector(*from, fromAt, valid, perWord);
    Value bits = arith::CmpIOp::create(b, loc, predicate, codes, threshold);
    bits = vector::BitCastOp::create(b, loc, word, bits);
    if (valid < perWord)
      bits = arith::AndIOp::create(b, loc, bits, splat(word, (int64_t{1} << valid) - 1));
    storeVector(to, toAt, bits, 1);
  };
  size_t last = in.shape.size() - 1;
  std::function<void(size_t, Value, Value)> nest = [&](size_t axis, Value toAt, Value fromAt) {
    if (axis < last) {
      loop(0, in.shape[axis], 1, [&](Value i) {
        nest(axis + 1, add(toAt, mul(i, to.layout.strides[axis])), add(fromAt, mul(i, in.strides[axis])));
      });
      return;
    }
    int64_t whole = in.shape[axis] / perWord;
    loop(0, whole, 1, [&](Value i) { pack(add(toAt, i), add(fromAt, mul(i, perWord)), perWord); });
    if (int64_t rest = in.shape[axis] - whole * perWord)
      pack(add(toAt, whole), add(fromAt, whole * perWord), rest);
  };
  nest(0, index(to.layout.origin), index(in.origin));
  return success();
}
