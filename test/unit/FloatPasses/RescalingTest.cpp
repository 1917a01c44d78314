//===- RescalingTest.cpp - Rescaling keeps what is computed ---------------===//
#include "Equivalence.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

using namespace mlir;
using namespace narrow;
using narrow::reference::Tensor;

namespace {

class RescalingTest : public EquivalenceTest {
protected:
  /// Runs `pass` on @main, and checks that it keeps the results.
  void check(ModuleOp module, std::unique_ptr<Pass> pass, double tolerance = 2e-5) {
    SmallVector<Tensor> before = evaluate(module);
    PassManager manager(&context);
    manager.addNestedPass<func::FuncOp>(std::move(pass));
    manager.addPass(createNarrowAssignIds());
    manager.addPass(createNarrowVerifyFloat());
    ASSERT_TRUE(succeeded(manager.run(module)));
    ASSERT_NO_FATAL_FAILURE(compare(before, evaluate(module), tolerance));
  }
  /// The weight of the op whose id is `id`.
  std::vector<float> getWeight(ModuleOp module, StringRef id, unsigned operand = 1) {
    std::vector<float> found;
    module.walk([&](Operation *op) {
      if (auto attr = op->getAttrOfType<StringAttr>("narrow.id"); attr && attr.getValue() == id)
        found = getFloats(op->getOperand(operand)).value_or(std::vector<float>());
    });
    EXPECT_FALSE(found.empty()) << id.str();
    return found;
  }
  OwningOpRef<ModuleOp> parse(const std::string &text) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return module;
  }
};

class RescaledModelTest : public RescalingTest, public testing::WithParamInterface<const char *> {
protected:
  OwningOpRef<ModuleOp> load() {
    auto module = importONNX(std::string(NARROW_TEST_MODELS "/") + GetParam(), context);
    EXPECT_TRUE(module && succeeded(runPasses(*module)));
    return module;
  }
};

TEST_P(RescaledModelTest, Equalize) {
  OwningOpRef<ModuleOp> module = load();
  check(*module, createNarrowEqualize());
}

TEST_P(RescaledModelTest, SplitChannels) {
  OwningOpRef<ModuleOp> module = load();
  NarrowSplitChannelsOptions options;
  options.fraction = 0.2;
  check(*module, createNarrowSplitChannels(options));
}

// Any numbers will do for the maxima.
TEST_P(RescaledModelTest, Smooth) {
  OwningOpRef<ModuleOp> module = load();
  std::mt19937 random(11);
  module->walk([&](Operation *op) {
    auto type = op->getNumResults() == 1 ? dyn_cast<RankedTensorType>(op->getResult(0).getType()) : nullptr;
    if (!type || type.getRank() != 4 || op->getNumOperands() == 0)
      return;
    SmallVector<float> maxima;
    for (int64_t i = 0; i < type.getShape().back(); ++i)
      maxima.push_back(static_cast<float>(0.1 + random() * 0x1p-30));
    op->setAttr(attrs::channelMaximum, DenseF32ArrayAttr::get(&context, maxima));
  });
  NarrowSmoothOptions options;
  options.convolutions = true;
  check(*module, createNarrowSmooth(options));
}

INSTANTIATE_TEST_SUITE_P(Trained, RescaledModelTest,
                         testing::Values("fashion_resnet.onnx", "fashion_mobilenet_skewed.onnx",
                                         "fashion_mobilenet.onnx", "mnist_cnn.onnx"));

/// An op on [1, side, side, *] tensors.
struct Network {
  std::string text;

  void layer(const char *op, const char *name, const char *from, int64_t inputs, int64_t outputs,
             int64_t side, ArrayRef<int64_t> weight, int64_t pad, const char *attributes = "") {
    std::string n = name;
    text += constant(n + "_w", weight) + constant(n + "_b", {outputs});
    std::string p = std::to_string(pad);
    std::string types = "tensor<1x" + std::to_string(side) + "x" + std::to_string(side) + "x";
    std::string weightType = "tensor<";
    for (int64_t dim : weight)
      weightType += std::to_string(dim) + "x";
    bool grouped = StringRef(op).starts_with("narrow");
    std::string common = p + ", " + p + ", " + p + ", " + p;
    text += "  " + n + " = " + op + " " + from + ", " + n + "_w, " + n + "_b";
    if (grouped)
      text += " group 2 pad [" + common + "] stride [1, 1] dilation [1, 1] {narrow.id = \"" + n.substr(1) +
              "\"" + attributes + "}";
    else
      text += ", %z, %z {acc_type = f32, pad = array<i64: " + common +
              ">, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = \"" + n.substr(1) +
              "\"" + attributes + "}";
    text += " : (" + types + std::to_string(inputs) + "xf32>, " + weightType + "f32>, tensor<" +
            std::to_string(outputs) + "xf32>" + (grouped ? "" : ", tensor<1xf32>, tensor<1xf32>") + ") -> " +
            types + std::to_string(outputs) + "xf32>\n";
  }
};

