//===- Estimators.h - From data to a range ----------------------*- C++ -*-===//
//
// Rules N21 to N24 of docs/numerics.md. Every estimator takes either the values
// themselves (a weight channel) or their histogram (an activation) and returns
// a real interval; asymmetricParams or symmetricParams makes a scale of it.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ESTIMATORS_H
#define NARROW_NUMERICS_ESTIMATORS_H

#include "narrow/Numerics/Histogram.h"
#include "narrow/Numerics/QuantParams.h"
#include <optional>
#include <span>
#include <vector>

namespace narrow::numerics {

struct Interval {
  double lo = 0, hi = 0;
  bool operator==(const Interval &) const = default;
};

/// What the range is for.
struct CodeSpec {
  CodeRange codes;
  bool symmetric = false;
  QuantParams params(Interval range, RangeNote *note = nullptr) const;
};

enum class RangeMethod { MinMax, Percentile, Mse, Kl };

struct RangeOptions {
  RangeMethod method = RangeMethod::MinMax;
  /// Percentile: the fraction kept on each side, in [0, 1].
  double percentile = 0.9999;
  /// Mse: the power of the error. 2.4 as BRECQ and GPTQ; 2 with 90 candidates
  /// is OMSE.
  double norm = 2.4;
  /// Mse: candidate i shrinks the observed range to 1 - step * i.
  unsigned candidates = 80;
  double step = 0.01;
  static RangeOptions omse() { return {RangeMethod::Mse, 0.9999, 2.0, 90, 0.01}; }
};

// All return nullopt if there are no data, or if a value is NaN or Inf, or if
// an option makes no sense (percentile outside [0, 1], norm <= 0, step <= 0).
// A symmetric interval is [-a, a]. Only Mse and Kl include 0 in the interval;
// the parameters always do (N6).

/// N21: the extrema.
std::optional<Interval> minMaxRange(std::span<const float> values, bool symmetric);
std::optional<Interval> minMaxRange(const Histogram &histogram, bool symmetric);

/// N22: quantiles 1 - p and p, or quantile p of |x|, with linear interpolation
/// between order statistics; within a bin its values count as evenly spread.
std::optional<Interval> percentileRange(std::span<const float> values, double p, bool symmetric);
std::optional<Interval> percentileRange(const Histogram &histogram, double p, bool symmetric);

/// N23: the candidate of least mean |x - dequantize(quantize(x))|^norm.
std::optional<Interval> mseRange(std::span<const float> values, CodeSpec spec, const RangeOptions &options);
std::optional<Interval> mseRange(const Histogram &histogram, CodeSpec spec, const RangeOptions &options);

/// N24: the threshold of least information loss (TensorRT's calibration).
/// Values themselves are counted first.
std::optional<Interval> klRange(std::span<const float> values, CodeSpec spec);
std::optional<Interval> klRange(const Histogram &histogram, CodeSpec spec);

/// By options.method.
std::optional<Interval> estimateRange(std::span<const float> values, CodeSpec spec,
                                      const RangeOptions &options);
std::optional<Interval> estimateRange(const Histogram &histogram, CodeSpec spec, const RangeOptions &options);

/// KL(P_i || Q_i) of N24 for i = start … counts.size(), `levels` levels; +Inf
/// where Q lacks a bin of P. Exposed for tests and reports.
std::vector<double> klDivergences(std::span<const uint64_t> counts, size_t levels, size_t start);

/// Mean |x - fq(x)|^norm over the data with these parameters.
double quantizationError(std::span<const float> values, QuantParams params, CodeRange codes, double norm);
double quantizationError(const Histogram &histogram, QuantParams params, CodeRange codes, double norm);

} // namespace narrow::numerics

#endif
