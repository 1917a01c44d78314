//===- DataWarnings.h - Calibration data that cannot be right ---*- C++ -*-===//
#ifndef NARROW_PIPELINES_DATAWARNINGS_H
#define NARROW_PIPELINES_DATAWARNINGS_H

#include "narrow/Calibration/Table.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Support/LLVM.h"
#include <string>
#include <vector>

namespace narrow {

/// What `table` shows of the data that it was made from, and `data`, if it is that data (null: not at hand):
/// what was seen and what to do, one text each. Nothing about tables of other tools.
std::vector<std::string> findDataFaults(const CalibrationTable &table, ArrayRef<ModelInput> inputs,
                                        const Dataset *data);

/// What follows "input 'x' has values from 0 to 255" if these are pixels that were not normalized; empty if
/// `min`, `max` and `integral`, whether all values are whole numbers, do not look like it.
StringRef describePixels(double min, double max, bool integral);

} // namespace narrow

#endif
