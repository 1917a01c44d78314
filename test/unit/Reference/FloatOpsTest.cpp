//===- FloatOpsTest.cpp - Ops of the float stages by hand -----------------===//
#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow::reference;

namespace {

constexpr float inf = INFINITY, nan = NAN;

class FloatOpsTest : public ReferenceTest {
protected:
  /// One op `op`, with %x and %y of the types of `inputs`, to `result`.
  template <typename T>
  std::vector<T> op(StringRef op, ArrayRef<Tensor> inputs, StringRef result) {
    static const char *const names[] = {"%x", "%y", "%z"};
    std::string arguments, types;
    for (auto [i, input] : llvm::enumerate(inputs)) {
      arguments += (i ? ", " : "") + std::string(names[i]) + ": " + typeOf(input);
      types += (i ? ", " : "") + typeOf(input);
    }
    return evaluate<T>(llvm::formatv("func.func @main({0}) -> {1} {{ %r = {2} "
                                     ": ({3}) -> {1} return %r : {1} }",
                                     arguments, result, op, types)
                           .str(),
                       inputs);
  }
};

Tensor floats(ArrayRef<int64_t> shape, ArrayRef<float> values) { return Tensor(shape, values); }
using Floats = std::vector<float>;

/// Equal bits, so that NaN equals NaN and -0 differs from 0.
void expectBits(const Floats &got, const Floats &expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE((std::isnan(got[i]) && std::isnan(expected[i])) ||
                (got[i] == expected[i] && std::signbit(got[i]) == std::signbit(expected[i])))
        << "element " << i << " is " << got[i] << ", expected " << expected[i];
}

TEST_F(FloatOpsTest, BroadcastAlongAnyAxis) {
  Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  expectBits(op<float>("tosa.add %x, %y", {x, floats({1, 3}, {10, 20, 30})}, "tensor<2x3xf32>"),
             {11, 22, 33, 14, 25, 36});
  expectBits(op<float>("tosa.sub %x, %y", {x, floats({2, 1}, {10, 20})}, "tensor<2x3xf32>"),
             {-9, -8, -7, -16, -15, -14});
  expectBits(op<float>("tosa.sub %x, %y", {floats({1, 1}, {1}), x}, "tensor<2x3xf32>"),
             {0, -1, -2, -3, -4, -5});
  expectBits(
      op<float>("tosa.add %x, %y", {floats({1, 3}, {1, 2, 3}), floats({2, 1}, {10, 20})}, "tensor<2x3xf32>"),
      {11, 12, 13, 21, 22, 23});
  expectBits(
      op<float>("tosa.pow %x, %y", {floats({3}, {2, 9, 0}), floats({3}, {3, 0.5, 0})}, "tensor<3xf32>"),
      {8, 3, 1});
}

TEST_F(FloatOpsTest, ExtremaPropagateNaNAndOrderZeros) {
  Tensor x = floats({5}, {1, nan, -0.0f, 0.0f, -inf}), y = floats({5}, {2, 1, 0.0f, -0.0f, nan});
  expectBits(op<float>("tosa.maximum %x, %y", {x, y}, "tensor<5xf32>"), {2, nan, 0.0f, 0.0f, nan});
  expectBits(op<float>("tosa.minimum %x, %y", {x, y}, "tensor<5xf32>"), {1, nan, -0.0f, -0.0f, nan});
  expectBits(op<float>("tosa.maximum %x, %y {nan_mode = IGNORE}", {x, y}, "tensor<5xf32>"),
             {2, 1, 0.0f, 0.0f, -inf});
  expectBits(op<float>("tosa.clamp %x {min_val = 0.0 : f32, max_val = 6.0 : f32}",
                       floats({5}, {-1, -0.0f, 3, inf, nan}), "tensor<5xf32>"),
             {0, 0, 3, 6, nan});
}

TEST_F(FloatOpsTest, FunctionsOfOneElement) {
  Tensor x = floats({4}, {-2.5f, 0, 0.3f, 4});
  auto expectFunction = [&](StringRef text, double (*function)(double)) {
    Floats expected;
    for (float value : x.values<float>())
      expected.push_back(static_cast<float>(function(value)));
    expectBits(op<float>(text, x, "tensor<4xf32>"), expected);
  };
  expectFunction("tosa.exp %x", [](double v) { return std::exp(v); });
  expectFunction("tosa.log %x", [](double v) { return std::log(v); });
  expectFunction("tosa.tanh %x", [](double v) { return std::tanh(v); });
  expectFunction("tosa.erf %x", [](double v) { return std::erf(v); });
  expectFunction("tosa.ceil %x", [](double v) { return std::ceil(v); });
  expectFunction("tosa.floor %x", [](double v) { return std::floor(v); });
  expectFunction("tosa.abs %x", [](double v) { return std::fabs(v); });
  expectFunction("tosa.reciprocal %x", [](double v) { return 1 / v; });
  expectFunction("tosa.rsqrt %x", [](double v) { return 1 / std::sqrt(v); });
  auto sigmoid = op<float>("tosa.sigmoid %x", x, "tensor<4xf32>");
  ASSERT_EQ(sigmoid.size(), 4u);
  EXPECT_EQ(sigmoid[1], 0.5f);
  EXPECT_FLOAT_EQ(sigmoid[3], 0.98201379f);
}

TEST_F(FloatOpsTest, Cast) {
  Tensor x = floats({8}, {0.5f, 1.5f, 2.5f, -0.5f, 200, -1e30f, nan, inf});
  EXPECT_EQ(op<int8_t>("tosa.cast %x", x, "tensor<8xi8>"),
            (std::vector<int8_t>{0, 2, 2, 0, 127, -128, 0, 127}));
  EXPECT_EQ(op<int32_t>("tosa.cast %x", x, "tensor<8xi32>"),
            (std::vector<int32_t>{0, 2, 2, 0, 200, INT32_MIN, 0, INT32_MAX}));
  EXPECT_EQ(op<float>("tosa.cast %x", Tensor({2}, ArrayRef<int8_t>({-7, 3})), "tensor<2xf32>"),
            (Floats{-7, 3}));
  EXPECT_EQ(op<int8_t>("tosa.cast %x", Tensor({2}, ArrayRef<int32_t>({257, -129})), "tensor<2xi8>"),
            (std::vector<int8_t>{1, 127}));
  EXPECT_EQ(op<int32_t>("tosa.cast %x", Tensor({2}, ArrayRef<bool>({true, false})), "tensor<2xi32>"),
            (std::vector<int32_t>{1, 0}));
}

TEST_F(FloatOpsTest, CompareAndSelect) {
  Tensor x = floats({3}, {1, nan, 3}), y = floats({3}, {1, 1, 2});
  EXPECT_EQ(op<bool>("tosa.equal %x, %y", {x, y}, "tensor<3xi1>"), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(op<bool>("tosa.greater %x, %y", {x, y}, "tensor<3xi1>"), (std::vector<bool>{false, false, true}));
  EXPECT_EQ(op<bool>("tosa.greater_equal %x, %y", {x, y}, "tensor<3xi1>"),
            (std::vector<bool>{true, false, true}));
  expectBits(op<float>("tosa.select %x, %y, %z",
                       {Tensor({1, 2}, ArrayRef<bool>({true, false})), floats({2, 2}, {1, 2, 3, 4}),
                        floats({1, 1}, {9})},
                       "tensor<2x2xf32>"),
             {1, 9, 3, 9});
}

TEST_F(FloatOpsTest, Pools) {
  // 3 x 3 plane, kernel 2 with one row and column of padding before: the
  // padding does not count.
  Tensor x = floats({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  expectBits(evaluate<float>(
                 R"(func.func @main(%x: tensor<1x3x3x1xf32>) -> tensor<1x2x2x1xf32> {
    %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
    %y = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 1, 0, 1, 0>}
      : (tensor<1x3x3x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
    return %y : tensor<1x2x2x1xf32>
  })",
                 x),
             {1, 2.5f, 5.5f, 7});
  std::string maxPool = "tosa.max_pool2d %x {{kernel = array<i64: 2, 2>, "
                        "stride = array<i64: 2, 2>, pad = array<i64: 1, "
                        "0, 1, 0>{0}}";
  std::string propagate = llvm::formatv(maxPool.c_str(), ""),
              ignore = llvm::formatv(maxPool.c_str(), ", nan_mode = IGNORE");
  expectBits(op<float>(propagate, x, "tensor<1x2x2x1xf32>"), {1, 3, 7, 9});
  Tensor bad = floats({1, 3, 3, 1}, {nan, -inf, -inf, 4, nan, 6, nan, 8, 9});
  expectBits(op<float>(propagate, bad, "tensor<1x2x2x1xf32>"), {nan, -inf, nan, nan});
  Floats ignored = op<float>(ignore, bad, "tensor<1x2x2x1xf32>");
  ASSERT_EQ(ignored.size(), 4u);
  expectBits({ignored[1], ignored[2], ignored[3]}, {-inf, 4, 9});
}

TEST_F(FloatOpsTest, AverageAddsInOrder) {
  // (2^24 + 1) + 1 loses both ones in f32, 1 + 1 + 2^24 none.
  auto average = [&](ArrayRef<float> values) {
    return evaluate<float>(
        R"(func.func @main(%x: tensor<1x1x3x1xf32>) -> tensor<1x1x1x1xf32> {
      %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
      %y = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 1, 3>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
        : (tensor<1x1x3x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
      return %y : tensor<1x1x1x1xf32>
    })",
        floats({1, 1, 3, 1}, values));
  };
  expectBits(average({0x1p24f, 1, 1}), {0x1p24f * (1.0f / 3.0f)});
  expectBits(average({1, 1, 0x1p24f}), {(0x1p24f + 2) * (1.0f / 3.0f)});
}

TEST_F(FloatOpsTest, Reductions) {
  Tensor x = floats({2, 3}, {1, 5, 3, 4, 2, 6});
  expectBits(op<float>("tosa.reduce_sum %x {axis = 1 : i32}", x, "tensor<2x1xf32>"), {9, 12});
  expectBits(op<float>("tosa.reduce_sum %x {axis = 0 : i32}", x, "tensor<1x3xf32>"), {5, 7, 9});
  expectBits(op<float>("tosa.reduce_sum %x {axis = 0 : i32}", floats({3}, {0x1p24f, 1, 1}), "tensor<1xf32>"),
             {0x1p24f});
  expectBits(op<float>("tosa.reduce_product %x {axis = 1 : i32}", x, "tensor<2x1xf32>"), {15, 48});
  expectBits(op<float>("tosa.reduce_max %x {axis = 1 : i32}", x, "tensor<2x1xf32>"), {5, 6});
  expectBits(op<float>("tosa.reduce_min %x {axis = 0 : i32}", x, "tensor<1x3xf32>"), {1, 2, 3});
  expectBits(op<float>("tosa.reduce_max %x {axis = 0 : i32}", floats({2}, {-inf, nan}), "tensor<1xf32>"),
             {nan});
  EXPECT_EQ(op<int32_t>("tosa.argmax %x {axis = 1 : i32}", x, "tensor<2xi32>"), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(op<int32_t>("tosa.argmax %x {axis = 0 : i32}", floats({3}, {7, 7, 1}), "tensor<i32>"),
            (std::vector<int32_t>{0}));
  EXPECT_EQ(op<int32_t>("tosa.argmax %x {axis = 0 : i32}", floats({3}, {7, nan, 9}), "tensor<i32>"),
            (std::vector<int32_t>{1}));
  EXPECT_EQ(op<int32_t>("tosa.argmax %x {axis = 0 : i32, nan_mode = IGNORE}", floats({3}, {nan, 7, 9}),
                        "tensor<i32>"),
            (std::vector<int32_t>{2}));
}

TEST_F(FloatOpsTest, Movement) {
  Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  expectBits(op<float>("tosa.transpose %x {perms = array<i32: 1, 0>}", x, "tensor<3x2xf32>"),
             {1, 4, 2, 5, 3, 6});
  expectBits(op<float>("tosa.reverse %x {axis = 1 : i32}", x, "tensor<2x3xf32>"), {3, 2, 1, 6, 5, 4});
  expectBits(op<float>("tosa.concat %x, %y {axis = 1 : i32}", {x, floats({2, 1}, {8, 9})}, "tensor<2x4xf32>"),
             {1, 2, 3, 8, 4, 5, 6, 9});
  expectBits(op<float>("tosa.gather %x, %y",
                       {floats({1, 3, 2}, {1, 2, 3, 4, 5, 6}), Tensor({1, 2}, ArrayRef<int32_t>({2, 0}))},
                       "tensor<1x2x2xf32>"),
             {5, 6, 1, 2});
  SmallVector<Tensor> outputs = run(R"(
    func.func @main(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<1x2xf32>, tensor<3x5xf32>, tensor<4x3xf32>) {
      %s = tosa.const_shape {values = dense<[3, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %0 = tosa.reshape %x, %s : (tensor<2x3xf32>, !tosa.shape<2>) -> tensor<3x2xf32>
      %start = tosa.const_shape {values = dense<[1, 1]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %size = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %1 = tosa.slice %x, %start, %size : (tensor<2x3xf32>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x2xf32>
      %p = tosa.const_shape {values = dense<[1, 0, 0, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
      %c = "tosa.const"() <{values = dense<9.0> : tensor<1xf32>}> : () -> tensor<1xf32>
      %2 = tosa.pad %x, %p, %c : (tensor<2x3xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<3x5xf32>
      %m = tosa.const_shape {values = dense<[2, 1]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %3 = tosa.tile %x, %m : (tensor<2x3xf32>, !tosa.shape<2>) -> tensor<4x3xf32>
      return %0, %1, %2, %3 : tensor<3x2xf32>, tensor<1x2xf32>, tensor<3x5xf32>, tensor<4x3xf32>
    })",
                                    x);
  ASSERT_EQ(outputs.size(), 4u) << diagnostics;
  EXPECT_EQ(outputs[0], floats({3, 2}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(outputs[1], floats({1, 2}, {5, 6}));
  EXPECT_EQ(outputs[2], floats({3, 5}, {9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9}));
  EXPECT_EQ(outputs[3], floats({4, 3}, {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}));
}

TEST_F(FloatOpsTest, Resize) {
  auto resize = [&](StringRef mode, StringRef offset) {
    return evaluate<float>(llvm::formatv(
                               R"(func.func @main(%x: tensor<1x1x2x1xf32>) -> tensor<1x1x4x1xf32> {{
      %s = tosa.const_shape {{values = dense<[1, 1, 4, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
      %o = tosa.const_shape {{values = dense<[0, {1}]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %b = tosa.const_shape {{values = dense<[0, {2}]> : tensor<2xindex>} : () -> !tosa.shape<2>
      %y = tosa.resize %x, %s, %o, %b {{mode = {0}} : (tensor<1x1x2x1xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x1x4x1xf32>
      return %y : tensor<1x1x4x1xf32>
    })",
                               mode, offset, offset == "0" ? "2" : "1")
                               .str(),
                           floats({1, 1, 2, 1}, {10, 20}));
  };
  // Positions 0, 1/2, 1, 3/2; with the offset -1/4, 1/4, 3/4, 5/4.
  expectBits(resize("BILINEAR", "0"), {10, 15, 20, 20});
  expectBits(resize("BILINEAR", "-1"), {10, 12.5f, 17.5f, 20});
  expectBits(resize("NEAREST_NEIGHBOR", "-1"), {10, 10, 20, 20});
}

TEST_F(FloatOpsTest, Composites) {
  expectBits(evaluate<float>(
                 R"(func.func @main(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
    %s = arith.constant dense<[2.0, 1.0]> : tensor<2xf32>
    %b = arith.constant dense<[0.5, 0.0]> : tensor<2xf32>
    %m = arith.constant dense<[1.0, -1.0]> : tensor<2xf32>
    %v = arith.constant dense<[3.0, 0.0]> : tensor<2xf32>
    %y = narrow.batch_norm %x, %s, %b, %m, %v axis 1 epsilon 1.0 : tensor<1x2x2xf32>, tensor<2xf32>
    return %y : tensor<1x2x2xf32>
  })",
                 floats({1, 2, 2}, {1, 3, 0, 4})),
             {0.5f, 2.5f, 1, 5});
  Floats softmax = evaluate<float>(
      R"(func.func @main(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
    %y = narrow.softmax %x axis 0 : tensor<2x2xf32>
    return %y : tensor<2x2xf32>
  })",
      floats({2, 2}, {1, 1000, 1, 1000}));
  expectBits(softmax, {0.5f, 0.5f, 0.5f, 0.5f});
  auto activation = [&](StringRef kind) {
    return evaluate<float>(llvm::formatv(R"(func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {{
      %y = narrow.activation {0} : tensor<4xf32>
      return %y : tensor<4xf32>
    })",
                                         kind)
                               .str(),
                           floats({4}, {-4, -1, 0, 3}));
  };
  expectBits(activation("leaky_relu %x alpha 0.25"), {-1, -0.25f, 0, 3});
  expectBits(activation("hard_sigmoid %x alpha 0.25 beta 0.5"), {0, 0.25f, 0.5f, 1});
  expectBits(activation("hard_swish %x"), {0, -1.0f / 3, 0, 3});
  expectBits(activation("elu %x alpha 1.0"),
             {static_cast<float>(std::expm1(-4.0)), static_cast<float>(std::expm1(-1.0)), 0, 3});
  Floats roots = activation("sqrt %x");
  EXPECT_TRUE(std::isnan(roots[0]));
  EXPECT_EQ(roots[2], 0.0f);
  EXPECT_EQ(roots[3], std::sqrt(3.0f));
  for (StringRef kind : {"silu %x", "gelu %x", "gelu_tanh %x", "mish %x"}) {
    Floats y = activation(kind);
    ASSERT_EQ(y.size(), 4u);
    EXPECT_NEAR(y[0], 0, 0.08) << kind.str();
    EXPECT_EQ(y[2], 0.0f) << kind.str();
    EXPECT_NEAR(y[3], 3, 0.15) << kind.str();
  }
  EXPECT_FLOAT_EQ(activation("softplus %x")[2], std::log(2.0f));
}

} // namespace
