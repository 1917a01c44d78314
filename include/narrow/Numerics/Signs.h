//===- Signs.h - Products of signs ------------------------------*- C++ -*-===//
//
// Rules N66 and N75 of docs/numerics.md (Rastegari et al., XNOR-Net, arXiv 1603.05279).
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_SIGNS_H
#define NARROW_NUMERICS_SIGNS_H

#include "narrow/Numerics/Histogram.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace narrow::numerics {

/// Number of signs in one word.
inline constexpr size_t signsPerWord = 32;

/// One bit per value, 1 where it is below 0, starting at the lowest bit of the first
/// word. Bits after the last value are 0.
std::vector<uint32_t> packSigns(std::span<const float> values);

/// The sum of the products of `count` signs: count - 2 * popcount(a xor b). Both are results of
/// packSigns with the same number of words.
int64_t dotSigns(std::span<const uint32_t> a, std::span<const uint32_t> b, int64_t count);

/// Mean |x|, the factor with the least squared error for sign(x). Values count as the
/// middle of their bin; 0 for an empty histogram.
double meanMagnitude(const Histogram &histogram);

} // namespace narrow::numerics

#endif
