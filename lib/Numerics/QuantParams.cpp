//===- QuantParams.cpp - Scale and zero point -----------------------------===//
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cfloat>
#include <cmath>

using namespace narrow::numerics;

namespace {
void setNote(RangeNote *note, RangeNote value) {
  if (note)
    *note = value;
}

/// `scale` as an f32 that is normal and finite, so that x / scale never divides
/// by a denormal that a CPU may flush to zero (N9).
float normalScale(double scale) {
  return static_cast<float>(std::clamp(scale, static_cast<double>(FLT_MIN), static_cast<double>(FLT_MAX)));
}

QuantParams withoutScale(CodeRange codes) { return {1.0f, saturate(0, codes.min, codes.max)}; }

/// `rounded + zeroPoint` clamped to the codes. Clamps before the conversion to
/// an integer, which is undefined for values out of range.
int64_t toCode(double rounded, int64_t zeroPoint, CodeRange codes) {
  if (std::isnan(rounded))
    return saturate(zeroPoint, codes.min, codes.max);
  if (rounded <= static_cast<double>(codes.min - zeroPoint))
    return codes.min;
  if (rounded >= static_cast<double>(codes.max - zeroPoint))
    return codes.max;
  return static_cast<int64_t>(rounded) + zeroPoint;
}
} // namespace

QuantParams narrow::numerics::asymmetricParams(double lo, double hi, CodeRange codes, RangeNote *note) {
  if (!std::isfinite(lo) || !std::isfinite(hi) || lo > hi || codes.min >= codes.max) {
    setNote(note, RangeNote::Invalid);
    return withoutScale(codes);
  }
  RangeNote found = lo > 0 || hi < 0 ? RangeNote::Widened : RangeNote::None;
  if (lo == hi)
    found = lo == 0 ? RangeNote::AllZero : RangeNote::Constant;
  setNote(note, found);
  if (found == RangeNote::AllZero)
    return withoutScale(codes);

  lo = std::min(lo, 0.0);
  hi = std::max(hi, 0.0);
  // Halved first, because hi - lo may overflow for ranges beyond f32.
  double exact = (hi / 2 - lo / 2) / (static_cast<double>(codes.max - codes.min) / 2);
  if (exact < FLT_MIN && found == RangeNote::None)
    setNote(note, RangeNote::Widened);
  QuantParams params;
  params.scale = normalScale(exact);
  double offset = round(lo / params.scale, Rounding::HalfEven);
  params.zeroPoint = toCode(-offset, codes.min, codes);
  return params;
}

QuantParams narrow::numerics::symmetricParams(double amax, CodeRange codes, RangeNote *note) {
  if (!std::isfinite(amax) || amax < 0 || codes.max <= 0) {
    setNote(note, RangeNote::Invalid);
    return {1.0f, 0};
  }
  if (amax == 0) {
    setNote(note, RangeNote::AllZero);
    return {1.0f, 0};
  }
  double exact = amax / static_cast<double>(codes.max);
  setNote(note, exact < FLT_MIN ? RangeNote::Widened : RangeNote::None);
  return {normalScale(exact), 0};
}

int64_t narrow::numerics::quantize(float x, QuantParams params, CodeRange codes) {
  float quotient = x / params.scale;
  return toCode(round(quotient, Rounding::HalfEven), params.zeroPoint, codes);
}

int64_t narrow::numerics::quantizeDouble(double x, QuantParams params, CodeRange codes) {
  return toCode(round(x / params.scale, Rounding::HalfEven), params.zeroPoint, codes);
}

float narrow::numerics::dequantize(int64_t code, QuantParams params) {
  return static_cast<float>(code - params.zeroPoint) * params.scale;
}

double narrow::numerics::dequantizeDouble(int64_t code, QuantParams params) {
  return static_cast<double>(code - params.zeroPoint) * params.scale;
}
