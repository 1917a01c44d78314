//===- Table.h - The calibration table --------------------------*- C++ -*-===//
//
// The statistics of all observed tensors of a model, as deterministic JSON
// (docs/table-format.md). It holds no decisions: ranges are derived from it when
// a model is annotated, so one calibration serves every method.
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

/// What was done to the u8 data of one input.
struct InputPreprocessing {
  std::string input;
  Preprocessing values;
  bool operator==(const InputPreprocessing &) const = default;
};

struct TableEntry {
  ObservedTensor tensor;
  Origin origin; ///< of version 1: not known
  TensorStatistics statistics;
  /// Of the extrema of batches; empty if the table records none.
  numerics::MovingAverage average{};
  bool operator==(const TableEntry &) const = default;
};

/// Samples [begin, end).
struct SampleRange {
  int64_t begin = 0, end = 0;
  bool operator==(const SampleRange &) const = default;
};

/// How far an unfinished calibration has come.
struct CalibrationProgress {
  std::string data;              ///< Dataset::fingerprint(); empty until a state is saved or resumed.
  int64_t total = 0;             ///< Samples to be processed.
  std::vector<SampleRange> done; ///< Sorted, with gaps between them.

  void add(SampleRange range);
  std::vector<SampleRange> remaining() const;
  bool operator==(const CalibrationProgress &) const = default;
};

/// How moving averages are taken: over the extrema of `batch` samples each, in
/// the order of the samples.
struct Averaging {
  double momentum = 0; ///< in (0, 1)
  int64_t batch = 0;   ///< at least 1
  bool operator==(const Averaging &) const = default;
};

struct CalibrationTable {
  /// Tables of version 1 know their model by what hashPrintedModel says of it, later ones by hashModel.
  static constexpr int64_t newestVersion = 2;

  int64_t version = newestVersion;
  std::string model; ///< Hash of the float network; empty: the table fits all with these tensors.
  std::vector<ModelInput> inputs;
  std::vector<OutputContent> outputs;
  std::vector<InputPreprocessing> preprocessing;
  std::string rewrites; ///< Options of the drivers that changed the model before; empty: none.
  int64_t samples = 0;
  std::optional<Averaging> averaging;          ///< If there are moving averages: no merging then.
  std::vector<TableEntry> entries;             ///< Sorted by id.
  std::optional<CalibrationProgress> progress; ///< Only in the state of an unfinished run.
  /// The table of another tool: all that it has is here, and the fields above are empty.
  std::optional<ForeignRanges> foreign;

  /// Takes over what a collector has gathered of the tensors of `model`.
  static CalibrationTable create(const ModelContent &model, std::vector<InputPreprocessing> preprocessing,
                                 const Collector &collector);
  /// What the table knows of its model.
  ModelContent getContent() const;
  /// Makes the table one of the newest version, of the model `content`, which has its tensors.
  void setContent(const ModelContent &content);
  const TableEntry *find(llvm::StringRef id) const;
  /// Adds the statistics of the samples `ranges`, made by a collector of the same tensors, and notes
  /// them in `progress`. With `averaging` they are one batch (the last may be shorter) and follow those
  /// that were added before. A run that was interrupted and resumed ends with the bytes of one that was
  /// not, once progress is reset.
  void addSamples(const CalibrationTable &part, llvm::ArrayRef<SampleRange> ranges);
  bool operator==(const CalibrationTable &) const = default;
};

/// CalibrationTable::rewrites for messages.
std::string describeRewrites(llvm::StringRef rewrites);

/// Reads and validates a table, of this program or another (`foreign`), which its content
/// tells; errors name file, tensor and field, or the line.
llvm::Expected<CalibrationTable> readTable(llvm::StringRef path);
/// The same from text; `name` stands for the file in errors.
llvm::Expected<CalibrationTable> parseTable(llvm::StringRef text, llvm::StringRef name);

/// The text depends on the content of the table alone. Not for a table of another tool.
std::string formatTable(const CalibrationTable &table);
/// Writes a table, whole or not at all.
llvm::Error writeTable(llvm::StringRef path, const CalibrationTable &table);

/// Fails unless `table` is a finished table of this model, whose hash is that of the table's version, and of
/// exactly its tensors; the error says which of them differ and how. `name` stands for the file in errors.
llvm::Error checkTable(const CalibrationTable &table, llvm::StringRef name, const ModelContent &model);

/// Fails unless `state` is what an interrupted run of this calibration left.
/// `fresh` is the table that a new run would start from, with its progress, `model` as for checkTable.
llvm::Error checkResume(const CalibrationTable &state, llvm::StringRef name, const CalibrationTable &fresh,
                        const ModelContent &model);

/// Adds the samples of `from` to `into`. Fails, without a change, if the tables
/// are of different versions, models, preprocessing or tensors, are unfinished, or have
/// moving averages, which depend on the order of the samples. Names
/// stand for the files in errors.
llvm::Error mergeTable(CalibrationTable &into, llvm::StringRef intoName, const CalibrationTable &from,
                       llvm::StringRef fromName);
/// Reads and merges the tables of shards: the result is the table of all their
/// samples.
llvm::Expected<CalibrationTable> mergeTables(llvm::ArrayRef<std::string> paths);

} // namespace narrow

#endif
