//===- ActivationSource.h - Activations of a network on data ----*- C++ -*-===//
//
// What narrow-round-weights asks for the values that contractions read. The passes do
// not know where they come from: from a network that runs on calibration data
// (Pipelines), or from a file.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_ACTIVATIONSOURCE_H
#define NARROW_TRANSFORMS_ACTIVATIONSOURCE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace narrow {

class ActivationSource {
public:
  virtual ~ActivationSource() = default;

  /// How often the network can run on data; each run takes one batch.
  virtual int64_t getNumRuns() const = 0;

  /// An observed tensor of one run: the number of its observer in program order, the number
  /// of the run, all values. May be called from several threads at once.
  using Receive = llvm::function_ref<void(size_t, int64_t, ArrayRef<float>)>;
  /// The runs [begin, end) are complete. Called in ascending order, from one thread, while nobody
  /// receives.
  using Finish = llvm::function_ref<void(int64_t, int64_t)>;

  /// Runs `module`, which has observers and float arithmetic (narrow.quantize and
  /// narrow.dequantize among it), on all data, `chunk` runs at a time. The module is of no
  /// use afterwards.
  virtual llvm::Error run(ModuleOp module, int64_t chunk, Receive receive, Finish finish) = 0;
};

} // namespace narrow

#endif
