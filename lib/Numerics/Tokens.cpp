//===- Tokens.cpp - Per-token scales in integers --------------------------===//
#include "narrow/Numerics/Tokens.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cmath>

using namespace narrow::numerics;

int32_t narrow::numerics::tokenMaximum(std::span<const int16_t> token) {
  int32_t most = 1;
  for (int32_t x : token)
    most = std::max(most, std::abs(x));
  return most;
}

int32_t narrow::numerics::quantizeToken(int32_t x, int32_t maximum, int32_t largest) {
  int64_t reciprocal = (int64_t{largest} << tokenFractionBits) / maximum;
  return static_cast<int32_t>(roundingShiftRight(x * reciprocal, tokenFractionBits));
}

int32_t narrow::numerics::rescaleToken(int32_t sum, int32_t maximum, int shift) {
  int64_t product = int64_t{sum} * maximum;
  return static_cast<int32_t>(shift ? roundingShiftRight(product, shift) : product);
}

int narrow::numerics::tokenShift(int64_t largestSum, double largestBias, int32_t largest) {
  constexpr int64_t productLimit = int64_t{1} << 29;
  constexpr double biasLimit = int64_t{1} << 30;
  // At a shift of 7 the unit is about a 16-bit code times a weight code; no more
  // precision is given up for a bias.
  constexpr int mostForBias = 7;
  int shift = 0;
  while ((largestSum * tokenMaximumLimit) >> shift > productLimit)
    ++shift;
  while (shift < mostForBias && std::ldexp(largestBias * largest, -shift) > biasLimit)
    ++shift;
  return shift;
}

void narrow::numerics::roundToken(std::span<const float> token, int32_t largest, std::span<float> rounded) {
  float most = 0;
  bool finite = true;
  for (float x : token) {
    most = std::max(most, std::abs(x));
    finite &= std::isfinite(x);
  }
  float scale = most / static_cast<float>(largest);
  for (size_t i = 0; i < token.size(); ++i)
    rounded[i] = finite && scale > 0 ? scale * static_cast<float>(round(token[i] / scale, Rounding::HalfEven))
                                     : token[i];
}
