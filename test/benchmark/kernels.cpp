//===- kernels.cpp - Speed of single kernels ------------------------------===//
//
// Each benchmark compiles a network of one layer and reports the time of that
// layer's kernel, from the counters of --profile. The rest of the network is not
// counted: a copy that leaves the input in the caches, as a producer would, and
// one row that is copied out.
//
// Machines are noisy, so the counters are those of the fastest run:
//
//   us         time of the kernel
//   ns/output  the same for one element of its result
//   GMAC/s     billions of multiply-adds a second, if it has any
//   peak       as a share of what the instruction set does on registers alone
//   ratio      time over that of a kernel written by hand, run in alternation
//
// Options: --isa=<name> (default: the best of this CPU) and those of
// google-benchmark, e.g. --benchmark_filter=depthwise. Its own time is that of the
// average run; that its library was built for debugging does not matter, because
// it does not take the times.
//
//===----------------------------------------------------------------------===//
#include "Depthwise.h"
#include "Network.h"
#include "Peak.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "narrow/InitAll.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Target/CPU/Emit.h"
#include "narrow/Target/CPU/JIT.h"
#include "llvm/TargetParser/Triple.h"
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstring>
#include <functional>
#include <x86intrin.h>

using namespace mlir;
using namespace narrow;
using namespace narrow::bench;

