//===- RescalingTest.cpp - Rules N40 to N46 -------------------------------===//
#include "narrow/Numerics/Rescaling.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace narrow::numerics;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity(),
                 notANumber = std::numeric_limits<double>::quiet_NaN();
}

TEST(Rescaling, EqualizationFactor) {
  EXPECT_NEAR(equalizationFactor(4, 0.5), 2.828427, 1e-6);
  EXPECT_NEAR(equalizationFactor(0.2, 8), 0.158114, 1e-6);
  EXPECT_EQ(equalizationFactor(0, 8), 1);
  EXPECT_EQ(equalizationFactor(8, 0), 1);
  EXPECT_EQ(equalizationFactor(notANumber, 1), 1);
  EXPECT_EQ(equalizationFactor(infinity, 1), 1);
  EXPECT_NEAR(equalizationFactor(1e300, 1e-300) / 1e300, 1, 1e-12);
}

// Nagel et al. give the factors of a depthwise triple: r1 / cbrt(r1 r2 r3) and cbrt(r1 r2 r3) / r3. Pairs
// that are visited in turn arrive there.
TEST(Rescaling, PairsConvergeToTheTriple) {
  double r1 = 4, r2 = 8, r3 = 0.25, first = 1, second = 1;
  for (int sweep = 0; sweep < 40; ++sweep) {
    double factor = equalizationFactor(r1, r2);
    first *= factor, r1 /= factor, r2 *= factor;
    factor = equalizationFactor(r2, r3);
    second *= factor, r2 /= factor, r3 *= factor;
  }
  EXPECT_NEAR(first, 4 / std::cbrt(4 * 8 * 0.25), 1e-9);
  EXPECT_NEAR(second, std::cbrt(4 * 8 * 0.25) / 0.25, 1e-9);
}

TEST(Rescaling, LimitBiasGrowth) {
  EXPECT_EQ(limitBiasGrowth(0.5, 1, 1), 0.5);        // 2 is no growth to speak of.
  EXPECT_EQ(limitBiasGrowth(1e-3, 1, 1), 1.0 / 256); // 1000 becomes 256.
  EXPECT_EQ(limitBiasGrowth(1e-3, -1, 1), 1.0 / 256);
  EXPECT_EQ(limitBiasGrowth(0.5, 1000, 1), 1); // It is larger already.
  EXPECT_EQ(limitBiasGrowth(2, 1e9, 1), 2);    // It becomes smaller.
  EXPECT_EQ(limitBiasGrowth(0.5, 0, 0), 0.5);
}

TEST(Rescaling, AbsorbableBias) {
  EXPECT_NEAR(absorbableBias(2, 0.3), 1.1, 1e-12);
  EXPECT_EQ(absorbableBias(-0.5, 1), 0);
  EXPECT_EQ(absorbableBias(0.4, 0.2), 0);
  EXPECT_EQ(absorbableBias(0.5, 0), 0.5);
  EXPECT_EQ(absorbableBias(notANumber, 1), 0);
  EXPECT_EQ(absorbableBias(infinity, 1), 0);
}

TEST(Rescaling, ClippedNormalMean) {
  EXPECT_NEAR(clippedNormalMean(2, 0.3), 2.0, 1e-6);
  EXPECT_NEAR(clippedNormalMean(-0.5, 1), 0.197797, 1e-6);
  EXPECT_NEAR(clippedNormalMean(0.4, 0.2), 0.401698, 1e-6);
  // The correction of the same example.
  double error[] = {-0.1, 0.2, -0.05}, mean[] = {2, -0.5, 0.4}, deviation[] = {0.3, 1, 0.2}, sum = 0;
  for (int i = 0; i < 3; ++i)
    sum += error[i] * clippedNormalMean(mean[i], deviation[i]);
  EXPECT_NEAR(sum, -0.1805256, 1e-6);
  EXPECT_EQ(clippedNormalMean(-1, 0), 0);
  EXPECT_EQ(clippedNormalMean(7, 0, 0, 6), 6);
  EXPECT_EQ(clippedNormalMean(1.5, 2, -infinity, infinity), 1.5);
  // Against samples, with both bounds.
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(3, 4);
  double mean6 = 0;
  for (int i = 0; i < 200000; ++i)
    mean6 += std::min(std::max(normal(random), 0.0), 6.0) / 200000;
  EXPECT_NEAR(clippedNormalMean(3, 4, 0, 6), mean6, 0.02);
  EXPECT_NEAR(clippedNormalMean(100, 1, 0, 6), 6, 1e-12);
  EXPECT_NEAR(clippedNormalMean(-100, 1, 0, 6), 0, 1e-12);
}

// The figure of the SmoothQuant paper: X and W with the largest magnitudes 2, 24, 2, 9 and 2, 1, 2, 1.
TEST(Rescaling, SmoothingFactor) {
  EXPECT_NEAR(smoothingFactor(2, 2, 0.5), 1, 1e-12);
  EXPECT_NEAR(smoothingFactor(24, 1, 0.5), 4.898979, 1e-6);
  EXPECT_NEAR(smoothingFactor(9, 1, 0.5), 3, 1e-12);
  EXPECT_NEAR(smoothingFactor(5, 4, 0), 0.25, 1e-12);
  EXPECT_NEAR(smoothingFactor(5, 4, 1), 5, 1e-12);
  EXPECT_EQ(smoothingFactor(0, 4, 0.5), 1);
  EXPECT_EQ(smoothingFactor(4, 0, 0.5), 1);
  EXPECT_EQ(smoothingFactor(notANumber, 1, 0.5), 1);
  EXPECT_GE(smoothingFactor(1e-20, 1e20, 0.5), 1e-5);
}

TEST(Rescaling, ChannelSplits) {
  using Channels = std::vector<int64_t>;
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{1, 8, 3, 0}, 0.25), Channels{1});
  // 8 becomes 4 + 4, which is the largest still; then three parts of 2.67 are below 3.
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{1, 8, 3, 0}, 0.75), (Channels{1, 1, 2}));
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{2, 2}, 0.5), Channels{0});
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{0, 0}, 1), Channels{});
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{notANumber, infinity, 1}, 0.1), Channels{2});
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{}, 0.5), Channels{});
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{1, 2}, 0), Channels{});
  EXPECT_EQ(chooseChannelSplits(std::vector<double>{1, 2}, notANumber), Channels{});
}

TEST(Rescaling, UniteRanges) {
  EXPECT_EQ(uniteRanges(std::vector<Interval>{{0, 4}, {-1, 3}, {-0.5, 6}}), (Interval{-1, 6}));
  EXPECT_EQ(uniteRanges(std::vector<Interval>{{0, 0}}), (Interval{0, 0}));
}
