//===- EstimatorsTest.cpp - Rules N21 to N24 ------------------------------===//
#include "narrow/Numerics/Estimators.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
using Floats = std::vector<float>;
const Floats y{-4.0f, -1.0f, -0.5f, 0.1f, 0.2f, 0.4f, 0.6f, 0.8f, 1.5f, 10.0f};
const Floats w{-1.0f, -0.32f, -0.11f, 0.04f, 0.07f, 0.19f, 0.26f, 0.55f};
constexpr CodeRange s8 = CodeRange::signedBits(8, false), s8r = CodeRange::signedBits(8, true);

Histogram of(const Floats &values) {
  Histogram histogram;
  EXPECT_TRUE(histogram.add(values));
  return histogram;
}

/// A normal distribution with a few outliers, as activations have them.
Floats activations(size_t n, uint32_t seed, bool relu) {
  std::mt19937 engine(seed);
  Floats values(n);
  for (float &x : values) {
    double sum = -6; // Irwin-Hall: the same on every standard library
    for (int i = 0; i < 12; ++i)
      sum += engine() * 0x1p-32;
    x = static_cast<float>(engine() % 1000 == 0 ? sum * 8 : sum);
    if (relu)
      x = std::max(x, 0.0f);
  }
  return values;
}
} // namespace

TEST(Estimators, MinMax) {
  EXPECT_EQ(minMaxRange(y, false), (Interval{-4, 10}));
  EXPECT_EQ(minMaxRange(y, true), (Interval{-10, 10}));
  EXPECT_EQ(minMaxRange(of(y), false), (Interval{-4, 10}));
  EXPECT_EQ(minMaxRange(of(y), true), (Interval{-10, 10}));
}

TEST(Estimators, PercentileOfValues) {
  EXPECT_NEAR(percentileRange(y, 0.7, true)->hi, 1.15, 1e-6);
  EXPECT_NEAR(percentileRange(y, 0.9, true)->hi, 4.6, 1e-6);
  EXPECT_NEAR(percentileRange(y, 0.99, true)->hi, 9.46, 1e-6);
  EXPECT_EQ(percentileRange(y, 1.0, true), (Interval{-10, 10}));
  EXPECT_EQ(percentileRange(y, 1.0, false), (Interval{-4, 10}));
  Interval range = *percentileRange(y, 0.9, false);
  EXPECT_NEAR(range.lo, -1.3, 1e-6); // rank 0.9: -4 + 0.9 * 3
  EXPECT_NEAR(range.hi, 2.35, 1e-6); // rank 8.1: 1.5 + 0.1 * 8.5
  QuantParams params = CodeSpec{s8, true}.params(*percentileRange(y, 0.7, true));
  EXPECT_NEAR(params.scale, 0.00905511811023622, 1e-9);
  std::vector<int64_t> codes;
  for (float x : y)
    codes.push_back(quantize(x, params, s8));
  EXPECT_EQ(codes, (std::vector<int64_t>{-128, -110, -55, 11, 22, 44, 66, 88, 127, 127}));
}

TEST(Estimators, PercentileOfHistogram) {
  // Within a bin and the distance to the next value, of the exact quantile.
  Floats values = activations(20000, 3, false);
  Histogram h = of(values);
  for (double p : {0.5, 0.9, 0.99, 0.999})
    for (bool symmetric : {false, true}) {
      Interval exact = *percentileRange(values, p, symmetric), binned = *percentileRange(h, p, symmetric);
      double tolerance = p == 0.999 ? 0.2 : 2 * h.width();
      EXPECT_NEAR(binned.lo, exact.lo, tolerance);
      EXPECT_NEAR(binned.hi, exact.hi, tolerance);
    }
  EXPECT_EQ(percentileRange(h, 1.0, false), minMaxRange(h, false));
  EXPECT_EQ(percentileRange(h, 1.0, true), minMaxRange(h, true));
}

TEST(Estimators, OneValueIsEveryQuantile) {
  for (float x : {0.0f, 0.1f, -0.1f, 1e-40f, -3e38f})
    for (double p : {0.0, 0.3, 1.0}) {
      double a = std::fabs(x);
      EXPECT_EQ(percentileRange(Floats{x}, p, false), (Interval{x, x}));
      EXPECT_EQ(percentileRange(Floats{x}, p, true), (Interval{-a, a}));
      EXPECT_EQ(percentileRange(of({x}), p, false), (Interval{x, x}));
      EXPECT_EQ(percentileRange(of({x}), p, true), (Interval{-a, a}));
    }
}

