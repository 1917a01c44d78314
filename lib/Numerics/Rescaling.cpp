//===- Rescaling.cpp - Moving scale and bias between layers ---------------===//
#include "narrow/Numerics/Rescaling.h"
#include <algorithm>
#include <cmath>
#include <queue>

using namespace narrow::numerics;

double narrow::numerics::equalizationFactor(double written, double read) {
  if (!(written > 0) || !(read > 0) || !std::isfinite(written) || !std::isfinite(read))
    return 1;
  // Not the root of the quotient, which may be infinite when its root is not.
  return std::sqrt(written) / std::sqrt(read);
}

double narrow::numerics::limitBiasGrowth(double factor, double bias, double largestWeight) {
  double limit = largestBiasGrowth * largestWeight;
  double magnitude = std::fabs(bias);
  if (!(magnitude > limit * factor) || factor >= 1)
    return factor;
  return limit > 0 ? std::min(magnitude / limit, 1.0) : 1.0;
}

double narrow::numerics::absorbableBias(double mean, double deviation) {
  double kept = mean - 3 * std::fabs(deviation);
  return std::isfinite(kept) ? std::max(kept, 0.0) : 0.0;
}

static double density(double x) { return std::exp(-0.5 * x * x) * 0.3989422804014327; }
/// P(X <= x) of a standard normal X; erfc keeps the tails exact.
static double cumulative(double x) { return 0.5 * std::erfc(-x * 0.7071067811865476); }

double narrow::numerics::clippedNormalMean(double mean, double deviation, double lo, double hi) {
  deviation = std::fabs(deviation);
  if (!(deviation > 0))
    return std::min(std::max(mean, lo), hi);
  double a = (lo - mean) / deviation, b = (hi - mean) / deviation;
  double result = deviation * (density(a) - density(b)) + mean * (cumulative(b) - cumulative(a));
  if (std::isfinite(lo))
    result += lo * cumulative(a);
  if (std::isfinite(hi))
    result += hi * cumulative(-b);
  return result;
}

double narrow::numerics::smoothingFactor(double activation, double weight, double alpha) {
  constexpr double least = 1e-5;
  if (!(activation > 0) || !(weight > 0) || !std::isfinite(activation) || !std::isfinite(weight))
    return 1;
  double factor = std::pow(std::max(activation, least), alpha) / std::pow(std::max(weight, least), 1 - alpha);
  return std::isfinite(factor) ? std::max(factor, least) : 1;
}

std::vector<int64_t> narrow::numerics::chooseChannelSplits(std::span<const double> magnitudes,
                                                           double fraction) {
  std::vector<int64_t> chosen;
  if (!(fraction > 0) || magnitudes.empty())
    return chosen;
  auto count = static_cast<size_t>(std::ceil(std::min(fraction, 1.0) * magnitudes.size()));
  // Largest first; at a tie the lowest channel.
  auto later = [](std::pair<double, int64_t> a, std::pair<double, int64_t> b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  };
  std::priority_queue<std::pair<double, int64_t>, std::vector<std::pair<double, int64_t>>, decltype(later)>
      queue(later);
  for (size_t channel = 0; channel < magnitudes.size(); ++channel)
    if (magnitudes[channel] > 0 && std::isfinite(magnitudes[channel]))
      queue.push({magnitudes[channel], static_cast<int64_t>(channel)});
  while (chosen.size() < count && !queue.empty()) {
    auto [magnitude, channel] = queue.top();
    queue.pop();
    chosen.push_back(channel);
    // All parts of the channel are equal; each time it gets one more.
    int64_t parts = 1 + std::count(chosen.begin(), chosen.end(), channel);
    queue.push({magnitudes[channel] / static_cast<double>(parts), channel});
  }
  return chosen;
}

Interval narrow::numerics::uniteRanges(std::span<const Interval> ranges) {
  Interval result = ranges.front();
  for (Interval range : ranges)
    result = {std::min(result.lo, range.lo), std::max(result.hi, range.hi)};
  return result;
}
