//===- ModelTest.cpp - Trained networks against ONNX Runtime --------------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace narrow;

namespace {
struct Model {
  const char *name;
  /// First result of ONNX Runtime 1.31 (unoptimized) for the input below.
  std::vector<float> expected;
  /// A quantized network may differ by a few codes of its result: float sums
  /// in another order move a value across a rounding boundary now and then.
  float tolerance = 1e-4f;
};
} // namespace

static const Model models[] = {
    {"fashion_resnet",
     {2.151084f, -1.901781f, 1.155189f, -1.892883f, -4.395905f, -0.7260215f, 1.08171f, 1.018519f, 4.174732f,
      -1.064194f}},
    {"fashion_mobilenet",
     {0.9518442f, -0.3431552f, 0.6489586f, -0.7818142f, -3.46336f, -3.080284f, 2.45633f, 1.478709f, 4.855504f,
      -1.800174f}},
    {"fashion_mobilenet_opset20",
     {0.9518435f, -0.3431554f, 0.6489583f, -0.7818147f, -3.46336f, -3.080284f, 2.45633f, 1.47871f, 4.855503f,
      -1.800174f}},
    {"fashion_mobilenet_skewed",
     {0.9518433f, -0.3431553f, 0.6489586f, -0.781815f, -3.46336f, -3.080284f, 2.45633f, 1.478709f, 4.855504f,
      -1.800173f}},
    {"mnist_cnn",
     {-1.958493f, -3.797025f, 0.2205023f, -1.554972f, -0.6633893f, 1.597502f, -1.108907f, -3.404416f,
      5.916275f, -2.067271f}},
    {"fashion_resnet.ort8",
     {2.149269f, -1.856187f, 1.270023f, -1.856187f, -4.298538f, -0.8792464f, 1.270023f, 0.7815524f, 4.10315f,
      -1.074635f},
     /*tolerance=*/0.25f},
    {"fashion_mobilenet.ort8",
     {0.9720672f, -0.3240224f, 0.7560523f, -0.8640597f, -3.564246f, -3.132217f, 2.484172f, 1.512105f,
      4.968344f, -1.836127f},
     /*tolerance=*/0.25f},
};

/// 28x28 numbers in [-1, 1].
static reference::Tensor getInput() {
  reference::Tensor input(reference::ElementKind::F32, {1, 1, 28, 28});
  for (auto [i, value] : llvm::enumerate(input.values<float>()))
    value = static_cast<float>(static_cast<double>((i * 37) % 101) / 50 - 1);
  return input;
}

class ModelTests : public testing::TestWithParam<Model> {};

TEST_P(ModelTests, MatchesOnnxRuntime) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<arith::ArithDialect>();
  DialectRegistry registry;
  registerEvaluableModels(registry);
  context.appendDialectRegistry(registry);
  ImportOptions options;
  std::string error;
  ASSERT_TRUE(succeeded(parseShapeOption("input=1x1x28x28", options, error))) << error;
  std::string path = std::string(NARROW_SOURCE_DIR "/test/models/") + GetParam().name + ".onnx";
  OwningOpRef<ModuleOp> module = importONNX(path, context, options);
  ASSERT_TRUE(module);
  auto evaluator = reference::Evaluator::create(*module);
  SmallVector<reference::Tensor> outputs;
  ASSERT_TRUE(succeeded(evaluator) && succeeded(evaluator->run({getInput()}, outputs)));
  ArrayRef<float> result = outputs[0].values<float>();
  ASSERT_EQ(result.size(), GetParam().expected.size());
  for (auto [got, expected] : llvm::zip(result, GetParam().expected))
    EXPECT_NEAR(got, expected, GetParam().tolerance);
}

INSTANTIATE_TEST_SUITE_P(Trained, ModelTests, testing::ValuesIn(models), [](const auto &info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});
