//===- RankingPrinter.cpp - Rankings as text and as JSON ------------------===//
#include "ReportFormat.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Ranking.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow;
namespace json = llvm::json;

static double percent(int64_t part, int64_t whole) { return whole ? 100.0 * part / whole : 0; }

/// dB that keeping a layer float gains; nullopt unless both are measured.
static std::optional<double> getGain(const SensitivityRow &row, const Fidelity &all) {
  std::optional<double> kept = row.kept ? row.kept->sqnr() : std::nullopt, whole = all.sqnr();
  return kept && whole ? std::optional(*kept - *whole) : std::nullopt;
}

json::Object narrow::toJSON(const RankingReport &report) {
  json::Array candidates;
  for (const CandidateReport &row : report.candidates) {
    json::Object object{{"name", fixText(row.name)}};
    if (!row.error.empty()) {
      object["error"] = fixText(row.error);
    } else {
      object["device"] = toJSON(row.sums.device);
      object["weights_bytes"] = row.weightsSize;
      object["float_ops"] = row.floatOps;
      if (report.hasClasses)
        object["agreement"] = percent(row.sums.agrees, report.samples);
      if (report.hasLabels)
        object["top1"] = percent(row.sums.right, report.samples);
    }
    candidates.push_back(std::move(object));
  }
  json::Object object{{"report", "ranking"},
                      {"model", fixText(report.model)},
                      {"samples", report.samples},
                      {"calibration_samples", report.calibrationSamples},
                      {"candidates", std::move(candidates)}};
  if (report.hasLabels)
    object["float_top1"] = percent(report.floatRight, report.samples);
  return object;
}

void narrow::printReport(llvm::raw_ostream &os, const RankingReport &report) {
  os << llvm::formatv("Outputs of compiled models against the float model, {0} samples; ranges from {1}.\n\n",
                      report.samples, formatCalibration(report.calibrationSamples));
  TextTable table("rlrrrrrrl", {"#", "candidate", "dB", "cosine", "agrees %", "top-1 %", "weights",
                                "float ops", "not possible because"});
  for (auto [i, row] : llvm::enumerate(report.candidates)) {
    if (!row.error.empty()) {
      table.add({std::to_string(i + 1), row.name, "-", "-", "-", "-", "-", "-", row.error});
      continue;
    }
    auto share = [&](bool known, int64_t part) {
      return known ? llvm::formatv("{0:f2}", percent(part, report.samples)).str() : "-";
    };
    table.add({std::to_string(i + 1), row.name, formatSqnr(row.sums.device), formatCosine(row.sums.device),
               share(report.hasClasses, row.sums.agrees), share(report.hasLabels, row.sums.right),
               std::to_string(row.weightsSize), std::to_string(row.floatOps), ""});
  }
  table.print(os);
  if (report.hasLabels)
    os << llvm::formatv("float has a top-1 of {0:f2} %\n", percent(report.floatRight, report.samples));
}

json::Object narrow::toJSON(const SensitivityReport &report) {
  json::Array layers;
  for (const SensitivityRow &row : report.layers) {
    json::Object object{{"id", fixText(row.id)},
                        {"op", row.op},
                        {"only", row.only ? toJSON(*row.only) : json::Value(nullptr)},
                        {"float", row.kept ? toJSON(*row.kept) : json::Value(nullptr)},
                        {"gain_db", toNumber(getGain(row, report.all))}};
    if (!row.error.empty())
      object["error"] = fixText(row.error);
    layers.push_back(std::move(object));
  }
  return json::Object{{"report", "sensitivity"},
                      {"model", fixText(report.model)},
                      {"recipe", fixText(report.recipe)},
                      {"samples", report.samples},
                      {"calibration_samples", report.calibrationSamples},
                      {"all", toJSON(report.all)},
                      {"layers", std::move(layers)}};
}

void narrow::printReport(llvm::raw_ostream &os, const SensitivityReport &report) {
  os << llvm::formatv("SQNR of the outputs of compiled models, {0} samples; all layers quantized: {1} dB.\n"
                      "  only   this layer quantized, all others float\n"
                      "  float  this layer float, all others quantized\n"
                      "  gain   dB that this layer costs: float without all\n\n",
                      report.samples, formatSqnr(report.all));
  TextTable table("rllrrrl", {"#", "layer", "op", "only dB", "float dB", "gain dB", "not possible because"});
  for (auto [i, row] : llvm::enumerate(report.layers)) {
    std::optional<double> gain = getGain(row, report.all);
    table.add({std::to_string(i + 1), row.id, row.op, row.only ? formatSqnr(*row.only) : "-",
               row.kept ? formatSqnr(*row.kept) : "-", gain ? llvm::formatv("{0:f2}", *gain).str() : "-",
               row.error});
  }
  table.print(os);
}
