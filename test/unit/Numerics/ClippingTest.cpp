//===- ClippingTest.cpp - Rules N30 to N36 --------------------------------===//
#include "narrow/Numerics/Estimators.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
using Floats = std::vector<float>;
using Codes = std::vector<int64_t>;
constexpr CodeRange s8 = CodeRange::signedBits(8, false), s8r = CodeRange::signedBits(8, true);
constexpr CodeRange s4r = CodeRange::signedBits(4, true);

Histogram of(const Floats &values) {
  Histogram histogram;
  EXPECT_TRUE(histogram.add(values));
  return histogram;
}

/// Uniform in (0, 1), the same on every standard library.
double uniform(std::mt19937 &engine) { return (engine() + 0.5) * 0x1p-32; }

Floats laplace(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  Floats values(n);
  for (float &x : values) {
    double magnitude = -std::log(uniform(engine));
    x = static_cast<float>(engine() & 1 ? magnitude : -magnitude);
  }
  return values;
}

Floats gauss(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  Floats values(n);
  for (float &x : values) // Box and Muller
    x = static_cast<float>(std::sqrt(-2 * std::log(uniform(engine))) *
                           std::cos(6.283185307179586 * uniform(engine)));
  return values;
}

Floats relu(Floats values) {
  for (float &x : values)
    x = std::max(x, 0.0f);
  return values;
}

Codes codesOf(const Floats &values, QuantParams params, CodeRange codes) {
  Codes result;
  for (float x : values)
    result.push_back(quantize(x, params, codes));
  return result;
}

template <typename Data>
double errorOf(const Data &data, CodeSpec spec, Interval range) {
  return quantizationError(data, spec.params(range), spec.codes, 2);
}

const RangeMethod allMethods[] = {
    RangeMethod::MinMax,     RangeMethod::AbsMax,      RangeMethod::AbsMaxFull, RangeMethod::AbsMaxPow2,
    RangeMethod::Percentile, RangeMethod::Mse,         RangeMethod::Kl,         RangeMethod::Aciq,
    RangeMethod::AciqGauss,  RangeMethod::AciqLaplace, RangeMethod::Octav,      RangeMethod::Sqnr,
    RangeMethod::Auto,
};
bool isAbsMax(RangeMethod method) {
  return method == RangeMethod::AbsMax || method == RangeMethod::AbsMaxFull ||
         method == RangeMethod::AbsMaxPow2;
}
} // namespace

TEST(Clipping, ThreeScalesOfTheLargestMagnitude) {
  const Floats x{1.0f, 0.3f, -0.6f, -0.7f, 0.4f, 0.0f}, negative{-1.0f, 0.3f};
  struct Row {
    RangeMethod method;
    CodeRange codes;
    double scale;
    Codes expected;
    int64_t lowest; ///< Code of -1: -127.5 steps of A / 127.5 are a tie, which the f32 scale breaks.
  };
  for (const Row &row : {Row{RangeMethod::AbsMax, s8r, 1 / 127.0, {127, 38, -76, -89, 51, 0}, -127},
                         Row{RangeMethod::AbsMaxFull, s8, 1 / 127.5, {127, 38, -76, -89, 51, 0}, -127},
                         Row{RangeMethod::AbsMaxPow2, s8, 1 / 128.0, {127, 38, -77, -90, 51, 0}, -128}})
    // Asymmetric codes too have the zero point 0.
    for (CodeSpec spec : {CodeSpec{row.codes, true}, CodeSpec{s8, false}}) {
      for (Interval range : {*absMaxRange(x, spec, row.method), *absMaxRange(of(x), spec, row.method)}) {
        QuantParams params = spec.params(range);
        EXPECT_FLOAT_EQ(params.scale, static_cast<float>(row.scale));
        EXPECT_EQ(params.zeroPoint, 0);
        EXPECT_EQ(codesOf(x, params, spec.codes), row.expected);
      }
      EXPECT_EQ(quantize(-1.0f, spec.params(*absMaxRange(negative, spec, row.method)), spec.codes),
                row.lowest);
    }
  // No positive code: no scale.
  EXPECT_FALSE(absMaxRange(x, {{-1, 0}, true}, RangeMethod::AbsMax));
  EXPECT_FALSE(absMaxRange(x, {{-1, 0}, false}, RangeMethod::AbsMax));
}

