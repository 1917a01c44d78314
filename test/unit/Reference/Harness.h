//===- Harness.h - Evaluates modules given as text --------------*- C++ -*-===//
#ifndef NARROW_UNITTESTS_REFERENCE_HARNESS_H
#define NARROW_UNITTESTS_REFERENCE_HARNESS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/LLVM.h"
#include <gtest/gtest.h>
#include <random>

namespace narrow::reference {

class ReferenceTest : public testing::Test {
protected:
  ReferenceTest()
      : handler(&context, [this](Diagnostic &diagnostic) { diagnostics += diagnostic.str() + "\n"; }) {
    DialectRegistry registry;
    registerEvaluableModels(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<NarrowDialect, tosa::TosaDialect, func::FuncDialect, arith::ArithDialect,
                        quant::QuantDialect>();
  }

  /// The evaluator of a module, or a failure whose messages are in
  /// `diagnostics`.
  FailureOr<Evaluator> create(StringRef text) {
    diagnostics.clear();
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << "does not parse: " << diagnostics;
    if (!module)
      return failure();
    return Evaluator::create(*module);
  }

  /// @main of the module; no result if something failed.
  SmallVector<Tensor> run(StringRef text, ArrayRef<Tensor> inputs, const Observer &observer = {}) {
    SmallVector<Tensor> outputs;
    auto evaluator = create(text);
    if (failed(evaluator) || failed(evaluator->run(inputs, outputs, "main", observer)))
      return {};
    return outputs;
  }

  /// The elements of the one result of @main.
  template <typename T>
  std::vector<T> evaluate(StringRef text, ArrayRef<Tensor> inputs) {
    SmallVector<Tensor> outputs = run(text, inputs);
    EXPECT_EQ(outputs.size(), 1u) << diagnostics;
    if (outputs.size() != 1)
      return {};
    auto values = outputs[0].values<T>();
    return std::vector<T>(values.begin(), values.end());
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string diagnostics;
  ScopedDiagnosticHandler handler;
};

/// Uniform integers in [lo, hi], the same in every run.
template <typename T>
Tensor randomIntegers(ArrayRef<int64_t> shape, int64_t lo, int64_t hi, unsigned seed) {
  Tensor tensor(Tensor::kindOf<T>(), shape);
  std::mt19937 random(seed);
  for (T &value : tensor.values<T>())
    value = static_cast<T>(lo + static_cast<int64_t>(random() % static_cast<uint64_t>(hi - lo + 1)));
  return tensor;
}

inline Tensor randomFloats(ArrayRef<int64_t> shape, unsigned seed) {
  Tensor tensor(ElementKind::F32, shape);
  std::mt19937 random(seed);
  for (float &value : tensor.values<float>())
    value = static_cast<float>(static_cast<int32_t>(random())) * 0x1p-30f;
  return tensor;
}

/// "tensor<1x2xf32>".
inline std::string typeOf(const Tensor &tensor) {
  static const char *const names[] = {"f32", "i1", "i8", "ui8", "i16", "ui16", "i32", "i64"};
  std::string text = "tensor<";
  for (int64_t dim : tensor.shape)
    text += std::to_string(dim) + "x";
  return text + names[static_cast<int>(tensor.kind)] + ">";
}

} // namespace narrow::reference

#endif