namespace {

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

struct Case {
  std::string name;
  std::function<Network()> write;
};

std::string sizeOf(int64_t size, int64_t channels) {
  return std::to_string(size) + "x" + std::to_string(size) + "x" + std::to_string(channels);
}

Case convolution(int64_t size, int64_t channels, int64_t outChannels, Window window, bool isFloat = false) {
  std::string kernel = std::to_string(window.kernel);
  return {(isFloat ? "f32_conv" : "conv") + kernel + "x" + kernel + (window.stride > 1 ? "_s2/" : "/") +
              sizeOf(size, channels) + "_to_" + std::to_string(outChannels),
          [=] {
            NetworkWriter writer(isFloat);
            return writer.finish(writer.convolution(writer.input(size, size, channels), outChannels, window));
          }};
}

Case depthwise(int64_t size, int64_t channels, Window window, bool isFloat = false) {
  std::string kernel = std::to_string(window.kernel);
  return {(isFloat ? "f32_depthwise" : "depthwise") + kernel + "x" + kernel +
              (window.stride > 1 ? "_s2/" : "/") + sizeOf(size, channels),
          [=] {
            NetworkWriter writer(isFloat);
            return writer.finish(writer.depthwise(writer.input(size, size, channels), window));
          }};
}

Case fullyConnected(int64_t inputs, int64_t outputs, bool isFloat = false) {
  Case result = convolution(1, inputs, outputs, {}, isFloat);
  result.name = std::string(isFloat ? "f32_" : "") + "fully_connected/" + std::to_string(inputs) + "_to_" +
                std::to_string(outputs);
  return result;
}

/// A layer with one or two inputs of the same shape.
template <typename Layer>
Case other(const std::string &name, int64_t size, int64_t channels, Layer layer) {
  return {name + "/" + sizeOf(size, channels), [=] {
            NetworkWriter writer;
            Tensor x = writer.input(size, size, channels);
            if constexpr (std::is_invocable_v<Layer, NetworkWriter &, Tensor, Tensor>)
              return writer.finish(layer(writer, x, writer.input(size, size, channels)));
            else
              return writer.finish(layer(writer, x));
          }};
}

/// First layers, the 3x3 layers of each stage, and bottlenecks.
std::vector<Case> ofResNets() {
  constexpr Window one{1, 1}, oneBy2{1, 2}, three{3, 1}, threeBy2{3, 2}, sevenBy2{7, 2};
  Case bottleneckEnd = {"conv1x1_add/56x56x64_to_256", [] {
                          NetworkWriter writer;
                          Tensor x = writer.input(56, 56, 64), shortcut = writer.input(56, 56, 256);
                          return writer.finish(writer.convolutionAdd(x, shortcut));
                        }};
  return {convolution(224, 3, 64, sevenBy2),
          convolution(56, 64, 64, three),
          convolution(28, 128, 128, three),
          convolution(14, 256, 256, three),
          convolution(7, 512, 512, three),
          convolution(56, 64, 128, threeBy2),
          convolution(28, 128, 256, threeBy2),
          convolution(14, 256, 512, threeBy2),
          convolution(56, 64, 256, one),
          convolution(28, 512, 128, one),
          convolution(14, 1024, 256, one),
          convolution(7, 2048, 512, one),
          convolution(7, 512, 2048, one),
          convolution(56, 256, 512, oneBy2),
          bottleneckEnd};
}

/// The first layer, expansions, projections, the last layers, depthwise layers.
std::vector<Case> ofMobileNets() {
  constexpr Window one{1, 1}, three{3, 1}, threeBy2{3, 2}, five{5, 1}, fiveBy2{5, 2};
  return {convolution(224, 3, 32, threeBy2), convolution(112, 16, 96, one), convolution(56, 24, 144, one),
          convolution(56, 144, 24, one),     convolution(14, 96, 576, one), convolution(14, 576, 96, one),
          convolution(7, 320, 1280, one),    fullyConnected(1280, 1000),    depthwise(112, 32, three),
          depthwise(112, 96, three),         depthwise(56, 144, three),     depthwise(28, 192, three),
          depthwise(14, 576, three),         depthwise(7, 960, three),      depthwise(112, 96, threeBy2),
          depthwise(56, 144, threeBy2),      depthwise(28, 192, threeBy2),  depthwise(14, 576, threeBy2),
          depthwise(28, 240, five),          depthwise(14, 672, five),      depthwise(56, 144, fiveBy2)};
}

/// Layers that only move or combine.
std::vector<Case> withoutWeights() {
  using Writer = NetworkWriter;
  auto maxPool = [](Writer &writer, Tensor x) { return writer.maxPool(x, {3, 2}); };
  auto average = [](Writer &writer, Tensor x) { return writer.globalAverage(x); };
  auto table = [](Writer &writer, Tensor x) { return writer.table(x); };
  auto add = [](Writer &writer, Tensor x, Tensor y) { return writer.add(x, y); };
  auto concat = [](Writer &writer, Tensor x, Tensor y) { return writer.concat(x, y); };
  auto transpose = [](int64_t size, int64_t channels) -> Case {
    return {"transpose/" + sizeOf(size, channels), [=] {
              Writer writer;
              return writer.finish(writer.transpose(writer.input(channels, size, size)));
            }};
  };
  return {other("max_pool3x3_s2", 112, 64, maxPool),
          other("average", 7, 1280, average),
          other("average", 7, 2048, average),
          other("add", 56, 24, add),
          other("add", 56, 256, add),
          other("add", 14, 1024, add),
          other("table", 28, 128, table),
          other("concat", 8, 64, concat),
          other("concat", 28, 128, concat),
          transpose(224, 1),
          transpose(224, 3),
          transpose(224, 4),
          transpose(28, 64)};
}

std::vector<Case> ofFloats() {
  constexpr Window one{1, 1}, three{3, 1}, threeBy2{3, 2};
  return {convolution(56, 64, 64, three, true), convolution(28, 128, 128, three, true),
          convolution(56, 64, 256, one, true),  convolution(14, 1024, 256, one, true),
          fullyConnected(1280, 1000, true),     depthwise(56, 144, three, true),
          depthwise(28, 192, threeBy2, true)};
}

//===----------------------------------------------------------------------===//
// Compiled networks
//===----------------------------------------------------------------------===//

/// Ticks of the time stamp counter, which the kernels' counters count, in 1 ns.
double ticksPerNanosecond() {
  static const double result = [] {
    using Clock = std::chrono::steady_clock;
    auto start = Clock::now();
    uint64_t ticks = __rdtsc();
    while (Clock::now() - start < std::chrono::milliseconds(50)) {
    }
    ticks = __rdtsc() - ticks;
    return ticks / std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  }();
  return result;
}

/// A network, compiled as narrow-compile --profile does, with data.
class CompiledNetwork {
public:
  static llvm::Expected<std::unique_ptr<CompiledNetwork>> create(Network network, const TargetSpec &target);

