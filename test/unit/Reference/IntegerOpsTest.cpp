//===- IntegerOpsTest.cpp - Quantization and integer ops by hand ----------===//
#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow::reference;

namespace {

using IntegerOpsTest = ReferenceTest;
using Codes = std::vector<int8_t>;

TEST_F(IntegerOpsTest, QuantizeAndDequantize) {
  SmallVector<Tensor> outputs = run(
      R"(
    !q = !quant.uniform<i8:f32, 0.5:3>
    func.func @main(%x: tensor<7xf32>) -> (tensor<7x!q>, tensor<7xi8>, tensor<7xf32>) {
      %q = narrow.quantize %x : tensor<7xf32> to tensor<7x!q>
      %s = quant.scast %q : tensor<7x!q> to tensor<7xi8>
      %d = narrow.dequantize %q : tensor<7x!q> to tensor<7xf32>
      return %q, %s, %d : tensor<7x!q>, tensor<7xi8>, tensor<7xf32>
    })",
      Tensor({7}, ArrayRef<float>({0, 0.25f, 0.75f, -0.25f, 1000, -INFINITY, NAN})));
  ASSERT_EQ(outputs.size(), 3u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({7}, ArrayRef<int8_t>({3, 3, 5, 3, 127, -128, 3})));
  EXPECT_EQ(outputs[1], outputs[0]);
  EXPECT_EQ(outputs[2], Tensor({7}, ArrayRef<float>({0, 0, 1, 0, 62, -65.5f, 0})));
}

TEST_F(IntegerOpsTest, Tokens) {
  // The rows of TokensTest, and one of zeros.
  SmallVector<Tensor> outputs = run(
      R"(
    func.func @main(%x: tensor<3x4xi16>) -> (tensor<3x1xi32>, tensor<3x4xi8>, tensor<3x1xi32>) {
      %m = narrow.token_maxima %x : tensor<3x4xi16> -> tensor<3x1xi32>
      %q = narrow.quantize_tokens %x, %m to 127 : (tensor<3x4xi16>, tensor<3x1xi32>) -> tensor<3x4xi8>
      %s = narrow.rescale_tokens %m, %m shift 1 : (tensor<3x1xi32>, tensor<3x1xi32>) -> tensor<3x1xi32>
      return %m, %q, %s : tensor<3x1xi32>, tensor<3x4xi8>, tensor<3x1xi32>
    })",
      Tensor({3, 4}, ArrayRef<int16_t>({100, -50, 25, 0, -32768, 32767, 129, 128, 0, 0, 0, 0})));
  ASSERT_EQ(outputs.size(), 3u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({3, 1}, ArrayRef<int32_t>({100, 32768, 1})));
  EXPECT_EQ(outputs[1], Tensor({3, 4}, ArrayRef<int8_t>({127, -63, 32, 0, -127, 127, 0, 0, 0, 0, 0, 0})));
  EXPECT_EQ(outputs[2], Tensor({3, 1}, ArrayRef<int32_t>({5000, 1 << 29, 1})));

  outputs = run(
      R"(
    func.func @main(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
      %y = narrow.round_tokens %x to 127 : tensor<2x4xf32>
      return %y : tensor<2x4xf32>
    })",
      Tensor({2, 4}, ArrayRef<float>({127, -63.5f, 0.4f, 0, 0, 0, 0, 0})));
  ASSERT_EQ(outputs.size(), 1u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({2, 4}, ArrayRef<float>({127, -64, 0, 0, 0, 0, 0, 0})));
}

TEST_F(IntegerOpsTest, MaximaOfTokensArePositive) {
  SmallVector<Tensor> outputs = run(
      R"(
    func.func @main(%m: tensor<1x1xi32>) -> tensor<1x1xi32> {
      %s = narrow.rescale_tokens %m, %m shift 1 : (tensor<1x1xi32>, tensor<1x1xi32>) -> tensor<1x1xi32>
      return %s : tensor<1x1xi32>
    })",
      Tensor({1, 1}, ArrayRef<int32_t>({0})));
  EXPECT_TRUE(outputs.empty());
  EXPECT_NE(diagnostics.find("has the maximum 0 of a token, expected 1 to 32768"), std::string::npos)
      << diagnostics;
}

