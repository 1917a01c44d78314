//===- Equivalence.h - Networks before and after a pass ---------*- C++ -*-===//
#ifndef NARROW_UNITTESTS_FLOATPASSES_EQUIVALENCE_H
#define NARROW_UNITTESTS_FLOATPASSES_EQUIVALENCE_H

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace narrow {

class EquivalenceTest : public testing::Test {
protected:
  EquivalenceTest() {
    DialectRegistry registry;
    registerEvaluableModels(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<NarrowDialect, tosa::TosaDialect, func::FuncDialect, quant::QuantDialect>();
  }

  /// The results of @main for inputs that do not change from call to call.
  SmallVector<reference::Tensor> evaluate(ModuleOp module) {
    using namespace reference;
    SmallVector<Tensor> inputs, outputs;
    std::mt19937 random(7);
    for (Type type : module.lookupSymbol<func::FuncOp>("main").getArgumentTypes()) {
      Tensor &input = inputs.emplace_back(ElementKind::F32, cast<RankedTensorType>(type).getShape());
      for (float &value : input.values<float>())
        value = static_cast<float>(static_cast<int32_t>(random())) * 0x1p-30f;
    }
    auto evaluator = Evaluator::create(module);
    EXPECT_TRUE(succeeded(evaluator) && succeeded(evaluator->run(inputs, outputs)));
    return outputs;
  }

  /// Runs what takes an imported network to the float stage.
  LogicalResult runPasses(ModuleOp module) {
    PassManager manager(&context);
    buildFloatPipeline(manager);
    return manager.run(module);
  }

  /// Checks that results are equal but for `tolerance` of the largest.
  void compare(ArrayRef<reference::Tensor> before, ArrayRef<reference::Tensor> after,
               double tolerance = 2e-5) {
    ASSERT_EQ(before.size(), after.size());
    for (auto [expected, actual] : llvm::zip(before, after)) {
      ASSERT_EQ(expected.shape, actual.shape);
      double scale = 1e-3;
      for (float value : expected.values<float>())
        scale = std::max(scale, std::fabs(double(value)));
      for (auto [e, a] : llvm::zip(expected.values<float>(), actual.values<float>()))
        ASSERT_NEAR(e, a, tolerance * scale);
    }
  }

  MLIRContext context;
};

/// tosa.const of pseudo-random values in [low, high), as text.
inline std::string constant(StringRef name, ArrayRef<int64_t> shape, double low = -1, double high = 1) {
  static std::mt19937 random(3);
  std::string type = "tensor<", text;
  for (int64_t dim : shape)
    type += std::to_string(dim) + "x";
  type += "f32>";
  text = ("  " + name + " = \"tosa.const\"() <{values = dense<\"0x").str();
  for (int64_t i = 0, e = llvm::product_of(shape); i < e; ++i) {
    float value = static_cast<float>(low + (high - low) * (random() * 0x1p-32));
    text += llvm::toHex(StringRef(reinterpret_cast<const char *>(&value), sizeof(value)));
  }
  return text + "\"> : " + type + "}> : () -> " + type + "\n";
}

} // namespace narrow

#endif
