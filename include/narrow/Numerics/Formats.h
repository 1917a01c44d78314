//===- Formats.h - Which numbers weights can be -----------------*- C++ -*-===//
//
// Rules N60 to N71 of docs/numerics.md. A format takes the weights that share a scale, in
// the order of the reduction, and returns integers and one scale: weight ~ scale * code.
// Integers of up to kNarrowLimit run on 8-bit kernels as they are; up to kWideLimit they
// are two planes of 8 bits. All weights must be finite. Weights of zeros have the scale 1.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_FORMATS_H
#define NARROW_NUMERICS_FORMATS_H

#include "narrow/Numerics/QuantParams.h"
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace narrow::numerics {

/// The largest magnitude of codes that are stored as i8.
inline constexpr int32_t kNarrowLimit = 127;
/// The largest magnitude of codes high * 256 + low, both i8.
inline constexpr int32_t kWideLimit = 127 * 256;

/// Weights that share a scale.
struct ScaledCodes {
  float scale = 1; ///< positive, finite, normal
  std::vector<int32_t> codes;
};

//===--- N60: power-of-two scales -----------------------------------------===//

/// The smallest power of two that is not below `scale`, which must be positive, finite
/// and normal; 2^127 for anything above.
float powerOfTwoScale(float scale);

/// `params` of a range that begins at `lo` with a power of two as scale, and the zero
/// point that goes with it; symmetric ones keep 0.
QuantParams powerOfTwoParams(QuantParams params, double lo, CodeRange codes, bool symmetric);

//===--- N61: levels ------------------------------------------------------===//

/// Integers in ascending order, not empty; a weight is one of them times a scale.
using Levels = std::vector<int32_t>;

/// -(2^(bits-1) - 1) … 2^(bits-1) - 1, bits from 2 to 8.
Levels uniformLevels(unsigned bits);

/// The level nearest to `x`; of two, the lower, but the even one where levels are all
/// integers of an interval (N4).
int32_t nearestLevel(std::span<const int32_t> levels, double x);

/// How the largest weight decides on a scale: it is the largest level; or the scale is
/// that of 80 smaller ones, down to a fifth, with the least squared error (N23).
enum class ScaleSearch { LargestWeight, LeastError };

/// Each weight as the nearest level, with one scale. The largest weight corresponds to the
/// code `full`, from 1 to kWideLimit; usually that is the largest level.
ScaledCodes encodeLevels(std::span<const float> weights, std::span<const int32_t> levels, int32_t full,
                         ScaleSearch search);

//===--- N62: two levels of scales ----------------------------------------===//

struct GroupedCodes : ScaledCodes {
  std::vector<int32_t> levels, groupScales; ///< codes[i] = levels[i] * groupScales[i / size]
};

/// VS-Quant (Dai et al., arXiv 2102.04503, eq. 7): each `size` weights that follow each
/// other, the last ones maybe fewer, have an integer scale of 1 … maxGroupScale, times one
/// scale for all. Weights are rounded with the scale that they will have. size > 0,
/// maxGroupScale > 0, and the largest level times maxGroupScale at most kWideLimit.
GroupedCodes encodeGroups(std::span<const float> weights, std::span<const int32_t> levels, size_t size,
                          int32_t maxGroupScale, ScaleSearch search);

/// The largest 2^M - 1 whose product with the largest of `levels` is at most kNarrowLimit.
int32_t narrowGroupScale(std::span<const int32_t> levels);

//===--- N63: NormalFloat -------------------------------------------------===//

/// The 2^bits quantiles of a normal distribution between -1 and 1, 0 among them (Dettmers
/// et al., QLoRA, arXiv 2305.14314, section 3), bits from 2 to 8.
std::vector<double> normalFloat(unsigned bits);
/// These in steps of 1/127, without repetitions.
Levels normalFloatLevels(unsigned bits);

//===--- N64: logarithms --------------------------------------------------===//

/// LogQuant (Miyashita et al., arXiv 1603.01025, eq. 8): the exponent that |x| is rounded to in
/// the logarithm, at most fullScale - 1; nullopt for zero and for what is rounded to
/// 2^(fullScale - 2^bits) or less.
std::optional<int> logExponent(double x, unsigned bits, int fullScale);

/// Sign and exponent in `bits` bits: weights are 0 or ±2^e. The full scale is the one
/// whose largest exponent the largest weight rounds to, or the one below it if that has
/// the smaller error. bits from 2 to 5.
ScaledCodes encodeLog(std::span<const float> weights, unsigned bits, ScaleSearch search);
/// The codes of encodeLog: 0 and powers of two up to 2^(2^(bits-1) - 2), with both signs.
Levels logLevels(unsigned bits);

/// 0 and ±2^(-k/2) of a largest level of 127 (bits up to 4) or kWideLimit: powers of the
/// root of two as integers (RepQ-ViT's quantizer, arXiv 2212.08254, eq. 18). bits from 2 to 5.
Levels logSqrtLevels(unsigned bits);

//===--- N65, N66: ternary, binary ----------------------------------------===//

/// Codes -1, 0, 1 and the scale of least squared error, over all thresholds (Li and Liu,
/// Ternary Weight Networks, arXiv 1605.04711, eq. 5).
ScaledCodes encodeTernary(std::span<const float> weights);

/// The sign, +1 for 0, and the mean magnitude (Rastegari et al., XNOR-Net, arXiv
/// 1603.05279, eq. 6).
ScaledCodes encodeBinary(std::span<const float> weights);

//===--- N67, N68: codebooks ----------------------------------------------===//

/// A number and how much it counts.
struct WeightedValue {
  double value, weight;
};

/// The at most `count` centres of least weighted squared distance, ascending: k-means in
/// one dimension, solved exactly by dynamic programming (Wu, 1991; Grønlund et al., arXiv
/// 1701.07204). More than 2^14 distinct values are merged into as many cells first.
std::vector<double> optimalCenters(std::vector<WeightedValue> values, size_t count);

/// The means of at most 2^bits parts of equal population, by recursive splits at the
/// median; equal values stay together (Zhou et al., Balanced Quantization, arXiv 1706.07145).
std::vector<double> balancedCenters(std::vector<double> values, unsigned bits);

/// Centres of weights between -1 and 1 as levels in steps of 1/127.
Levels centersToLevels(std::span<const double> centers);

//===--- N69, N70: shared exponents ---------------------------------------===//

/// An element of the OCP Microscaling (MX) formats, v1.0: floating point with sign, or, with
/// exponentBits 0, a multiple of 2^-mantissaBits below 2.
struct ElementFormat {
  unsigned exponentBits, mantissaBits;
  int minExponent, maxExponent;
  double max;
};
namespace mx {
inline constexpr ElementFormat int8{0, 6, 0, 0, 127.0 / 64}, e4m3{4, 3, -6, 8, 448},
    e5m2{5, 2, -14, 15, 57344}, e2m3{2, 3, 0, 2, 7.5}, e3m2{3, 2, -2, 4, 28}, e2m1{2, 1, 0, 2, 6};
}

/// The element nearest to `x`, half to even, saturated.
double roundToElement(double x, const ElementFormat &format);

/// The exponent that a block shares: floor(log2 largest) - maxExponent, in [-127, 127];
/// -127 for zeros.
int sharedExponent(std::span<const float> block, const ElementFormat &format);

/// Weights as an MX format with blocks of `size` makes them (OCP MX v1.0, section 6.3).
std::vector<double> roundToBlocks(std::span<const float> weights, const ElementFormat &format, size_t size);

/// Shared microexponents (Rouhani et al., arXiv 2302.08007, section 3): blocks of 16 share 8
/// bits of exponent, pairs one more bit, an element has a sign and `mantissaBits` bits: 7 for
/// MX9, 4 for MX6, 2 for MX4.
std::vector<double> roundToMicroexponents(std::span<const float> weights, unsigned mantissaBits);

//===--- N71: integers for multiples of powers of two ---------------------===//

struct LatticeCodes : ScaledCodes {
  size_t rounded = 0; ///< values that are no multiple of the scale
};

/// `values` as multiples of the largest power of two that divides them all; of a larger one
/// if a code would exceed `limit` or the sum of their magnitudes `sumLimit`, both at least 1.
/// Then they are rounded to the nearest, half to even.
LatticeCodes latticeCodes(std::span<const double> values, int32_t limit, double sumLimit);

/// The codes up to kWideLimit that a block's elements can have at `scale`, a power of two: multiples
/// of it, half to even, like those of latticeCodes.
Levels elementLevels(const ElementFormat &format, int sharedExponent, float scale);
/// The same for each pair of roundToMicroexponents.
std::vector<Levels> microexponentLevels(std::span<const float> weights, unsigned mantissaBits, float scale);

//===--- N72: clusters of channels ----------------------------------------===//

/// Gives channels at most `count` different magnitudes, by clusters of the logarithms of
/// `magnitudes` (N67): for each the largest of its cluster. Zeros stay zeros.
std::vector<double> clusterMagnitudes(std::span<const double> magnitudes, size_t count);

} // namespace narrow::numerics

#endif