TEST_F(IntegerOpsTest, TokensDoNotExceedTheirMaxima) {
  SmallVector<Tensor> outputs = run(
      R"(
    func.func @main(%x: tensor<1x2xi16>) -> tensor<1x2xi8> {
      %m = "tosa.const"() <{values = dense<4> : tensor<1x1xi32>}> : () -> tensor<1x1xi32>
      %q = narrow.quantize_tokens %x, %m to 127 : (tensor<1x2xi16>, tensor<1x1xi32>) -> tensor<1x2xi8>
      return %q : tensor<1x2xi8>
    })",
      Tensor({1, 2}, ArrayRef<int16_t>({4, -5})));
  EXPECT_TRUE(outputs.empty());
  EXPECT_NE(diagnostics.find("has the element -5 in a token of the maximum 4"), std::string::npos)
      << diagnostics;
}

TEST_F(IntegerOpsTest, QuantizePerAxisUnsignedAndFourBit) {
  SmallVector<Tensor> outputs = run(R"(
    !a = !quant.uniform<i8<-127:127>:f32:1, {0.5, 2.0:1}>
    !u = !quant.uniform<u8:f32, 1.0:128>
    !n = !quant.uniform<i4:f32, 1.0>
    func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x2x!a>, tensor<2x2xf32>, tensor<2x2x!u>, tensor<2x2x!n>) {
      %a = narrow.quantize %x : tensor<2x2xf32> to tensor<2x2x!a>
      %d = narrow.dequantize %a : tensor<2x2x!a> to tensor<2x2xf32>
      %u = narrow.quantize %x : tensor<2x2xf32> to tensor<2x2x!u>
      %n = narrow.quantize %x : tensor<2x2xf32> to tensor<2x2x!n>
      return %a, %d, %u, %n : tensor<2x2x!a>, tensor<2x2xf32>, tensor<2x2x!u>, tensor<2x2x!n>
    })",
                                    Tensor({2, 2}, ArrayRef<float>({1, 4, -100, 200})));
  ASSERT_EQ(outputs.size(), 4u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({2, 2}, ArrayRef<int8_t>({2, 3, -127, 101})));
  EXPECT_EQ(outputs[1], Tensor({2, 2}, ArrayRef<float>({1, 4, -63.5f, 200})));
  EXPECT_EQ(outputs[2], Tensor({2, 2}, ArrayRef<uint8_t>({129, 132, 28, 255})));
  EXPECT_EQ(outputs[3], Tensor({2, 2}, ArrayRef<int8_t>({1, 4, -8, 7})));
}

/// Weights of the quantized stage: folded when the evaluator is made.
TEST_F(IntegerOpsTest, DequantizedConstants) {
  auto outputs = run(R"(
    !q = !quant.uniform<i8:f32, 0.5:1>
    func.func @main() -> tensor<2xf32> {
      %c = "tosa.const"() <{values = dense<[1, -3]> : tensor<2xi8>}> : () -> tensor<2xi8>
      %q = quant.scast %c : tensor<2xi8> to tensor<2x!q>
      %d = narrow.dequantize %q : tensor<2x!q> to tensor<2xf32>
      return %d : tensor<2xf32>
    })",
                     {});
  ASSERT_EQ(outputs.size(), 1u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({2}, ArrayRef<float>({0, -2})));
}

