//===- WeightRoundingTest.cpp - Rules N50 to N58 --------------------------===//
#include "narrow/Numerics/AdaptiveRounding.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
constexpr CodeRange s4r = CodeRange::signedBits(4, true), s8r = CodeRange::signedBits(8, true);

struct Owned {
  std::vector<float> values;
  int64_t rows, cols;
  MatrixRef ref() const { return {values.data(), rows, cols}; }
};

/// rows * W^T + bias.
Owned apply(const Owned &rows, const Owned &weights, std::span<const float> bias) {
  Owned y{std::vector<float>(static_cast<size_t>(rows.rows * weights.rows)), rows.rows, weights.rows};
  for (int64_t n = 0; n < rows.rows; ++n)
    for (int64_t o = 0; o < weights.rows; ++o) {
      double sum = bias[o];
      for (int64_t k = 0; k < rows.cols; ++k)
        sum += double{rows.values[n * rows.cols + k]} * weights.values[o * rows.cols + k];
      y.values[n * weights.rows + o] = static_cast<float>(sum);
    }
  return y;
}

double sum(const std::vector<double> &values) { return std::accumulate(values.begin(), values.end(), 0.0); }

std::vector<double> gramOf(const Owned &rows) {
  Gram gram(rows.cols);
  gram.add(rows.ref());
  return gram.mean();
}

/// A layer with random weights whose inputs depend on each other.
struct RandomLayer {
  Owned weights, inputs, targets;
  std::vector<float> bias;
  WeightGrid grid;

  LayerTask task() const {
    return {.weights = weights.ref(),
            .bias = bias,
            .grid = grid,
            .inputs = inputs.ref(),
            .targets = targets.ref(),
            .learnScales = true};
  }
  static RandomLayer make(uint32_t seed, int64_t outputs, int64_t depth, int64_t rows, CodeRange codes) {
    RandomLayer layer;
    uint32_t next = 0;
    auto uniform = [&] { return static_cast<float>(counterUniform(seed, next++) - 0.5); };
    layer.weights = {{}, outputs, depth};
    layer.inputs = {{}, rows, depth};
    for (int64_t i = 0; i < outputs * depth; ++i)
      layer.weights.values.push_back(uniform());
    for (int64_t n = 0; n < rows; ++n) {
      float common = uniform();
      for (int64_t k = 0; k < depth; ++k)
        layer.inputs.values.push_back(std::max(0.0f, common + 0.5f * uniform()));
    }
    for (int64_t o = 0; o < outputs; ++o) {
      layer.bias.push_back(uniform());
      layer.grid.scales.push_back(0.5f / static_cast<float>(codes.max) * (0.5f + std::fabs(uniform())));
    }
    layer.grid.codes = codes;
    layer.targets = apply(layer.inputs, layer.weights, layer.bias);
    return layer;
  }
};

void expectInRange(const WeightCodes &codes, CodeRange range) {
  for (int32_t code : codes) {
    ASSERT_GE(code, range.min);
    ASSERT_LE(code, range.max);
  }
}
} // namespace