// Everything that a factor passes: LeakyReLU, PReLU, a residual sum, a constant that is added, concat, slice,
// max pooling, grouped and depthwise convolutions with multiplier, a flattened plane. The plane is flattened
// as channels last, the slopes are one for each channel.
TEST_F(RescalingTest, EqualizeThroughEverything) {
  Network n;
  n.text = "func.func @main(%x: tensor<1x4x4x3xf32> {narrow.name = \"x\"}) -> (tensor<1x1x1x5xf32> "
           "{narrow.name = \"y\"}) {\n" +
           constant("%z", {1}, 0, 0) + constant("%slopes", {1, 1, 1, 6}) +
           constant("%late", {1, 1, 1, 1}, 0.5, 0.5) + constant("%plane", {1, 4, 4, 1}) +
           "  %shift = \"tosa.const\"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>\n";
  n.layer("tosa.conv2d", "%c1", "%x", 3, 6, 4, {6, 3, 3, 3}, 1);
  n.text += R"(
  %leaky = narrow.activation leaky_relu %c1 alpha 0.1 {narrow.id = "leaky"} : tensor<1x4x4x6xf32>
)";
  n.layer("narrow.conv2d", "%c2", "%leaky", 6, 6, 4, {6, 3, 3, 3}, 1);
  n.text += R"(
  %pos = tosa.clamp %c2 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "pos"} : (tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
  %neg = tosa.clamp %c2 {min_val = -3.40282347E+38 : f32, max_val = 0.0 : f32, narrow.id = "neg"} : (tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
  %slope = tosa.mul %neg, %slopes, %shift {narrow.id = "slope"} : (tensor<1x4x4x6xf32>, tensor<1x1x1x6xf32>, tensor<1xi8>) -> tensor<1x4x4x6xf32>
  %prelu = tosa.add %pos, %slope {narrow.id = "prelu"} : (tensor<1x4x4x6xf32>, tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
)";
  n.layer("tosa.conv2d", "%c3", "%prelu", 6, 6, 4, {6, 1, 1, 6}, 0);
  n.text += R"(
  %res = tosa.add %c3, %prelu {narrow.id = "res"} : (tensor<1x4x4x6xf32>, tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
  %sum = tosa.add %res, %late {narrow.id = "sum"} : (tensor<1x4x4x6xf32>, tensor<1x1x1x1xf32>) -> tensor<1x4x4x6xf32>
  %scaled = tosa.mul %plane, %sum, %shift {narrow.id = "scaled"} : (tensor<1x4x4x1xf32>, tensor<1x4x4x6xf32>, tensor<1xi8>) -> tensor<1x4x4x6xf32>
)";
  n.layer("tosa.depthwise_conv2d", "%d", "%scaled", 6, 12, 4, {3, 3, 6, 2}, 1);
  n.layer("tosa.conv2d", "%e", "%scaled", 6, 4, 4, {4, 1, 1, 6}, 0);
  n.text += R"(
  %cat = tosa.concat %d, %e {axis = 3 : i32, narrow.id = "cat"} : (tensor<1x4x4x12xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x16xf32>
  %start = tosa.const_shape {values = dense<[0, 0, 0, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 4, 4, 10]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %part = tosa.slice %cat, %start, %size {narrow.id = "part"} : (tensor<1x4x4x16xf32>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x4x4x10xf32>
  %pool = tosa.max_pool2d %part {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"}
    : (tensor<1x4x4x10xf32>) -> tensor<1x2x2x10xf32>
  %last = tosa.transpose %pool {perms = array<i32: 0, 3, 1, 2>, narrow.id = "last"} : (tensor<1x2x2x10xf32>) -> tensor<1x10x2x2xf32>
  %flat = tosa.const_shape {values = dense<[1, 1, 1, 40]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %features = tosa.reshape %last, %flat {narrow.id = "features"} : (tensor<1x10x2x2xf32>, !tosa.shape<4>) -> tensor<1x1x1x40xf32>
)";
  n.layer("tosa.conv2d", "%fc", "%features", 40, 5, 1, {5, 1, 1, 40}, 0);
  n.text += "  return %fc : tensor<1x1x1x5xf32>\n}\n";
  OwningOpRef<ModuleOp> module = parse(n.text);
  ASSERT_TRUE(module);
  std::vector<std::string> layers{"c1", "c2", "c3", "d", "e", "fc"};
  std::vector<std::vector<float>> before;
  for (const std::string &id : layers)
    before.push_back(getWeight(*module, id));
  std::vector<float> slopes = getWeight(*module, "slope");
  ASSERT_NO_FATAL_FAILURE(check(*module, createNarrowEqualize()));
  for (auto [id, weight] : llvm::zip(layers, before))
    EXPECT_NE(getWeight(*module, id), weight) << id;
  EXPECT_EQ(getWeight(*module, "slope"), slopes);  // The factor cancels, exactly.
  EXPECT_EQ(getWeight(*module, "sum").size(), 6u); // The constant has a factor for each channel.
}

// Weights of very different size: the network stays what it is, and finite.
TEST_F(RescalingTest, EqualizeExtremes) {
  for (double size : {1e-30, 1e-10, 1e10, 1e30}) {
    std::string text =
        "func.func @main(%x: tensor<1x1x1x2xf32> {narrow.name = \"x\"}) -> (tensor<1x1x1x2xf32> "
        "{narrow.name = \"y\"}) {\n" +
        constant("%z", {1}, 0, 0) + constant("%w1", {3, 1, 1, 2}, size / 2, size) +
        constant("%b", {3}, -size, size) + constant("%w2", {2, 1, 1, 3}, 0.5 / size, 1 / size) +
        constant("%b2", {2}) + R"(
  %c = tosa.conv2d %x, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  %r = tosa.clamp %c {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x1x1x3xf32>) -> tensor<1x1x1x3xf32>
  %y = tosa.conv2d %r, %w2, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "y"}
    : (tensor<1x1x1x3xf32>, tensor<2x1x1x3xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  return %y : tensor<1x1x1x2xf32>
})";
    OwningOpRef<ModuleOp> module = parse(text);
    ASSERT_TRUE(module);
    check(*module, createNarrowEqualize());
    // Ranges r1 in size * [1/2, 1] and r2 in [1/2, 1] / size: weights of the second layer are
    // multiplied by sqrt(r1 / r2), size times [sqrt(1/2), sqrt(2)].
    for (float weight : getWeight(*module, "y")) {
      EXPECT_LT(std::fabs(weight), 1.4143f);
      EXPECT_GT(std::fabs(weight), 0.3535f);
    }
  }
}

// Pre-activations of 4 and more, of which 4 moves; through a ReLU and a pooling into a grouped convolution,
// and from there, without one, the whole mean into a depthwise convolution with multiplier.
TEST_F(RescalingTest, AbsorbBias) {
  Network n;
  n.text = "func.func @main(%x: tensor<1x4x4x3xf32> {narrow.name = \"x\"}) -> (tensor<1x4x4x12xf32> "
           "{narrow.name = \"y\"}) {\n" +
           constant("%z", {1}, 0, 0);
  n.layer(
      "tosa.conv2d", "%c1", "%x", 3, 6, 4, {6, 1, 1, 3}, 0,
      ", narrow.channel_mean = array<f32: 20.0, 20.0, 20.0, 20.0, 20.0, 20.0>, narrow.channel_deviation = "
      "array<f32: 2.0, 3.0, 4.0, 5.0, 6.0, 8.0>");
  n.text += R"(
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "r"} : (tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32>
)";
  n.layer("narrow.conv2d", "%c2", "%r", 6, 6, 4, {6, 1, 1, 3}, 0,
          ", narrow.channel_mean = array<f32: 1.0, -2.0, 3.0, -4.0, 5.0, 0.0>, narrow.channel_deviation = "
          "array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>");
  n.layer("tosa.depthwise_conv2d", "%d", "%c2", 6, 12, 4, {1, 1, 6, 2}, 0);
  n.text += "  return %d : tensor<1x4x4x12xf32>\n}\n";
  OwningOpRef<ModuleOp> module = parse(n.text);
  ASSERT_TRUE(module);
  // Biases above all that the ReLU could cut: 20 + 14 - 3 * 2 is the most that is absorbed.
  module->walk([&](tosa::Conv2DOp op) {
    OpBuilder builder(op);
    op->setOperand(2, createConstant(builder, op.getLoc(), {6}, SmallVector<float>(6, 21.0f)));
  });
  std::vector<float> before = getWeight(*module, "c1", 2), second = getWeight(*module, "c2", 2),
                     last = getWeight(*module, "d", 2);
  ASSERT_NO_FATAL_FAILURE(check(*module, createNarrowAbsorbBias()));
  std::vector<float> after = getWeight(*module, "c1", 2);
  EXPECT_EQ(before[0] - after[0], 14.0f);
  EXPECT_EQ(before[4] - after[4], 2.0f);
  EXPECT_EQ(before[5], after[5]); // 20 - 24 is below 0.
  EXPECT_NE(getWeight(*module, "c2", 2), second);
  EXPECT_NE(getWeight(*module, "d", 2), last);
}

} // namespace
