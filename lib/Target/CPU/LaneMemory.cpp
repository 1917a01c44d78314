//===- LaneMemory.cpp - Between memory and lanes ------------------------===//
#include "narrow/Target/CPU/LaneEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include <cstring>

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Loads and stores of storage
//===----------------------------------------------------------------------===//

/// `width` elements, of which `valid` exist. Reading behind them is harmless
/// where the buffer has slack; elsewhere only what exists is read.
Value LaneEmitter::loadVector(const Buffer &buffer, Value offset, int64_t valid, unsigned width) {
  auto type = lanes(width, buffer.layout.element);
  if (valid >= width || buffer.layout.hasSlack)
    return vector::LoadOp::create(b, loc, type, buffer.memref, offset);
  Value result = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  for (int64_t done = 0; done < valid;) {
    int64_t piece = int64_t{1} << llvm::Log2_64(valid - done);
    Value part =
        vector::LoadOp::create(b, loc, lanes(piece, buffer.layout.element), buffer.memref, add(offset, done));
    result = vector::InsertStridedSliceOp::create(b, loc, part, result, ArrayRef<int64_t>{done},
                                                  ArrayRef<int64_t>{1});
    done += piece;
  }
  return result;
}

void LaneEmitter::storeVector(const Buffer &buffer, Value offset, Value vector, int64_t valid) {
  int64_t width = cast<VectorType>(vector.getType()).getNumElements();
  valid = std::min(valid, width);
  for (int64_t done = 0; done < valid;) {
    int64_t piece = int64_t{1} << llvm::Log2_64(valid - done);
    Value part = vector;
    if (piece != width)
      part = vector::ExtractStridedSliceOp::create(b, loc, vector, ArrayRef<int64_t>{done},
                                                   ArrayRef<int64_t>{piece}, ArrayRef<int64_t>{1});
    vector::StoreOp::create(b, loc, part, buffer.memref, add(offset, done));
    done += piece;
  }
}

/// Elements as `from` stores them, as `to` does.
Value LaneEmitter::convertStored(Value stored, const BufferLayout &from, const BufferLayout &to) {
  auto type = lanes(cast<VectorType>(stored.getType()).getNumElements(), to.element);
  unsigned before = from.elementBytes(), after = to.elementBytes();
  if (before < after)
    stored = from.isUnsigned ? Value(arith::ExtUIOp::create(b, loc, type, stored))
                             : Value(arith::ExtSIOp::create(b, loc, type, stored));
  else if (before > after)
    stored = arith::TruncIOp::create(b, loc, type, stored);
  if (int64_t move = to.codeOffset - from.codeOffset)
    stored = arith::AddIOp::create(b, loc, stored, splat(type, move)); // modulo 2^8 it is right, too
  return stored;
}

BufferLayout LaneEmitter::storageForm() {
  return BufferLayout::stored(RankedTensorType::get({1}, b.getI8Type()), target);
}

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

ArrayRef<Value> LaneEmitter::factorsOf(const std::optional<Rounding> &rounding, unsigned first,
                                       const ChannelBlock &block) {
  if (!rounding || rounding->factors.empty())
    return {};
  size_t pairs = std::max(block.pack / 2, 1u);
  return ArrayRef(rounding->factors).slice(first / block.pack * pairs, pairs);
}

Parts LaneEmitter::load(const Buffer &buffer, Value offset, const ChannelBlock &block) {
  const BufferLayout &layout = buffer.layout;
  auto laneType = lanes(block.width, b.getI32Type());
  Parts parts;
  if (block.pack) { // Codes only.
    unsigned width = block.width * block.pack;
    for (unsigned first = 0; first < block.parts; first += block.pack) {
      int64_t start = int64_t(first) * block.width;
      Value codes = loadVector(buffer, add(offset, start), block.valid - start, width);
      parts.append(unpackFromStorage(codes, block, layout));
    }
  } else {
    for (unsigned p = 0; p < block.parts; ++p) {
      int64_t start = int64_t(p) * block.width;
      if (start >= block.valid) {
        parts.push_back(parts.front());
        continue;
      }
      Value stored = loadVector(buffer, add(offset, start), block.valid - start, block.width);
      if (layout.element.isF32() || layout.element.isInteger(32))
        parts.push_back(stored);
      else if (layout.isUnsigned)
        parts.push_back(arith::ExtUIOp::create(b, loc, laneType, stored));
      else
        parts.push_back(arith::ExtSIOp::create(b, loc, laneType, stored));
    }
  }
  if (layout.codeOffset)
    for (Value &part : parts)
      part = arith::SubIOp::create(b, loc, part, splat(laneType, layout.codeOffset));
  return parts;
}

