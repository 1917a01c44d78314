//===- Table.h - The calibration table --------------------------*- C++ -*-===//
//
// The statistics of all observed tensors of a model, as deterministic JSON
// (docs/table-format.md). It holds no decisions: ranges are derived from it when
// a model is annotated, so that one calibration serves every method.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_CALIBRATION_TABLE_H
#define NARROW_CALIBRATION_TABLE_H

#include "narrow/Calibration/Collector.h"
#include "narrow/Calibration/ForeignRanges.h"
#include "narrow/Calibration/ModelContent.h"
#include "narrow/Calibration/Statistics.h"
#include "narrow/Numerics/Estimators.h"
#include "narrow/Support/Dataset.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace narrow {

/// The preprocessing of one input's u8 data.
struct InputPreprocessing {
  std::string input;
  Preprocessing values;
  bool operator==(const InputPreprocessing &) const = default;
};

struct TableEntry {
  ObservedTensor tensor;
  Origin origin; ///< unknown in version 1
  TensorStatistics statistics;
  /// Averages of the extrema of batches; empty if the table records none.
  numerics::MovingAverage average{};
  bool operator==(const TableEntry &) const = default;
};

/// Samples [begin, end).
struct SampleRange {
  int64_t begin = 0, end = 0;
  bool operator==(const SampleRange &) const = default;
};

/// The progress of an unfinished calibration.
struct CalibrationProgress {
  std::string data;              ///< Dataset::fingerprint(); empty until a state is saved or resumed.
  int64_t total = 0;             ///< Number of samples to process.
  std::vector<SampleRange> done; ///< Sorted, with gaps between them.

  void add(SampleRange range);
  std::vector<SampleRange> remaining() const;
  bool operator==(const CalibrationProgress &) const = default;
};

/// How moving averages are taken: over the extrema of batches of `batch`
/// samples, in the order of the samples.
struct Averaging {
  double momentum = 0; ///< in (0, 1)
  int64_t batch = 0;   ///< at least 1
  bool operator==(const Averaging &) const = default;
};

struct CalibrationTable {
  /// Tables of version 1 identify their model by hashPrintedModel, later ones by hashModel.
  static constexpr int64_t newestVersion = 2;

  int64_t version = newestVersion;
  std::string model; ///< Hash of the float network; empty: the table fits every model with these tensors.
  std::vector<ModelInput> inputs;
  std::vector<OutputContent> outputs;
  std::vector<InputPreprocessing> preprocessing;
  std::string rewrites; ///< Driver options that changed the model before calibration; empty: none.
  int64_t samples = 0;
  std::optional<Averaging> averaging;          ///< Set if there are moving averages, which cannot be merged.
  std::vector<TableEntry> entries;             ///< Sorted by id.
  std::optional<CalibrationProgress> progress; ///< Only in the state of an unfinished run.
  /// A table of another tool has all its content here, and the fields above are empty.
  std::optional<ForeignRanges> foreign;

  /// A table with the statistics that a collector gathered for the tensors of `model`.
  static CalibrationTable create(const ModelContent &model, std::vector<InputPreprocessing> preprocessing,
                                 const Collector &collector);
  /// The model as the table describes it.
  ModelContent getContent() const;
  /// Updates the table to the newest version, for the model `content`, which has the same tensors.
  void setContent(const ModelContent &content);
  const TableEntry *find(llvm::StringRef id) const;
  /// Adds the statistics of the samples `ranges`, made by a collector of the same tensors, and records
  /// them in `progress`. With `averaging` they are one batch (the last may be shorter) and follow those
  /// added before. Once progress is reset, an interrupted and resumed run ends with the same bytes as
  /// one that was not interrupted.
  void addSamples(const CalibrationTable &part, llvm::ArrayRef<SampleRange> ranges);
  bool operator==(const CalibrationTable &) const = default;
};

/// CalibrationTable::rewrites for messages.
std::string describeRewrites(llvm::StringRef rewrites);

/// Reads and validates a table of this program or of another (`foreign`), recognized by
/// its content; errors name file, tensor and field, or the line.
llvm::Expected<CalibrationTable> readTable(llvm::StringRef path);
/// The same from text; `name` stands for the file in errors.
llvm::Expected<CalibrationTable> parseTable(llvm::StringRef text, llvm::StringRef name);

/// The text depends only on the content of the table. Not for tables of other tools.
std::string formatTable(const CalibrationTable &table);
/// Writes a table completely or not at all.
llvm::Error writeTable(llvm::StringRef path, const CalibrationTable &table);

/// Fails unless `table` is a finished table of this model (whose hash must be the one that the table's
/// version uses) with exactly its tensors; the error says which of them differ and how. `name` stands for
/// the file in errors.
llvm::Error checkTable(const CalibrationTable &table, llvm::StringRef name, const ModelContent &model);

/// Fails unless `state` was left by an interrupted run of this calibration. `fresh` is the table that
/// a new run would start from, with its progress; `model` is as for checkTable.
llvm::Error checkResume(const CalibrationTable &state, llvm::StringRef name, const CalibrationTable &fresh,
                        const ModelContent &model);

/// Adds the samples of `from` to `into`. Fails without changing `into` if the tables
/// differ in version, model, preprocessing or tensors, are unfinished, or have moving
/// averages, which depend on the order of the samples. The names stand for the files in
/// errors.
llvm::Error mergeTable(CalibrationTable &into, llvm::StringRef intoName, const CalibrationTable &from,
                       llvm::StringRef fromName);
/// Reads and merges the tables of shards: the result is the table of all their
/// samples.
llvm::Expected<CalibrationTable> mergeTables(llvm::ArrayRef<std::string> paths);

} // namespace narrow

#endif
