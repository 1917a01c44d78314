//===- ActivationTest.cpp - Rule N16 --------------------------------------===//
#include "narrow/Numerics/Activation.h"
#include <cmath>
#include <gtest/gtest.h>

// Not `using namespace`: exp and its like would be ambiguous with those of C.
namespace num = narrow::numerics;
using num::CodeRange, num::QuantParams;

constexpr double inf = INFINITY;

TEST(Activation, Values) {
  EXPECT_DOUBLE_EQ(num::leakyRelu(-2, 0.1), -0.2);
  EXPECT_EQ(num::leakyRelu(3, 0.1), 3);
  EXPECT_NEAR(num::elu(-1, 1), -0.632120558828558, 1e-15);
  EXPECT_EQ(num::elu(2, 1), 2);
  EXPECT_DOUBLE_EQ(num::hardSigmoid(1, 0.2, 0.5), 0.7);
  EXPECT_EQ(num::hardSigmoid(9, 0.2, 0.5), 1);
  EXPECT_EQ(num::hardSigmoid(-9, 0.2, 0.5), 0);
  EXPECT_DOUBLE_EQ(num::hardSwish(1), 4.0 / 6);
  EXPECT_EQ(num::hardSwish(-4), 0);
  EXPECT_EQ(num::hardSwish(4), 4);
  EXPECT_NEAR(num::silu(1), 0.731058578630005, 1e-15);
  EXPECT_NEAR(num::gelu(1), 0.841344746068543, 1e-15);
  EXPECT_NEAR(num::gelu(-3), -0.00404969409489031, 1e-16);
  EXPECT_NEAR(num::geluTanh(1), 0.841191990608276, 1e-14);
  EXPECT_NEAR(num::softplus(0), 0.693147180559945, 1e-15);
  EXPECT_EQ(num::softplus(1000), 1000);
  EXPECT_NEAR(num::mish(1), 0.865098388267310, 1e-14);
  EXPECT_EQ(num::sigmoid(0), 0.5);
  EXPECT_EQ(num::rsqrt(4), 0.5);
  EXPECT_EQ(num::sqrt(6.25), 2.5);
  EXPECT_EQ(num::reciprocal(-4), -0.25);
  EXPECT_NEAR(num::erf(0.5), 0.520499877813047, 1e-15);
}

TEST(Activation, LimitsAndNaN) {
  for (auto *fn : {num::hardSwish, num::silu, num::gelu, num::geluTanh, num::softplus, num::mish}) {
    EXPECT_EQ(fn(-inf), 0);
    EXPECT_EQ(fn(inf), inf);
    EXPECT_EQ(fn(-1e300), 0);
    EXPECT_TRUE(std::isnan(fn(NAN)));
  }
  EXPECT_EQ(num::sigmoid(-inf), 0);
  EXPECT_EQ(num::sigmoid(inf), 1);
  EXPECT_EQ(num::elu(-inf, 2), -2);
  EXPECT_EQ(num::leakyRelu(-inf, 0), 0);
  EXPECT_EQ(num::hardSigmoid(-inf, 0.2, 0.5), 0);
  EXPECT_TRUE(std::isnan(num::hardSigmoid(NAN, 0.2, 0.5)));
  EXPECT_EQ(num::rsqrt(-0.0), inf);
  EXPECT_EQ(num::log(0), -inf);
  EXPECT_TRUE(std::isnan(num::rsqrt(-1)));
  EXPECT_EQ(num::sqrt(inf), inf);
  EXPECT_TRUE(std::isnan(num::sqrt(-1)));
}

TEST(Activation, IdentityTableIsTheIdentity) {
  QuantParams params{0.037f, -11};
  auto table = num::buildTable([](double x) { return x; }, params, params);
  for (int code = -128; code <= 127; ++code)
    EXPECT_EQ(table[static_cast<size_t>(code + 128)], code);
}

TEST(Activation, SigmoidTable) {
  // The customary output: 1/256, zero point -128.
  auto table = num::buildTable(num::sigmoid, {0.05f, 0}, {1 / 256.0f, -128});
  EXPECT_EQ(table[128], 0);        // 0.5 * 256 - 128
  EXPECT_EQ(table[128 + 20], 59);  // sigmoid(1) = 0.731059: 187.15
  EXPECT_EQ(table[128 - 20], -59); // 68.85
  EXPECT_EQ(table[255], 127);      // 255.6 is beyond the last code
  for (size_t i = 1; i < 256; ++i)
    EXPECT_GE(table[i], table[i - 1]);
}

TEST(Activation, TablesSaturateAndMapNaNToTheZeroPoint) {
  auto log = num::buildTable(num::log, {0.1f, 0}, {0.05f, 7});
  EXPECT_EQ(log[128], -128);   // log 0
  EXPECT_EQ(log[0], 7);        // log of a negative number
  EXPECT_EQ(log[128 + 10], 7); // log 1, whose argument 10 * 0.1f is not exactly 1
  auto restricted = num::buildTable(num::log, {0.1f, 0}, {0.05f, 7}, CodeRange::signedBits(8, true));
  EXPECT_EQ(restricted[128], -127);
  auto wide = num::buildTable(num::reciprocal, {0.001f, 0}, {0.05f, 0}, CodeRange::signedBits(16, false));
  EXPECT_EQ(wide[128], 127); // limited to i8 whatever the codes
}

// Every code of every function: the output is the code nearest to the value.
TEST(Activation, TablesAreNearest) {
  QuantParams in{0.0625f, -3}, out{0.03f, -20};
  for (auto *fn : {num::hardSwish, num::silu, num::gelu, num::geluTanh, num::softplus, num::mish, num::tanh,
                   num::erf, num::sigmoid}) {
    auto table = num::buildTable(fn, in, out);
    for (int code = -128; code <= 127; ++code) {
      double real = fn(num::dequantizeDouble(code, in));
      double shown = num::dequantizeDouble(table[static_cast<size_t>(code + 128)], out);
      double lowest = num::dequantizeDouble(-128, out), highest = num::dequantizeDouble(127, out);
      EXPECT_LE(std::fabs(shown - std::clamp(real, lowest, highest)), 0.015 * (1 + 1e-6));
    }
  }
}
