//===- Attributes.cpp - The attributes that ONNX defines ------------------===//
#include "Registry.h"
#include "llvm/ADT/StringExtras.h"

using namespace narrow::onnx_import;

/// Attributes of the operators of Registry.h in any opset up to 28; operators without
/// attributes are omitted.
static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> definedAttributes[] = {
    {"Abs", "consumed_inputs"},
    {"Add", "axis broadcast consumed_inputs"},
    {"And", "axis broadcast"},
    {"AveragePool", "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides"},
    {"BatchNormalization", "consumed_inputs epsilon is_test momentum spatial training_mode"},
    {"Cast", "round_mode saturate to"},
    {"Ceil", "consumed_inputs"},
    {"Clip", "consumed_inputs max min"},
    {"Concat", "axis"},
    {"Constant",
     "sparse_value value value_float value_floats value_int value_ints value_string value_strings"},
    {"ConstantOfShape", "value"},
    {"Conv", "auto_pad dilations group kernel_shape pads strides"},
    {"DequantizeLinear", "axis block_size output_dtype"},
    {"Div", "axis broadcast consumed_inputs"},
    {"Dropout", "consumed_inputs is_test ratio seed"},
    {"Elu", "alpha consumed_inputs"},
    {"Equal", "axis broadcast"},
    {"Exp", "consumed_inputs"},
    {"Flatten", "axis"},
    {"Floor", "consumed_inputs"},
    {"Gather", "axis"},
    {"Gelu", "approximate"},
    {"Gemm", "alpha beta broadcast transA transB"},
    {"Greater", "axis broadcast"},
    {"HardSigmoid", "alpha beta consumed_inputs"},
    {"LayerNormalization", "axis epsilon stash_type"},
    {"LeakyRelu", "alpha consumed_inputs"},
    {"Less", "axis broadcast"},
    {"Log", "consumed_inputs"},
    {"LogSoftmax", "axis"},
    {"Max", "consumed_inputs"},
    {"MaxPool", "auto_pad ceil_mode dilations kernel_shape pads storage_order strides"},
    {"Mean", "consumed_inputs"},
    {"Min", "consumed_inputs"},
    {"Mod", "fmod"},
    {"Mul", "axis broadcast consumed_inputs"},
    {"Neg", "consumed_inputs"},
    {"Or", "axis broadcast"},
    {"PRelu", "consumed_inputs"},
    {"Pad", "mode paddings pads value"},
    {"Pow", "axis broadcast"},
    {"QuantizeLinear", "axis block_size output_dtype precision saturate"},
    {"Range", "stash_type"},
    {"Reciprocal", "consumed_inputs"},
    {"ReduceMax", "axes keepdims noop_with_empty_axes"},
    {"ReduceMean", "axes keepdims noop_with_empty_axes"},
    {"ReduceMin", "axes keepdims noop_with_empty_axes"},
    {"ReduceProd", "axes keepdims noop_with_empty_axes"},
    {"ReduceSum", "axes keepdims noop_with_empty_axes"},
    {"Relu", "consumed_inputs"},
    {"Reshape", "allowzero consumed_inputs shape"},
    {"Resize", "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside "
               "extrapolation_value keep_aspect_ratio_policy mode nearest_mode"},
    {"Shape", "end start"},
    {"Sigmoid", "consumed_inputs"},
    {"Slice", "axes ends starts"},
    {"Softmax", "axis"},
    {"Split", "axis num_outputs split"},
    {"Sqrt", "consumed_inputs"},
    {"Squeeze", "axes"},
    {"Sub", "axis broadcast consumed_inputs"},
    {"Sum", "consumed_inputs"},
    {"Tanh", "consumed_inputs"},
    {"Transpose", "perm"},
    {"Unsqueeze", "axes"},
    {"Upsample", "height_scale mode scales width_scale"},
};

bool narrow::onnx_import::isDefinedAttribute(StringRef op, StringRef attribute) {
  const auto *found = llvm::find_if(definedAttributes, [&](const auto &entry) { return entry.first == op; });
  return found != std::end(definedAttributes) &&
         llvm::is_contained(llvm::split(found->second, ' '), attribute);
}
