//===- NodeTests.cpp - ONNX's backend tests of single operators -----------===//
#include "NodeTests.h"
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <onnx/onnx_pb.h>

using namespace mlir;
using namespace narrow;
using onnx::TensorProto;

static constexpr const char *root = "/usr/share/libonnx-testdata/data/node";

template <typename Message>
static bool readMessage(const llvm::Twine &path, Message &message) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer && message.ParseFromArray((*buffer)->getBufferStart(), (*buffer)->getBufferSize());
}

std::vector<NodeTest> narrow::findNodeTests() {
  std::map<std::string, bool> supported;
  for (const SupportedOperator &op : getSupportedOperators())
    supported[op.name] = op.constantsOnly;
  std::vector<NodeTest> tests;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(root, error), end; it != end && !error; it.increment(error)) {
    onnx::ModelProto model;
    if (!readMessage(it->path() + "/model.onnx", model) || model.graph().node_size() != 1)
      continue;
    const onnx::NodeProto &node = model.graph().node(0);
    if (node.domain().empty() && supported.count(node.op_type()))
      tests.push_back({llvm::sys::path::filename(it->path()).str(), it->path(), node.op_type(),
                       supported[node.op_type()]});
  }
  llvm::sort(tests, [](const NodeTest &a, const NodeTest &b) { return a.name < b.name; });
  return tests;
}

/// The elements of any tensor as numbers; nullopt for strings and the like.
static std::optional<std::vector<double>> getNumbers(const TensorProto &tensor) {
  std::vector<double> values;
  const std::string &raw = tensor.raw_data();
  auto read = [&]<typename T>(T) {
    for (size_t i = 0; i + sizeof(T) <= raw.size(); i += sizeof(T)) {
      T value;
      std::memcpy(&value, raw.data() + i, sizeof(T));
      values.push_back(static_cast<double>(value));
    }
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    read(float());
    values.insert(values.end(), tensor.float_data().begin(), tensor.float_data().end());
    return values;
  case TensorProto::DOUBLE:
    read(double());
    return values;
  case TensorProto::INT64:
    read(int64_t());
    return values;
  case TensorProto::INT32:
    read(int32_t());
    return values;
  case TensorProto::INT16:
    read(int16_t());
    return values;
  case TensorProto::UINT16:
    read(uint16_t());
    return values;
  case TensorProto::UINT8:
    read(uint8_t());
    return values;
  case TensorProto::INT8:
    read(int8_t());
    return values;
  case TensorProto::BOOL:
    read(uint8_t());
    return values;
  default:
    return std::nullopt;
  }
}

/// Makes every result of the model float, as the importer demands: codes are
/// dequantized with scale 1, other numbers (constants all) are cast.
static void makeResultsFloat(onnx::ModelProto &model, bool codes) {
  onnx::GraphProto &graph = *model.mutable_graph();
  // Cast has its present form from opset 6 on.
  for (onnx::OperatorSetIdProto &opset : *model.mutable_opset_import())
    opset.set_version(std::max<int64_t>(opset.version(), 6));
  for (onnx::ValueInfoProto &output : *graph.mutable_output()) {
    auto &tensor = *output.mutable_type()->mutable_tensor_type();
    if (tensor.elem_type() == TensorProto::FLOAT || output.name().empty())
      continue;
    onnx::NodeProto *node = graph.add_node();
    node->add_input(output.name());
    node->add_output(output.name() + "_float");
    if (codes) {
      node->set_op_type("DequantizeLinear");
      node->add_input("one");
      if (graph.initializer().empty() || graph.initializer().rbegin()->name() != "one") {
        TensorProto *one = graph.add_initializer();
        one->set_name("one");
        one->set_data_type(TensorProto::FLOAT);
        one->add_float_data(1.0f);
      }
    } else {
      node->set_op_type("Cast");
      onnx::AttributeProto *to = node->add_attribute();
      to->set_name("to");
      to->set_type(onnx::AttributeProto::INT);
      to->set_i(TensorProto::FLOAT);
    }
    tensor.set_elem_type(TensorProto::FLOAT);
    output.set_name(output.name() + "_float");
  }
}

