//===- ContentHashTest.cpp - What the hash of a model depends on ----------===//
#include "narrow/Analysis/ContentHash.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>

using namespace mlir;
using namespace narrow;

namespace {

class ContentHashTest : public testing::Test {
protected:
  ContentHashTest() {
    DialectRegistry registry;
    registerTosaQuantizableModels(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<NarrowDialect, tosa::TosaDialect, func::FuncDialect, arith::ArithDialect,
                        scf::SCFDialect, quant::QuantDialect>();
    context.allowUnregisteredDialects();
  }
  OwningOpRef<ModuleOp> parse(StringRef text) {
    // Some edits below fit no shape.
    ParserConfig config(&context, /*verifyAfterParse=*/false);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, config);
    EXPECT_TRUE(module) << text.str();
    return module;
  }
  std::string hash(StringRef text) {
    OwningOpRef<ModuleOp> module = parse(text);
    return module ? hashModel(*module) : "";
  }

  MLIRContext context;
};

struct Edit {
  StringRef from, to;
};

/// `text` with the first `from` replaced.
std::string replace(StringRef text, Edit edit) {
  size_t at = text.find(edit.from);
  EXPECT_NE(at, StringRef::npos) << edit.from.str();
  return (text.take_front(at) + edit.to + text.drop_front(at + edit.from.size())).str();
}

/// Two layers that share a bias, a sum, two outputs.
constexpr StringLiteral network = R"(
func.func @main(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}, %s: tensor<1x2x2x2xf32> {narrow.name = "s"})
    -> (tensor<1x2x2x2xf32> {narrow.name = "y"}, tensor<1x8xf32> {narrow.name = "z"}) {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %v = "tosa.const"() <{values = dense<[[[[0.0, 1.0]]], [[[2.0, 3.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.25> : tensor<2xf32>}> : () -> tensor<2xf32>
  %o = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shape = tosa.const_shape {values = dense<[1, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.conv2d %x, %w, %b, %o, %o {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "c"} : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %s, %v, %b, %o, %o {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "d"} : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.sub %0, %1 {narrow.id = "sum"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.activation leaky_relu %2 alpha 0.1 {narrow.id = "leaky"} : tensor<1x2x2x2xf32>
  %4 = tosa.reshape %3, %shape {narrow.id = "flat"} : (tensor<1x2x2x2xf32>, !tosa.shape<2>) -> tensor<1x8xf32>
  return %3, %4 : tensor<1x2x2x2xf32>, tensor<1x8xf32>
})";

// Tables and artifacts outlive the program: whoever changes this digest makes them those of other models.
TEST_F(ContentHashTest, IsTheSameEverywhere) {
  EXPECT_EQ(hash(network), "05087196bb3ce9e5baea910f530022e8a9b0b856d948e7a63832c3afc3dd5538");
}

TEST_F(ContentHashTest, DoesNotDependOnForm) {
  const std::string expected = hash(network);
  OwningOpRef<ModuleOp> module = parse(network);
  for (bool generic : {false, true}) {
    std::string text;
    llvm::raw_string_ostream os(text);
    OpPrintingFlags flags;
    module->print(os, flags.printGenericOpForm(generic).enableDebugInfo());
    EXPECT_EQ(hash(text), expected);
  }
  // The order of ops that do not read each other.
  StringRef text = network;
  size_t first = text.find("  %0 ="), second = text.find("  %1 ="), third = text.find("  %2 =");
  std::string swapped = text.take_front(first).str();
  swapped += text.slice(second, third).str() + text.slice(first, second).str() + text.drop_front(third).str();
  EXPECT_EQ(hash(swapped), expected);
  // Equal constants.
  std::string twice = replace(network, {"%v, %b,", "%v, %b2,"});
  EXPECT_EQ(
      hash(replace(twice, {"  %o =", "  %b2 = \"tosa.const\"() <{values = dense<0.25> : tensor<2xf32>}> : "
                                     "() -> tensor<2xf32>\n  %o ="})),
      expected);
  // Which op has a constant, and how its bytes are kept.
  EXPECT_EQ(hash(replace(network,
                         {"\"tosa.const\"() <{values = dense<0.25> : tensor<2xf32>}> : () -> tensor<2xf32>",
                          "arith.constant dense<[0.25, 0.25]> : tensor<2xf32>"})),
            expected);
  EXPECT_EQ(hash(replace(network, {"dense<[[[[0.0, 1.0]]], [[[2.0, 3.0]]]]>", "dense_resource<v>"}) +
                 "{-# dialect_resources: {builtin: {v: \"0x04000000000000000000803F0000004000004040\"}} #-}"),
            expected);
  EXPECT_EQ(hash(replace(network, {"dense<0.25>", "dense_resource<b>"}) +
                 "{-# dialect_resources: {builtin: {b: \"0x040000000000803E0000803E\"}} #-}"),
            expected);
  // What no result needs.
  EXPECT_EQ(hash(replace(network, {"  return", "  %dead = tosa.abs %2 {narrow.id = \"dead\"} : "
                                               "(tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>\n  return"})),
            expected);
}

TEST_F(ContentHashTest, DoesNotDependOnWhatMeansNothing) {
  const std::string expected = hash(network);
  for (Edit edit : std::initializer_list<Edit>{
           {"narrow.id = \"c\"", "narrow.id = \"c\", narrow.later = 1 : i64, test.mark"},
           {"narrow.name = \"x\"", "narrow.name = \"x\", narrow.later = [1]"},
           {"narrow.name = \"y\"", "narrow.name = \"y\", narrow.later"},
           {"{narrow.name = \"z\"})", "{narrow.name = \"z\"}) attributes {narrow.later}"},
           {" : () -> tensor<2xf32>", " {narrow.id = \"b\", narrow.name = \"bias\"} : () -> tensor<2xf32>"},
           {"func.func @main", "func.func public @main"},
           // What holds without being said.
           {"alpha 0.1", "alpha 0.1 beta 0.0"},
           {"narrow.id = \"c\"", "local_bound = false, narrow.id = \"c\""},
       })
    EXPECT_EQ(hash(replace(network, edit)), expected) << edit.to.str();
  EXPECT_EQ(hash(("module @named attributes {narrow.stage = \"float\"} {" + network + "}").str()), expected);
}

TEST_F(ContentHashTest, DependsOnContent) {
  std::set<std::string> hashes{hash(network)};
  for (Edit edit : std::initializer_list<Edit>{
           {"-1.0", "-1.0000001"}, // one bit
           {"dense<0.0>", "dense<-0.0>"},
           {"dense<0.25>", "dense<[0.25, 0.5]>"},
           {"stride = array<i64: 1, 1>", "stride = array<i64: 2, 1>"},
           {"stride = array<i64: 1, 1>", "stride = array<i64: 1, 2>"},
           {"pad = array<i64: 0, 0, 0, 0>", "pad = array<i64: 0, 1, 0, 0>"},
           {"narrow.id = \"c\"", "local_bound = true, narrow.id = \"c\""},
           {"narrow.id = \"c\"", "narrow.id = \"e\""},
           {", narrow.id = \"c\"", ""},
           {"narrow.name = \"x\"", "narrow.name = \"e\""},
           {"narrow.name = \"y\"", "narrow.name = \"e\""},
           {"{narrow.name = \"z\"}", ""},
           {"alpha 0.1", "alpha 0.2"},
           {"alpha 0.1", "alpha 0.1 beta 1.0"},
           {"leaky_relu", "elu"},
           {"tosa.sub", "tosa.add"},
           {"sub %0, %1", "sub %1, %0"},
           {"sub %0, %1", "sub %0, %0"},
           {"tosa.conv2d %x", "tosa.conv2d %s"},
           {"return %3, %4 : tensor<1x2x2x2xf32>", "return %2, %4 : tensor<1x2x2x2xf32>"},
           {"dense<[1, 8]>", "dense<[8, 1]>"},
           {"@main", "@other"},
       })
    EXPECT_TRUE(hashes.insert(hash(replace(network, edit))).second)
        << edit.from.str() << " -> " << edit.to.str();
  // The order of inputs and of outputs, a type, another function.
  std::string inputs = replace(network, {"%x: tensor<1x2x2x2xf32> {narrow.name = \"x\"}", "%t: i1"});
  inputs = replace(inputs, {"%s: tensor<1x2x2x2xf32> {narrow.name = \"s\"}",
                            "%x: tensor<1x2x2x2xf32> {narrow.name = \"x\"}"});
  inputs = replace(inputs, {"%t: i1", "%s: tensor<1x2x2x2xf32> {narrow.name = \"s\"}"});
  std::string outputs = replace(
      network, {"-> (tensor<1x2x2x2xf32> {narrow.name = \"y\"}, tensor<1x8xf32> {narrow.name = \"z\"})",
                "-> (tensor<1x8xf32> {narrow.name = \"z\"}, tensor<1x2x2x2xf32> {narrow.name = \"y\"})"});
  outputs = replace(outputs, {"return %3, %4 : tensor<1x2x2x2xf32>, tensor<1x8xf32>",
                              "return %4, %3 : tensor<1x8xf32>, tensor<1x2x2x2xf32>"});
  std::string batch = network.str();
  for (size_t at; (at = batch.find("1x2x2x2xf32")) != std::string::npos;)
    batch.replace(at, 11, "3x2x2x2xf32");
  for (const std::string &text :
       {inputs, outputs, batch,
        network.str() + "func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> { return %x : tensor<1xf32> }"})
    EXPECT_TRUE(hashes.insert(hash(text)).second) << text;
}

// Values of i1 are bits in some forms and bytes in others; those of i4 are bytes.
TEST_F(ContentHashTest, SmallElements) {
  auto constant = [&](StringRef values) {
    return hash(("func.func @main() -> tensor<9xi1> {\n  %c = arith.constant " + values +
                 " : tensor<9xi1>\n  return %c : tensor<9xi1>\n}\n")
                    .str());
  };
  std::set<std::string> hashes;
  for (unsigned i = 0; i < 9; ++i) {
    std::string values;
    for (unsigned j = 0; j < 9; ++j)
      values += (j ? ", " : "") + std::string(i == j ? "true" : "false");
    EXPECT_TRUE(hashes.insert(constant("dense<[" + values + "]>")).second) << values;
  }
  EXPECT_TRUE(hashes.insert(constant("dense<true>")).second);
  EXPECT_TRUE(hashes.insert(constant("dense<false>")).second);
  EXPECT_EQ(constant("dense<true>"),
            constant("dense<[true, true, true, true, true, true, true, true, true]>"));
}

// Ops with regions: values of outside count, arguments of the inside are known by depth and place.
TEST_F(ContentHashTest, Regions) {
  constexpr StringLiteral loops = R"(
func.func @main(%x: tensor<4xf32> {narrow.name = "x"}, %y: tensor<4xf32> {narrow.name = "y"}, %a: index, %b: index, %c: index) -> tensor<4xf32> {
  %u = tosa.exp %y : (tensor<4xf32>) -> tensor<4xf32>
  %0 = scf.for %i = %a to %b step %c iter_args(%s = %x) -> tensor<4xf32> {
    %1 = scf.for %j = %a to %b step %c iter_args(%t = %s) -> tensor<4xf32> {
      %2 = tosa.sub %t, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %3 = tosa.add %2, %u : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %4 = tosa.abs %t : (tensor<4xf32>) -> tensor<4xf32>
      %5 = tosa.mul %3, %4, %4 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      scf.yield %5 : tensor<4xf32>
    }
    scf.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
})";
  const std::string expected = hash(loops);
  StringRef text = loops;
  size_t first = text.find("      %3"), second = text.find("      %4"), third = text.find("      %5");
  std::string swapped = text.take_front(first).str();
  swapped += text.slice(second, third).str() + text.slice(first, second).str() + text.drop_front(third).str();
  EXPECT_EQ(hash(swapped), expected);
  std::set<std::string> hashes{expected};
  for (Edit edit : std::initializer_list<Edit>{{"sub %t, %s", "sub %s, %t"},
                                               {"sub %t, %s", "sub %t, %t"},
                                               {"add %2, %u", "add %2, %y"},
                                               {"tosa.abs", "tosa.log"},
                                               {"tosa.exp %y", "tosa.exp %x"},
                                               {"iter_args(%t = %s)", "iter_args(%t = %x)"},
                                               {"scf.yield %1", "scf.yield %s"}})
    EXPECT_TRUE(hashes.insert(hash(replace(loops, edit))).second) << edit.to.str();
}

// Ops that nobody registered have no attributes but discardable ones: those of a dialect do not count.
TEST_F(ContentHashTest, UnregisteredOps) {
  auto make = [&](StringRef attributes) {
    return hash(("func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %0 = \"other.op\"(%x) " +
                 attributes + " : (tensor<4xf32>) -> tensor<4xf32>\n  return %0 : tensor<4xf32>\n}")
                    .str());
  };
  EXPECT_EQ(make("{axis = 1 : i64}"), make("{axis = 1 : i64, narrow.later}"));
  EXPECT_NE(make("{axis = 1 : i64}"), make("{axis = 2 : i64}"));
  EXPECT_NE(make("{axis = 1 : i64}"), make("{axis = 1 : i32}"));
  EXPECT_NE(make("<{axis = 1 : i64}>"), make("<{axis = 2 : i64}>"));
}

// A graph without blocks of code is no reason to run forever.
TEST_F(ContentHashTest, UnreachableCycle) {
  EXPECT_NE(hash(R"(
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
^dead:
  %0 = tosa.add %0, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
})"),
            "");
}

TEST_F(ContentHashTest, DeepNetwork) {
  std::string text = "func.func @main(%v0: tensor<4xf32>) -> tensor<4xf32> {\n";
  constexpr int depth = 20000;
  for (int i = 0; i < depth; ++i)
    text += "  %v" + std::to_string(i + 1) + " = tosa.abs %v" + std::to_string(i) +
            " : (tensor<4xf32>) -> tensor<4xf32>\n";
  text += "  return %v" + std::to_string(depth) + " : tensor<4xf32>\n}";
  EXPECT_NE(hash(text), "");
}

//===----------------------------------------------------------------------===//
// Random networks
//===----------------------------------------------------------------------===//

/// An op that reads two of the values before it: two inputs, then the nodes.
struct Node {
  unsigned kind, left, right;
  int constant; ///< an operand that is added to the left one
};

std::string print(const std::vector<Node> &nodes, ArrayRef<unsigned> order, bool share) {
  constexpr StringLiteral kinds[] = {"add", "sub", "maximum", "minimum"};
  std::string type = "tensor<4xf32>", binary = " : (" + type + ", " + type + ") -> " + type + "\n";
  std::string text = "func.func @main(%v0: " + type + ", %v1: " + type + ") -> " + type + " {\n";
  std::set<int> constants;
  for (unsigned index : order) {
    const Node &node = nodes[index];
    std::string name = std::to_string(index + 2);
    std::string constant = share ? "%k" + std::to_string(node.constant) : "%c" + name;
    if (!share || constants.insert(node.constant).second)
      text += "  " + constant + " = \"tosa.const\"() <{values = dense<" + std::to_string(node.constant) +
              ".0> : " + type + "}> : () -> " + type + "\n";
    text += "  %l" + name + " = tosa.add %v" + std::to_string(node.left) + ", " + constant + binary;
    text += "  %v" + name + " = tosa." + kinds[node.kind].str() + " %l" + name + ", %v" +
            std::to_string(node.right) + binary;
  }
  return text + "  return %v" + std::to_string(nodes.size() + 1) + " : " + type + "\n}";
}

RC_GTEST_FIXTURE_PROP(ContentHashTest, RandomNetworks, ()) {
  unsigned size = *rc::gen::inRange(1, 12);
  std::vector<Node> nodes;
  for (unsigned i = 0; i < size; ++i)
    nodes.push_back({*rc::gen::inRange(0u, 4u), *rc::gen::inRange(0u, i + 2), *rc::gen::inRange(0u, i + 2),
                     *rc::gen::inRange(0, 3)});
  std::vector<unsigned> order;
  for (unsigned i = 0; i < size; ++i)
    order.push_back(i);
  std::string expected = hash(print(nodes, order, /*share=*/true));

  // Any order in which a node comes after those that it reads.
  std::vector<unsigned> left = order, other;
  while (!left.empty()) {
    std::vector<unsigned> ready;
    for (unsigned index : left)
      if (llvm::all_of(std::initializer_list<unsigned>{nodes[index].left, nodes[index].right},
                       [&](unsigned value) { return value < 2 || llvm::is_contained(other, value - 2); }))
        ready.push_back(index);
    unsigned next = ready[*rc::gen::inRange<size_t>(0, ready.size())];
    other.push_back(next);
    llvm::erase(left, next);
  }
  RC_ASSERT(hash(print(nodes, other, *rc::gen::arbitrary<bool>())) == expected);

  // Any change of a node that the result needs.
  std::vector<bool> needed(size);
  needed.back() = true;
  for (unsigned i = size; i-- > 0;)
    for (unsigned value : {nodes[i].left, nodes[i].right})
      if (needed[i] && value >= 2)
        needed[value - 2] = true;
  unsigned index = *rc::gen::suchThat(rc::gen::inRange(0u, size), [&](unsigned i) { return needed[i]; });
  std::vector<Node> changed = nodes;
  switch (*rc::gen::inRange(0, 4)) {
  case 0:
    changed[index].kind = (nodes[index].kind + 1) % 4;
    break;
  case 1:
    changed[index].constant += 1;
    break;
  case 2: // Another input where it read an input or something computed.
    changed[index].left = nodes[index].left == 0 ? 1 : 0;
    break;
  case 3:
    changed[index].right = nodes[index].right == 0 ? 1 : 0;
    break;
  }
  RC_ASSERT(hash(print(changed, order, /*share=*/true)) != expected);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

constexpr StringLiteral pooled = R"(
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}, %u: tensor<1x4x4x2xf32> {narrow.name = "u"}) -> (tensor<1x2x2x2xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.25> : tensor<2xf32>}> : () -> tensor<2xf32>
  %o = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %o, %o {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "c"} : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.max_pool2d %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "p"} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.add %1, %1 {narrow.id = "s"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
})";

class ModelContentTest : public ContentHashTest {
protected:
  void run(ModuleOp module, std::unique_ptr<Pass> pass) {
    PassManager pm(&context);
    pm.addPass(std::move(pass));
    ASSERT_TRUE(succeeded(pm.run(module)));
  }
};

TEST_F(ModelContentTest, LooksThroughObservers) {
  OwningOpRef<ModuleOp> module = parse(pooled);
  std::string hash = hashModel(*module), printed = hashPrintedModel(*module);
  run(*module, createNarrowInsertObservers());
  ModelContent content = getModelContent(*module);
  EXPECT_EQ(content.hash, hash);
  EXPECT_EQ(hashPrintedModel(*module), printed);
  ASSERT_EQ(content.inputs.size(), 2u);
  EXPECT_EQ(content.inputs[1], (ModelInput{"u", {1, 4, 4, 2}}));
  ASSERT_EQ(content.tensors.size(), 3u);
  EXPECT_EQ(content.tensors[0].tensor, (ObservedTensor{"x", {4, 4, 2}}));
  EXPECT_TRUE(content.tensors[0].origin.from.empty());
  EXPECT_EQ(content.tensors[1].tensor, (ObservedTensor{"c", {2, 2, 2}}));
  EXPECT_EQ(content.tensors[1].origin.from, (std::vector<std::string>{"x"}));
  EXPECT_EQ(content.tensors[2].tensor, (ObservedTensor{"s", {2, 2, 2}}));
  EXPECT_EQ(content.tensors[2].origin.from, (std::vector<std::string>{"c"}));
  ASSERT_EQ(content.outputs.size(), 1u);
  EXPECT_EQ(content.outputs[0].name, "y");
  EXPECT_EQ(content.outputs[0].origin.from, (std::vector<std::string>{"s"}));

  // Calibration observes behind the pool, and weights are observed later.
  for (bool sink : {true, false}) {
    OwningOpRef<ModuleOp> changed = module->clone();
    run(*changed, sink ? createNarrowSinkObservers() : createNarrowAssignBitWidth());
    ModelContent other = getModelContent(*changed);
    EXPECT_EQ(other.hash, hash);
    EXPECT_EQ(hashPrintedModel(*changed), printed);
    ASSERT_EQ(other.tensors.size(), 3u);
    for (auto [a, b] : llvm::zip(content.tensors, other.tensors)) {
      EXPECT_EQ(a.tensor, b.tensor);
      EXPECT_EQ(a.origin, b.origin);
    }
    EXPECT_EQ(content.outputs, other.outputs);
  }
}

TEST_F(ModelContentTest, LocatesChanges) {
  auto describe = [&](StringRef text) {
    OwningOpRef<ModuleOp> module = parse(text);
    run(*module, createNarrowInsertObservers());
    return getModelContent(*module);
  };
  auto getDifferences = [&](Edit edit, StringRef text = pooled) {
    return describeDifferences(describe(pooled), describe(replace(text, edit)), "the table", "the model");
  };
  EXPECT_EQ(getDifferences({"main", "main"}), "");
  EXPECT_EQ(getDifferences({"0.75", "0.5"}), "other weights before: 'c'");
  EXPECT_EQ(getDifferences({"dense<0.25>", "dense<0.5>"}), "other weights before: 'c'");
  EXPECT_EQ(getDifferences({"tosa.add", "tosa.maximum"}), "other ops before: 's'");
  EXPECT_EQ(getDifferences({"conv2d %x", "conv2d %u"}),
            "only in the model: 'u'; only in the table: 'x'; other ops before: 'c'");
  EXPECT_EQ(
      getDifferences(
          {"%x: tensor<1x4x4x2xf32> {narrow.name = \"x\"}, %u: tensor<1x4x4x2xf32> {narrow.name = \"u\"}",
           "%u: tensor<1x4x4x2xf32> {narrow.name = \"u\"}, %x: tensor<1x4x4x2xf32> {narrow.name = \"x\"}"}),
      "other inputs: another order");
  EXPECT_EQ(getDifferences({"\"c\"", "\"d\""}), "renamed: 'c' to 'd'");
  EXPECT_EQ(getDifferences({"\"x\"", "\"in\""}), "renamed: 'x' to 'in'");
  // Not a tensor with statistics.
  EXPECT_EQ(getDifferences({"\"p\"", "\"q\""}), "");
  EXPECT_EQ(getDifferences({"\"y\"", "\"z\""}), "other outputs: 'z' (not 'y')");
  EXPECT_EQ(getDifferences({"return %2", "return %1"}), "only in the table: 's'; other outputs: 'y'");
  EXPECT_EQ(
      getDifferences(
          {"  return %2",
           "  %3 = narrow.softmax %2 axis 3 {narrow.id = \"soft\"} : tensor<1x2x2x2xf32>\n  return %3"}),
      "other outputs: 'y'");
  EXPECT_EQ(getDifferences({"\"s\"", "\"t\""}, replace(replace(pooled, {"\"c\"", "\"d\""}), {"0.75", "0.5"})),
            "renamed: 'c' to 'd', 's' to 't'; other weights before: 'd'");
}

// The hash by which tables of version 1 know their models. It may never change; what version 1 did not have
// is not in it.
TEST_F(ModelContentTest, PrintedModel) {
  OwningOpRef<ModuleOp> module = parse(pooled);
  const std::string expected = "61fd6b1f02a0ad1dbf8f7a7d535272500ee7bf561d1cede650b58cb897f89ca4";
  EXPECT_EQ(hashPrintedModel(*module), expected);
  std::string text =
      replace(pooled, {"{narrow.name = \"x\"}", "{narrow.name = \"x\", narrow.later = 3 : i64}"});
  text = replace(text, {"{narrow.name = \"y\"}", "{narrow.later, narrow.name = \"y\"}"});
  text = replace(
      text, {"narrow.id = \"c\"", "narrow.id = \"c\", narrow.float_reason = \"kept\", narrow.binary_input"});
  text = replace(text, {" : () -> tensor<2xf32>", " {narrow.name = \"bias\"} : () -> tensor<2xf32>"});
  EXPECT_EQ(hashPrintedModel(*parse(
                "module attributes {narrow.model_hash = \"0\", narrow.stage = \"float\"} {" + text + "}")),
            expected);
  // What it had is.
  for (Edit edit : std::initializer_list<Edit>{
           {"0.75", "0.5"},
           {"\"p\"", "\"q\""},
           {"\"x\"", "\"in\""},
           {"narrow.id = \"c\"", "narrow.id = \"c\", narrow.channel_mean = array<f32: 1.0, 2.0>"}})
    EXPECT_NE(hashPrintedModel(*parse(replace(pooled, edit))), expected) << edit.to.str();
}

} // namespace
