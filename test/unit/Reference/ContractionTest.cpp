//===- ContractionTest.cpp - Contractions against plain loops -------------===//
#include "../../../lib/Reference/ContractionKernels.h"
#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow::reference;

namespace {

struct Geometry {
  int64_t rows, cols, channels, outputs, kernelRows, kernelCols;
  std::array<int64_t, 4> pad;
  std::array<int64_t, 2> stride, dilation;
  int64_t group = 1;

  int64_t outRows() const {
    return (rows + pad[0] + pad[1] - dilation[0] * (kernelRows - 1) - 1) / stride[0] + 1;
  }
  int64_t outCols() const {
    return (cols + pad[2] + pad[3] - dilation[1] * (kernelCols - 1) - 1) / stride[1] + 1;
  }
  std::string attributes() const {
    return llvm::formatv("pad = array<i64: {0}, {1}, {2}, {3}>, stride = array<i64: {4}, {5}>, "
                         "dilation = array<i64: {6}, {7}>",
                         pad[0], pad[1], pad[2], pad[3], stride[0], stride[1], dilation[0], dilation[1]);
  }
};

/// The definition, in the order that fixes float results: bias, then kernel
/// row, kernel column, input channel. `weightAt(o, kh, kw, c)` with c counted
/// in the group; Acc is float or int64_t.
template <typename Acc, typename T, typename F>
std::vector<Acc> convolve(const Geometry &g, int64_t batch, ArrayRef<T> x, ArrayRef<Acc> bias, Acc inputZp,
                          F &&weightAt) {
  std::vector<Acc> out;
  int64_t depth = g.channels / g.group, groupOutputs = g.outputs / g.group;
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t oh = 0; oh < g.outRows(); ++oh)
      for (int64_t ow = 0; ow < g.outCols(); ++ow)
        for (int64_t o = 0; o < g.outputs; ++o) {
          Acc acc = bias[o];
          for (int64_t kh = 0; kh < g.kernelRows; ++kh)
            for (int64_t kw = 0; kw < g.kernelCols; ++kw)
              for (int64_t c = 0; c < depth; ++c) {
                int64_t ih = oh * g.stride[0] + kh * g.dilation[0] - g.pad[0];
                int64_t iw = ow * g.stride[1] + kw * g.dilation[1] - g.pad[2];
                Acc value = 0;
                if (ih >= 0 && ih < g.rows && iw >= 0 && iw < g.cols)
                  value =
                      static_cast<Acc>(
                          x[((n * g.rows + ih) * g.cols + iw) * g.channels + o / groupOutputs * depth + c]) -
                      inputZp;
                if constexpr (std::is_same_v<Acc, float>)
                  acc = std::fma(value, weightAt(o, kh, kw, c), acc);
                else
                  acc += value * weightAt(o, kh, kw, c);
              }
          out.push_back(acc);
        }
  return out;
}

const Geometry geometries[] = {
    {5, 5, 3, 4, 3, 3, {1, 1, 1, 1}, {1, 1}, {1, 1}},
    {6, 7, 4, 17, 3, 2, {1, 0, 0, 1}, {2, 2}, {1, 1}},  // outputs beyond a tile,
                                                        // uneven padding
    {7, 7, 1, 33, 3, 3, {2, 2, 2, 2}, {1, 1}, {2, 2}},  // dilation
    {1, 1, 19, 10, 1, 1, {0, 0, 0, 0}, {1, 1}, {1, 1}}, // fully connected
    {5, 9, 16, 16, 5, 1, {2, 2, 0, 0}, {1, 1}, {1, 1}},
};

