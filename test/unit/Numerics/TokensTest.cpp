//===- TokensTest.cpp - Rules N73 and N74 ---------------------------------===//
#include "narrow/Numerics/Tokens.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>
#include <vector>

using namespace narrow::numerics;

namespace {
std::vector<int32_t> quantizeRow(const std::vector<int16_t> &row, int32_t largest) {
  std::vector<int32_t> codes;
  for (int32_t x : row)
    codes.push_back(quantizeToken(x, tokenMaximum(row), largest));
  return codes;
}
using Codes = std::vector<int32_t>;
} // namespace

TEST(Tokens, WorkedExample) {
  // R = 127 * 2^24 / 100 = 21307064; -50 * R is -63.4999990 codes, just above the tie.
  std::vector<int16_t> row = {100, -50, 25, 0, -100, 1};
  EXPECT_EQ(tokenMaximum(row), 100);
  EXPECT_EQ(quantizeRow(row, 127), (Codes{127, -63, 32, 0, -127, 1}));
  EXPECT_EQ(quantizeRow(row, 7), (Codes{7, -3, 2, 0, -7, 0}));
  EXPECT_EQ(quantizeRow(row, 1), (Codes{1, 0, 0, 0, -1, 0}));
  // The same row a thousandth as large has the same codes: that is what scales for tokens are for.
  EXPECT_EQ(quantizeRow({4, -2, 1, 0, -4, 0}, 127), (Codes{127, -63, 32, 0, -127, 0}));
  EXPECT_EQ(quantizeRow({32000, -16000, 8000, 0, -32000, 320}, 127), (Codes{127, -63, 32, 0, -127, 1}));
  // 127 * 2^24 is a multiple of these: ties go up.
  EXPECT_EQ(quantizeRow({2, 1, -1}, 127), (Codes{127, 64, -63}));
}

TEST(Tokens, ZerosAndExtremes) {
  EXPECT_EQ(tokenMaximum({}), 1);
  EXPECT_EQ(quantizeRow({0, 0, 0}, 127), (Codes{0, 0, 0}));
  EXPECT_EQ(quantizeRow({1, 0, -1}, 127), (Codes{127, 0, -127}));
  EXPECT_EQ(tokenMaximum(std::vector<int16_t>{-32768, 5}), tokenMaximumLimit);
  EXPECT_EQ(quantizeRow({-32768, 32767, 129, 128}, 127), (Codes{-127, 127, 0, 0}));
}

TEST(Tokens, RescaleRoundsHalfUp) {
  EXPECT_EQ(rescaleToken(3, 5, 0), 15);
  EXPECT_EQ(rescaleToken(3, 5, 1), 8);   // 7.5
  EXPECT_EQ(rescaleToken(-3, 5, 1), -7); // -7.5
  EXPECT_EQ(rescaleToken(-3, 5, 2), -4); // -3.75
  EXPECT_EQ(rescaleToken(std::numeric_limits<int32_t>::max(), 32768, 17), 536870912);
  EXPECT_EQ(rescaleToken(std::numeric_limits<int32_t>::min(), 32768, 17), -536870912);
}

TEST(Tokens, Shift) {
  EXPECT_EQ(tokenShift(0, 0, 127), 0);
  EXPECT_EQ(tokenShift(1 << 14, 0, 127), 0); // 2^29
  EXPECT_EQ(tokenShift((1 << 14) + 1, 0, 127), 1);
  // 64 weights of 127: 64 * 127 * 127 * 2^15 is 31.5 * 2^30.
  EXPECT_EQ(tokenShift(64 * 127 * 127, 0, 127), 6);
  EXPECT_EQ(tokenShift(1, 0x1p30 / 127, 127), 0);
  EXPECT_EQ(tokenShift(1, 0x1p30, 127), 7); // 2^30 * 127 / 2^7 fits.
  EXPECT_EQ(tokenShift(1, 0x1p50, 127), 7); // No more is given for a bias.
  EXPECT_EQ(tokenShift(1, 0x1p31, 7), 4);
}

TEST(Tokens, RoundToken) {
  std::vector<float> token = {1, -.5f, .3f, 0}, rounded(4);
  roundToken(token, 127, rounded);
  float scale = 1.0f / 127;
  EXPECT_EQ(rounded, (std::vector<float>{127 * scale, -64 * scale, 38 * scale, 0}));
  roundToken(std::vector<float>{0, 0, -0.0f, 0}, 127, rounded);
  EXPECT_EQ(rounded, (std::vector<float>{0, 0, 0, 0}));
  // Nothing to divide by.
  std::vector<float> tiny = {1e-45f, 0, -1e-45f, 0};
  roundToken(tiny, 127, rounded);
  EXPECT_EQ(rounded, tiny);
  std::vector<float> infinite = {1, INFINITY, -3, 0.1f};
  roundToken(infinite, 127, rounded);
  EXPECT_EQ(rounded, infinite);
}

