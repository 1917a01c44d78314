//===- Ranking.h - Ways to quantize one network, by its outputs -*- C++ -*-===//
//
// Every candidate is compiled for this machine as narrow-compile does, and its
// outputs are measured against those of the compiled float model, on the same
// samples.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_RANKING_H
#define NARROW_PIPELINES_RANKING_H

#include "narrow/Pipelines/OutputMeter.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

struct RankedRecipe {
  std::string name;
  Recipe recipe;
};

struct CandidateReport {
  std::string name;
  std::string error; ///< not empty: why it cannot be compiled; nothing below is set then
  OutputSums sums;
  uint64_t weightsSize = 0; ///< bytes
  int64_t floatOps = 0;     ///< ops of the network that stay float
};

struct RankingReport {
  std::string model;
  int64_t samples = 0, calibrationSamples = 0;
  bool hasClasses = false, hasLabels = false;
  int64_t floatRight = 0;
  std::vector<CandidateReport> candidates; ///< the highest SQNR first, impossible ones last
};

/// One layer: an op with parameters of its own, and the contractions whose
/// accumulators it adds.
struct SensitivityRow {
  std::string id, op;
  std::optional<Fidelity> only; ///< this layer quantized, all others float
  std::optional<Fidelity> kept; ///< this layer float, all others quantized
  std::string error;            ///< why one of them could not be measured
};

struct SensitivityReport {
  std::string model, recipe;
  int64_t samples = 0, calibrationSamples = 0;
  Fidelity all;                       ///< every layer quantized
  std::vector<SensitivityRow> layers; ///< in the order of the network
};

/// Measures all candidates on the first samples of `data` (`options.samples`,
/// `labels`, `threads`). One that cannot be compiled is reported as such.
llvm::Expected<RankingReport> rankCandidates(ModuleOp floatStage, CalibrationSource &calibration,
                                             Dataset &data, ArrayRef<RankedRecipe> candidates,
                                             const ComparisonOptions &options);

/// Quantizes one layer at a time, and keeps one layer at a time float.
llvm::Expected<SensitivityReport> measureSensitivity(ModuleOp floatStage, CalibrationSource &calibration,
                                                     Dataset &data, const ComparisonOptions &options);

llvm::json::Object toJSON(const RankingReport &report);
llvm::json::Object toJSON(const SensitivityReport &report);
void printReport(llvm::raw_ostream &os, const RankingReport &report);
void printReport(llvm::raw_ostream &os, const SensitivityReport &report);

} // namespace narrow

#endif