class RescaleTest : public ReferenceTest {
protected:
  struct Form {
    std::string rounding = "SINGLE_ROUND";
    bool scale32 = true, perChannel = false, inputUnsigned = false, outputUnsigned = false;
    std::string multiplier = "1073741824", shift = "30";
    int inputZp = 0, outputZp = 0;
  };
  template <typename Out>
  std::vector<Out> rescale(const Form &form, const Tensor &x, StringRef inType, StringRef outType) {
    auto flag = [](bool value) { return value ? "true" : "false"; };
    std::string shape = llvm::formatv("{0}", x.shape[0]);
    std::string count = form.perChannel ? shape : "1";
    return evaluate<Out>(llvm::formatv(
                             R"(func.func @main(%x: tensor<{0}x{1}>) -> tensor<{0}x{2}> {{
      %m = "tosa.const"() <{{values = dense<{4}> : tensor<{3}x{5}>}> : () -> tensor<{3}x{5}>
      %s = "tosa.const"() <{{values = dense<{6}> : tensor<{3}xi8>}> : () -> tensor<{3}xi8>
      %iz = "tosa.const"() <{{values = dense<{7}> : tensor<1x{1}>}> : () -> tensor<1x{1}>
      %oz = "tosa.const"() <{{values = dense<{8}> : tensor<1x{2}>}> : () -> tensor<1x{2}>
      %y = tosa.rescale %x, %m, %s, %iz, %oz {{rounding_mode = {9}, scale32 = {10}, per_channel = {11}, input_unsigned = {12}, output_unsigned = {13}}
        : (tensor<{0}x{1}>, tensor<{3}x{5}>, tensor<{3}xi8>, tensor<1x{1}>, tensor<1x{2}>) -> tensor<{0}x{2}>
      return %y : tensor<{0}x{2}>
    })",
                             shape, inType, outType, count, form.multiplier, form.scale32 ? "i32" : "i16",
                             form.shift, form.inputZp, form.outputZp, form.rounding, flag(form.scale32),
                             flag(form.perChannel), flag(form.inputUnsigned), flag(form.outputUnsigned))
                             .str(),
                         x);
  }
};

TEST_F(RescaleTest, TiesGoUpAndResultsSaturate) {
  // A factor of 1/2: 2^30 * 2^-31.
  Form half{.shift = "31"};
  EXPECT_EQ(
      rescale<int8_t>(half, Tensor({7}, ArrayRef<int32_t>({1, -1, 3, -3, 5, 1000, -1000})), "i32", "i8"),
      (Codes{1, 0, 2, -1, 3, 127, -128}));
}

TEST_F(RescaleTest, DoubleRoundingDiffersFromSingle) {
  // 2^30 * 2^-35 = 1/32: 15.9999 / 32 = 0.4999 is 0; the double rounding adds
  // 2^30 first, 1/16 of a unit in the last place here, away from zero.
  Form single{.shift = "35"}, twice{.rounding = "DOUBLE_ROUND", .shift = "35"};
  Tensor x({4}, ArrayRef<int32_t>({15, -17, 16, -16}));
  EXPECT_EQ(rescale<int32_t>(single, x, "i32", "i32"), (std::vector<int32_t>{0, -1, 1, 0}));
  EXPECT_EQ(rescale<int32_t>(twice, x, "i32", "i32"), (std::vector<int32_t>{1, -1, 1, -1}));
}

TEST_F(RescaleTest, PerChannelAndZeroPoints) {
  Form form{.perChannel = true,
            .multiplier = "[1073741824, 1610612736]",
            .shift = "[30, 31]",
            .inputZp = 10,
            .outputZp = -5};
  EXPECT_EQ(rescale<int8_t>(form, Tensor({2}, ArrayRef<int8_t>({20, 20})), "i8", "i8"), (Codes{5, 3}));
}

TEST_F(RescaleTest, UnsignedCodesAreTheSameBits) {
  Form toSigned{.inputUnsigned = true, .inputZp = -128};
  EXPECT_EQ(rescale<int8_t>(toSigned, Tensor({3}, ArrayRef<int8_t>({-128, 0, -1})), "i8", "i8"),
            (Codes{0, -128, 127}));
  Form toUnsigned{.outputUnsigned = true, .outputZp = -128};
  EXPECT_EQ(rescale<int8_t>(toUnsigned, Tensor({3}, ArrayRef<int32_t>({0, -200, 200})), "i32", "i8"),
            (Codes{-128, 0, -1}));
}

TEST_F(RescaleTest, SixteenBitMultiplierOf48BitValues) {
  Form form{.scale32 = false, .multiplier = "16384", .shift = "34"}; // 2^-20
  EXPECT_EQ(rescale<int16_t>(form,
                             Tensor({3}, ArrayRef<int64_t>({int64_t{5} << 20, -(int64_t{1} << 40), 1 << 19})),
                             "i48", "i16"),
            (std::vector<int16_t>{5, -32768, 1}));
}

TEST_F(IntegerOpsTest, Arithmetic) {
  auto binary = [&](StringRef op, ArrayRef<int32_t> x, ArrayRef<int32_t> y) {
    return evaluate<int32_t>(llvm::formatv(
                                 R"(func.func @main(%x: tensor<3xi32>, %y: tensor<3xi32>) -> tensor<3xi32> {{
      %r = {0} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
      return %r : tensor<3xi32>
    })",
                                 op)
                                 .str(),
                             {Tensor({3}, x), Tensor({3}, y)});
  };
  using Values = std::vector<int32_t>;
  EXPECT_EQ(binary("tosa.add %x, %y", {1, INT32_MAX, -5}, {2, 1, 5}), (Values{3, INT32_MIN, 0}));
  EXPECT_EQ(binary("tosa.sub %x, %y", {1, INT32_MIN, -5}, {2, 1, 5}), (Values{-1, INT32_MAX, -10}));
  EXPECT_EQ(binary("tosa.maximum %x, %y", {1, -7, 5}, {2, -9, 5}), (Values{2, -7, 5}));
  EXPECT_EQ(binary("tosa.minimum %x, %y", {1, -7, 5}, {2, -9, 5}), (Values{1, -9, 5}));
  EXPECT_EQ(binary("tosa.arithmetic_right_shift %x, %y {round = true}", {5, -5, 6}, {1, 1, 2}),
            (Values{3, -2, 2}));
  EXPECT_EQ(binary("tosa.arithmetic_right_shift %x, %y {round = false}", {5, -5, 6}, {1, 1, 0}),
            (Values{2, -3, 6}));
  EXPECT_EQ(evaluate<int32_t>(R"(func.func @main(%x: tensor<3xi32>) -> tensor<3xi32> {
      %s = "tosa.const"() <{values = dense<2> : tensor<1xi8>}> : () -> tensor<1xi8>
      %r = tosa.mul %x, %x, %s : (tensor<3xi32>, tensor<3xi32>, tensor<1xi8>) -> tensor<3xi32>
      return %r : tensor<3xi32>
    })",
                              Tensor({3}, ArrayRef<int32_t>({3, -5, 65536}))),
            (Values{2, 6, 1 << 30}));
  EXPECT_EQ(evaluate<int32_t>(R"(func.func @main(%x: tensor<2xi8>) -> tensor<2xi32> {
      %s = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
      %r = tosa.mul %x, %x, %s : (tensor<2xi8>, tensor<2xi8>, tensor<1xi8>) -> tensor<2xi32>
      return %r : tensor<2xi32>
    })",
                              Tensor({2}, ArrayRef<int8_t>({-128, 127}))),
            (Values{16384, 16129}));
  EXPECT_EQ(evaluate<int8_t>(R"(func.func @main(%x: tensor<3xi8>) -> tensor<3xi8> {
      %iz = "tosa.const"() <{values = dense<10> : tensor<1xi8>}> : () -> tensor<1xi8>
      %oz = "tosa.const"() <{values = dense<-1> : tensor<1xi8>}> : () -> tensor<1xi8>
      %r = tosa.negate %x, %iz, %oz : (tensor<3xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<3xi8>
      return %r : tensor<3xi8>
    })",
                             Tensor({3}, ArrayRef<int8_t>({10, -128, 127}))),
            (Codes{-1, 127, -118}));
  EXPECT_EQ(evaluate<int8_t>(R"(func.func @main(%x: tensor<3xi8>) -> tensor<3xi8> {
      %r = tosa.clamp %x {min_val = -5 : i8, max_val = 7 : i8} : (tensor<3xi8>) -> tensor<3xi8>
      return %r : tensor<3xi8>
    })",
                             Tensor({3}, ArrayRef<int8_t>({-128, 0, 127}))),
            (Codes{-5, 0, 7}));
}

