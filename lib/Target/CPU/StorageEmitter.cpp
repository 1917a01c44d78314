//===- StorageEmitter.cpp - Codes that are not widened --------------------===//
//
// Clamps, max pools, tables and sums of two tensors take codes as they are stored and
// give codes: one vector of bytes (or i16, with I16 storage) holds as many channels as
// four vectors of i32 lanes.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Which values
//===----------------------------------------------------------------------===//

BufferLayout KernelEmitter::storageForm() {
  return BufferLayout::stored(RankedTensorType::get({1}, b.getI8Type()), target);
}

bool KernelEmitter::staysInStorage(Value value) {
  if (!isCode(value))
    return false;
  if (const Buffer *buffer = findInput(value)) // not a channel for all
    return buffer->layout.isCode && buffer->layout.shape.back() == outputs[0].layout.shape.back();
  Operation *op = value.getDefiningOp();
  if (isa<tosa::MaxPool2dOp>(op))
    return findInput(op->getOperand(0)) && staysInStorage(op->getOperand(0));
  if (auto table = dyn_cast<tosa::TableOp>(op)) {
    auto entries = getIntegers(table.getTable());
    return entries && entries->size() == 256 && staysInStorage(table.getInput1());
  }
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return matchCodeSum(rescale).has_value();
  return isa<tosa::ClampOp, quant::StorageCastOp>(op) && staysInStorage(op->getOperand(0));
}

/// `valid` of `width` channels of `value`, from `point` on, in the target's storage.
Value KernelEmitter::evaluateStored(Value value, const Point &point, int64_t valid, unsigned width) {
  BufferLayout form = storageForm();
  if (const Buffer *buffer = findInput(value))
    return convertStored(loadVector(*buffer, offsetOf(buffer->layout, point), valid, width), buffer->layout,
                         form);
  Operation *op = value.getDefiningOp();
  if (auto pool = dyn_cast<tosa::MaxPool2dOp>(op))
    return emitStoredMaxPool(pool, point, valid, width);
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return emitCodeSum(*matchCodeSum(rescale), point, valid, width);
  Value x = evaluateStored(op->getOperand(0), point, valid, width);
  if (auto table = dyn_cast<tosa::TableOp>(op))
    return lookUp(x, *getIntegers(table.getTable()), valid);
  if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
    auto bound = [&](Attribute attr) { return cast<IntegerAttr>(attr).getInt(); };
    return clampStored(x, bound(clamp.getMinValAttr()), bound(clamp.getMaxValAttr()));
  }
  return x;
}

Value KernelEmitter::maxStored(Value x, Value y) {
  return storageForm().isUnsigned ? Value(arith::MaxUIOp::create(b, loc, x, y))
                                  : Value(arith::MaxSIOp::create(b, loc, x, y));
}

Value KernelEmitter::clampStored(Value stored, int64_t lo, int64_t hi) {
  BufferLayout form = storageForm();
  auto type = cast<VectorType>(stored.getType());
  bool isByte = type.getElementType().isInteger(8); // of which all are codes
  if (lo > -128 || !isByte)
    stored = maxStored(stored, splat(type, lo + form.codeOffset));
  Value most = splat(type, hi + form.codeOffset);
  if (hi < 127 || !isByte)
    stored = form.isUnsigned ? Value(arith::MinUIOp::create(b, loc, stored, most))
                             : Value(arith::MinSIOp::create(b, loc, stored, most));
  return stored;
}

void KernelEmitter::emitStoredRow(Point point) {
  const Buffer &output = outputs[0];
  int64_t channels = output.layout.shape.back();
  auto emitBlock = [&](Value channel, int64_t valid, unsigned width) {
    point.push_back(channel);
    Value stored =
        convertStored(evaluateStored(yielded(), point, valid, width), storageForm(), output.layout);
    storeVector(output, offsetOf(output.layout, point), stored, valid);
    point.pop_back();
  };
  // A table in memory alone takes one code after the other.
  bool single = !hasByteShuffle() && llvm::any_of(kernel.getBody().front(), llvm::IsaPred<tosa::TableOp>) &&
                llvm::none_of(kernel.getBody().front(), llvm::IsaPred<tosa::RescaleOp, tosa::MaxPool2dOp>);
  int64_t width = single ? 1 : target.lanes * 4, whole = channels / width * width;
  loop(0, whole, width, [&](Value c) { emitBlock(c, width, width); });
  constexpr uint64_t least = 16; // elements of the smallest vectors
  if (int64_t rest = channels - whole)
    emitBlock(index(whole), rest, std::max(least, llvm::PowerOf2Ceil(rest)));
}

