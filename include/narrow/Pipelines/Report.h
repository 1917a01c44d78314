//===- Report.h - What is in an artifact, what quantization costs -*- C++ -*-===//
//
// Two reports. An artifact (object or library) is read as a file: none of its
// code runs, so it may be of any architecture. A comparison evaluates three
// stages of one model on the same samples:
//
//   float       the float stage
//   simulation  the quantized stage: floats between narrow.quantize and
//               narrow.dequantize
//   device      the integer stage, which compiled code equals byte for byte
//
// and measures the latter two against the first, tensor by tensor. Tensors are
// matched by `narrow.id`. Every sum is kept, no sample is.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_REPORT_H
#define NARROW_PIPELINES_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Support/Dataset.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlir::narrow {

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

/// An input or output; the fields of `narrow_tensor`.
struct ArtifactTensor {
  std::string name, layout;
  std::vector<int64_t> shape;
  int32_t type = 0, codeType = 0; ///< enum narrow_type
  double scale = 0;
  int64_t zeroPoint = 0;
};

struct ArtifactReport {
  std::string path, prefix;
  bool isLibrary = false;   ///< else a relocatable object
  std::string architecture; ///< of the ELF header
  uint64_t fileSize = 0;
  uint64_t codeSize = 0; ///< bytes of executable sections

  // narrow_model_info.
  std::string name, compiler, triple, cpu, isa, features, manifest;
  std::vector<ArtifactTensor> inputs, outputs;
  std::vector<std::string> observers;
  uint64_t arenaSize = 0, arenaAlignment = 0, weightsSize = 0;
  std::optional<int64_t> arenaLowerBound; ///< no plan of its tensors needs less

  /// `accumulator_bits` of the manifest, if it is there.
  std::optional<llvm::json::Value> accumulatorBits;

  /// Float arithmetic in the integer part: all functions but entry, exit and C
  /// interface. Unset if it could not be counted; `floatError` says why.
  std::optional<uint64_t> floatInstructions;
  uint64_t checkedFunctions = 0, checkedInstructions = 0;
  std::map<std::string, uint64_t> floatFunctions; ///< function to its share
  std::string floatSummary, floatError;
};

/// Whether the file is an ELF file. False if it cannot be read.
bool isArtifact(StringRef path);

/// Reads a library or an object of narrow-compile.
llvm::Expected<ArtifactReport> inspectArtifact(StringRef path);

/// Fails, naming functions, unless the integer part is known to have no float
/// arithmetic.
llvm::Error verifyIntegerOnly(const ArtifactReport &report);

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

/// How well one tensor follows another, accumulated in double.
struct Fidelity {
  uint64_t count = 0;
  double signal = 0, noise = 0;  ///< sums of x^2 and (x - y)^2
  double power = 0, product = 0; ///< sums of y^2 and x*y

  void add(ArrayRef<float> reference, ArrayRef<float> values);
  void merge(const Fidelity &other);
  /// 10 log10(signal / noise); nullopt without noise (exact) or without signal.
  std::optional<double> sqnr() const;
  /// nullopt if one of the two is all zeros.
  std::optional<double> cosine() const;
  bool exact() const { return count > 0 && noise == 0; }
};

/// What is measured on one tensor; adds up over samples.
struct LayerSums {
  Fidelity simulation, device;
  /// Of the values of the float stage.
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  uint64_t values = 0, below = 0, above = 0; ///< the latter two have no code
  bool integral = true;                      ///< all values are whole numbers

  void merge(const LayerSums &other);
};

/// A network input, or an op together with the clamps that merge into it.
struct LayerReport {
  std::string id, op;
  std::vector<int64_t> shape;
  bool isInput = false;

  // Decisions of the annotated stage.
  std::optional<std::pair<double, double>> range;
  std::optional<unsigned> bits, weightBits;
  std::vector<std::string> notes;
  // The type of the quantized stage. Ops that move codes have their operand's.
  std::optional<double> scale;
  int64_t zeroPoint = 0;
  bool ownsParameters = false;
  // The integer stage.
  std::optional<unsigned> accumulatorBits;
  std::string floatReason; ///< not empty: the op computes in float
  /// What is measured on the device is the i32 accumulator, added unrounded.
  bool isAccumulator = false;

  LayerSums sums;
  /// Share of the float stage's values that the codes cannot represent.
  std::optional<double> clipRate() const;
};

struct OutputReport {
  std::string name;
  Fidelity simulation, device;
};

/// Numbers of samples.
struct Top1 {
  int64_t floatRight = 0, simulationRight = 0, deviceRight = 0; ///< by label
  int64_t simulationAgrees = 0, deviceAgrees = 0;               ///< with float
};

struct ComparisonReport {
  std::vector<LayerReport> layers; ///< in the order of the float stage
  std::vector<OutputReport> outputs;
  int64_t samples = 0, calibrationSamples = 0;
  bool hasLabels = false, hasClasses = false;
  Top1 top1; ///< on the first output
  std::vector<std::string> warnings;
};

struct ComparisonOptions {
  Recipe recipe;
  const CalibrationSamples *calibration = nullptr; ///< what the table was made of; null: not at hand
  bool strict = false;
  int64_t samples = 32; ///< 0: all
  unsigned threads = 0; ///< 0: one for each core
  std::string labels;   ///< array of the right classes; empty: none
};

/// Quantizes a copy of the float stage with the ranges of `table` (named
/// `tableName` in errors) and runs all three stages on the first samples of
/// `data`. The result does not depend on the number of threads.
llvm::Expected<ComparisonReport> compareStages(ModuleOp floatStage, const ::narrow::CalibrationTable &table,
                                               StringRef tableName, ::narrow::Dataset &data,
                                               const ComparisonOptions &options);

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

llvm::json::Object toJSON(const ArtifactReport &report);
llvm::json::Object toJSON(const ComparisonReport &report);
void printReport(llvm::raw_ostream &os, const ArtifactReport &report);
void printReport(llvm::raw_ostream &os, const ComparisonReport &report);

} // namespace mlir::narrow

#endif
