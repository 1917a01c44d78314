//===- Pool.cpp - Averages in integers ------------------------------------===//
#include "narrow/Numerics/Pool.h"
#include <algorithm>
#include <bit>

using namespace narrow::numerics;

Multiplier narrow::numerics::averageMultiplier(int32_t count) {
  uint32_t divisor = static_cast<uint32_t>(std::max(count, 1));
  int k = std::bit_width(divisor - 1);
  int64_t numerator = ((int64_t{1} << 30) + 1) << k;
  return {static_cast<int32_t>(numerator / divisor), 30 + k};
}

int32_t narrow::numerics::avgPoolDivide(int32_t acc, int32_t count) {
  return applyScale(acc, averageMultiplier(count), RescaleRounding::Single);
}
