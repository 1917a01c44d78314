//===- AlignOperands.cpp - narrow-align-operands --------------------------===//
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Rescaling.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWALIGNOPERANDS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct AlignOperands : narrow::impl::NarrowAlignOperandsBase<AlignOperands> {
  using NarrowAlignOperandsBase::NarrowAlignOperandsBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    bool all = which == "all";
    if (!all && which != "add" && which != "concat") {
      getOperation().emitError() << "narrow-align-operands takes which=add, concat or all, got '" << which
                                 << "'";
      return signalPassFailure();
    }
    // Numbered in program order, so that nothing depends on addresses.
    getOperation().walk([&](ObserveOp op) {
      if (!op.getWeight() && !op->hasAttr(attrs::floatReason))
        observers.insert({op, static_cast<unsigned>(observers.size())});
    });
    for (auto [op, number] : observers)
      groups.insert(number);
    WalkResult walk = getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op))
        return WalkResult::advance();
      bool aligned = ((all || which == "add") && op.addsAccumulators()) ||
                     ((all || which == "concat") && joinsCodes(op));
      return aligned && failed(join(op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();
    widen();
  }

private:
  LogicalResult join(QuantizableOpInterface op);
  void widen();

  llvm::MapVector<Operation *, unsigned> observers;
  llvm::EquivalenceClasses<unsigned> groups;
};

} // namespace

/// Puts the observers of the operands and of the result of `op` in one group. An operand
/// that is added as an accumulator has none.
LogicalResult AlignOperands::join(QuantizableOpInterface op) {
  Value result = getMergedResult(op);
  SmallVector<ObserveOp> members;
  auto add = [&](Operation *user) {
    auto observe = dyn_cast_if_present<ObserveOp>(user);
    if (!observe || !observers.count(observe))
      return false;
    members.push_back(observe);
    return true;
  };
  if (!result.hasOneUse() || !add(*result.user_begin()))
    return success();
  for (unsigned index : op.getActivationOperands()) {
    Value operand = op->getOperand(index);
    if (!isFusedAccumulator(operand) && !add(getParameterSource(operand).getDefiningOp()))
      return success(); // A constant, or not quantized: nothing is gained.
  }
  for (ObserveOp member : members) {
    if (!member.getRangeAttr() || member.getRangeAttr().getMin().size() != 1)
      return member.emitError() << "observer '" << member.getId()
                                << "' has no range; run --narrow-import-table first";
    // Codes of another width are other codes for the same range.
    if (member.getSchemeAttr() == members.front().getSchemeAttr())
      groups.unionSets(observers.lookup(member), observers.lookup(members.front()));
    else
      op->emitRemark() << "'" << member.getId() << "' is not aligned with '" << members.front().getId()
                       << "': their schemes differ";
  }
  return success();
}

/// A bit of 8; less is the price of any alignment.
constexpr double kLeastLossNamed = 6;

/// Gives every group the smallest range that has those of its members (N47).
void AlignOperands::widen() {
  llvm::MapVector<unsigned, SmallVector<ObserveOp>> members;
  for (auto [op, number] : observers)
    members[groups.getLeaderValue(number)].push_back(cast<ObserveOp>(op));
  for (auto &[leader, list] : members) {
    if (list.size() < 2)
      continue;
    SmallVector<numerics::Interval> ranges;
    for (ObserveOp op : list)
      ranges.push_back({op.getRangeAttr().getMin().front(), op.getRangeAttr().getMax().front()});
    numerics::Interval range = numerics::uniteRanges(ranges);
    for (auto [op, own] : llvm::zip_equal(list, ranges)) {
      ++numAligned;
      if (own == range)
        continue;
      if (double loss = 20 * std::log10((range.hi - range.lo) / (own.hi - own.lo));
          own.hi > own.lo && loss >= kLeastLossNamed)
        op.emitRemark() << llvm::formatv(
            "aligning '{0}' costs it {1:F1} dB: its range becomes [{2:g}, {3:g}], not "
            "[{4:g}, {5:g}]",
            op.getId(), loss, range.lo, range.hi, own.lo, own.hi);
      op.setRangeAttr(RangeAttr::get(op.getContext(), {range.lo}, {range.hi}, RangeOrigin::Aligned));
      ++numWidened;
    }
  }
}
