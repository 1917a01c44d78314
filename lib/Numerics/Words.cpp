//===- Words.cpp - 16-bit codes in 8-bit arithmetic -----------------------===//
#include "narrow/Numerics/Words.h"
#include <cstdlib>
#include <limits>

using namespace narrow::numerics;

PlaneBounds narrow::numerics::planeBounds(std::span<const int64_t> weights, bool isWide, int64_t bias) {
  // The largest magnitudes of an activation's parts minus their zero points.
  constexpr int64_t mostHigh = 128, mostLow = 255;
  int64_t high = 0, low = 0;
  for (int64_t weight : weights) {
    Bytes parts = isWide ? splitWeight(weight) : Bytes{};
    high += std::abs(int64_t{parts.high});
    low += isWide ? std::abs(int64_t{parts.low}) : std::abs(weight);
  }
  return {low * mostLow + std::abs(bias), low * mostHigh + high * mostLow, high * mostHigh};
}

std::optional<int> narrow::numerics::planeShift(std::span<const PlaneBounds> channels) {
  constexpr int64_t limit = int64_t{1} << 30;
  constexpr int bitsOfPlane = 8, most = 16;
  auto fits = [&](const PlaneBounds &bounds, int k) {
    int64_t total = 0;
    for (size_t plane = 0; plane != bounds.size(); ++plane) {
      int up = static_cast<int>(plane) * bitsOfPlane - k;
      if (up >= 0) {
        total += bounds[plane] << up;
        continue;
      }
      int64_t rounded = (bounds[plane] >> -up) + 1;
      if (rounded >= limit / 2) // N11's precondition for the factor 2^up
        return false;
      total += rounded;
    }
    return total < limit;
  };
  int shift = 0;
  for (const PlaneBounds &bounds : channels) {
    for (int64_t bound : bounds)
      if (bound > std::numeric_limits<int32_t>::max())
        return std::nullopt;
    while (shift < most && !fits(bounds, shift))
      ++shift;
    if (!fits(bounds, shift))
      return std::nullopt;
  }
  return shift;
}
