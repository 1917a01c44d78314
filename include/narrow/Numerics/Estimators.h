//===- Estimators.h - From data to a range ----------------------*- C++ -*-===//
//
// Rules N21 to N24 and N30 to N36 of docs/numerics.md. Every estimator takes
// either the values themselves (a weight channel) or their histogram (an
// activation) and returns a real interval; asymmetricParams or symmetricParams
// turns it into a scale.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_ESTIMATORS_H
#define NARROW_NUMERICS_ESTIMATORS_H

#include "narrow/Numerics/Histogram.h"
#include "narrow/Numerics/QuantParams.h"
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

enum class RangeMethod {
  MinMax,
  AbsMax,     ///< scale A / (2^(b-1) - 1)
  AbsMaxFull, ///< scale 2A / (2^b - 1), all codes
  AbsMaxPow2, ///< scale A / 2^(b-1), all codes
  MovingAverage,
  Percentile,
  Mse,
  Kl,
  Aciq, ///< AciqLaplace or AciqGauss, whichever has the smaller error
  AciqLaplace,
  AciqGauss,
  Octav,
  Sqnr,
  Auto,
};

struct RangeOptions {
  RangeMethod method = RangeMethod::MinMax;
  /// Percentile: the fraction kept on each side, in [0, 1].
  double percentile = 0.9999;
  /// Mse: the power of the error. 2.4 as in BRECQ and GPTQ; 2 with 90
  /// candidates is OMSE.
  double norm = 2.4;
  /// Mse: candidate i shrinks the observed range to 1 - step * i.
  unsigned candidates = 80;
  double step = 0.01;
  static RangeOptions omse() { return {RangeMethod::Mse, 0.9999, 2.0, 90, 0.01}; }
};

/// The names that parseRangeMethod accepts, for messages.
inline constexpr std::string_view rangeMethodNames =
    "minmax, absmax, absmax-full, absmax-pow2, ema, percentile, percentile:<percent>, mse, mse:<power>, "
    "omse, kl, aciq, aciq-laplace, aciq-gauss, octav, sqnr, auto";

/// The method of that name; parameters that the name does not give are taken from
/// `defaults`. nullopt, with the reason in `error`, if there is no such method.
std::optional<RangeOptions> parseRangeMethod(std::string_view text, const RangeOptions &defaults,
                                             std::string &error);
/// The name without parameters.
std::string_view rangeMethodName(RangeMethod method);
/// Whether the method's scale is meant for all codes of a symmetric format,
/// including the lowest ([-128, 127], not [-127, 127]).
constexpr bool needsFullCodes(RangeMethod method) {
  return method == RangeMethod::AbsMaxFull || method == RangeMethod::AbsMaxPow2;
}

// All return nullopt if there is no data, if a value is NaN or Inf, or if an
// option makes no sense (percentile outside [0, 1], norm <= 0, step <= 0). A
// symmetric interval is [-a, a]. The interval need not include 0; the
// parameters always do (N6).

/// N21: the extrema.
std::optional<Interval> minMaxRange(std::span<const float> values, bool symmetric);
std::optional<Interval> minMaxRange(const Histogram &histogram, bool symmetric);

/// N22: quantiles 1 - p and p, or quantile p of |x|, with linear interpolation between
/// order statistics; the values of a bin count as evenly spread within it.
std::optional<Interval> percentileRange(std::span<const float> values, double p, bool symmetric);
std::optional<Interval> percentileRange(const Histogram &histogram, double p, bool symmetric);

/// N23: the candidate with the least mean |x - dequantize(quantize(x))|^norm.
std::optional<Interval> mseRange(std::span<const float> values, CodeSpec spec, const RangeOptions &options);
std::optional<Interval> mseRange(const Histogram &histogram, CodeSpec spec, const RangeOptions &options);

/// N24: the threshold with the least information loss (TensorRT's calibration).
/// Plain values are counted in a histogram first.
std::optional<Interval> klRange(std::span<const float> values, CodeSpec spec);
std::optional<Interval> klRange(const Histogram &histogram, CodeSpec spec);

/// N30: the interval that yields one of the three scales derived from the
/// largest magnitude, and zero point 0 whatever `spec` says. `method` is one of
/// the AbsMax methods. Also nullopt if no code is positive.
std::optional<Interval> absMaxRange(std::span<const float> values, CodeSpec spec, RangeMethod method);
std::optional<Interval> absMaxRange(const Histogram &histogram, CodeSpec spec, RangeMethod method);

enum class Prior { Laplace, Gauss };
/// N31: the clipping value with the least error, in units of E|x - mean|
/// (Laplace) or of the standard deviation (Gauss), for 2^bits codes. bits > 0.
double aciqRatio(Prior prior, double bits);
/// N31: the analytical range of a distribution given by its moments.
std::optional<Interval> aciqRange(std::span<const float> values, CodeSpec spec, Prior prior);
std::optional<Interval> aciqRange(const Histogram &histogram, CodeSpec spec, Prior prior);

/// N32: one step of the fixed point of the optimal clipping value; `noise` is
/// 4^-bits / 3 (signed) or 4^-bits / 12 (one sign). Exposed for tests.
double octavStep(std::span<const float> values, double clip, double noise);
/// N32: [-c, c] clipped to the observed range, c being the optimal clipping value.
std::optional<Interval> octavRange(std::span<const float> values, CodeSpec spec);
std::optional<Interval> octavRange(const Histogram &histogram, CodeSpec spec);

/// N33: the candidate with the least mean squared error, where the error of a
/// value outside the range counts three times.
std::optional<Interval> sqnrRange(std::span<const float> values, CodeSpec spec);
std::optional<Interval> sqnrRange(const Histogram &histogram, CodeSpec spec);

/// N34: among the ranges of the other methods, the one with the least mean
/// squared error; `chosen`, if given, is set to its method.
std::optional<Interval> autoRange(std::span<const float> values, CodeSpec spec,
                                  RangeMethod *chosen = nullptr);
std::optional<Interval> autoRange(const Histogram &histogram, CodeSpec spec, RangeMethod *chosen = nullptr);

/// N35: moving averages of the extrema of batches. They depend on the order of
/// the batches, so two of them cannot be merged.
struct MovingAverage {
  double min = 0, max = 0;
  bool empty = true;
  /// `momentum` in (0, 1) is the weight of the previous value.
  void add(double batchMin, double batchMax, double momentum);
  bool operator==(const MovingAverage &) const = default;
};

/// The range by options.method; [minimum, maximum] if the method reduces data with
/// nonzero values to the range [0, 0] (N36). nullopt for MovingAverage, which needs more
/// than the data. `chosen`, if given, is set to the method that Auto chose.
std::optional<Interval> estimateRange(std::span<const float> values, CodeSpec spec,
                                      const RangeOptions &options, RangeMethod *chosen = nullptr);
std::optional<Interval> estimateRange(const Histogram &histogram, CodeSpec spec, const RangeOptions &options,
                                      RangeMethod *chosen = nullptr);

/// KL(P_i || Q_i) of N24 for i = start … counts.size() and `levels` levels;
/// +Inf where Q lacks a bin of P. Exposed for tests and reports.
std::vector<double> klDivergences(std::span<const uint64_t> counts, size_t levels, size_t start);

/// Mean |x - fq(x)|^norm over the data with these parameters.
double quantizationError(std::span<const float> values, QuantParams params, CodeRange codes, double norm);
double quantizationError(const Histogram &histogram, QuantParams params, CodeRange codes, double norm);

} // namespace narrow::numerics

#endif
