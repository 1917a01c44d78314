//===- StatisticsTest.cpp - Exact, mergeable statistics -------------------===//
#include "narrow/Calibration/Collector.h"
#include "narrow/Calibration/Table.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <thread>

using namespace narrow;

static constexpr float largest = std::numeric_limits<float>::max();
static constexpr float smallest = std::numeric_limits<float>::denorm_min();

static ExactSums sumsOf(std::vector<float> values) {
  ExactSums sums;
  sums.add(values.data(), static_cast<int64_t>(values.size()));
  return sums;
}

/// Values of all magnitudes, every kind of zero among them.
static std::vector<float> wildValues(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values;
  while (values.size() < count) {
    float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (random() % 8 == 0)
      value = random() % 2 ? 0.0f : -0.0f;
    if (std::isfinite(value))
      values.push_back(value);
  }
  return values;
}

TEST(ExactSums, SmallNumbersSurviveLargeOnes) {
  EXPECT_EQ(sumsOf({largest, smallest, -largest}).sum(), smallest);
  EXPECT_EQ(sumsOf({largest, smallest, -largest}).sumHex(), "0x1");
  EXPECT_EQ(sumsOf({-smallest}).sumHex(), "-0x1");
  EXPECT_EQ(sumsOf({smallest}).squaresHex(), "0x1");
  EXPECT_EQ(sumsOf({1.5f, -0.25f}).sum(), 1.25);
  EXPECT_EQ(sumsOf({1.5f, -0.25f}).sumOfSquares(), 2.3125);
  EXPECT_EQ(sumsOf({largest, largest}).sum(), 2.0 * largest);
  EXPECT_EQ(sumsOf({largest, largest}).sumOfSquares(), 2.0 * (double{largest} * largest));
  EXPECT_EQ(sumsOf({0.0f, -0.0f}), ExactSums());
}

TEST(ExactSums, ManyEqualValues) {
  // More than a block, so that bins are emptied several times.
  std::vector<float> values(100001, 0x1.fffffep+0f);
  EXPECT_EQ(sumsOf(values).sum(), 100001 * double{0x1.fffffep+0f});
  EXPECT_EQ(sumsOf(values).sumOfSquares(), 100001 * (double{0x1.fffffep+0f} * 0x1.fffffep+0));
}

TEST(ExactSums, OrderAndMergeDoNotMatter) {
  std::vector<float> values = wildValues(50000, 1);
  ExactSums whole = sumsOf(values);
  std::shuffle(values.begin(), values.end(), std::mt19937(2));
  ExactSums parts;
  for (size_t i = 0; i < values.size(); i += 777)
    parts.merge(sumsOf({values.begin() + i, values.begin() + std::min(i + 777, values.size())}));
  EXPECT_EQ(whole, parts);
}

TEST(ExactSums, NarrowAndWideBlocksAgree) {
  // A block whose magnitudes are close takes another way than one value at a
  // time with a distant one beside it; the sums must be the same.
  std::mt19937 random(4);
  for (int spread = 0; spread < 24; ++spread)
    for (int exponent : {1, 2, 100, 229}) {
      std::vector<float> values;
      ExactSums expected;
      for (int i = 0; i < 5000; ++i) {
        uint32_t field = static_cast<uint32_t>(exponent + static_cast<int>(random() % (spread + 1)));
        // Mostly the extremes of a significand: they need the most bits.
        uint32_t significand = random() % 4 == 0 ? random() & 0x7fffff : random() % 2 ? 0x7fffff : 1;
        uint32_t sign = random() % 16 == 0 ? 0x80000000 : 0;
        values.push_back(std::bit_cast<float>(sign | field << 23 | significand));
        float pair[2] = {values.back(), exponent < 120 ? largest : smallest};
        expected.add(pair, 2);
        pair[0] = -pair[1];
        expected.add(pair, 1);
      }
      ExactSums sums = sumsOf(values);
      EXPECT_EQ(sums.sumHex(), expected.sumHex()) << spread << " " << exponent;
      // Take the squares of the distant values away again.
      std::vector<float> distant(10000, exponent < 120 ? largest : smallest);
      ExactSums squares = sumsOf(distant);
      squares.merge(sums);
      EXPECT_EQ(squares.squaresHex(), expected.squaresHex()) << spread << " " << exponent;
    }
}

