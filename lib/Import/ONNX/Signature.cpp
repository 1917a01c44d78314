//===- Signature.cpp - Inputs and results of the network ------------------===//
#include "GraphImporter.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace narrow::onnx_import;

/// "1x3x?x?", with names for named dimensions.
static std::string describeShape(const onnx::ValueInfoProto &info) {
  std::string text;
  for (const auto &dim : info.type().tensor_type().shape().dim()) {
    if (!text.empty())
      text += 'x';
    text += dim.has_dim_value()       ? std::to_string(dim.dim_value())
            : dim.dim_param().empty() ? std::string("?")
                                      : dim.dim_param();
  }
  return text.empty() ? "scalar" : text;
}

std::string GraphImporter::describeInputs() const {
  std::string text;
  for (const Input &input : inputs)
    text +=
        (text.empty() ? "" : ", ") + ("'" + input.info->name() + "' (" + describeShape(*input.info) + ")");
  return text.empty() ? "none" : text;
}

/// The type of an argument; ops take only f32, so the others occur only for
/// inputs that nothing reads.
static Type getArgumentType(MLIRContext *context, int dataType) {
  switch (dataType) {
  case onnx::TensorProto::FLOAT:
    return Float32Type::get(context);
  case onnx::TensorProto::FLOAT16:
    return Float16Type::get(context);
  case onnx::TensorProto::DOUBLE:
    return Float64Type::get(context);
  case onnx::TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case onnx::TensorProto::BOOL:
    return IntegerType::get(context, 1);
  case onnx::TensorProto::INT8:
  case onnx::TensorProto::UINT8:
    return IntegerType::get(context, 8);
  case onnx::TensorProto::INT16:
  case onnx::TensorProto::UINT16:
    return IntegerType::get(context, 16);
  case onnx::TensorProto::INT32:
  case onnx::TensorProto::UINT32:
    return IntegerType::get(context, 32);
  case onnx::TensorProto::INT64:
  case onnx::TensorProto::UINT64:
    return IntegerType::get(context, 64);
  default:
    return {};
  }
}

LogicalResult GraphImporter::resolveInputs() {
  llvm::StringSet<> seen;
  for (const auto &info : model.graph().input()) {
    if (info.name().empty())
      return error() << "an input of the graph has no name";
    if (!seen.insert(info.name()).second)
      return error() << "two inputs of the graph are named '" << info.name() << "'";
    // Before IR version 4 every initializer was listed as an input too; the
    // value is formally a default, but in practice a constant.
    if (initializers.count(info.name()))
      continue;
    if (!info.has_type() || !info.type().has_tensor_type())
      return error() << "input '" << info.name() << "' is no tensor";
    const auto &tensor = info.type().tensor_type();
    Type element = getArgumentType(builder.getContext(), tensor.elem_type());
    bool used = live.contains(info.name());
    if (!element || (used && !element.isF32()))
      return error() << "input '" << info.name() << "' has element type "
                     << getDataTypeName(tensor.elem_type()) << "; only FLOAT inputs are supported";
    Input input{&info, {}, element};
    for (const auto &dim : tensor.shape().dim()) {
      bool known = dim.has_dim_value() && (dim.dim_value() > 0 || !dim.has_dim_param());
      if (known && dim.dim_value() <= 0)
        known = false; // Some exporters write 0 or -1 for a dynamic dimension.
      input.shape.push_back(known ? dim.dim_value() : -1);
    }
    inputs.push_back(std::move(input));
  }
  return applyShapeOptions();
}

