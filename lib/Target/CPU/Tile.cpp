//===- Tile.cpp - Register tiles of a contraction -------------------------===//
#include "Tile.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace narrow;

double narrow::estimateCycles(const TargetDescription &target, const ContractionShape &shape,
                              const Tile &tile) {
  // A panel of weights that does not stay in the first level cache comes from the second:
  // tall tiles read it less often.
  constexpr int64_t firstLevelBytes = 24 << 10;
  constexpr double secondLevelCycles = 0.15; // of one vector, beside everything else
  bool isFar = shape.reduction * tile.vectors * target.lanes * 4 > firstLevelBytes;
  auto one = [&](int64_t pixels, int64_t vectors) {
    // Two loads a cycle, four instructions in all.
    unsigned instructions = shape.instructions ? shape.instructions : target.dotInstructions();
    double cycles = shape.instructions ? shape.instructions / 3.0 : target.dotCycles();
    double unpacking = vectors * shape.unpacking;
    double dots = pixels * vectors * cycles + unpacking / 2;
    double loads = (pixels + vectors) / 2.0;
    double issue = (pixels + vectors + unpacking + pixels * vectors * instructions + 3) / 4.0;
    double chain = instructions == 1 ? 4 : 1; // cycles until an accumulator can be used again
    double step = std::max({dots, loads, issue, chain}) + (isFar ? secondLevelCycles * vectors : 0);
    // Whole packed vectors need no shuffle to bring points apart.
    double result = !shape.packs ? 8 : vectors % target.group() == 0 ? 3 : 3.5;
    return shape.reduction * step + pixels * vectors * result + 15;
  };
  auto spatial = [&](int64_t vectors) {
    int64_t fullRows = shape.height / tile.rows, restRows = shape.height % tile.rows;
    int64_t fullCols = shape.width / tile.cols, restCols = shape.width % tile.cols;
    double cost = fullRows * fullCols * one(tile.rows * tile.cols, vectors);
    if (restCols)
      cost += fullRows * one(tile.rows * restCols, vectors);
    if (restRows)
      cost += fullCols * one(restRows * tile.cols, vectors);
    if (restRows && restCols)
      cost += one(restRows * restCols, vectors);
    return cost;
  };
  int64_t vectorCount = llvm::divideCeil(shape.channels, target.lanes);
  int64_t whole = vectorCount / tile.vectors, rest = vectorCount % tile.vectors;
  return whole * spatial(tile.vectors) + (rest ? spatial(rest) : 0);
}

Tile narrow::chooseTile(const TargetDescription &target, const ContractionShape &shape) {
  Tile best;
  double bestCost = std::numeric_limits<double>::infinity();
  int64_t vectorCount = llvm::divideCeil(shape.channels, target.lanes);
  // One register for what is broadcast, others for products on their way to a sum.
  int64_t taken = target.dot == DotKind::GenericPairs ? 5 : target.dotInstructions();
  if (shape.instructions)
    taken = std::min(shape.instructions, 8u);
  int64_t registers = target.registers - taken;
  for (unsigned vectors = shape.vectorUnit; vectors <= mostVectors && vectors <= vectorCount;
       vectors += shape.vectorUnit) {
    int64_t pixels = (registers - vectors) / vectors;
    for (int64_t cols = 1; cols <= std::min(pixels, shape.width); ++cols) {
      int64_t mostRows = cols == shape.width ? std::min(pixels / cols, shape.height) : 1;
      for (int64_t rows = 1; rows <= mostRows; ++rows) {
        Tile tile{rows, cols, vectors};
        double cost = estimateCycles(target, shape, tile);
        if (cost < bestCost)
          best = tile, bestCost = cost;
      }
    }
  }
  return best;
}
