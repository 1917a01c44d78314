//===- TiledContraction.cpp - Contractions by AMX tiles -------------------===//
#include "ContractionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

using namespace mlir;
using namespace narrow;

void ContractionEmitter::chooseTileProduct(Tile &tile) {
  if (!target.tiles || real || signs || groups != 1 || packing)
    return;
  product = TileProduct::choose(target, {height, width, channels, runs * runGroups, mayPack}, runLength);
  if (!product)
    return;
  tile = product->outputs;
  // At the function's entry: behind the loops that fill borders it would be taken
  // from the stack at run time.
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(b.getInsertionBlock());
  auto type = MemRefType::get({tile.rows * tile.cols * int64_t(tile.vectors) * target.lanes}, b.getI32Type());
  sumsMemory = memref::AllocaOp::create(b, loc, type, b.getI64IntegerAttr(64));
}

SmallVector<Value> ContractionEmitter::emitTiledStep(const Blocks &blocks, Value data, Value panel,
                                                     ValueRange sums, int64_t rows, int64_t cols) {
  ArrayRef<int64_t> strides = input->layout.strides;
  unsigned parts = blocks.form.parts;
  SmallVector<Value> next(sums), rowOfWeights;
  for (unsigned v = 0; v < parts; ++v)
    rowOfWeights.push_back(loadTile(b, loc, product->bytes / dotGroup, TileProduct::registerBytes,
                                    blocks.weights, k.add(panel, v * TileProduct::registerBytes),
                                    parts * TileProduct::registerBytes));
  for (auto [p, piece] : llvm::enumerate(product->getPieces(rows, cols))) {
    int64_t shift = piece.row * stride[0] * strides[1] + piece.col * stride[1] * strides[2];
    Value x = loadTile(b, loc, product->pixels, product->bytes, input->memref, k.add(data, shift),
                       stride[1] * strides[2]);
    for (unsigned v = 0; v < parts; ++v)
      next[p * parts + v] = multiplyTiles(b, loc, *product, next[p * parts + v], x, rowOfWeights[v]);
  }
  return next;
}

/// The tiles of sums go through memory to the vector units, which add the bias and
/// do the rest.
void ContractionEmitter::emitTiledProduct(const Blocks &blocks, const Position &at, Value channel,
                                          Value start, Value panel, ArrayRef<Value> init, int64_t rows,
                                          int64_t cols) {
  const ChannelBlock &form = blocks.form;
  auto pieces = product->getPieces(rows, cols);
  SmallVector<Value> sums;
  for (size_t i = 0; i < pieces.size() * form.parts; ++i)
    sums.push_back(createZeroTile(b, loc, product->pixels, TileProduct::registerBytes));
  auto saved = k.getTables(); // What is loaded inside of a loop is not visible behind it.
  sums = emitReduction(blocks, start, panel, std::move(sums), rows, cols);
  for (auto [i, tile] : llvm::enumerate(sums)) {
    int64_t first = (i / form.parts * product->pixels * form.parts + i % form.parts) * form.width;
    storeTile(b, loc, product->pixels, TileProduct::registerBytes, sumsMemory, k.index(first),
              form.parts * TileProduct::registerBytes, tile);
  }

  for (auto [p, piece] : llvm::enumerate(pieces)) {
    auto finish = [&](Value first, int64_t count) {
      k.setTables(saved);
      SmallVector<Point> points;
      for (int64_t i = 0; i < count; ++i)
        points.push_back({at.n, k.add(at.oh, piece.row), k.add(k.add(at.ow, first), piece.col + i), channel});
      auto prepare = [&](size_t i) {
        Value from = k.mul(k.add(first, p * product->pixels + i), form.channels());
        Parts parts;
        for (auto [v, bias] : llvm::enumerate(init)) {
          Value sum = vector::LoadOp::create(b, loc, cast<VectorType>(bias.getType()), sumsMemory,
                                             k.add(from, int64_t(v) * form.width));
          parts.push_back(arith::AddIOp::create(b, loc, sum, bias));
        }
        k.setLanes(result, parts);
      };
      if (failed(k.storeResult(k.yielded(), k.getOutputs().front(), points, form, prepare)))
        status = failure();
      k.forgetLanes(result);
    };
    constexpr int64_t together = 4; // share one packing to codes
    int64_t whole = (product->pixels - piece.skip) / together * together;
    if (whole) {
      auto loop =
          scf::ForOp::create(b, loc, k.index(piece.skip), k.index(piece.skip + whole), k.index(together));
      loop->setAttr(attrs::sequential, b.getUnitAttr());
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      finish(loop.getInductionVar(), together);
    }
    if (int64_t rest = product->pixels - piece.skip - whole)
      finish(k.index(piece.skip + whole), rest);
    k.setTables(saved);
  }
}
