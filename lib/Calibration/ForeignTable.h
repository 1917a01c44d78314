//===- ForeignTable.h - Reading the tables of other tools -------*- C++ -*-===//
#ifndef NARROW_LIB_CALIBRATION_FOREIGNTABLE_H
#define NARROW_LIB_CALIBRATION_FOREIGNTABLE_H

#include "narrow/Calibration/ForeignRanges.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>

namespace narrow {

/// The ranges in a table that is not JSON: of TensorRT, of tpu-mlir, or the
/// calibration.cache and calibration.flatbuffers of ONNX Runtime. nullopt if `text`
/// is none of these. Errors call the file `file` and name the line.
llvm::Expected<std::optional<ForeignRanges>> parseForeignText(llvm::StringRef text, llvm::StringRef file);

/// The same from a JSON object: calibration.json of ONNX Runtime, encodings of AIMET.
/// Errors name the key.
llvm::Expected<std::optional<ForeignRanges>> parseForeignObject(const llvm::json::Object &object,
                                                                llvm::StringRef file);

} // namespace narrow

#endif
