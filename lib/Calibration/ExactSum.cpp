//===- ExactSum.cpp - Sums of floats without rounding ---------------------===//
//
// Two ways to compute the same integers. If the magnitudes of a block are not
// too far apart, doubles add them without rounding, several at a time.
// Otherwise significands are added in bins, one per exponent.
//
//===----------------------------------------------------------------------===//
#include "narrow/Calibration/ExactSum.h"
#include "narrow/Support/TargetClones.h"
#include <algorithm>
#include <limits>

using namespace narrow;

namespace {
constexpr int64_t blockSize = 4096;
constexpr int64_t laneCount = 8;
/// log2 of the number of values that one lane adds per block.
constexpr int laneBits = 9;
static_assert(blockSize / laneCount == 1 << laneBits);

/// The sum of the floats with one exponent, in units of that exponent. A
/// squared significand has 48 bits, the sum of a block of them 60.
struct Bin {
  int64_t sum = 0;
  uint64_t squares = 0;
};

/// Exponent fields of the largest and the smallest nonzero magnitude; subnormal
/// numbers have the unit of field 1.
struct ExponentRange {
  int largest, smallest;
};
} // namespace

NARROW_TARGET_CLONES static ExponentRange findExponents(const float *data, int64_t count) {
  int32_t largest = 0, smallest = std::numeric_limits<int32_t>::max();
  for (int64_t i = 0; i < count; ++i) {
    int32_t magnitude = std::bit_cast<int32_t>(data[i]) & 0x7fffffff;
    largest = std::max(largest, magnitude);
    smallest = std::min(smallest, magnitude == 0 ? std::numeric_limits<int32_t>::max() : magnitude);
  }
  return {std::max(largest >> 23, 1), std::max(smallest >> 23, 1)};
}

/// Values below 2^(E + 1), all multiples of 2^(e - 23), where E - e <= 20: a
/// lane's sum is a multiple of 2^(e - 23) below 2^(E + 10), which is at most 53
/// bits. A square (48 bits, exact in a double) is split at 2^(2E - 41) into two
/// parts whose sums have at most 53 bits as well.
static constexpr int maxExponentSpread = 20;

NARROW_TARGET_CLONES static void addBlockInDoubles(const float *data, int64_t count, ExponentRange exponents,
                                                   WideInteger<6> &sum, WideInteger<10> &squares) {
  int largest = exponents.largest - 127, smallest = exponents.smallest - 127;
  int cut = 2 * largest - 41;
  // Adding and subtracting this rounds to a multiple of 2^cut.
  const double shifter = std::ldexp(1.5, 52 + cut);
  double sums[laneCount] = {}, high[laneCount] = {}, low[laneCount] = {};
  auto addOne = [&](int64_t lane, float x) {
    double value = x;
    double square = value * value;
    double upper = (square + shifter) - shifter;
    sums[lane] += value;
    high[lane] += upper;
    low[lane] += square - upper;
  };
  int64_t i = 0;
  for (; i + laneCount <= count; i += laneCount)
    for (int64_t lane = 0; lane < laneCount; ++lane)
      addOne(lane, data[i + lane]);
  for (int64_t lane = 0; i < count; ++i, ++lane)
    addOne(lane, data[i]);

  // The lanes as integers in their unit; the sum of eight 53-bit integers fits 64 bits.
  auto total = [](const double *lanes, int unit) {
    int64_t result = 0;
    for (int64_t lane = 0; lane < laneCount; ++lane)
      result += static_cast<int64_t>(std::ldexp(lanes[lane], -unit));
    return result;
  };
  int unit = smallest - 23;
  sum.addShifted(total(sums, unit), unit - ExactSums::sumExponent);
  // The cut may be below the unit of the squares; then low is 0.
  int upperUnit = std::max(cut, 2 * unit);
  squares.addShifted(total(high, upperUnit), upperUnit - ExactSums::squareExponent);
  squares.addShifted(total(low, 2 * unit), 2 * unit - ExactSums::squareExponent);
}

static void addBlockInBins(const float *data, int64_t count, WideInteger<6> &sum, WideInteger<10> &squares) {
  Bin bins[255];
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(data[i]);
    uint32_t exponent = std::min(bits >> 23 & 255, 254u);
    int64_t significand = (bits & 0x7fffff) | (exponent != 0 ? 0x800000u : 0u);
    bins[exponent].sum += bits >> 31 ? -significand : significand;
    bins[exponent].squares += static_cast<uint64_t>(significand * significand);
  }
  for (unsigned exponent = 0; exponent < 255; ++exponent) {
    if (bins[exponent].squares == 0)
      continue;
    unsigned unit = std::max(exponent, 1u) - 1;
    sum.addShifted(bins[exponent].sum, unit);
    squares.addShifted(bins[exponent].squares, 2 * unit);
  }
}

void ExactSums::add(const float *data, int64_t count) {
  for (; count > 0; data += blockSize, count -= blockSize) {
    int64_t block = std::min(count, blockSize);
    ExponentRange exponents = findExponents(data, block);
    if (exponents.largest < exponents.smallest) // Zeros only.
      continue;
    if (exponents.largest - exponents.smallest <= maxExponentSpread)
      addBlockInDoubles(data, block, exponents, sumBits, squareBits);
    else
      addBlockInBins(data, block, sumBits, squareBits);
  }
}

std::optional<ExactSums> ExactSums::fromHex(llvm::StringRef sum, llvm::StringRef squares) {
  auto sumBits = WideInteger<6>::fromHex(sum);
  auto squareBits = WideInteger<10>::fromHex(squares);
  if (!sumBits || !squareBits || squareBits->isNegative())
    return std::nullopt;
  ExactSums result;
  result.sumBits = *sumBits;
  result.squareBits = *squareBits;
  return result;
}
