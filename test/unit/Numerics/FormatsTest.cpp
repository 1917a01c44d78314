//===- FormatsTest.cpp - Rules N60 to N72 ---------------------------------===//
#include "narrow/Numerics/Formats.h"
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
using Codes = std::vector<int32_t>;
using Reals = std::vector<double>;
constexpr double sumLimit = 4e6;

std::vector<float> scaled(const ScaledCodes &codes) {
  std::vector<float> values;
  for (int32_t code : codes.codes)
    values.push_back(static_cast<float>(code) * codes.scale);
  return values;
}

double error(std::span<const float> weights, const ScaledCodes &codes) {
  double sum = 0;
  for (size_t i = 0; i != weights.size(); ++i)
    sum += std::pow(weights[i] - static_cast<double>(codes.scale) * codes.codes[i], 2);
  return sum;
}

void expectNear(const Reals &actual, const Reals &expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i != actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

/// Weights of any magnitude that f32 has, some of them equal or zero.
rc::Gen<std::vector<float>> anyWeights() {
  auto weight = rc::gen::map(rc::gen::pair(rc::gen::inRange(-1000, 1001), rc::gen::inRange(-140, 100)),
                             [](std::pair<int, int> x) {
                               return static_cast<float>(std::ldexp(static_cast<double>(x.first), x.second));
                             });
  auto small = rc::gen::map(rc::gen::inRange(-100, 101), [](int x) { return static_cast<float>(x) / 64; });
  return rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(rc::gen::oneOf(weight, small)));
}
} // namespace

TEST(Formats, PowerOfTwoScales) {
  EXPECT_EQ(powerOfTwoScale(1.0f), 1.0f);
  EXPECT_EQ(powerOfTwoScale(1.0000001f), 2.0f);
  EXPECT_EQ(powerOfTwoScale(0.3f), 0.5f);
  EXPECT_EQ(powerOfTwoScale(FLT_MIN), FLT_MIN);
  EXPECT_EQ(powerOfTwoScale(FLT_MAX), 0x1p127f);
  // [-0.7, 1.0]: 1.7 / 255 becomes 2^-7, and -0.7 is 89.6 steps below 0.
  CodeRange codes = CodeRange::signedBits(8, false);
  EXPECT_EQ(powerOfTwoParams(asymmetricParams(-0.7, 1.0, codes), -0.7, codes, false),
            (QuantParams{0x1p-7f, -38}));
  EXPECT_EQ(powerOfTwoParams(symmetricParams(1.0, codes), -1.0, codes, true), (QuantParams{0x1p-6f, 0}));
}