TEST(Clipping, AciqRatiosAreThoseOfThePaper) {
  const double laplaceRatios[] = {2.8307, 3.8972, 5.0286, 6.2048, 7.4131, 8.6456, 9.8968};
  const double gaussRatios[] = {1.7106, 2.1516, 2.5591, 2.9362, 3.2869, 3.6151, 3.9240};
  for (int bits = 2; bits <= 8; ++bits) {
    EXPECT_NEAR(aciqRatio(Prior::Laplace, bits), laplaceRatios[bits - 2], 6e-5);
    EXPECT_NEAR(aciqRatio(Prior::Gauss, bits), gaussRatios[bits - 2], 6e-5);
  }
  // Any number of bits, also one that is none: [-1, 1] has log2(3).
  for (Prior prior : {Prior::Laplace, Prior::Gauss})
    for (double bits = 1; bits < 16; bits += 0.3)
      EXPECT_LT(aciqRatio(prior, bits), aciqRatio(prior, bits + 0.3));
}

TEST(Clipping, AciqOfItsOwnDistribution) {
  // Where the prior is the truth the range is close to the one of a search.
  for (auto [prior, values] :
       {std::pair(Prior::Laplace, laplace(100000, 1)), std::pair(Prior::Gauss, gauss(100000, 1))})
    for (unsigned bits : {3u, 4u, 8u}) {
      CodeSpec spec{CodeRange::signedBits(bits, false), false};
      Histogram h = of(values);
      Interval range = *aciqRange(h, spec, prior);
      EXPECT_NEAR(range.hi, std::min<double>(aciqRatio(prior, bits), h.max), 0.05);
      EXPECT_LT(errorOf(h, spec, range), 1.15 * errorOf(h, spec, *mseRange(h, spec, RangeOptions::omse())));
      Interval exact = *aciqRange(values, spec, prior);
      EXPECT_NEAR(exact.hi, range.hi, 0.01);
      EXPECT_NEAR(exact.lo, range.lo, 0.01);
    }
}

TEST(Clipping, AciqOfOneSign) {
  // All codes serve it: the ratio of one bit more, from the mean on.
  Floats values = relu(laplace(100000, 2));
  double mean = 0, deviation = 0;
  for (float x : values)
    mean += x / 1e5;
  for (float x : values)
    deviation += std::fabs(x - mean) / 1e5;
  CodeSpec spec{CodeRange::signedBits(4, false), false};
  double expected = mean + aciqRatio(Prior::Laplace, 5) * deviation;
  Interval range = *aciqRange(values, spec, Prior::Laplace);
  EXPECT_EQ(range.lo, 0);
  EXPECT_NEAR(range.hi, expected, 1e-6);
  for (float &x : values)
    x = -x;
  range = *aciqRange(values, spec, Prior::Laplace);
  EXPECT_EQ(range.hi, 0);
  EXPECT_NEAR(range.lo, -expected, 1e-6);
}

TEST(Clipping, AciqMixedTakesTheBetterPrior) {
  for (const Floats &values : {laplace(20000, 3), gauss(20000, 3), relu(gauss(20000, 4))}) {
    CodeSpec spec{CodeRange::signedBits(3, false), false};
    RangeOptions options;
    options.method = RangeMethod::Aciq;
    double mixed = errorOf(values, spec, *estimateRange(values, spec, options));
    double a = errorOf(values, spec, *aciqRange(values, spec, Prior::Laplace));
    double b = errorOf(values, spec, *aciqRange(values, spec, Prior::Gauss));
    EXPECT_EQ(mixed, std::min(a, b));
  }
}

