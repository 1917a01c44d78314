//===- Histogram.cpp - Counts on a power-of-two grid ----------------------===//
#include "narrow/Numerics/Histogram.h"
#include "narrow/Support/TargetClones.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

using namespace narrow::numerics;

namespace {
/// Exponent of the f32 spacing at magnitude `x`.
int spacing(float x) { return std::max(x == 0 ? -126 : std::ilogb(x), -126) - 23; }

/// floor(x / 2^exponent). Exact: a double holds x * 2^n for every f32 x and
/// every n used here. |result| <= 2^25.
int64_t binOf(float x, int exponent) {
  return static_cast<int64_t>(std::floor(std::ldexp(double{x}, -exponent)));
}

/// floor(k / 2^shift): the bin that k becomes when the width doubles `shift` times.
int64_t coarser(int64_t k, int shift) { return k >> std::min(shift, 63); }

struct Grid {
  int exponent;
  int64_t first, last;
};

Grid finestGrid(float min, float max) {
  int exponent = spacing(std::max(std::fabs(min), std::fabs(max)));
  Grid grid{exponent, binOf(min, exponent), binOf(max, exponent)};
  while (grid.last - grid.first >= static_cast<int64_t>(Histogram::maxBins))
    grid = {grid.exponent + 1, grid.first >> 1, grid.last >> 1};
  return grid;
}

// Orders f32 as signed integers (-0 directly below +0, NaN beyond the
// infinities): minimum and maximum become integer reductions, which vectorize
// and reveal NaN and Inf without another test per value.
int32_t orderKey(float x) {
  int32_t bits = std::bit_cast<int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
float fromOrderKey(int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7fffffff)); }
constexpr int32_t infinityKey = 0x7f800000;

struct Keys {
  int32_t low, high;
};

NARROW_TARGET_CLONES Keys findKeys(const float *values, size_t count) {
  int32_t low = std::numeric_limits<int32_t>::max(), high = std::numeric_limits<int32_t>::min();
  for (size_t i = 0; i < count; ++i) {
    int32_t key = orderKey(values[i]);
    low = std::min(low, key);
    high = std::max(high, key);
  }
  return {low, high};
}

/// False if a value is NaN or Inf. `values` is not empty.
bool findRange(std::span<const float> values, float &min, float &max) {
  auto [low, high] = findKeys(values.data(), values.size());
  if (high >= infinityKey || low <= ~infinityKey)
    return false;
  min = fromOrderKey(low) + 0.0f; // -0 becomes +0.
  max = fromOrderKey(high) + 0.0f;
  return true;
}

/// Index within the histogram: truncation, which every CPU vectorizes, then a
/// correction to the floor.
inline uint32_t indexOf(float x, double scale, int32_t first) {
  double scaled = x * scale;
  int32_t index = static_cast<int32_t>(scaled);
  index -= scaled < index;
  return static_cast<uint32_t>(index - first);
}

void countDirectly(std::span<const float> values, double scale, int32_t first, uint64_t *counts) {
  for (float x : values)
    ++counts[indexOf(x, scale, first)];
}

NARROW_TARGET_CLONES void findIndicesInDouble(const float *values, size_t count, double scale, int32_t first,
                                              uint32_t *index) {
  for (size_t i = 0; i < count; ++i)
    index[i] = indexOf(values[i], scale, first);
}

/// The same with twice the lanes. The product with a power of two is exact unless it becomes 0:
/// then the sign tells which of the two bins next to 0 the value is in.
NARROW_TARGET_CLONES void findIndicesInFloat(const float *values, size_t count, float scale, int32_t first,
                                             uint32_t *index) {
  for (size_t i = 0; i < count; ++i) {
    float scaled = values[i] * scale;
    int32_t truncated = static_cast<int32_t>(scaled);
    int32_t below = scaled < static_cast<float>(truncated) || (scaled == 0 && values[i] < 0);
    index[i] = static_cast<uint32_t>(truncated - below - first);
  }
}

void findIndices(const float *values, size_t count, double scale, int32_t first, uint32_t *index) {
  if (scale >= std::numeric_limits<float>::min() && scale <= std::numeric_limits<float>::max())
    findIndicesInFloat(values, count, static_cast<float>(scale), first, index);
  else
    findIndicesInDouble(values, count, scale, first, index);
}

/// 16-bit counters, so that those of 4096 bins stay in the L1 cache; this limits how many values
/// a bank can count at once.
using Count = uint16_t;
constexpr size_t banks = 4, mostAtOnce = banks * std::numeric_limits<Count>::max();

NARROW_TARGET_CLONES void addBanks(const Count *a, const Count *b, const Count *c, const Count *d,
                                   uint64_t *counts, size_t bins) {
  for (size_t i = 0; i < bins; ++i)
    counts[i] += uint32_t{a[i]} + b[i] + c[i] + d[i];
}

