//===- TileProduct.cpp - Products of matrices in tile registers -----------===//
#include "TileProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace narrow;

std::optional<TileProduct> TileProduct::choose(const TargetDescription &target, const ContractionShape &shape,
                                               int64_t runLength) {
  constexpr int64_t fewestPixels = 4, fewestBytes = 32;
  int64_t rowPieces = llvm::divideCeil(shape.width, registerRows);
  TileProduct product;
  product.pixels = llvm::divideCeil(shape.width, rowPieces);
  product.bytes = 0;
  for (int64_t steps = llvm::divideCeil(runLength, registerBytes); runLength >= steps * fewestBytes; ++steps)
    if (runLength % (steps * target.group()) == 0) {
      product.bytes = runLength / steps;
      break;
    }
  if (product.pixels < fewestPixels || !product.bytes)
    return std::nullopt;
  product.outputs.rows = rowPieces == 1 ? std::min<int64_t>(shape.height, 2) : 1;
  product.outputs.cols = product.pixels * std::min<int64_t>(rowPieces, 2);
  product.outputs.vectors = shape.channels > target.lanes ? 2 : 1;
  return product;
}

SmallVector<TileProduct::Piece, 2> TileProduct::getPieces(int64_t rows, int64_t cols) const {
  SmallVector<Piece, 2> pieces;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; col += pixels) {
      int64_t skip = std::max<int64_t>(col + pixels - cols, 0);
      pieces.push_back({row, col - skip, skip});
    }
  return pieces;
}

static Value call(OpBuilder &b, Location loc, StringRef name, ValueRange operands) {
  auto type = LLVM::LLVMX86AMXType::get(b.getContext());
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), operands).getResult(0);
}

static Value constant(OpBuilder &b, Location loc, int64_t value, unsigned bits) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(b.getIntegerType(bits), value));
}

static Value getPointer(OpBuilder &b, Location loc, Value memref, Value at) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto toInteger = [&](Value x) -> Value { return arith::IndexCastOp::create(b, loc, b.getI64Type(), x); };
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  base = LLVM::IntToPtrOp::create(b, loc, pointer, toInteger(base));
  return LLVM::GEPOp::create(b, loc, pointer, cast<MemRefType>(memref.getType()).getElementType(), base,
                             ValueRange{toInteger(at)});
}

Value narrow::createZeroTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes) {
  return call(b, loc, "llvm.x86.tilezero.internal",
              {constant(b, loc, rows, 16), constant(b, loc, bytes, 16)});
}

Value narrow::loadTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes, Value memref, Value at,
                       int64_t stride) {
  return call(b, loc, "llvm.x86.tileloadd64.internal",
              {constant(b, loc, rows, 16), constant(b, loc, bytes, 16), getPointer(b, loc, memref, at),
               constant(b, loc, stride, 64)});
}

void narrow::storeTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes, Value memref, Value at,
                       int64_t stride, Value tile) {
  LLVM::CallIntrinsicOp::create(b, loc, b.getStringAttr("llvm.x86.tilestored64.internal"),
                                ValueRange{constant(b, loc, rows, 16), constant(b, loc, bytes, 16),
                                           getPointer(b, loc, memref, at), constant(b, loc, stride, 64),
                                           tile});
}

Value narrow::multiplyTiles(OpBuilder &b, Location loc, const TileProduct &product, Value sums, Value data,
                            Value weights) {
  return call(b, loc, "llvm.x86.tdpbusd.internal",
              {constant(b, loc, product.pixels, 16), constant(b, loc, TileProduct::registerBytes, 16),
               constant(b, loc, product.bytes, 16), sums, data, weights});
}
