//===- table.cpp - Fuzzes the reader of calibration tables ----------------===//
#include "narrow/Calibration/Table.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace narrow;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  llvm::Expected<CalibrationTable> table = parseTable(text, "t.json");
  if (!table) {
    llvm::consumeError(table.takeError());
    return 0;
  }
  if (table->foreign) { // Is read only. No range may be one that a pass cannot use.
    for (const NamedRange &range : table->foreign->ranges)
      if (!(range.min <= range.max) || !std::isfinite(range.max - range.min) || range.magnitude < 0 ||
          table->foreign->find(range.name).size() != 1)
        std::abort();
    return 0;
  }
  // What was accepted must survive being written, and merge.
  llvm::Expected<CalibrationTable> again = parseTable(formatTable(*table), "again.json");
  if (!again)
    llvm::report_fatal_error(again.takeError());
  if (!(*again == *table))
    std::abort();
  table->progress.reset();
  again->progress.reset();
  // It fits what it says of its model, and can be compared with any other.
  if (llvm::Error error = checkTable(*table, "a", again->getContent()))
    llvm::report_fatal_error(std::move(error));
  ModelContent other = again->getContent();
  std::reverse(other.tensors.begin(), other.tensors.end());
  for (TensorContent &tensor : other.tensors)
    tensor.tensor.id += tensor.origin.ops;
  describeDifferences(table->getContent(), other, "a", "b");
  if (llvm::Error error = mergeTable(*table, "a", *again, "b")) {
    llvm::consumeError(std::move(error));
    return 0;
  }
  llvm::Expected<CalibrationTable> merged = parseTable(formatTable(*table), "merged.json");
  if (!merged)
    llvm::report_fatal_error(merged.takeError());
  return 0;
}
