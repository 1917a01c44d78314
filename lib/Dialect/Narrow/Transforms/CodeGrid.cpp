//===- CodeGrid.cpp - Which codes an encoded weight may have --------------===//
#include "CodeGrid.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace narrow;
using numerics::Levels;

ChannelLayout::ChannelLayout(RankedTensorType type, int64_t axis) {
  size = type.getNumElements();
  if (axis < 0)
    return;
  count = type.getDimSize(axis);
  for (int64_t dim : type.getShape().drop_front(axis + 1))
    inner *= dim;
  size /= std::max<int64_t>(count, 1);
}

int32_t CodeListTable::add(Levels codes) {
  auto [it, isNew] = indices.try_emplace(std::move(codes), static_cast<int32_t>(order.size()));
  if (isNew)
    order.push_back(&it->first);
  return it->second;
}

void narrow::setCodeGrid(ObserveOp op, const CodeGrid &grid) {
  Builder builder(op.getContext());
  SmallVector<Attribute> lists;
  for (const Levels &list : grid.lists)
    lists.push_back(builder.getDenseI32ArrayAttr(list));
  op->setAttr(attrs::codeGrid, builder.getDictionaryAttr({
                                   builder.getNamedAttr("group", builder.getI64IntegerAttr(grid.group)),
                                   builder.getNamedAttr("lists", builder.getArrayAttr(lists)),
                                   builder.getNamedAttr("groups", builder.getDenseI32ArrayAttr(grid.groups)),
                               }));
}

FailureOr<std::optional<CodeGrid>> narrow::getCodeGrid(ObserveOp op) {
  Attribute attr = op->getAttr(attrs::codeGrid);
  if (!attr)
    return std::optional<CodeGrid>();
  auto fail = [&](const Twine &what) {
    return op.emitError() << "the attribute '" << attrs::codeGrid << "' of '" << op.getId() << "' " << what;
  };
  auto dictionary = dyn_cast<DictionaryAttr>(attr);
  if (!dictionary)
    return fail("is no dictionary");
  auto group = dictionary.getAs<IntegerAttr>("group");
  auto lists = dictionary.getAs<ArrayAttr>("lists");
  auto groups = dictionary.getAs<DenseI32ArrayAttr>("groups");
  if (!group || !lists || !groups)
    return fail("should have a group, lists and groups");
  auto type = dyn_cast_if_present<quant::QuantizedType>(op.getQuantizedType().value_or(Type()));
  if (!op.getUnroundedAttr())
    return fail("needs the unrounded weight");
  if (!op.getSchemeAttr() || !type || !group.getType().isInteger(64) || group.getInt() < 1)
    return fail("does not fit the weight");
  ChannelLayout layout = getChannelLayout(op);
  CodeGrid grid{group.getInt(), {}, {groups.asArrayRef().begin(), groups.asArrayRef().end()}};
  for (Attribute element : lists) {
    auto list = dyn_cast<DenseI32ArrayAttr>(element);
    if (!list || list.empty() || !llvm::is_sorted(list.asArrayRef(), std::less_equal<>()) ||
        list.asArrayRef().front() < type.getStorageTypeMin() ||
        list.asArrayRef().back() > type.getStorageTypeMax())
      return fail("should have lists of codes of the type, in ascending order");
    grid.lists.emplace_back(list.asArrayRef().begin(), list.asArrayRef().end());
  }
  if (static_cast<int64_t>(grid.groups.size()) != layout.count * grid.getNumGroups(layout) ||
      !llvm::all_of(grid.groups, [&](int32_t list) {
        return list >= 0 && list < static_cast<int32_t>(grid.lists.size());
      }))
    return fail("should have the index of a list for each group of weights");
  return std::optional<CodeGrid>(std::move(grid));
}

ChannelLayout narrow::getChannelLayout(ObserveOp op) {
  return {cast<RankedTensorType>(op.getType()), op.getSchemeAttr().getAxis()};
}
