//===- AccumulatorWidthTest.cpp - Bounds hold and are reached -------------===//
#include "narrow/Analysis/AccumulatorWidth.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace narrow;

TEST(WeightChannels, NumbersAxesInOrder) {
  // Depthwise [KH, KW, C, M]: channel c * M + m.
  WeightChannels depthwise({1, 2, 3, 2}, {2, 3});
  EXPECT_EQ(depthwise.size(), 6);
  for (int64_t i = 0; i != 12; ++i)
    EXPECT_EQ(depthwise.channelOf(i), i % 6);
  WeightChannels convolution({3, 1, 1, 4}, {0});
  EXPECT_EQ(convolution.size(), 3);
  EXPECT_EQ(convolution.channelOf(7), 1);
  EXPECT_EQ(convolution.coordinate(7, 3), 3);
}

TEST(AccumulatorBounds, HoldForEveryPrefixOfEveryOrderAndAreReached) {
  std::mt19937 random(7);
  auto pick = [&](int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(random() % static_cast<uint64_t>(hi - lo + 1));
  };
  for (int round = 0; round != 200; ++round) {
    int64_t length = pick(1, 20), zeroPoint = pick(-128, 127), bias = pick(-100000, 100000);
    IntegerInterval input{-128 - zeroPoint, 127 - zeroPoint};
    SmallVector<int64_t> weights;
    for (int64_t i = 0; i != length; ++i)
      weights.push_back(pick(-128, 127));
    auto bounds = computeAccumulatorBounds(weights, WeightChannels({1, 1, 1, length}, {0}),
                                           ArrayRef<int64_t>(bias), input);
    ASSERT_EQ(bounds.size(), 1u);
    EXPECT_LE(-(int64_t{1} << bounds[0].bits), bounds[0].min);
    EXPECT_LT(bounds[0].max, int64_t{1} << bounds[0].bits);

    SmallVector<int64_t> terms{bias};
    for (int64_t weight : weights)
      terms.push_back(weight * pick(input.min, input.max));
    std::shuffle(terms.begin(), terms.end(), random);
    int64_t sum = 0;
    for (int64_t term : terms) {
      sum += term;
      EXPECT_GE(sum, bounds[0].min);
      EXPECT_LE(sum, bounds[0].max);
    }

    // Every product at its largest, the positive parts first.
    int64_t largest = std::max<int64_t>(bias, 0);
    for (int64_t weight : weights)
      largest += std::max<int64_t>(0, std::max(weight * input.min, weight * input.max));
    EXPECT_EQ(bounds[0].max, largest);
  }
}

TEST(AccumulatorBounds, OneBiasServesAllChannels) {
  auto bounds = computeAccumulatorBounds({1, -1}, WeightChannels({2, 1, 1, 1}, {0}), {10}, {-2, 3});
  ASSERT_EQ(bounds.size(), 2u);
  EXPECT_EQ(bounds[0].min, -2);
  EXPECT_EQ(bounds[0].max, 13);
  EXPECT_EQ(bounds[1].min, -3);
  EXPECT_EQ(bounds[1].max, 12);
}
