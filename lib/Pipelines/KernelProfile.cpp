//===- KernelProfile.cpp - Where the time of a model goes -----------------===//
#include "narrow/Pipelines/KernelProfile.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "mlir/Pass/PassManager.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Target/CPU/Emit.h"
#include "narrow/Target/CPU/JIT.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/Triple.h"
#include <chrono>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace narrow;

double ModelProfile::shareOfPeak(const KernelProfile &kernel) const {
  return peak.ms > 0 ? kernel.gmacsPerSecond() / peak.gmacsPerSecond() : 0;
}

double ModelProfile::predictedMs(const KernelProfile &kernel) const {
  // Predictions count the cycles of some CPU; how long they take on this one is known of the peak.
  return peak.predictedCycles > 0 ? peak.ms * kernel.predictedCycles / peak.predictedCycles : 0;
}

//===----------------------------------------------------------------------===//
// Descriptions
//===----------------------------------------------------------------------===//

/// The first entry is the peak's.
static ModelProfile fromEntries(std::vector<KernelProfile> entries) {
  ModelProfile profile;
  if (entries.empty())
    return profile;
  profile.peak = std::move(entries.front());
  entries.erase(entries.begin());
  profile.kernels = std::move(entries);
  return profile;
}

ModelProfile narrow::describeProfile(ModuleOp module) {
  std::vector<KernelProfile> entries;
  if (auto profiled = module->getAttrOfType<ArrayAttr>(attrs::profile))
    for (auto entry : profiled.getAsRange<DictionaryAttr>()) {
      auto text = [&](StringRef key) { return entry.getAs<StringAttr>(key).str(); };
      auto number = [&](StringRef key) { return entry.getAs<IntegerAttr>(key).getInt(); };
      entries.push_back({text("name"), text("kind"), number("macs"), number("bytes"), number("cycles")});
    }
  return fromEntries(std::move(entries));
}

llvm::json::Array narrow::toJSON(const ModelProfile &profile) {
  llvm::json::Array array;
  auto add = [&](const KernelProfile &kernel) {
    llvm::json::Object object{{"name", kernel.name},
                              {"kind", kernel.kind},
                              {"macs", kernel.macs},
                              {"bytes", kernel.bytes},
                              {"predicted_cycles", kernel.predictedCycles}};
    if (kernel.ms > 0) {
      object["ms"] = kernel.ms;
      object["gmacs_per_s"] = kernel.gmacsPerSecond();
      object["share_of_peak"] = profile.shareOfPeak(kernel);
    }
    array.push_back(std::move(object));
  };
  add(profile.peak);
  for (const KernelProfile &kernel : profile.kernels)
    add(kernel);
  return array;
}

ModelProfile narrow::profileFromJSON(const llvm::json::Array &array) {
  std::vector<KernelProfile> entries;
  for (const llvm::json::Value &value : array) {
    const llvm::json::Object *object = value.getAsObject();
    if (!object)
      continue;
    entries.push_back({object->getString("name").value_or("").str(),
                       object->getString("kind").value_or("").str(), object->getInteger("macs").value_or(0),
                       object->getInteger("bytes").value_or(0),
                       object->getInteger("predicted_cycles").value_or(0)});
  }
  return fromEntries(std::move(entries));
}

//===----------------------------------------------------------------------===//
// Measurement
//===----------------------------------------------------------------------===//

FastestRuns::FastestRuns(ArrayRef<int64_t> counters)
    : counters(counters), before(counters), fewest(counters.size(), std::numeric_limits<int64_t>::max()) {}

void FastestRuns::next() {
  for (auto [now, last, least] : llvm::zip(counters, before, fewest)) {
    least = std::min(least, now - last);
    last = now;
  }
}

void FastestRuns::finish(ModelProfile &profile, double msPerCycle) const {
  if (fewest.size() != profile.kernels.size() + 1)
    return;
  profile.peak.ms = fewest.front() * msPerCycle;
  for (auto [kernel, cycles] : llvm::zip(profile.kernels, ArrayRef(fewest).drop_front()))
    kernel.ms = cycles * msPerCycle;
}

