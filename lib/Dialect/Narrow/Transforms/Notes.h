//===- Notes.h - What is worth telling of a tensor --------------*- C++ -*-===//
#ifndef NARROW_LIB_TRANSFORMS_NOTES_H
#define NARROW_LIB_TRANSFORMS_NOTES_H

#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/LLVM.h"
#include <string>

namespace narrow {

inline constexpr llvm::StringLiteral kAllZero = "all values are zero";
inline constexpr llvm::StringLiteral kAllEqual = "all values are equal";
inline constexpr llvm::StringLiteral kOutlier =
    "values exceed those of all other channels, which may lose all of their codes, by more than 2^20";

/// What happened to one tensor, by channel. The text is in `narrow.notes` of its
/// observer until narrow-assign-scales, the last pass that adds some, reports it.
class Notes {
public:
  void add(StringRef what, int64_t channel) { get(what).push_back(channel); }
  void add(const Twine &what) { get(what.str()); }

  /// Replaces the notes of `op` by these. Channels are named if there are several.
  void set(ObserveOp op, int64_t channels) const;
  /// Adds these to the notes of `op` and reports all.
  void report(ObserveOp op, int64_t channels) const;

private:
  SmallVector<int64_t> &get(StringRef what);
  SmallVector<std::string> getTexts(int64_t channels) const;

  SmallVector<std::pair<std::string, SmallVector<int64_t>>, 2> notes;
};

} // namespace narrow

#endif
