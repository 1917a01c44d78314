//===- EmitTest.cpp - Compiled models, run in this process ----------------===//
#include "narrow/Target/CPU/Emit.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "narrow/InitAll.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Disassembly.h"
#include "narrow/Target/CPU/JIT.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>

using namespace narrow;
using llvm::StringRef;

namespace {

template <typename T>
std::string messageOf(llvm::Expected<T> value) {
  return value ? "no error" : llvm::toString(value.takeError());
}
std::string messageOf(llvm::Error error) { return error ? llvm::toString(std::move(error)) : "no error"; }

struct Emission : testing::Test {
  Emission() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  mlir::OwningOpRef<mlir::ModuleOp> load(StringRef file) {
    return mlir::parseSourceFile<mlir::ModuleOp>((NARROW_TEST_INPUTS "/" + file).str(), &context);
  }
  mlir::OwningOpRef<mlir::ModuleOp> parse(StringRef text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  EmitOptions options(StringRef isa = "portable") {
    EmitOptions result;
    result.target = llvm::cantFail(resolveTarget({"", "", "", isa.str()}));
    result.prefix = "m";
    result.manifest = R"({"scheme": "w8a8"})";
    return result;
  }

  std::unique_ptr<CompiledModel> compile(mlir::ModuleOp module, StringRef isa = "portable") {
    llvm::Expected<ObjectBuffer> object = emitObject(module, options(isa));
    EXPECT_TRUE((bool)object) << (object ? "" : llvm::toString(object.takeError()));
    if (!object)
      return nullptr;
    auto model = CompiledModel::fromObject(StringRef(object->data(), object->size()));
    EXPECT_TRUE((bool)model) << (model ? "" : llvm::toString(model.takeError()));
    return model ? std::move(*model) : nullptr;
  }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

/// What Inputs/quantized.mlir computes.
std::vector<float> expectedOutput(const std::vector<float> &x) {
  std::vector<float> y;
  for (int i = 0; i < 16; ++i) {
    int code = (int)std::clamp(std::nearbyint(x[i] / 0.5f) + 3.0f, -128.0f, 127.0f);
    int weight = i % 2 ? -(i + 1) : i + 1;
    y.push_back(std::clamp((code - 3) * weight + i, 0, 127) * 0.25f);
  }
  return y;
}

const std::vector<float> sampleInput = {0.25f, -0.75f, 1.0f,  -3.0f, 100.0f, -100.0f, 0.0f,   0.6f,
                                        0.75f, 1.25f,  -1.0f, 2.5f,  -0.5f,  0.5f,    -0.01f, 7.0f};

// Constants beyond 2 GB, with the code for them and without their size.
TEST_F(Emission, ReachesLargeConstants) {
  auto module = load("quantized.mlir");
  ASSERT_TRUE(module);
  EmitOptions large = options();
  large.largeConstants = 1;
  auto object = emitObject(*module, large), usual = emitObject(*module, options());
  ASSERT_TRUE((bool)object && (bool)usual);
  EXPECT_NE(*object, *usual);
  auto model = CompiledModel::fromObject(std::move(*object));
  ASSERT_TRUE((bool)model) << llvm::toString(model.takeError());
  CompiledModel::Arena arena((*model)->info());
  std::vector<float> y(16, -1.0f);
  ASSERT_EQ(messageOf((*model)->run({sampleInput.data()}, {y.data()}, arena)), "no error");
  EXPECT_EQ(y, expectedOutput(sampleInput));
}

TEST_F(Emission, RunsAndDescribesItself) {
  auto module = load("quantized.mlir");
  ASSERT_TRUE(module);
  auto model = compile(*module);
  ASSERT_TRUE(model);
  const narrow_model_info &info = model->info();
  EXPECT_EQ(info.abi_version, (uint32_t)NARROW_ABI_VERSION);
  EXPECT_STREQ(info.name, "m");
  EXPECT_STREQ(info.isa, "portable");
  EXPECT_STREQ(info.manifest, R"({"scheme": "w8a8"})");
  EXPECT_EQ(info.arena_size, 128u);
  EXPECT_EQ(info.arena_alignment, 64u);
  EXPECT_EQ(info.weights_size, 16u + 64u);
  EXPECT_EQ(info.observer_count, 0);
  EXPECT_FALSE(model->isObserved());
  ASSERT_EQ(model->inputs().size(), 1u);
  const narrow_tensor &input = model->inputs()[0];
  EXPECT_STREQ(input.name, "input");
  EXPECT_STREQ(input.layout, "nchw");
  ASSERT_EQ(input.rank, 4);
  EXPECT_EQ(std::vector<int64_t>(input.dims, input.dims + 4), (std::vector<int64_t>{1, 1, 4, 4}));
  EXPECT_EQ(input.count, 16);
  EXPECT_EQ(input.type, NARROW_F32);
  EXPECT_EQ(input.code_type, NARROW_I8);
  EXPECT_EQ(input.scale, 0.5);
  EXPECT_EQ(input.zero_point, 3);
  EXPECT_STREQ(model->outputs()[0].name, "output");
  EXPECT_STREQ(model->outputs()[0].layout, "");

  CompiledModel::Arena arena(info);
  std::vector<float> y(16, -1.0f);
  ASSERT_EQ(messageOf(model->run({sampleInput.data()}, {y.data()}, arena)), "no error");
  EXPECT_EQ(y, expectedOutput(sampleInput));

  std::vector<int8_t> codes(16, 5), result(16);
  ASSERT_EQ(messageOf(model->runCodes({codes.data()}, {result.data()}, arena)), "no error");
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(result[i], std::clamp(2 * (i % 2 ? -(i + 1) : i + 1) + i, 0, 127));
}

TEST_F(Emission, ErrorCodesAndNothingWritten) {
  auto module = load("quantized.mlir");
  auto model = compile(*module);
  ASSERT_TRUE(model);
  alignas(64) char arena[256];
  std::fill(std::begin(arena), std::end(arena), 'a');
  std::vector<float> y(16, -1.0f);
  const float *in[] = {sampleInput.data()};
  float *out[] = {y.data()};
  const float *noIn[] = {nullptr};
  float *noOut[] = {nullptr};
  auto run = model->getRun();
  EXPECT_EQ(run(nullptr, out, arena, 128), NARROW_ERROR_NULL);
  EXPECT_EQ(run(in, nullptr, arena, 128), NARROW_ERROR_NULL);
  EXPECT_EQ(run(in, out, nullptr, 128), NARROW_ERROR_NULL);
  EXPECT_EQ(run(noIn, out, arena, 128), NARROW_ERROR_NULL);
  EXPECT_EQ(run(in, noOut, arena, 128), NARROW_ERROR_NULL);
  EXPECT_EQ(run(in, out, arena, 127), NARROW_ERROR_ARENA_SIZE);
  EXPECT_EQ(run(in, out, arena, 0), NARROW_ERROR_ARENA_SIZE);
  EXPECT_EQ(run(in, out, arena + 1, 128), NARROW_ERROR_ARENA_ALIGNMENT);
  EXPECT_EQ(run(in, out, arena + 32, 128), NARROW_ERROR_ARENA_ALIGNMENT);
  EXPECT_EQ(y, std::vector<float>(16, -1.0f));
  EXPECT_TRUE(std::all_of(std::begin(arena), std::end(arena), [](char c) { return c == 'a'; }));
  EXPECT_EQ(run(in, out, arena, 128), NARROW_OK);
  EXPECT_TRUE(std::all_of(arena + 128, std::end(arena), [](char c) { return c == 'a'; }));

  CompiledModel::Arena good(model->info());
  EXPECT_NE(messageOf(model->run({}, {y.data()}, good)).find("1 inputs and 1 outputs, not 0 and 1"),
            std::string::npos);
}

TEST_F(Emission, EveryISAOfTheHostGivesTheSame) {
  for (StringRef isa : getISANames()) {
    llvm::Expected<TargetSpec> target = resolveTarget({"", "", "", isa.str()});
    if (!target) { // of another architecture
      llvm::consumeError(target.takeError());
      continue;
    }
    if (auto can = checkHostFeatures(getRequiredFeatures(*target), getHostFeatures()); !can) {
      llvm::consumeError(can.takeError());
      continue;
    }
    auto module = load("quantized.mlir");
    auto model = compile(*module, isa);
    ASSERT_TRUE(model) << isa.str();
    CompiledModel::Arena arena(model->info());
    std::vector<float> y(16);
    ASSERT_EQ(messageOf(model->run({sampleInput.data()}, {y.data()}, arena)), "no error");
    EXPECT_EQ(y, expectedOutput(sampleInput)) << isa.str();
  }
}

TEST_F(Emission, FeaturesThatOnlyCountingBitsUses) {
  auto module = load("quantized.mlir");
  EmitOptions emit = options();
  emit.target = llvm::cantFail(resolveTarget({"", "x86_64-linux-gnu", "", "avx512vnni"}));
  auto demands = [&] {
    return llvm::cantFail(emitLLVMIR(*module, emit)).find("avx512vpopcntdq") != std::string::npos;
  };
  emit.target.popcountFeatures = "+avx512vpopcntdq";
  EXPECT_FALSE(demands());
  auto count = parse("func.func private @count(%x: vector<16xi32>) -> vector<16xi32> {\n"
                     "  %0 = math.ctpop %x : vector<16xi32>\n"
                     "  return %0 : vector<16xi32>\n}");
  module->push_back(count->getBody()->front().clone());
  EXPECT_TRUE(demands());
  emit.target.popcountFeatures = "";
  EXPECT_FALSE(demands());
}

TEST_F(Emission, Observers) {
  auto module = load("observed.mlir");
  ASSERT_TRUE(module);
  auto model = compile(*module);
  ASSERT_TRUE(model);
  ASSERT_TRUE(model->isObserved());
  ASSERT_EQ(model->info().observer_count, 2);
  EXPECT_STREQ(model->info().observers[1], "twice");
  std::vector<std::pair<int, std::vector<float>>> seen;
  narrow_observer observer{[](void *context, int32_t id, const float *data, int64_t count) {
                             static_cast<decltype(seen) *>(context)->push_back({id, {data, data + count}});
                           },
                           &seen};
  CompiledModel::Arena arena(model->info());
  std::vector<float> x = {1, 2, 3, 4}, y(4);
  ASSERT_EQ(messageOf(model->observe({x.data()}, {y.data()}, arena, observer)), "no error");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].first, 0);
  EXPECT_EQ(seen[0].second, x);
  EXPECT_EQ(seen[1].first, 1);
  EXPECT_EQ(seen[1].second, (std::vector<float>{2, 4, 6, 8}));
  EXPECT_EQ(y, seen[1].second);
  // Without an observer the model is one like any other.
  std::fill(y.begin(), y.end(), 0.0f);
  ASSERT_EQ(messageOf(model->run({x.data()}, {y.data()}, arena)), "no error");
  EXPECT_EQ(y, seen[1].second);
  EXPECT_EQ(seen.size(), 2u);
  const float *in[] = {x.data()};
  float *out[] = {y.data()};
  EXPECT_EQ(model->getObserve()(in, out, arena.data(), arena.size(), nullptr), NARROW_ERROR_NULL);
  narrow_observer empty{nullptr, nullptr};
  EXPECT_EQ(model->getObserve()(in, out, arena.data(), arena.size(), &empty), NARROW_ERROR_NULL);
  EXPECT_EQ(model->getRunCodes()(nullptr, nullptr, nullptr, 0), NARROW_ERROR_NO_CODES);
}

/// math ops on 8 inputs, one function of the C library each if LLVM had its
/// way.
std::string mathModule(StringRef body) {
  return (R"(module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64} {
  func.func private @main(%arena: memref<64xi8>, %a: memref<8xf32> {narrow.name = "a"}, %b: memref<8xf32> {narrow.name = "b"},
      %c: memref<8xf32> {narrow.name = "c"}, %y: memref<8xf32> {narrow.name = "y", narrow.output}) {
    %c0 = arith.constant 0 : index
    %va = vector.load %a[%c0] : memref<8xf32>, vector<8xf32>
    %vb = vector.load %b[%c0] : memref<8xf32>, vector<8xf32>
    %vc = vector.load %c[%c0] : memref<8xf32>, vector<8xf32>
    %r = )" +
          body + R"( : vector<8xf32>
    vector.store %r, %y[%c0] : memref<8xf32>, vector<8xf32>
    return
  }
})")
      .str();
}

