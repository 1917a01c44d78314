//===- FunctionSqnrTest.cpp - Rule N77 ------------------------------------===//
#include "narrow/Numerics/FunctionSqnr.h"
#include "narrow/Numerics/Activation.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace narrow::numerics;

static constexpr CodeRange codes = CodeRange::signedBits(8, /*restricted=*/false);

static CodeGrid gridOf(double lo, double hi) { return {asymmetricParams(lo, hi, codes), codes}; }

/// Evenly spread over [lo, hi], the result's range that of the function.
static FunctionSqnr measure(double (*fn)(double), double lo, double hi, bool relative) {
  Histogram histogram;
  for (int i = 0; i < 4096; ++i)
    histogram.add(static_cast<float>(lo + (hi - lo) * (i + 0.5) / 4096));
  double first = fn(lo), last = fn(hi);
  return functionSqnr(fn, histogram, gridOf(lo, hi), gridOf(std::min(first, last), std::max(first, last)), relative);
}

TEST(FunctionSqnr, ReciprocalsByTheDistanceFromZero) {
  FunctionSqnr far = measure(reciprocal, 1, 2, /*relative=*/true), near = measure(reciprocal, 0.01, 1, true),
               close = measure(reciprocal, 0.001, 1, true);
  EXPECT_NEAR(far.operand, 56, 1);
  EXPECT_NEAR(far.result, 55, 1);
  EXPECT_NEAR(near.operand, 39, 1);
  EXPECT_NEAR(near.result, 24, 1);
  EXPECT_NEAR(close.operand, 31, 1);
  EXPECT_NEAR(close.result, 3, 1);
}

TEST(FunctionSqnr, RootIsServedByATable) {
  FunctionSqnr root = measure(narrow::numerics::sqrt, 0, 1, /*relative=*/false);
  EXPECT_NEAR(root.operand, 51, 1);
  EXPECT_NEAR(root.result, 56, 1);
}

TEST(FunctionSqnr, OneOfManyThatIsInfiniteLeavesNothing) {
  // 0.0019 has the code of 0, whose reciprocal ends at the largest code: 1000, not 526.
  Histogram histogram;
  for (float x : {0.0019f, 1.0f, 1.0f, 1.0f})
    histogram.add(x);
  FunctionSqnr sqnr = functionSqnr(reciprocal, histogram, gridOf(0, 1), gridOf(0, 1000), /*relative=*/true);
  EXPECT_NEAR(sqnr.operand, -10 * std::log10(0.81 / 4), 0.1);
}

TEST(FunctionSqnr, ExactCodesAndNoData) {
  Histogram histogram;
  histogram.add(0.25f);
  CodeGrid grid{{0.25f, 0}, codes};
  FunctionSqnr exact = functionSqnr([](double x) { return x; }, histogram, grid, grid, /*relative=*/false);
  EXPECT_EQ(exact.operand, INFINITY);
  EXPECT_EQ(exact.result, INFINITY);
  FunctionSqnr none = functionSqnr([](double) { return double(NAN); }, histogram, grid, grid, true);
  EXPECT_EQ(none.operand, INFINITY);
}

TEST(FunctionSqnr, FewerBitsAskForLess) {
  EXPECT_EQ(leastFunctionSqnr(8), 20);
  EXPECT_EQ(leastFunctionSqnr(4), -4);
}
