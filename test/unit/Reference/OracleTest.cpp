//===- OracleTest.cpp - Integer ops against upstream's lowering -----------===//
//
// The same module is evaluated here and compiled by upstream's TOSA to Linalg
// lowering; integer results must have the same bytes.
//
//===----------------------------------------------------------------------===//
#include "Harness.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace narrow::reference;

namespace {

const char *const pipeline = "func.func(tosa-to-linalg-named,canonicalize,tosa-layerwise-constant-fold,"
                             "tosa-make-broadcastable),"
                             "func.func(tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-"
                             "to-tensor),canonicalize,cse,"
                             "one-shot-bufferize{bufferize-function-boundaries "
                             "function-boundary-type-conversion=identity-layout-map},"
                             "buffer-results-to-out-params{modify-public-functions},canonicalize,"
                             "convert-linalg-to-loops,lower-affine,"
                             "expand-strided-metadata,lower-affine,convert-scf-to-cf,arith-expand,"
                             "convert-math-to-llvm,convert-arith-to-llvm,"
                             "convert-index-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm{use-"
                             "bare-ptr-memref-call-conv=1},"
                             "convert-cf-to-llvm,convert-ub-to-llvm,reconcile-unrealized-casts";

class OracleTest : public ReferenceTest {
protected:
  static void SetUpTestSuite() {
    registerConversionPasses();
    registerTransformsPasses();
    registerLinalgPasses();
    tosa::registerTosaPasses();
    bufferization::registerBufferizationPasses();
    memref::registerMemRefPasses();
    arith::registerArithPasses();
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  }

