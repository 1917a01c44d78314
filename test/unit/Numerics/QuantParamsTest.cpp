//===- QuantParamsTest.cpp - Rules N4 to N9 -------------------------------===//
#include "narrow/Numerics/QuantParams.h"
#include <cfloat>
#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <vector>

using namespace narrow::numerics;

namespace {
constexpr CodeRange s8 = CodeRange::signedBits(8, false), s8r = CodeRange::signedBits(8, true),
                    u8 = CodeRange::unsignedBits(8);

std::vector<int64_t> codesOf(std::vector<float> values, QuantParams params, CodeRange codes) {
  std::vector<int64_t> result;
  for (float x : values)
    result.push_back(quantize(x, params, codes));
  return result;
}
const std::vector<float> sample{1.0f, 0.3f, -0.6f, -0.7f, 0.4f, 0.0f};
using Codes = std::vector<int64_t>;
} // namespace

TEST(QuantParams, Symmetric) {
  QuantParams params = symmetricParams(1.0, s8r);
  EXPECT_EQ(params.scale, static_cast<float>(1.0 / 127));
  EXPECT_EQ(params.zeroPoint, 0);
  EXPECT_EQ(codesOf(sample, params, s8r), (Codes{127, 38, -76, -89, 51, 0}));
  EXPECT_EQ(quantize(-1.0f, params, s8r), -127);
  // The scales of other tools keep their meaning when they are given.
  EXPECT_EQ(codesOf(sample, {1 / 128.0f, 0}, s8), (Codes{127, 38, -77, -90, 51, 0}));
  EXPECT_EQ(quantize(-1.0f, {1 / 128.0f, 0}, s8), -128);
  EXPECT_EQ(codesOf(sample, {1 / 127.5f, 0}, s8), (Codes{127, 38, -76, -89, 51, 0}));
  EXPECT_EQ(symmetricParams(5.0, s8r).scale, static_cast<float>(5.0 / 127));
}

TEST(QuantParams, PerChannel) {
  EXPECT_EQ(codesOf({1, -0.5, 0.25}, symmetricParams(1, s8r), s8r), (Codes{127, -64, 32}));
  // 0.01 is 63.5 quanta in real numbers; 0.01f / scale lies below the tie.
  EXPECT_EQ(codesOf({0.01, -0.02, 0.005}, symmetricParams(0.02, s8r), s8r), (Codes{63, -127, 32}));
}

TEST(QuantParams, Asymmetric) {
  RangeNote note;
  QuantParams params = asymmetricParams(-0.7, 1.0, s8, &note);
  EXPECT_EQ(params.scale, static_cast<float>(1.7 / 255));
  EXPECT_EQ(params.zeroPoint, -23);
  EXPECT_EQ(note, RangeNote::None);
  EXPECT_EQ(codesOf(sample, params, s8), (Codes{127, 22, -113, -128, 37, -23}));
}

TEST(QuantParams, ZeroPointTiesGoToEven) {
  EXPECT_EQ(asymmetricParams(-0.5, 254.5, u8), (QuantParams{1, 0}));
  EXPECT_EQ(asymmetricParams(-1.5, 253.5, u8), (QuantParams{1, 2}));
  EXPECT_EQ(asymmetricParams(-2.5, 252.5, s8), (QuantParams{1, -126}));
}

TEST(QuantParams, DegenerateRanges) {
  RangeNote note;
  QuantParams params = asymmetricParams(2, 3, s8, &note);
  EXPECT_EQ(note, RangeNote::Widened);
  EXPECT_EQ(params.scale, static_cast<float>(3.0 / 255));
  EXPECT_EQ(params.zeroPoint, -128);

  params = asymmetricParams(3, 3, s8, &note);
  EXPECT_EQ(note, RangeNote::Constant);
  EXPECT_EQ(params.zeroPoint, -128);
  EXPECT_EQ(quantize(3, params, s8), 127);
  EXPECT_EQ(dequantize(127, params), 3.0f);

  params = asymmetricParams(-3, -3, s8, &note);
  EXPECT_EQ(params.zeroPoint, 127);
  EXPECT_EQ(quantize(-3, params, s8), -128);
  EXPECT_EQ(dequantize(-128, params), -3.0f);

  params = asymmetricParams(0, 0, s8, &note);
  EXPECT_EQ(note, RangeNote::AllZero);
  EXPECT_EQ(params.scale, 1.0f);
  EXPECT_EQ(params.zeroPoint, 0);

  params = symmetricParams(0, s8r, &note);
  EXPECT_EQ(note, RangeNote::AllZero);
  EXPECT_EQ(params.scale, 1.0f);
  EXPECT_EQ(quantize(0, params, s8r), 0);
}

