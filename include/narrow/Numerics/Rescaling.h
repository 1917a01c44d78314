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

/// The bias of an equalized channel may grow to at most this many times the
/// largest weight of its layer (N41).
constexpr double largestBiasGrowth = 256;

/// Cross-layer equalization (N40): the factor S by which a channel is divided
/// where it is computed and multiplied where it is read, for the largest weight
/// magnitude `written` that computes it and `read` that reads it. Afterwards both
/// magnitudes are sqrt(written * read). 1 if either is 0 or not finite.
double equalizationFactor(double written, double read);

/// N41: `factor`, raised to at most 1 if `bias / factor` would exceed
/// largestBiasGrowth * `largestWeight`.
double limitBiasGrowth(double factor, double bias, double largestWeight);

/// High-bias absorption (N42): the part of a pre-activation with this mean and standard
/// deviation that is present for nearly every input and can be moved into the bias of the
/// layers after a ReLU: max(0, mean - 3 * deviation). 0 if not finite.
double absorbableBias(double mean, double deviation);

/// N43: E[clamp(X, lo, hi)] for a normal X with this mean and standard
/// deviation; bounds may be infinite. clamp(mean) if the deviation is 0.
double clippedNormalMean(double mean, double deviation, double lo = 0,
                         double hi = std::numeric_limits<double>::infinity());

/// SmoothQuant (N45): the factor by which an activation channel is divided and its
/// weights are multiplied, from the largest magnitudes of both: activation^alpha /
/// weight^(1 - alpha), each at least 1e-5. 1 for a dead channel (either is 0) and
/// for magnitudes that are not finite. alpha is in [0, 1].
double smoothingFactor(double activation, double weight, double alpha);

/// Outlier channel splitting (N46): the channels to split, in the order in which
/// they are chosen, if ceil(fraction * channels) may be added, `fraction` up to 1.
/// Each step takes the channel with the largest parts (the lowest channel at a tie);
/// the parts of a channel share its magnitude equally. Stops when the largest is 0;
/// channels that are not finite are not split.
std::vector<int64_t> chooseChannelSplits(std::span<const double> magnitudes, double fraction);

/// Alignment (N47): the smallest interval that contains all `ranges`, which must not be empty.
Interval uniteRanges(std::span<const Interval> ranges);

} // namespace narrow::numerics

#endif