LogicalResult GraphImporter::applyShapeOptions() {
  // The value of each named dimension, from the inputs whose shape was given.
  std::map<std::string, std::pair<int64_t, std::string>> named;
  for (const auto &[name, shape] : options.shapes) {
    auto input = llvm::find_if(inputs, [&](const Input &i) { return i.info->name() == name; });
    if (input == inputs.end())
      return error() << "--shape names '" << name
                     << "', but the inputs of the model are: " << describeInputs();
    const auto &proto = input->info->type().tensor_type();
    auto wrong = [&](const Twine &why) {
      return error() << "--shape gives "
                     << llvm::join(llvm::map_range(shape, [](int64_t d) { return std::to_string(d); }), "x")
                     << " for input '" << name << "', " << why
                     << "; the inputs of the model are: " << describeInputs();
    };
    if (!proto.has_shape())
      input->shape.assign(shape.size(), -1);
    if (shape.size() != input->shape.size())
      return wrong("which has " + Twine(input->shape.size()) + " dimensions");
    for (auto [i, dim] : llvm::enumerate(shape)) {
      if (input->shape[i] >= 0 && input->shape[i] != dim)
        return wrong("whose dimension " + Twine(i) + " is " + Twine(input->shape[i]));
      input->shape[i] = dim;
      if (!proto.has_shape() || proto.shape().dim(i).dim_param().empty())
        continue;
      const std::string &param = proto.shape().dim(i).dim_param();
      auto [known, isNew] = named.try_emplace(param, dim, name);
      if (!isNew && known->second.first != dim)
        return wrong("but '" + param + "' is " + Twine(known->second.first) + " in '" + known->second.second +
                     "'");
    }
  }
  for (Input &input : inputs) {
    const auto &proto = input.info->type().tensor_type();
    for (auto [i, dim] : llvm::enumerate(input.shape)) {
      if (dim < 0 && proto.has_shape())
        if (auto known = named.find(proto.shape().dim(i).dim_param()); known != named.end())
          dim = known->second.first;
    }
    std::string example;
    for (int64_t dim : input.shape)
      example += (example.empty() ? "" : "x") + std::to_string(dim < 0 ? 1 : dim);
    if (!proto.has_shape() && !options.shapes.count(input.info->name()))
      return error() << "input '" << input.info->name() << "' has no shape; give one, for example --shape "
                     << input.info->name() << "=1x3x224x224";
    if (llvm::any_of(input.shape, [](int64_t dim) { return dim < 0; }))
      return error() << "input '" << input.info->name() << "' has the open shape "
                     << describeShape(*input.info)
                     << (llvm::any_of(
                             proto.shape().dim(),
                             [](const auto &dim) { return dim.has_dim_value() && dim.dim_value() == 0; })
                             ? " (a dimension of 0 stands for an open one)"
                             : "")
                     << "; fix it with --shape " << input.info->name() << "=" << example;
    std::optional<int64_t> count = countElements(input.shape);
    if (!count || *count == 0 || *count > int64_t(1) << 32)
      return error() << "input '" << input.info->name() << "' has the impossible shape "
                     << toString(input.shape);
  }
  return success();
}

LogicalResult GraphImporter::createFunction(ModuleOp module) {
  MLIRContext *context = builder.getContext();
  SmallVector<Type> types;
  SmallVector<Location> locations;
  for (const Input &input : inputs) {
    types.push_back(RankedTensorType::get(input.shape, input.element));
    locations.push_back(NameLoc::get(builder.getStringAttr(input.info->name())));
  }
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = model.graph().name().empty()
                     ? Location(UnknownLoc::get(context))
                     : Location(NameLoc::get(builder.getStringAttr(model.graph().name())));
  function = func::FuncOp::create(builder, loc, "main", builder.getFunctionType(types, {}));
  Block *body = new Block();
  function.getBody().push_back(body);
  body->addArguments(types, locations);
  builder.setInsertionPointToEnd(body);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    function.setArgAttr(i, attrs::name, builder.getStringAttr(input.info->name()));
    tensors[input.info->name()] = Tensor(Value(body->getArgument(i)));
  }
  return success();
}

/// Warns of dimensions that the model declares differently. Files whose batch
/// was changed by a script have stale result shapes, which do no harm.
static void checkDeclaredShape(Location file, const onnx::ValueInfoProto &info, ArrayRef<int64_t> shape) {
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape())
    return;
  const auto &declared = info.type().tensor_type().shape();
  bool differs = declared.dim_size() != static_cast<int>(shape.size());
  for (int i = 0; !differs && i < declared.dim_size(); ++i)
    differs = declared.dim(i).dim_value() > 0 && declared.dim(i).dim_value() != shape[i];
  if (differs)
    emitWarning(file) << "result '" << info.name() << "' is declared as " << describeShape(info)
                      << " but has the shape " << toString(shape);
}

LogicalResult GraphImporter::createReturn() {
  if (model.graph().output_size() == 0)
    return error() << "the graph has no outputs";
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (const auto &info : model.graph().output()) {
    FailureOr<const Tensor *> found = lookup(info.name());
    if (failed(found))
      return failure();
    if (!*found)
      return error() << "no node produces the graph's output '" << info.name() << "'";
    const Tensor &tensor = **found;
    if (tensor.value && !getElementTypeOrSelf(tensor.value).isF32())
      return error() << "result '" << info.name() << "' has element type "
                     << getElementTypeOrSelf(tensor.value) << "; only FLOAT results are supported";
    if (tensor.isFoldable() && !tensor.constant->isFloat())
      return error() << "result '" << info.name() << "' has element type "
                     << getName(tensor.constant->getType()) << "; only FLOAT results are supported";
    // A result may be a constant: it is built in the context of a placeholder
    // node.
    onnx::NodeProto node;
    node.set_op_type("result");
    node.add_input(info.name());
    node.add_output(info.name());
    OpContext ctx(builder, node, opset, file, loader, {*found});
    FailureOr<Value> value = ctx.value(0);
    if (failed(value) || ctx.hasFailed())
      return failure();
    checkDeclaredShape(file, info, cast<RankedTensorType>(value->getType()).getShape());
    results.push_back(*value);
    types.push_back(value->getType());
  }
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), types));
  for (auto [i, info] : llvm::enumerate(model.graph().output()))
    function.setResultAttr(i, attrs::name, builder.getStringAttr(info.name()));
  return success();
}
