//===- Bias.cpp - Bias codes and accumulator bounds -----------------------===//
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <bit>
#include <cmath>

using namespace narrow::numerics;

std::optional<int32_t> narrow::numerics::biasCode(float bias, double scaleX, double scaleW, int64_t limit) {
  limit = std::min<int64_t>(limit, std::numeric_limits<int32_t>::max());
  double scale = scaleX * scaleW;
  if (!(scale > 0) || limit < 0)
    return std::nullopt;
  double code = round(bias / scale, Rounding::HalfEven);
  if (!(std::fabs(code) <= static_cast<double>(limit))) // Also rejects NaN.
    return std::nullopt;
  return static_cast<int32_t>(code);
}

double narrow::numerics::biasScaleFactor(float bias, double scaleX, double scaleW, int64_t limit) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  limit = std::min<int64_t>(limit, std::numeric_limits<int32_t>::max());
  if (biasCode(bias, scaleX, scaleW, limit))
    return 1.0;
  if (!std::isfinite(bias) || !(scaleX > 0) || !(scaleW > 0) || limit < 0)
    return infinity;
  // limit + 1/2 still rounds to limit, or is a tie; the division errs by an ulp.
  double factor = std::fabs(bias) / (scaleX * scaleW) / (static_cast<double>(limit) + 0.5);
  factor = std::max(std::nextafter(factor, 0.0), 1.0);
  for (int step = 0; step < 8; ++step, factor = std::nextafter(factor, infinity))
    if (biasCode(bias, scaleX, scaleW * factor, limit))
      return factor;
  return infinity;
}

std::optional<float> narrow::numerics::widenWeightScale(float bias, float scaleX, float scaleW,
                                                        int64_t limit) {
  if (biasCode(bias, scaleX, scaleW, limit))
    return scaleW;
  float scale = static_cast<float>(scaleW * biasScaleFactor(bias, scaleX, scaleW, limit));
  if (!biasCode(bias, scaleX, scale, limit)) // Rounded down.
    scale = std::nextafter(scale, std::numeric_limits<float>::infinity());
  if (!std::isfinite(scale) || !biasCode(bias, scaleX, scale, limit))
    return std::nullopt;
  return scale;
}

int64_t narrow::numerics::maxReductionLength(int64_t a, int64_t b) {
  if (a <= 0 || b <= 0)
    return std::numeric_limits<int64_t>::max();
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  return limit / a / b; // Nested floors equal the floor of the quotient.
}

unsigned narrow::numerics::magnitudeBits(int64_t lo, int64_t hi) {
  // -2^n needs n bits, as 2^n - 1 does: the complement of a negative value.
  uint64_t magnitude = 0;
  for (int64_t x : {lo, hi})
    magnitude |= static_cast<uint64_t>(x < 0 ? ~x : x);
  return std::bit_width(magnitude);
}
