//===- Depthwise.h - A depthwise kernel written by hand ---------*- C++ -*-===//
#ifndef NARROW_BENCHMARK_DEPTHWISE_H
#define NARROW_BENCHMARK_DEPTHWISE_H

#include "Network.h"
#include <memory>

namespace narrow::bench {

/// A 3x3 depthwise convolution with requantization in AVX512-VNNI intrinsics: what
/// the compiled kernels are measured against. It knows its shape only when it
/// runs, and it computes the same bytes.
class HandWrittenDepthwise {
public:
  /// Whether this CPU and the kernel can do `layer`.
  static bool supports(const DepthwiseLayer &layer);
  explicit HandWrittenDepthwise(const DepthwiseLayer &layer);
  ~HandWrittenDepthwise();

  /// Copies the codes of the input, [row][column][channel], to the padded buffer.
  void setInput(const int8_t *codes);
  void run();
  /// The codes of the last row of the result.
  std::vector<int8_t> lastRow() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace narrow::bench

#endif
