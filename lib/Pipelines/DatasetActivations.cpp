//===- DatasetActivations.cpp - Runs networks on calibration data ---------===//
#include "narrow/Pipelines/DatasetActivations.h"
#include "narrow/Pipelines/ObservedModel.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <atomic>
#include <deque>
#include <mutex>

using namespace mlir;
using namespace narrow;

llvm::Error DatasetActivations::run(ModuleOp module, int64_t chunk, Receive receive, Finish finish) {
  llvm::Expected<std::unique_ptr<ObservedModel>> model = ObservedModel::compile(module);
  if (!model)
    return model.takeError();
  int64_t runs = getNumRuns();
  unsigned threads = llvm::hardware_concurrency().compute_thread_count();
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  std::deque<ObservedModel::Runner> runners; // Threads hold on to them.
  for (unsigned i = 0; i < threads; ++i)
    runners.emplace_back(**model, data);
  std::mutex mutex;
  llvm::Error failure = llvm::Error::success();
  for (int64_t begin = 0; begin < runs && !failure; begin += chunk) {
    int64_t end = std::min(begin + chunk, runs);
    std::atomic<int64_t> next = begin;
    for (ObservedModel::Runner &runner : runners)
      pool.async([&] {
        for (int64_t run; (run = next++) < end;) {
          auto forward = [&](size_t tensor, ArrayRef<float> values) { receive(tensor, run, values); };
          llvm::Error error = runner.run(run * batch, forward);
          if (!error)
            continue;
          std::lock_guard lock(mutex);
          failure = llvm::joinErrors(std::move(failure), std::move(error));
          next = end;
        }
      });
    pool.wait();
    if (!failure)
      finish(begin, end);
  }
  return failure;
}
