//===- SampleBatches.h - Samples on several threads -------------*- C++ -*-===//
#ifndef NARROW_PIPELINES_SAMPLEBATCHES_H
#define NARROW_PIPELINES_SAMPLEBATCHES_H

#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <algorithm>
#include <string>
#include <vector>

namespace narrow {

/// The samples in the whole batches of the first `wanted` (0: all) of `data`; fails if there are none.
inline llvm::Expected<int64_t> countBatchedSamples(const Dataset &data, int64_t wanted, int64_t batch) {
  int64_t available = data.sampleCount();
  int64_t samples = (wanted > 0 ? std::min(wanted, available) : available) / batch * batch;
  if (samples == 0)
    return llvm::createStringError("the model takes batches of " + llvm::Twine(batch) +
                                   ": give at least as many samples");
  return samples;
}

/// Calls `run(first, result)` for the batches of the first `samples` (a multiple of `batch`) on
/// `threads` threads (0: one for each core), and `merge` with each result in the order of the
/// samples, on this thread: sums of doubles depend on their order, so that the number of threads
/// does not change a bit.
template <typename Result>
llvm::Error forEachBatch(int64_t samples, int64_t batch, unsigned threads,
                         llvm::function_ref<llvm::Error(int64_t first, Result &result)> run,
                         llvm::function_ref<void(Result &result)> merge) {
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  // Enough between two merges to keep the threads busy, and few results to hold.
  int64_t round = 4 * static_cast<int64_t>(pool.getMaxConcurrency());
  for (int64_t first = 0; first < samples; first += batch * round) {
    std::vector<Result> results(std::min(round, (samples - first) / batch));
    std::vector<std::string> failures(results.size());
    for (size_t i = 0; i < results.size(); ++i)
      pool.async([&, i] {
        if (llvm::Error error = run(first + static_cast<int64_t>(i) * batch, results[i]))
          failures[i] = llvm::toString(std::move(error));
      });
    pool.wait();
    for (auto [result, failure] : llvm::zip_equal(results, failures)) {
      if (!failure.empty())
        return llvm::createStringError(failure);
      merge(result);
    }
  }
  return llvm::Error::success();
}

} // namespace narrow

#endif