TEST(Clipping, OctavVectors) {
  const Floats v{0.0f, 0.1f, -0.2f, 0.3f, -0.4f, 0.5f, -0.6f, 0.7f, -0.8f, 3.0f};
  auto noise = [](int bits) { return std::exp2(-2 * bits) / 3; };
  double mean = 6.6 / 9;
  EXPECT_NEAR(octavStep(v, 0, 0), mean, 1e-6); // all magnitudes but the zero
  EXPECT_NEAR(octavStep(v, mean, noise(4)), 1.89138, 1e-5);
  EXPECT_NEAR(octavStep(v, 1.89138, noise(4)), 2.969072, 1e-6);
  const double fixed[] = {2.571429, 2.88, 2.969072};
  for (unsigned bits : {2u, 3u, 4u}) {
    CodeSpec spec{CodeRange::signedBits(bits, false), true};
    Interval range = *octavRange(v, spec);
    EXPECT_NEAR(range.hi, fixed[bits - 2], 1e-6);
    EXPECT_EQ(range.lo, -range.hi);
    EXPECT_NEAR(octavStep(v, range.hi, noise(static_cast<int>(bits))), range.hi, 1e-9);
    EXPECT_NEAR(octavRange(of(v), spec)->hi, range.hi, 0.01);
    // Asymmetric codes: no more than what occurs.
    EXPECT_EQ(octavRange(v, {spec.codes, false})->lo, v[8]);
  }
}

RC_GTEST_PROP(Clipping, OctavIsTheMinimumOfItsError, (uint32_t seed)) {
  Floats values = seed % 2 ? laplace(200, seed) : gauss(200, seed);
  unsigned bits = 2 + seed % 5;
  CodeSpec spec{CodeRange::signedBits(bits, false), true};
  double noise = std::exp2(-2.0 * bits) / 3, best = octavRange(values, spec)->hi;
  auto error = [&](double clip) {
    double sum = 0;
    for (float x : values) {
      double magnitude = std::fabs(x);
      sum += magnitude > clip ? (magnitude - clip) * (magnitude - clip) : noise * clip * clip;
    }
    return sum;
  };
  // The fixed point leaves out the jumps of the error at the data.
  double largest = *std::max_element(values.begin(), values.end());
  for (int i = 1; i <= 40; ++i)
    RC_ASSERT(error(best) <= error(largest * i / 40) * 1.02);
}

TEST(Clipping, SqnrClipsLessThanMse) {
  Floats values = laplace(50000, 5);
  Histogram h = of(values);
  for (bool symmetric : {false, true}) {
    CodeSpec spec{CodeRange::signedBits(4, symmetric), symmetric};
    Interval range = *sqnrRange(h, spec), mse = *mseRange(h, spec, RangeOptions::omse());
    EXPECT_LT(range.hi, h.max * 0.9); // It does clip,
    EXPECT_GT(range.hi, mse.hi);      // but an outlier weighs more.
    EXPECT_NEAR(sqnrRange(values, spec)->hi, range.hi, 0.1 * range.hi);
  }
  // Each end by itself: a single value far below, many above.
  Floats skewed = relu(gauss(50000, 6));
  skewed.push_back(-40);
  EXPECT_GT(sqnrRange(of(skewed), {CodeRange::signedBits(4, false), false})->lo, -20);
}

RC_GTEST_PROP(Clipping, AutoHasLeastError, (uint32_t seed)) {
  Floats values = seed % 3 == 0   ? laplace(150, seed)
                  : seed % 3 == 1 ? gauss(150, seed)
                                  : relu(gauss(150, seed));
  for (CodeSpec spec :
       {CodeSpec{s8, false}, CodeSpec{s4r, true}, CodeSpec{CodeRange::signedBits(3, false), false}}) {
    Histogram h = of(values);
    RangeMethod chosen = RangeMethod::Auto;
    double least = errorOf(h, spec, *autoRange(h, spec, &chosen));
    RC_ASSERT(chosen != RangeMethod::Auto);
    for (RangeMethod method :
         {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::AciqLaplace, RangeMethod::AciqGauss,
          RangeMethod::Aciq, RangeMethod::Octav, RangeMethod::Sqnr}) {
      RangeOptions options;
      options.method = method;
      RC_ASSERT(least <= errorOf(h, spec, *estimateRange(h, spec, options)) * (1 + 1e-12));
    }
    RC_ASSERT(least <= errorOf(h, spec, *mseRange(h, spec, RangeOptions::omse())) * (1 + 1e-12));
  }
}

