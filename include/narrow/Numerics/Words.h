//===- Words.h - 16-bit codes in 8-bit arithmetic ---------------*- C++ -*-===//
//
// Rules N80 and N81 of docs/numerics.md: a 16-bit code as two 8-bit codes, and the
// sums of products of such parts in 32 bits.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_WORDS_H
#define NARROW_NUMERICS_WORDS_H

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace narrow::numerics {

/// Two 8-bit codes that form a 16-bit code.
struct Bytes {
  int8_t high = 0, low = 0;
  bool operator==(const Bytes &) const = default;
};

/// The zero point of the low bytes of an activation; that of the high bytes is 0.
inline constexpr int64_t lowByteZeroPoint = -128;

/// An activation (N80): x = 256 * high + (low - lowByteZeroPoint).
constexpr Bytes splitActivation(int16_t x) {
  return {static_cast<int8_t>(x >> 8), static_cast<int8_t>(x ^ 128)};
}

/// The range that splitWeight accepts: beyond it the high part has more than 8 bits.
inline constexpr int64_t mostWideWeight = 127 * 256 + 127, leastWideWeight = -128 * 256 - 128;

/// A weight (N80): w = 256 * high + low, low in [-128, 127].
constexpr Bytes splitWeight(int64_t w) {
  int64_t high = (w + 128) >> 8;
  return {static_cast<int8_t>(high), static_cast<int8_t>(w - high * 256)};
}

/// For one output channel, the largest magnitudes, over all activations, of the sums
/// with units 2^0, 2^8 and 2^16 (0: no such sum).
using PlaneBounds = std::array<int64_t, 3>;

/// Bounds of a channel with these weights (split if `isWide`), 16-bit activations and
/// this bias, which is part of the first sum.
PlaneBounds planeBounds(std::span<const int64_t> weights, bool isWide, int64_t bias);

/// The unit 2^k in which the sums of all channels are added (N81): the smallest k at which
/// no channel reaches 2^30. nullopt if one of the sums needs more than 31 bits.
std::optional<int> planeShift(std::span<const PlaneBounds> channels);

} // namespace narrow::numerics

#endif
