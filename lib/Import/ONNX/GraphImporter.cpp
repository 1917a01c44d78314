//===- GraphImporter.cpp - Traversal of an ONNX graph ---------------------===//
#include "GraphImporter.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow::onnx_import;

static StringRef getDomain(const onnx::NodeProto &node) {
  return node.domain() == "ai.onnx" ? StringRef() : StringRef(node.domain());
}

static const onnx::GraphProto *getBranch(const onnx::NodeProto &node, StringRef name) {
  for (const auto &attribute : node.attribute())
    if (attribute.name() == name && attribute.has_g())
      return &attribute.g();
  return nullptr;
}

void narrow::onnx_import::forEachUse(const onnx::NodeProto &node, function_ref<void(StringRef)> visit) {
  for (const std::string &input : node.input())
    if (!input.empty())
      visit(input);
  for (const auto &attribute : node.attribute()) {
    auto visitGraph = [&](const onnx::GraphProto &graph) {
      for (const auto &inner : graph.node())
        forEachUse(inner, visit);
      for (const auto &output : graph.output())
        visit(output.name());
    };
    if (attribute.has_g())
      visitGraph(attribute.g());
    for (const auto &graph : attribute.graphs())
      visitGraph(graph);
  }
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::checkVersions() {
  if (!model.has_ir_version() || !model.has_graph())
    return error() << "this is no ONNX model: it has no " << (model.has_graph() ? "IR version" : "graph");
  if (model.ir_version() > lastVersion)
    emitWarning(file) << "the model has IR version " << model.ir_version() << ", the newest that is known is "
                      << lastVersion << "; what later versions add is ignored";
  for (const auto &import : model.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx")
      opset = import.version();
  if (opset == 0)
    return error() << "the model does not say which opset of ONNX it uses";
  if (opset < firstOpset || opset > lastOpset)
    return error() << "the model uses opset " << opset << "; opsets " << firstOpset << " to " << lastOpset
                   << " are supported: convert it with onnx.version_converter or export it again";
  return success();
}

void GraphImporter::findLiveNodes(const onnx::GraphProto &graph) {
  for (const auto &output : graph.output())
    live.insert(output.name());
  // Nodes are sorted, so one pass from the end reaches everything.
  for (const auto &node : llvm::reverse(graph.node()))
    if (llvm::any_of(node.output(), [&](const std::string &name) { return live.contains(name); }))
      forEachUse(node, [&](StringRef name) { live.insert(name); });
}

/// One error for all operators that cannot be imported.
LogicalResult GraphImporter::checkOperators() {
  const Registry &registry = getRegistry();
  std::map<std::string, unsigned> missing;
  const onnx::NodeProto *first = nullptr;
  std::function<void(const onnx::GraphProto &, bool)> visit = [&](const onnx::GraphProto &graph, bool all) {
    for (const auto &node : graph.node()) {
      if (!all && llvm::none_of(node.output(), [&](const std::string &name) { return live.contains(name); }))
        continue;
      StringRef domain = getDomain(node);
      if (domain.empty() && node.op_type() == "If") {
        for (StringRef name : {"then_branch", "else_branch"})
          if (const onnx::GraphProto *branch = getBranch(node, name))
            visit(*branch, true);
        continue;
      }
      auto op = registry.find(node.op_type());
      if (domain.empty() && op != registry.end() && op->second.since <= opset)
        continue;
      if (!first)
        first = &node;
      ++missing[domain.empty() ? node.op_type() : (domain + "." + node.op_type()).str()];
    }
  };
  visit(model.graph(), /*all=*/false);
  if (!first)
    return success();
  StringRef name = first->name();
  if (name.empty() && first->output_size())
    name = first->output(0);
  auto diagnostic = error() << "node '" << name << "' has the operator " << first->op_type();
  if (StringRef domain = getDomain(*first); !domain.empty())
    diagnostic << " of the domain '" << domain << "'";
  else
    diagnostic << " (opset " << opset << ")";
  if (auto op = registry.find(first->op_type()); getDomain(*first).empty() && op != registry.end())
    diagnostic << ", which is supported from opset " << op->second.since << " on";
  else
    diagnostic << ", which is not supported";
  diagnostic << "; all unsupported operators of the model: ";
  llvm::interleaveComma(missing, diagnostic,
                        [&](const auto &entry) { diagnostic << entry.first << " (" << entry.second << ")"; });
  return diagnostic;
}

LogicalResult GraphImporter::collectInitializers(const onnx::GraphProto &graph) {
  if (graph.sparse_initializer_size())
    return error() << "sparse initializers are not supported";
  for (const auto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return error() << "an initializer has no name";
    if (!initializers.try_emplace(tensor.name(), &tensor).second || tensors.count(tensor.name()))
      return error() << "two tensors are named '" << tensor.name() << "'";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Traversal
//===----------------------------------------------------------------------===//

FailureOr<const Tensor *> GraphImporter::lookup(StringRef name) {
  if (auto found = tensors.find(name); found != tensors.end())
    return static_cast<const Tensor *>(&found->second);
  auto initializer = initializers.find(name);
  if (initializer == initializers.end())
    return static_cast<const Tensor *>(nullptr);
  llvm::Expected<ConstantTensor> constant = loader.load(*initializer->second);
  if (!constant)
    return error() << "initializer '" << name << "' " << llvm::toString(constant.takeError());
  Tensor &tensor = tensors[name];
  tensor.constant = std::move(*constant);
  return static_cast<const Tensor *>(&tensor);
}

LogicalResult GraphImporter::define(const onnx::NodeProto &node, unsigned output, Tensor tensor) {
  const std::string &name = node.output(output);
  auto describe = [&] { return error() << "node '" << node.name() << "' (" << node.op_type() << "): "; };
  if (tensor.value)
    for (int64_t dim : tensor.getShape())
      if (dim < 1)
        return describe() << "result '" << name << "' has no elements (shape " << toString(tensor.getShape())
                          << ")";
  if (initializers.count(name) || !tensors.try_emplace(name, std::move(tensor)).second)
    return describe() << "two tensors are named '" << name << "'";
  return success();
}

LogicalResult GraphImporter::importNode(const onnx::NodeProto &node) {
  if (getDomain(node).empty() && node.op_type() == "If")
    return importIf(node);
  SmallVector<const Tensor *> operands;
  for (const std::string &name : node.input()) {
    if (name.empty()) {
      operands.push_back(nullptr);
      continue;
    }
    FailureOr<const Tensor *> found = lookup(name);
    if (failed(found))
      return failure();
    if (!*found)
      return error() << "node '" << node.name() << "' (" << node.op_type() << ") reads '" << name
                     << "', which no earlier node, initializer or input provides";
    operands.push_back(*found);
  }
  OpContext ctx(builder, node, opset, file, loader, operands);
  auto entry = getRegistry().find(node.op_type());
  if (entry == getRegistry().end())
    return ctx.error() << "the operator is not supported";
  const OpInfo &op = entry->second;
  for (const auto &attribute : node.attribute())
    if (!isDefinedAttribute(node.op_type(), attribute.name()))
      ctx.warning() << "attribute '" << attribute.name() << "' is not defined by ONNX and has no effect";
  if (operands.size() > op.maxInputs)
    return ctx.error() << "has " << operands.size() << " inputs, expected at most " << op.maxInputs;
  for (unsigned i = 0; i < op.minInputs; ++i)
    if (!ctx.has(i))
      return ctx.error() << "input " << i << " is missing";

  if (op.fold && ctx.allFoldable()) {
    if (failed(op.fold(ctx)))
      return failure();
  } else if (!op.emit) {
    return ctx.error()
           << "the operator is supported on constants and shapes only, not on what the network computes";
  } else if (failed(op.emit(ctx))) {
    return failure();
  }
  if (ctx.hasFailed())
    return failure();
  for (auto [i, result] : llvm::enumerate(ctx.getResults())) {
    if (node.output(i).empty())
      continue;
    if (result) {
      if (failed(define(node, i, *result)))
        return failure();
    } else if (live.contains(node.output(i))) {
      return ctx.error() << "output " << i << " ('" << node.output(i) << "') is not supported";
    }
  }
  return success();
}

/// A constant condition selects the branch whose nodes are imported in place;
/// exporters leave such nodes where the condition depends on a shape.
LogicalResult GraphImporter::importIf(const onnx::NodeProto &node) {
  auto describe = [&] { return error() << "node '" << node.name() << "' (If): "; };
  if (node.input_size() != 1)
    return describe() << "needs one input";
  FailureOr<const Tensor *> condition = lookup(node.input(0));
  if (failed(condition))
    return failure();
  if (!*condition || !(*condition)->isFoldable() || (*condition)->constant->isFloat() ||
      (*condition)->constant->size() != 1)
    return describe() << "the condition must be a constant or follow from constants and shapes";
  bool value = (*condition)->constant->getIntegers()[0] != 0;
  const onnx::GraphProto *branch = getBranch(node, value ? "then_branch" : "else_branch");
  if (!branch || branch->output_size() != node.output_size())
    return describe() << "the branches must have as many outputs as the node";
  if (++depth > 16)
    return describe() << "branches are nested more than 16 deep";
  for (const auto &output : branch->output())
    live.insert(output.name());
  if (failed(collectInitializers(*branch)) || failed(importNodes(*branch)))
    return failure();
  --depth;
  for (int i = 0; i < node.output_size(); ++i) {
    FailureOr<const Tensor *> result = lookup(branch->output(i).name());
    if (failed(result))
      return failure();
    if (!*result)
      return describe() << "no node produces the branch's output '" << branch->output(i).name() << "'";
    if (!node.output(i).empty() && failed(define(node, i, **result)))
      return failure();
  }
  return success();
}

LogicalResult GraphImporter::importNodes(const onnx::GraphProto &graph) {
  for (const auto &node : graph.node())
    if (llvm::any_of(node.output(), [&](const std::string &name) { return live.contains(name); })) {
      if (failed(importNode(node)))
        return failure();
      releaseInitializers(node);
    }
  return success();
}

/// Weights are in the IR now, and most are read only once; a second reader loads them again.
void GraphImporter::releaseInitializers(const onnx::NodeProto &node) {
  constexpr int64_t large = 1 << 20;
  for (const std::string &name : node.input())
    if (auto tensor = tensors.find(name);
        tensor != tensors.end() && initializers.contains(name) && tensor->second.constant->size() >= large)
      tensors.erase(tensor);
}

/// Erases ops that have no users after folding.
static void eraseDeadOps(func::FuncOp function) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  if (failed(checkVersions()) || failed(collectInitializers(model.graph())))
    return {};
  findLiveNodes(model.graph());
  if (failed(checkOperators()) || failed(resolveInputs()))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(builder.getContext()));
  if (failed(createFunction(*module)) || failed(importNodes(model.graph())) || failed(createReturn()))
    return {};
  eraseDeadOps(function);
  if (failed(verify(*module)))
    return {};
  return module;
}
