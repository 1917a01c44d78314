//===- ImportTest.cpp - Tests of the ONNX importer ------------------------===//
#include "narrow/Import/ONNX/Import.h"
#include "NodeTests.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace narrow;

static const std::string documentation = NARROW_SOURCE_DIR "/docs/onnx-operators.md";

/// A test passes if the form that models have does: data as input, all else
/// constant. The other forms must not compute wrong results.
static NodeTestResult runForms(const NodeTest &test) {
  NodeTestResult result = runNodeTest(test, test.constantsOnly ? Constants::All : Constants::AllButFirst);
  for (Constants constants : {Constants::NotFloat, Constants::All})
    if (NodeTestResult other = runNodeTest(test, constants); other.status == NodeTestResult::Failed)
      result = other;
  return result;
}

static std::map<std::string, std::vector<NodeTestResult>> runAll(llvm::raw_ostream *log) {
  std::map<std::string, std::vector<NodeTestResult>> results;
  for (const NodeTest &test : findNodeTests()) {
    NodeTestResult result = runForms(test);
    if (log && result.status != NodeTestResult::Passed)
      *log << (result.status == NodeTestResult::Refused ? "refused " : "FAILED ") << test.name << ": "
           << result.message << "\n";
    results[test.op].push_back(result);
  }
  return results;
}

static const std::map<std::string, std::vector<NodeTestResult>> &getResults() {
  static const auto results = runAll(&llvm::outs());
  return results;
}

/// What the importer documents as not supported; another message for a test
/// that is refused is a regression.
static const char *const expectedReasons[] = {
    "only 1-D and 2-D pooling are supported",
    "attribute 'training_mode' has the value 1",
    "attribute 'to' has the value",
    "has element type",
    "contains nan",
    "the result is neither number nor bool",
    "has no elements",
    "is not supported",
    "attribute 'mode' has the value",
    "an input is no tensor",
    "attribute 'dilations' has the value",
    "has the open shape",
    "is empty",
    "training mode is not supported",
    "which is no whole number of them", // align_corners, where ONNX's text and its data differ
};

TEST(NodeTests, PassOrAreRefused) {
  if (findNodeTests().empty())
    GTEST_SKIP() << "libonnx-testdata is not installed";
  unsigned passed = 0;
  for (const auto &[op, results] : getResults())
    for (const NodeTestResult &result : results) {
      EXPECT_NE(result.status, NodeTestResult::Failed) << op << ": " << result.message;
      passed += result.status == NodeTestResult::Passed;
      if (result.status == NodeTestResult::Refused)
        EXPECT_TRUE(llvm::any_of(
            expectedReasons, [&](StringRef reason) { return StringRef(result.message).contains(reason); }))
            << op << ": " << result.message;
    }
  EXPECT_GT(passed, 340u);
}

class OwnTests : public testing::TestWithParam<NodeTest> {};

TEST_P(OwnTests, Passes) {
  NodeTestResult result = runNodeTest(GetParam(), Constants::NotFloat);
  EXPECT_EQ(result.status, NodeTestResult::Passed) << result.message;
}

INSTANTIATE_TEST_SUITE_P(Models, OwnTests, testing::ValuesIn(findOwnTests()), [](const auto &info) {
  std::string name = info.param.name;
  for (char &c : name)
    c = llvm::isAlnum(c) ? c : '_';
  return name;
});

TEST(NodeTests, Documentation) {
  if (findNodeTests().empty())
    GTEST_SKIP() << "libonnx-testdata is not installed";
  auto file = llvm::MemoryBuffer::getFile(documentation);
  ASSERT_TRUE(bool(file)) << documentation;
  EXPECT_EQ((*file)->getBuffer().str(), writeOperatorTable(getResults()))
      << "docs/onnx-operators.md is out of date: run ImportTests --write-docs";
}

int main(int argc, char **argv) {
  if (argc == 2 && StringRef(argv[1]) == "--write-docs") {
    std::error_code error;
    llvm::raw_fd_ostream os(documentation, error);
    os << writeOperatorTable(runAll(&llvm::errs()));
    return error ? 1 : 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