TEST_F(IntegerOpsTest, Pools) {
  Tensor x({1, 3, 3, 1}, ArrayRef<int8_t>({1, 2, 3, 4, 5, 6, 7, 8, 100}));
  // 1-3 = -2; (2+3-6)/2 = -0.5; (4+7-6)/2 = 2.5; (5+6+8+100-12)/4 = 26.75; then
  // + 10. TOSA's reciprocal of 2 is a little more than 1/2, so that ties go
  // away from zero: -1 and 3.
  EXPECT_EQ(evaluate<int8_t>(
                R"(func.func @main(%x: tensor<1x3x3x1xi8>) -> tensor<1x2x2x1xi8> {
    %iz = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
    %oz = "tosa.const"() <{values = dense<10> : tensor<1xi8>}> : () -> tensor<1xi8>
    %y = tosa.avg_pool2d %x, %iz, %oz {acc_type = i32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 1, 0, 1, 0>}
      : (tensor<1x3x3x1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x1xi8>
    return %y : tensor<1x2x2x1xi8>
  })",
                x),
            (Codes{8, 9, 13, 37}));
  Tensor negative({1, 3, 3, 1}, ArrayRef<int8_t>({-128, -100, -3, -4, -5, -6, -7, -8, -9}));
  EXPECT_EQ(evaluate<int8_t>(
                R"(func.func @main(%x: tensor<1x3x3x1xi8>) -> tensor<1x2x2x1xi8> {
    %y = tosa.max_pool2d %x {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 1, 0, 1, 0>}
      : (tensor<1x3x3x1xi8>) -> tensor<1x2x2x1xi8>
    return %y : tensor<1x2x2x1xi8>
  })",
                negative),
            (Codes{-128, -3, -4, -5}));
}