/// For long arrays: indices are computed in blocks, separately from the counting, and
/// four tables break the dependency chain of increments of one bin (the zeros of a ReLU).
/// Integer sums: the result is that of countDirectly.
void countInBanks(std::span<const float> values, double scale, int32_t first, uint64_t *counts, size_t bins) {
  constexpr size_t block = 1024;
  std::vector<Count> tables(banks * bins);
  Count *bank[banks];
  for (size_t b = 0; b < banks; ++b)
    bank[b] = tables.data() + b * bins;
  uint32_t index[block];
  for (size_t begin = 0; begin < values.size(); begin += block) {
    size_t size = std::min(block, values.size() - begin);
    findIndices(values.data() + begin, size, scale, first, index);
    size_t i = 0;
    for (; i + banks <= size; i += banks)
      for (size_t b = 0; b < banks; ++b)
        ++bank[b][index[i + b]];
    for (; i < size; ++i) // Rest of the last block.
      ++bank[i % banks][index[i]];
  }
  addBanks(bank[0], bank[1], bank[2], bank[3], counts, bins);
}
} // namespace

uint64_t Histogram::total() const { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

double Histogram::width() const { return std::ldexp(1.0, exponent); }

double Histogram::edge(size_t i) const {
  return std::ldexp(static_cast<double>(firstBin + static_cast<int64_t>(i)), exponent);
}

double Histogram::center(size_t i) const {
  return std::clamp(edge(i) + width() / 2, static_cast<double>(min), static_cast<double>(max));
}

void Histogram::cover(float low, float high) {
  if (!empty()) {
    low = std::min(low, min);
    high = std::max(high, max);
    if (low == min && high == max)
      return;
  }
  Grid grid = finestGrid(low, high);
  std::vector<uint64_t> wider(static_cast<size_t>(grid.last - grid.first + 1));
  for (size_t i = 0; i < counts.size(); ++i)
    wider[static_cast<size_t>(coarser(firstBin + static_cast<int64_t>(i), grid.exponent - exponent) -
                              grid.first)] += counts[i];
  exponent = grid.exponent;
  firstBin = grid.first;
  counts = std::move(wider);
  min = low;
  max = high;
}

bool Histogram::add(float value) { return add({&value, 1}); }

bool Histogram::add(std::span<const float> values) {
  if (values.empty())
    return true;
  float low, high;
  if (!findRange(values, low, high))
    return false;
  addWithin(values, low, high);
  return true;
}

void Histogram::addWithin(std::span<const float> values, float low, float high) {
  cover(low, high);
  double scale = std::ldexp(1.0, -exponent);
  int32_t first = static_cast<int32_t>(firstBin);
  constexpr size_t large = size_t{1} << 11;
  for (; !values.empty(); values = values.subspan(std::min(mostAtOnce, values.size()))) {
    auto part = values.first(std::min(mostAtOnce, values.size()));
    if (part.size() < large)
      countDirectly(part, scale, first, counts.data());
    else
      countInBanks(part, scale, first, counts.data(), counts.size());
  }
}

bool Histogram::merge(const Histogram &other) {
  if (other.check())
    return false;
  if (other.empty())
    return true;
  Histogram source = other; // `other` may be *this.
  cover(source.min, source.max);
  source.cover(min, max);
  for (size_t i = 0; i < counts.size(); ++i)
    counts[i] += source.counts[i];
  return true;
}

const char *Histogram::check() const {
  if (empty())
    return exponent == 0 && firstBin == 0 && min == 0 && max == 0 ? nullptr : "a range without counts";
  if (!std::isfinite(min) || !std::isfinite(max) || min > max)
    return "min and max are no finite interval";
  if (std::signbit(min + 0.0f) != std::signbit(min) || std::signbit(max + 0.0f) != std::signbit(max))
    return "a bound is -0";
  Grid grid = finestGrid(min, max);
  if (grid.exponent != exponent || grid.first != firstBin)
    return "the grid is not the one of min and max";
  if (counts.size() != static_cast<size_t>(grid.last - grid.first + 1))
    return "the number of bins is not the one of min and max";
  if (counts.front() == 0 || counts.back() == 0)
    return "the bin of min or max is empty";
  return nullptr;
}

Magnitudes narrow::numerics::foldMagnitudes(const Histogram &histogram) {
  if (histogram.empty())
    return {};
  int64_t first = histogram.firstBin, last = first + static_cast<int64_t>(histogram.counts.size()) - 1;
  auto fold = [](int64_t k) { return k < 0 ? -k - 1 : k; };
  Magnitudes result;
  result.exponent = histogram.exponent;
  result.firstBin = first < 0 && last >= 0 ? 0 : std::min(fold(first), fold(last));
  result.counts.resize(static_cast<size_t>(std::max(fold(first), fold(last)) - result.firstBin + 1));
  result.min = std::max({histogram.min, -histogram.max, 0.0f});
  result.max = std::max(std::fabs(histogram.min), std::fabs(histogram.max));
  for (size_t i = 0; i < histogram.counts.size(); ++i)
    result.counts[static_cast<size_t>(fold(first + static_cast<int64_t>(i)) - result.firstBin)] +=
        histogram.counts[i];
  return result;
}
