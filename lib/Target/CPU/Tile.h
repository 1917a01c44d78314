//===- Tile.h - Register tiles of a contraction -----------------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_TILE_H
#define NARROW_LIB_TARGET_CPU_TILE_H

#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include <cstdint>

namespace narrow {

/// The outputs that one loop over the reduction computes in registers.
struct Tile {
  int64_t rows = 1, cols = 1; ///< pixels
  unsigned vectors = 1;       ///< of output channels
  int64_t pixels() const { return rows * cols; }
};

/// What a tile is chosen for.
struct ContractionShape {
  int64_t height, width, channels; ///< of the output; channels of one group
  int64_t reduction;               ///< dot instructions behind each other for one output
  bool packs;                      ///< several results share one packing to codes
  unsigned vectorUnit = 1;         ///< a tile has a multiple of so many vectors of channels
  double unpacking = 0;            ///< instructions before a vector of weights can be used
  unsigned instructions = 0;       ///< of one dot; 0: those of the target
};

/// The most vectors of output channels of a tile.
inline constexpr unsigned mostVectors = 4;

/// The tile with the lowest estimated cost that the target's registers hold.
Tile chooseTile(const TargetDescription &target, const ContractionShape &shape);

/// Estimated cycles of one group with that tile on one thread; only ratios matter.
double estimateCycles(const TargetDescription &target, const ContractionShape &shape, const Tile &tile);

} // namespace narrow

#endif
