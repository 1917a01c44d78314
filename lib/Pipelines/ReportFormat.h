//===- ReportFormat.h - Numbers and tables of reports -----------*- C++ -*-===//
#ifndef NARROW_LIB_PIPELINES_REPORTFORMAT_H
#define NARROW_LIB_PIPELINES_REPORTFORMAT_H

#include "narrow/Pipelines/Report.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Four digits, whatever the magnitude.
std::string formatShort(double value);
/// dB with a digit, "exact", "undefined", or "-" if nothing was measured.
std::string formatSqnr(const Fidelity &fidelity);
std::string formatCosine(const Fidelity &fidelity);
/// "512 samples", or of what else the ranges are that come from none.
std::string formatCalibration(int64_t samples);

/// Strings of files may hold anything; JSON is UTF-8.
std::string fixText(StringRef text);
/// Null unless there is a finite value.
llvm::json::Value toNumber(std::optional<double> value);
/// Null if the tensor was not measured.
llvm::json::Value toJSON(const Fidelity &fidelity);

/// A table of text: columns as wide as their widest cell.
class TextTable {
public:
  using Row = std::vector<std::string>;
  /// `alignment` has a letter for each column: l or r.
  TextTable(StringRef alignment, Row titles) : alignment(alignment) { add(std::move(titles)); }
  void add(Row row);
  /// Ends with an empty line.
  void print(llvm::raw_ostream &os) const;

private:
  std::string alignment;
  std::vector<Row> rows;
};

} // namespace narrow

#endif