struct MathOnPortable : Emission {
  void check(StringRef op, const std::vector<std::array<float, 3>> &values,
             float (*expected)(float, float, float), double tolerance) {
    auto module = parse(mathModule(op));
    ASSERT_TRUE(module);
    auto model = compile(*module);
    ASSERT_TRUE(model);
    CompiledModel::Arena arena(model->info());
    for (size_t start = 0; start < values.size(); start += 8) {
      float in[3][8] = {}, y[8];
      for (size_t i = 0; i < 8; ++i)
        for (int k = 0; k < 3; ++k)
          in[k][i] = values[std::min(start + i, values.size() - 1)][k];
      ASSERT_EQ(messageOf(model->run({in[0], in[1], in[2]}, {y}, arena)), "no error");
      for (int i = 0; i < 8; ++i) {
        float want = expected(in[0][i], in[1][i], in[2][i]);
        if (std::isnan(want))
          EXPECT_TRUE(std::isnan(y[i])) << in[0][i] << " " << in[1][i] << " " << in[2][i];
        else if (tolerance == 0)
          EXPECT_TRUE(y[i] == want && std::signbit(y[i]) == std::signbit(want))
              << op.str() << " of " << in[0][i] << " " << in[1][i] << " " << in[2][i] << " is " << y[i]
              << ", not " << want;
        else
          EXPECT_NEAR(y[i], want, tolerance * std::max(1.0f, std::fabs(want)))
              << op.str() << " of " << in[0][i];
      }
    }
  }

