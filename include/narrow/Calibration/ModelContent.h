//===- ModelContent.h - A model as seen by its table ------------*- C++ -*-===//
#ifndef NARROW_CALIBRATION_MODELCONTENT_H
#define NARROW_CALIBRATION_MODELCONTENT_H

#include "narrow/Calibration/Statistics.h"
#include "narrow/Support/Dataset.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace narrow {

/// How a tensor is computed from the observed tensors and inputs before it. Unknown (`ops` is empty) in
/// tables of version 1 and in tables that name no model.
struct Origin {
  std::vector<std::string> from; ///< names of these, in the order in which they are first read
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
  std::string hash; ///< identifies the model; empty: not known
  std::vector<ModelInput> inputs;
  std::vector<OutputContent> outputs;
  std::vector<TensorContent> tensors; ///< in program order for a model, sorted by id for a table
};

/// "'a', 'b' and 3 more"
std::string listNames(llvm::ArrayRef<llvm::StringRef> names);

/// Which tensors of a model differ from those of a table, and how; each kind of difference once, with the
/// first few tensors. Empty if no difference of tensors, inputs or outputs is known. The text calls the two
/// `first` and `second`.
std::string describeDifferences(const ModelContent &table, const ModelContent &model, llvm::StringRef first,
                                llvm::StringRef second);

} // namespace narrow

#endif
