//===- Clipping.cpp - Computed clipping values ----------------------------===//
//
// N30 to N35: scales from the largest magnitude, ACIQ, OCTAV, SQNR and the
// choice among them.
//
//===----------------------------------------------------------------------===//
#include "RangeData.h"
#include <bit>
#include <numbers>

using namespace narrow::numerics;

namespace {
/// log2 of the number of codes, which papers call bits. 3.9 for [-7, 7].
double bitsOf(CodeRange codes) { return std::log2(static_cast<double>(codes.max - codes.min + 1)); }

struct Moments {
  double mean = 0;
  double absolute = 0; ///< E|x - mean|
  double standard = 0; ///< sqrt(E(x - mean)^2)
};

template <typename Data>
Moments momentsOf(const Data &data) {
  double total = 0, sum = 0, absolute = 0, squares = 0;
  forEach(data, [&](double x, double count) {
    total += count;
    sum += count * x;
  });
  Moments result;
  result.mean = sum / total;
  // A second pass: differences of large sums would lose a small spread.
  forEach(data, [&](double x, double count) {
    double difference = x - result.mean;
    absolute += count * std::fabs(difference);
    squares += count * difference * difference;
  });
  result.absolute = absolute / total;
  result.standard = std::sqrt(squares / total);
  return result;
}

/// `range` clipped to `observed`; [-a, a] if symmetric, a at most the largest magnitude.
Interval limitTo(Interval observed, Interval range, bool symmetric) {
  if (symmetric) {
    double amax = std::min(std::max(std::fabs(range.lo), std::fabs(range.hi)), observed.hi);
    return {-amax, amax};
  }
  return {std::clamp(range.lo, observed.lo, observed.hi), std::clamp(range.hi, observed.lo, observed.hi)};
}

template <typename Data>
std::optional<Interval> absMax(const Data &data, CodeSpec spec, RangeMethod method) {
  std::optional<Interval> observed = minMaxRange(data, /*symmetric=*/true);
  if (!observed || spec.codes.max <= 0 || spec.codes.min >= spec.codes.max)
    return std::nullopt;
  double steps = static_cast<double>(spec.codes.max - spec.codes.min);
  // 2^(bits - 1): half the number of codes of the format, whether or not `codes` has the lowest.
  double half =
      static_cast<double>(std::bit_ceil(static_cast<uint64_t>(spec.codes.max - spec.codes.min) + 1) / 2);
  if (method == RangeMethod::AbsMax && half <= 1)
    return std::nullopt; // One bit has no code above 0.
  double divisor = method == RangeMethod::AbsMax       ? half - 1
                   : method == RangeMethod::AbsMaxFull ? (2 * half - 1) / 2
                                                       : half;
  double scale = observed->hi / divisor, hi = scale * (half - 1);
  if (spec.symmetric)
    hi = scale * static_cast<double>(spec.codes.max);
  return Interval{spec.symmetric ? -hi : hi - scale * steps, hi};
}

template <typename Data>
std::optional<Interval> aciq(const Data &data, CodeSpec spec, Prior prior) {
  std::optional<Interval> observed = minMaxRange(data, spec.symmetric);
  if (!observed || spec.codes.min >= spec.codes.max)
    return std::nullopt;
  Moments moments = momentsOf(data);
  double unit = prior == Prior::Laplace ? moments.absolute : moments.standard;
  double bits = bitsOf(spec.codes);
  if (spec.symmetric || (observed->lo < 0 && observed->hi > 0)) {
    double clip = aciqRatio(prior, bits) * unit;
    return limitTo(*observed, {moments.mean - clip, moments.mean + clip}, spec.symmetric);
  }
  // With one sign all codes serve that sign, as if there were one more bit.
  double clip = aciqRatio(prior, bits + 1) * unit;
  Interval range = observed->hi > 0 ? Interval{0, moments.mean + clip} : Interval{moments.mean - clip, 0};
  Interval widened{std::min(observed->lo, 0.0), std::max(observed->hi, 0.0)};
  return limitTo(widened, range, /*symmetric=*/false);
}

/// The sum and number of the magnitudes above a value, and the number of those
/// up to it. Zeros are in neither.
struct Tail {
  double sum = 0, above = 0, below = 0;
  double step(double noise) const { return sum / (noise * below + above); }
};

template <typename Data>
Tail tailAbove(const Data &data, double clip) {
  Tail tail;
  forEach(data, [&](double x, double count) {
    double magnitude = std::fabs(x);
    if (isZero(data, x))
      return;
    if (magnitude > clip) {
      tail.sum += count * magnitude;
      tail.above += count;
    } else {
      tail.below += count;
    }
  });
  return tail;
}

template <typename Data>
std::optional<Interval> octav(const Data &data, CodeSpec spec) {
  std::optional<Interval> observed = minMaxRange(data, spec.symmetric);
  if (!observed || spec.codes.min >= spec.codes.max)
    return std::nullopt;
  double amax = std::max(std::fabs(observed->lo), std::fabs(observed->hi));
  bool oneSign = !spec.symmetric && (observed->lo >= 0 || observed->hi <= 0);
  double noise = std::exp2(-2 * bitsOf(spec.codes)) / (oneSign ? 12 : 3);

  // The mean of all magnitudes is the step from 0. The derivative of the error
  // increases with c, so its zero stays between the largest c whose next value
  // is larger and the smallest c whose next value is smaller. Newton's method
  // may alternate between two values; halving the bracket ends that.
  Tail all = tailAbove(data, 0);
  double clip = all.above > 0 ? all.step(noise) : amax, low = 0, high = amax;
  for (int i = 0; i < 100 && clip < high; ++i) {
    double next = tailAbove(data, clip).step(noise);
    if (next == clip)
      break;
    (next > clip ? low : high) = clip;
    clip = next > low && next < high ? next : low + (high - low) / 2;
    if (high - low <= 1e-12 * high)
      break;
  }
  clip = std::min(clip, amax);
  return limitTo(*observed, {-clip, clip}, spec.symmetric);
}

template <typename Data>
std::optional<Interval> sqnr(const Data &data, CodeSpec spec) {
  std::optional<Interval> observed = minMaxRange(data, spec.symmetric);
  if (!observed || spec.codes.min >= spec.codes.max)
    return std::nullopt;
  Interval full{std::min(observed->lo, 0.0), std::max(observed->hi, 0.0)}, best = full;
  double least = std::numeric_limits<double>::infinity();
  Points points(data);
  auto consider = [&](Interval candidate) {
    constexpr double saturation = 3; // Weight of a clipped value's error.
    auto cost = [](double error, bool clipped) { return (clipped ? saturation : 1) * error * error; };
    double sum = sumErrors(points, spec.params(candidate), spec.codes, cost, least);
    if (sum < least) { // At a tie the first wins, the widest.
      least = sum;
      best = candidate;
    }
  };
  consider(full);
  if (spec.symmetric) {
    for (int k = 99; k >= 1; --k)
      consider({full.lo * k / 100, full.hi * k / 100});
    return best;
  }
  double steps = static_cast<double>(spec.codes.max - spec.codes.min);
  double largest = (full.hi - full.lo) / steps;
  for (int k = 16; k >= 1; --k)
    for (int i = 0; i <= 20; ++i) {
      double delta = largest * k / 16, lo = delta * std::nearbyint(steps * (i - 20) / 20);
      Interval candidate{std::max(lo, full.lo), std::min(lo + delta * steps, full.hi)};
      if (candidate.lo < candidate.hi && candidate != full)
        consider(candidate);
    }
  return best;
}

template <typename Data>
std::optional<Interval> leastError(const Data &data, CodeSpec spec, RangeMethod *chosen) {
  std::optional<Interval> best;
  double least = std::numeric_limits<double>::infinity();
  Points points(data);
  auto consider = [&](const RangeOptions &options) {
    std::optional<Interval> range = estimateRange(data, spec, options);
    if (!range)
      return;
    double sum = errorSum(points, spec.params(*range), spec.codes, /*norm=*/2, least);
    if (best && !(sum < least)) // At a tie the first wins.
      return;
    least = sum;
    best = range;
    if (chosen)
      *chosen = options.method;
  };
  consider({RangeMethod::MinMax});
  for (double percentile : {0.99999, 0.9999, 0.999})
    consider({RangeMethod::Percentile, percentile});
  for (RangeMethod method :
       {RangeMethod::AciqLaplace, RangeMethod::AciqGauss, RangeMethod::Octav, RangeMethod::Sqnr})
    consider({method});
  consider(RangeOptions::omse());
  return best;
}
} // namespace

