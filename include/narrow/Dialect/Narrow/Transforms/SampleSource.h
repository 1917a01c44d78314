//===- SampleSource.h - Calibration data, as passes see it ------*- C++ -*-===//
//
// What passes need of data: the values of tensors when the network runs on samples, and tables of
// statistics. Passes do not know where they come from. A driver makes one Calibration for each
// context, from --data or a table, and passes ask the context for it: it is part of no module.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_SAMPLESOURCE_H
#define NARROW_TRANSFORMS_SAMPLESOURCE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace narrow {

class SampleSource {
public:
  virtual ~SampleSource() = default;

  /// Gets ready for networks with the inputs of `module`. Called before anything else; may be called again.
  virtual llvm::Error open(ModuleOp module) = 0;

  /// How often the network can run on data; each run takes one batch.
  virtual int64_t getNumRuns() const = 0;
  /// The samples of one run.
  virtual int64_t getBatch() const = 0;

  /// How the runs are distributed.
  struct Schedule {
    int64_t chunk;     ///< runs between two calls of Finish
    int64_t piece = 1; ///< runs that one thread makes in ascending order, one after the other
    std::string what;  ///< shown as progress, if not empty
  };
  /// An observed tensor of one run: the number of its observer in program order, the number
  /// of the run, all values. May be called from several threads at once, for runs of different pieces.
  using Receive = llvm::function_ref<void(size_t, int64_t, ArrayRef<float>)>;
  /// The runs [begin, end) are complete. Called in ascending order, from one thread, while nobody
  /// receives.
  using Finish = llvm::function_ref<void(int64_t, int64_t)>;

  /// Runs `module`, which has observers and float arithmetic (narrow.quantize and
  /// narrow.dequantize among it), on all data. Consumes the module.
  virtual llvm::Error run(ModuleOp module, const Schedule &schedule, Receive receive, Finish finish) = 0;

  /// The statistics of a network of the float stage, which is not changed. `movingAverage`: momentum of
  /// averages of extrema; 0: none.
  virtual llvm::Expected<CalibrationTable> calibrate(ModuleOp floatStage, double movingAverage) = 0;
};

/// What a driver knows of data: samples, a table, both or neither.
struct Calibration {
  std::shared_ptr<SampleSource> samples;
  std::shared_ptr<const CalibrationTable> table; ///< given, or made by narrow-collect-statistics
  std::string name;                              ///< of the table or the samples, in errors
};

/// That of a context; empty until a driver fills it. Not for several threads at once.
Calibration &getCalibration(MLIRContext *context);

/// The samples of the context, opened for `module`; null after an error that names `pass`.
SampleSource *requireSamples(ModuleOp module, StringRef pass);

} // namespace narrow

#endif