  /// Runs it once; gives the time of the layer's kernel in nanoseconds.
  double run();
  const Network &getNetwork() const { return network; }
  int64_t getMacs() const { return macs; }
  const int8_t *getInput() const { return inputs[0].data(); }
  /// Codes, if the network is not one of floats.
  ArrayRef<int8_t> getOutput() const { return output; }

private:
  explicit CompiledNetwork(Network network) : network(std::move(network)) {}
  llvm::Error findCounter(ModuleOp module);
  llvm::Error prepare();

  Network network;
  std::unique_ptr<CompiledModel> model;
  std::unique_ptr<CompiledModel::Arena> arena;
  std::vector<std::vector<int8_t>> inputs; // bytes
  std::vector<int8_t> output;
  std::vector<const float *> inputPointers;
  const int64_t *counter = nullptr; ///< in the arena
  int64_t counterOffset = 0, macs = 0;
};

llvm::Expected<std::unique_ptr<CompiledNetwork>> CompiledNetwork::create(Network network,
                                                                         const TargetSpec &target) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseSourceString<ModuleOp>(network.text, &context);
  VectorPipelineOptions options;
  options.isa = target.isa;
  options.x86 = llvm::Triple(target.triple).isX86();
  options.profile = true;
  if (!module || failed(runPipeline(*module, [&](OpPassManager &pm) { buildVectorPipeline(pm, options); })))
    return llvm::createStringError("the network was not compiled");
  std::unique_ptr<CompiledNetwork> result(new CompiledNetwork(std::move(network)));
  if (llvm::Error error = result->findCounter(*module))
    return error;
  EmitOptions emit;
  emit.target = target;
  emit.prefix = "benchmark";
  llvm::Expected<ObjectBuffer> object = emitObject(*module, emit);
  if (!object)
    return object.takeError();
  auto model = CompiledModel::fromObject(StringRef(object->data(), object->size()));
  if (!model)
    return model.takeError();
  result->model = std::move(*model);
  if (llvm::Error error = result->prepare())
    return error;
  return result;
}

llvm::Error CompiledNetwork::findCounter(ModuleOp module) {
  auto kernels = module->getAttrOfType<ArrayAttr>("narrow.profile");
  counterOffset = module->getAttrOfType<IntegerAttr>("narrow.profile_offset").getInt();
  for (auto kernel : kernels.getAsRange<DictionaryAttr>()) {
    if (kernel.getAs<StringAttr>("name") == layerId) {
      macs = kernel.getAs<IntegerAttr>("macs").getInt();
      return llvm::Error::success();
    }
    counterOffset += sizeof(int64_t);
  }
  return llvm::createStringError("the layer has no kernel of its own");
}

/// Allocates and fills what a run needs, and runs once to see whether it works.
llvm::Error CompiledNetwork::prepare() {
  std::mt19937 generator(2);
  for (int64_t count : network.inputs) {
    std::vector<int8_t> &bytes = inputs.emplace_back(count * (network.isFloat ? sizeof(float) : 1));
    for (int64_t i = 0; i < count; ++i) {
      int8_t code = generator();
      float real = code / 64.0f;
      if (network.isFloat)
        std::memcpy(&bytes[i * sizeof real], &real, sizeof real);
      else
        bytes[i] = code;
    }
  }
  // The C interface has pointers to float, whatever they point to.
  for (const std::vector<int8_t> &bytes : inputs)
    inputPointers.push_back(reinterpret_cast<const float *>(bytes.data()));
  output.resize(network.outputs * (network.isFloat ? sizeof(float) : 1));
  arena = std::make_unique<CompiledModel::Arena>(model->info());
  std::memset(arena->data(), 0, arena->size()); // Counters start at 0.
  counter = reinterpret_cast<const int64_t *>(static_cast<const char *>(arena->data()) + counterOffset);
  return model->run(inputPointers, {reinterpret_cast<float *>(output.data())}, *arena);
}

