//===- DatasetSamples.cpp - Passes run networks on a data set -------------===//
#include "narrow/Pipelines/DatasetSamples.h"
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/ObservedModel.h"
#include "narrow/Support/Progress.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <atomic>
#include <deque>
#include <mutex>

using namespace mlir;
using namespace narrow;

llvm::Error DatasetSamples::open(ModuleOp module) { return open(getModelInputs(module)); }

llvm::Error DatasetSamples::open(std::vector<ModelInput> wanted) {
  auto isSame = [](const ModelInput &a, const ModelInput &b) {
    return a.name == b.name && a.shape == b.shape;
  };
  if (data && llvm::equal(wanted, inputs, isSame))
    return llvm::Error::success();
  llvm::Expected<Dataset> opened = Dataset::open(path, wanted, options);
  if (!opened)
    return opened.takeError();
  printNotes(opened->notes());
  inputs = std::move(wanted);
  data = std::move(*opened);
  return llvm::Error::success();
}

llvm::Error DatasetSamples::run(ModuleOp module, const Schedule &schedule, Receive receive, Finish finish) {
  llvm::Expected<std::unique_ptr<ObservedModel>> model = ObservedModel::compile(module);
  if (!model)
    return model.takeError();
  int64_t runs = getNumRuns(), batch = getBatch();
  std::optional<Progress> progress;
  if (!schedule.what.empty())
    progress.emplace(schedule.what, "samples", runs * batch);
  unsigned threads = llvm::hardware_concurrency().compute_thread_count();
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  std::deque<ObservedModel::Runner> runners; // Threads hold on to them.
  for (unsigned i = 0; i < threads; ++i)
    runners.emplace_back(**model, *data);
  std::mutex mutex;
  llvm::Error failure = llvm::Error::success();
  for (int64_t begin = 0; begin < runs && !failure; begin += schedule.chunk) {
    int64_t end = std::min(begin + schedule.chunk, runs);
    std::atomic<int64_t> next = begin;
    auto work = [&](ObservedModel::Runner &runner) {
      for (int64_t first; (first = next.fetch_add(schedule.piece)) < end;)
        for (int64_t run = first; run < std::min(first + schedule.piece, end); ++run) {
          auto forward = [&](size_t tensor, ArrayRef<float> values) { receive(tensor, run, values); };
          llvm::Error error = runner.run(run * batch, forward);
          std::lock_guard lock(mutex);
          if (progress)
            progress->advance(batch);
          if (!error)
            continue;
          failure = llvm::joinErrors(std::move(failure), std::move(error));
          next = end;
          return;
        }
    };
    for (ObservedModel::Runner &runner : runners)
      pool.async([&] { work(runner); });
    pool.wait();
    if (!failure)
      finish(begin, end);
  }
  return failure;
}

llvm::Expected<CalibrationTable> DatasetSamples::calibrate(ModuleOp floatStage, double movingAverage) {
  CalibrationOptions options;
  options.movingAverage = movingAverage;
  return narrow::calibrate(floatStage, *data, inputs, options);
}
