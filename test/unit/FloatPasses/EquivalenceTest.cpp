//===- EquivalenceTest.cpp - The float passes keep what is computed -------===//
//
// Evaluates a network, runs the passes of the float stage, evaluates it again.
// The results may differ by the rounding of folded weights, not more.
//
//===----------------------------------------------------------------------===//
#include "Equivalence.h"

using namespace mlir;
using namespace narrow;
using narrow::reference::Tensor;

namespace {

class FloatPassesTest : public EquivalenceTest {
protected:
  /// Checks results, and how many transposes are left; no batch norm ever is.
  void check(ModuleOp module, unsigned transposesLeft) {
    SmallVector<Tensor> before = evaluate(module);
    ASSERT_TRUE(succeeded(runPasses(module)));
    SmallVector<Tensor> after = evaluate(module);
    ASSERT_NO_FATAL_FAILURE(compare(before, after));
    unsigned transposes = 0, norms = 0;
    module.walk([&](tosa::TransposeOp) { ++transposes; });
    module.walk([&](BatchNormOp) { ++norms; });
    EXPECT_EQ(transposes, transposesLeft);
    EXPECT_EQ(norms, 0u);
  }
};

class ModelEquivalenceTest : public FloatPassesTest, public testing::WithParamInterface<const char *> {};

TEST_P(ModelEquivalenceTest, KeepsResults) {
  auto module = importONNX(std::string(NARROW_TEST_MODELS "/") + GetParam(), context);
  ASSERT_TRUE(module);
  check(*module, /*transposesLeft=*/0); // One input channel.
}

INSTANTIATE_TEST_SUITE_P(Trained, ModelEquivalenceTest,
                         testing::Values("fashion_resnet.onnx", "fashion_mobilenet_opset20.onnx",
                                         "mnist_cnn.onnx"));

std::string transpose(StringRef to, StringRef from, StringRef perms, StringRef fromType, StringRef toType) {
  return ("  " + to + " = tosa.transpose " + from + " {perms = array<i32: " + perms + ">} : (tensor<" +
          fromType + ">) -> tensor<" + toType + ">\n")
      .str();
}

// What the trained models lack: several input channels, batch norm of a value
// with two users, concat, channel gates, a written-out hard swish and mean, a
// depthwise convolution with two outputs a channel, a flattened plane.
TEST_F(FloatPassesTest, Composites) {
  std::string text = "func.func @main(%x: tensor<2x3x4x4xf32> {narrow.name = \"x\"}) -> (tensor<2x5xf32> "
                     "{narrow.name = \"y\"}) {\n";
  text += constant("%z", {1}, 0, 0) + constant("%w", {4, 1, 1, 3}) + constant("%b", {4}) +
          constant("%s", {4}) + constant("%m", {4}) + constant("%v", {4}, 0.5, 2) +
          constant("%dw", {3, 3, 4, 2}) + constant("%db", {8}) + constant("%three", {1, 1, 1, 1}, 3, 3) +
          constant("%sixth", {1, 1, 1, 1}, 1.0 / 6, 1.0 / 6) +
          constant("%mean", {1, 1, 1, 1}, 1.0 / 16, 1.0 / 16) + constant("%fw", {5, 1, 1, 192}) +
          constant("%fb", {5}) + constant("%late", {1, 12, 1, 1});
  text += "  %shift = \"tosa.const\"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>\n";
  text += transpose("%t", "%x", "0, 2, 3, 1", "2x3x4x4xf32", "2x4x4x3xf32");
  text += R"(
  %c = tosa.conv2d %t, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<2x4x4x3xf32>, tensor<4x1x1x3xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x4x4x4xf32>
)";
  text += transpose("%ct", "%c", "0, 3, 1, 2", "2x4x4x4xf32", "2x4x4x4xf32");
  text += R"(
  %n = narrow.batch_norm %ct, %s, %b, %m, %v axis 1 epsilon 1.0e-03 : tensor<2x4x4x4xf32>, tensor<4xf32>
  %h0 = tosa.add %n, %three : (tensor<2x4x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<2x4x4x4xf32>
  %h1 = tosa.clamp %h0 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
  %h2 = tosa.mul %n, %h1, %shift : (tensor<2x4x4x4xf32>, tensor<2x4x4x4xf32>, tensor<1xi8>) -> tensor<2x4x4x4xf32>
  %h = tosa.mul %h2, %sixth, %shift : (tensor<2x4x4x4xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<2x4x4x4xf32>
)";
  text += transpose("%ht", "%h", "0, 2, 3, 1", "2x4x4x4xf32", "2x4x4x4xf32");
  text += R"(
  %d = tosa.depthwise_conv2d %ht, %dw, %db, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<2x4x4x4xf32>, tensor<3x3x4x2xf32>, tensor<8xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x4x4x8xf32>
)";
  text += transpose("%dt", "%d", "0, 3, 1, 2", "2x4x4x8xf32", "2x8x4x4xf32");
  text += R"(
  %cat = tosa.concat %ct, %dt {axis = 1 : i32} : (tensor<2x4x4x4xf32>, tensor<2x8x4x4xf32>) -> tensor<2x12x4x4xf32>
  %g0 = tosa.reduce_sum %cat {axis = 2 : i32} : (tensor<2x12x4x4xf32>) -> tensor<2x12x1x4xf32>
  %g1 = tosa.reduce_sum %g0 {axis = 3 : i32} : (tensor<2x12x1x4xf32>) -> tensor<2x12x1x1xf32>
  %g2 = tosa.mul %g1, %mean, %shift : (tensor<2x12x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<2x12x1x1xf32>
  %g3 = tosa.sigmoid %g2 : (tensor<2x12x1x1xf32>) -> tensor<2x12x1x1xf32>
  %gate = tosa.mul %cat, %g3, %shift : (tensor<2x12x4x4xf32>, tensor<2x12x1x1xf32>, tensor<1xi8>) -> tensor<2x12x4x4xf32>
  %sum = tosa.add %gate, %late : (tensor<2x12x4x4xf32>, tensor<1x12x1x1xf32>) -> tensor<2x12x4x4xf32>
  %flat = tosa.const_shape {values = dense<[2, 192]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %four = tosa.const_shape {values = dense<[1, 2, 1, 192]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %two = tosa.const_shape {values = dense<[2, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %f0 = tosa.reshape %sum, %flat : (tensor<2x12x4x4xf32>, !tosa.shape<2>) -> tensor<2x192xf32>
  %f1 = tosa.reshape %f0, %four : (tensor<2x192xf32>, !tosa.shape<4>) -> tensor<1x2x1x192xf32>
  %f2 = tosa.conv2d %f1, %fw, %fb, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x1x192xf32>, tensor<5x1x1x192xf32>, tensor<5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x5xf32>
  %y = tosa.reshape %f2, %two : (tensor<1x2x1x5xf32>, !tosa.shape<2>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
})";
  auto module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  check(*module, /*transposesLeft=*/1); // The one at the entry.
  unsigned swishes = 0, groups = 0, pools = 0;
  module->walk([&](ActivationOp op) { swishes += op.getKind() == ActivationKind::HardSwish; });
  module->walk([&](Conv2DOp) { ++groups; });
  module->walk([&](tosa::AvgPool2dOp) { ++pools; });
  EXPECT_EQ(swishes, 1u);
  EXPECT_EQ(groups, 1u);
  EXPECT_EQ(pools, 1u);
}

} // namespace