//===----------------------------------------------------------------------===//
// Max pool
//===----------------------------------------------------------------------===//

/// Places of a window beside the plane are moved to its edge: the window covers the edge, too,
/// and the largest code stays the same.
Value KernelEmitter::emitStoredMaxPool(tosa::MaxPool2dOp op, const Point &point, int64_t valid,
                                       unsigned width) {
  ArrayRef<int64_t> kernelSize = op.getKernel(), stride = op.getStride(), pad = op.getPad();
  ArrayRef<int64_t> sizes = shapeOf(op.getInput()), results = shapeOf(op.getOutput());
  auto place = [&](int axis, Value within, int64_t least, int64_t most) -> Value {
    int64_t before = pad[2 * axis], last = sizes[1 + axis] - 1;
    Value at = add(add(mul(point[1 + axis], stride[axis]), -before), within);
    if (least < before)
      at = arith::MaxSIOp::create(b, loc, at, index(0));
    if ((results[1 + axis] - 1) * stride[axis] - before + most > last)
      at = arith::MinSIOp::create(b, loc, at, index(last));
    return at;
  };
  auto fetch = [&](Value row, Value column) {
    Point at = point;
    at[1] = row, at[2] = column;
    return evaluateStored(op.getInput(), at, valid, width);
  };
  int64_t height = kernelSize[0], length = kernelSize[1];
  constexpr int64_t unrollUpTo = 32;
  if (height * length <= unrollUpTo) {
    Value most;
    for (int64_t kh = 0; kh < height; ++kh)
      for (int64_t kw = 0; kw < length; ++kw) {
        Value x = fetch(place(0, index(kh), kh, kh), place(1, index(kw), kw, kw));
        most = most ? maxStored(most, x) : x;
      }
    return most;
  }
  BufferLayout form = storageForm();
  SmallVector<Value> least = {splat(lanes(width, form.element), form.codeOffset - 128)};
  return reduce(index(0), index(height), least, [&](Value kh, ValueRange outer) {
    Value row = place(0, kh, 0, height - 1);
    return reduce(index(0), index(length), outer, [&](Value kw, ValueRange inner) -> SmallVector<Value> {
      return {maxStored(inner[0], fetch(row, place(1, kw, 0, length - 1)))};
    });
  })[0];
}

//===----------------------------------------------------------------------===//
// The sum of two tensors (rule N19)
//===----------------------------------------------------------------------===//

/// rescale(rescale(x) ± rescale(y)) where both terms are integer products and the last factor
/// is 2^-k: (x * n + y * m + c) >> 16 of codes as they are stored, n and m brought from k to 16.
/// Both are 2^16 if all three tensors have one scale: x + y + c.
std::optional<KernelEmitter::CodeSum> KernelEmitter::matchCodeSum(tosa::RescaleOp op) {
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
Value KernelEmitter::emitCodeSum(const CodeSum &sum, const Point &point, int64_t valid, unsigned width) {
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

/// `emit` for pieces of the size of a register, its results joined again.
Value KernelEmitter::inRegisters(ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> emit) {
  auto type = cast<VectorType>(operands[0].getType());
  int64_t n = type.getNumElements(), each = target.lanes * 32 / type.getElementTypeBitWidth();
  if (n <= each)
    return emit(operands);
  Value result = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  for (int64_t first = 0; first < n; first += each) {
    SmallVector<Value> pieces;
    for (Value operand : operands)
      pieces.push_back(vector::ExtractStridedSliceOp::create(b, loc, operand, ArrayRef<int64_t>{first},
                                                             ArrayRef<int64_t>{each}, ArrayRef<int64_t>{1}));
    result = vector::InsertStridedSliceOp::create(b, loc, emit(pieces), result, ArrayRef<int64_t>{first},
                                                  ArrayRef<int64_t>{1});
  }
  return result;
}
