//===- CodeSum.cpp - The sum of two tensors of codes (rule N19) ---------===//
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

/// rescale(rescale(x) ± rescale(y)) where both terms are integer products and the last factor
/// is 2^-k: (x * n + y * m + c) >> 16 of codes as they are stored, n and m brought from k to 16.
/// Both are 2^16 if all three tensors have one scale: x + y + c.
std::optional<StorageEmitter::CodeSum> StorageEmitter::matchCodeSum(tosa::RescaleOp op) {
  constexpr int64_t place = 16, limit = int64_t{1} << 30;
  struct Scale {
    int64_t multiplier, shift, inputZp, outputZp;
  };
  auto getScale = [](tosa::RescaleOp op) -> std::optional<Scale> {
    auto multipliers = getIntegers(op.getMultiplier()), shifts = getIntegers(op.getShift()),
         inputZp = getIntegers(op.getInputZp()), outputZp = getIntegers(op.getOutputZp());
    if (!multipliers || multipliers->size() != 1 || !shifts || !inputZp || !outputZp ||
        op.getRoundingMode() != tosa::RoundingMode::SINGLE_ROUND || op.getInputUnsigned() ||
        op.getOutputUnsigned() || multipliers->front() <= 0 || shifts->front() < 2)
      return std::nullopt;
    return Scale{multipliers->front(), shifts->front(), inputZp->front(), outputZp->front()};
  };
  Operation *sum = op.getInput().getDefiningOp();
  std::optional<Scale> last = getScale(op);
  if (!target.packsWithSaturation() || !last || last->inputZp != 0 ||
      !llvm::isPowerOf2_64(last->multiplier) || !isCode(op.getResult()) || findInput(op.getInput()) ||
      !isa_and_nonnull<tosa::AddOp, tosa::SubOp>(sum))
    return std::nullopt;
  int64_t k = last->shift - llvm::Log2_64(last->multiplier);
  if (k < 0 || k > place)
    return std::nullopt;
  int64_t storage = target.codeOffset();
  CodeSum result;
  result.addend = (int64_t{1} << (place - 1)) + (last->outputZp + storage) * (int64_t{1} << place);
  int64_t reach = 0;
  for (auto [i, operand] : llvm::enumerate(sum->getOperands())) {
    auto term = operand.getDefiningOp<tosa::RescaleOp>();
    std::optional<Scale> scale = term ? getScale(term) : std::nullopt;
    if (!scale || findInput(operand) || scale->outputZp != 0 || scale->shift > 30 ||
        scale->multiplier & ((int64_t{1} << scale->shift) - 1) ||
        !getElementTypeOrSelf(operand.getType()).isInteger(32) || !staysInStorage(term.getInput()))
      return std::nullopt;
    int64_t factor = scale->multiplier >> scale->shift << (place - k);
    reach += factor * (128 + std::abs(scale->inputZp));
    if (i == 1 && isa<tosa::SubOp>(sum))
      factor = -factor;
    result.values[i] = term.getInput();
    result.low[i] = static_cast<int16_t>(factor);
    result.high[i] = (factor - result.low[i]) >> place;
    result.addend -= factor * (scale->inputZp + storage);
  }
  // Neither a sum nor a rounded one leaves its lanes.
  if (reach >= limit || std::abs(result.addend) >= limit || (reach >> place) + 512 >= 32768)
    return std::nullopt;
  return result;
}

/// x * n is x * low + (x * high << 16). The products by `low` and the sum are those of one
/// instruction on pairs (x, y) of 16 bits; what is to be shifted by 16 is added after the shift.
Value StorageEmitter::emitCodeSum(const CodeSum &sum, const Point &point, int64_t valid, unsigned width) {
  Value x = evaluateStored(sum.values[0], point, valid, width);
  Value y = evaluateStored(sum.values[1], point, valid, width);
  return inRegisters({x, y}, [&](ArrayRef<Value> operands) {
    auto type = cast<VectorType>(operands[0].getType());
    bool bytes = type.getElementType().isInteger(8);
    int64_t n = type.getNumElements(), words = bytes ? n / 2 : n;
    auto wordType = lanes(words, b.getI16Type()), sumType = lanes(words / 2, b.getI32Type());
    Value zero = splat(type, 0);
    uint32_t pair = uint16_t(sum.low[0]) | uint32_t(uint16_t(sum.low[1])) << 16;
    Value factors = vector::BitCastOp::create(b, loc, wordType, splat(sumType, pair));
    auto pick = [&](StringRef wide, StringRef middle, StringRef small) {
      return words == 32 ? wide : words == 16 ? middle : small;
    };
    auto call = [&](StringRef name, VectorType type, Value p, Value q) -> Value {
      return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), ValueRange{p, q})
          .getResult(0);
    };
    // Bytes as words: the lower or upper half of each 128-bit lane.
    auto widen = [&](Value v, bool high) -> Value {
      return vector::BitCastOp::create(b, loc, wordType, unpackLanes(v, zero, high, 16));
    };
    auto round = [&](Value pairs) -> Value {
      Value products =
          call(pick("llvm.x86.avx512.pmaddw.d.512", "llvm.x86.avx2.pmadd.wd", "llvm.x86.sse2.pmadd.wd"),
               sumType, pairs, factors);
      products = arith::AddIOp::create(b, loc, products, splat(sumType, sum.addend));
      return arith::ShRSIOp::create(b, loc, products, splat(sumType, 16));
    };
    auto addHigh = [&](Value total, Value v, int64_t factor) -> Value {
      if (!factor)
        return total;
      if (factor != 1)
        v = arith::MulIOp::create(b, loc, v, splat(wordType, factor));
      return arith::AddIOp::create(b, loc, total, v);
    };
    // Multiples of 2^16 alone: words are added.
    if (sum.low[0] == 0 && sum.low[1] == 0) {
      auto add = [&](bool high) -> Value {
        Value total = splat(wordType, sum.addend >> 16);
        for (int i : {0, 1})
          total = addHigh(total, bytes ? widen(operands[i], high) : operands[i], sum.high[i]);
        return total;
      };
      if (!bytes)
        return clampStored(add(false), -128, 127);
      return call(
          pick("llvm.x86.avx512.packuswb.512", "llvm.x86.avx2.packuswb", "llvm.x86.sse2.packuswb.128"), type,
          add(false), add(true));
    }
    auto half = [&](bool high) -> Value {
      Value low, up, p = operands[0], q = operands[1];
      if (bytes) {
        Value pairs = unpackLanes(p, q, high, 16);
        low = widen(pairs, false), up = widen(pairs, true);
        p = sum.high[0] ? widen(p, high) : Value(), q = sum.high[1] ? widen(q, high) : Value();
      } else {
        low = unpackLanes(p, q, false, 8), up = unpackLanes(p, q, true, 8);
      }
      Value total =
          call(pick("llvm.x86.avx512.packssdw.512", "llvm.x86.avx2.packssdw", "llvm.x86.sse2.packssdw.128"),
               wordType, round(low), round(up));
      return addHigh(addHigh(total, p, sum.high[0]), q, sum.high[1]);
    };
    if (bytes)
      return call(
          pick("llvm.x86.avx512.packuswb.512", "llvm.x86.avx2.packuswb", "llvm.x86.sse2.packuswb.128"), type,
          half(false), half(true));
    return clampStored(half(false), -128, 127);
  });
}