std::optional<Interval> narrow::numerics::absMaxRange(std::span<const float> values, CodeSpec spec,
                                                      RangeMethod method) {
  return absMax(values, spec, method);
}
std::optional<Interval> narrow::numerics::absMaxRange(const Histogram &histogram, CodeSpec spec,
                                                      RangeMethod method) {
  return absMax(histogram, spec, method);
}

double narrow::numerics::aciqRatio(Prior prior, double bits) {
  // Half the derivative of the mean squared error with respect to the clipping
  // value; it is negative at 0 and has one zero.
  double noise = std::exp2(-2 * bits) / 3;
  auto slope = [&](double ratio) {
    if (prior == Prior::Laplace)
      return noise * ratio - std::exp(-ratio);
    double density = std::sqrt(2 / std::numbers::pi) * std::exp(-ratio * ratio / 2);
    return ratio * std::erfc(ratio / std::numbers::sqrt2) - density + noise * ratio;
  };
  double low = 0, high = 1;
  while (slope(high) < 0)
    high *= 2;
  for (int i = 0; i < 100 && low < high; ++i) {
    double middle = low + (high - low) / 2;
    (slope(middle) < 0 ? low : high) = middle;
  }
  return high;
}

std::optional<Interval> narrow::numerics::aciqRange(std::span<const float> values, CodeSpec spec,
                                                    Prior prior) {
  return aciq(values, spec, prior);
}
std::optional<Interval> narrow::numerics::aciqRange(const Histogram &histogram, CodeSpec spec, Prior prior) {
  return aciq(histogram, spec, prior);
}