RC_GTEST_PROP(Tokens, ErrorIsHalfAStep, ()) {
  int32_t maximum = *rc::gen::inRange(1, tokenMaximumLimit + 1), largest = *rc::gen::inRange(1, 128);
  int32_t x = *rc::gen::inRange(-maximum, maximum + 1);
  int32_t code = quantizeToken(x, maximum, largest);
  RC_ASSERT(std::abs(code) <= largest);
  // R is too small by less than 1, so |x * R| by less than `maximum`: at most 2^-9 codes.
  double exact = double(x) * largest / maximum;
  RC_ASSERT(std::abs(code - exact) <= 0.5 + maximum * 0x1p-24);
  RC_ASSERT(quantizeToken(maximum, maximum, largest) == largest);
  RC_ASSERT(quantizeToken(-maximum, maximum, largest) == -largest);
  RC_ASSERT(quantizeToken(0, maximum, largest) == 0);
  // All of it in 32 bits.
  int64_t product = int64_t{maximum} * ((int64_t{largest} << 24) / maximum) + (1 << 23);
  RC_ASSERT(product <= std::numeric_limits<int32_t>::max());
}

RC_GTEST_PROP(Tokens, CodesAreMonotone, ()) {
  int32_t maximum = *rc::gen::inRange(1, tokenMaximumLimit + 1);
  int32_t x = *rc::gen::inRange(-maximum, maximum);
  RC_ASSERT(quantizeToken(x, maximum, 127) <= quantizeToken(x + 1, maximum, 127));
}

RC_GTEST_PROP(Tokens, MaximumIsOfSomeElement, (std::vector<int16_t> row)) {
  int32_t maximum = tokenMaximum(row);
  bool found = maximum == 1;
  for (int32_t x : row) {
    RC_ASSERT(std::abs(x) <= maximum);
    found |= std::abs(x) == maximum;
  }
  RC_ASSERT(found);
}

RC_GTEST_PROP(Tokens, SumsFitWithTheirBias, ()) {
  int64_t largestSum = *rc::gen::inRange<int64_t>(0, int64_t{1} << 31);
  int32_t largest = *rc::gen::inRange(1, 128);
  double bias = *rc::gen::inRange<int64_t>(0, (int64_t{1} << 30) + 1);
  int shift = tokenShift(largestSum, bias, largest);
  int64_t sum = std::min<int64_t>(largestSum, std::numeric_limits<int32_t>::max());
  int64_t product = rescaleToken(static_cast<int32_t>(sum), tokenMaximumLimit, shift);
  RC_ASSERT(product <= int64_t{1} << 29);
  RC_ASSERT(std::ldexp(bias * largest, -shift) <= 0x1p30);
  RC_ASSERT(product + static_cast<int64_t>(std::ldexp(bias * largest, -shift)) + 1 <
            std::numeric_limits<int32_t>::max());
}

RC_GTEST_PROP(Tokens, ProductsOfTokens, ()) {
  // A row of real numbers through 16-bit codes, token codes and N74, against its exact product.
  size_t size = *rc::gen::inRange<size_t>(1, 40);
  auto row = *rc::gen::container<std::vector<int16_t>>(size, rc::gen::arbitrary<int16_t>());
  auto weights = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(-127, 128));
  int32_t maximum = tokenMaximum(row);
  int64_t exact = 0, sum = 0, magnitude = 0;
  for (size_t i = 0; i < size; ++i) {
    exact += int64_t{row[i]} * weights[i];
    sum += int64_t{quantizeToken(row[i], maximum, 127)} * weights[i];
    magnitude += std::abs(weights[i]);
  }
  int shift = tokenShift(127 * magnitude, 0, 127);
  double product = std::ldexp(rescaleToken(static_cast<int32_t>(sum), maximum, shift), shift) / 127;
  // Half a step of the token for each weight, and half a unit of the product.
  double step = maximum / 127.0;
  RC_ASSERT(std::abs(product - exact) <=
            magnitude * step * (0.5 + 0x1p-9) + std::ldexp(0.5, shift) / 127 + 1e-6);
}