TEST(WeightRounding, NearestTies) {
  const float ties[] = {-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f};
  MatrixRef weights{ties, 1, 6};
  WeightGrid grid{{1.0f}, s4r};
  EXPECT_EQ(roundNearest(weights, grid, Rounding::HalfEven), (WeightCodes{-2, -2, 0, 0, 2, 2}));
  EXPECT_EQ(roundNearest(weights, grid, Rounding::HalfAway), (WeightCodes{-3, -2, -1, 1, 2, 3}));
  EXPECT_EQ(roundNearest(weights, grid, Rounding::HalfUp), (WeightCodes{-2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(roundNearest(weights, grid, Rounding::TowardZero), (WeightCodes{-2, -1, 0, 0, 1, 2}));
}

TEST(WeightRounding, NearestIsLimitedAndIgnoresNaN) {
  for (Rounding ties : {Rounding::HalfEven, Rounding::HalfAway, Rounding::HalfUp, Rounding::TowardZero}) {
    EXPECT_EQ(roundNearest(100, 1, s4r, ties), 7);
    EXPECT_EQ(roundNearest(-INFINITY, 1, s4r, ties), -7);
    EXPECT_EQ(roundNearest(NAN, 1, s4r, ties), 0);
  }
}

RC_GTEST_PROP(WeightRounding, NearestIsQuantize, (int a)) {
  float x = static_cast<float>(a) * 0x1p-26f;
  RC_ASSERT(roundNearest(x, 0.3f, s8r, Rounding::HalfEven) == quantize(x, {0.3f, 0}, s8r));
}

TEST(WeightRounding, Hash) {
  const double expected[] = {.25019, .877331, .50325, .648046, .612851, .357432, .527645, .273188};
  for (uint32_t i = 0; i < 8; ++i)
    EXPECT_NEAR(counterUniform(1234, i), expected[i], 5e-7);
  EXPECT_NE(seedFor(1, std::string("conv1")), seedFor(1, std::string("conv2")));
  EXPECT_NE(seedFor(1, std::string("conv1")), seedFor(2, std::string("conv1")));
}

TEST(WeightRounding, Stochastic) {
  std::vector<float> values(8, 0.3f);
  EXPECT_EQ(roundStochastic({values.data(), 1, 8}, {{1.0f}, s4r}, 1234),
            (WeightCodes{0, 1, 0, 0, 0, 0, 0, 0}));
  // Two rows of scales 1 and 0.5: 0.3 and 0.6 quanta, elements 0 to 3.
  EXPECT_EQ(roundStochastic({values.data(), 2, 2}, {{1.0f, 0.5f}, s4r}, 1234), (WeightCodes{0, 1, 1, 1}));
  const float whole[] = {-7, -1, 0, 3, 9};
  EXPECT_EQ(roundStochastic({whole, 1, 5}, {{1.0f}, s4r}, 5), (WeightCodes{-7, -1, 0, 3, 7}));
}

TEST(WeightRounding, StochasticIsUnbiased) {
  std::vector<float> values(200000, 0.3f);
  WeightCodes codes = roundStochastic({values.data(), 1, 200000}, {{1.0f}, s4r}, 99);
  EXPECT_NEAR(std::accumulate(codes.begin(), codes.end(), 0.0) / 200000, .29999, 5e-6);
}

TEST(WeightRounding, InverseCholesky) {
  Owned x{{1, 1, 1, 0.8f, 0.9f, 1.2f}, 3, 2};
  std::vector<double> h = gramOf(x);
  for (double &value : h)
    value *= 2;
  double damping = 0.01 * (h[0] + h[3]) / 2;
  h[0] += damping;
  h[3] += damping;
  EXPECT_NEAR(h[0], 1.892967, 1e-6);
  EXPECT_NEAR(h[1], 1.92, 1e-6);
  EXPECT_NEAR(h[3], 2.072967, 1e-6);
  std::vector<double> u = inverseCholesky(h, 2); // by columns
  ASSERT_EQ(u.size(), 4u);
  EXPECT_NEAR(u[0], 2.953392, 2e-5);
  EXPECT_EQ(u[1], 0);
  EXPECT_NEAR(u[2], -2.735457, 2e-5);
  EXPECT_NEAR(u[3], .694551, 1e-6);
  EXPECT_TRUE(inverseCholesky(std::vector<double>{1, 2, 2, 1}, 2).empty());
}

TEST(WeightRounding, GptqOfTwoColumns) {
  Owned x{{1, 1, 1, 0.8f, 0.9f, 1.2f}, 3, 2}, w{{0.29f, 0.29f}, 1, 2};
  WeightGrid grid{{0.2f}, s4r};
  std::vector<double> gram = gramOf(x);
  EXPECT_EQ(roundNearest(w.ref(), grid), (WeightCodes{1, 1}));
  EXPECT_EQ(roundGptq(w.ref(), grid, gram), (WeightCodes{1, 2}));
  EXPECT_NEAR(layerErrors(w.ref(), {1, 2}, grid, gram)[0], .0010017, 1e-7);
  EXPECT_NEAR(layerErrors(w.ref(), {1, 1}, grid, gram)[0], .0314550, 1e-7);
}

TEST(WeightRounding, GptqSpecialInputs) {
  WeightGrid grid{{0.2f}, s4r};
  Owned w{{0.29f, 0.5f, 0.29f}, 1, 3};
  // Column 1 is always 0.
  Owned x{{1, 0, 1, 1, 0, 0.8f, 0.9f, 0, 1.2f}, 3, 3};
  EXPECT_EQ(roundGptq(w.ref(), grid, gramOf(x)), (WeightCodes{1, 0, 2}));
  // Nothing is known about the input.
  EXPECT_EQ(roundGptq(w.ref(), grid, std::vector<double>(9)), roundNearest(w.ref(), grid));
  EXPECT_EQ(roundGptq(w.ref(), grid, std::vector<double>(9, NAN)), roundNearest(w.ref(), grid));
  // One row: singular but for the damping, even without any.
  Owned one{{1, 1, 1}, 1, 3};
  expectInRange(roundGptq(w.ref(), grid, gramOf(one), {.damping = 0}), s4r);
  EXPECT_LE(sum(layerErrors(w.ref(), roundGptq(w.ref(), grid, gramOf(one)), grid, gramOf(one))), 0.01f);
  EXPECT_TRUE(roundGptq({nullptr, 0, 3}, grid, gramOf(x)).empty());
}

TEST(WeightRounding, GptqBlocksChangeNothing) {
  RandomLayer layer = RandomLayer::make(7, 5, 40, 200, s4r);
  std::vector<double> gram = gramOf(layer.inputs);
  WeightCodes whole = roundGptq(layer.weights.ref(), layer.grid, gram);
  for (int64_t block : {1, 7, 39, 40})
    EXPECT_EQ(roundGptq(layer.weights.ref(), layer.grid, gram, {.blockSize = block}), whole) << block;
}

RC_GTEST_PROP(WeightRounding, GptqIsNoWorseThanNearest, (uint32_t seed, bool actOrder)) {
  CodeRange codes = CodeRange::signedBits(*rc::gen::inRange(2u, 9u), *rc::gen::arbitrary<bool>());
  RandomLayer layer = RandomLayer::make(seed, *rc::gen::inRange(1, 5), *rc::gen::inRange(1, 30),
                                        *rc::gen::inRange(1, 60), codes);
  std::vector<double> gram = gramOf(layer.inputs);
  MatrixRef w = layer.weights.ref();
  WeightCodes chosen = roundGptq(w, layer.grid, gram, {.actOrder = actOrder});
  RC_ASSERT(
      std::ranges::all_of(chosen, [&](int32_t code) { return code >= codes.min && code <= codes.max; }));
  std::vector<double> mine = layerErrors(w, chosen, layer.grid, gram),
                      nearest = layerErrors(w, roundNearest(w, layer.grid), layer.grid, gram);
  for (size_t o = 0; o < mine.size(); ++o)
    RC_ASSERT(mine[o] <= nearest[o]);
}

TEST(WeightRounding, GptqHelps) {
  RandomLayer layer = RandomLayer::make(3, 8, 64, 500, s4r);
  std::vector<double> gram = gramOf(layer.inputs);
  MatrixRef w = layer.weights.ref();
  for (bool actOrder : {false, true})
    EXPECT_LT(sum(layerErrors(w, roundGptq(w, layer.grid, gram, {.actOrder = actOrder}), layer.grid, gram)),
              0.5 * sum(layerErrors(w, roundNearest(w, layer.grid), layer.grid, gram)));
}

TEST(Gram, SumsOfBlocksAndOfCalls) {
  RandomLayer layer = RandomLayer::make(5, 1, 6, 700, s4r);
  Gram whole(6), parts(6);
  whole.add(layer.inputs.ref());
  parts.add(layer.inputs.ref().slice(0, 256));
  parts.add(layer.inputs.ref().slice(256, 444));
  EXPECT_EQ(whole.mean(), parts.mean());
  EXPECT_EQ(whole.getNumRows(), 700);
  std::vector<double> mean = whole.mean();
  for (int64_t i = 0; i < 6; ++i)
    for (int64_t j = 0; j < 6; ++j) {
      double expected = 0;
      for (int64_t n = 0; n < 700; ++n)
        expected += double{layer.inputs.values[n * 6 + i]} * layer.inputs.values[n * 6 + j] / 700;
      EXPECT_NEAR(mean[i * 6 + j], expected, 1e-6);
    }
  EXPECT_EQ(Gram(2).mean(), std::vector<double>(4));
}

//===----------------------------------------------------------------------===//
// Codes that are not all integers
//===----------------------------------------------------------------------===//

namespace {
/// Lists of codes that `seed` draws, for groups of columns of a layer, which may be more than it has.
struct RandomLists {
  std::vector<Levels> lists;

  RandomLists(uint32_t seed, RandomLayer &layer, int64_t columns) {
    uint32_t next = 1u << 20;
    auto below = [&](int64_t end) { return static_cast<int32_t>(counterUniform(seed, next++) * end); };
    for (int i = 0; i < 3; ++i) {
      Levels levels;
      for (int32_t count = 1 + below(12); count > 0; --count)
        levels.push_back(below(255) - 127);
      std::ranges::sort(levels);
      levels.erase(std::ranges::unique(levels).begin(), levels.end());
      lists.push_back(levels);
    }
    layer.grid.codes = s8r;
    CodeLists &allowed = layer.grid.allowed;
    allowed.lists = lists;
    allowed.columns = columns;
    allowed.perRow = (layer.weights.cols + columns - 1) / columns;
    for (int64_t i = 0; i < layer.weights.rows * allowed.perRow; ++i)
      allowed.groups.push_back(below(3));
    for (float &scale : layer.grid.scales)
      scale = 0.5f / 127;
  }
};

/// Whether each code is one of its list, and, if `adjacent`, next to its weight.
bool areAllowed(const RandomLayer &layer, const WeightCodes &codes, bool adjacent) {
  for (int64_t o = 0, i = 0; o < layer.weights.rows; ++o)
    for (int64_t k = 0; k < layer.weights.cols; ++k, ++i) {
      auto [below, above] =
          findNeighbours(layer.grid.allowed.at(o, k), layer.weights.values[i] / layer.grid.scale(o));
      if (!std::ranges::binary_search(layer.grid.allowed.at(o, k), codes[i]) ||
          (adjacent && codes[i] != below && codes[i] != above))
        return false;
    }
  return true;
}
} // namespace

TEST(AllowedCodes, Neighbours) {
  const int32_t allowed[] = {-9, -3, 0, 4, 10};
  auto pair = [&](double x) {
    auto [below, above] = findNeighbours(allowed, x);
    return std::pair(below, above);
  };
  EXPECT_EQ(pair(-3), std::pair(-3, 0));
  EXPECT_EQ(pair(-3.1), std::pair(-9, -3));
  EXPECT_EQ(pair(9.9), std::pair(4, 10));
  EXPECT_EQ(pair(10), std::pair(10, 10));
  EXPECT_EQ(pair(INFINITY), std::pair(10, 10));
  EXPECT_EQ(pair(-9.5), std::pair(-9, -9));
  EXPECT_EQ(pair(NAN), std::pair(0, 4));
  EXPECT_EQ(roundNearest(1.6, 0.5, allowed), 4);
  EXPECT_EQ(roundNearest(-0.76, 0.5, allowed), -3);
  EXPECT_EQ(roundNearest(NAN, 0.5, allowed), 0);
  // 1/3 of the way from 4 to 10: up for u >= 2/3 of .25019, .877331, .50325, .648046.
  int32_t chance[4];
  for (uint32_t i = 0; i < 4; ++i)
    chance[i] = roundStochastic(6.0f, 1.0f, allowed, 1234, i);
  EXPECT_EQ(std::vector(chance, chance + 4), (WeightCodes{4, 10, 4, 4}));
  EXPECT_EQ(roundStochastic(-3.0f, 1.0f, allowed, 1234, 1), -3);
}

TEST(AllowedCodes, StochasticIsUnbiased) {
  const Levels lists[] = {{-9, -3, 0, 4, 10}};
  std::vector<float> values(200000, 2.8f); // 5.6 quanta
  WeightGrid grid{{0.5f}, s8r, {lists, {0}, 200000, 1}};
  WeightCodes codes = roundStochastic({values.data(), 1, 200000}, grid, 99);
  EXPECT_NEAR(std::accumulate(codes.begin(), codes.end(), 0.0) / 200000, 5.6, 0.01);
}

TEST(AllowedCodes, GptqOfTwoColumns) {
  // The example of N53 with a code less, and with groups of one column.
  Owned x{{1, 1, 1, 0.8f, 0.9f, 1.2f}, 3, 2}, w{{0.29f, 0.29f}, 1, 2};
  const Levels lists[] = {{-1, 0, 1, 3}, {0, 1, 2}};
  WeightGrid grid{{0.2f}, s4r, {lists, {0, 1}, 1, 2}};
  EXPECT_EQ(roundGptq(w.ref(), grid, gramOf(x)), (WeightCodes{1, 2}));
  grid.allowed.groups = {1, 0}; // 2 is no code of the second weight: nothing is better than nearest.
  EXPECT_EQ(roundGptq(w.ref(), grid, gramOf(x)), (WeightCodes{1, 1}));
  EXPECT_EQ(roundGptq(w.ref(), grid, gramOf(x), {.actOrder = true}), (WeightCodes{2, 1}));
}

RC_GTEST_PROP(AllowedCodes, EveryIntegerIsTheUniformGrid, (uint32_t seed)) {
  RandomLayer layer = RandomLayer::make(seed, 3, 20, 40, s4r);
  RandomLayer listed = layer;
  const Levels lists[] = {uniformLevels(4)};
  listed.grid.allowed = {lists, {0, 0, 0}, 20, 1};
  std::vector<double> gram = gramOf(layer.inputs);
  MatrixRef w = layer.weights.ref();
  RC_ASSERT(roundNearest(w, layer.grid) == roundNearest(w, listed.grid));
  RC_ASSERT(roundStochastic(w, layer.grid, seed) == roundStochastic(w, listed.grid, seed));
  RC_ASSERT(roundGptq(w, layer.grid, gram) == roundGptq(w, listed.grid, gram));
}

RC_GTEST_PROP(AllowedCodes, RoundingStaysOnThem, (uint32_t seed, bool actOrder)) {
  RandomLayer layer = RandomLayer::make(seed, *rc::gen::inRange(1, 5), *rc::gen::inRange(1, 30),
                                        *rc::gen::inRange(1, 60), s8r);
  RandomLists lists(seed, layer, *rc::gen::inRange(1, 40));
  std::vector<double> gram = gramOf(layer.inputs), identity(gram.size());
  int64_t size = layer.weights.cols;
  for (int64_t i = 0; i < size; ++i)
    identity[i * size + i] = 1;
  MatrixRef w = layer.weights.ref();
  WeightCodes nearest = roundNearest(w, layer.grid),
              gptq = roundGptq(w, layer.grid, gram, {.actOrder = actOrder});
  RC_ASSERT(areAllowed(layer, nearest, true));
  RC_ASSERT(areAllowed(layer, gptq, false));
  RC_ASSERT(areAllowed(layer, roundStochastic(w, layer.grid, seed), true));
  // Columns that do not depend on each other have nothing to make up for.
  RC_ASSERT(roundGptq(w, layer.grid, identity) == nearest);
  std::vector<double> found = layerErrors(w, gptq, layer.grid, gram),
                      usual = layerErrors(w, nearest, layer.grid, gram);
  for (size_t o = 0; o < found.size(); ++o)
    RC_ASSERT(found[o] <= usual[o]);
  RoundedLayer learned = roundAdaRound(layer.task(), {.iterations = 30, .seed = seed});
  RC_ASSERT(areAllowed(layer, learned.codes, true));
  RC_ASSERT(learned.scales == layer.grid.scales);
  RC_ASSERT(learned.error <= learned.nearestError);
}

TEST(AllowedCodes, GptqAndAdaRoundHelp) {
  RandomLayer layer = RandomLayer::make(3, 8, 64, 500, s8r);
  const Levels lists[] = {normalFloatLevels(4)};
  layer.grid.scales.assign(8, 0.5f / 127);
  layer.grid.allowed = {lists, std::vector<int32_t>(8), 64, 1};
  std::vector<double> gram = gramOf(layer.inputs);
  MatrixRef w = layer.weights.ref();
  EXPECT_LT(sum(layerErrors(w, roundGptq(w, layer.grid, gram), layer.grid, gram)),
            0.5 * sum(layerErrors(w, roundNearest(w, layer.grid), layer.grid, gram)));
  RoundedLayer learned = roundAdaRound(layer.task(), {.iterations = 1000});
  EXPECT_LT(learned.error, 0.5 * learned.nearestError);
}

//===----------------------------------------------------------------------===//
// AdaRound, AdaQuant, FlexRound
//===----------------------------------------------------------------------===//

TEST(AdaRound, Schedule) {
  EXPECT_NEAR(adaround::beta(2000, 10000), 20, 1e-3);
  EXPECT_NEAR(adaround::beta(4000, 10000), 17.364, 1e-3);
  EXPECT_NEAR(adaround::beta(6000, 10000), 11, 1e-3);
  EXPECT_NEAR(adaround::beta(9999, 10000), 2, 1e-3);
}

TEST(AdaRound, RectifiedSigmoid) {
  EXPECT_NEAR(adaround::initialV(0), -2.397895, 1e-6);
  for (double rest : {0.0, 0.1, 0.3, 0.5, 0.9, 1.0})
    EXPECT_NEAR(adaround::rectifiedSigmoid(adaround::initialV(rest)), rest, 1e-12);
  EXPECT_EQ(adaround::rectifiedSigmoid(-9), 0);
  EXPECT_EQ(adaround::rectifiedSigmoid(9), 1);
}

namespace {
/// The three weights of the worked example; their nearest codes are not the best.
struct Example {
  Owned weights{{0.26f, 0.46f, 0.68f}, 1, 3};
  Owned inputs{{1, 1, 1, 1, 0.9f, 1.1f, 0.9f, 1.2f, 1, 1.1f, 1, 0.8f}, 4, 3};
  std::vector<float> bias{0};
  Owned targets = apply(inputs, weights, bias);
  LayerTask task() const { return {weights.ref(), bias, {{0.2f}, s4r}, inputs.ref(), targets.ref()}; }
};
} // namespace

TEST(AdaRound, WorkedExample) {
  Example example;
  RoundedLayer layer = roundAdaRound(example.task());
  EXPECT_EQ(roundNearest(example.weights.ref(), example.task().grid), (WeightCodes{1, 2, 3}));
  EXPECT_EQ(layer.codes, (WeightCodes{1, 2, 4}));
  EXPECT_NEAR(layer.nearestError, .039835, 1e-6);
  EXPECT_NEAR(layer.error, .000315, 1e-6);
  EXPECT_EQ(layer.scales, std::vector<float>{0.2f});
  EXPECT_EQ(layer.bias, example.bias);
  // The same with a tenth of the steps, and with an activation that never acts.
  EXPECT_EQ(roundAdaRound(example.task(), {.iterations = 1000}).codes, layer.codes);
  LayerTask relu = example.task();
  relu.lowest = 0;
  EXPECT_EQ(roundAdaRound(relu, {.iterations = 1000}).codes, layer.codes);
}

TEST(AdaRound, ErrorsThatTheActivationHidesDoNotCount) {
  // Channel 0 is negative for every row: a ReLU makes it 0 whatever the codes. Nearest stays.
  Example example;
  example.bias[0] = -10;
  example.targets = apply(example.inputs, example.weights, example.bias);
  LayerTask task = example.task();
  task.lowest = 0;
  RoundedLayer layer = roundAdaRound(task, {.iterations = 500});
  EXPECT_EQ(layer.error, 0);
  EXPECT_EQ(layer.nearestError, 0);
}

TEST(AdaRound, FollowsTheInputThatTheLayerWillSee) {
  // The quantized network feeds four fifths of what the float one does: codes have to be larger.
  Example example;
  LayerTask task = example.task();
  Owned halved = example.inputs;
  for (float &value : halved.values)
    value *= 0.8f;
  task.inputs = halved.ref();
  RoundedLayer layer = roundAdaRound(task, {.iterations = 1000});
  EXPECT_EQ(layer.codes, (WeightCodes{2, 3, 4}));
}

TEST(FlexRound, WorkedExample) {
  const float weights[] = {0.34f, 0.46f, -0.44f}, factors[] = {1, 0.8f, 1};
  const int32_t codes[] = {2, 3, -2};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(flexround::code(weights[i], 0.2f, factors[i], s4r), codes[i]);
}

TEST(Adaptive, NothingToLearnFrom) {
  RandomLayer layer = RandomLayer::make(1, 3, 4, 0, s4r);
  WeightCodes nearest = roundNearest(layer.weights.ref(), layer.grid);
  for (auto *round : {roundAdaRound, roundAdaQuant, roundFlexRound}) {
    RoundedLayer result = round(layer.task(), {.iterations = 5});
    EXPECT_EQ(result.codes, nearest);
    EXPECT_EQ(result.scales, layer.grid.scales);
    EXPECT_EQ(result.bias, layer.bias);
  }
}

TEST(Adaptive, OneScaleForAllStays) {
  RandomLayer layer = RandomLayer::make(2, 4, 9, 100, s4r);
  layer.grid.scales.resize(1);
  for (auto *round : {roundAdaRound, roundAdaQuant, roundFlexRound}) {
    RoundedLayer result = round(layer.task(), {.iterations = 200});
    EXPECT_EQ(result.scales, layer.grid.scales);
    EXPECT_LE(result.error, result.nearestError);
    expectInRange(result.codes, s4r);
  }
}

TEST(Adaptive, TwiceTheSame) {
  RandomLayer layer = RandomLayer::make(11, 4, 20, 600, s4r);
  LayerTask task = layer.task();
  task.lowest = 0;
  for (auto *round : {roundAdaRound, roundAdaQuant, roundFlexRound}) {
    RoundedLayer a = round(task, {.iterations = 100, .seed = 3}),
                 b = round(task, {.iterations = 100, .seed = 3});
    EXPECT_EQ(a.codes, b.codes);
    EXPECT_EQ(a.scales, b.scales);
    EXPECT_EQ(a.bias, b.bias);
  }
}

TEST(Adaptive, EachHelps) {
  RandomLayer layer = RandomLayer::make(17, 8, 32, 500, CodeRange::signedBits(3, true));
  for (float highest : {INFINITY, 2.0f}) {
    LayerTask task = layer.task();
    task.lowest = std::isinf(highest) ? -INFINITY : 0;
    task.highest = highest;
    task.period = 8;
    auto errorOf = [&](auto &round) {
      RoundedLayer result = round(task, {.iterations = 1000});
      return result.error / result.nearestError;
    };
    EXPECT_LT(errorOf(roundAdaRound), 0.25) << highest;
    EXPECT_LT(errorOf(roundAdaQuant), 0.2) << highest;
    EXPECT_LT(errorOf(roundFlexRound), 0.4) << highest;
  }
}

RC_GTEST_PROP(Adaptive, NoWorseThanNearest, (uint32_t seed, bool clamps)) {
  CodeRange codes = CodeRange::signedBits(*rc::gen::inRange(2u, 9u), *rc::gen::arbitrary<bool>());
  RandomLayer layer = RandomLayer::make(seed, *rc::gen::inRange(1, 4), *rc::gen::inRange(1, 12),
                                        *rc::gen::inRange(1, 40), codes);
  LayerTask task = layer.task();
  if (clamps)
    task.lowest = 0, task.highest = 6;
  for (auto *round : {roundAdaRound, roundAdaQuant, roundFlexRound}) {
    RoundedLayer result = round(task, {.iterations = 20, .batch = 16, .seed = seed});
    RC_ASSERT(result.error <= result.nearestError);
    RC_ASSERT(std::ranges::all_of(result.codes,
                                  [&](int32_t code) { return code >= codes.min && code <= codes.max; }));
    for (size_t o = 0; o < result.scales.size(); ++o) {
      RC_ASSERT(result.scales[o] >= 0.499f * layer.grid.scales[o]);
      RC_ASSERT(result.scales[o] <= 2.001f * layer.grid.scales[o]);
    }
  }
}
