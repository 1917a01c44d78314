//===- WordsTest.cpp - 16-bit codes in arithmetic of 8 bits: N80, N81 -----===//
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Words.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

TEST(Words, Examples) {
  EXPECT_EQ(splitActivation(0), (Bytes{0, -128}));
  EXPECT_EQ(splitActivation(-1), (Bytes{-1, 127}));
  EXPECT_EQ(splitActivation(300), (Bytes{1, -84}));
  EXPECT_EQ(splitActivation(-300), (Bytes{-2, 84}));
  EXPECT_EQ(splitActivation(32767), (Bytes{127, 127}));
  EXPECT_EQ(splitActivation(-32768), (Bytes{-128, -128}));
  EXPECT_EQ(splitWeight(300), (Bytes{1, 44}));
  EXPECT_EQ(splitWeight(128), (Bytes{1, -128}));
}

TEST(Words, EveryActivation) {
  for (int x = -32768; x <= 32767; ++x) {
    Bytes parts = splitActivation(static_cast<int16_t>(x));
    ASSERT_EQ(256 * parts.high + (parts.low - lowByteZeroPoint), x);
  }
}

TEST(Words, EveryWeight) {
  for (int64_t w = leastWideWeight; w <= mostWideWeight; ++w) {
    Bytes parts = splitWeight(w);
    ASSERT_EQ(256 * int64_t{parts.high} + parts.low, w);
  }
}

TEST(Words, Bounds) {
  const int64_t weights[] = {3, -5, 100};
  EXPECT_EQ(planeBounds(weights, false, -7), (PlaneBounds{108 * 255 + 7, 108 * 128, 0}));
  const int64_t wide[] = {300, -128}; // 1 and 44; 0 and -128
  EXPECT_EQ(planeBounds(wide, true, 0), (PlaneBounds{172 * 255, 172 * 128 + 255, 128}));
  EXPECT_EQ(planeBounds({}, false, 0), (PlaneBounds{0, 0, 0}));
}

TEST(Words, Shift) {
  auto shift = [](int64_t sum, int64_t bias = 0) {
    const PlaneBounds channels[] = {{0, 0, 0}, {sum * 255 + bias, sum * 128, 0}};
    return planeShift(channels);
  };
  EXPECT_EQ(shift(0), 0);
  EXPECT_EQ(shift(1000), 0);
  EXPECT_EQ(shift(32514), 0); // (256 * 128 + 255) * 32514 is below 2^30
  EXPECT_EQ(shift(32515), 1);
  EXPECT_EQ(shift(127 * 4608), 5);          // 3 x 3 x 512 weights of 127
  EXPECT_EQ(shift(1, int64_t{1} << 30), 2); // 2^30 itself has no room beside it
  EXPECT_EQ(shift(8421504), 10);
  EXPECT_EQ(shift(8421505), std::nullopt); // 31 bits are not enough for the sum of the low bytes
  EXPECT_EQ(planeShift({}), 0);
}

/// The sum as code computes it: N81.
static int32_t sumPlanes(int64_t low, int64_t middle, int64_t high, int k) {
  int64_t sums[] = {low, middle, high}, total = 0;
  for (int plane = 0; plane != 3; ++plane) {
    int up = 8 * plane - k;
    total += up >= 0
                 ? sums[plane] << up
                 : applyScale(static_cast<int32_t>(sums[plane]), {1 << 30, 30 - up}, RescaleRounding::Single);
  }
  RC_ASSERT(std::abs(total) < int64_t{1} << 30);
  return static_cast<int32_t>(total);
}

// Whatever the codes, no sum leaves its bounds, and the total is the exact sum in units of 2^k.
RC_GTEST_PROP(Words, SumsAreExact, ()) {
  bool wide = *rc::gen::arbitrary<bool>();
  auto weightOf = wide ? rc::gen::inRange<int64_t>(leastWideWeight, mostWideWeight + 1)
                       : rc::gen::inRange<int64_t>(-128, 128);
  auto weights = *rc::gen::container<std::vector<int64_t>>(weightOf);
  // Few values of everything make the extremes likely.
  int64_t copies = *rc::gen::element<int64_t>(1, 10, 3000);
  auto bias = *rc::gen::inRange<int64_t>(-(1 << 30), (1 << 30) + 1);
  std::vector<int64_t> all;
  for (int64_t i = 0; i != copies; ++i)
    all.insert(all.end(), weights.begin(), weights.end());
  PlaneBounds bounds = planeBounds(all, wide, bias);
  const PlaneBounds channels[] = {bounds};
  std::optional<int> k = planeShift(channels);
  if (!k)
    return;
  auto xs = *rc::gen::container<std::vector<int16_t>>(
      weights.size(),
      rc::gen::oneOf(rc::gen::arbitrary<int16_t>(), rc::gen::element<int16_t>(-32768, 32767)));
  int64_t low = bias, middle = 0, high = 0, exact = bias;
  for (size_t i = 0; i != all.size(); ++i) {
    int16_t x = xs[i % xs.size()];
    Bytes parts = splitActivation(x), w = splitWeight(all[i]);
    int64_t lowByte = parts.low - lowByteZeroPoint;
    exact += all[i] * x;
    low += lowByte * (wide ? w.low : all[i]);
    middle += parts.high * (wide ? w.low : all[i]) + (wide ? w.high * lowByte : 0);
    high += wide ? w.high * parts.high : 0;
    RC_ASSERT(std::abs(low) <= bounds[0] && std::abs(middle) <= bounds[1] && std::abs(high) <= bounds[2]);
  }
  double unit = std::ldexp(1.0, *k), total = sumPlanes(low, middle, high, *k);
  double error = std::abs(total - static_cast<double>(exact) / unit);
  RC_ASSERT(error <= (*k == 0 ? 0.0 : *k <= 8 ? 0.5 : 1.0));
}

// No smaller unit has room.
RC_GTEST_PROP(Words, SmallestUnit, ()) {
  auto sum = *rc::gen::inRange<int64_t>(0, 8000000);
  const PlaneBounds channels[] = {{sum * 255, sum * 128, 0}};
  std::optional<int> k = planeShift(channels);
  RC_ASSERT(k && *k <= 8);
  if (*k > 0)
    RC_ASSERT(sum * (256 * 128 + 255) >= ((int64_t{1} << 30) - 1) << (*k - 1));
}