TEST(Formats, NearestLevel) {
  Codes levels{-4, -1, 0, 3};
  EXPECT_EQ(nearestLevel(levels, -9), -4);
  EXPECT_EQ(nearestLevel(levels, -2.5), -4); // Of two, the lower.
  EXPECT_EQ(nearestLevel(levels, -2.4), -1);
  EXPECT_EQ(nearestLevel(levels, 1.5), 0);
  EXPECT_EQ(nearestLevel(levels, 3), 3);
  EXPECT_EQ(nearestLevel(levels, 1e30), 3);
  Codes all = uniformLevels(3);
  EXPECT_EQ(all, (Codes{-3, -2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(nearestLevel(all, 0.5), 0); // Half to even, as all uniform codes.
  EXPECT_EQ(nearestLevel(all, 1.5), 2);
}

TEST(Formats, LeastErrorIsNoWorse) {
  rc::check([] {
    std::vector<float> weights = *anyWeights();
    Levels levels = uniformLevels(*rc::gen::inRange(2, 9));
    ScaledCodes plain = encodeLevels(weights, levels, levels.back(), ScaleSearch::LargestWeight);
    ScaledCodes best = encodeLevels(weights, levels, levels.back(), ScaleSearch::LeastError);
    RC_ASSERT(best.scale >= FLT_MIN && std::isfinite(best.scale));
    // The error is one of a scale in double; its f32 may move a weight at a tie.
    RC_ASSERT(error(weights, best) <= error(weights, plain) * 1.001 + 1e-60);
    for (int32_t code : best.codes)
      RC_ASSERT(std::abs(code) <= levels.back());
  });
}

// The example of VS-Quant in units of gamma: x = 35 * [.9, -.3, .2, .05 | …].
TEST(Formats, VectorScales) {
  std::vector<float> x{31.5, -10.5, 7, 1.75, 3.5, 1.4, -2.8, 0.7, 105, -70, 17.5, 8.75};
  GroupedCodes codes = encodeGroups(x, uniformLevels(4), 4, 15, ScaleSearch::LargestWeight);
  EXPECT_EQ(codes.scale, 1.0f);
  EXPECT_EQ(codes.groupScales, (Codes{5, 1, 15}));
  EXPECT_EQ(codes.levels, (Codes{6, -2, 1, 0, 4, 1, -3, 1, 7, -5, 1, 1}));
  EXPECT_NEAR(error(x, codes) / (35 * 35), 0.0656, 5e-5);
  // The product with w = [1, -2, 3, 1 | 2, 2, -1, 0 | 1, -1, 2, -3]; 300 is gamma_w = 0.01
  // times the largest level.
  std::vector<float> w{1, -2, 3, 1, 2, 2, -1, 0, 1, -1, 2, -3};
  Codes innerScales{5, 2, 15}, qw{1, -2, 3, 1, 2, 2, -1, 0, 1, -1, 2, -3};
  int32_t total = 0;
  for (size_t i = 0; i != x.size(); ++i)
    total += codes.codes[i] * qw[i] * innerScales[i / 4];
  EXPECT_EQ(total, 2826);
  EXPECT_NEAR(total / 35.0 * 0.01, 0.8074286, 1e-7);
}

TEST(Formats, VectorScalesOfAnything) {
  EXPECT_EQ(narrowGroupScale(uniformLevels(4)), 15);
  EXPECT_EQ(narrowGroupScale(uniformLevels(3)), 31);
  EXPECT_EQ(narrowGroupScale(uniformLevels(2)), 127);
  EXPECT_EQ(narrowGroupScale(uniformLevels(8)), 1);
  EXPECT_EQ(encodeGroups({}, uniformLevels(4), 16, 15, ScaleSearch::LeastError).codes, Codes{});
  rc::check([] {
    std::vector<float> weights = *anyWeights();
    Levels levels = uniformLevels(*rc::gen::inRange(2, 7));
    auto size = *rc::gen::inRange<size_t>(1, 20);
    auto search = *rc::gen::element(ScaleSearch::LargestWeight, ScaleSearch::LeastError);
    GroupedCodes codes = encodeGroups(weights, levels, size, narrowGroupScale(levels), search);
    RC_ASSERT(codes.codes.size() == weights.size());
    RC_ASSERT(codes.groupScales.size() == (weights.size() + size - 1) / size);
    RC_ASSERT(codes.scale >= FLT_MIN && std::isfinite(codes.scale));
    for (size_t i = 0; i != weights.size(); ++i) {
      RC_ASSERT(codes.codes[i] == codes.levels[i] * codes.groupScales[i / size]);
      RC_ASSERT(codes.groupScales[i / size] >= 1 && std::abs(codes.codes[i]) <= kNarrowLimit);
    }
  });
}

TEST(Formats, NormalFloat) {
  Reals nf4{-1,       -.6961929, -.5250730, -.3949175, -.2844414, -.1847734, -.0910500, 0,
            .0795803, .1609302,  .2461123,  .3379152,  .4407098,  .5626170,  .7229567,  1};
  expectNear(normalFloat(4), nf4, 2e-7);
  Codes levels = normalFloatLevels(4);
  EXPECT_EQ(levels, (Codes{-127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127}));
  std::vector<float> block{.03, -.5, .2, 1, -.75, 0, .48, -.02};
  ScaledCodes codes = encodeLevels(block, levels, 127, ScaleSearch::LargestWeight);
  Codes indices;
  for (int32_t code : codes.codes)
    indices.push_back(std::find(levels.begin(), levels.end(), code) - levels.begin());
  EXPECT_EQ(indices, (Codes{7, 2, 9, 15, 1, 7, 12, 7}));
  for (unsigned bits = 2; bits <= 8; ++bits) {
    Reals reals = normalFloat(bits);
    EXPECT_EQ(reals.size(), size_t{1} << bits);
    EXPECT_TRUE(std::is_sorted(reals.begin(), reals.end()));
    EXPECT_EQ(reals.front(), -1);
    EXPECT_EQ(reals.back(), 1);
  }
}

TEST(Formats, LogExponents) {
  EXPECT_EQ(logExponent(3.7, 3, 3), 2);
  EXPECT_EQ(logExponent(1, 3, 3), 0);
  EXPECT_EQ(logExponent(.3, 3, 3), -2);
  EXPECT_EQ(logExponent(.06, 3, 3), -4);
  EXPECT_EQ(logExponent(0, 3, 3), std::nullopt);
  EXPECT_EQ(logExponent(6.5, 3, 3), 2);
  EXPECT_EQ(logExponent(20, 3, 3), 2);
  EXPECT_EQ(logExponent(-.3, 3, 3), -2);
  EXPECT_EQ(logExponent(.03, 3, 3), std::nullopt); // -5 is below the codes.
  // The boundary is the root of two, not 1.5.
  EXPECT_EQ(logExponent(1.4142135, 4, 8), 0);
  EXPECT_EQ(logExponent(1.4142136, 4, 8), 1);
}

TEST(Formats, LogWeights) {
  // 4 bits: 0 and seven powers, the largest one that of 3.7.
  std::vector<float> weights{3.7, -1, .3, .06, 0, .02};
  ScaledCodes codes = encodeLog(weights, 4, ScaleSearch::LargestWeight);
  EXPECT_EQ(codes.scale, 0x1p-4f);
  EXPECT_EQ(codes.codes, (Codes{64, -16, 4, 1, 0, 0}));
  // 3.7 rounds to 4, but everything else is finer one octave below.
  std::vector<float> many(100, .02f);
  many.push_back(2.9f);
  EXPECT_EQ(encodeLog(many, 4, ScaleSearch::LargestWeight).codes.back(), 64);
  EXPECT_EQ(encodeLog(many, 2, ScaleSearch::LeastError).codes.back(), 1);
  EXPECT_EQ(logSqrtLevels(2), (Codes{-127, 0, 127}));
  EXPECT_EQ(logSqrtLevels(4), (Codes{-127, -90, -64, -45, -32, -22, -16, 0, 16, 22, 32, 45, 64, 90, 127}));
  EXPECT_EQ(logSqrtLevels(5).front(), -kWideLimit);
}

TEST(Formats, Ternary) {
  ScaledCodes codes = encodeTernary(std::vector<float>{.9f, -1.1f, .1f, 0, -.2f});
  EXPECT_EQ(codes.codes, (Codes{1, -1, 0, 0, 0}));
  EXPECT_FLOAT_EQ(codes.scale, 1.0f);
  EXPECT_EQ(encodeTernary(std::vector<float>{2, 2, -2}).codes, (Codes{1, 1, -1}));
  EXPECT_EQ(encodeTernary(std::vector<float>{0, 0}).codes, (Codes{0, 0}));
  // No threshold is better.
  rc::check([] {
    std::vector<float> weights = *anyWeights();
    ScaledCodes best = encodeTernary(weights);
    double least = error(weights, best);
    for (float w : weights) {
      double threshold = std::abs(w), sum = 0, count = 0;
      for (float x : weights)
        if (std::abs(x) >= threshold)
          sum += std::abs(x), ++count;
      ScaledCodes other;
      other.scale = static_cast<float>(sum / count);
      for (float x : weights)
        other.codes.push_back(std::abs(x) < threshold ? 0 : x < 0 ? -1 : 1);
      RC_ASSERT(least <= error(weights, other) * (1 + 1e-6) + 1e-60);
    }
  });
}

TEST(Formats, Binary) {
  ScaledCodes codes = encodeBinary(std::vector<float>{.5f, -.3f, .2f, -.8f});
  EXPECT_FLOAT_EQ(codes.scale, .45f);
  EXPECT_EQ(codes.codes, (Codes{1, -1, 1, -1}));
  EXPECT_EQ(encodeBinary(std::vector<float>{0, -1}).codes, (Codes{1, -1})); // The sign of 0 is +.
  EXPECT_EQ(encodeBinary(std::vector<float>{0, 0}).codes, (Codes{0, 0}));
}

TEST(Formats, BalancedCenters) {
  Reals x{-2, -.5, -.4, -.3, -.1, 0, .05, .1, .2, .3, .35, 3};
  expectNear(balancedCenters(x, 2), {-.966667, -.133333, .116667, 1.216667}, 1e-6);
  // Equal values stay in one part, so there may be fewer.
  EXPECT_EQ(balancedCenters({1, 1, 1, 1}, 3), Reals{1});
  EXPECT_EQ(balancedCenters({0, 0, 0, 0, 0, 1}, 1), (Reals{0, 1}));
  EXPECT_EQ(balancedCenters({-1, 0, 0, 0, 0, 0}, 1), (Reals{-1, 0}));
  EXPECT_EQ(balancedCenters({}, 2), Reals{});
}

TEST(Formats, OptimalCenters) {
  Reals x{-2, -.5, -.4, -.3, -.1, 0, .05, .1, .2, .3, .35, 3};
  std::vector<WeightedValue> values;
  for (double v : x)
    values.push_back({v, 1});
  expectNear(optimalCenters(values, 4), {-2, -.4, .9 / 7, 3}, 1e-9);
  EXPECT_EQ(optimalCenters(values, 100).size(), x.size());
  EXPECT_EQ(optimalCenters({}, 4), Reals{});
  EXPECT_EQ(optimalCenters({{1, 1}, {1, 2}}, 4), Reals{1});
  EXPECT_EQ(optimalCenters({{0, 3}, {1, 1}}, 1), Reals{.25}); // Weights count.
  std::vector<WeightedValue> many;
  for (int i = 0; i != 100000; ++i)
    many.push_back({std::fmod(i * 0.6180339887, 1.0), 1});
  Reals centers = optimalCenters(many, 4);
  expectNear(centers, {.125, .375, .625, .875}, 1e-3);
}

// Every split of a few values, tried out.
TEST(Formats, OptimalCentersAreOptimal) {
  rc::check([] {
    auto ints = *rc::gen::resize(9, rc::gen::container<std::vector<int>>(rc::gen::inRange(-30, 30)));
    auto count = *rc::gen::inRange<size_t>(1, 4);
    if (ints.empty())
      return;
    std::sort(ints.begin(), ints.end());
    auto distance = [&](size_t b, size_t e) {
      double sum = 0, result = 0;
      for (size_t i = b; i != e; ++i)
        sum += ints[i];
      for (size_t i = b; i != e; ++i)
        result += std::pow(ints[i] - sum / static_cast<double>(e - b), 2);
      return result;
    };
    std::vector<double> best(ints.size() + 1, INFINITY);
    best[0] = 0;
    for (size_t run = 0; run != count; ++run) {
      std::vector<double> next = best; // At most `count` runs.
      for (size_t e = 1; e <= ints.size(); ++e)
        for (size_t b = 0; b != e; ++b)
          next[e] = std::min(next[e], best[b] + distance(b, e));
      best = next;
    }
    std::vector<WeightedValue> values;
    for (int v : ints)
      values.push_back({static_cast<double>(v), 1});
    Reals centers = optimalCenters(values, count);
    double total = 0;
    for (int v : ints) {
      double least = INFINITY;
      for (double c : centers)
        least = std::min(least, std::pow(v - c, 2));
      total += least;
    }
    RC_ASSERT(std::abs(total - best.back()) < 1e-6);
  });
}

namespace {
const std::vector<float> block{.5, -1.75, 3.9, .1, -.03, 0, 2.2, -.7};
}

TEST(Formats, MXElements) {
  EXPECT_EQ(sharedExponent(block, mx::e2m1), -1);
  expectNear(roundToBlocks(block, mx::e2m1, 32), {.5, -2, 3, 0, 0, 0, 2, -.75}, 0);
  EXPECT_EQ(sharedExponent(block, mx::int8), 1);
  Reals int8;
  for (int code : {16, -56, 125, 3, -1, 0, 70, -22})
    int8.push_back(code / 32.0);
  expectNear(roundToBlocks(block, mx::int8, 32), int8, 0);
  EXPECT_EQ(sharedExponent(block, mx::e4m3), -7);
  Reals e4m3;
  for (double element : {64., -224., 448., 13., -3.75, 0., 288., -88.})
    e4m3.push_back(element / 128);
  expectNear(roundToBlocks(block, mx::e4m3, 32), e4m3, 0);
  EXPECT_EQ(sharedExponent(block, mx::e2m3), -1);
  expectNear(roundToBlocks(block, mx::e2m3, 32), {.5, -1.75, 3.75, .125, 0, 0, 2.25, -.6875}, 0);
  EXPECT_EQ(sharedExponent(block, mx::e3m2), -3);
  expectNear(roundToBlocks(block, mx::e3m2, 32), {.5, -1.75, 3.5, .09375, -.03125, 0, 2, -.75}, 0);
  EXPECT_EQ(roundToElement(1e9, mx::e5m2), 57344);
  EXPECT_EQ(roundToElement(-128.0 / 64, mx::int8), -127.0 / 64); // No -128.
  EXPECT_EQ(roundToElement(5, mx::e2m1), 4);                     // A tie goes to the even mantissa.
  EXPECT_EQ(sharedExponent(std::vector<float>{0, 0}, mx::int8), -127);
  EXPECT_EQ(sharedExponent(std::vector<float>{0x1p-140f}, mx::int8), -127);
}

// Normal numbers of unit variance: the SQNR of each format (a known figure).
TEST(Formats, MXOfNormalNumbers) {
  std::vector<float> weights;
  uint64_t state = 1;
  auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(state >> 11) + 0.5) * 0x1p-53;
  };
  for (int i = 0; i != 1 << 15; ++i)
    weights.push_back(
        static_cast<float>(std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform())));
  auto sqnr = [&](const Reals &rounded) {
    double signal = 0, noise = 0;
    for (size_t i = 0; i != weights.size(); ++i)
      signal += weights[i] * weights[i], noise += std::pow(weights[i] - rounded[i], 2);
    return 10 * std::log10(signal / noise);
  };
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::int8, 32)), 41.59, 0.15);
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::e2m3, 32)), 30.96, 0.15);
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::e4m3, 32)), 30.66, 0.15);
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::e3m2, 32)), 25.29, 0.15);
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::e5m2, 32)), 25.29, 0.15);
  EXPECT_NEAR(sqnr(roundToBlocks(weights, mx::e2m1, 32)), 18.83, 0.15);
  EXPECT_NEAR(sqnr(roundToMicroexponents(weights, 7)), 46.51, 0.15);
  EXPECT_NEAR(sqnr(roundToMicroexponents(weights, 4)), 28.31, 0.15);
  EXPECT_NEAR(sqnr(roundToMicroexponents(weights, 2)), 15.71, 0.15);
}

