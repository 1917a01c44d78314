//===- ForeignRanges.h - Ranges chosen by another tool ----------*- C++ -*-===//
//
// The content of calibration tables of ONNX Runtime, TensorRT, AIMET and tpu-mlir: an
// interval for each tensor, by its name in the source model; AIMET's also have those of
// weights. They have no statistics.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_CALIBRATION_FOREIGNRANGES_H
#define NARROW_CALIBRATION_FOREIGNRANGES_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace narrow {

/// The interval of one tensor.
struct NamedRange {
  std::string name;        ///< as in the file
  double min = 0, max = 0; ///< finite, min <= max
  double magnitude = 0;    ///< of the symmetric interval for codes with zero point 0
  int64_t bits = 0;        ///< for which the range was chosen; 0: not in the file
  bool operator==(const NamedRange &) const = default;
};

/// The intervals of a weight.
struct NamedWeight {
  std::string name;             ///< of the initializer
  std::vector<double> min, max; ///< one, or one per output channel
  int64_t bits = 0;             ///< for which they were chosen
  bool operator==(const NamedWeight &) const = default;
};

struct ForeignRanges {
  std::string tool;                  ///< that wrote the file
  bool namesEndInOp = false;         ///< names are "<tensor>_<operator>" (tpu-mlir)
  std::vector<NamedRange> ranges;    ///< sorted by name, names are unique; at least one
  std::vector<NamedWeight> weights;  ///< sorted by name
  std::vector<std::string> unscaled; ///< tensors that the tool did not quantize (TensorRT: scale 0), sorted
  std::vector<std::string> notes;    ///< what the file has that is not used, or lacks

  /// The ranges for the tensor `id`: one or none, or several if the file names the
  /// tensor in more than one way.
  llvm::SmallVector<const NamedRange *, 1> find(llvm::StringRef id) const;
  /// The intervals of the weight named `name` in the source model.
  std::optional<NamedWeight> findWeight(llvm::StringRef name) const;
  bool operator==(const ForeignRanges &) const = default;
};

} // namespace narrow

#endif
