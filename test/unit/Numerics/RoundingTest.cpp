//===- RoundingTest.cpp - Rules N1 to N3 ----------------------------------===//
#include "narrow/Numerics/Rounding.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

TEST(Rounding, Ties) {
  struct Row {
    double x, even, away, up;
  };
  for (Row row : {Row{-2.5, -2, -3, -2}, Row{-1.5, -2, -2, -1}, Row{-0.5, 0, -1, 0}, Row{0.5, 0, 1, 1},
                  Row{1.5, 2, 2, 2}, Row{2.5, 2, 3, 3}}) {
    EXPECT_EQ(round(row.x, Rounding::HalfEven), row.even) << row.x;
    EXPECT_EQ(round(row.x, Rounding::HalfAway), row.away) << row.x;
    EXPECT_EQ(round(row.x, Rounding::HalfUp), row.up) << row.x;
  }
}

TEST(Rounding, BelowOneHalfAndSpecialValues) {
  double below = std::nextafter(0.5, 0);
  for (Rounding mode : {Rounding::HalfEven, Rounding::HalfAway, Rounding::HalfUp}) {
    EXPECT_EQ(round(below, mode), 0);
    EXPECT_EQ(round(-below, mode), 0);
    EXPECT_EQ(round(0x1p52 + 1, mode), 0x1p52 + 1);
    EXPECT_EQ(round(INFINITY, mode), INFINITY);
    EXPECT_EQ(round(-INFINITY, mode), -INFINITY);
    EXPECT_TRUE(std::isnan(round(NAN, mode)));
  }
}

TEST(Rounding, Saturate) {
  EXPECT_EQ(saturate(128, -128, 127), 127);
  EXPECT_EQ(saturate(-129, -128, 127), -128);
  EXPECT_EQ(saturate(std::numeric_limits<int64_t>::min(), -128, 127), -128);
}

TEST(Rounding, ShiftIsHalfUpForEveryRemainder) {
  for (int shift = 1; shift <= 10; ++shift)
    for (int64_t x = -3000; x <= 3000; ++x)
      ASSERT_EQ(static_cast<double>(roundingShiftRight(x, shift)),
                round(std::ldexp(static_cast<double>(x), -shift), Rounding::HalfUp));
}