TEST_F(IntegerOpsTest, Tables) {
  Tensor table(ElementKind::I8, {256});
  for (int i = 0; i < 256; ++i)
    table.values<int8_t>()[i] = static_cast<int8_t>(-(i - 128) / 2);
  EXPECT_EQ(evaluate<int8_t>(
                R"(func.func @main(%x: tensor<3xi8>, %t: tensor<256xi8>) -> tensor<3xi8> {
    %y = tosa.table %x, %t : (tensor<3xi8>, tensor<256xi8>) -> tensor<3xi8>
    return %y : tensor<3xi8>
  })",
                {Tensor({3}, ArrayRef<int8_t>({-128, 0, 126})), table}),
            (Codes{64, 0, -63}));
  // Entries i * 2: linear, so the result is 2 * (code + 32768) with 7 fraction
  // bits.
  Tensor wide(ElementKind::I16, {513});
  for (int i = 0; i < 513; ++i)
    wide.values<int16_t>()[i] = static_cast<int16_t>(2 * i);
  EXPECT_EQ(evaluate<int32_t>(
                R"(func.func @main(%x: tensor<3xi16>, %t: tensor<513xi16>) -> tensor<3xi32> {
    %y = tosa.table %x, %t : (tensor<3xi16>, tensor<513xi16>) -> tensor<3xi32>
    return %y : tensor<3xi32>
  })",
                {Tensor({3}, ArrayRef<int16_t>({-32768, 100, 32767})), wide}),
            (std::vector<int32_t>{0, 2 * 32868, 2 * 65535}));
}

TEST_F(IntegerOpsTest, ReduceSumWrapsLikeAdd) {
  EXPECT_EQ(evaluate<int32_t>(
                R"(func.func @main(%x: tensor<2x2xi32>) -> tensor<2x1xi32> {
    %y = tosa.reduce_sum %x {axis = 1 : i32} : (tensor<2x2xi32>) -> tensor<2x1xi32>
    return %y : tensor<2x1xi32>
  })",
                Tensor({2, 2}, ArrayRef<int32_t>({1, 2, INT32_MAX, 1}))),
            (std::vector<int32_t>{3, INT32_MIN}));
}

/// A whole network of the integer stage: the contract's entry, network, exit.
TEST_F(IntegerOpsTest, IntegerStage) {
  auto outputs = run(R"(
    !q = !quant.uniform<i8:f32, 0.5:2>
    func.func private @quantize_inputs(%x: tensor<1x4xf32>) -> tensor<1x4xi8> {
      %0 = narrow.quantize %x : tensor<1x4xf32> to tensor<1x4x!q>
      %1 = quant.scast %0 : tensor<1x4x!q> to tensor<1x4xi8>
      return %1 : tensor<1x4xi8>
    }
    func.func private @network(%x: tensor<1x4xi8>) -> tensor<1x4xi8> {
      %0 = tosa.clamp %x {min_val = 2 : i8, max_val = 127 : i8} : (tensor<1x4xi8>) -> tensor<1x4xi8>
      return %0 : tensor<1x4xi8>
    }
    func.func private @dequantize_outputs(%x: tensor<1x4xi8>) -> tensor<1x4xf32> {
      %0 = quant.scast %x : tensor<1x4xi8> to tensor<1x4x!q>
      %1 = narrow.dequantize %0 : tensor<1x4x!q> to tensor<1x4xf32>
      return %1 : tensor<1x4xf32>
    }
    func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
      %0 = call @quantize_inputs(%x) : (tensor<1x4xf32>) -> tensor<1x4xi8>
      %1 = call @network(%0) : (tensor<1x4xi8>) -> tensor<1x4xi8>
      %2 = call @dequantize_outputs(%1) : (tensor<1x4xi8>) -> tensor<1x4xf32>
      return %2 : tensor<1x4xf32>
    })",
                     Tensor({1, 4}, ArrayRef<float>({-3, 0, 1.3f, 500})));
  ASSERT_EQ(outputs.size(), 1u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({1, 4}, ArrayRef<float>({0, 0, 1.5f, 62.5f})));
}

} // namespace
