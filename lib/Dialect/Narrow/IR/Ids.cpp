//===- Ids.cpp - Names of tensors -----------------------------------------===//
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;

StringRef narrow::getNameFromLocation(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().getValue();
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      if (StringRef name = getNameFromLocation(part); !name.empty())
        return name;
    return {};
  }
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return getNameFromLocation(call.getCallee());
  return {};
}

StringRef narrow::getTensorId(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (auto function = dyn_cast_or_null<FunctionOpInterface>(argument.getOwner()->getParentOp());
        function && argument.getOwner()->isEntryBlock())
      if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attrs::name))
        return name.getValue();
    return getNameFromLocation(argument.getLoc());
  }
  Operation *op = value.getDefiningOp();
  if (auto id = op->getAttrOfType<StringAttr>(attrs::id))
    return id.getValue();
  return getNameFromLocation(op->getLoc());
}

void narrow::copyId(Operation *from, Operation *to) {
  if (from == to)
    return;
  if (Attribute id = from->getAttr(attrs::id))
    to->setAttr(attrs::id, id);
}

bool narrow::computesTensor(Operation *op) {
  return llvm::any_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>) &&
         !op->hasTrait<OpTrait::ConstantLike>();
}
