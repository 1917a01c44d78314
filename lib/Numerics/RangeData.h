//===- RangeData.h - Values and histograms alike ----------------*- C++ -*-===//
//
// What estimators need from their data, whether values or histogram counts.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_NUMERICS_RANGEDATA_H
#define NARROW_LIB_NUMERICS_RANGEDATA_H

#include "narrow/Numerics/Estimators.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace narrow::numerics {

/// Calls f(value, count) in the order of the data.
template <typename F>
void forEach(std::span<const float> values, F f) {
  for (float value : values)
    f(double{value}, 1.0);
}
template <typename F>
void forEach(const Histogram &histogram, F f) {
  for (size_t i = 0; i < histogram.counts.size(); ++i)
    if (histogram.counts[i])
      f(histogram.center(i), static_cast<double>(histogram.counts[i]));
}

/// The data laid out for searches, which visit them many times.
struct Points {
  std::vector<double> values, counts;
  template <typename Data>
  explicit Points(const Data &data) {
    forEach(data, [&](double value, double count) {
      values.push_back(value);
      counts.push_back(count);
    });
  }
};

/// Whether a value counts as an exact zero: the bins of a histogram next to 0
/// hold the zeros of a ReLU and values less than a bin width away.
inline bool isZero(std::span<const float>, double value) { return value == 0; }
inline bool isZero(const Histogram &histogram, double value) { return std::fabs(value) < histogram.width(); }

/// Sum of cost(error, clipped) over the data, error being the difference to the
/// value's code; may stop early once it exceeds `limit`, since it only grows. The
/// same as with quantizeDouble and dequantizeDouble (N4, N5), but in blocks that
/// compilers vectorize.
template <typename Cost>
double sumErrors(const Points &points, QuantParams params, CodeRange codes, Cost cost,
                 double limit = std::numeric_limits<double>::infinity()) {
  constexpr size_t block = 256;
  std::array<double, block> errors, clipped;
  double scale = params.scale;
  double lowest = static_cast<double>(codes.min - params.zeroPoint);
  double highest = static_cast<double>(codes.max - params.zeroPoint);
  double sum = 0;
  for (size_t begin = 0; begin < points.values.size() && sum <= limit; begin += block) {
    const double *values = points.values.data() + begin, *counts = points.counts.data() + begin;
    size_t size = std::min(block, points.values.size() - begin);
    for (size_t i = 0; i < size; ++i) {
      // The limits are integers, so clamping before rounding gives the same
      // result. Adding 1.5 * 2^52 leaves no fraction bits: rounds half to even.
      constexpr double rounder = 0x1.8p52;
      double quotient = values[i] / scale;
      double code = std::min(std::max(quotient, lowest), highest);
      code = (code + rounder) - rounder;
      errors[i] = std::fabs(values[i] - code * scale);
      clipped[i] = quotient < lowest - 0.5 || quotient > highest + 0.5;
    }
    for (size_t i = 0; i < size; ++i)
      sum += counts[i] * cost(errors[i], clipped[i] != 0);
  }
  return sum;
}

/// Sum of |error|^norm.
inline double errorSum(const Points &points, QuantParams params, CodeRange codes, double norm,
                       double limit = std::numeric_limits<double>::infinity()) {
  if (norm == 2)
    return sumErrors(points, params, codes, [](double error, bool) { return error * error; }, limit);
  if (norm == 1)
    return sumErrors(points, params, codes, [](double error, bool) { return error; }, limit);
  return sumErrors(points, params, codes, [=](double error, bool) { return std::pow(error, norm); }, limit);
}

} // namespace narrow::numerics

#endif