TEST(Formats, Microexponents) {
  // Exponent 1; the pairs have tau 1, 0, 1, 0. A step is 2^(1 - tau - (m - 1)).
  auto steps = [](unsigned bits) {
    Codes codes;
    Reals values = roundToMicroexponents(block, bits);
    for (size_t i = 0; i != values.size(); ++i)
      codes.push_back(
          static_cast<int32_t>(std::ldexp(values[i], static_cast<int>(bits) - 2 + (i / 2 % 2 ? 0 : 1))));
    return codes;
  };
  EXPECT_EQ(steps(7), (Codes{32, -112, 125, 3, -2, 0, 70, -22}));
  EXPECT_EQ(steps(4), (Codes{4, -14, 15, 0, 0, 0, 9, -3}));
  EXPECT_EQ(steps(2), (Codes{1, -3, 3, 0, 0, 0, 2, -1}));
}

TEST(Formats, LatticeCodes) {
  LatticeCodes codes = latticeCodes(Reals{.5, -2, 3, 0, .75}, kWideLimit, sumLimit);
  EXPECT_EQ(codes.scale, .25f);
  EXPECT_EQ(codes.codes, (Codes{2, -8, 12, 0, 3}));
  EXPECT_EQ(codes.rounded, 0u);
  // 2^20 between the largest and the smallest: only 15 bits are left.
  codes = latticeCodes(Reals{0x1p20, 1}, kWideLimit, sumLimit);
  EXPECT_EQ(codes.codes, (Codes{1 << 14, 0}));
  EXPECT_EQ(codes.rounded, 1u);
  // The sum of many may be too large although each fits.
  codes = latticeCodes(Reals(1000, 20001.0), kWideLimit, 1e6);
  EXPECT_EQ(codes.scale, 32.0f);
  EXPECT_EQ(codes.rounded, 1000u);
  EXPECT_EQ(latticeCodes(Reals{1000, 1}, kNarrowLimit, sumLimit).codes, (Codes{125, 0}));
  EXPECT_EQ(latticeCodes(Reals{0, 0}, kWideLimit, sumLimit).codes, (Codes{0, 0}));
  EXPECT_EQ(latticeCodes(Reals{0x1p-149}, kWideLimit, sumLimit).scale, FLT_MIN);
}

