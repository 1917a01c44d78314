//===- Report.h - What is in an artifact, what quantization costs -*- C++ -*-===//
//
// Three reports. An artifact (object or library) is read as a file: none of its
// code runs, so it may be of any architecture. A comparison evaluates three
// stages of one model on the same samples:
//
//   float       the float stage
//   simulation  the quantized stage: floats between narrow.quantize and
//               narrow.dequantize
//   device      the integer stage, which compiled code equals byte for byte
//
// and measures the latter two against the first, tensor by tensor. Tensors are
// matched by `narrow.id`. Every sum is kept, no sample is. A ranking
// (Ranking.h) compares ways to quantize one model by its outputs.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_REPORT_H
#define NARROW_PIPELINES_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Numerics/Histogram.h"
#include "narrow/Pipelines/DatasetSamples.h"
#include "narrow/Pipelines/Recipe.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace narrow {

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

  /// The instruction set whose kernels it has in plain vector code (--emulate-isa); else empty.
  std::string emulatedISA;
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

/// Where the error of a quantized network comes from. The first three are
/// toggled on, alone, in the float network; the others are what the integer
/// stage adds to the simulation. docs/report.md defines each.
enum class ErrorSource {
  Weights,        ///< weights, biases and constants are the values of their codes
  Clipping,       ///< activations beyond the outermost codes become those
  Rounding,       ///< activations between the outermost codes are rounded to a code
  Requantization, ///< integer arithmetic between the codes
  Approximation,  ///< nonlinear functions computed in integers
};
inline constexpr unsigned kNumErrorSources = 5;
StringRef getName(ErrorSource source);

/// Sums of squares over one tensor.
struct ErrorSplit {
  uint64_t count = 0;           ///< values of the float stage; 0: not measured
  double signal = 0, total = 0; ///< of x and of (device - x)
  /// Of what each source changes; nullopt: not measured on this tensor.
  std::array<std::optional<double>, kNumErrorSources> noise;

  void merge(const ErrorSplit &other);
  /// Of the signal; nullopt without a signal.
  std::optional<double> share(ErrorSource source) const;
  std::optional<double> totalShare() const;
  /// total minus the sum of all sources, of the signal: what the sources do to
  /// each other. Of independent errors it is 0.
  std::optional<double> interaction() const;
  /// The source with the most noise, if there is any.
  std::optional<ErrorSource> largest() const;
};

/// What is measured on one tensor; adds up over samples.
struct LayerSums {
  Fidelity simulation, device;
  ErrorSplit split;
  /// Of the values of the float stage; filled for tensors with a range.
  numerics::Histogram histogram;
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
  std::string rangeRule, weightRangeRule; ///< where the ranges come from
  std::optional<unsigned> bits, weightBits;
  std::string schemeRule;           ///< the option that decided; empty: the op was not to decide about
  std::string scheme, weightScheme; ///< as the attribute prints
  uint64_t weightScales = 0;
  std::vector<std::string> notes;
  /// Of the calibration data, of the weight before it is quantized; may be empty.
  numerics::Histogram calibrated, weights;
  std::optional<std::pair<double, double>> weightRange; ///< the widest of all channels
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
  Fidelity simulation, device; ///< against the float model as it was given
  /// Its rewrites before quantization alone; measured if the recipe has any.
  Fidelity rewritten;
  ErrorSplit split; ///< against the rewritten float network
};

/// How long one run of a compiled model takes here.
struct LatencyReport {
  std::string path, kind; ///< "float", "integer" or "unknown"
  std::string isa;        ///< also what is emulated
  double medianMs = 0, minMs = 0;
  int64_t runs = 0;
};

/// Runs an artifact of narrow-compile (.so) on one sample of `data`, on one
/// thread, for about a second. Fails if it says that it is made of another file
/// than `model` and of another network than that with `hash`; rewrites change the hash alone.
llvm::Expected<LatencyReport> measureLatency(StringRef path, const Dataset &data, StringRef model,
                                             StringRef hash);

/// Numbers of samples.
struct Top1 {
  int64_t floatRight = 0, simulationRight = 0, deviceRight = 0; ///< by label
  int64_t simulationAgrees = 0, deviceAgrees = 0;               ///< with float
};

struct ComparisonReport {
  std::vector<LayerReport> layers; ///< in the order of the float stage
  std::vector<OutputReport> outputs;
  std::string model, recipe; ///< file and options, for the title
  std::vector<LatencyReport> latencies;
  int64_t samples = 0, calibrationSamples = 0;
  bool hasLabels = false, hasClasses = false;
  Top1 top1; ///< on the first output
  std::vector<std::string> warnings;
};

/// Where ranges come from: a table, or data that tables are made from.
class CalibrationSource {
public:
  /// Opens one of two files, the other's name is empty: a table, or the samples of a model
  /// with these inputs.
  static llvm::Expected<std::unique_ptr<CalibrationSource>>
  open(StringRef table, StringRef data, ArrayRef<ModelInput> inputs, const DatasetOptions &options);

  /// The statistics of `network`, a float stage after the rewrites of a recipe.
  /// Made once for each network. Valid as long as the source.
  llvm::Expected<const CalibrationTable *> get(ModuleOp network, const Recipe &recipe);
  /// The same of the first half of the data; null with a table, or too few data.
  llvm::Expected<const CalibrationTable *> getFirstHalf(ModuleOp network, const Recipe &recipe);
  /// Makes samples and table those that passes of `context` see.
  void attach(MLIRContext *context, const CalibrationTable *table = nullptr) const;
  /// The samples; null with a table.
  const Dataset *getData() const { return data ? &data->getData() : nullptr; }
  const std::string name; ///< what errors call it

private:
  explicit CalibrationSource(StringRef name) : name(name) {}
  llvm::Expected<const CalibrationTable *> make(ModuleOp network, const Recipe &recipe, int64_t samples);

  std::optional<CalibrationTable> given;
  std::shared_ptr<DatasetSamples> data;
  /// By hash, samples and weight of moving averages.
  std::map<std::tuple<std::string, int64_t, double>, CalibrationTable> made;
};

struct ComparisonOptions {
  Recipe recipe;
  bool strict = false;
  std::string requantize = "exact"; ///< or "fast", as narrow-compile --requantize
  int64_t samples = 32;             ///< 0: all
  unsigned threads = 0;             ///< 0: one for each core
  std::string labels;               ///< array of the right classes; empty: none
};

/// Quantizes a copy of the float stage and runs all three stages on the first
/// samples of `data`. The result does not depend on the number of threads.
llvm::Expected<ComparisonReport> compareStages(ModuleOp floatStage, CalibrationSource &calibration,
                                               Dataset &data, const ComparisonOptions &options);

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

llvm::json::Object toJSON(const ArtifactReport &report);
llvm::json::Object toJSON(const ComparisonReport &report);
/// A self-contained page that shows a report given in its JSON form.
void printPage(llvm::raw_ostream &os, llvm::json::Object report);
void printReport(llvm::raw_ostream &os, const ArtifactReport &report);
void printReport(llvm::raw_ostream &os, const ComparisonReport &report);

} // namespace narrow

#endif