TEST(ExactSums, HexRoundTrip) {
  ExactSums sums = sumsOf(wildValues(1000, 3));
  EXPECT_EQ(ExactSums::fromHex(sums.sumHex(), sums.squaresHex()), sums);
  EXPECT_EQ(ExactSums::fromHex("0x0", "0x0"), ExactSums());
  for (const char *bad : {"", "0x", "1", "0x01", "-0x0", "0xg", "0xA", "x1", "--0x1", "0x1 "})
    EXPECT_FALSE(ExactSums::fromHex(bad, "0x0")) << bad;
  EXPECT_FALSE(ExactSums::fromHex("0x0", "-0x1"));
  EXPECT_FALSE(ExactSums::fromHex("0x" + std::string(96, 'f'), "0x0")); // The sign bit.
  EXPECT_FALSE(ExactSums::fromHex("0x1" + std::string(96, '0'), "0x0"));
}

TEST(WideInteger, ConversionRounds) {
  WideInteger<4> value;
  value.addShifted(1, 100);
  value.addShifted(1, 47); // Half an ulp: to even.
  EXPECT_EQ(value.toDouble(0), 0x1p100);
  value.addShifted(1, 0); // Above half.
  EXPECT_EQ(value.toDouble(0), 0x1.0000000000001p100);
  value.addShifted(-3, 100);
  EXPECT_EQ(value.toHex(), "-0x1fffffffffffff7fffffffffff");
}

TEST(Ranges, PerChannel) {
  for (int64_t channels : {1, 2, 3, 7, 64, 65, 200})
    for (int64_t rows : {1, 2, 5, 100}) {
      std::vector<float> values = wildValues(static_cast<size_t>(rows * channels), 7);
      std::vector<MinMax> ranges(static_cast<size_t>(channels)), expected = ranges;
      ASSERT_TRUE(updateRanges(values.data(), rows, channels, ranges.data()));
      for (int64_t i = 0; i < rows * channels; ++i)
        expected[i % channels].merge({values[i], values[i]});
      EXPECT_EQ(ranges, expected);
      for (const MinMax &range : ranges) {
        EXPECT_FALSE(range.min == 0 && std::signbit(range.min));
        EXPECT_FALSE(range.max == 0 && std::signbit(range.max));
      }
      for (size_t i : {size_t{0}, values.size() - 1})
        for (float bad : {std::nanf(""), -std::nanf(""), INFINITY, -INFINITY}) {
          std::vector<float> broken = values;
          broken[i] = bad;
          std::vector<MinMax> before = ranges;
          EXPECT_FALSE(updateRanges(broken.data(), rows, channels, ranges.data()));
          EXPECT_EQ(ranges, before);
        }
    }
}

