//===- ArithmeticTest.cpp - Averages, bias, addition: N15, N17 to N19 -----===//
#include "narrow/Numerics/Add.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Pool.h"
#include "narrow/Numerics/Rounding.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

TEST(Pool, Multiplier) {
  EXPECT_EQ(averageMultiplier(1), (Multiplier{(1 << 30) + 1, 30}));
  EXPECT_EQ(averageMultiplier(2), (Multiplier{(1 << 30) + 1, 31}));
  EXPECT_EQ(averageMultiplier(3), (Multiplier{1431655766, 32}));  // (2^30 + 1) * 4 / 3
  EXPECT_EQ(averageMultiplier(49), (Multiplier{1402438302, 36})); // 7 x 7
  EXPECT_EQ(averageMultiplier(0), averageMultiplier(1));
  EXPECT_EQ(averageMultiplier(-5), averageMultiplier(1));
  EXPECT_TRUE(averageMultiplier(std::numeric_limits<int32_t>::max()).valid());
}

// Half away from zero, over every sum that an 8-bit pool up to 8 x 8 can have.
TEST(Pool, ExhaustiveAtEightBits) {
  for (int count = 1; count <= 64; ++count)
    for (int acc = -255 * count; acc <= 255 * count; ++acc)
      ASSERT_EQ(avgPoolDivide(acc, count), round(static_cast<double>(acc) / count, Rounding::HalfAway))
          << acc << " / " << count;
}

RC_GTEST_PROP(Pool, LargeWindows, ()) {
  int count = *rc::gen::inRange(1, 256 * 256), acc = *rc::gen::inRange(-255 * count, 255 * count + 1);
  // The reciprocal is 2^-29 too large at most: it can only move sums next to a tie.
  double exact = static_cast<double>(acc) / count;
  RC_ASSERT(std::fabs(avgPoolDivide(acc, count) - exact) <= 0.5 + 255 * 0x1p-29);
}

TEST(Bias, Codes) {
  EXPECT_EQ(biasCode(0.1f, 0.02, 0.01), 500);
  EXPECT_EQ(biasCode(-0.2f, 0.02, 0.01), -1000);
  EXPECT_EQ(biasCode(0.0f, 0.02, 0.01), 0);
  EXPECT_EQ(biasCode(2.5f, 1, 1), 2); // half to even
  EXPECT_EQ(biasCode(-3.5f, 1, 1), -4);
  EXPECT_EQ(biasCode(2147483520.0f, 1, 1), 2147483520);
  EXPECT_FALSE(biasCode(2147483648.0f, 1, 1));
  EXPECT_FALSE(biasCode(-2147483648.0f, 1, 1)); // symmetric bound
  EXPECT_FALSE(biasCode(1, 1e-30, 1e-30));
  EXPECT_FALSE(biasCode(NAN, 1, 1));
  EXPECT_FALSE(biasCode(INFINITY, 1, 1));
  EXPECT_FALSE(biasCode(1, 0, 1));
  EXPECT_FALSE(biasCode(1, -1, 1));
  EXPECT_FALSE(biasCode(101, 1, 1, 100));
}

TEST(Bias, Widening) {
  EXPECT_EQ(biasScaleFactor(1, 1, 1), 1);
  EXPECT_EQ(biasScaleFactor(INFINITY, 1, 1), INFINITY);
  EXPECT_NEAR(biasScaleFactor(4.0f, 1e-6, 1e-6), 4e12 / 2147483647.5, 1e-9);
  EXPECT_EQ(widenWeightScale(1.0f, 0.5f, 0.5f), 0.5f);
  EXPECT_FALSE(widenWeightScale(NAN, 1, 1));
  EXPECT_FALSE(widenWeightScale(3e38f, 1e-38f, 1e-38f)); // beyond f32
}

RC_GTEST_PROP(Bias, WidenedScaleIsTheSmallest, ()) {
  float bias = static_cast<float>(*rc::gen::inRange(1, 1 << 30)) * 0x1p-10f;
  float sx = static_cast<float>(*rc::gen::inRange(1, 1 << 20)) * 0x1p-40f;
  float sw = static_cast<float>(*rc::gen::inRange(1, 1 << 20)) * 0x1p-40f;
  int64_t limit = *rc::gen::inRange<int64_t>(1, int64_t{1} << 31);
  double factor = biasScaleFactor(bias, sx, sw, limit);
  RC_ASSERT(biasCode(bias, sx, double{sw} * factor, limit).has_value());
  auto scale = widenWeightScale(bias, sx, sw, limit);
  RC_ASSERT(scale.has_value());
  RC_ASSERT(*scale >= sw);
  RC_ASSERT(biasCode(bias, sx, *scale, limit).has_value());
  RC_ASSERT(*scale == sw || !biasCode(bias, sx, std::nextafter(*scale, 0.0f), limit));
}

