//===- LowerToIntegerTest.cpp - Integers against the simulation -----------===//
//
// The networks of the lit tests are evaluated in the quantized stage (floats
// between codes) and, lowered, in the integer stage. Integers round where the
// simulation does, except that multipliers have 31 bits and ties go up: each
// quantization may differ by one code, which the layers behind it scale. The
// networks here scale it by less than one.
//
//===----------------------------------------------------------------------===//
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "narrow/Conversion/IntegerLoweringOpInterface.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

namespace {

class LowerToInteger : public testing::Test {
protected:
  LowerToInteger() {
    DialectRegistry registry;
    registry.insert<NarrowDialect, tosa::TosaDialect, func::FuncDialect, quant::QuantDialect>();
    registerTosaQuantizableModels(registry);
    registerEvaluableModels(registry);
    registerIntegerLoweringModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  SmallVector<Tensor> evaluate(ModuleOp module, ArrayRef<Tensor> inputs) {
    SmallVector<Tensor> outputs;
    auto evaluator = Evaluator::create(module);
    EXPECT_TRUE(succeeded(evaluator));
    if (succeeded(evaluator))
      EXPECT_TRUE(succeeded(evaluator->run(inputs, outputs)));
    return outputs;
  }

  /// The largest difference of any result, in codes of that result.
  double compare(StringRef text, float magnitude, unsigned seed) {
    auto simulated = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(simulated);
    if (!simulated)
      return INFINITY;
    auto main = simulated->lookupSymbol<func::FuncOp>("main");
    std::mt19937 random(seed);
    SmallVector<Tensor> inputs;
    for (Type type : main.getArgumentTypes()) {
      Tensor &input = inputs.emplace_back(ElementKind::F32, cast<RankedTensorType>(type).getShape());
      for (float &value : input.values<float>())
        value = magnitude * (static_cast<float>(random() % 20001) / 10000.0f - 1.0f);
    }
    OwningOpRef<ModuleOp> lowered = simulated->clone();
    PassManager passes(&context);
    passes.addPass(createNarrowLowerToInteger());
    passes.addPass(createNarrowVerifyInteger());
    passes.addPass(createNarrowVerifyAccumulators());
    EXPECT_TRUE(succeeded(passes.run(*lowered)));

    SmallVector<Tensor> expected = evaluate(*simulated, inputs), actual = evaluate(*lowered, inputs);
    EXPECT_EQ(expected.size(), actual.size());
    if (expected.size() != actual.size() || expected.empty())
      return INFINITY;
    auto network = lowered->lookupSymbol<func::FuncOp>("network");
    double worst = 0;
    for (auto [index, pair] : llvm::enumerate(llvm::zip(expected, actual))) {
      auto &[a, b] = pair;
      auto type = network.getResultAttrOfType<TypeAttr>(index, "narrow.type");
      EXPECT_TRUE(type);
      if (!type || a.shape != b.shape)
        return INFINITY;
      double scale = cast<quant::UniformQuantizedType>(type.getValue()).getScale();
      for (auto [x, y] : llvm::zip_equal(a.values<float>(), b.values<float>()))
        worst = std::max(worst, std::abs(static_cast<double>(x) - y) / scale);
    }
    return worst;
  }

  SmallVector<std::string> read(StringRef name) {
    auto file = llvm::MemoryBuffer::getFile(std::string(NARROW_TEST_FOLDER "/") + name.str());
    EXPECT_TRUE(file) << name.str();
    SmallVector<std::string> networks;
    if (!file)
      return networks;
    SmallVector<StringRef> parts;
    (*file)->getBuffer().split(parts, "// -----");
    for (StringRef part : parts)
      networks.push_back(part.str());
    return networks;
  }

  MLIRContext context;
};

TEST_F(LowerToInteger, DiffersFromTheSimulationByOneCodeAtMost) {
  for (StringRef name :
       {"lower-to-integer.mlir", "lower-to-integer-families.mlir", "lower-to-integer-residual.mlir"}) {
    SmallVector<std::string> networks = read(name);
    EXPECT_FALSE(networks.empty());
    for (auto [index, network] : llvm::enumerate(networks))
      for (unsigned seed = 0; seed != 20; ++seed)
        for (float magnitude : {0.5f, 8.0f, 100.0f})
          EXPECT_LE(compare(network, magnitude, seed), 1.01)
              << name.str() << ", network " << index << ", magnitude " << magnitude << ", seed " << seed;
  }
}

TEST_F(LowerToInteger, RequantizesTwiceInTheQdqModel) {
  // 2^-2 to 2^-3: one code of the first quantization is two of the second.
  for (const std::string &network : read("lower-to-integer-qdq.mlir"))
    for (unsigned seed = 0; seed != 20; ++seed)
      EXPECT_LE(compare(network, 20.0f, seed), 2.01) << "seed " << seed;
}

} // namespace
