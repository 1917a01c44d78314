//===- Estimators.cpp - From data to a range ------------------------------===//
#include "RangeData.h"

using namespace narrow::numerics;

namespace {
bool allFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

Interval extrema(double min, double max, bool symmetric) {
  double amax = std::max(std::fabs(min), std::fabs(max));
  return symmetric ? Interval{-amax, amax} : Interval{min, max};
}

/// Quantile p by linear interpolation between the order statistics around p *
/// (n - 1), as in numpy and torch. Reorders `values`.
double quantile(std::vector<float> &values, double p) {
  double rank = p * static_cast<double>(values.size() - 1);
  auto below = values.begin() + static_cast<ptrdiff_t>(std::floor(rank));
  std::nth_element(values.begin(), below, values.end());
  double fraction = rank - std::floor(rank), low = *below;
  if (fraction == 0 || below + 1 == values.end())
    return low;
  double high = *std::min_element(below + 1, values.end());
  return low + (high - low) * fraction;
}

/// The same on counts: bin i begins at (first + i) * width. The j-th of c
/// values in a bin is placed at (j + 1/2) / c of its width.
double quantile(std::span<const uint64_t> counts, int64_t first, int exponent, double p, double min,
                double max) {
  uint64_t total = 0;
  for (uint64_t count : counts)
    total += count;
  double rank = p * static_cast<double>(total - 1);
  if (rank <= 0)
    return min;
  if (rank >= static_cast<double>(total - 1))
    return max;
  double before = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    double count = static_cast<double>(counts[i]);
    // Ranks between the last value of this bin and the next stay in this bin.
    if (counts[i] && rank < before + count) {
      double place = std::min((rank - before + 0.5) / count, 1.0);
      double bin = static_cast<double>(first + static_cast<int64_t>(i)) + place;
      return std::clamp(std::ldexp(bin, exponent), min, max);
    }
    before += count;
  }
  return max;
}

template <typename Data>
std::optional<Interval> searchRange(const Data &data, CodeSpec spec, const RangeOptions &options) {
  if (!(options.norm > 0) || !(options.step > 0) || options.candidates == 0)
    return std::nullopt;
  std::optional<Interval> observed = minMaxRange(data, spec.symmetric);
  if (!observed)
    return std::nullopt;
  Interval full{std::min(observed->lo, 0.0), std::max(observed->hi, 0.0)}, best = full;
  Points points(data);
  double least = std::numeric_limits<double>::infinity();
  for (unsigned i = 0; i < options.candidates; ++i) {
    double factor = 1 - options.step * i;
    if (factor <= 0)
      break;
    Interval candidate{full.lo * factor, full.hi * factor};
    double error = errorSum(points, spec.params(candidate), spec.codes, options.norm, least);
    if (error < least) { // At a tie the first wins, the widest.
      least = error;
      best = candidate;
    }
  }
  return best;
}

/// The range of the prior with the smaller error.
template <typename Data>
std::optional<Interval> betterPrior(const Data &data, CodeSpec spec) {
  std::optional<Interval> laplace = aciqRange(data, spec, Prior::Laplace),
                          gauss = aciqRange(data, spec, Prior::Gauss);
  if (!laplace || !gauss)
    return std::nullopt;
  Points points(data);
  auto error = [&](Interval range) { return errorSum(points, spec.params(range), spec.codes, /*norm=*/2); };
  return error(*gauss) < error(*laplace) ? gauss : laplace;
}

template <typename Data>
std::optional<Interval> byMethod(const Data &data, CodeSpec spec, const RangeOptions &options,
                                 RangeMethod *chosen) {
  switch (options.method) {
  case RangeMethod::MinMax:
    return minMaxRange(data, spec.symmetric);
  case RangeMethod::AbsMax:
  case RangeMethod::AbsMaxFull:
  case RangeMethod::AbsMaxPow2:
    return absMaxRange(data, spec, options.method);
  case RangeMethod::MovingAverage:
    return std::nullopt;
  case RangeMethod::Percentile:
    return percentileRange(data, options.percentile, spec.symmetric);
  case RangeMethod::Mse:
    return mseRange(data, spec, options);
  case RangeMethod::Kl:
    return klRange(data, spec);
  case RangeMethod::Aciq:
    return betterPrior(data, spec);
  case RangeMethod::AciqLaplace:
    return aciqRange(data, spec, Prior::Laplace);
  case RangeMethod::AciqGauss:
    return aciqRange(data, spec, Prior::Gauss);
  case RangeMethod::Octav:
    return octavRange(data, spec);
  case RangeMethod::Sqnr:
    return sqnrRange(data, spec);
  case RangeMethod::Auto:
    return autoRange(data, spec, chosen);
  }
  return std::nullopt;
}

