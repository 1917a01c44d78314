//===- FixedPointTest.cpp - Rules N10 to N14 ------------------------------===//
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
constexpr int32_t lowest = std::numeric_limits<int32_t>::min();
constexpr int32_t highest = std::numeric_limits<int32_t>::max();

int32_t single(int32_t x, Multiplier m) { return applyScale(x, m, RescaleRounding::Single); }
int32_t twice(int32_t x, Multiplier m) { return applyScale(x, m, RescaleRounding::Double); }
} // namespace

TEST(FixedPoint, ComputeMultiplier) {
  struct Row {
    double factor;
    int32_t multiplier, shift;
  };
  for (Row row : {Row{0.0072474273418460, 1992157658, 38}, Row{0.5, 1 << 30, 31}, Row{0.75, 1610612736, 31},
                  Row{1.0, 1 << 30, 30}, Row{1.5, 1610612736, 30}, Row{0.999999999999, 1 << 30, 30},
                  Row{1.0 / 3, 1431655765, 32}, Row{0.008, 1099511628, 37}, Row{0.0, 0, 31},
                  // Up to 2^-32 the multiplier is full; each halving then costs a bit.
                  Row{0x1p-32, 1 << 30, 62}, Row{0x1p-33, 1 << 29, 62}, Row{0x1p-62, 1, 62},
                  Row{0x1p-63, 0, 62}, Row{5e-324, 0, 62}, Row{0x1p28, 1 << 30, 2},
                  Row{std::nextafter(0x1p29, 0) * (1 - 0x1p-31), highest, 2}}) {
    auto m = computeMultiplier(row.factor);
    ASSERT_TRUE(m) << row.factor;
    EXPECT_EQ(m->multiplier, row.multiplier) << row.factor;
    EXPECT_EQ(m->shift, row.shift) << row.factor;
    EXPECT_TRUE(m->valid());
  }
}

TEST(FixedPoint, FactorsWithoutMultiplier) {
  for (double factor : {-1.0, -5e-324, double(NAN), double(INFINITY), -double(INFINITY), 0x1p29, 1e300,
                        // Rounds up to 2^29.
                        std::nextafter(0x1p29, 0)})
    EXPECT_FALSE(computeMultiplier(factor)) << factor;
  EXPECT_TRUE(computeMultiplier(-0.0));
  EXPECT_FALSE(computeMultiplier16(0x1p13));
  EXPECT_TRUE(computeMultiplier16(0x1p12));
  EXPECT_FALSE(quantizeMultiplier(0x1p30));
  EXPECT_FALSE(quantizeMultiplier(NAN));
}

TEST(FixedPoint, QuantizeMultiplierOfTflite) {
  auto small = quantizeMultiplier(0x1p-32), none = quantizeMultiplier(0x1p-33),
       seventh = quantizeMultiplier(0.0072474273418460);
  EXPECT_EQ(small->multiplier, 1 << 30);
  EXPECT_EQ(small->exponent, -31);
  EXPECT_EQ(none->multiplier, 0);
  EXPECT_EQ(none->exponent, 0);
  EXPECT_EQ(seventh->multiplier, 1992157658);
  EXPECT_EQ(seventh->exponent, -7);
}

TEST(FixedPoint, ComputeMultiplier16) {
  auto m = computeMultiplier16(1.0 / 3);
  EXPECT_EQ(m->multiplier, 21845); // 2/3 * 2^15 = 21845.33
  EXPECT_EQ(m->shift, 16);
  EXPECT_EQ(computeMultiplier16(0.99999999)->multiplier, 1 << 14);
  EXPECT_EQ(applyScale16(int64_t{3} << 40, *m), static_cast<int32_t>((int64_t{3} << 40) * 21845 >> 16));
  EXPECT_EQ(applyScale16(-3, *m), -1);
  // The widest operands: 48 bits by 15, largest shift.
  EXPECT_EQ(applyScale16(-(int64_t{1} << 47), {32767, 62}), -1);
}

TEST(FixedPoint, ApplyScaleVectors) {
  Multiplier m = *computeMultiplier(0.0072474273418460);
  struct Row {
    int32_t x, y;
  };
  for (Row row : {Row{1, 0}, Row{-1, 0}, Row{69, 1}, Row{-69, -1}, Row{1000, 7}, Row{-1000, -7},
                  Row{12345, 89}, Row{-12345, -89}, Row{highest, 15563732}, Row{lowest, -15563732}}) {
    EXPECT_EQ(single(row.x, m), row.y);
    EXPECT_EQ(twice(row.x, m), row.y);
    EXPECT_EQ(multiplyByQuantizedMultiplier(row.x, m.multiplier, 31 - m.shift), row.y);
    EXPECT_EQ(multiplyByQuantizedMultiplierSingle(row.x, m.multiplier, 31 - m.shift), row.y);
  }
}

