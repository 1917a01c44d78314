//===- ReportFormat.cpp - Numbers and tables of reports -------------------===//
#include "ReportFormat.h"
#include "narrow/Pipelines/CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

std::string narrow::formatShort(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string narrow::formatSqnr(const Fidelity &fidelity) {
  if (fidelity.count == 0)
    return "-";
  if (fidelity.exact())
    return "exact";
  std::optional<double> sqnr = fidelity.sqnr();
  return sqnr ? llvm::formatv("{0:f1}", *sqnr).str() : "undefined";
}

std::string narrow::formatCosine(const Fidelity &fidelity) {
  std::optional<double> cosine = fidelity.count ? fidelity.cosine() : std::nullopt;
  return cosine ? llvm::formatv("{0:f5}", *cosine).str() : "-";
}

std::string narrow::formatCalibration(int64_t samples) {
  return samples ? std::to_string(samples) + " samples" : "the table of another tool";
}

std::string narrow::fixText(StringRef text) {
  return llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text);
}

llvm::json::Value narrow::toNumber(std::optional<double> value) {
  return value && std::isfinite(*value) ? llvm::json::Value(*value) : llvm::json::Value(nullptr);
}

llvm::json::Value narrow::toJSON(const Fidelity &fidelity) {
  if (fidelity.count == 0)
    return nullptr;
  return llvm::json::Object{{"sqnr_db", toNumber(fidelity.sqnr())},
                            {"exact", fidelity.exact()},
                            {"cosine", toNumber(fidelity.cosine())}};
}

void TextTable::add(Row row) {
  for (std::string &cell : row)
    cell = printable(cell);
  rows.push_back(std::move(row));
}

void TextTable::print(llvm::raw_ostream &os) const {
  std::vector<size_t> widths(alignment.size());
  for (const Row &row : rows)
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const Row &row : rows) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      line += i ? "  " : "";
      line += alignment[i] == 'l' ? llvm::formatv("{0}", llvm::left_justify(row[i], widths[i])).str()
                                  : llvm::formatv("{0}", llvm::right_justify(row[i], widths[i])).str();
    }
    os << StringRef(line).rtrim() << '\n';
  }
  os << '\n';
}
