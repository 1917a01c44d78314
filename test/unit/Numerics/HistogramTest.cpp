//===- HistogramTest.cpp - Rule N20 ---------------------------------------===//
#include "narrow/Numerics/Histogram.h"
#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <rapidcheck/gtest.h>

using namespace narrow::numerics;

namespace {
Histogram of(const std::vector<float> &values) {
  Histogram histogram;
  EXPECT_TRUE(histogram.add(values));
  return histogram;
}

/// The definition, from the whole data at once and with real division.
Histogram byDefinition(const std::vector<float> &values) {
  Histogram h;
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  h.min = *min == 0 ? 0.0f : *min;
  h.max = *max == 0 ? 0.0f : *max;
  float amax = std::max(std::fabs(h.min), std::fabs(h.max));
  float next = std::nextafter(amax, INFINITY);
  // Spacing of f32 at amax: the distance to the next value upward.
  h.exponent = amax == FLT_MAX ? 104 : std::ilogb(static_cast<double>(next) - amax);
  auto bin = [&](float x) { return std::floor(static_cast<double>(x) / std::ldexp(1.0, h.exponent)); };
  while (bin(h.max) - bin(h.min) + 1 > 4096)
    ++h.exponent;
  h.firstBin = static_cast<int64_t>(bin(h.min));
  h.counts.resize(static_cast<size_t>(bin(h.max) - bin(h.min) + 1));
  for (float x : values)
    ++h.counts[static_cast<size_t>(bin(x) - bin(h.min))];
  return h;
}

/// f32 of every magnitude, with many zeros, denormals and equal values.
rc::Gen<float> anyFinite() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 8), rc::gen::arbitrary<uint32_t>()), [](auto pair) {
    auto [kind, bits] = pair;
    float x = std::bit_cast<float>(bits & (kind == 0 ? 0x807fffffu : 0xff7fffffu));
    if (kind == 1)
      return 0.0f;
    if (kind == 2)
      return -0.0f;
    if (kind <= 6 || !std::isfinite(x)) // values of a network
      return static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-28f;
    return x;
  });
}
} // namespace

TEST(Histogram, GridOfSimpleData) {
  Histogram h = of({0.0f, 1.0f});
  // 1 / 2^-12 = 4096 would be the 4097th bin.
  EXPECT_EQ(h.exponent, -11);
  EXPECT_EQ(h.firstBin, 0);
  EXPECT_EQ(h.counts.size(), 2049u);
  EXPECT_EQ(h.counts.front(), 1u);
  EXPECT_EQ(h.counts.back(), 1u);
  EXPECT_EQ(h.edge(0), 0.0);
  EXPECT_EQ(h.center(0), 0x1p-12);
  EXPECT_EQ(h.center(2048), 1.0); // limited to max

  h = of({0.0f, std::nextafter(1.0f, 0.0f)});
  EXPECT_EQ(h.exponent, -12);
  EXPECT_EQ(h.counts.size(), 4096u);

  h = of({-1.0f, 1.0f});
  EXPECT_EQ(h.exponent, -10);
  EXPECT_EQ(h.firstBin, -1024);
  EXPECT_EQ(h.counts.size(), 2049u);
}

TEST(Histogram, ConstantData) {
  Histogram h = of({3.0f, 3.0f});
  EXPECT_EQ(h.exponent, 1 - 23);
  EXPECT_EQ(h.firstBin, int64_t{3} << 22);
  EXPECT_EQ(h.counts, std::vector<uint64_t>{2});
  h = of({0.0f, -0.0f, 0.0f});
  EXPECT_EQ(h.exponent, -149);
  EXPECT_EQ(h.firstBin, 0);
  EXPECT_EQ(h.counts, std::vector<uint64_t>{3});
  EXPECT_FALSE(std::signbit(h.min));
  EXPECT_EQ(of({1e-45f}).exponent, -149);
  EXPECT_EQ(of({FLT_MAX}).exponent, 104);
  EXPECT_EQ(of({FLT_MAX}).firstBin, (1 << 24) - 1);
}

TEST(Histogram, ExtremesOfF32) {
  Histogram h = of({-FLT_MAX, FLT_MAX, 1e-45f, -1e-45f, 0.0f});
  EXPECT_EQ(h, byDefinition({-FLT_MAX, FLT_MAX, 1e-45f, -1e-45f, 0.0f}));
  EXPECT_EQ(h.exponent, 117);
  // The negative denormal belongs below zero.
  EXPECT_EQ(h.counts[static_cast<size_t>(-1 - h.firstBin)], 1u);
  EXPECT_EQ(h.counts[static_cast<size_t>(0 - h.firstBin)], 2u);
  // From the finest grid there is to the coarsest.
  Histogram grown = of({0.0f, 1e-45f, -1e-45f});
  grown.add(-FLT_MAX);
  grown.add(FLT_MAX);
  EXPECT_EQ(grown, h);
}

