//===- ContractionKernels.h - Inner loops of contractions -------*- C++ -*-===//
//
// One loop serves float and integer contractions: T is float (products added by
// fma), or an unsigned integer as wide as the accumulator, whose arithmetic is
// two's complement without undefined overflow. Before, operands are widened to
// T and their zero points are subtracted.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_REFERENCE_CONTRACTIONKERNELS_H
#define NARROW_LIB_REFERENCE_CONTRACTIONKERNELS_H

#include "narrow/Support/LLVM.h"
#include <cstdint>
#include <vector>

namespace narrow::reference {

/// Outputs per call: vectors run across outputs and never across the reduction,
/// whose order affects the result.
constexpr int64_t tilePixels = 4, tileOutputs = 16;

template <typename T>
struct ContractionKernels {
  /// out[p][o] = bias[o] + sum over tap, c of rows[tap * tilePixels + p][c] *
  /// weights[tap][c][o].
  void (*tile)(const T *const *rows, int64_t taps, int64_t depth, const T *weights, const T *bias, T *out);
  /// acc[c] += x[c] * weights[c].
  void (*accumulate)(const T *x, const T *weights, int64_t channels, T *acc);

  /// The fastest kernels for this CPU.
  static const ContractionKernels &native();
  /// Kernels for any CPU, with the same results as native().
  static const ContractionKernels &portable();
};

/// Weights in the order in which the tile reads them: [block of tileOutputs
/// outputs][tap][depth][tileOutputs], the last block padded with 0.
template <typename T>
struct PackedWeights {
  int64_t taps = 0, depth = 0, outputs = 0;
  std::vector<T> values;

  PackedWeights() = default;
  PackedWeights(int64_t taps, int64_t depth, int64_t outputs)
      : taps(taps), depth(depth), outputs(outputs), values(getNumBlocks() * getBlockSize()) {}
  int64_t getNumBlocks() const { return (outputs + tileOutputs - 1) / tileOutputs; }
  int64_t getBlockSize() const { return taps * depth * tileOutputs; }
  T &at(int64_t output, int64_t tap, int64_t c) {
    return values[output / tileOutputs * getBlockSize() + (tap * depth + c) * tileOutputs +
                  output % tileOutputs];
  }
};

} // namespace narrow::reference

#endif
