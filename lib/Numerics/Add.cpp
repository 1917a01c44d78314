//===- Add.cpp - Addition at a common scale -------------------------------===//
#include "narrow/Numerics/Add.h"
#include <algorithm>
#include <cmath>

using namespace narrow::numerics;

/// Largest |applyScale(x, scale)| over |x| <= limit; at most 2^30 + 1.
static int64_t scaledLimit(int64_t limit, Multiplier scale) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(limit) * scale.value())) + 1;
}

static std::optional<AddMultipliers> tryShift(double s1, double s2, double sy, int64_t max1, int64_t max2,
                                              int leftShift) {
  double scale = std::ldexp(std::max(s1, s2), 1 - leftShift);
  auto lhs = computeMultiplier(s1 / scale), rhs = computeMultiplier(s2 / scale),
       out = computeMultiplier(scale / sy);
  if (!lhs || !rhs || !out || !fitsApplyScale(max1, *lhs) || !fitsApplyScale(max2, *rhs))
    return std::nullopt;
  // No overflow: fitsApplyScale keeps a term within 2^30, and the one of the
  // larger scale, whose factor is a power of two, within 2^29.
  int64_t sum = scaledLimit(max1, *lhs) + scaledLimit(max2, *rhs);
  if (!fitsApplyScale(sum, *out))
    return std::nullopt;
  return AddMultipliers{*lhs, *rhs, *out, leftShift, scale};
}

std::optional<AddMultipliers> narrow::numerics::addMultipliers(double s1, double s2, double sy, int64_t max1,
                                                               int64_t max2) {
  for (double scale : {s1, s2, sy})
    if (!std::isfinite(scale) || scale <= 0)
      return std::nullopt;
  if (max1 < 0 || max2 < 0)
    return std::nullopt;
  for (int leftShift = 20; leftShift >= 0; --leftShift)
    if (auto found = tryShift(s1, s2, sy, max1, max2, leftShift))
      return found;
  return std::nullopt;
}