TEST(FixedPoint, Ties) {
  struct Row {
    int32_t x;
    int exponent;
    int32_t tflite, once, tosaDouble;
  };
  for (Row row : {Row{1, 0, 1, 1, 1}, Row{-1, 0, 0, 0, 0}, Row{3, 0, 2, 2, 2}, Row{-3, 0, -1, -1, -1},
                  Row{1, -1, 1, 0, 1}, Row{2, -1, 1, 1, 1}, Row{-2, -1, -1, 0, -1}, Row{6, -1, 2, 2, 2},
                  Row{-6, -1, -2, -1, -2}, Row{-1, -1, 0, 0, 0}}) {
    Multiplier m{1 << 30, 31 - row.exponent};
    EXPECT_EQ(multiplyByQuantizedMultiplier(row.x, m.multiplier, row.exponent), row.tflite) << row.x;
    EXPECT_EQ(multiplyByQuantizedMultiplierSingle(row.x, m.multiplier, row.exponent), row.once) << row.x;
    EXPECT_EQ(single(row.x, m), row.once) << row.x;
    EXPECT_EQ(twice(row.x, m), row.tosaDouble) << row.x;
  }
}

TEST(FixedPoint, Extremes) {
  EXPECT_EQ(multiplyByQuantizedMultiplier(lowest, highest, 0), -2147483647);
  EXPECT_EQ(multiplyByQuantizedMultiplier(lowest, lowest, 0), highest);
  // TFLite's left shift wraps.
  EXPECT_EQ(multiplyByQuantizedMultiplier(highest, 1 << 30, 1), -1);
  // Largest product and round term.
  EXPECT_EQ(twice(lowest, {highest, 62}), -1);
  EXPECT_EQ(twice(highest, {highest, 62}), 1);
  EXPECT_FALSE((Multiplier{-1, 40}).valid());
  EXPECT_FALSE((Multiplier{1, 63}).valid());
  EXPECT_FALSE((Multiplier{1, 1}).valid());
}

// Every factor of an 8-bit requantization rounds a product exactly half up.
TEST(FixedPoint, ExhaustiveAtEightBits) {
  for (int32_t multiplier : {1 << 30, (1 << 30) + 1, 1431655765, 1992157658, highest})
    for (int shift = 2; shift <= 62; ++shift)
      for (int x = -255; x <= 255; ++x) {
        Multiplier m{multiplier, shift};
        if (!fitsApplyScale(std::abs(x), m))
          continue;
        // |x * multiplier| < 2^40: exact in double.
        double exact = std::ldexp(static_cast<double>(x) * multiplier, -shift);
        ASSERT_EQ(single(x, m), round(exact, Rounding::HalfUp)) << x << " " << multiplier << " " << shift;
      }
}

RC_GTEST_PROP(FixedPoint, MultiplierIsNearest, ()) {
  int exponent = *rc::gen::inRange(-31, 29);
  double factor = std::ldexp(1 + *rc::gen::inRange<int64_t>(0, int64_t{1} << 52) * 0x1p-52, exponent);
  auto m = computeMultiplier(factor);
  if (!m) {
    RC_ASSERT(factor > 0x1p29 * (1 - 0x1p-31));
    return;
  }
  RC_ASSERT(m->valid());
  RC_ASSERT(m->multiplier >= 1 << 30);
  RC_ASSERT(std::fabs(m->value() - factor) <= factor * 0x1p-31);
}

static Multiplier anyMultiplier(int &exponent) {
  exponent = *rc::gen::inRange(-31, 9);
  int32_t multiplier = *rc::gen::inRange(1 << 30, highest);
  if (*rc::gen::inRange(0, 4) == 0)
    multiplier = 1 << 30; // ties
  return {multiplier, 31 - exponent};
}

RC_GTEST_PROP(FixedPoint, TosaDoubleIsTfliteDouble, ()) {
  int exponent;
  Multiplier m = anyMultiplier(exponent);
  int32_t bound = exponent > 0 ? highest >> exponent : highest; // TFLite wraps beyond
  int32_t x = *rc::gen::inRange(-bound, bound);
  RC_ASSERT(twice(x, m) == multiplyByQuantizedMultiplier(x, m.multiplier, exponent));
  RC_ASSERT(single(x, m) == multiplyByQuantizedMultiplierSingle(x, m.multiplier, exponent));
  RC_ASSERT(std::abs(int64_t{single(x, m)} - twice(x, m)) <= 1);
}

RC_GTEST_PROP(FixedPoint, Monotone, ()) {
  int exponent;
  Multiplier m = anyMultiplier(exponent);
  int32_t bound = exponent > 0 ? highest >> (exponent + 1) : highest;
  int32_t a = *rc::gen::inRange(-bound, bound), b = *rc::gen::inRange(-bound, bound);
  RC_PRE(a <= b);
  RC_ASSERT(single(a, m) <= single(b, m));
  RC_ASSERT(twice(a, m) <= twice(b, m));
}

// N25: one shift for all channels.
TEST(ComputeMultipliers, ShareTheShiftOfTheLargest) {
  std::vector<double> factors{0.25, 0.001, 1e-9};
  auto m = computeMultipliers(factors, 62);
  ASSERT_TRUE(m);
  EXPECT_EQ((*m)[0], (Multiplier{1 << 30, 32})); // as N10 has it
  EXPECT_EQ((*m)[1], (Multiplier{4294967, 32}));
  EXPECT_EQ((*m)[2], (Multiplier{4, 32}));
  m = computeMultipliers(factors, 31);
  ASSERT_TRUE(m);
  EXPECT_EQ((*m)[0], (Multiplier{1 << 29, 31}));
}

