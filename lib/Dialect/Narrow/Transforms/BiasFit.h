//===- BiasFit.h - What a bias asks of the weights' scales ------*- C++ -*-===//
#ifndef NARROW_LIB_TRANSFORMS_BIASFIT_H
#define NARROW_LIB_TRANSFORMS_BIASFIT_H

#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// A bias code keeps one bit of the i32 for the sum that is added to it.
inline constexpr int64_t kBiasLimit = int64_t{1} << 30;

/// What the magnitudes of `count` codes may add up to. Times that of an 8-bit activation
/// it leaves room for the bias in an i32, also in the sum of two planes, whose bounds are
/// those of each alone: 128 * 2 more for each code.
inline double getCodeSumLimit(size_t count) {
  return static_cast<double>(kBiasLimit) / 255 - 256 * static_cast<double>(count);
}

/// A bias has the scale of its input times that of the weights.
struct BiasFit {
  float inputScale;
  /// For each scale of the weight the largest magnitude among the biases of its channels.
  SmallVector<double> largest;
};

/// The biases of `op`, whose weight has or is to have the scales of `weight`; nullopt if
/// there is nothing to fit (no bias, it came quantized, the op stays float). Fails, after an
/// error, if a bias is not finite.
FailureOr<std::optional<BiasFit>> getBiasFit(QuantizableOpInterface op, quant::QuantizedType weight);

} // namespace narrow

#endif