TEST(Histogram, RejectsWhatIsNotFinite) {
  Histogram h = of({1.0f, 2.0f}), before = h;
  for (float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    EXPECT_FALSE(h.add(bad));
    EXPECT_FALSE(h.add(std::vector<float>{5.0f, bad, -5.0f}));
    EXPECT_EQ(h, before);
  }
  EXPECT_TRUE(h.add(std::span<const float>{}));
  EXPECT_EQ(h, before);
}

TEST(Histogram, LongArraysCountTheSame) {
  // Longer than the bound from which several tables are used, and odd.
  std::mt19937 engine(1);
  std::vector<float> values(100003);
  for (float &x : values)
    x = std::max(0.0f, static_cast<float>(static_cast<int32_t>(engine())) * 0x1p-30f); // as after a ReLU
  EXPECT_EQ(of(values), byDefinition(values));
  Histogram one;
  for (float x : values)
    one.add(x);
  EXPECT_EQ(one, of(values));
}

TEST(Histogram, MergeWithItselfAndWithNothing) {
  Histogram h = of({1.0f, 2.0f, -7.0f}), empty;
  EXPECT_TRUE(h.merge(empty));
  EXPECT_EQ(h, of({1.0f, 2.0f, -7.0f}));
  EXPECT_TRUE(empty.merge(h));
  EXPECT_EQ(empty, h);
  EXPECT_TRUE(h.merge(h));
  EXPECT_EQ(h, of({1.0f, 2.0f, -7.0f, 1.0f, 2.0f, -7.0f}));
}

TEST(Histogram, CheckFindsWhatAddCannotProduce) {
  const Histogram good = of({-1.0f, 0.25f, 3.0f});
  EXPECT_EQ(good.check(), nullptr);
  EXPECT_EQ(Histogram().check(), nullptr);
  auto broken = [&](auto change) {
    Histogram h = good;
    change(h);
    EXPECT_NE(h.check(), nullptr);
    Histogram target = good;
    EXPECT_FALSE(target.merge(h));
    EXPECT_EQ(target, good);
  };
  broken([](Histogram &h) { ++h.exponent; });
  broken([](Histogram &h) { h.exponent = 1000000; });
  broken([](Histogram &h) { ++h.firstBin; });
  broken([](Histogram &h) { h.counts.push_back(1); });
  broken([](Histogram &h) { h.counts.front() = 0; });
  broken([](Histogram &h) { h.counts.clear(); });
  broken([](Histogram &h) { h.max = NAN; });
  broken([](Histogram &h) { h.max = INFINITY; });
  broken([](Histogram &h) { std::swap(h.min, h.max); });
  Histogram zero = of({0.0f});
  zero.min = -0.0f;
  EXPECT_NE(zero.check(), nullptr);
}

TEST(Histogram, FoldedMagnitudes) {
  Magnitudes m = foldMagnitudes(of({-3.5f, 1.25f, 2.5f}));
  EXPECT_EQ(m.firstBin, 0);
  EXPECT_EQ(m.min, 0.0f);
  EXPECT_EQ(m.max, 3.5f);
  uint64_t sum = 0;
  for (uint64_t count : m.counts)
    sum += count;
  EXPECT_EQ(sum, 3u);
  m = foldMagnitudes(of({-3.5f, -3.25f}));
  EXPECT_EQ(m.min, 3.25f);
  EXPECT_EQ(m.max, 3.5f);
  EXPECT_LE(m.counts.size(), Histogram::maxBins);
  // Far from zero and close together: no bins down to zero.
  EXPECT_LE(foldMagnitudes(of({1e6f, 1e6f + 1})).counts.size(), Histogram::maxBins);
}

RC_GTEST_PROP(Histogram, EqualsItsDefinition, ()) {
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(anyFinite()));
  Histogram h = of(values);
  RC_ASSERT(h == byDefinition(values));
  RC_ASSERT(!h.check());
  RC_ASSERT(h.counts.size() <= Histogram::maxBins);
  RC_ASSERT(h.total() == values.size());
}

RC_GTEST_PROP(Histogram, OrderAndShardsDoNotMatter, (uint32_t seed)) {
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(anyFinite()));
  Histogram expected = of(values);
  std::mt19937 engine(seed);
  std::shuffle(values.begin(), values.end(), engine);
  std::vector<Histogram> shards(1 + engine() % 5);
  for (size_t i = 0; i < values.size();) {
    size_t size = std::min<size_t>(1 + engine() % 4, values.size() - i);
    RC_ASSERT(shards[engine() % shards.size()].add(std::span(values).subspan(i, size)));
    i += size;
  }
  std::shuffle(shards.begin(), shards.end(), engine);
  Histogram merged;
  for (const Histogram &shard : shards)
    RC_ASSERT(merged.merge(shard));
  RC_ASSERT(merged == expected);
}