TEST(Statistics, AnyShardingGivesTheSame) {
  constexpr int64_t channels = 5;
  std::vector<float> values = wildValues(5 * 4000, 11);
  TensorStatistics whole(channels);
  ASSERT_TRUE(whole.add(values.data(), static_cast<int64_t>(values.size())));
  std::mt19937 random(12);
  for (int round = 0; round < 5; ++round) {
    std::vector<TensorStatistics> shards(4, TensorStatistics(channels));
    for (size_t i = 0; i < values.size();) {
      size_t count = std::min<size_t>((1 + random() % 300) * channels, values.size() - i);
      ASSERT_TRUE(shards[random() % 4].add(values.data() + i, static_cast<int64_t>(count)));
      i += count;
    }
    std::shuffle(shards.begin(), shards.end(), random);
    TensorStatistics merged(channels);
    for (const TensorStatistics &shard : shards)
      merged.merge(shard);
    EXPECT_EQ(merged, whole);
  }
  EXPECT_EQ(whole.range().min, *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(whole.count(), 20000);
  EXPECT_EQ(whole.histogram().total(), 20000u);
}

TEST(Statistics, Moments) {
  TensorStatistics statistics;
  float values[] = {1, 2, 3, 4};
  ASSERT_TRUE(statistics.add(values, 4));
  EXPECT_EQ(statistics.mean(), 2.5);
  EXPECT_EQ(statistics.variance(), 1.25);
  EXPECT_EQ(TensorStatistics().mean(), 0);
  TensorStatistics constant;
  float same[] = {0.1f, 0.1f, 0.1f};
  ASSERT_TRUE(constant.add(same, 3));
  EXPECT_NEAR(constant.variance(), 0, 1e-17);
  float bad[] = {1, NAN};
  TensorStatistics before = constant;
  EXPECT_FALSE(constant.add(bad, 2));
  EXPECT_EQ(constant, before);
}

//===----------------------------------------------------------------------===//
// Collector
//===----------------------------------------------------------------------===//

static const std::vector<ObservedTensor> tensors = {
    {"conv1", {1, 4, 6, 3}}, {"flat", {1, 10}}, {"scalar", {}}};

/// What a network would do with sample `i`: tensors in parts of whole rows.
static void runSample(Collector &collector, int64_t i, int64_t rows = 6) {
  std::vector<float> conv = wildValues(72, static_cast<uint32_t>(i)), flat(10, static_cast<float>(i));
  float scalar = static_cast<float>(i) / 8;
  for (int64_t begin = 0; begin < 24; begin += rows)
    narrow_collect(&collector, 0, conv.data() + begin * 3, std::min<int64_t>(rows, 24 - begin) * 3);
  narrow_collect(&collector, 1, flat.data(), 10);
  narrow_collect(&collector, 2, &scalar, 1);
}

static std::string tableText(const Collector &collector) {
  return formatTable(CalibrationTable::create({"hash", {}, {}, {}}, {}, collector));
}

TEST(Collector, ThreadsDoNotMatter) {
  constexpr int64_t samples = 40;
  Collector single(tensors);
  for (int64_t i = 0; i < samples; ++i) {
    single.beginRun(i);
    runSample(single, i);
    ASSERT_FALSE(bool(single.endRun()));
  }
  ASSERT_FALSE(bool(single.finish()));
  for (int64_t threads : {2, 3, 7}) {
    std::vector<Collector> collectors(threads, Collector(tensors));
    std::vector<std::thread> pool;
    for (int64_t t = 0; t < threads; ++t)
      pool.emplace_back([&, t] {
        for (int64_t i = t; i < samples; i += threads) {
          collectors[t].beginRun(i);
          runSample(collectors[t], i, 1 + t);
          llvm::cantFail(collectors[t].endRun());
        }
        llvm::cantFail(collectors[t].finish());
      });
    for (std::thread &thread : pool)
      thread.join();
    Collector merged(tensors);
    for (int64_t t = threads; t-- > 0;)
      merged.merge(collectors[t]);
    EXPECT_EQ(merged.sampleCount(), samples);
    EXPECT_EQ(tableText(merged), tableText(single));
  }
}

TEST(Collector, LargeTensorsInManyParts) {
  std::vector<ObservedTensor> large = {{"a", {1, 100, 100, 8}}, {"b", {1, 100, 100, 8}}};
  std::vector<float> values = wildValues(80000, 5);
  Collector parts(large), whole(large);
  parts.beginRun(0);
  for (int64_t row = 0; row < 100; ++row) // Two tensors, row by row in turn.
    for (int32_t id : {1, 0})
      narrow_collect(&parts, id, values.data() + row * 800, 800);
  ASSERT_FALSE(bool(parts.endRun()));
  ASSERT_FALSE(bool(parts.finish()));
  whole.beginRun(0);
  narrow_collect(&whole, 0, values.data(), 80000);
  narrow_collect(&whole, 1, values.data(), 80000);
  ASSERT_FALSE(bool(whole.endRun()));
  ASSERT_FALSE(bool(whole.finish()));
  EXPECT_EQ(tableText(parts), tableText(whole));
}

TEST(Collector, NamesWhatIsNotFinite) {
  Collector collector(tensors);
  collector.beginRun(40, 2);
  std::vector<float> conv(144, 1.0f), flat(20, NAN);
  conv[72 + 5] = -INFINITY;
  narrow_collect(&collector, 1, flat.data(), 20); // Later in the network, but of an earlier sample.
  narrow_collect(&collector, 0, conv.data(), 144);
  float scalars[2] = {0, 0};
  narrow_collect(&collector, 2, scalars, 2);
  ASSERT_FALSE(bool(collector.endRun())); // They wait for more.
  EXPECT_EQ(
      llvm::toString(collector.finish()),
      "tensor 'flat' becomes NaN in sample 40, element 0: the model cannot be calibrated with this sample");
}

TEST(Collector, NamesSamplesThatDoNotFollowEachOther) {
  std::vector<ObservedTensor> small = {{"small", {2, 2}}};
  for (int64_t bad : {3, 4, 20, 21, 30}) {
    Collector collector(small);
    for (int64_t sample : {3, 4, 20, 21, 30}) {
      std::vector<float> values(4, 1.0f);
      values[2] = sample >= bad ? NAN : 1.0f;
      collector.beginRun(sample);
      narrow_collect(&collector, 0, values.data(), 2);
      narrow_collect(&collector, 0, values.data() + 2, 2);
      ASSERT_FALSE(bool(collector.endRun()));
    }
    EXPECT_EQ(llvm::toString(collector.finish()), "tensor 'small' becomes NaN in sample " +
                                                      std::to_string(bad) +
                                                      ", element 2: the model cannot be calibrated with "
                                                      "this sample");
  }
}

TEST(Collector, NamesTheFirstSampleThatIsNotFinite) {
  // The large tensor is looked at before the small ones, which wait.
  std::vector<ObservedTensor> mixed = {{"large", {1, 64, 64, 16}}, {"small", {4}}};
  std::vector<float> large(64 * 64 * 16, 1.0f), small(4, 1.0f);
  for (bool sameSample : {false, true}) {
    Collector collector(mixed);
    for (int64_t sample = 7; sample < 10; ++sample) {
      large[3] = sample == 9 ? NAN : 1.0f;
      small[2] = sample == (sameSample ? 9 : 8) ? INFINITY : 1.0f;
      collector.beginRun(sample);
      narrow_collect(&collector, 1, small.data(), 4);
      narrow_collect(&collector, 0, large.data(), static_cast<int64_t>(large.size()));
      if (sample < 9) {
        ASSERT_FALSE(bool(collector.endRun()));
      } else {
        EXPECT_EQ(llvm::toString(collector.endRun()),
                  std::string(sameSample ? "tensor 'large' becomes NaN in sample 9, element 3"
                                         : "tensor 'small' becomes Inf in sample 8, element 2") +
                      ": the model cannot be calibrated with this sample");
      }
    }
  }
}

TEST(Collector, NamesWhatDoesNotFit) {
  Collector collector(tensors);
  float values[10] = {};
  collector.beginRun(0);
  EXPECT_NE(llvm::toString(collector.endRun()).find("tensor 'conv1' has 72 elements a sample but sent 0"),
            std::string::npos);
  for (int32_t id : {-1, 3}) {
    collector.beginRun(0);
    narrow_collect(&collector, id, values, 1);
    EXPECT_NE(llvm::toString(collector.endRun()).find("reports a tensor " + std::to_string(id)),
              std::string::npos);
  }
  collector.beginRun(0);
  narrow_collect(&collector, 0, values, 10);
  EXPECT_NE(llvm::toString(collector.endRun()).find("no whole rows"), std::string::npos);
}