/// P parts in packed order from the codes of P*width channels.
Parts LaneEmitter::unpackFromStorage(Value codes, const ChannelBlock &block, const BufferLayout &layout) {
  unsigned group = target.group(), pack = block.pack, bits = layout.element.getIntOrFloatBitWidth();
  // The codes of 4 channels of each part to every 128-bit lane.
  int64_t width = block.width * group;
  if (pack != group) {
    Type piece = b.getIntegerType(4 * pack * bits);
    int64_t quarters = block.width / 4, copies = group / pack;
    Value pieces = vector::BitCastOp::create(b, loc, lanes(quarters, piece), codes);
    pieces = shuffle(pieces, pieces, [&](int64_t i) { return i / copies; }, quarters * copies);
    codes = vector::BitCastOp::create(b, loc, lanes(width, layout.element), pieces);
  }
  return unpackPieces(codes, block, layout);
}

/// The same of a storage vector whose 128-bit lanes begin with 4 channels of each part.
Parts LaneEmitter::unpackPieces(Value codes, const ChannelBlock &block, const BufferLayout &layout) {
  unsigned group = target.group(), bits = layout.element.getIntOrFloatBitWidth();
  auto laneType = lanes(block.width, b.getI32Type());
  int64_t width = block.width * group;
  Parts parts;
  for (unsigned v = 0; v < block.pack; ++v) {
    // Each code to the top of an i32 lane, then shifted down.
    Value zero = arith::ConstantOp::create(b, loc, codes.getType(), b.getZeroAttr(codes.getType()));
    Value lane = shuffle(
        codes, zero,
        [&](int64_t i) {
          int64_t slot = i / group, byte = i % group, q = slot / 4, e = slot % 4;
          int64_t source = q * 4 * group + 4 * v + e;
          bool here = layout.isUnsigned ? byte == 0 : byte == group - 1;
          return here ? source : width;
        },
        width);
    Value wide = vector::BitCastOp::create(b, loc, laneType, lane);
    if (!layout.isUnsigned)
      wide = arith::ShRSIOp::create(b, loc, wide, splat(laneType, 32 - bits));
    parts.push_back(wide);
  }
  return parts;
}

