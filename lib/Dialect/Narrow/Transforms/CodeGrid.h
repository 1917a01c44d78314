//===- CodeGrid.h - Which codes an encoded weight may have ------*- C++ -*-===//
//
// What narrow-encode-weights leaves for narrow-round-weights beside the unrounded weight: for
// each group of weights, the codes that its format allows.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TRANSFORMS_CODEGRID_H
#define NARROW_LIB_TRANSFORMS_CODEGRID_H

#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Support/LLVM.h"
#include <map>

namespace narrow {

/// Which weights share a scale, in stored order: those of an index along an axis, or all.
struct ChannelLayout {
  int64_t count = 1, inner = 1, size;

  /// `axis` below 0: one channel.
  ChannelLayout(RankedTensorType type, int64_t axis);
  int64_t getChannel(int64_t index) const { return index / inner % count; }
  /// The place of a weight in its channel.
  int64_t getPosition(int64_t index) const { return index / inner / count * inner + index % inner; }
};

/// Different lists of codes.
class CodeListTable {
public:
  /// The index of `codes`.
  int32_t add(numerics::Levels codes);
  const numerics::Levels &operator[](int32_t index) const { return *order[index]; }

private:
  std::map<numerics::Levels, int32_t> indices;
  std::vector<const numerics::Levels *> order;
};

struct CodeGrid {
  int64_t group;                       ///< so many weights of a channel that follow each other share a list
  std::vector<numerics::Levels> lists; ///< of codes, ascending, not empty
  std::vector<int32_t> groups;         ///< the list of each group, channel by channel

  /// The group of the weight at `index` of the tensor.
  int64_t getGroup(const ChannelLayout &layout, int64_t index) const {
    return layout.getChannel(index) * getNumGroups(layout) + layout.getPosition(index) / group;
  }
  int64_t getNumGroups(const ChannelLayout &layout) const { return llvm::divideCeil(layout.size, group); }
};

void setCodeGrid(ObserveOp op, const CodeGrid &grid);
/// nullopt without the attribute; fails, after an error, if it does not fit the weight and its type.
FailureOr<std::optional<CodeGrid>> getCodeGrid(ObserveOp op);
/// The channels of an observed weight that has a scheme.
ChannelLayout getChannelLayout(ObserveOp op);

} // namespace narrow

#endif
