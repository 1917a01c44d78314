//===- Codebooks.cpp - Levels derived from data ---------------------------===//
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace narrow::numerics;

namespace {

/// Sorts the values and merges equal ones; at most `limit` remain, as means of the values
/// in that many equal intervals.
void merge(std::vector<WeightedValue> &values, size_t limit) {
  std::stable_sort(values.begin(), values.end(),
                   [](const WeightedValue &a, const WeightedValue &b) { return a.value < b.value; });
  auto collapse = [&](auto cellOf) {
    size_t last = 0;
    for (size_t i = 0, end = values.size(); i != end; ++i) {
      if (i == 0 || cellOf(values[i].value) != cellOf(values[i - 1].value)) {
        if (i != 0)
          values[++last] = values[i];
        continue;
      }
      // values[i - 1] can only have been overwritten by itself: last < i.
      double weight = values[last].weight + values[i].weight;
      values[last].value += (values[i].value - values[last].value) * values[i].weight / weight;
      values[last].weight = weight;
    }
    values.resize(last + 1);
  };
  collapse([](double x) { return x; });
  if (values.size() <= limit)
    return;
  double low = values.front().value, width = (values.back().value - low) / static_cast<double>(limit);
  collapse([&](double x) { return std::min(std::floor((x - low) / width), static_cast<double>(limit - 1)); });
}

/// Partitions sorted values into runs with the least squared distance from their means.
class Partition {
public:
  explicit Partition(std::span<const WeightedValue> values) : weight(1, 0), sum(1, 0), squares(1, 0) {
    for (const WeightedValue &v : values) {
      weight.push_back(weight.back() + v.weight);
      sum.push_back(sum.back() + v.weight * v.value);
      squares.push_back(squares.back() + v.weight * v.value * v.value);
    }
  }

  /// The means of the best partition into `count` runs; `count` is at most the number of values.
  std::vector<double> solve(size_t count) {
    size_t n = weight.size() - 1;
    cost.assign(n + 1, std::numeric_limits<double>::infinity());
    cost[0] = 0;
    begins.assign(count, std::vector<uint32_t>(n + 1, 0));
    for (size_t run = 0; run != count; ++run) {
      next.assign(n + 1, std::numeric_limits<double>::infinity());
      // Run number `run` ends at run + 1 or later, since each run has a value.
      fill(begins[run], run + 1, n, run, n - 1);
      cost.swap(next);
    }
    std::vector<double> means(count);
    for (size_t run = count, end = n; run-- != 0; end = begins[run][end])
      means[run] = mean(begins[run][end], end);
    return means;
  }

private:
  double mean(size_t begin, size_t end) const {
    return (sum[end] - sum[begin]) / (weight[end] - weight[begin]);
  }
  double distance(size_t begin, size_t end) const {
    double s = sum[end] - sum[begin];
    return std::max(squares[end] - squares[begin] - s * s / (weight[end] - weight[begin]), 0.0);
  }

  /// Finds where the last run begins for each end in [low, high]; the begin is known to be in
  /// [first, last]. It never moves back as the end advances, so halving takes n log n steps.
  void fill(std::vector<uint32_t> &begin, size_t low, size_t high, size_t first, size_t last) {
    if (low > high)
      return;
    size_t middle = (low + high) / 2, best = first;
    for (size_t b = first; b <= std::min(middle - 1, last); ++b) {
      double total = cost[b] + distance(b, middle);
      if (total < next[middle])
        next[middle] = total, best = b;
    }
    begin[middle] = static_cast<uint32_t>(best);
    fill(begin, low, middle - 1, first, best);
    fill(begin, middle + 1, high, best, last);
  }

  std::vector<double> weight, sum, squares; // sums over the first i values
  std::vector<double> cost, next;           // costs of the best runs that end before value i
  std::vector<std::vector<uint32_t>> begins;
};

/// The means of the parts of sorted values[begin, end) after `depth` splits.
void split(std::span<const double> values, unsigned depth, std::vector<double> &means) {
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  if (depth != 0 && values.front() != values.back()) {
    // Equal values stay together, on the side that brings the split closer to the middle.
    auto low = std::lower_bound(values.begin(), values.end(), *middle);
    auto high = std::upper_bound(values.begin(), values.end(), *middle);
    bool atLow = low != values.begin() && (high == values.end() || middle - low <= high - middle);
    size_t count = static_cast<size_t>((atLow ? low : high) - values.begin());
    split(values.first(count), depth - 1, means);
    split(values.subspan(count), depth - 1, means);
    return;
  }
  double sum = 0;
  for (double value : values)
    sum += value;
  means.push_back(sum / static_cast<double>(values.size()));
}

} // namespace

std::vector<double> narrow::numerics::optimalCenters(std::vector<WeightedValue> values, size_t count) {
  std::erase_if(values, [](const WeightedValue &v) { return !(v.weight > 0); });
  if (values.empty() || count == 0)
    return {};
  constexpr size_t limit = size_t{1} << 14;
  merge(values, limit);
  return Partition(values).solve(std::min(count, values.size()));
}

std::vector<double> narrow::numerics::balancedCenters(std::vector<double> values, unsigned bits) {
  std::vector<double> means;
  if (values.empty())
    return means;
  std::sort(values.begin(), values.end());
  split(values, bits, means);
  return means;
}

Levels narrow::numerics::centersToLevels(std::span<const double> centers) {
  Levels levels;
  for (double center : centers)
    levels.push_back(static_cast<int32_t>(
        std::clamp<double>(round(center * kNarrowLimit, Rounding::HalfEven), -kNarrowLimit, kNarrowLimit)));
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

std::vector<double> narrow::numerics::clusterMagnitudes(std::span<const double> magnitudes, size_t count) {
  std::vector<WeightedValue> logs;
  for (double m : magnitudes)
    if (m > 0)
      logs.push_back({std::log2(m), 1});
  std::vector<double> centers = optimalCenters(std::move(logs), count);
  auto clusterOf = [&](double m) {
    double x = std::log2(m);
    auto above = std::lower_bound(centers.begin(), centers.end(), x);
    if (above == centers.end() || (above != centers.begin() && x - above[-1] <= *above - x))
      --above;
    return static_cast<size_t>(above - centers.begin());
  };
  std::vector<double> largest(centers.size(), 0), result(magnitudes.begin(), magnitudes.end());
  for (double m : magnitudes)
    if (m > 0)
      largest[clusterOf(m)] = std::max(largest[clusterOf(m)], m);
  for (double &m : result)
    if (m > 0)
      m = largest[clusterOf(m)];
  return result;
}
