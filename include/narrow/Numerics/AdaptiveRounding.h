//===- AdaptiveRounding.h - Rounding learned from data ----------*- C++ -*-===//
//
// Rules N54 to N57 of docs/numerics.md: AdaRound, AdaQuant and FlexRound choose the codes
// of a layer by gradient descent on the error of its output. Gradients are computed in
// closed form, the optimizer is Adam. Everything is computed in f32 in a fixed order, so
// equal inputs give equal bytes.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ADAPTIVEROUNDING_H
#define NARROW_NUMERICS_ADAPTIVEROUNDING_H

#include "narrow/Numerics/WeightRounding.h"
#include <limits>

namespace narrow::numerics {

/// What a layer should compute: f(W x + b), f = clamp to [lowest, highest].
struct LayerTask {
  MatrixRef weights;           ///< O x K
  std::span<const float> bias; ///< O values
  WeightGrid grid;
  MatrixRef inputs;  ///< N x K: the input as the quantized layer will see it
  MatrixRef targets; ///< N x O: W x + b of the float network, before the clamp
  /// The activation that follows: 0 and infinity for a ReLU, both infinite without one.
  float lowest = -std::numeric_limits<float>::infinity();
  float highest = std::numeric_limits<float>::infinity();
  /// Whether methods that support it may change the scales; requires one scale per channel.
  bool learnScales = false;
  /// Input channels repeat every `period` columns (for FlexRound's factor per input channel).
  int64_t period = 1;
};

/// W x + b for each row x: writes inputs.rows * weights.rows values to `out`.
void layerOutputs(MatrixRef inputs, MatrixRef weights, std::span<const float> bias, float *out);

/// The mean of (f(y) - f(target))^2 over the rows, for each output channel (N54).
std::vector<double> outputErrors(const LayerTask &task, std::span<const float> weights,
                                 std::span<const float> bias);

/// The result of a method. No output channel has a larger error (outputErrors) than with the
/// nearest codes, the given scales and the given bias: a channel keeps those unless the
/// method finds something better.
struct RoundedLayer {
  WeightCodes codes;
  std::vector<float> scales; ///< as many as task.grid has
  std::vector<float> bias;
  double error = 0, nearestError = 0; ///< sums over the channels
};

/// The papers' learning rates belong to the papers' number of iterations. For another
/// number they are scaled so that a parameter can travel equally far.
struct AdaptiveOptions {
  int64_t iterations = 0; ///< 0: as in the paper
  int64_t batch = 256;    ///< rows per step
  uint32_t seed = 0;      ///< for choosing the rows of each step
};

/// AdaRound (N55; Nagel et al., arXiv 2004.10568, equations 21 to 25): each weight is rounded up or down
/// to the next integer, or the next code that the grid allows (N58). Scales and bias are unchanged.
namespace adaround {
inline constexpr int64_t paperIterations = 10000;
inline constexpr double paperLearningRate = 1e-3;
inline constexpr double lambda = 0.01; ///< weight of the regularizer
inline constexpr double warmUp = 0.2;  ///< fraction of the steps without the regularizer
inline constexpr double firstBeta = 20, lastBeta = 2;
inline constexpr double stretchMax = 1.1, stretchMin = -0.1; ///< zeta and gamma
/// The v with rectifiedSigmoid(v) = `rest`, `rest` in [0, 1].
double initialV(double rest);
double rectifiedSigmoid(double v);
/// The exponent of the regularizer at `step` of `steps`: after the warm-up it follows half a
/// cosine from `firstBeta` to `lastBeta`.
double beta(int64_t step, int64_t steps);
} // namespace adaround
RoundedLayer roundAdaRound(const LayerTask &task, const AdaptiveOptions &options = {});

/// AdaQuant (N56; Hubara et al., arXiv 2006.10518, equation 2): weights, bias and, if the task
/// allows it, scales are learned with straight-through gradients; a weight may move by several
/// codes. Scales stay within a factor of 2. The grid must be uniform.
namespace adaquant {
inline constexpr int64_t paperIterations = 1000;
inline constexpr double paperLearningRate = 1e-3; ///< for scales and bias
/// Weights may travel this many quanta. (The paper's rate, 1e-5, is in absolute units.)
inline constexpr double weightTravel = 1.0;
} // namespace adaquant
RoundedLayer roundAdaQuant(const LayerTask &task, const AdaptiveOptions &options = {});

/// FlexRound (N57; Lee et al., arXiv 2306.00317, equation 2): weights are divided by the product
/// of learned factors of the weight, its output and its input channel before they are rounded. If
/// the task allows it, scales are learned too, within a factor of 2. The grid must be uniform.
namespace flexround {
inline constexpr int64_t paperIterations = 5000;
inline constexpr double paperLearningRate = 3e-3;
/// clamp(round(weight / (scale * factor))).
int32_t code(float weight, float scale, float factor, CodeRange codes);
} // namespace flexround
RoundedLayer roundFlexRound(const LayerTask &task, const AdaptiveOptions &options = {});

} // namespace narrow::numerics

#endif
