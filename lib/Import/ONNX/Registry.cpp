//===- Registry.cpp - The operators that can be imported ------------------===//
#include "Registry.h"

using namespace narrow::onnx_import;

/// Operators that had the supported form before opset 7, and the opset since which they have it.
static constexpr std::pair<const char *, int64_t> olderOperators[] = {
    {"Abs", 6},           {"AveragePool", 1},
    {"Cast", 6},          {"Ceil", 6},
    {"Clip", 6},          {"Concat", 4},
    {"Constant", 1},      {"Conv", 1},
    {"Elu", 6},           {"Exp", 6},
    {"Flatten", 1},       {"Floor", 6},
    {"Gather", 1},        {"GlobalAveragePool", 1},
    {"GlobalMaxPool", 1}, {"HardSigmoid", 6},
    {"Identity", 1},      {"LeakyRelu", 6},
    {"Log", 6},           {"LogSoftmax", 1},
    {"MatMul", 1},        {"Max", 6},
    {"MaxPool", 1},       {"Mean", 6},
    {"Min", 6},           {"Neg", 6},
    {"Not", 1},           {"Pad", 2},
    {"Reciprocal", 6},    {"ReduceMax", 1},
    {"ReduceMean", 1},    {"ReduceMin", 1},
    {"ReduceProd", 1},    {"ReduceSum", 1},
    {"Relu", 6},          {"Reshape", 5},
    {"Shape", 1},         {"Sigmoid", 6},
    {"Size", 1},          {"Slice", 1},
    {"Softmax", 1},       {"Softplus", 1},
    {"Softsign", 1},      {"Split", 2},
    {"Sqrt", 6},          {"Squeeze", 1},
    {"Sum", 6},           {"Tanh", 6},
    {"Tile", 6},          {"Transpose", 1},
    {"Unsqueeze", 1},
};

const Registry &narrow::onnx_import::getRegistry() {
  static const Registry registry = [] {
    Registry result;
    registerActivations(result);
    registerArithmetic(result);
    registerComparisonFolds(result);
    registerConstants(result);
    registerConvolutions(result);
    registerDataMovement(result);
    registerLinear(result);
    registerNormalizations(result);
    registerPooling(result);
    registerQuantization(result);
    registerReductions(result);
    registerResizes(result);
    registerShapes(result);
    registerSlicing(result);
    // Adds constant folding to operators registered above.
    registerArithmeticFolds(result);
    for (auto [name, since] : olderOperators)
      result[name].since = since;
    return result;
  }();
  return registry;
}