double CompiledNetwork::run() {
  int64_t before = *counter;
  float *out[] = {reinterpret_cast<float *>(output.data())};
  model->getRun()(inputPointers.data(), out, arena->data(), arena->size()); // as prepare() did
  return (*counter - before) / ticksPerNanosecond();
}

//===----------------------------------------------------------------------===//
// Benchmarks
//===----------------------------------------------------------------------===//

bool anyFailed = false;

void fail(benchmark::State &state, const std::string &message) {
  anyFailed = true;
  state.SkipWithError(message.c_str());
}

void measure(benchmark::State &state, const Case &benchmarked, const TargetSpec &target) {
  // google-benchmark calls this several times, to find out how many runs it takes.
  static const Case *latest = nullptr;
  static std::unique_ptr<CompiledNetwork> compiled;
  if (latest != &benchmarked) {
    latest = nullptr;
    auto created = CompiledNetwork::create(benchmarked.write(), target);
    if (!created)
      return fail(state, llvm::toString(created.takeError()));
    compiled = std::move(*created);
    latest = &benchmarked;
  }
  const Network &network = compiled->getNetwork();
  std::optional<HandWrittenDepthwise> byHand;
  if (network.depthwise && target.isa == "avx512vnni" && HandWrittenDepthwise::supports(*network.depthwise))
    byHand.emplace(*network.depthwise);

  double best = 1e18, bestByHand = 1e18;
  for (auto _ : state) {
    double time = compiled->run();
    best = std::min(best, time);
    state.SetIterationTime(time * 1e-9);
    if (byHand) {
      byHand->setInput(compiled->getInput());
      uint64_t start = __rdtsc();
      byHand->run();
      bestByHand = std::min(bestByHand, (__rdtsc() - start) / ticksPerNanosecond());
    }
  }
  if (byHand && ArrayRef(byHand->lastRow()) != compiled->getOutput())
    return fail(state, "the kernel written by hand computes something else");

  state.counters["us"] = best * 1e-3;
  state.counters["ns/output"] = best / network.layerOutputs;
  if (compiled->getMacs()) {
    double rate = compiled->getMacs() / best;
    state.counters["GMAC/s"] = rate;
    if (double peak = measurePeak(target.isa, network.isFloat))
      state.counters["peak"] = rate / peak;
  }
  if (byHand)
    state.counters["ratio"] = best / bestByHand;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  TargetRequest request;
  request.isa = "native";
  if (argc == 2 && StringRef(argv[1]).starts_with("--isa=")) {
    request.isa = StringRef(argv[1]).drop_front(strlen("--isa=")).str();
    --argc;
  }
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  llvm::Expected<TargetSpec> target = resolveTarget(request);
  if (!target) {
    llvm::errs() << "error: " << llvm::toString(target.takeError()) << '\n';
    return 1;
  }
  benchmark::AddCustomContext("isa", target->isa);
  std::vector<Case> cases;
  for (auto group : {ofResNets, ofMobileNets, withoutWeights, ofFloats})
    llvm::append_range(cases, group());
  for (const Case &benchmarked : cases)
    benchmark::RegisterBenchmark(benchmarked.name.c_str(),
                                 [&](benchmark::State &state) { measure(state, benchmarked, *target); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
  return anyFailed;
}