  /// Numbers of all magnitudes, ties, and the special ones.
  std::vector<std::array<float, 3>> numbers(size_t count) {
    std::vector<float> special = {0.0f,    -0.0f,       0.5f,         -0.5f,      1.5f,        -1.5f,
                                  2.5f,    0.49999997f, -0.49999997f, 8388607.5f, -8388607.5f, 8388608.0f,
                                  1e30f,   INFINITY,    -INFINITY,    NAN,        1e-45f,      -1e-45f,
                                  3.4e38f, 4194303.5f,  -4194304.5f,  1.0f};
    std::vector<std::array<float, 3>> result;
    uint64_t state = 1;
    auto next = [&]() -> uint32_t {
      return (state = state * 6364136223846793005ull + 1442695040888963407ull) >> 33;
    };
    for (size_t i = 0; i < count; ++i) {
      std::array<float, 3> row;
      for (float &value : row) {
        uint32_t kind = next() % 4;
        value = kind == 0 ? special[next() % special.size()]
                : kind == 1
                    ? (float)((int32_t)(next() % 2001) - 1000) / 2
                    : std::ldexp((float)(next() & 0xffffff) / (1 << 24) - 0.5f, (int)(next() % 60) - 30);
      }
      if (next() % 3 == 0) // close to cancelling: the second rounding of a product would show
        row[2] = -row[0] * row[1];
      result.push_back(row);
    }
    return result;
  }
};

