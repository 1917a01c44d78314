//===- Tokens.h - Per-token scales in integers ------------------*- C++ -*-===//
//
// Rules N73 and N74 of docs/numerics.md: dynamic per-token scales of activations, one for each
// row of a matrix of tokens (Yao et al., ZeroQuant, arXiv 2206.01861, 4.2; Xiao et al.,
// SmoothQuant, arXiv 2211.10438, 2), computed and applied without floats.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_TOKENS_H
#define NARROW_NUMERICS_TOKENS_H

#include <cstdint>
#include <span>

namespace narrow::numerics {

/// The largest magnitude of 16-bit codes, and of a token.
inline constexpr int32_t tokenMaximumLimit = 1 << 15;

/// k of N73. Everything fits 32 bits: |x * R| is at most 127 * 2^24.
inline constexpr int tokenFractionBits = 24;

/// Codes of at most this many bits fit N73: 127 * 2^24 + 2^23 is below 2^31.
inline constexpr unsigned tokenMaxBits = 8;

/// max(1, max |x|) over the codes of one token, in [1, 2^15]; 1 if there are none.
int32_t tokenMaximum(std::span<const int16_t> token);

/// N73: the code of `x`, in [-largest, largest], |x| <= maximum. `maximum` is the
/// tokenMaximum of its token, `largest` the largest code, in [1, 127].
int32_t quantizeToken(int32_t x, int32_t maximum, int32_t largest);

/// N74: `sum` of products of such codes times the maximum of the token, divided by 2^shift
/// and rounded half up, shift in [0, 31]. Wraps to 32 bits if it does not fit.
int32_t rescaleToken(int32_t sum, int32_t maximum, int shift);

/// The shift of N74 for sums up to `largestSum` and a bias up to `largestBias`, in units of
/// a 16-bit code times a weight code: results fit 2^29, and the bias fits 2^30 if a shift of
/// 7 is enough for that.
int tokenShift(int64_t largestSum, double largestBias, int32_t largest);

/// The simulation of N73 on real numbers: each is rounded, half to even, to a multiple of
/// the largest magnitude / `largest`. An all-zero token stays as it is; if a number is not
/// finite, all are copied.
void roundToken(std::span<const float> token, int32_t largest, std::span<float> rounded);

} // namespace narrow::numerics

#endif
