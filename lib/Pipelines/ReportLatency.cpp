//===- ReportLatency.cpp - How long a compiled model takes ----------------===//
#include "narrow/Pipelines/Report.h"
#include "narrow/Target/CPU/JIT.h"
#include "llvm/Support/Path.h"
#include <chrono>

using namespace mlir;
using namespace narrow;

/// "a/m.float.mlir" and "m.onnx" are forms of m.
static StringRef getModelName(StringRef path) { return llvm::sys::path::filename(path).split('.').first; }

llvm::Expected<LatencyReport> narrow::measureLatency(StringRef path, const Dataset &data, StringRef name,
                                                     StringRef hash) {
  llvm::Expected<std::unique_ptr<CompiledModel>> model = CompiledModel::fromSharedLibrary(path);
  if (!model)
    return model.takeError();
  CompiledModel &code = **model;
  auto fail = [&](const llvm::Twine &what) { return llvm::createStringError(path + ": " + what); };
  if (code.isObserved())
    return fail("was compiled for calibration: its time says nothing");
  if (code.inputs().size() != data.inputCount())
    return fail("has another number of inputs than the model");
  LatencyReport report;
  report.path = path.str();
  report.isa = code.isa().str();
  report.kind = "unknown";
  if (llvm::Expected<llvm::json::Value> manifest = llvm::json::parse(code.info().manifest)) {
    if (const llvm::json::Object *object = manifest->getAsObject()) {
      report.kind = object->getString("kind").value_or("unknown").str();
      if (std::optional<StringRef> emulated = object->getString("emulated_isa"))
        report.isa += ", emulating " + emulated->str();
      StringRef made = object->getString("model").value_or(""),
                of = object->getString("model_hash").value_or("");
      if (!of.empty() && of != hash && getModelName(made) != getModelName(name))
        return fail("was compiled of '" + made + "', and the report is about '" + name + "'");
    }
  } else {
    llvm::consumeError(manifest.takeError());
  }
  ModelBuffers buffers(code);
  for (auto [i, tensor] : llvm::enumerate(code.inputs())) {
    if (tensor.type != NARROW_F32)
      return fail("takes other inputs than f32");
    int64_t size = data.sampleSize(i);
    if (size == 0 || tensor.count % size != 0)
      return fail("input " + llvm::Twine(i) + " has another shape than the model's");
    for (int64_t at = 0; at < tensor.count; at += size)
      if (llvm::Error error = data.read(0, i, buffers.in[i].data() + at))
        return std::move(error);
  }

  using Clock = std::chrono::steady_clock;
  auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  std::vector<double> times;
  constexpr size_t warmUp = 3, fewest = 10;
  Clock::time_point begin = Clock::now();
  while (times.size() < warmUp + fewest || seconds(Clock::now() - begin) < 1) {
    Clock::time_point start = Clock::now();
    if (llvm::Error error = code.run(buffers.inputs(), buffers.outputs(), buffers.arena))
      return std::move(error);
    times.push_back(1000 * seconds(Clock::now() - start));
  }
  times.erase(times.begin(), times.begin() + warmUp);
  llvm::sort(times);
  report.runs = static_cast<int64_t>(times.size());
  report.minMs = times.front();
  report.medianMs = times[times.size() / 2];
  return report;
}