TEST_F(MathOnPortable, FmaIsExact) {
  check(
      "math.fma %va, %vb, %vc", numbers(20000), [](float a, float b, float c) { return std::fma(a, b, c); },
      0);
}
TEST_F(MathOnPortable, RoundingIsExact) {
  auto values = numbers(4000);
  check("math.roundeven %va", values, [](float a, float, float) { return std::nearbyint(a); }, 0);
  check("math.floor %va", values, [](float a, float, float) { return std::floor(a); }, 0);
  check("math.ceil %va", values, [](float a, float, float) { return std::ceil(a); }, 0);
  check("math.trunc %va", values, [](float a, float, float) { return std::trunc(a); }, 0);
  check("math.round %va", values, [](float a, float, float) { return std::round(a); }, 0);
}
TEST_F(MathOnPortable, ApproximationsAreClose) {
  std::vector<std::array<float, 3>> values;
  for (float x = -8; x < 8; x += 0.037f)
    values.push_back({x, std::fabs(x) + 0.01f, 0});
  check("math.exp %va", values, [](float a, float, float) { return std::exp(a); }, 1e-6);
  check("math.tanh %va", values, [](float a, float, float) { return std::tanh(a); }, 1e-6);
  check("math.erf %va", values, [](float a, float, float) { return std::erf(a); }, 1e-6);
  check("math.log %vb", values, [](float, float b, float) { return std::log(b); }, 1e-6);
  check("math.rsqrt %vb", values, [](float, float b, float) { return 1 / std::sqrt(b); }, 1e-6);
}