RC_GTEST_PROP(Clipping, SearchesAreNoWorseThanMinMax, (uint32_t seed)) {
  Floats values = seed % 2 ? laplace(120, seed) : relu(gauss(120, seed));
  for (CodeSpec spec : {CodeSpec{s8, false}, CodeSpec{s4r, true}}) {
    double full = errorOf(values, spec, *minMaxRange(values, spec.symmetric));
    RangeOptions automatic;
    automatic.method = RangeMethod::Auto;
    for (const RangeOptions &options : {RangeOptions::omse(), automatic})
      RC_ASSERT(errorOf(values, spec, *estimateRange(values, spec, options)) <= full);
  }
}

RC_GTEST_PROP(Clipping, RangesLieWithinTheData, (uint32_t seed)) {
  Floats values = seed % 3 == 0   ? laplace(120, seed)
                  : seed % 3 == 1 ? gauss(120, seed)
                                  : relu(laplace(120, seed));
  float offset = static_cast<float>(static_cast<int>(seed % 7) - 3);
  for (float &x : values)
    x += offset;
  Histogram h = of(values);
  for (RangeMethod method : allMethods)
    for (CodeSpec spec : {CodeSpec{s8, false}, CodeSpec{s4r, true}}) {
      RangeOptions options;
      options.method = method;
      for (Interval range : {*estimateRange(h, spec, options), *estimateRange(values, spec, options)}) {
        Interval full = *minMaxRange(h, spec.symmetric || isAbsMax(method));
        // The lowest of [-128, 127] lies a step below -A.
        double slack = isAbsMax(method) ? (full.hi - full.lo) / 100 : 0;
        RC_ASSERT(range.lo <= range.hi);
        RC_ASSERT(range.lo >= std::min(full.lo, 0.0) - slack);
        RC_ASSERT(range.hi <= std::max(full.hi, 0.0) * (1 + 1e-12));
        RC_ASSERT(range.lo < 0 || range.hi > 0);
      }
    }
}

RC_GTEST_PROP(Clipping, OrderAndShardsDoNotMatter, (uint32_t seed)) {
  Floats values = laplace(150, seed), shuffled = values;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed + 1));
  Histogram whole = of(values), merged;
  size_t cut = seed % 151;
  RC_ASSERT(merged.merge(of(Floats(shuffled.begin() + static_cast<ptrdiff_t>(cut), shuffled.end()))));
  RC_ASSERT(merged.merge(of(Floats(shuffled.begin(), shuffled.begin() + static_cast<ptrdiff_t>(cut)))));
  for (RangeMethod method : allMethods)
    for (CodeSpec spec : {CodeSpec{s8, false}, CodeSpec{s4r, true}}) {
      RangeOptions options;
      options.method = method;
      RC_ASSERT(estimateRange(whole, spec, options) == estimateRange(merged, spec, options));
      Interval a = *estimateRange(values, spec, options), b = *estimateRange(shuffled, spec, options);
      // Sums of doubles in another order.
      RC_ASSERT(std::fabs(a.lo - b.lo) <= 1e-9 * std::fabs(a.lo));
      RC_ASSERT(std::fabs(a.hi - b.hi) <= 1e-9 * std::fabs(a.hi));
    }
}

TEST(Clipping, NoDataAndBadData) {
  for (RangeMethod method : allMethods) {
    RangeOptions options;
    options.method = method;
    CodeSpec spec{s8, false};
    EXPECT_FALSE(estimateRange(Histogram(), spec, options));
    EXPECT_FALSE(estimateRange(std::span<const float>(), spec, options));
    EXPECT_FALSE(estimateRange(Floats{1, NAN}, spec, options));
    EXPECT_FALSE(estimateRange(Floats{1, -INFINITY}, spec, options));
    EXPECT_FALSE(estimateRange(Floats(40000, NAN), spec, options)); // counted first
  }
}