TEST(QuantParams, TinyAndHugeRangesKeepANormalScale) {
  RangeNote note;
  EXPECT_EQ(symmetricParams(1e-45, s8r, &note).scale, FLT_MIN);
  EXPECT_EQ(note, RangeNote::Widened);
  EXPECT_EQ(asymmetricParams(-1e-45, 1e-45, s8, &note).scale, FLT_MIN);
  EXPECT_EQ(note, RangeNote::Widened);
  EXPECT_EQ(asymmetricParams(-FLT_MAX, FLT_MAX, s8).scale, static_cast<float>(2.0 * FLT_MAX / 255));
  EXPECT_EQ(asymmetricParams(-DBL_MAX, DBL_MAX, s8).scale, FLT_MAX);
  EXPECT_EQ(symmetricParams(65504, s8r).scale, static_cast<float>(65504.0 / 127)); // f16's largest
}

TEST(QuantParams, InvalidInput) {
  for (auto [lo, hi] : {std::pair{double(NAN), 1.0}, {0.0, double(INFINITY)}, {2.0, 1.0}}) {
    RangeNote note = RangeNote::None;
    QuantParams params = asymmetricParams(lo, hi, u8, &note);
    EXPECT_EQ(note, RangeNote::Invalid);
    EXPECT_EQ(params.scale, 1.0f);
  }
  RangeNote note = RangeNote::None;
  symmetricParams(NAN, s8r, &note);
  EXPECT_EQ(note, RangeNote::Invalid);
  symmetricParams(1, {-5, 0}, &note);
  EXPECT_EQ(note, RangeNote::Invalid);
}

TEST(QuantParams, RoundThenZeroPointThenClamp) {
  // 0.5 rounds to 0 before an odd zero point is added; 0.5 + 3 would give 4.
  EXPECT_EQ(quantize(0.5f, {1, 3}, s8), 3);
  EXPECT_EQ(quantize(1.5f, {1, 3}, s8), 5);
  EXPECT_EQ(quantize(NAN, {1, 3}, s8), 3);
  EXPECT_EQ(quantize(INFINITY, {1, 3}, s8), 127);
  EXPECT_EQ(quantize(-INFINITY, {1, 3}, s8), -128);
  EXPECT_EQ(quantize(FLT_MAX, {FLT_MIN, 3}, s8), 127); // the quotient is infinite
  EXPECT_EQ(quantizeDouble(0.5, {1, 3}, s8), 3);
}

TEST(QuantParams, EveryCodeSurvives) {
  for (CodeRange codes : {s8, s8r, u8})
    for (float scale : {0.02f, 1.0f / 3, 1.0f, FLT_MIN, 1e30f})
      for (int64_t zeroPoint = codes.min; zeroPoint <= codes.max; ++zeroPoint)
        for (int64_t code = codes.min; code <= codes.max; ++code) {
          QuantParams params{scale, zeroPoint};
          ASSERT_EQ(quantize(dequantize(code, params), params, codes), code);
          ASSERT_EQ(quantizeDouble(dequantizeDouble(code, params), params, codes), code);
        }
}

RC_GTEST_PROP(QuantParams, RangeIsCovered, (int a, int b, unsigned shift)) {
  double lo = std::ldexp(std::min(a, b), -int(shift % 64)), hi = std::ldexp(std::max(a, b), -int(shift % 64));
  for (CodeRange codes : {s8, s8r, u8, CodeRange::signedBits(4, false), CodeRange::signedBits(16, true)}) {
    QuantParams params = asymmetricParams(lo, hi, codes);
    RC_ASSERT(params.zeroPoint >= codes.min);
    RC_ASSERT(params.zeroPoint <= codes.max);
    RC_ASSERT(dequantize(quantize(0.0f, params, codes), params) == 0.0f);
    // Rounding of the zero point moves the range by at most half a quantum, rounding of the scale to f32
    // by 2^-24 of each quantum.
    double slack = params.scale * (0.5 + std::ldexp(double(codes.max - codes.min), -24));
    RC_ASSERT(dequantizeDouble(codes.min, params) <= std::min(lo, 0.0) + slack);
    RC_ASSERT(dequantizeDouble(codes.max, params) >= std::max(hi, 0.0) - slack);
  }
}

RC_GTEST_PROP(QuantParams, ErrorIsHalfAQuantum, (int a)) {
  float x = static_cast<float>(a) * 0x1p-31f;
  QuantParams params = symmetricParams(1.0, s8r);
  RC_ASSERT(std::fabs(dequantizeDouble(quantize(x, params, s8r), params) - x) <=
            params.scale * 0.5 * (1 + 1e-5));
}
