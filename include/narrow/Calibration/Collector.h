//===- Collector.h - Receives tensors from compiled code --------*- C++ -*-===//
#ifndef NARROW_CALIBRATION_COLLECTOR_H
#define NARROW_CALIBRATION_COLLECTOR_H

#include "narrow/Calibration/Statistics.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"
#include <optional>

/// What a model compiled for calibration calls: `context` is a
/// narrow::Collector, `id` the index of the observed tensor, `data` the address
/// of `count` contiguous values, whole rows of channels. A tensor may come in
/// several calls.
extern "C" void narrow_collect(void *context, int32_t id, const float *data, int64_t count);

namespace narrow {

/// Gathers the statistics of all observed tensors. One collector serves one
/// thread; those of several threads are merged when the threads are done.
class Collector {
public:
  explicit Collector(llvm::ArrayRef<ObservedTensor> tensors);

  /// Before and after the model runs on a sample. `samples` is the batch that
  /// one run processes, starting with sample `first`.
  void beginRun(int64_t first, int64_t samples = 1);
  /// Fails if a tensor did not arrive whole, or if a value, of this or an earlier run, was NaN or
  /// Inf. The statistics are then of no use.
  llvm::Error endRun();
  /// To be called after the last run, before anybody looks at the statistics. Fails if a value was
  /// NaN or Inf: names the first one of the first such sample.
  llvm::Error finish();

  /// Called by narrow_collect.
  void collect(int32_t id, const float *data, int64_t count);

  /// Adds what another collector of the same tensors has seen.
  void merge(const Collector &other);

  int64_t sampleCount() const { return finished; }
  const std::vector<ObservedTensor> &tensors() const { return observed; }
  const std::vector<TensorStatistics> &statistics() const {
    assert(llvm::all_of(pending, [](const Pending &rows) { return rows.values.empty(); }) &&
           "finish() was not called");
    return collected;
  }

private:
  /// Values from `begin` on follow each other without gaps from an element on, counted from sample 0.
  struct Section {
    int64_t begin, firstElement;
  };
  /// Rows, of several runs, wait here until there are enough of them: the fixed cost of an update
  /// (counters of all bins, the grid) is then spread over many values.
  struct Pending {
    std::vector<float> values;
    std::vector<Section> sections; ///< Of `values`.
    int64_t received = 0;          ///< In the current run, waiting ones included.
  };
  struct Failure {
    int64_t sample;
    int32_t id;
    int64_t element; ///< Within the sample.
    float value;
  };

  void update(int32_t id, llvm::ArrayRef<float> values, llvm::ArrayRef<Section> sections);
  void flush(int32_t id);
  void flush();
  llvm::Error describeFailure();

  std::vector<ObservedTensor> observed;
  std::vector<int64_t> sampleSizes;
  std::vector<TensorStatistics> collected;
  std::vector<Pending> pending;
  std::optional<Failure> failure; ///< Of the first sample; there of the lowest id, the first in the network.
  std::optional<int32_t> badId, partialRow;
  int64_t firstSample = 0, batch = 0;
  int64_t finished = 0;
};

} // namespace narrow

#endif
