//===- Formats.h - Number formats of weights --------------------*- C++ -*-===//
//
// Rules N60 to N71 of docs/numerics.md. A format takes the weights that share a scale, in the order
// of the reduction, and returns integers and one scale: weight ~ scale * code. Integers up to
// kNarrowLimit run on 8-bit kernels as they are; integers up to kWideLimit are split into two 8-bit
// planes. All weights must be finite. All-zero weights have scale 1.
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

/// The largest magnitude of codes stored as i8.
inline constexpr int32_t kNarrowLimit = 127;
/// The largest magnitude of codes high * 256 + low, both i8.
inline constexpr int32_t kWideLimit = 127 * 256;

/// Weights that share a scale.
struct ScaledCodes {
  float scale = 1; ///< positive, finite, normal
  std::vector<int32_t> codes;
};

//===--- N60: power-of-two scales -----------------------------------------===//

/// The smallest power of two that is at least `scale`, which must be positive, finite
/// and normal; at most 2^127.
float powerOfTwoScale(float scale);

/// `params` of a range that begins at `lo`, with the scale raised to a power of two
/// and a matching zero point; symmetric parameters keep zero point 0.
QuantParams powerOfTwoParams(QuantParams params, double lo, CodeRange codes, bool symmetric);

//===--- N61: levels ------------------------------------------------------===//

/// Integers in ascending order, not empty; a weight is one of them times a scale.
using Levels = std::vector<int32_t>;

/// -(2^(bits-1) - 1) … 2^(bits-1) - 1, bits from 2 to 8.
Levels uniformLevels(unsigned bits);

/// The level nearest to `x`; at a tie the lower, but the even one if the levels are
/// all integers of an interval (N4).
int32_t nearestLevel(std::span<const int32_t> levels, double x);

/// How the largest weight determines the scale: it becomes the largest level; or 80
/// scales from that one down to a fifth of it are tried and the one with the least
/// squared error is taken (N23).
enum class ScaleSearch { LargestWeight, LeastError };

/// Each weight as the nearest level, with one scale for all. The largest weight corresponds to the
/// code `full`, from 1 to kWideLimit; usually that is the largest level.
ScaledCodes encodeLevels(std::span<const float> weights, std::span<const int32_t> levels, int32_t full,
                         ScaleSearch search);

//===--- N62: two levels of scales ----------------------------------------===//

struct GroupedCodes : ScaledCodes {
  std::vector<int32_t> levels, groupScales; ///< codes[i] = levels[i] * groupScales[i / size]
};

/// VS-Quant (Dai et al., arXiv 2102.04503, eq. 7): each group of `size` consecutive
/// weights (the last may be smaller) has an integer scale in 1 … maxGroupScale, times one
/// scale for all groups. Weights are rounded with the resulting scale. size > 0,
/// maxGroupScale > 0, and the largest level times maxGroupScale at most kWideLimit.
GroupedCodes encodeGroups(std::span<const float> weights, std::span<const int32_t> levels, size_t size,
                          int32_t maxGroupScale, ScaleSearch search);

/// The largest 2^M - 1 whose product with the largest of `levels` is at most kNarrowLimit.
int32_t narrowGroupScale(std::span<const int32_t> levels);

//===--- N63: NormalFloat -------------------------------------------------===//

/// The 2^bits quantiles of a normal distribution between -1 and 1, including 0 (Dettmers
/// et al., QLoRA, arXiv 2305.14314, section 3), bits from 2 to 8.
std::vector<double> normalFloat(unsigned bits);
/// The same in steps of 1/127, without duplicates.
Levels normalFloatLevels(unsigned bits);

//===--- N64: logarithms --------------------------------------------------===//

/// LogQuant (Miyashita et al., arXiv 1603.01025, eq. 8): the exponent to which |x| is rounded
/// in the logarithmic domain, at most fullScale - 1; nullopt for zero and for values that round
/// to 2^(fullScale - 2^bits) or less.
std::optional<int> logExponent(double x, unsigned bits, int fullScale);