TEST(Estimators, MseSearchVectors) {
  struct Row {
    unsigned bits;
    double norm;
    double lo, hi, loss, unclipped;
    int64_t zeroPoint;
  };
  for (Row row : {Row{3, 2.4, -0.93, 0.5115, 0.0023502545432803963, 0.0026288982596216703, 5},
                  Row{3, 2.0, -0.92, 0.506, 0.00586922448979592, 0.00671887755102041, 5},
                  Row{4, 2.4, -0.98, 0.539, 0.0002371219164590569, 0.0002658444337611616, 10}}) {
    CodeSpec spec{CodeRange::unsignedBits(row.bits), false};
    RangeOptions options;
    options.method = RangeMethod::Mse;
    options.norm = row.norm;
    Interval range = *estimateRange(w, spec, options);
    EXPECT_NEAR(range.lo, row.lo, 1e-7);
    EXPECT_NEAR(range.hi, row.hi, 1e-7);
    QuantParams params = spec.params(range);
    EXPECT_EQ(params.zeroPoint, row.zeroPoint);
    EXPECT_NEAR(quantizationError(w, params, spec.codes, row.norm), row.loss, 1e-7);
    QuantParams full = spec.params(*minMaxRange(w, false));
    EXPECT_NEAR(quantizationError(w, full, spec.codes, row.norm), row.unclipped, 1e-7);
    // A histogram has the values to within half a bin.
    Interval binned = *mseRange(of(w), spec, options);
    EXPECT_NEAR(binned.lo, row.lo, 0.0101);
  }
}

TEST(Estimators, EqualCandidatesKeepTheWiderRange) {
  // Every candidate's scale is raised to the smallest normal number.
  EXPECT_EQ(mseRange(Floats{1e-45f}, {s8, false}, {}), (Interval{0, 1e-45f}));
}

TEST(Estimators, MseClipsOutliersAndBeatsMinMax) {
  for (bool relu : {false, true}) {
    Histogram h = of(activations(50000, 7, relu));
    CodeSpec spec{CodeRange::signedBits(4, false), false};
    for (RangeOptions options : {RangeOptions{RangeMethod::Mse}, RangeOptions::omse()}) {
      Interval best = *estimateRange(h, spec, options), full = *minMaxRange(h, false);
      EXPECT_LT(best.hi, full.hi * 0.8);
      EXPECT_LT(quantizationError(h, spec.params(best), spec.codes, options.norm),
                quantizationError(h, spec.params(full), spec.codes, options.norm));
    }
  }
}

TEST(Estimators, KlVector) {
  const std::vector<uint64_t> counts{40, 30, 20, 10, 6, 4, 2, 1, 1, 0, 0, 1};
  const double expected[] = {0.059432, 0.044256, 0.029639, 0.036163, 0.028298,
                             0.040218, INFINITY, INFINITY, 0.043589};
  std::vector<double> found = klDivergences(counts, 4, 4);
  ASSERT_EQ(found.size(), 9u);
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isinf(expected[i]))
      EXPECT_EQ(found[i], expected[i]);
    else
      EXPECT_NEAR(found[i], expected[i], 1e-6) << i;
  }
  EXPECT_EQ(std::min_element(found.begin(), found.end()) - found.begin() + 4, 8);
}

// The formula as it is written, without prefix sums.
static double klDirectly(const std::vector<uint64_t> &counts, size_t levels, size_t i) {
  std::vector<double> p(counts.begin(), counts.begin() + static_cast<ptrdiff_t>(i)), q(i, 0.0);
  for (size_t k = i; k < counts.size(); ++k)
    p[i - 1] += static_cast<double>(counts[k]);
  for (size_t j = 0; j < levels; ++j) {
    double mass = 0, occupied = 0;
    for (size_t k = 0; k < i; ++k)
      if (j * i <= k * levels && k * levels < (j + 1) * i) {
        mass += static_cast<double>(counts[k]);
        occupied += counts[k] != 0;
      }
    for (size_t k = 0; k < i; ++k)
      if (j * i <= k * levels && k * levels < (j + 1) * i && counts[k])
        q[k] = mass / occupied;
  }
  double sumP = 0, sumQ = 0, divergence = 0;
  for (size_t k = 0; k < i; ++k) {
    sumP += p[k];
    sumQ += q[k];
  }
  for (size_t k = 0; k < i; ++k)
    if (p[k] > 0) {
      if (q[k] == 0)
        return INFINITY;
      divergence += p[k] / sumP * std::log((p[k] / sumP) / (q[k] / sumQ));
    }
  return divergence;
}

