//===- Add.cpp - Addition at a common scale -------------------------------===//
#include "narrow/Numerics/Add.h"
#include <cmath>

using namespace narrow::numerics;

namespace {
/// TOSA requires |x| < 2^(shift - 1), and 8-bit codes minus their zero point have up to 9 bits.
constexpr int codesShift = 10;
} // namespace

std::optional<Multiplier> narrow::numerics::addCodesMultiplier(double factor, int fractionBits) {
  constexpr double most = 1 << (31 - codesShift), codes = 255;
  double whole = std::nearbyint(factor);
  if (!(whole > 0 && whole < most) || std::abs(whole - factor) * codes > std::ldexp(1, fractionBits - 8))
    return std::nullopt;
  return Multiplier{static_cast<int32_t>(whole) << codesShift, codesShift};
}

bool narrow::numerics::fitsAddTerm(int64_t limit, Multiplier factor) {
  return fitsApplyScale(2 * limit, factor);
}