TEST_F(Emission, LargeCopiesNeedNoLibrary) {
  auto module = parse(R"(module attributes {narrow.arena_size = 64 : i64} {
  func.func private @main(%arena: memref<64xi8>, %x: memref<1000xf32> {narrow.name = "x"}, %copy: memref<1000xf32> {narrow.name = "copy", narrow.output},
      %up: memref<1000xf32> {narrow.name = "up", narrow.output}, %down: memref<1000xf32> {narrow.name = "down", narrow.output},
      %set: memref<1000xf32> {narrow.name = "set", narrow.output}) {
    memref.copy %x, %copy : memref<1000xf32> to memref<1000xf32>
    memref.copy %x, %up : memref<1000xf32> to memref<1000xf32>
    memref.copy %x, %down : memref<1000xf32> to memref<1000xf32>
    %size = llvm.mlir.constant(3988 : i64) : i64
    %value = llvm.mlir.constant(63 : i8) : i8
    %0 = memref.extract_aligned_pointer_as_index %up : memref<1000xf32> -> index
    %1 = arith.index_cast %0 : index to i64
    %pu = llvm.inttoptr %1 : i64 to !llvm.ptr
    %pu3 = llvm.getelementptr %pu[12] : (!llvm.ptr) -> !llvm.ptr, i8
    "llvm.intr.memmove"(%pu3, %pu, %size) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
    %2 = memref.extract_aligned_pointer_as_index %down : memref<1000xf32> -> index
    %3 = arith.index_cast %2 : index to i64
    %pd = llvm.inttoptr %3 : i64 to !llvm.ptr
    %pd3 = llvm.getelementptr %pd[12] : (!llvm.ptr) -> !llvm.ptr, i8
    "llvm.intr.memmove"(%pd, %pd3, %size) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
    %4 = memref.extract_aligned_pointer_as_index %set : memref<1000xf32> -> index
    %5 = arith.index_cast %4 : index to i64
    %ps = llvm.inttoptr %5 : i64 to !llvm.ptr
    "llvm.intr.memset"(%ps, %value, %size) <{isVolatile = false}> : (!llvm.ptr, i8, i64) -> ()
    return
  }
})");
  ASSERT_TRUE(module);
  auto model = compile(*module);
  ASSERT_TRUE(model);
  CompiledModel::Arena arena(model->info());
  std::vector<float> x(1000), copy(1001, -1), up(1001, -1), down(1001, -1), set(1001, -1);
  for (int i = 0; i < 1000; ++i)
    x[i] = i;
  ASSERT_EQ(messageOf(model->run({x.data()}, {copy.data(), up.data(), down.data(), set.data()}, arena)),
            "no error");
  float filled;
  memset(&filled, 63, sizeof filled);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(copy[i], i);
    EXPECT_EQ(up[i], std::max(i - 3, i < 3 ? i : 0));
    EXPECT_EQ(down[i], i < 997 ? i + 3 : i);
    EXPECT_EQ(set[i], i < 997 ? filled : -1.0f);
  }
  for (const std::vector<float> *y : {&copy, &up, &down, &set})
    EXPECT_EQ(y->back(), -1);
}

/// Constants above and below the size at which they are no longer copied.
TEST_F(Emission, ConstantsOfEveryType) {
  for (int count : {8, 2000}) {
    std::string values;
    for (int i = 0; i < count; ++i)
      values += (i ? ", " : "") + std::to_string(i * 70001 - 5);
    std::string n = std::to_string(count);
    auto module = parse("module attributes {narrow.arena_size = 0 : i64} {\n"
                        "memref.global \"private\" constant @b : memref<" +
                        n + "xi32> = dense<[" + values +
                        "]>\n"
                        "func.func private @main(%arena: memref<0xi8>, %y: memref<" +
                        n +
                        "xi32> {narrow.name = \"y\", narrow.output}) {\n"
                        "  %b = memref.get_global @b : memref<" +
                        n +
                        "xi32>\n"
                        "  memref.copy %b, %y : memref<" +
                        n + "xi32> to memref<" + n + "xi32>\n  return\n}\n}\n");
    ASSERT_TRUE(module);
    auto model = compile(*module);
    ASSERT_TRUE(model);
    EXPECT_EQ(model->info().weights_size, 4u * count);
    EXPECT_EQ(model->outputs()[0].type, NARROW_I32);
    std::vector<int32_t> y(count);
    float *out[] = {reinterpret_cast<float *>(y.data())};
    // No input and no arena: neither pointer is looked at.
    ASSERT_EQ(model->getRun()(nullptr, out, nullptr, 0), NARROW_OK);
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(y[i], i * 70001 - 5);
  }
}

