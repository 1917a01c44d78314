//===- LookupEmitter.cpp - Tables of 256 codes in registers -------------===//
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

/// A table's bytes from `first` on, in `count` vectors of `type`, whose 128-bit lanes are all the
/// same where `repeat` is said.
Parts StorageEmitter::loadBytes(Value table, int64_t first, int64_t count, VectorType type, bool repeat) {
  int64_t n = type.getNumElements() * type.getElementTypeBitWidth() / 8, each = repeat ? 16 : n;
  Parts parts;
  for (int64_t i = 0; i < count; ++i) {
    Value bytes = vector::LoadOp::create(b, loc, lanes(each, b.getI8Type()), table, index(first + i * each));
    if (each != n)
      bytes = shuffle(bytes, bytes, [&](int64_t i) { return i % each; }, n);
    parts.push_back(vector::BitCastOp::create(b, loc, type, bytes));
  }
  return parts;
}

/// Entries by code + 128 for stored codes, of which the first `valid` are some. The table is in the order of
/// stored bytes.
Value StorageEmitter::lookUp(Value stored, ArrayRef<int64_t> entries, int64_t valid) {
  BufferLayout form = storageForm();
  std::vector<char> bytes(256);
  for (int64_t i = 0; i < 256; ++i) {
    int64_t code = form.isUnsigned ? i - form.codeOffset : static_cast<int8_t>(i);
    bytes[i] = static_cast<char>(entries[code + 128] + form.codeOffset);
  }
  Value table = globalBytes("lookup", bytes, b.getI8Type());
  auto type = cast<VectorType>(stored.getType());
  int64_t n = type.getNumElements();
  bool words = form.element.isInteger(16), wide = target.lanes == 16 && target.dot != DotKind::Sdot;
  auto byteType = lanes(n, b.getI8Type());
  if (!hasByteShuffle())
    return lookUpOneByOne(stored, table, valid);
  if (words && !wide)
    stored = arith::TruncIOp::create(b, loc, byteType, stored);
  // Whole registers.
  int64_t least = target.lanes * (words && wide ? 2 : 4);
  if (n < least)
    stored = shuffle(stored, stored, [&](int64_t i) { return i % n; }, least);
  stored = inRegisters(stored, [&](ArrayRef<Value> x) {
    return wide                          ? lookUpWords(x[0], table)
           : target.dot == DotKind::Sdot ? lookUpQuads(x[0], table)
                                         : lookUpSixteenths(x[0], table);
  });
  if (n < least)
    stored = vector::ExtractStridedSliceOp::create(b, loc, stored, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{n},
                                                   ArrayRef<int64_t>{1});
  return words && !wide ? Value(arith::ExtSIOp::create(b, loc, type, stored)) : stored;
}

/// A table of lanes in packed order, for codes that are computed in the same kernel: packed as for
/// storage, looked up, unpacked.
FailureOr<Parts> StorageEmitter::evaluateTable(tosa::TableOp op, const Point &point,
                                               const ChannelBlock &block, int64_t offset) {
  BufferLayout form = storageForm();
  int64_t lo = -128, hi = 127;
  Value input = k.stripSaturation(op.getInput1(), lo, hi);
  auto rescale = input.getDefiningOp<tosa::RescaleOp>();
  bool isLast = rescale && !k.ready.contains(input) && !findInput(input);
  std::optional<KernelEmitter::Fraction> fraction = k.getFraction(input, block);
  FailureOr<Parts> parts = fraction ? k.emitFraction(*fraction, point, block)
                           : isLast
                               ? k.emitRescale(rescale, point, block, form.codeOffset, /*saturate=*/false)
                               : k.evaluate(input, point, block, form.codeOffset);
  if (failed(parts))
    return failure();
  std::optional<Rounding> rounding = k.getRounding(fraction, input, form.codeOffset, point, block);
  Parts result;
  for (unsigned first = 0; first < block.parts; first += block.pack) {
    Parts together;
    while (together.size() < target.group()) // A storage vector may have room for more.
      together.append(parts->begin() + first, parts->begin() + first + block.pack);
    Value packed =
        packToStorage(together, block.width, form.element, rounding, factorsOf(rounding, first, block));
    Value stored = clampStored(packed, lo, hi);
    int64_t valid = block.valid - int64_t(first) * block.width;
    result.append(unpackPieces(lookUp(stored, *getIntegers(op.getTable()), valid), block, form));
  }
  if (int64_t move = offset - form.codeOffset)
    for (Value &x : result)
      x = arith::AddIOp::create(b, loc, x, splat(cast<VectorType>(x.getType()), move));
  return result;
}