static NodeTestResult compare(const onnx::GraphProto &graph, const std::string &folder,
                              ArrayRef<reference::Tensor> outputs) {
  if (static_cast<int>(outputs.size()) != graph.output_size())
    return {NodeTestResult::Failed, "another number of results"};
  for (auto [i, output] : llvm::enumerate(outputs)) {
    TensorProto expected;
    std::string path = folder + "/test_data_set_0/output_" + std::to_string(i) + ".pb";
    if (!readMessage(path, expected))
      return {NodeTestResult::Failed, "cannot read " + path};
    auto numbers = getNumbers(expected);
    auto values = output.values<float>();
    if (!numbers)
      return {NodeTestResult::Refused, "the result is neither number nor bool"};
    if (SmallVector<int64_t>(expected.dims().begin(), expected.dims().end()) != output.shape ||
        numbers->size() != values.size())
      return {NodeTestResult::Failed, "another shape than " + path};
    for (auto [j, pair] : llvm::enumerate(llvm::zip(*numbers, values))) {
      auto [wanted, got] = pair;
      bool equal = wanted == got || (std::isnan(wanted) && std::isnan(got)) ||
                   std::fabs(wanted - got) <= 1e-5 + 1e-3 * std::fabs(wanted);
      if (!equal)
        return {NodeTestResult::Failed, "element " + std::to_string(j) + " of '" + graph.output(i).name() +
                                            "' is " + std::to_string(got) + ", expected " +
                                            std::to_string(wanted)};
    }
  }
  return {NodeTestResult::Passed, ""};
}

std::vector<NodeTest> narrow::findOwnTests() {
  std::vector<NodeTest> tests;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(NARROW_SOURCE_DIR "/test/Import/Inputs/nodes", error), end;
       it != end && !error; it.increment(error))
    tests.push_back({llvm::sys::path::filename(it->path()).str(), it->path(), "", false});
  llvm::sort(tests, [](const NodeTest &a, const NodeTest &b) { return a.name < b.name; });
  return tests;
}

NodeTestResult narrow::runNodeTest(const NodeTest &test, Constants constants) {
  onnx::ModelProto model;
  if (!readMessage(test.folder + "/model.onnx", model))
    return {NodeTestResult::Failed, "cannot read the model"};
  onnx::GraphProto &graph = *model.mutable_graph();
  SmallVector<reference::Tensor> inputs;
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> kept;
  for (int i = 0; i < graph.input_size(); ++i) {
    TensorProto tensor;
    std::string path = test.folder + "/test_data_set_0/input_" + std::to_string(i) + ".pb";
    if (!graph.input(i).type().has_tensor_type())
      return {NodeTestResult::Refused, "an input is no tensor"};
    if (!readMessage(path, tensor))
      return {NodeTestResult::Failed, "cannot read " + path};
    // The files hold bfloat16 as the uint16 of the same bits.
    tensor.set_data_type(graph.input(i).type().tensor_type().elem_type());
    bool asInput = tensor.data_type() == TensorProto::FLOAT &&
                   (constants == Constants::NotFloat || (constants == Constants::AllButFirst && i == 0));
    if (asInput) {
      auto numbers = getNumbers(tensor);
      std::vector<float> values(numbers->begin(), numbers->end());
      SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
      inputs.emplace_back(shape, ArrayRef<float>(values));
      *kept.Add() = graph.input(i);
    } else {
      tensor.set_name(graph.input(i).name());
      *graph.add_initializer() = tensor;
    }
  }
  graph.mutable_input()->Swap(&kept);
  makeResultsFloat(model, test.op == "QuantizeLinear");

  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<arith::ArithDialect>();
  DialectRegistry registry;
  registerEvaluableModels(registry);
  context.appendDialectRegistry(registry);
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostics += diagnostic.str() + "\n";
  });
  std::string bytes = model.SerializeAsString();
  OwningOpRef<ModuleOp> module = importONNX(llvm::MemoryBufferRef(bytes, test.name), context);
  if (!module)
    return {NodeTestResult::Refused, diagnostics};
  auto evaluator = reference::Evaluator::create(*module);
  SmallVector<reference::Tensor> outputs;
  if (failed(evaluator) || failed(evaluator->run(inputs, outputs)))
    return {NodeTestResult::Failed, "evaluation: " + diagnostics};
  return compare(graph, test.folder, outputs);
}

std::string narrow::writeOperatorTable(const std::map<std::string, std::vector<NodeTestResult>> &results) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << R"(# ONNX operators

Operators of the default domain that `narrow-translate --import-onnx` imports.
*Tests* are ONNX's backend tests of the operator (Debian's libonnx-testdata,
opset 17 and older) whose results the reference evaluator reproduces, of all
there are; the others are refused with an error that says why. Operators marked
*constants* are evaluated during import: their inputs must follow from constants
and shapes. Written by `ImportTests --write-docs`, checked by
`ImportTests.Documentation`.

| operator | opsets | tests | notes |
|---|---|---|---|
)";
  for (const SupportedOperator &op : getSupportedOperators()) {
    unsigned passed = 0, total = 0;
    if (auto found = results.find(op.name); found != results.end())
      for (const NodeTestResult &result : found->second) {
        passed += result.status == NodeTestResult::Passed;
        ++total;
      }
    std::string notes = op.constantsOnly ? "constants" : "";
    if (!op.notes.empty())
      notes += (notes.empty() ? "" : "; ") + op.notes;
    os << "| " << op.name << " | " << op.firstOpset << "–" << op.lastOpset << " | " << passed << "/" << total
       << " | " << notes << " |\n";
  }
  return text;
}
