//===- SignsTest.cpp - Rules N66 and N75 ----------------------------------===//
#include "narrow/Numerics/Signs.h"
#include "narrow/Numerics/Activation.h"
#include "narrow/Numerics/Formats.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

TEST(Signs, WorkedExample) {
  // arXiv 1603.05279 with four weights: true product .17.
  std::vector<float> w{.5f, -.3f, .2f, -.8f}, x{1.2f, -.7f, .4f, .9f};
  ScaledCodes weights = encodeBinary(w);
  Histogram histogram;
  ASSERT_TRUE(histogram.add(x));
  double beta = meanMagnitude(histogram);
  EXPECT_FLOAT_EQ(weights.scale, .45f);
  EXPECT_NEAR(beta, .8, histogram.width());
  EXPECT_EQ(packSigns(w), std::vector<uint32_t>{0b1010});
  EXPECT_EQ(packSigns(x), std::vector<uint32_t>{0b0010});
  int64_t dot = dotSigns(packSigns(w), packSigns(x), 4);
  EXPECT_EQ(dot, 2);
  EXPECT_NEAR(static_cast<double>(dot) * weights.scale * beta, .72, .001);
}

TEST(Signs, ZeroIsPlus) {
  EXPECT_EQ(packSigns(std::vector<float>{0.0f, -0.0f, -1e-45f}), std::vector<uint32_t>{0b100});
  EXPECT_EQ(binarize(0.0), 1);
  EXPECT_EQ(binarize(-0.0), 1);
  EXPECT_EQ(binarize(-1e-300), -1);
  EXPECT_EQ(binarize(-std::numeric_limits<double>::infinity()), -1);
  EXPECT_TRUE(std::isnan(binarize(std::nan(""))));
  EXPECT_EQ(sign(0.0), 0);
  EXPECT_EQ(sign(-3.0), -1);
  EXPECT_EQ(sign(0.25), 1);
  EXPECT_TRUE(std::isnan(sign(std::nan(""))));
}

TEST(Signs, MeanOfNothingIsZero) { EXPECT_EQ(meanMagnitude(Histogram()), 0); }

RC_GTEST_PROP(Signs, EqualsTheSumOfProducts, ()) {
  auto count = *rc::gen::inRange<size_t>(0, 200);
  auto values = rc::gen::container<std::vector<float>>(count, rc::gen::arbitrary<float>());
  auto a = *values, b = *values;
  int64_t sum = 0;
  for (size_t i = 0; i != count; ++i)
    sum += (a[i] < 0 ? -1 : 1) * (b[i] < 0 ? -1 : 1);
  RC_ASSERT(dotSigns(packSigns(a), packSigns(b), static_cast<int64_t>(count)) == sum);
}

RC_GTEST_PROP(Signs, MeanMagnitudeIsWithinABin, ()) {
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(
      rc::gen::map(rc::gen::inRange(-100000, 100001), [](int x) { return static_cast<float>(x) * 0.01f; })));
  Histogram histogram;
  RC_ASSERT(histogram.add(values));
  double sum = 0;
  for (float x : values)
    sum += std::fabs(x);
  RC_ASSERT(std::fabs(meanMagnitude(histogram) - sum / static_cast<double>(values.size())) <=
            histogram.width());
}
