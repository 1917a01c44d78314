//===- Rescaling.h - Moving scale and bias between layers -------*- C++ -*-===//
//
// Rules N40 to N47 of docs/numerics.md. Sources:
//   Nagel et al., Data-Free Quantization Through Weight Equalization and Bias
//     Correction, 2019: eq. 11 (equalization), 4.1.3 (absorption), eq. 15 - 19
//     (bias correction).
//   Xiao et al., SmoothQuant, 2022: eq. 4.
//   Zhao et al., Improving Neural Network Quantization without Retraining using
//     Outlier Channel Splitting, 2019: 3.2.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_RESCALING_H
#define NARROW_NUMERICS_RESCALING_H

#include "narrow/Numerics/Estimators.h"
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace narrow::numerics {

/// The bias of an equalized channel may grow to this many times the largest
/// weight of its layer, and not further (N41).
constexpr double largestBiasGrowth = 256;

/// Cross-layer equalization (N40): the factor S by which a channel is divided
/// where it is computed and multiplied where it is read, for the largest weight
/// magnitude `written` that computes it and `read` that reads it. Afterwards both
/// are sqrt(written * read). 1 if one is 0 or not finite.
double equalizationFactor(double written, double read);

/// N41: `factor`, or a larger one of at most 1 if `bias / factor` would exceed
/// largestBiasGrowth * `largestWeight`.
double limitBiasGrowth(double factor, double bias, double largestWeight);

/// High-bias absorption (N42): how much of a pre-activation of this mean and
/// standard deviation is there for nearly every input, and can move into the bias
/// of the layers after a ReLU: max(0, mean - 3 * deviation). 0 if not finite.
double absorbableBias(double mean, double deviation);

/// N43: E[clamp(X, lo, hi)] for X normal with this mean and standard deviation;
/// bounds may be infinite. clamp(mean) for a deviation of 0.
double clippedNormalMean(double mean, double deviation, double lo = 0,
                         double hi = std::numeric_limits<double>::infinity());

/// SmoothQuant (N45): the factor by which an activation channel is divided and its
/// weights multiplied, for the largest magnitudes of both: activation^alpha /
/// weight^(1 - alpha), each at least 1e-5. 1 for a dead channel (either is 0) and
/// for what is not finite. alpha is in [0, 1].
double smoothingFactor(double activation, double weight, double alpha);

/// Outlier channel splitting (N46): the channels to split, in the order in which
/// they are chosen, when ceil(fraction * channels) may be added, `fraction` up to 1.
/// Each time it is the channel whose parts are largest (the lowest of equal ones);
/// all parts of a channel share its magnitude equally. Stops when that is 0; what is
/// not finite is not split.
std::vector<int64_t> chooseChannelSplits(std::span<const double> magnitudes, double fraction);

/// Alignment (N47): the smallest interval that has all of `ranges`, of which there is at least one.
Interval uniteRanges(std::span<const Interval> ranges);

} // namespace narrow::numerics

#endif