TEST(ComputeMultipliers, RefuseWhatHasNone) {
  EXPECT_FALSE(computeMultipliers(std::vector<double>{}, 62));
  EXPECT_FALSE(computeMultipliers(std::vector<double>{0.5, NAN}, 62));
  EXPECT_FALSE(computeMultipliers(std::vector<double>{0.5, -1.0}, 62));
  EXPECT_FALSE(computeMultipliers(std::vector<double>{0x1p29, 1.0}, 62));
}

// Rounds up to a power of two: the multiplier must not reach 2^31.
TEST(ComputeMultipliers, StayBelowTwoToTheThirtyOne) {
  auto m = computeMultipliers(std::vector<double>{0.999999999999, 0.5}, 62);
  ASSERT_TRUE(m);
  EXPECT_EQ((*m)[0], (Multiplier{1 << 30, 30}));
  EXPECT_EQ((*m)[1], (Multiplier{1 << 29, 30}));
}

// The error that sharing costs: at most half a unit of the shift for each unit of the value.
RC_GTEST_PROP(ComputeMultipliers, AreNearTheFactors, ()) {
  auto exponents = *rc::gen::container<std::vector<int>>(5, rc::gen::inRange(-30, 20));
  std::vector<double> factors;
  for (int exponent : exponents)
    factors.push_back(std::ldexp(*rc::gen::inRange(1000, 2000), exponent - 11));
  int maxShift = *rc::gen::inRange(20, 62);
  auto m = computeMultipliers(factors, maxShift);
  RC_ASSERT(m.has_value());
  for (size_t i = 0; i < factors.size(); ++i) {
    RC_ASSERT((*m)[i].valid());
    RC_ASSERT((*m)[i].shift == m->front().shift);
    RC_ASSERT((*m)[i].shift <= maxShift);
    RC_ASSERT(std::fabs((*m)[i].value() - factors[i]) <= std::ldexp(0.5, -(*m)[i].shift));
  }
}

// N26: 15 bits of the multiplier, and as many shifts as TOSA's precondition allows.
RC_GTEST_PROP(FastMultipliers, AreNearTheFactors, ()) {
  auto exponents = *rc::gen::container<std::vector<int>>(4, rc::gen::inRange(-30, -2));
  std::vector<double> factors;
  for (int exponent : exponents)
    factors.push_back(std::ldexp(*rc::gen::inRange(1024, 2048), exponent - 11));
  auto fast = computeFastMultipliers(factors);
  RC_ASSERT(fast.has_value());
  double most = *std::max_element(factors.begin(), factors.end());
  RC_ASSERT(fast->bits == (most >= 0x1p-6 && most < 0x1p-5 ? 5 : 6));
  for (size_t i = 0; i < factors.size(); ++i) {
    auto [multiplier, shift] = fast->channels[i];
    RC_ASSERT(multiplier >= 1 << 14 && multiplier < 1 << 15);
    RC_ASSERT(shift >= -4 && shift <= 30);
    double value = std::ldexp(multiplier, -15 - fast->bits - shift);
    RC_ASSERT(std::fabs(value - factors[i]) <= factors[i] * 0x1p-15);
  }
}

TEST(FastMultipliers, RefuseWhatHasNone) {
  EXPECT_FALSE(computeFastMultipliers(std::vector<double>{0.25}));
  EXPECT_FALSE(computeFastMultipliers(std::vector<double>{0.001, 0x1p-40}));
  EXPECT_FALSE(computeFastMultipliers(std::vector<double>{NAN}));
  EXPECT_TRUE(computeFastMultipliers(std::vector<double>{0.2}));
}

// The code differs from the exact one by one at most, and seldom.
TEST(FastMultipliers, AreOffByOneAtMost) {
  for (double factor : {0.0031, 0.0155, 0.0257, 0.11, 1e-5}) {
    auto fast = computeFastMultipliers(std::vector<double>{factor});
    ASSERT_TRUE(fast);
    auto [multiplier, shift] = fast->channels[0];
    Multiplier exact = *computeMultiplier(factor);
    auto word = [](int64_t x) { return static_cast<int32_t>(std::clamp<int64_t>(x, -32768, 32767)); };
    int64_t reach = std::llround(255 / factor), step = std::max<int64_t>(1, reach / 20000);
    int differ = 0, all = 0;
    for (int64_t acc = -reach; acc <= reach; acc += step, ++all) {
      int32_t x = word(applyScale(acc, {1 << 30, 30 + shift}, RescaleRounding::Single));
      int32_t w = word(applyScale16(x, {multiplier, 15}));
      int32_t y = applyScale16(w, {1 << 14, 14 + fast->bits});
      int32_t expected = applyScale(acc, exact, RescaleRounding::Single);
      ASSERT_LE(std::abs(y - expected), 1) << factor << " " << acc;
      differ += y != expected;
    }
    EXPECT_LT(differ, all * 0.025) << factor;
  }
}