/// One storage vector from `group` parts in packed order, saturated to the
/// storage type (i16: signed; i8: unsigned for U8 storage, else signed), with the
/// rounding in 16-bit lanes.
Value LaneEmitter::packToStorage(ArrayRef<Value> parts, unsigned width, Type storage,
                                 const std::optional<Rounding> &rounding, ArrayRef<Value> factors) {
  auto call = [&](StringRef name, VectorType type, Value x, Value y) -> Value {
    return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), ValueRange{x, y}).getResult(0);
  };
  auto i16x = lanes(2 * width, b.getI16Type());
  if (target.packsWithSaturation()) {
    StringRef name = width == 16  ? "llvm.x86.avx512.packssdw.512"
                     : width == 8 ? "llvm.x86.avx2.packssdw"
                                  : "llvm.x86.sse2.packssdw.128";
    StringRef bytes = width == 16  ? "llvm.x86.avx512.packuswb.512"
                      : width == 8 ? "llvm.x86.avx2.packuswb"
                                   : "llvm.x86.sse2.packuswb.128";
    StringRef product = width == 16 ? "llvm.x86.avx512.pmul.hr.sw.512" : "llvm.x86.avx2.pmul.hr.sw";
    if (width == 4)
      product = "llvm.x86.ssse3.pmul.hr.sw.128";
    auto words = [&](size_t pair) -> Value {
      Value packed = call(name, i16x, parts[2 * pair], parts[2 * pair + 1]);
      if (!rounding)
        return packed;
      if (!factors.empty())
        packed = call(product, i16x, packed, factors[std::min(pair, factors.size() - 1)]);
      // Saturated sums shift to codes beyond the ends, where the exact ones lie too.
      packed = LLVM::SAddSat::create(b, loc, packed, splat(i16x, rounding->addend));
      return arith::ShRSIOp::create(b, loc, packed, splat(i16x, rounding->bits));
    };
    Value low = words(0);
    if (parts.size() == 2)
      return low;
    return call(bytes, lanes(4 * width, b.getI8Type()), low, words(1));
  }
  // Four lanes: packed order is natural order.
  unsigned bits = storage.getIntOrFloatBitWidth();
  auto laneType = lanes(width, b.getI32Type());
  auto narrowType = lanes(width, storage);
  Value result;
  for (auto [v, part] : llvm::enumerate(parts)) {
    Value x = arith::MaxSIOp::create(b, loc, part, splat(laneType, -(int64_t{1} << (bits - 1))));
    x = arith::MinSIOp::create(b, loc, x, splat(laneType, (int64_t{1} << (bits - 1)) - 1));
    x = arith::TruncIOp::create(b, loc, narrowType, x);
    int64_t n = width * v;
    if (!result) {
      result = x;
      continue;
    }
    // Widths of 4, 8, 12: append by shuffling.
    result = shuffle(result, x, [&](int64_t i) { return i; }, n + width);
  }
  return result;
}

void LaneEmitter::storePacked(const Buffer &buffer, ArrayRef<Value> offsets, ArrayRef<Value> parts,
                              const ChannelBlock &block, int64_t lo, int64_t hi,
                              const std::optional<Rounding> &rounding) {
  const BufferLayout &layout = buffer.layout;
  unsigned bits = layout.element.getIntOrFloatBitWidth(), group = target.group(), pack = block.pack;
  int64_t typeLo = layout.isUnsigned ? 0 : -(int64_t{1} << (bits - 1));
  int64_t typeHi = layout.isUnsigned ? (int64_t{1} << bits) - 1 : (int64_t{1} << (bits - 1)) - 1;
  size_t joined = group / pack; // points in one storage vector
  for (unsigned first = 0; first < block.parts && int64_t(first) * block.width < block.valid; first += pack)
    for (size_t point = 0; point < offsets.size(); point += joined) {
      Parts together;
      for (size_t j = 0; j < joined; ++j) // The last point as often as one is missing.
        together.append(
            Parts(parts.slice(std::min(point + j, offsets.size() - 1) * block.parts + first, pack)));
      Value stored =
          packToStorage(together, block.width, layout.element, rounding, factorsOf(rounding, first, block));
      auto type = cast<VectorType>(stored.getType());
      if (joined > 1) { // Every 128-bit lane has a piece of each point.
        int64_t quarters = block.width / 4, pieces = quarters * joined;
        auto pieceType = lanes(pieces, b.getIntegerType(4 * pack * bits));
        Value moved = vector::BitCastOp::create(b, loc, pieceType, stored);
        moved =
            shuffle(moved, moved, [&](int64_t i) { return i % quarters * joined + i / quarters; }, pieces);
        stored = vector::BitCastOp::create(b, loc, type, moved);
      }
      // Behind the shuffle: LLVM's selection moves limits before it back and forth forever.
      if (lo > typeLo)
        stored = layout.isUnsigned ? Value(arith::MaxUIOp::create(b, loc, stored, splat(type, lo)))
                                   : Value(arith::MaxSIOp::create(b, loc, stored, splat(type, lo)));
      if (hi < typeHi)
        stored = layout.isUnsigned ? Value(arith::MinUIOp::create(b, loc, stored, splat(type, hi)))
                                   : Value(arith::MinSIOp::create(b, loc, stored, splat(type, hi)));
      int64_t start = int64_t(first) * block.width, each = int64_t(block.width) * pack;
      for (size_t j = 0; j < joined && point + j < offsets.size(); ++j) {
        Value codes = stored;
        if (joined > 1)
          codes = vector::ExtractStridedSliceOp::create(b, loc, stored, ArrayRef<int64_t>{int64_t(j) * each},
                                                        ArrayRef<int64_t>{each}, ArrayRef<int64_t>{1});
        storeVector(buffer, add(offsets[point + j], start), codes, block.valid - start);
      }
    }
}

