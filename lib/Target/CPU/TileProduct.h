//===- TileProduct.h - Products of matrices in tile registers ---*- C++ -*-===//
//
// AMX: a tile holds up to 16 rows of 64 bytes. One instruction adds the product of
// a tile of data (a row is a pixel) and a tile of weights (a row is 4 codes of each
// of 16 channels, as they are packed for vpdpbusd) to a tile of sums. LLVM writes
// the shapes of the tiles of a function to its eight registers once, so a kernel
// has one shape for its data, one for its weights and one for its sums.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TARGET_CPU_TILEPRODUCT_H
#define NARROW_LIB_TARGET_CPU_TILEPRODUCT_H

#include "Tile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// How the tiles of a contraction are filled.
struct TileProduct {
  static constexpr int64_t registerRows = 16, registerBytes = 64;

  int64_t pixels; ///< rows of a tile of data: neighbours in an image row
  int64_t bytes;  ///< of one row of data: codes that one instruction multiplies with each channel
  Tile outputs;   ///< what is computed together, four tiles of sums at most

  /// Neighbouring pixels of an image row that share a tile, counted from the
  /// first output. The row must have as many: a piece at its end begins
  /// earlier, and its first `skip` pixels are computed elsewhere.
  struct Piece {
    int64_t row, col, skip;
  };
  SmallVector<Piece, 2> getPieces(int64_t rows, int64_t cols) const;

  /// Nothing where vpdpbusd is no worse: few pixels, or runs of codes that do not
  /// fill tiles evenly.
  static std::optional<TileProduct> choose(const TargetDescription &target, const ContractionShape &shape,
                                           int64_t runLength);
};

Value createZeroTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes);
/// The rows of a tile are `stride` bytes apart, the first one begins with element `at`.
Value loadTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes, Value memref, Value at,
               int64_t stride);
void storeTile(OpBuilder &b, Location loc, int64_t rows, int64_t bytes, Value memref, Value at,
               int64_t stride, Value tile);
/// sums + data * weights, the data unsigned.
Value multiplyTiles(OpBuilder &b, Location loc, const TileProduct &product, Value sums, Value data,
                    Value weights);

} // namespace narrow

#endif
