//===- NodeTests.h - ONNX's backend tests of single operators ---*- C++ -*-===//
//
// Debian's libonnx-testdata holds one folder for each test: model.onnx and
// test_data_set_0 with the tensors that go in and come out. A test is imported,
// evaluated by the reference evaluator, and compared.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_UNITTESTS_IMPORT_NODETESTS_H
#define NARROW_UNITTESTS_IMPORT_NODETESTS_H

#include "narrow/Support/LLVM.h"
#include <map>
#include <string>
#include <vector>

namespace narrow {

struct NodeTest {
  std::string name, folder, op;
  /// Whether the operator is evaluated at import time only.
  bool constantsOnly;
};

struct NodeTestResult {
  enum Status { Passed, Refused, Failed } status = Failed;
  /// Diagnostics, or how the values differ.
  std::string message;
};

/// The tests whose model is a single node of a supported operator, by name;
/// empty if the tests are not installed.
std::vector<NodeTest> findNodeTests();

/// The tests in the same form that this repository adds: other opsets, constant
/// weights, folding. They may have several nodes, and must all pass.
std::vector<NodeTest> findOwnTests();

/// Which inputs of the model become initializers. Inputs that are not float
/// always do: the importer takes shapes, axes and indices as constants alone.
enum class Constants { NotFloat, AllButFirst, All };

NodeTestResult runNodeTest(const NodeTest &test, Constants constants);

/// docs/onnx-operators.md, with the results of the tests.
std::string writeOperatorTable(const std::map<std::string, std::vector<NodeTestResult>> &results);

} // namespace narrow

#endif