TEST_F(Emission, SharedLibrary) {
  auto module = load("quantized.mlir");
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("narrow-test", "so", path));
  ASSERT_EQ(messageOf(writeLibrary(*module, options(), path)), "no error");
  {
    auto model = CompiledModel::fromSharedLibrary(path);
    ASSERT_TRUE((bool)model) << llvm::toString(model.takeError());
    EXPECT_EQ((*model)->prefix(), "m");
    CompiledModel::Arena arena((*model)->info());
    std::vector<float> y(16);
    ASSERT_EQ(messageOf((*model)->run({sampleInput.data()}, {y.data()}, arena)), "no error");
    EXPECT_EQ(y, expectedOutput(sampleInput));
  }
  auto buffer = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE((bool)buffer);
  std::string bytes = (*buffer)->getBuffer().str();
  // Cut anywhere, it must be an error and no crash.
  for (size_t size = 0; size < bytes.size(); size += std::max<size_t>(1, bytes.size() / 97)) {
    ASSERT_EQ(messageOf(writeFile(path, StringRef(bytes).take_front(size))), "no error");
    EXPECT_NE(messageOf(CompiledModel::fromSharedLibrary(path)), "no error") << size;
  }
  EXPECT_NE(messageOf(CompiledModel::fromObject(bytes)).find("not a relocatable object"), std::string::npos);
  llvm::sys::fs::remove(path);
  EXPECT_NE(messageOf(CompiledModel::fromSharedLibrary(path)).find("cannot read"), std::string::npos);
}

TEST_F(Emission, RefusesOtherFiles) {
  EXPECT_NE(messageOf(CompiledModel::fromObject("no object")).find("not a compiled model"),
            std::string::npos);
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("narrow-test", "so", path));
  ASSERT_EQ(messageOf(linkLibrary("garbage", path)).substr(0, 9), "linking '");
  llvm::sys::fs::remove(path);
  auto module = load("quantized.mlir");
  StringRef other = llvm::Triple(llvm::sys::getProcessTriple()).isX86() ? "aarch64" : "x86_64";
  EmitOptions foreign = options();
  foreign.target = llvm::cantFail(resolveTarget({"", (other + "-linux-gnu").str(), "", ""}));
  llvm::Expected<ObjectBuffer> object = emitObject(*module, foreign);
  ASSERT_TRUE((bool)object);
  EXPECT_NE(messageOf(CompiledModel::fromObject(StringRef(object->data(), object->size())))
                .find("compiled for " + other.str()),
            std::string::npos);
  EXPECT_NE(messageOf(CompiledModel::fromSharedLibrary("/lib/x86_64-linux-gnu/libm.so.6")), "no error");
}

/// Code for a CPU that this one is not must not be run, however little it
/// differs.
TEST_F(Emission, RefusesCodeForABetterCPU) {
  for (StringRef feature : {"avx512vnni", "amx-int8", "sm4", "sha512", "sve2", "i8mm"}) {
    llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
    if (auto it = host.find(feature); it == host.end() || it->second)
      continue;
    auto module = load("quantized.mlir");
    EmitOptions better = options();
    better.target = llvm::cantFail(resolveTarget({"", "", ("+" + feature).str(), ""}));
    llvm::Expected<ObjectBuffer> object = emitObject(*module, better);
    ASSERT_TRUE((bool)object);
    std::string message = messageOf(CompiledModel::fromObject(StringRef(object->data(), object->size())));
    EXPECT_NE(message.find("this CPU lacks "), std::string::npos) << message;
    EXPECT_NE(message.find(feature.str()), std::string::npos) << message;
    return;
  }
  GTEST_SKIP() << "this CPU has everything";
}

} // namespace
