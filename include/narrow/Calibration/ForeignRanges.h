//===- ForeignRanges.h - Ranges that another tool chose ---------*- C++ -*-===//
//
// What the calibration tables of ONNX Runtime, TensorRT, AIMET and tpu-mlir hold:
// an interval for each tensor, under its name in the source model; AIMET's also those of
// weights. No statistics.
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
  double magnitude = 0;    ///< of the symmetric interval that codes with zero point 0 are for
  int64_t bits = 0;        ///< that the range was chosen for; 0: the file does not say
  bool operator==(const NamedRange &) const = default;
};

/// The intervals of a weight.
struct NamedWeight {
  std::string name;             ///< of the initializer
  std::vector<double> min, max; ///< one, or one for each output channel
  int64_t bits = 0;             ///< that they were chosen for
  bool operator==(const NamedWeight &) const = default;
};

struct ForeignRanges {
  std::string tool;                  ///< that wrote them
  bool namesEndInOp = false;         ///< names are "<tensor>_<operator>" (tpu-mlir)
  std::vector<NamedRange> ranges;    ///< sorted by name, which is unique; at least one
  std::vector<NamedWeight> weights;  ///< sorted by name
  std::vector<std::string> unscaled; ///< tensors that the tool did not quantize (TensorRT: scale 0), sorted
  std::vector<std::string> notes;    ///< what the file has that is not used, or cannot say

  /// The ranges that are for the tensor `id`: one, or none. Several if the file calls
  /// the tensor by its own name in more than one way.
  llvm::SmallVector<const NamedRange *, 1> find(llvm::StringRef id) const;
  /// The intervals of the weight that the source model calls `name`.
  std::optional<NamedWeight> findWeight(llvm::StringRef name) const;
  bool operator==(const ForeignRanges &) const = default;
};

} // namespace narrow

#endif
