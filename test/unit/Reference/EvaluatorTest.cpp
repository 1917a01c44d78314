//===- EvaluatorTest.cpp - Programs, observers, wrong input ---------------===//
#include "Harness.h"
#include <thread>

using namespace mlir;
using namespace narrow::reference;

namespace {

using EvaluatorTest = ReferenceTest;

const char *const calls = R"(
  func.func private @double(%x: tensor<2xf32>) -> tensor<2xf32> {
    %y = tosa.add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    return %y : tensor<2xf32>
  }
  func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
    %c = "tosa.const"() <{values = dense<[1.0, 2.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
    %0 = call @double(%x) : (tensor<2xf32>) -> tensor<2xf32>
    %k = narrow.kernel @k (%a = %0 : tensor<2xf32>, %b = %c : tensor<2xf32>) -> tensor<2xf32> {
      %s = tosa.sub %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      narrow.yield %s : tensor<2xf32>
    }
    %o = narrow.observe %k "k" : tensor<2xf32>
    return %o, %0 : tensor<2xf32>, tensor<2xf32>
  })";

TEST_F(EvaluatorTest, CallsAndKernels) {
  auto outputs = run(calls, Tensor({2}, ArrayRef<float>({10, 20})));
  ASSERT_EQ(outputs.size(), 2u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({2}, ArrayRef<float>({19, 38})));
  EXPECT_EQ(outputs[1], Tensor({2}, ArrayRef<float>({20, 40})));
}

TEST_F(EvaluatorTest, ObserverSeesEveryValueInOrder) {
  std::vector<std::string> seen;
  run(calls, Tensor({2}, ArrayRef<float>({10, 20})), [&](Operation *op, Value value, const Tensor &tensor) {
    seen.push_back(op->getName().getStringRef().str() + " " + std::to_string(tensor.values<float>()[0]));
    EXPECT_EQ(ArrayRef<int64_t>(tensor.shape), cast<ShapedType>(value.getType()).getShape());
  });
  EXPECT_EQ(seen,
            (std::vector<std::string>{"func.func 10.000000", "tosa.const 1.000000", "func.func 10.000000",
                                      "tosa.add 20.000000", "func.call 20.000000", "narrow.kernel 20.000000",
                                      "narrow.kernel 1.000000", "tosa.sub 19.000000",
                                      "narrow.kernel 19.000000", "narrow.observe 19.000000"}));
}

TEST_F(EvaluatorTest, CalleeCanBeRunByItself) {
  auto evaluator = create(calls);
  ASSERT_TRUE(succeeded(evaluator)) << diagnostics;
  SmallVector<Tensor> outputs;
  ASSERT_TRUE(succeeded(evaluator->run(Tensor({2}, ArrayRef<float>({1, 2})), outputs, "double")));
  EXPECT_EQ(outputs[0], Tensor({2}, ArrayRef<float>({2, 4})));
  EXPECT_TRUE(failed(evaluator->run({}, outputs, "missing")));
  EXPECT_NE(diagnostics.find("@missing has not been prepared"), std::string::npos) << diagnostics;
}

TEST_F(EvaluatorTest, ThreadsShareOneEvaluator) {
  auto evaluator = create(R"(
    func.func @main(%x: tensor<1x4x4x3xf32>) -> tensor<1x4x4x5xf32> {
      %w = "tosa.const"() <{values = dense<0.5> : tensor<5x3x3x3xf32>}> : () -> tensor<5x3x3x3xf32>
      %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
      %y = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
        : (tensor<1x4x4x3xf32>, tensor<5x3x3x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x5xf32>
      return %y : tensor<1x4x4x5xf32>
    })");
  ASSERT_TRUE(succeeded(evaluator)) << diagnostics;
  std::vector<SmallVector<Tensor>> outputs(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < outputs.size(); ++i)
    threads.emplace_back([&, i] { (void)evaluator->run(randomFloats({1, 4, 4, 3}, i % 2), outputs[i]); });
  for (std::thread &thread : threads)
    thread.join();
  for (size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_EQ(outputs[i].size(), 1u);
    EXPECT_EQ(outputs[i][0], outputs[i % 2][0]);
  }
  EXPECT_NE(outputs[0][0], outputs[1][0]);
}

TEST_F(EvaluatorTest, ConstantsOfEveryForm) {
  auto outputs = run(R"(
    func.func @main() -> (tensor<2xf32>, tensor<3xi8>, tensor<2xi4>, tensor<2xi48>, tensor<2xi1>) {
      %a = "tosa.const"() <{values = dense_resource<r> : tensor<2xf32>}> : () -> tensor<2xf32>
      %b = arith.constant dense<-5> : tensor<3xi8>
      %c = "tosa.const"() <{values = dense<[-8, 7]> : tensor<2xi4>}> : () -> tensor<2xi4>
      %d = "tosa.const"() <{values = dense<[-1, 140737488355327]> : tensor<2xi48>}> : () -> tensor<2xi48>
      %e = "tosa.const"() <{values = dense<[true, false]> : tensor<2xi1>}> : () -> tensor<2xi1>
      return %a, %b, %c, %d, %e : tensor<2xf32>, tensor<3xi8>, tensor<2xi4>, tensor<2xi48>, tensor<2xi1>
    }
    {-# dialect_resources: { builtin: { r: "0x040000000000803F00000040" } } #-})",
                     {});
  ASSERT_EQ(outputs.size(), 5u) << diagnostics;
  EXPECT_EQ(outputs[0], Tensor({2}, ArrayRef<float>({1, 2})));
  EXPECT_EQ(outputs[1], Tensor({3}, ArrayRef<int8_t>({-5, -5, -5})));
  EXPECT_EQ(outputs[2], Tensor({2}, ArrayRef<int8_t>({-8, 7})));
  EXPECT_EQ(outputs[3], Tensor({2}, ArrayRef<int64_t>({-1, 140737488355327})));
  EXPECT_EQ(outputs[4], Tensor({2}, ArrayRef<bool>({true, false})));
}

//===----------------------------------------------------------------------===//
// Wrong input
//===----------------------------------------------------------------------===//

class WrongInputTest : public ReferenceTest {
protected:
  /// The module must be refused before it is run.
  void expectRefused(StringRef text, StringRef message) {
    EXPECT_TRUE(failed(create(text)));
    EXPECT_NE(diagnostics.find(message), std::string::npos) << diagnostics;
  }
  /// The module must be refused when it is run.
  void expectFailure(StringRef text, ArrayRef<Tensor> inputs, StringRef message) {
    auto evaluator = create(text);
    ASSERT_TRUE(succeeded(evaluator)) << diagnostics;
    SmallVector<Tensor> outputs;
    EXPECT_TRUE(failed(evaluator->run(inputs, outputs)));
    EXPECT_NE(diagnostics.find(message), std::string::npos) << diagnostics;
  }
};

TEST_F(WrongInputTest, Modules) {
  expectRefused("func.func @other() { return }", "no function @main");
  expectRefused("func.func private @main(tensor<1xf32>)", "must have a body of one block");
  expectRefused("func.func @main() { call @main() : () -> () return }", "@main calls itself");
  expectRefused("func.func @main(%x: tensor<?xf32>) { return }", "static shape");
  expectRefused("func.func @main(%x: tensor<2xf64>) { return }",
                "no storage for elements of 'tensor<2xf64>'");
  expectRefused("func.func @main(%x: f32) { return }", "needs ranked tensors");
  expectRefused("func.func @main(%x: tensor<1000000x1000000xf32>) { return }", "too large");
  expectRefused(R"(func.func @main(%x: tensor<2xi32>) -> tensor<2xi32> {
    %y = tosa.clz %x : (tensor<2xi32>) -> tensor<2xi32>
    return %y : tensor<2xi32>
  })",
                "'tosa.clz' is not supported by the reference evaluator");
  expectRefused(R"(!q = !quant.uniform<i8:f32, 0.5>
  func.func @main(%x: tensor<2x!q>) -> tensor<2x!q> {
    %y = tosa.add %x, %x : (tensor<2x!q>, tensor<2x!q>) -> tensor<2x!q>
    return %y : tensor<2x!q>
  })",
                "'tosa.add' has no meaning on codes");
  expectRefused(R"(func.func @main() -> tensor<2xf32> {
    %y = "tosa.const"() <{values = dense_resource<missing> : tensor<2xf32>}> : () -> tensor<2xf32>
    return %y : tensor<2xf32>
  })",
                "cannot read this constant");
}

