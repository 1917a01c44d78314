//===- ModelContent.h - What a table knows of its model ---------*- C++ -*-===//
#ifndef NARROW_CALIBRATION_MODELCONTENT_H
#define NARROW_CALIBRATION_MODELCONTENT_H

#include "narrow/Calibration/Statistics.h"
#include "narrow/Support/Dataset.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace narrow {

/// How a tensor is computed from the observed tensors and inputs before it. Tables of version 1, and those
/// that name no model, do not know: `ops` is empty.
struct Origin {
  std::vector<std::string> from; ///< their names, in the order in which they are read first
  std::string ops;               ///< hash of the ops between, without weights and names
  std::string content;           ///< hash of the ops between and their weights
  bool operator==(const Origin &) const = default;
};

struct OutputContent {
  std::string name;
  Origin origin;
  bool operator==(const OutputContent &) const = default;
};

struct TensorContent {
  ObservedTensor tensor;
  Origin origin;
};

struct ModelContent {
  std::string hash; ///< by which the model is known; empty: not known
  std::vector<ModelInput> inputs;
  std::vector<OutputContent> outputs;
  std::vector<TensorContent> tensors; ///< of a model in program order, of a table sorted by id
};

/// "'a', 'b' and 3 more"
std::string listNames(llvm::ArrayRef<llvm::StringRef> names);

/// Which tensors of a model are others than those that a table is of, and how; each kind of difference once,
/// with the first few tensors. Empty if no difference of tensors, inputs and outputs is known. `first` and
/// `second` are what the text calls the two.
std::string describeDifferences(const ModelContent &table, const ModelContent &model, llvm::StringRef first,
                                llvm::StringRef second);

} // namespace narrow

#endif