TEST(Formats, LevelsOfLogarithms) {
  EXPECT_EQ(logLevels(2), (Levels{-1, 0, 1}));
  EXPECT_EQ(logLevels(4), (Levels{-64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64}));
}

TEST(Formats, LevelsOfElements) {
  // 0, .5, 1, 1.5, 2, 3, 4, 6 in halves; in ones, half to even.
  EXPECT_EQ(elementLevels(mx::e2m1, 0, 0.5f), (Levels{-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12}));
  EXPECT_EQ(elementLevels(mx::e2m1, 3, 8), (Levels{-6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6}));
  EXPECT_EQ(elementLevels(mx::int8, 0, 0x1p-6f), uniformLevels(8));
  EXPECT_EQ(elementLevels(mx::e4m3, 0, 0x1p-9f).size(), 2u * (7 + 12 * 8) + 1); // up to 32512, as 60 * 512
  EXPECT_EQ(elementLevels(mx::e4m3, -127, 1), Levels{0});
}

// What a format makes of weights is among the codes that it allows.
RC_GTEST_PROP(Formats, LevelsHoldWhatIsEncoded, ()) {
  std::vector<float> weights = *anyWeights();
  auto limit = [](float w) { return std::abs(w) < 1e30f ? w : 0; };
  std::ranges::transform(weights, weights.begin(), limit);
  auto holds = [](const Levels &levels, int32_t code) { return std::ranges::binary_search(levels, code); };
  for (const ElementFormat &format : {mx::int8, mx::e4m3, mx::e5m2, mx::e2m3, mx::e3m2, mx::e2m1}) {
    LatticeCodes codes = latticeCodes(roundToBlocks(weights, format, 8), kWideLimit, sumLimit);
    for (size_t i = 0; i < weights.size(); ++i) {
      std::span<const float> block =
          std::span(weights).subspan(i / 8 * 8).first(std::min<size_t>(8, weights.size() - i / 8 * 8));
      RC_ASSERT(holds(elementLevels(format, sharedExponent(block, format), codes.scale), codes.codes[i]));
    }
  }
  for (unsigned bits : {2u, 4u, 7u}) {
    LatticeCodes codes = latticeCodes(roundToMicroexponents(weights, bits), kWideLimit, sumLimit);
    std::vector<Levels> levels = microexponentLevels(weights, bits, codes.scale);
    for (size_t i = 0; i < weights.size(); ++i)
      RC_ASSERT(holds(levels[i / 2], codes.codes[i]));
  }
  for (unsigned bits : {2u, 4u, 5u})
    for (int32_t code : encodeLog(weights, bits, ScaleSearch::LeastError).codes)
      RC_ASSERT(holds(logLevels(bits), code));
}

