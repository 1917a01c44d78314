//===- RangeMethod.cpp - Names of methods ---------------------------------===//
#include "narrow/Numerics/Estimators.h"
#include <charconv>
#include <iterator>

using namespace narrow::numerics;

static constexpr std::pair<std::string_view, RangeMethod> names[] = {
    {"minmax", RangeMethod::MinMax},
    {"absmax", RangeMethod::AbsMax},
    {"absmax-full", RangeMethod::AbsMaxFull},
    {"absmax-pow2", RangeMethod::AbsMaxPow2},
    {"ema", RangeMethod::MovingAverage},
    {"percentile", RangeMethod::Percentile},
    {"mse", RangeMethod::Mse},
    {"kl", RangeMethod::Kl},
    {"aciq", RangeMethod::Aciq},
    {"aciq-laplace", RangeMethod::AciqLaplace},
    {"aciq-gauss", RangeMethod::AciqGauss},
    {"octav", RangeMethod::Octav},
    {"sqnr", RangeMethod::Sqnr},
    {"auto", RangeMethod::Auto},
};

std::string_view narrow::numerics::rangeMethodName(RangeMethod method) {
  for (auto [name, value] : names)
    if (value == method)
      return name;
  return "";
}

std::optional<RangeOptions>
narrow::numerics::parseRangeMethod(std::string_view text, const RangeOptions &defaults, std::string &error) {
  auto fail = [&](const std::string &what) {
    error = "method '" + std::string(text) + "' " + what;
    return std::nullopt;
  };
  RangeOptions options = defaults;
  if (text == "omse") {
    RangeOptions omse = RangeOptions::omse();
    omse.percentile = defaults.percentile;
    return omse;
  }
  size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  bool known = false;
  for (auto [candidate, value] : names)
    if (candidate == name) {
      options.method = value;
      known = true;
    }
  if (!known)
    return fail("is unknown; accepted: " + std::string(rangeMethodNames));
  if (colon == std::string_view::npos)
    return options;

  std::string_view number = text.substr(colon + 1);
  double value = 0;
  auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), value);
  bool isNumber = status == std::errc() && end == number.data() + number.size();
  if (options.method == RangeMethod::Percentile) {
    if (!isNumber || !(value > 50 && value <= 100))
      return fail("needs a percentage above 50 and at most 100 after the colon");
    options.percentile = value / 100;
    return options;
  }
  if (options.method == RangeMethod::Mse) {
    if (!isNumber || !(value > 0 && value <= 100))
      return fail("needs a power above 0 and at most 100 after the colon");
    options.norm = value;
    return options;
  }
  return fail("takes no number; only percentile:<percent> and mse:<power> do");
}