double narrow::numerics::octavStep(std::span<const float> values, double clip, double noise) {
  return tailAbove(values, clip).step(noise);
}
std::optional<Interval> narrow::numerics::octavRange(std::span<const float> values, CodeSpec spec) {
  return octav(values, spec);
}
std::optional<Interval> narrow::numerics::octavRange(const Histogram &histogram, CodeSpec spec) {
  return octav(histogram, spec);
}

std::optional<Interval> narrow::numerics::sqnrRange(std::span<const float> values, CodeSpec spec) {
  return sqnr(values, spec);
}
std::optional<Interval> narrow::numerics::sqnrRange(const Histogram &histogram, CodeSpec spec) {
  return sqnr(histogram, spec);
}

std::optional<Interval> narrow::numerics::autoRange(std::span<const float> values, CodeSpec spec,
                                                    RangeMethod *chosen) {
  return leastError(values, spec, chosen);
}
std::optional<Interval> narrow::numerics::autoRange(const Histogram &histogram, CodeSpec spec,
                                                    RangeMethod *chosen) {
  return leastError(histogram, spec, chosen);
}

void MovingAverage::add(double batchMin, double batchMax, double momentum) {
  // In this form equal extrema stay exactly the same.
  min = empty ? batchMin : min + (1 - momentum) * (batchMin - min);
  max = empty ? batchMax : max + (1 - momentum) * (batchMax - max);
  empty = false;
}