TEST_F(WrongInputTest, Inputs) {
  Tensor good({2}, ArrayRef<float>({1, 2}));
  expectFailure(calls, {}, "takes 1 inputs, got 0");
  expectFailure(calls, {good, good}, "takes 1 inputs, got 2");
  expectFailure(calls, Tensor({3}, ArrayRef<float>({1, 2, 3})), "has shape [3], expected 'tensor<2xf32>'");
  expectFailure(calls, Tensor({2}, ArrayRef<int32_t>({1, 2})), "another element type");
  Tensor truncated = good;
  truncated.bytes.resize(4);
  expectFailure(calls, truncated, "has 4 bytes");
}

TEST_F(WrongInputTest, Operands) {
  // Upstream's verifier lets these pass.
  expectFailure(
      R"(func.func @main(%x: tensor<1x4x4x4xf32>, %w: tensor<8x1x1x2xf32>, %z: tensor<1xf32>) -> tensor<1x4x4x8xf32> {
    %y = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
      : (tensor<1x4x4x4xf32>, tensor<8x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x8xf32>
    return %y : tensor<1x4x4x8xf32>
  })",
      {Tensor(ElementKind::F32, {1, 4, 4, 4}), Tensor(ElementKind::F32, {8, 1, 1, 2}),
       Tensor(ElementKind::F32, {1})},
      "weight has 2 input channels, expected 4");
  expectFailure(R"(func.func @main(%x: tensor<1xi32>) -> tensor<1xi8> {
    %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
    %s = "tosa.const"() <{values = dense<70> : tensor<1xi8>}> : () -> tensor<1xi8>
    %iz = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
    %oz = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
    %y = tosa.rescale %x, %m, %s, %iz, %oz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false}
      : (tensor<1xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1xi8>
    return %y : tensor<1xi8>
  })",
                Tensor(ElementKind::I32, {1}), "shift of 2 to 62");
  expectFailure(
      R"(func.func @main(%x: tensor<1x3x2xf32>, %i: tensor<1x2xi32>) -> tensor<1x2x2xf32> {
    %y = tosa.gather %x, %i : (tensor<1x3x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2xf32>
    return %y : tensor<1x2x2xf32>
  })",
      {Tensor(ElementKind::F32, {1, 3, 2}), Tensor({1, 2}, ArrayRef<int32_t>({0, 3}))},
      "index 3 is outside of 0 to 2");
  expectFailure(
      R"(func.func @main(%x: tensor<2xi32>, %s: tensor<2xi32>) -> tensor<2xi32> {
    %y = tosa.arithmetic_right_shift %x, %s {round = true} : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
    return %y : tensor<2xi32>
  })",
      {Tensor(ElementKind::I32, {2}), Tensor({2}, ArrayRef<int32_t>({1, -1}))}, "shift is outside");
}

/// Tensors without elements have nothing to compute.
TEST_F(EvaluatorTest, EmptyTensors) {
  auto outputs = run(R"(
    !q = !quant.uniform<i8:f32, 0.5>
    func.func @main(%x: tensor<3x0xf32>) -> (tensor<3x0xf32>, tensor<3x0x!q>) {
      %y = narrow.softmax %x axis 1 : tensor<3x0xf32>
      %q = narrow.quantize %y : tensor<3x0xf32> to tensor<3x0x!q>
      return %y, %q : tensor<3x0xf32>, tensor<3x0x!q>
    })",
                     Tensor(ElementKind::F32, {3, 0}));
  ASSERT_EQ(outputs.size(), 2u) << diagnostics;
  EXPECT_EQ(outputs[1].shape, (SmallVector<int64_t>{3, 0}));
}

} // namespace