void LaneEmitter::store(const Buffer &buffer, Value offset, Parts parts, const ChannelBlock &block,
                        int64_t lo, int64_t hi) {
  const BufferLayout &layout = buffer.layout;
  if (block.pack)
    return storePacked(buffer, offset, parts, block, lo, hi, std::nullopt);
  if (layout.element.isF32() || layout.element.isInteger(32)) {
    for (unsigned p = 0; p < block.parts; ++p)
      if (int64_t start = int64_t(p) * block.width; start < block.valid)
        storeVector(buffer, add(offset, start), parts[p], block.valid - start);
    return;
  }
  auto laneType = lanes(block.width, b.getI32Type());
  for (unsigned p = 0; p < block.parts; ++p) {
    int64_t start = int64_t(p) * block.width;
    if (start >= block.valid)
      break;
    Value x = arith::MaxSIOp::create(b, loc, parts[p], splat(laneType, lo));
    x = arith::MinSIOp::create(b, loc, x, splat(laneType, hi));
    x = arith::TruncIOp::create(b, loc, lanes(block.width, layout.element), x);
    storeVector(buffer, add(offset, start), x, block.valid - start);
  }
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

memref::GlobalOp GlobalTables::get(StringRef prefix, ArrayRef<char> bytes) {
  auto [it, isNew] = known.try_emplace(std::string(bytes.begin(), bytes.end()));
  if (!isNew)
    return it->second;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto type = RankedTensorType::get({static_cast<int64_t>(bytes.size())}, builder.getI8Type());
  // An i8 array whatever it holds: LLVM is slow on large arrays of anything else.
  auto attr = DenseElementsAttr::getFromRawBuffer(type, bytes);
  it->second = memref::GlobalOp::create(builder, module.getLoc(), (prefix + "_" + Twine(counter++)).str(),
                                        builder.getStringAttr("private"),
                                        MemRefType::get(type.getShape(), type.getElementType()), attr,
                                        /*constant=*/true, builder.getI64IntegerAttr(64));
  return it->second;
}

template std::vector<int32_t> LaneEmitter::orderTable<int32_t>(ArrayRef<int32_t>, const ChannelBlock &);

Value LaneEmitter::globalBytes(StringRef prefix, ArrayRef<char> bytes, Type element) {
  memref::GlobalOp global = tables.get(prefix, bytes);
  Value raw = memref::GetGlobalOp::create(b, loc, global.getType(), global.getSymName());
  if (element.isInteger(8))
    return raw;
  int64_t count = bytes.size() / (element.getIntOrFloatBitWidth() / 8);
  return memref::ViewOp::create(b, loc, MemRefType::get({count}, element), raw, index(0), ValueRange{});
}

template <typename T>
static ArrayRef<char> bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

Value LaneEmitter::globalTable(StringRef prefix, const std::vector<int32_t> &values) {
  return globalBytes(prefix, bytesOf(values), b.getI32Type());
}

Buffer LaneEmitter::constantBuffer(Value value, Type element) {
  Buffer buffer{Value(), BufferLayout::plain(cast<RankedTensorType>(value.getType()))};
  buffer.layout.element = element;
  buffer.layout.hasSlack = true;
  auto put = [&]<typename T>(T, const auto &numbers) {
    std::vector<T> elements(numbers.begin(), numbers.end());
    elements.resize(elements.size() + 256 / sizeof(T)); // the slack
    buffer.memref = globalBytes("constant", bytesOf(elements), element);
  };
  ElementsAttr constant = getConstant(value);
  if (element.isF32())
    put(float(), *getFloats(constant));
  else if (element.isInteger(8))
    put(int8_t(), *getIntegers(constant));
  else if (element.isInteger(16))
    put(int16_t(), *getIntegers(constant));
  else
    put(int32_t(), *getIntegers(constant));
  return buffer;
}