TEST(Formats, Clusters) {
  EXPECT_EQ(clusterMagnitudes(Reals{1, .1, .9, 0, .12}, 2), (Reals{1, .12, 1, 0, .12}));
  EXPECT_EQ(clusterMagnitudes(Reals{1, .1, .9}, 1), (Reals{1, 1, 1}));
  EXPECT_EQ(clusterMagnitudes(Reals{1, .1, .9}, 8), (Reals{1, .1, .9}));
  EXPECT_EQ(clusterMagnitudes(Reals{0, 0}, 2), (Reals{0, 0}));
}

TEST(Formats, CodesAreExactInFloat) {
  rc::check([] {
    std::vector<float> weights = *anyWeights();
    for (const ScaledCodes &codes :
         {encodeLog(weights, 5, ScaleSearch::LeastError),
          static_cast<ScaledCodes>(latticeCodes(roundToBlocks(weights, mx::e4m3, 32), kWideLimit, sumLimit)),
          static_cast<ScaledCodes>(
              encodeGroups(weights, uniformLevels(4), 8, kWideLimit / 7, ScaleSearch::LargestWeight))}) {
      std::vector<float> values = scaled(codes);
      for (size_t i = 0; i != values.size(); ++i)
        if (std::isfinite(values[i]))
          RC_ASSERT(quantize(values[i], {codes.scale, 0}, {-kWideLimit, kWideLimit}) == codes.codes[i]);
    }
  });
}
