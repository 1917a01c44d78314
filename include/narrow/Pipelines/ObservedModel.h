//===- ObservedModel.h - Runs a model and sees its tensors ------*- C++ -*-===//
#ifndef NARROW_PIPELINES_OBSERVEDMODEL_H
#define NARROW_PIPELINES_OBSERVEDMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Statistics.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/JIT.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace narrow {

/// A module with observers (float or simulated: narrow.quantize and
/// narrow.dequantize are float arithmetic here) as code for this machine.
/// Threads may share it, each with a Runner of its own.
class ObservedModel {
public:
  /// Lowers `observed`, which is of no other use afterwards.
  static llvm::Expected<std::unique_ptr<ObservedModel>> compile(ModuleOp observed,
                                                                const HostOptions &options = {});

  /// What is observed, in the order of the indices that receivers get.
  llvm::ArrayRef<ObservedTensor> tensors() const { return observed; }
  /// The samples that one run takes: the first dimension of the first input.
  int64_t batch() const { return samplesPerRun; }

  class Runner {
  public:
    Runner(const ObservedModel &model, const Dataset &data);
    /// Runs the model on the samples [first, first + batch()); `observer` gets each tensor
    /// in one or several calls.
    llvm::Error run(int64_t first, const narrow_observer &observer);
    /// The same; `receive` gets each tensor whole: its index and the values of the batch,
    /// the layout that the observed tensor has in the IR.
    llvm::Error run(int64_t first, llvm::function_ref<void(size_t, llvm::ArrayRef<float>)> receive);
    /// The outputs of the last run.
    llvm::ArrayRef<std::vector<float>> outputs() const { return buffers.out; }

  private:
    const ObservedModel &model;
    const Dataset &data;
    ModelBuffers buffers;
    std::vector<std::vector<float>> waiting; ///< of tensors that come in pieces
  };

private:
  std::unique_ptr<CompiledModel> code;
  std::vector<ObservedTensor> observed;
  int64_t samplesPerRun = 1;
};

} // namespace narrow

#endif