/// Sign and exponent in `bits` bits: weights are 0 or ±2^e. The full scale is the one
/// whose largest exponent is that of the rounded largest weight, or the next smaller
/// one if that has the smaller error. bits from 2 to 5.
ScaledCodes encodeLog(std::span<const float> weights, unsigned bits, ScaleSearch search);
/// The codes of encodeLog: 0 and powers of two up to 2^(2^(bits-1) - 2), with both signs.
Levels logLevels(unsigned bits);

/// 0 and ±2^(-k/2) times a largest level of 127 (bits up to 4) or kWideLimit: powers of the square root
/// of two as integers (RepQ-ViT's quantizer, arXiv 2212.08254, eq. 18). bits from 2 to 5.
Levels logSqrtLevels(unsigned bits);

//===--- N65, N66: ternary, binary ----------------------------------------===//

/// Codes -1, 0, 1 and the scale with the least squared error over all thresholds (Li and
/// Liu, Ternary Weight Networks, arXiv 1605.04711, eq. 5).
ScaledCodes encodeTernary(std::span<const float> weights);

/// The sign, +1 for 0, and the mean magnitude (Rastegari et al., XNOR-Net, arXiv
/// 1603.05279, eq. 6).
ScaledCodes encodeBinary(std::span<const float> weights);

//===--- N67, N68: codebooks ----------------------------------------------===//

/// A value and its weight.
struct WeightedValue {
  double value, weight;
};

/// At most `count` centers with the least weighted squared distance, ascending: k-means in one
/// dimension, solved exactly by dynamic programming (Wu, 1991; Grønlund et al., arXiv 1701.07204).
/// More than 2^14 distinct values are first merged into that many cells.
std::vector<double> optimalCenters(std::vector<WeightedValue> values, size_t count);

/// The means of at most 2^bits parts with equal numbers of values, by recursive splits at the
/// median; equal values stay together (Zhou et al., Balanced Quantization, arXiv 1706.07145).
std::vector<double> balancedCenters(std::vector<double> values, unsigned bits);

/// Centers of weights between -1 and 1, as levels in steps of 1/127.
Levels centersToLevels(std::span<const double> centers);

//===--- N69, N70: shared exponents ---------------------------------------===//

/// An element of the OCP Microscaling (MX) formats, v1.0: signed floating point or, if
/// exponentBits is 0, a multiple of 2^-mantissaBits below 2.
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

/// Weights rounded to an MX format with blocks of `size` (OCP MX v1.0, section 6.3).
std::vector<double> roundToBlocks(std::span<const float> weights, const ElementFormat &format, size_t size);

/// Shared microexponents (Rouhani et al., arXiv 2302.08007, section 3): blocks of 16 share an
/// 8-bit exponent, pairs share one more bit, and each element has a sign and `mantissaBits`
/// bits: 7 for MX9, 4 for MX6, 2 for MX4.
std::vector<double> roundToMicroexponents(std::span<const float> weights, unsigned mantissaBits);

//===--- N71: integers for multiples of powers of two ---------------------===//

struct LatticeCodes : ScaledCodes {
  size_t rounded = 0; ///< values that are not multiples of the scale
};

/// `values` as multiples of the largest power of two that divides them all; of a larger one,
/// rounded half to even, if a code would exceed `limit` or the sum of the codes' magnitudes
/// `sumLimit`, both at least 1.
LatticeCodes latticeCodes(std::span<const double> values, int32_t limit, double sumLimit);

/// The codes up to kWideLimit that a block's elements can have at `scale`, a power of two: multiples
/// of `scale`, rounded half to even like those of latticeCodes.
Levels elementLevels(const ElementFormat &format, int sharedExponent, float scale);
/// The same for each pair of roundToMicroexponents.
std::vector<Levels> microexponentLevels(std::span<const float> weights, unsigned mantissaBits, float scale);

//===--- N72: clusters of channels ----------------------------------------===//

/// Reduces `magnitudes` to at most `count` different ones by clustering their logarithms
/// (N67): each channel gets the largest magnitude of its cluster. Zeros stay zeros.
std::vector<double> clusterMagnitudes(std::span<const double> magnitudes, size_t count);

} // namespace narrow::numerics

#endif