TEST(Accumulator, ReductionLengths) {
  CodeRange s8 = CodeRange::signedBits(8, false), s8r = CodeRange::signedBits(8, true),
            u8 = CodeRange::unsignedBits(8);
  auto length = [](CodeRange a, CodeRange b) { return maxReductionLength(maxMagnitude(a), maxMagnitude(b)); };
  EXPECT_EQ(length(u8, s8), 65793);
  EXPECT_EQ(length(s8, s8), 131071);
  EXPECT_EQ(length(s8r, s8r), 133144);
  EXPECT_EQ(length(u8, u8), 33025);
  EXPECT_EQ(maxMagnitude(s8, -128), 255);
  EXPECT_EQ(maxMagnitude(s8, 127), 255);
  EXPECT_EQ(maxReductionLength(255, 0), std::numeric_limits<int64_t>::max());
}

TEST(Accumulator, MagnitudeBits) {
  EXPECT_EQ(magnitudeBits(0, 0), 0u);
  EXPECT_EQ(magnitudeBits(-128, 127), 7u);
  EXPECT_EQ(magnitudeBits(-129, 127), 8u);
  EXPECT_EQ(magnitudeBits(-1, 128), 8u);
  EXPECT_EQ(magnitudeBits(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()), 31u);
}

TEST(Accumulator, MatrixProductWithZeroPoints) {
  // W = [[.5, -1, .25], [1.5, .75, -.5]], X = [1, 2, .5] and b = [.1, -.2].
  CodeRange s8 = CodeRange::signedBits(8, false);
  QuantParams w{0.01f, 3}, x{0.02f, -10}, y{0.025f, 5};
  const float weights[2][3] = {{0.5f, -1, 0.25f}, {1.5f, 0.75f, -0.5f}}, inputs[3] = {1, 2, 0.5f};
  const float bias[2] = {0.1f, -0.2f};
  const int64_t accumulators[2] = {-6375, 11450}, codes[2] = {-46, 97};
  for (int o = 0; o < 2; ++o) {
    int64_t acc = *biasCode(bias[o], x.scale, w.scale);
    for (int k = 0; k < 3; ++k)
      acc += (quantize(weights[o][k], w, s8) - w.zeroPoint) * (quantize(inputs[k], x, s8) - x.zeroPoint);
    EXPECT_EQ(acc, accumulators[o]);
    Multiplier m = *computeMultiplier(0.008);
    for (RescaleRounding rounding : {RescaleRounding::Single, RescaleRounding::Double})
      EXPECT_EQ(saturate(applyScale(static_cast<int32_t>(acc), m, rounding) + y.zeroPoint, -128, 127),
                codes[o]);
  }
}

// The factor of a term of codes is an integer: no rounding before the sum.
TEST(Add, CodesHaveIntegerFactors) {
  auto m = addCodesMultiplier(54613.33, 16); // 0.05 / 0.06 * 2^16
  ASSERT_TRUE(m);
  EXPECT_EQ(*m, (Multiplier{54613 << 10, 10}));
  EXPECT_TRUE(fitsAddTerm(255, *m));
  EXPECT_FALSE(fitsAddTerm(256, *m)); // 2 * 256 is TOSA's limit for this shift
  for (int x = -255; x <= 255; ++x)
    ASSERT_EQ(applyScale(x, *m, RescaleRounding::Single), x * 54613);
}

TEST(Add, RefusesFactorsThatLoseTooMuch) {
  EXPECT_TRUE(addCodesMultiplier(100.5, 16));
  EXPECT_TRUE(addCodesMultiplier(100.0, 8));   // exact
  EXPECT_FALSE(addCodesMultiplier(100.5, 14)); // 127 of 2^14 is more than 2^-8
  EXPECT_FALSE(addCodesMultiplier(0.2, 16));
  EXPECT_FALSE(addCodesMultiplier(1 << 21, 16));
  EXPECT_FALSE(addCodesMultiplier(NAN, 16));
  EXPECT_FALSE(addCodesMultiplier(INFINITY, 16));
  EXPECT_FALSE(addCodesMultiplier(-300, 16));
}

// All pairs of codes: the nearest code, but for sums within 2^-7 of a tie.
TEST(Add, ExhaustiveAtEightBits) {
  for (auto [s1, s2, sy] :
       {std::tuple{0.02, 0.05, 0.06}, {0.013, 0.013, 0.013}, {1e-2, 0.7, 0.9}, {3.0, 0.1, 2.0}}) {
    double scale = std::ldexp(sy, -addFractionBits);
    auto m1 = addCodesMultiplier(s1 / scale, addFractionBits),
         m2 = addCodesMultiplier(s2 / scale, addFractionBits), out = computeMultiplier(scale / sy);
    ASSERT_TRUE(m1 && m2 && out);
    for (int a = -255; a <= 255; ++a)
      for (int b = -255; b <= 255; ++b) {
        int32_t sum =
            applyScale(a, *m1, RescaleRounding::Single) + applyScale(b, *m2, RescaleRounding::Single);
        ASSERT_NEAR(applyScale(sum, *out, RescaleRounding::Single), (s1 * a + s2 * b) / sy, 0.5 + 0x1p-7)
            << s1 << " " << a << " " << b;
      }
  }
}