/// Runs the model on numbers that are made up: kernels take the same time on all.
static llvm::Error runModel(const CompiledModel &model, ModelProfile &profile, int64_t offset,
                            unsigned runs) {
  ModelBuffers buffers(model);
  uint32_t state = 1;
  for (std::vector<float> &values : buffers.in)
    for (float &x : values)
      x = float((state = state * 1664525 + 1013904223) >> 8) / (1 << 23) - 1;
  std::memset(buffers.arena.data(), 0, buffers.arena.size());
  auto run = [&] { return model.run(buffers.inputs(), buffers.outputs(), buffers.arena); };
  if (llvm::Error error = run()) // Warm up.
    return error;
  const auto *counters =
      reinterpret_cast<const int64_t *>(static_cast<const char *>(buffers.arena.data()) + offset);
  FastestRuns fastest(ArrayRef(counters, profile.kernels.size() + 1));
  auto start = std::chrono::steady_clock::now();
  uint64_t firstCycle = __builtin_readcyclecounter();
  for (unsigned i = 0; i < runs; ++i) {
    if (llvm::Error error = run())
      return error;
    fastest.next();
  }
  uint64_t cycles = __builtin_readcyclecounter() - firstCycle;
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  fastest.finish(profile, elapsed.count() / std::max<uint64_t>(cycles, 1));
  return llvm::Error::success();
}

llvm::Expected<ModelProfile> narrow::profileModel(ModuleOp module, const TargetSpec &target, unsigned runs,
                                                  PackWeights packWeights) {
  VectorPipelineOptions vector;
  vector.setTarget(target);
  vector.profile = true;
  vector.packWeights = packWeights;
  if (failed(runPipeline(module, [&](OpPassManager &pm) { buildVectorPipeline(pm, vector); })))
    return llvm::createStringError("the kernels cannot be compiled with counters");
  ModelProfile profile = describeProfile(module);
  EmitOptions emit;
  emit.target = target;
  emit.prefix = emit.name = "profiled";
  if (!vector.x86 || profile.kernels.empty()) // The counters are those of an x86.
    return profile;
  llvm::Expected<ObjectBuffer> object = emitObject(module, emit);
  if (!object)
    return object.takeError();
  auto model = CompiledModel::fromObject({object->data(), object->size()});
  if (!model) { // Code for another CPU: the prediction is what there is.
    llvm::consumeError(model.takeError());
    return profile;
  }
  int64_t offset = module->getAttrOfType<IntegerAttr>(attrs::profileOffset).getInt();
  if (llvm::Error error = runModel(**model, profile, offset, runs))
    return std::move(error);
  return profile;
}

std::string narrow::explainKernels(const ModelProfile &profile, const ModelProfile *floatProfile,
                                   const TargetSpec &target) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::StringMap<double> floatMs;
  if (floatProfile)
    for (const KernelProfile &kernel : floatProfile->kernels)
      floatMs[kernel.name] += kernel.ms;
  std::string isa = target.getKernelISA().str() + (target.emulatedISA.empty() ? "" : " (emulated)");
  os << "kernel\tcompiled as\tisa\tpredicted\tmeasured\tof peak\tfloat\tint8 pays off\n";
  auto ms = [](double value) {
    return value > 0 ? llvm::formatv("{0:f4} ms", value).str() : std::string("-");
  };
  for (const KernelProfile &kernel : profile.kernels) {
    double asFloat = floatMs.lookup(kernel.name);
    std::string predicted = profile.peak.ms > 0 ? ms(profile.predictedMs(kernel))
                                                : llvm::formatv("{0} cycles", kernel.predictedCycles).str();
    StringRef paysOff = asFloat <= 0 || kernel.ms <= 0 ? "-" : kernel.ms < asFloat ? "yes" : "no";
    os << printable(kernel.name) << '\t' << kernel.kind << '\t' << isa << '\t' << predicted << '\t'
       << ms(kernel.ms) << '\t'
       << (kernel.macs && kernel.ms > 0 ? llvm::formatv("{0:p0}", profile.shareOfPeak(kernel)).str() : "-")
       << '\t' << ms(asFloat) << '\t' << paysOff << '\n';
  }
  return text;
}
