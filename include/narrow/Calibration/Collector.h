//===- Collector.h - Receives tensors from compiled code --------*- C++ -*-===//
#ifndef NARROW_CALIBRATION_COLLECTOR_H
#define NARROW_CALIBRATION_COLLECTOR_H

#include "narrow/Calibration/Statistics.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"
#include <optional>

/// Called by a model compiled for calibration: `context` is a
/// narrow::Collector, `id` the index of the observed tensor, `data` the address
/// of `count` contiguous values, whole rows of channels. A tensor may be passed
/// in several calls.
extern "C" void narrow_collect(void *context, int32_t id, const float *data, int64_t count);

namespace narrow {

/// Gathers the statistics of all observed tensors. One collector serves one thread; the
/// collectors of several threads are merged when the threads are done.
class Collector {
public:
  explicit Collector(llvm::ArrayRef<ObservedTensor> tensors);

  /// beginRun and endRun enclose each run of the model. `samples` is the batch
  /// of the run, starting with sample `first`.
  void beginRun(int64_t first, int64_t samples = 1);
  /// Fails if a tensor did not arrive completely, or if a value of this or an earlier run was NaN
  /// or Inf. The statistics are then unusable.
  llvm::Error endRun();
  /// Must be called after the last run, before the statistics are read. Fails if a value was NaN
  /// or Inf, naming the first one of the first such sample.
  llvm::Error finish();

  /// Called by narrow_collect.
  void collect(int32_t id, const float *data, int64_t count);

  /// Adds the data of another collector of the same tensors.
  void merge(const Collector &other);

  int64_t sampleCount() const { return finished; }
  const std::vector<ObservedTensor> &tensors() const { return observed; }
  const std::vector<TensorStatistics> &statistics() const {
    assert(llvm::all_of(pending, [](const Pending &rows) { return rows.values.empty(); }) &&
           "finish() was not called");
    return collected;
  }

private:
  /// Values from `begin` on are consecutive elements of the tensor starting at `firstElement`,
  /// counted from sample 0.
  struct Section {
    int64_t begin, firstElement;
  };
  /// Rows of several runs wait here until there are enough of them, so that the fixed cost of an
  /// update (counters of all bins, the grid) is spread over many values.
  struct Pending {
    std::vector<float> values;
    std::vector<Section> sections; ///< Sections of `values`.
    int64_t received = 0;          ///< In the current run, including pending values.
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
  std::optional<Failure> failure; ///< In the first such sample; there of the lowest id.
  std::optional<int32_t> badId, partialRow;
  int64_t firstSample = 0, batch = 0;
  int64_t finished = 0;
};

} // namespace narrow

#endif