/// AVX-512: the table is 128 words, four registers, of which vpermi2w searches two.
Value StorageEmitter::lookUpWords(Value stored, Value table) {
  auto type = lanes(32, b.getI16Type());
  Parts words = loadBytes(table, 0, 4, type, /*repeat=*/false);
  auto shiftRight = [&](Value x, int64_t bits) -> Value {
    return arith::ShRUIOp::create(b, loc, x, splat(type, bits));
  };
  auto shiftLeft = [&](Value x, int64_t bits) -> Value {
    return arith::ShLIOp::create(b, loc, x, splat(type, bits));
  };
  auto bit = [&](Value x, int64_t number) -> Value {
    Value masked = arith::AndIOp::create(b, loc, x, splat(type, int64_t{1} << number));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked, splat(type, 0));
  };
  auto select = [&](Value condition, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, loc, condition, x, y);
  };
  // The two entries that `index` / 2 finds; it is in the lower byte of each word.
  auto find = [&](Value index) {
    Value at = shiftRight(index, 1); // its lower 6 bits count
    auto permute = [&](Value low, Value high) -> Value {
      return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr("llvm.x86.avx512.vpermi2var.hi.512"),
                                           ValueRange{low, at, high})
          .getResult(0);
    };
    return select(bit(index, 7), permute(words[2], words[3]), permute(words[0], words[1]));
  };
  auto inUpper = [&](Value index) {
    Value found = find(index);
    return select(bit(index, 0), found, shiftLeft(found, 8));
  };
  if (stored.getType() == type) // I16 storage: sign extended.
    return arith::ShRSIOp::create(b, loc, inUpper(stored), splat(type, 8));
  Value pairs = vector::BitCastOp::create(b, loc, type, stored);
  Value found = find(pairs);
  Value low = select(bit(pairs, 0), shiftRight(found, 8), found);
  Value high = inUpper(shiftRight(pairs, 8));
  low = arith::AndIOp::create(b, loc, low, splat(type, 0xff));
  high = arith::AndIOp::create(b, loc, high, splat(type, 0xff00));
  return vector::BitCastOp::create(b, loc, stored.getType(), arith::OrIOp::create(b, loc, low, high));
}

/// AVX2: 16 tables of 16 bytes, of which three bits choose by blends; vpshufb gives 0 for
/// indices with the top bit, so that two tables can be joined by an or.
Value StorageEmitter::lookUpSixteenths(Value stored, Value table) {
  auto type = cast<VectorType>(stored.getType());
  Parts tables = loadBytes(table, 0, 16, type, /*repeat=*/true);
  auto find = [&](Value from, Value at) -> Value {
    return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr("llvm.x86.avx2.pshuf.b"),
                                         ValueRange{from, at})
        .getResult(0);
  };
  Value other = arith::XOrIOp::create(b, loc, stored, splat(type, 128)), zero = splat(type, 0);
  Parts found;
  for (int64_t i = 0; i < 8; ++i)
    found.push_back(arith::OrIOp::create(b, loc, find(tables[i], stored), find(tables[i + 8], other)));
  for (int64_t bit = 4; found.size() > 1; ++bit) {
    Value top = arith::ShLIOp::create(b, loc, stored, splat(type, 7 - bit));
    Value upper = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, top, zero);
    Parts next;
    for (size_t i = 0; i < found.size(); i += 2)
      next.push_back(arith::SelectOp::create(b, loc, upper, found[i + 1], found[i]));
    found = next;
  }
  return found[0];
}

/// AArch64: four times 64 bytes; indices out of reach leave what is there.
Value StorageEmitter::lookUpQuads(Value stored, Value table) {
  auto type = cast<VectorType>(stored.getType());
  Parts tables = loadBytes(table, 0, 16, type, /*repeat=*/false);
  Value found;
  for (int64_t i = 0; i < 4; ++i) {
    Value at = i ? Value(arith::SubIOp::create(b, loc, stored, splat(type, 64 * i))) : stored;
    SmallVector<Value> operands(tables.begin() + 4 * i, tables.begin() + 4 * i + 4);
    if (found)
      operands.insert(operands.begin(), found);
    operands.push_back(at);
    StringRef name = found ? "llvm.aarch64.neon.tbx4.v16i8" : "llvm.aarch64.neon.tbl4.v16i8";
    found = LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), operands).getResult(0);
  }
  return found;
}

/// From memory.
Value StorageEmitter::lookUpOneByOne(Value stored, Value table, int64_t valid) {
  auto type = cast<VectorType>(stored.getType());
  Value result = splat(type, 0);
  for (int64_t i = 0, n = std::min(valid, type.getNumElements()); i < n; ++i) {
    Value code = vector::ExtractOp::create(b, loc, stored, i);
    if (!code.getType().isInteger(8))
      code = arith::TruncIOp::create(b, loc, b.getI8Type(), code);
    Value at = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), code);
    Value entry = memref::LoadOp::create(b, loc, table, at);
    if (entry.getType() != type.getElementType())
      entry = arith::ExtSIOp::create(b, loc, type.getElementType(), entry);
    result = vector::InsertOp::create(b, loc, entry, result, i);
  }
  return result;
}
