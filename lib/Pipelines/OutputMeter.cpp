//===- OutputMeter.cpp - Outputs of models against the float model --------===//
#include "narrow/Pipelines/OutputMeter.h"
#include "SampleBatches.h"
#include "narrow/Pipelines/Model.h"

using namespace mlir;
using namespace narrow;

/// Bytes of the float model's outputs that are kept instead of computed for each model anew.
static constexpr int64_t kKeptBytes = int64_t{1} << 28;

void OutputSums::merge(const OutputSums &other) {
  device.merge(other.device);
  agrees += other.agrees;
  right += other.right;
  floatRight += other.floatRight;
}

llvm::Expected<OutputMeter> OutputMeter::create(ModuleOp floatStage, const Dataset &data, int64_t samples,
                                                unsigned threads) {
  OutputMeter meter(data);
  meter.threads = threads;
  meter.batch = getBatch(getModelInputs(floatStage));
  meter.total = samples;
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(floatStage->clone());
  llvm::Expected<std::unique_ptr<CompiledModel>> reference = compileForHost(*module, "the model");
  if (!reference)
    return reference.takeError();
  meter.reference = std::move(*reference);
  int64_t count = meter.reference->outputs()[0].count, values = 0;
  meter.numClasses = count % meter.batch == 0 ? count / meter.batch : 0;
  for (const auto &output : meter.reference->outputs())
    values += output.count;
  if (values * static_cast<int64_t>(sizeof(float)) > kKeptBytes / (meter.total / meter.batch))
    return std::move(meter);
  std::vector<Outputs> kept;
  llvm::Error error = forEachBatch<Outputs>(
      meter.total, meter.batch, threads,
      [&](int64_t first, Outputs &outputs) { return meter.run(*meter.reference, first, outputs); },
      [&](Outputs &outputs) { kept.push_back(std::move(outputs)); });
  if (error)
    return std::move(error);
  meter.expected = std::move(kept);
  return std::move(meter);
}

llvm::Error OutputMeter::run(const CompiledModel &model, int64_t first, Outputs &outputs) const {
  ModelBuffers buffers(model);
  if (llvm::Error error = data.readBatch(first, batch, buffers.in))
    return error;
  if (llvm::Error error = model.run(buffers.inputs(), buffers.outputs(), buffers.arena))
    return error;
  outputs = std::move(buffers.out);
  return llvm::Error::success();
}

llvm::Error OutputMeter::add(const CompiledModel &model, int64_t first, OutputSums &sums) const {
  Outputs computed, found;
  if (expected.empty())
    if (llvm::Error error = run(*reference, first, computed))
      return error;
  const Outputs &real = expected.empty() ? computed : expected[first / batch];
  if (llvm::Error error = run(model, first, found))
    return error;
  if (real.size() != found.size())
    return llvm::createStringError("the quantized model has another number of outputs");
  for (auto [x, y] : llvm::zip_equal(real, found)) {
    if (x.size() != y.size())
      return llvm::createStringError("the quantized model has outputs of other shapes");
    sums.device.add(x, y);
  }
  for (int64_t i = 0; hasClasses() && i < batch; ++i) {
    auto best = [&](const std::vector<float> &scores) {
      auto begin = scores.begin() + i * numClasses;
      return std::max_element(begin, begin + numClasses) - begin;
    };
    int64_t right = best(real[0]), given = best(found[0]);
    sums.agrees += right == given;
    if (labels.empty())
      continue;
    sums.right += given == labels[first + i];
    sums.floatRight += right == labels[first + i];
  }
  return llvm::Error::success();
}

llvm::Expected<OutputSums> OutputMeter::measure(const CompiledModel &model) const {
  OutputSums sums;
  llvm::Error error = forEachBatch<OutputSums>(
      total, batch, threads, [&](int64_t first, OutputSums &part) { return add(model, first, part); },
      [&](OutputSums &part) { sums.merge(part); });
  if (error)
    return std::move(error);
  return sums;
}