template <typename Data>
std::optional<Interval> dispatch(const Data &data, CodeSpec spec, const RangeOptions &options,
                                 RangeMethod *chosen) {
  if (chosen)
    *chosen = options.method;
  std::optional<Interval> range = byMethod(data, spec, options, chosen);
  // E.g. a percentile of mostly zeros.
  if (range && range->lo == 0 && range->hi == 0)
    return minMaxRange(data, spec.symmetric);
  return range;
}

/// More values than this are counted in a histogram before a search, which
/// visits all of them for every candidate.
constexpr size_t mostSearched = size_t{1} << 14;

bool searches(RangeMethod method) {
  return method == RangeMethod::Mse || method == RangeMethod::Sqnr || method == RangeMethod::Auto;
}
} // namespace

QuantParams CodeSpec::params(Interval range, RangeNote *note) const {
  if (symmetric)
    return symmetricParams(std::max(std::fabs(range.lo), std::fabs(range.hi)), codes, note);
  return asymmetricParams(range.lo, range.hi, codes, note);
}

std::optional<Interval> narrow::numerics::minMaxRange(std::span<const float> values, bool symmetric) {
  if (values.empty() || !allFinite(values))
    return std::nullopt;
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  return extrema(*min, *max, symmetric);
}

std::optional<Interval> narrow::numerics::minMaxRange(const Histogram &histogram, bool symmetric) {
  if (histogram.empty())
    return std::nullopt;
  return extrema(histogram.min, histogram.max, symmetric);
}

std::optional<Interval> narrow::numerics::percentileRange(std::span<const float> values, double p,
                                                          bool symmetric) {
  if (values.empty() || !allFinite(values) || !(p >= 0 && p <= 1))
    return std::nullopt;
  std::vector<float> copy(values.begin(), values.end());
  if (symmetric) {
    for (float &x : copy)
      x = std::fabs(x);
    double amax = quantile(copy, p);
    return Interval{-amax, amax};
  }
  double lo = quantile(copy, 1 - p), hi = quantile(copy, p);
  return Interval{std::min(lo, hi), std::max(lo, hi)};
}

std::optional<Interval> narrow::numerics::percentileRange(const Histogram &histogram, double p,
                                                          bool symmetric) {
  if (histogram.empty() || !(p >= 0 && p <= 1))
    return std::nullopt;
  if (symmetric) {
    Magnitudes folded = foldMagnitudes(histogram);
    double amax = quantile(folded.counts, folded.firstBin, folded.exponent, p, folded.min, folded.max);
    return Interval{-amax, amax};
  }
  auto at = [&](double fraction) {
    return quantile(histogram.counts, histogram.firstBin, histogram.exponent, fraction, histogram.min,
                    histogram.max);
  };
  double lo = at(1 - p), hi = at(p);
  return Interval{std::min(lo, hi), std::max(lo, hi)};
}

std::optional<Interval> narrow::numerics::mseRange(std::span<const float> values, CodeSpec spec,
                                                   const RangeOptions &options) {
  return searchRange(values, spec, options);
}
std::optional<Interval> narrow::numerics::mseRange(const Histogram &histogram, CodeSpec spec,
                                                   const RangeOptions &options) {
  return searchRange(histogram, spec, options);
}

std::optional<Interval> narrow::numerics::estimateRange(std::span<const float> values, CodeSpec spec,
                                                        const RangeOptions &options, RangeMethod *chosen) {
  if (values.size() > mostSearched && searches(options.method)) {
    Histogram histogram;
    return histogram.add(values) ? dispatch(histogram, spec, options, chosen) : std::nullopt;
  }
  return dispatch(values, spec, options, chosen);
}
std::optional<Interval> narrow::numerics::estimateRange(const Histogram &histogram, CodeSpec spec,
                                                        const RangeOptions &options, RangeMethod *chosen) {
  return dispatch(histogram, spec, options, chosen);
}

double narrow::numerics::quantizationError(std::span<const float> values, QuantParams params, CodeRange codes,
                                           double norm) {
  return values.empty() ? 0
                        : errorSum(Points(values), params, codes, norm) / static_cast<double>(values.size());
}
double narrow::numerics::quantizationError(const Histogram &histogram, QuantParams params, CodeRange codes,
                                           double norm) {
  return histogram.empty()
             ? 0
             : errorSum(Points(histogram), params, codes, norm) / static_cast<double>(histogram.total());
}