TEST(Clipping, ConstantAndExtremeData) {
  for (RangeMethod method : allMethods)
    for (CodeSpec spec :
         {CodeSpec{s8, false}, CodeSpec{s8r, true}, CodeSpec{CodeRange::signedBits(2, true), true}})
      for (const Floats &values :
           {Floats{0, -0.0f}, Floats{3}, Floats{-3, -3}, Floats{1e-45f}, Floats{-1e-45f},
            Floats{-3e38f, 3e38f}, Floats{0, 1e-45f}, Floats{2, 3}, Floats{1e30f, 1e-30f}}) {
        RangeOptions options;
        options.method = method;
        for (std::optional<Interval> range :
             {estimateRange(values, spec, options), estimateRange(of(values), spec, options)}) {
          ASSERT_TRUE(range) << rangeMethodName(method);
          RangeNote note;
          QuantParams params = spec.params(*range, &note);
          EXPECT_NE(note, RangeNote::Invalid) << rangeMethodName(method);
          EXPECT_EQ(note == RangeNote::AllZero, values[0] == 0 && values[1] == 0) << rangeMethodName(method);
          EXPECT_TRUE(std::isnormal(params.scale));
          // One value equals itself, but for the two scales that clip it.
          if (values.size() == 1 && std::fabs(values[0]) == 3 && !needsFullCodes(method))
            EXPECT_FLOAT_EQ(dequantize(quantize(values[0], params, spec.codes), params), values[0])
                << rangeMethodName(method);
        }
      }
}

TEST(Clipping, PercentileThatLeavesOnlyZeros) {
  Floats values(1000, 0.0f);
  values[7] = -2;
  values[8] = 5;
  RangeOptions options{RangeMethod::Percentile, 0.9};
  EXPECT_EQ(estimateRange(values, {s8, false}, options), (Interval{-2, 5}));
  EXPECT_EQ(estimateRange(values, {s8r, true}, options), (Interval{-5, 5}));
}

TEST(Clipping, ManyValuesAreCounted) {
  Floats values = gauss(40000, 9);
  CodeSpec spec{s4r, true};
  for (RangeMethod method : {RangeMethod::Mse, RangeMethod::Sqnr, RangeMethod::Auto}) {
    RangeOptions options;
    options.method = method;
    EXPECT_EQ(estimateRange(values, spec, options), estimateRange(of(values), spec, options));
  }
}

TEST(Clipping, MovingAverage) {
  MovingAverage slow, fast;
  double expectedSlow[] = {1, 1.1, 1.145}, expectedFast[] = {1, 1.02, 1.0298};
  double maxima[] = {1, 3, 2};
  for (int i = 0; i < 3; ++i) {
    slow.add(-maxima[i], maxima[i], 0.95);
    fast.add(0, maxima[i], 0.99);
    EXPECT_NEAR(slow.max, expectedSlow[i], 1e-12);
    EXPECT_EQ(slow.min, -slow.max);
    EXPECT_NEAR(fast.max, expectedFast[i], 1e-12);
    EXPECT_EQ(fast.min, 0);
  }
  // A first batch that is constant is no missing one.
  MovingAverage constant;
  constant.add(2, 2, 0.5);
  constant.add(4, 4, 0.5);
  EXPECT_EQ(constant.max, 3);
}

TEST(Clipping, Names) {
  std::string error;
  RangeOptions defaults;
  defaults.percentile = 0.99;
  for (RangeMethod method : allMethods)
    EXPECT_EQ(parseRangeMethod(rangeMethodName(method), defaults, error)->method, method);
  EXPECT_EQ(parseRangeMethod("ema", defaults, error)->method, RangeMethod::MovingAverage);
  EXPECT_EQ(parseRangeMethod("percentile", defaults, error)->percentile, 0.99);
  EXPECT_NEAR(parseRangeMethod("percentile:99.9", defaults, error)->percentile, 0.999, 1e-12);
  EXPECT_EQ(parseRangeMethod("mse:2", defaults, error)->norm, 2);
  EXPECT_EQ(parseRangeMethod("omse", defaults, error)->candidates, 90u);
  EXPECT_EQ(error, "");
  for (const char *bad : {"", "min", "MSE", "percentile:", "percentile:50", "percentile:101", "percentile:9x",
                          "mse:0", "mse:nan", "kl:2", "omse:2", "mse:2:3"}) {
    error.clear();
    EXPECT_FALSE(parseRangeMethod(bad, defaults, error)) << bad;
    EXPECT_NE(error.find(bad), std::string::npos);
  }
  parseRangeMethod("best", defaults, error);
  EXPECT_NE(error.find(rangeMethodNames), std::string::npos);
}