  OracleTest() {
    DialectRegistry registry;
    registry.insert<affine::AffineDialect, bufferization::BufferizationDialect, cf::ControlFlowDialect,
                    index::IndexDialect, linalg::LinalgDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, tensor::TensorDialect, ub::UBDialect, LLVM::LLVMDialect>();
    arith::registerBufferizableOpInterfaceExternalModels(registry);
    bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
    linalg::registerBufferizableOpInterfaceExternalModels(registry);
    scf::registerBufferizableOpInterfaceExternalModels(registry);
    tensor::registerBufferizableOpInterfaceExternalModels(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
  }

  /// Compares both results of function @subject, which has one result.
  void compare(StringRef text, ArrayRef<Tensor> inputs) {
    diagnostics.clear();
    module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << diagnostics;
    auto evaluator = Evaluator::create(*module, "subject");
    SmallVector<Tensor> outputs;
    ASSERT_TRUE(succeeded(evaluator)) << diagnostics;
    ASSERT_TRUE(succeeded(evaluator->run(inputs, outputs, "subject"))) << diagnostics;
    ASSERT_EQ(outputs.size(), 1u);

    OwningOpRef<ModuleOp> lowered = module->clone();
    PassManager passes(&context);
    ASSERT_TRUE(succeeded(parsePassPipeline(pipeline, passes)));
    ASSERT_TRUE(succeeded(passes.run(*lowered))) << diagnostics;
    StringRef library = NARROW_LLVM_LIBRARY_DIR "/libmlir_c_runner_utils.so";
    ExecutionEngineOptions options;
    options.sharedLibPaths = library;
    auto engine = ExecutionEngine::create(*lowered, options);
    ASSERT_TRUE(static_cast<bool>(engine)) << llvm::toString(engine.takeError());
    auto function = (*engine)->lookup("subject");
    ASSERT_TRUE(static_cast<bool>(function)) << llvm::toString(function.takeError());

    Tensor expected(outputs[0].kind, outputs[0].shape);
    SmallVector<void *> pointers;
    for (const Tensor &input : inputs)
      pointers.push_back(const_cast<char *>(input.bytes.data()));
    pointers.push_back(expected.bytes.data());
    switch (pointers.size()) {
    case 2:
      reinterpret_cast<void (*)(void *, void *)>(*function)(pointers[0], pointers[1]);
      break;
    case 3:
      reinterpret_cast<void (*)(void *, void *, void *)>(*function)(pointers[0], pointers[1], pointers[2]);
      break;
    case 4:
      reinterpret_cast<void (*)(void *, void *, void *, void *)>(*function)(pointers[0], pointers[1],
                                                                            pointers[2], pointers[3]);
      break;
    default:
      FAIL() << "write another case for " << pointers.size() << " pointers";
    }
    ASSERT_EQ(outputs[0].bytes.size(), expected.bytes.size());
    auto [got, want] =
        std::mismatch(outputs[0].bytes.begin(), outputs[0].bytes.end(), expected.bytes.begin());
    EXPECT_EQ(got, outputs[0].bytes.end())
        << "first different byte at " << got - outputs[0].bytes.begin() << " of\n"
        << text.str();
  }

  static std::string constant(StringRef name, int64_t value, StringRef type) {
    return llvm::formatv("{0} = \"tosa.const\"() <{{values = dense<{1}> : "
                         "tensor<1x{2}>}> : () -> tensor<1x{2}>\n",
                         name, value, type);
  }
};

/// Values at which roundings and saturations differ, and random ones.
Tensor hardIntegers(int64_t rows, int64_t columns, unsigned seed) {
  Tensor x = randomIntegers<int32_t>({rows, columns}, INT32_MIN, INT32_MAX, seed);
  const int32_t hard[] = {0,          1, -1, INT32_MAX, INT32_MIN, 1 << 16,
                          -(1 << 16), 3, -3, 127,       -128,      (1 << 30) - 1};
  auto values = x.values<int32_t>();
  for (int64_t i = 0; i < columns * rows / 2; ++i)
    values[i * 2] = i % 3 ? hard[i % std::size(hard)] : values[i * 2] >> (i % 31);
  return x;
}

/// Multipliers and shifts of many channels at once.
TEST_F(OracleTest, Rescale) {
  constexpr int64_t channels = 97;
  for (StringRef rounding : {"SINGLE_ROUND", "DOUBLE_ROUND"})
    for (auto [type, zeroPoint] : {std::pair<StringRef, int>("i8", -7), {"i16", 0}, {"i32", 0}}) {
      std::string multipliers, shifts;
      std::mt19937 random(11);
      for (int64_t c = 0; c < channels; ++c) {
        // Double rounding below a shift of 31 and ties (a power of two)
        // included.
        int64_t multiplier = c % 4 ? (int64_t{1} << 30) + random() % (1u << 30) : int64_t{1} << 30;
        multipliers += (c ? ", " : "") + std::to_string(multiplier);
        shifts += (c ? ", " : "") + std::to_string(20 + c % 43);
      }
      std::string text = llvm::formatv(
          R"(func.func @subject(%x: tensor<64x{0}xi32>) -> tensor<64x{0}x{1}> {{
          %m = "tosa.const"() <{{values = dense<[{2}]> : tensor<{0}xi32>}> : () -> tensor<{0}xi32>
          %s = "tosa.const"() <{{values = dense<[{3}]> : tensor<{0}xi8>}> : () -> tensor<{0}xi8>
          {4}{5}
          %y = tosa.rescale %x, %m, %s, %iz, %oz {{rounding_mode = {6}, scale32 = true, per_channel = true, input_unsigned = false, output_unsigned = false}
            : (tensor<64x{0}xi32>, tensor<{0}xi32>, tensor<{0}xi8>, tensor<1xi32>, tensor<1x{1}>) -> tensor<64x{0}x{1}>
          return %y : tensor<64x{0}x{1}>
        })",
          channels, type, multipliers, shifts, constant("%iz", 0, "i32"), constant("%oz", zeroPoint, type),
          rounding);
      compare(text, hardIntegers(64, channels, 5));
    }
}

TEST_F(OracleTest, RescaleOfUnsignedAndSixteenBits) {
  compare(llvm::formatv(
              R"(func.func @subject(%x: tensor<256xi8>) -> tensor<256xi8> {{
      %m = "tosa.const"() <{{values = dense<1717986918> : tensor<1xi32>}> : () -> tensor<1xi32>
      %s = "tosa.const"() <{{values = dense<31> : tensor<1xi8>}> : () -> tensor<1xi8>
      {0}{1}
      %y = tosa.rescale %x, %m, %s, %iz, %oz {{rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = true}
        : (tensor<256xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<256xi8>
      return %y : tensor<256xi8>
    })",
              constant("%iz", 5, "i8"), constant("%oz", -128, "i8"))
              .str(),
          randomIntegers<int8_t>({256}, -128, 127, 1));
  compare(llvm::formatv(
              R"(func.func @subject(%x: tensor<256xi16>) -> tensor<256xi8> {{
      %m = "tosa.const"() <{{values = dense<20011> : tensor<1xi16>}> : () -> tensor<1xi16>
      %s = "tosa.const"() <{{values = dense<21> : tensor<1xi8>}> : () -> tensor<1xi8>
      {0}{1}
      %y = tosa.rescale %x, %m, %s, %iz, %oz {{rounding_mode = SINGLE_ROUND, scale32 = false, per_channel = false, input_unsigned = false, output_unsigned = false}
        : (tensor<256xi16>, tensor<1xi16>, tensor<1xi8>, tensor<1xi16>, tensor<1xi8>) -> tensor<256xi8>
      return %y : tensor<256xi8>
    })",
              constant("%iz", 0, "i16"), constant("%oz", 3, "i8"))
              .str(),
          randomIntegers<int16_t>({256}, -32768, 32767, 1));
}

TEST_F(OracleTest, Conv2D) {
  compare(
      llvm::formatv(
          R"(func.func @subject(%x: tensor<2x7x6x5xi8>, %w: tensor<18x3x2x5xi8>, %b: tensor<18xi32>) -> tensor<2x3x3x18xi32> {{
      {0}{1}
      %y = tosa.conv2d %x, %w, %b, %xz, %wz {{acc_type = i32, pad = array<i64: 1, 1, 0, 1>, stride = array<i64: 2, 2>, dilation = array<i64: 2, 2>}
        : (tensor<2x7x6x5xi8>, tensor<18x3x2x5xi8>, tensor<18xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x3x3x18xi32>
      return %y : tensor<2x3x3x18xi32>
    })",
          constant("%xz", -101, "i8"), constant("%wz", 3, "i8"))
          .str(),
      {randomIntegers<int8_t>({2, 7, 6, 5}, -128, 127, 1),
       randomIntegers<int8_t>({18, 3, 2, 5}, -128, 127, 2),
       randomIntegers<int32_t>({18}, INT32_MIN, INT32_MAX, 3)});
}

TEST_F(OracleTest, DepthwiseConv2D) {
  compare(
      llvm::formatv(
          R"(func.func @subject(%x: tensor<1x6x5x4xi8>, %w: tensor<3x3x4x2xi8>, %b: tensor<8xi32>) -> tensor<1x6x5x8xi32> {{
      {0}{1}
      %y = tosa.depthwise_conv2d %x, %w, %b, %xz, %wz {{acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
        : (tensor<1x6x5x4xi8>, tensor<3x3x4x2xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x5x8xi32>
      return %y : tensor<1x6x5x8xi32>
    })",
          constant("%xz", 50, "i8"), constant("%wz", -2, "i8"))
          .str(),
      {randomIntegers<int8_t>({1, 6, 5, 4}, -128, 127, 1), randomIntegers<int8_t>({3, 3, 4, 2}, -128, 127, 2),
       randomIntegers<int32_t>({8}, -1000, 1000, 3)});
}

TEST_F(OracleTest, MatMul) {
  compare(
      llvm::formatv(
          R"(func.func @subject(%a: tensor<2x3x9xi8>, %b: tensor<2x9x17xi8>) -> tensor<2x3x17xi32> {{
      {0}{1}
      %y = tosa.matmul %a, %b, %az, %bz : (tensor<2x3x9xi8>, tensor<2x9x17xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x3x17xi32>
      return %y : tensor<2x3x17xi32>
    })",
          constant("%az", 7, "i8"), constant("%bz", -9, "i8"))
          .str(),
      {randomIntegers<int8_t>({2, 3, 9}, -128, 127, 1), randomIntegers<int8_t>({2, 9, 17}, -128, 127, 2)});
}

TEST_F(OracleTest, Pools) {
  Tensor x = randomIntegers<int8_t>({1, 9, 9, 16}, -128, 127, 1);
  compare(llvm::formatv(
              R"(func.func @subject(%x: tensor<1x9x9x16xi8>) -> tensor<1x5x5x16xi8> {{
      {0}{1}
      %y = tosa.avg_pool2d %x, %iz, %oz {{acc_type = i32, kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, pad = array<i64: 1, 1, 2, 0>}
        : (tensor<1x9x9x16xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x5x16xi8>
      return %y : tensor<1x5x5x16xi8>
    })",
              constant("%iz", 11, "i8"), constant("%oz", -30, "i8"))
              .str(),
          x);
  compare(
      R"(func.func @subject(%x: tensor<1x9x9x16xi8>) -> tensor<1x5x5x16xi8> {
      %y = tosa.max_pool2d %x {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, pad = array<i64: 1, 1, 2, 0>}
        : (tensor<1x9x9x16xi8>) -> tensor<1x5x5x16xi8>
      return %y : tensor<1x5x5x16xi8>
    })",
      x);
}

TEST_F(OracleTest, Elementwise) {
  Tensor codes = randomIntegers<int8_t>({512}, -128, 127, 1), wide = hardIntegers(16, 32, 2);
  compare(
      R"(func.func @subject(%x: tensor<512xi8>, %t: tensor<256xi8>) -> tensor<512xi8> {
      %y = tosa.table %x, %t : (tensor<512xi8>, tensor<256xi8>) -> tensor<512xi8>
      return %y : tensor<512xi8>
    })",
      {codes, randomIntegers<int8_t>({256}, -128, 127, 3)});
  compare(llvm::formatv(
              R"(func.func @subject(%x: tensor<512xi8>) -> tensor<512xi8> {{
      {0}{1}
      %n = tosa.negate %x, %iz, %oz : (tensor<512xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<512xi8>
      %y = tosa.clamp %n {{min_val = -100 : i8, max_val = 90 : i8} : (tensor<512xi8>) -> tensor<512xi8>
      return %y : tensor<512xi8>
    })",
              constant("%iz", 3, "i8"), constant("%oz", -9, "i8"))
              .str(),
          codes);
  compare(llvm::formatv(
              R"(func.func @subject(%x: tensor<16x32xi32>, %y: tensor<16x32xi32>) -> tensor<16x32xi32> {{
      {0}
      %five = "tosa.const"() <{{values = dense<5> : tensor<1x1xi32>}> : () -> tensor<1x1xi32>
      %0 = tosa.mul %x, %y, %s : (tensor<16x32xi32>, tensor<16x32xi32>, tensor<1xi8>) -> tensor<16x32xi32>
      %1 = tosa.add %0, %x : (tensor<16x32xi32>, tensor<16x32xi32>) -> tensor<16x32xi32>
      %2 = tosa.arithmetic_right_shift %1, %five {{round = true} : (tensor<16x32xi32>, tensor<1x1xi32>) -> tensor<16x32xi32>
      %3 = tosa.sub %2, %y : (tensor<16x32xi32>, tensor<16x32xi32>) -> tensor<16x32xi32>
      return %3 : tensor<16x32xi32>
    })",
              constant("%s", 31, "i8"))
              .str(),
          {wide, hardIntegers(16, 32, 4)});
}

TEST_F(OracleTest, CastOfFloatsSaturates) {
  Tensor x = randomFloats({256}, 1);
  for (auto [i, value] : llvm::enumerate(x.values<float>()))
    value = i % 2 ? static_cast<float>(i) / 2 - 64 : value * 200;
  x.values<float>()[0] = NAN;
  x.values<float>()[2] = INFINITY;
  compare(R"(func.func @subject(%x: tensor<256xf32>) -> tensor<256xi8> {
      %y = tosa.cast %x : (tensor<256xf32>) -> tensor<256xi8>
      return %y : tensor<256xi8>
    })",
          x);
}

} // namespace
