//===- Entropy.cpp - Range with least information loss --------------------===//
//
// N24. The method of TensorRT's calibration: clip the histogram of |x| at bin i
// and compare what remains (P, with the clipped mass in the last bin) with what
// `levels` levels can distinguish (Q). With prefix sums a candidate costs
// O(levels), not O(bins).
//
//===----------------------------------------------------------------------===//
#include "narrow/Numerics/Estimators.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

using namespace narrow::numerics;

std::vector<double> narrow::numerics::klDivergences(std::span<const uint64_t> counts, size_t levels,
                                                    size_t start) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  size_t bins = counts.size();
  std::vector<uint64_t> mass(bins + 1), occupied(bins + 1);
  std::vector<double> entropy(bins + 1); // sum of c * log c
  for (size_t i = 0; i < bins; ++i) {
    double c = static_cast<double>(counts[i]);
    mass[i + 1] = mass[i] + counts[i];
    occupied[i + 1] = occupied[i] + (counts[i] != 0);
    entropy[i + 1] = entropy[i] + (counts[i] ? c * std::log(c) : 0);
  }

  start = std::max<size_t>(start, 1);
  std::vector<double> divergences;
  for (size_t i = start; i <= bins; ++i) {
    uint64_t kept = mass[i], clipped = mass[bins] - kept, last = counts[i - 1];
    // Nothing left, or mass moved into a bin that Q leaves empty.
    if (kept == 0 || (clipped && last == 0)) {
      divergences.push_back(mass[bins] == 0 ? 0 : infinity);
      continue;
    }
    // P log P: all bins as they are, except that the clipped mass is added to the last.
    double pLogP = entropy[i - 1];
    double top = static_cast<double>(last + clipped);
    pLogP += top > 0 ? top * std::log(top) : 0;
    // P log Q: level j spreads its mass over its occupied bins; the clipped
    // mass is compared with the level of the last bin.
    double pLogQ = 0;
    for (size_t j = 0; j < levels; ++j) {
      size_t lo = (j * i + levels - 1) / levels, hi = ((j + 1) * i + levels - 1) / levels;
      uint64_t levelMass = mass[hi] - mass[lo];
      if (levelMass == 0)
        continue;
      double logQ =
          std::log(static_cast<double>(levelMass) / static_cast<double>(occupied[hi] - occupied[lo]));
      uint64_t weight = levelMass + (hi == i && lo < hi ? clipped : 0);
      pLogQ += static_cast<double>(weight) * logQ;
    }
    double total = static_cast<double>(mass[bins]);
    double divergence = (pLogP - pLogQ) / total - std::log(total) + std::log(static_cast<double>(kept));
    divergences.push_back(std::max(divergence, 0.0)); // below 0 only by rounding
  }
  return divergences;
}

/// The bins of |x| starting at 0, at most maxBins of them.
static std::vector<uint64_t> binsFromZero(const Histogram &histogram, int &exponent) {
  Magnitudes folded = foldMagnitudes(histogram);
  int64_t last = folded.firstBin + static_cast<int64_t>(folded.counts.size()) - 1;
  int shift = 0;
  while (last >> shift >= static_cast<int64_t>(Histogram::maxBins))
    ++shift;
  std::vector<uint64_t> counts(static_cast<size_t>((last >> shift) + 1));
  for (size_t i = 0; i < folded.counts.size(); ++i)
    counts[static_cast<size_t>((folded.firstBin + static_cast<int64_t>(i)) >> shift)] += folded.counts[i];
  exponent = folded.exponent + shift;
  return counts;
}

std::optional<Interval> narrow::numerics::klRange(const Histogram &histogram, CodeSpec spec) {
  if (histogram.empty() || spec.codes.min >= spec.codes.max)
    return std::nullopt;
  double lo = std::min<double>(histogram.min, 0), hi = std::max<double>(histogram.max, 0);
  double amax = std::max(-lo, hi), threshold = amax;

  // Magnitudes get half of the codes, unless all codes serve one sign.
  uint64_t all = static_cast<uint64_t>(spec.codes.max - spec.codes.min) + 1;
  bool oneSided = !spec.symmetric && (lo == 0 || hi == 0);
  size_t levels = std::bit_floor(all + 1) / (oneSided ? 1 : 2);

  int exponent = 0;
  std::vector<uint64_t> counts = binsFromZero(histogram, exponent);
  if (counts.size() > levels) { // Otherwise each bin has its own level.
    counts[0] = counts[1];      // The zeros of a ReLU say nothing about the range.
    std::vector<double> divergences = klDivergences(counts, levels, levels);
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < divergences.size(); ++i) {
      // At a tie the widest wins; the tolerance keeps rounding errors from deciding.
      if (std::isfinite(divergences[i]) && divergences[i] <= least + 1e-12) {
        least = std::min(least, divergences[i]);
        threshold = std::ldexp(static_cast<double>(levels + i), exponent);
      }
    }
    threshold = std::min(threshold, amax);
  }
  if (spec.symmetric)
    return Interval{-threshold, threshold};
  return Interval{std::max(lo, -threshold), std::min(hi, threshold)};
}

std::optional<Interval> narrow::numerics::klRange(std::span<const float> values, CodeSpec spec) {
  Histogram histogram;
  if (!histogram.add(values))
    return std::nullopt;
  return klRange(histogram, spec);
}
