//===- OutputMeter.h - Outputs of models against the float model -*- C++ -*-===//
//
// Outputs of several tensors are taken together; classes are those of the first.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_OUTPUTMETER_H
#define NARROW_PIPELINES_OUTPUTMETER_H

#include "narrow/Pipelines/Report.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// What the outputs of one quantized model are worth; adds up over samples.
struct OutputSums {
  Fidelity device;
  int64_t agrees = 0, right = 0, floatRight = 0; ///< samples

  void merge(const OutputSums &other);
};

/// Measures models against the float model on the first samples of a data set.
class OutputMeter {
public:
  /// Compiles a copy of `floatStage` for this machine. `samples` is a multiple of its batch; damage of
  /// the data is not looked for. `threads`: 0 is one for each core; their number changes no bit.
  static llvm::Expected<OutputMeter> create(ModuleOp floatStage, const Dataset &data, int64_t samples,
                                            unsigned threads);
  /// Fails if `model` has other outputs than the float model.
  llvm::Expected<OutputSums> measure(const CompiledModel &model) const;

  int64_t samples() const { return total; }
  /// Values of the first output for one sample: of two or more the largest is the class.
  int64_t classes() const { return numClasses; }
  bool hasClasses() const { return numClasses >= 2; }
  /// The right class of each sample; without, `right` and `floatRight` stay 0.
  std::vector<int64_t> labels;

private:
  using Outputs = std::vector<std::vector<float>>;

  explicit OutputMeter(const Dataset &data) : data(data) {}
  llvm::Error run(const CompiledModel &model, int64_t first, Outputs &outputs) const;
  llvm::Error add(const CompiledModel &model, int64_t first, OutputSums &sums) const;

  const Dataset &data;
  std::unique_ptr<CompiledModel> reference;
  std::vector<Outputs> expected; ///< of each batch; empty if that takes too much memory
  int64_t total = 0, batch = 1, numClasses = 0;
  unsigned threads = 0;
};

} // namespace narrow

#endif