RC_GTEST_PROP(Estimators, KlEqualsTheFormula, ()) {
  auto counts = *rc::gen::container<std::vector<uint64_t>>(
      40,
      rc::gen::map(rc::gen::inRange(-20, 50), [](int c) { return static_cast<uint64_t>(std::max(c, 0)); }));
  size_t levels = *rc::gen::inRange<size_t>(1, 16);
  std::vector<double> found = klDivergences(counts, levels, levels);
  for (size_t i = levels; i <= counts.size(); ++i) {
    double direct = klDirectly(counts, levels, i);
    if (std::isinf(direct))
      RC_ASSERT(std::isinf(found[i - levels]));
    else
      RC_ASSERT(std::fabs(found[i - levels] - direct) < 1e-9);
  }
}

TEST(Estimators, KlRanges) {
  Histogram h = of(activations(100000, 11, true));
  CodeSpec asymmetric{s8, false}, symmetric{s8r, true};
  Interval range = *klRange(h, asymmetric);
  EXPECT_EQ(range.lo, 0);
  EXPECT_GT(range.hi, 2.5); // keeps the body of the distribution
  EXPECT_LT(range.hi, h.max);
  range = *klRange(of(activations(100000, 11, false)), symmetric);
  EXPECT_EQ(range.lo, -range.hi);
  // One occupied bin or fewer bins than levels: nothing to gain from clipping.
  EXPECT_EQ(klRange(of({2.5f, 2.5f}), asymmetric), (Interval{0, 2.5}));
  EXPECT_EQ(klRange(of({0.0f}), symmetric)->hi, 0);
  // Far from zero, close together: bounded work.
  EXPECT_EQ(klRange(of({1e6f, 1e6f + 1}), symmetric)->hi, 1e6 + 1);
}

TEST(Estimators, NoDataAndBadInput) {
  CodeSpec spec{s8, false};
  for (RangeMethod method :
       {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::Mse, RangeMethod::Kl}) {
    RangeOptions options;
    options.method = method;
    EXPECT_FALSE(estimateRange(Histogram(), spec, options));
    EXPECT_FALSE(estimateRange(std::span<const float>(), spec, options));
    EXPECT_FALSE(estimateRange(Floats{1, NAN}, spec, options));
    EXPECT_FALSE(estimateRange(Floats{1, INFINITY}, spec, options));
  }
  EXPECT_FALSE(percentileRange(y, 1.5, false));
  EXPECT_FALSE(percentileRange(of(y), NAN, false));
  RangeOptions options;
  options.norm = 0;
  EXPECT_FALSE(mseRange(y, spec, options));
  options = {};
  options.step = -1;
  EXPECT_FALSE(mseRange(of(y), spec, options));
}

TEST(Estimators, AllZeroDataGiveScaleOne) {
  for (RangeMethod method : {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::Mse, RangeMethod::Kl})
    for (bool symmetric : {false, true}) {
      RangeOptions options;
      options.method = method;
      CodeSpec spec{s8r, symmetric};
      RangeNote note;
      QuantParams params = spec.params(*estimateRange(of({0.0f, -0.0f}), spec, options), &note);
      EXPECT_EQ(note, RangeNote::AllZero);
      EXPECT_EQ(params.scale, 1.0f);
      EXPECT_EQ(params.zeroPoint, 0);
    }
}

RC_GTEST_PROP(Estimators, RangesLieWithinTheData, (uint32_t seed)) {
  Histogram h = of(activations(300, seed, seed % 2));
  for (RangeMethod method : {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::Mse, RangeMethod::Kl})
    for (bool symmetric : {false, true}) {
      RangeOptions options;
      options.method = method;
      options.percentile = 0.98;
      options.norm = 2;
      Interval range = *estimateRange(h, {s8, symmetric}, options), full = *minMaxRange(h, symmetric);
      RC_ASSERT(range.lo <= range.hi);
      RC_ASSERT(range.lo >= std::min(full.lo, 0.0));
      RC_ASSERT(range.hi <= std::max(full.hi, 0.0));
    }
}