class ContractionTest : public ReferenceTest {
protected:
  /// A module with weights and bias as arguments or, to use the prepared
  /// form, behind constants: `constant` names what is folded.
  std::string convModule(StringRef op, const Geometry &g, const Tensor &x, const Tensor &w, const Tensor &b,
                         StringRef result, StringRef zps, StringRef accType) {
    return llvm::formatv(
        R"(
      func.func @main(%x: {0}, %w: {1}, %b: {2}) -> {3} {{
        {4}
        %y = {5} %x, %w, %b, %xz, %wz {{acc_type = {6}, {7}} : ({0}, {1}, {2}, {8}, {8}) -> {3}
        return %y : {3}
      })",
        typeOf(x), typeOf(w), typeOf(b), result, zps, op, accType, g.attributes(),
        x.kind == ElementKind::F32 ? "tensor<1xf32>"
                                   : (x.kind == ElementKind::I16 ? "tensor<1xi16>" : "tensor<1xi8>"));
  }
  std::string zeroPoints(StringRef type, StringRef x, StringRef w) {
    return llvm::formatv("%xz = \"tosa.const\"() <{{values = dense<{1}> : "
                         "tensor<1x{0}>}> : () -> tensor<1x{0}>\n"
                         "%wz = \"tosa.const\"() <{{values = dense<{2}> : "
                         "tensor<1x{0}>}> : () -> tensor<1x{0}>",
                         type, x, w);
  }
};

TEST_F(ContractionTest, FloatConv2DHasOneOrderOfSummation) {
  for (auto [i, g] : llvm::enumerate(geometries)) {
    Tensor x = randomFloats({2, g.rows, g.cols, g.channels}, 1), b = randomFloats({g.outputs}, 3);
    Tensor w = randomFloats({g.outputs, g.kernelRows, g.kernelCols, g.channels}, 2);
    Tensor y(ElementKind::F32, {2, g.outRows(), g.outCols(), g.outputs});
    auto result = evaluate<float>(
        convModule("tosa.conv2d", g, x, w, b, typeOf(y), zeroPoints("f32", "0.0", "0.0"), "f32"), {x, w, b});
    auto weights = w.values<float>();
    auto expected = convolve<float, float>(
        g, 2, x.values<float>(), b.values<float>(), 0.0f, [&](int64_t o, int64_t kh, int64_t kw, int64_t c) {
          return weights[((o * g.kernelRows + kh) * g.kernelCols + kw) * g.channels + c];
        });
    EXPECT_EQ(result, expected) << "geometry " << i;
  }
}

TEST_F(ContractionTest, IntegerConv2DSubtractsZeroPointsAndPadsWithThem) {
  for (auto [i, g] : llvm::enumerate(geometries)) {
    Tensor x = randomIntegers<int8_t>({2, g.rows, g.cols, g.channels}, -128, 127, 1);
    Tensor w = randomIntegers<int8_t>({g.outputs, g.kernelRows, g.kernelCols, g.channels}, -128, 127, 2);
    Tensor b = randomIntegers<int32_t>({g.outputs}, -100000, 100000, 3);
    Tensor y(ElementKind::I32, {2, g.outRows(), g.outCols(), g.outputs});
    auto result = evaluate<int32_t>(
        convModule("tosa.conv2d", g, x, w, b, typeOf(y), zeroPoints("i8", "-77", "5"), "i32"), {x, w, b});
    auto weights = w.values<int8_t>();
    std::vector<int64_t> bias(b.values<int32_t>().begin(), b.values<int32_t>().end());
    auto expected = convolve<int64_t, int8_t>(
        g, 2, x.values<int8_t>(), bias, -77, [&](int64_t o, int64_t kh, int64_t kw, int64_t c) -> int64_t {
          return weights[((o * g.kernelRows + kh) * g.kernelCols + kw) * g.channels + c] - 5;
        });
    EXPECT_EQ(std::vector<int64_t>(result.begin(), result.end()), expected) << "geometry " << i;
  }
}

TEST_F(ContractionTest, SixteenBitActivationsAccumulateIn48Bits) {
  Geometry g = geometries[0];
  Tensor x = randomIntegers<int16_t>({1, g.rows, g.cols, g.channels}, -32768, 32767, 1);
  Tensor w = randomIntegers<int8_t>({g.outputs, g.kernelRows, g.kernelCols, g.channels}, -127, 127, 2);
  std::string text = llvm::formatv(R"(
      func.func @main(%x: {0}, %w: {1}) -> tensor<1x5x5x4xi48> {{
        %b = "tosa.const"() <{{values = dense<1099511627776> : tensor<1xi48>}> : () -> tensor<1xi48>
        %xz = "tosa.const"() <{{values = dense<0> : tensor<1xi16>}> : () -> tensor<1xi16>
        %wz = "tosa.const"() <{{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
        %y = tosa.conv2d %x, %w, %b, %xz, %wz {{acc_type = i48, {2}}
          : ({0}, {1}, tensor<1xi48>, tensor<1xi16>, tensor<1xi8>) -> tensor<1x5x5x4xi48>
        return %y : tensor<1x5x5x4xi48>
      })",
                                   typeOf(x), typeOf(w), g.attributes());
  auto result = evaluate<int64_t>(text, {x, w});
  auto weights = w.values<int8_t>();
  std::vector<int64_t> bias(g.outputs, int64_t{1} << 40);
  auto expected = convolve<int64_t, int16_t>(g, 1, x.values<int16_t>(), bias, 0,
                                             [&](int64_t o, int64_t kh, int64_t kw, int64_t c) -> int64_t {
                                               return weights[((o * 3 + kh) * 3 + kw) * g.channels + c];
                                             });
  EXPECT_EQ(result, expected);
}

TEST_F(ContractionTest, GroupedConv2D) {
  Geometry g{6, 6, 12, 40, 3, 3, {1, 1, 1, 1}, {2, 2}, {1, 1}, 2};
  Tensor x = randomIntegers<int8_t>({1, 6, 6, 12}, -128, 127, 1), b = randomIntegers<int32_t>({40}, -9, 9, 3);
  Tensor w = randomIntegers<int8_t>({40, 3, 3, 6}, -128, 127, 2);
  std::string text = llvm::formatv(R"(
      func.func @main(%x: {0}, %w: {1}, %b: {2}) -> tensor<1x3x3x40xi32> {{
        %y = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [2, 2] dilation [1, 1] input_zp 9
          : ({0}, {1}, {2}) -> tensor<1x3x3x40xi32>
        return %y : tensor<1x3x3x40xi32>
      })",
                                   typeOf(x), typeOf(w), typeOf(b));
  auto result = evaluate<int32_t>(text, {x, w, b});
  auto weights = w.values<int8_t>();
  std::vector<int64_t> bias(b.values<int32_t>().begin(), b.values<int32_t>().end());
  auto expected = convolve<int64_t, int8_t>(g, 1, x.values<int8_t>(), bias, 9,
                                            [&](int64_t o, int64_t kh, int64_t kw, int64_t c) -> int64_t {
                                              return weights[((o * 3 + kh) * 3 + kw) * 6 + c];
                                            });
  EXPECT_EQ(std::vector<int64_t>(result.begin(), result.end()), expected);
}

TEST_F(ContractionTest, DepthwiseIsAGroupOfEachChannel) {
  for (int64_t multiplier : {1, 3}) {
    Geometry g{6, 5, 9, 9 * multiplier, 3, 3, {1, 1, 1, 1}, {1, 1}, {1, 1}, 9};
    Tensor x = randomFloats({1, 6, 5, 9}, 1), w = randomFloats({3, 3, 9, multiplier}, 2);
    Tensor b = randomFloats({g.outputs}, 3), y(ElementKind::F32, {1, 6, 5, g.outputs});
    auto result = evaluate<float>(
        convModule("tosa.depthwise_conv2d", g, x, w, b, typeOf(y), zeroPoints("f32", "0.0", "0.0"), "f32"),
        {x, w, b});
    auto weights = w.values<float>();
    auto expected = convolve<float, float>(
        g, 1, x.values<float>(), b.values<float>(), 0.0f,
        [&](int64_t o, int64_t kh, int64_t kw, int64_t) { return weights[(kh * 3 + kw) * g.outputs + o]; });
    EXPECT_EQ(result, expected) << "multiplier " << multiplier;
  }
}

TEST_F(ContractionTest, TransposeConv2DScatters) {
  // One dimension by hand: [1, 2] with kernel [1, 10, 100], stride 2:
  // 1*[1 10 100 . .] + 2*[. . 1 10 100].
  auto result = evaluate<float>(R"(
    func.func @main(%x: tensor<1x1x2x1xf32>) -> tensor<1x1x5x1xf32> {
      %w = "tosa.const"() <{values = dense<[[[[1.0], [10.0], [100.0]]]]> : tensor<1x1x3x1xf32>}> : () -> tensor<1x1x3x1xf32>
      %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
      %y = tosa.transpose_conv2d %x, %w, %z, %z, %z {acc_type = f32, out_pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 2>}
        : (tensor<1x1x2x1xf32>, tensor<1x1x3x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x5x1xf32>
      return %y : tensor<1x1x5x1xf32>
    })",
                                Tensor({1, 1, 2, 1}, ArrayRef<float>({1, 2})));
  EXPECT_EQ(result, (std::vector<float>{1, 10, 102, 20, 200}));
}

TEST_F(ContractionTest, MatMul) {
  Tensor a = randomIntegers<int8_t>({2, 5, 7}, -128, 127, 1),
         b = randomIntegers<int8_t>({2, 7, 18}, -128, 127, 2);
  auto result = evaluate<int32_t>(R"(
    func.func @main(%a: tensor<2x5x7xi8>, %b: tensor<2x7x18xi8>) -> tensor<2x5x18xi32> {
      %az = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
      %bz = "tosa.const"() <{values = dense<-4> : tensor<1xi8>}> : () -> tensor<1xi8>
      %y = tosa.matmul %a, %b, %az, %bz
        : (tensor<2x5x7xi8>, tensor<2x7x18xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x5x18xi32>
      return %y : tensor<2x5x18xi32>
    })",
                                  {a, b});
  ASSERT_EQ(result.size(), 180u);
  auto av = a.values<int8_t>(), bv = b.values<int8_t>();
  for (int n = 0, i = 0; n < 2; ++n)
    for (int r = 0; r < 5; ++r)
      for (int c = 0; c < 18; ++c, ++i) {
        int32_t sum = 0;
        for (int k = 0; k < 7; ++k)
          sum += (av[(n * 5 + r) * 7 + k] - 3) * (bv[(n * 7 + k) * 18 + c] + 4);
        EXPECT_EQ(result[i], sum) << i;
      }
}

TEST_F(ContractionTest, FourBitConstantWeightsArePreparedOnce) {
  auto evaluator = create(R"(
    func.func @main(%x: tensor<1x1x1x2xi8>) -> tensor<1x1x1x1xi32> {
      %w = "tosa.const"() <{values = dense<[[[[-7, 5]]]]> : tensor<1x1x1x2xi4>}> : () -> tensor<1x1x1x2xi4>
      %b = "tosa.const"() <{values = dense<100> : tensor<1xi32>}> : () -> tensor<1xi32>
      %xz = "tosa.const"() <{values = dense<1> : tensor<1xi8>}> : () -> tensor<1xi8>
      %wz = "tosa.const"() <{values = dense<0> : tensor<1xi4>}> : () -> tensor<1xi4>
      %y = tosa.conv2d %x, %w, %b, %xz, %wz {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
        : (tensor<1x1x1x2xi8>, tensor<1x1x1x2xi4>, tensor<1xi32>, tensor<1xi8>, tensor<1xi4>) -> tensor<1x1x1x1xi32>
      return %y : tensor<1x1x1x1xi32>
    })");
  ASSERT_TRUE(succeeded(evaluator)) << diagnostics;
  // A second run uses the packed weights of the first.
  for (int8_t second : {1, 11, 21}) {
    SmallVector<Tensor> outputs;
    ASSERT_TRUE(succeeded(evaluator->run(Tensor({1, 1, 1, 2}, ArrayRef<int8_t>({2, second})), outputs)));
    EXPECT_EQ(outputs[0].values<int32_t>()[0], 100 - 7 + 5 * (second - 1));
  }
}

/// Both forms of the kernels give the same bits, NaN and Inf included.
TEST(ContractionKernelsTest, PortableIsNative) {
  constexpr int64_t taps = 3, depth = 5;
  Tensor x = randomFloats({tilePixels * taps, depth}, 1), w = randomFloats({taps, depth, tileOutputs}, 2);
  Tensor bias = randomFloats({tileOutputs}, 3);
  x.values<float>()[7] = INFINITY;
  std::vector<const float *> rows;
  for (int64_t i = 0; i < tilePixels * taps; ++i)
    rows.push_back(x.values<float>().data() + i * depth);
  Tensor native(ElementKind::F32, {tilePixels, tileOutputs}), portable = native;
  for (auto [kernels, out] : {std::pair(&ContractionKernels<float>::native(), &native),
                              std::pair(&ContractionKernels<float>::portable(), &portable)}) {
    float *values = out->values<float>().data();
    kernels->tile(rows.data(), taps, depth, w.values<float>().data(), bias.values<float>().data(), values);
    kernels->accumulate(w.values<float>().data(), w.values<float>().data() + 16, tileOutputs,
                        values + 2 * tileOutputs);
  }
  EXPECT_EQ(native.bytes, portable.bytes);
  // And those of the definition.
  float expected = bias.values<float>()[3];
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t c = 0; c < depth; ++c)
      expected = std::fma(rows[tap * tilePixels + 2][c],
                          w.values<float>()[(tap * depth + c) * tileOutputs + 3], expected);
  expected = std::fma(w.values<float>()[3], w.values<float>()[16 + 3], expected);
  EXPECT_EQ(native.values<float>()[2 * tileOutputs + 3], expected);
}

} // namespace
