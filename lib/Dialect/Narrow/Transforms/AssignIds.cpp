//===- AssignIds.cpp - narrow-assign-ids ----------------------------------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWASSIGNIDS
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

/// "conv2d" of "tosa.conv2d".
StringRef mnemonic(Operation *op) {
  StringRef name = op->getName().getStringRef();
  return name.substr(name.find('.') + 1);
}

struct AssignIds : impl::NarrowAssignIdsBase<AssignIds> {
  using NarrowAssignIdsBase::NarrowAssignIdsBase;

  void runOnOperation() override {
    if (failed(
            requireStage(getOperation(), {Stage::Float, Stage::Imported, Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    // Ids are unique in the module, and differ from the names of its inputs.
    llvm::StringSet<> taken;
    getOperation().walk([&](func::FuncOp function) {
      if (function.isExternal())
        return;
      for (BlockArgument argument : function.getArguments())
        taken.insert(getTensorId(argument));
    });
    bool unique = true;
    getOperation().walk([&](Operation *op) {
      auto id = op->getAttrOfType<StringAttr>(attrs::id);
      if (id && computesTensor(op) && !taken.insert(id.getValue()).second) {
        op->emitError("narrow.id \"") << id.getValue() << "\" names another tensor too: rename one of them";
        unique = false;
      }
    });
    if (!unique)
      return signalPassFailure();
    getOperation().walk([&](func::FuncOp function) { assign(function, taken); });
    getOperation().walk([&](QuantizableOpInterface op) { nameWeight(op); });
  }

  /// Keeps the name of the initializer that a weight is. Not once its values have changed: such a constant
  /// has a fused location.
  static void nameWeight(QuantizableOpInterface op) {
    std::optional<unsigned> index = op.getWeightOperand();
    Operation *constant =
        index && *index < op->getNumOperands() ? op->getOperand(*index).getDefiningOp() : nullptr;
    auto name = constant ? dyn_cast<NameLoc>(constant->getLoc()) : NameLoc();
    if (name && constant->hasTrait<OpTrait::ConstantLike>())
      constant->setAttr(attrs::name, name.getName());
  }

  void assign(func::FuncOp function, llvm::StringSet<> &taken) {
    llvm::MapVector<StringRef, SmallVector<Operation *>> named;
    SmallVector<Operation *> nameless;
    function.walk([&](Operation *op) {
      if (!computesTensor(op) || op->hasAttr(attrs::id))
        return;
      StringRef name = getNameFromLocation(op->getLoc());
      if (name.empty())
        nameless.push_back(op);
      else
        named[name].push_back(op);
    });
    for (auto &[name, ops] : named) {
      Operation *owner = ops.back();
      for (Operation *op : ops)
        if (!isa<tosa::ReshapeOp, tosa::TransposeOp>(op))
          owner = op;
      // The owner comes first, so that no other op takes its name.
      if (!taken.contains(name))
        set(owner, name.str(), taken);
      for (Operation *op : ops)
        if (!op->hasAttr(attrs::id))
          set(op, firstFree((name + "/" + mnemonic(op)).str(), /*first=*/0, taken), taken);
    }
    llvm::StringMap<unsigned> counts;
    for (Operation *op : nameless) {
      unsigned &count = counts[mnemonic(op)];
      set(op, firstFree(mnemonic(op).str(), count, taken, /*numberFirst=*/true), taken);
      ++count;
    }
  }

  /// `base`, `base_1`, `base_2` …; `base_<first>` … if the first is numbered too.
  static std::string firstFree(const std::string &base, unsigned first, const llvm::StringSet<> &taken,
                               bool numberFirst = false) {
    if (!numberFirst && !taken.contains(base))
      return base;
    unsigned number = numberFirst ? first : 1;
    while (taken.contains(base + "_" + std::to_string(number)))
      ++number;
    return base + "_" + std::to_string(number);
  }

  void set(Operation *op, const std::string &id, llvm::StringSet<> &taken) {
    op->setAttr(attrs::id, StringAttr::get(op->getContext(), id));
    taken.insert(id);
    ++numAssigned;
  }
};

} // namespace
} // namespace narrow
