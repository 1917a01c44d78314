//===- Activation.cpp - Element-wise functions and their tables -----------===//
#include "narrow/Numerics/Activation.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

/// x * gate, 0 where the gate is 0, even if x is infinite.
static double gated(double x, double gate) { return gate == 0 ? 0 : x * gate; }

namespace narrow::numerics {

double leakyRelu(double x, double alpha) { return x < 0 ? gated(x, alpha) : x; }

double elu(double x, double alpha) { return x < 0 ? alpha * std::expm1(x) : x; }

double hardSigmoid(double x, double alpha, double beta) {
  double y = alpha * x + beta;
  return y < 0 ? 0 : y > 1 ? 1 : y; // std::clamp of NaN is undefined.
}

double hardSwish(double x) { return gated(x, hardSigmoid(x, 1.0 / 6, 0.5)); }

double silu(double x) { return gated(x, sigmoid(x)); }

double gelu(double x) {
  // erfc keeps the digits that 1 + erf loses far below zero.
  return gated(x, 0.5 * std::erfc(-x / std::numbers::sqrt2));
}

double geluTanh(double x) {
  // (1 + tanh(u)) / 2 = sigmoid(2u).
  double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return gated(x, sigmoid(2 * u));
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

double mish(double x) { return gated(x, std::tanh(softplus(x))); }

double sign(double x) { return x < 0 ? -1 : x > 0 ? 1 : x; }

double binarize(double x) { return x < 0 ? -1 : x >= 0 ? 1 : x; }

double sqrt(double x) { return std::sqrt(x); }

double sigmoid(double x) {
  // Neither branch overflows.
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

double tanh(double x) { return std::tanh(x); }
double erf(double x) { return std::erf(x); }
double exp(double x) { return std::exp(x); }
double log(double x) { return std::log(x); }
double rsqrt(double x) { return x == 0 ? std::numeric_limits<double>::infinity() : 1 / std::sqrt(x); }
double reciprocal(double x) { return 1 / x; }

std::array<int8_t, 256> buildTable(const std::function<double(double)> &fn, QuantParams in, QuantParams out,
                                   CodeRange codes) {
  codes = {std::max<int64_t>(codes.min, -128), std::min<int64_t>(codes.max, 127)};
  std::array<int8_t, 256> table;
  for (int code = -128; code <= 127; ++code) {
    double y = fn(dequantizeDouble(code, in));
    table[static_cast<size_t>(code + 128)] = static_cast<int8_t>(quantizeDouble(y, out, codes));
  }
  return table;
}

} // namespace narrow::numerics
