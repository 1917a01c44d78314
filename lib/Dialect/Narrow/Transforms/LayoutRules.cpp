//===- LayoutRules.cpp - Ops computed on permuted dims --------------------===//
#include "LayoutRules.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

RankedTensorType narrow::permuteType(RankedTensorType type, ArrayRef<int32_t> perms) {
  Type element = type.getElementType();
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(element))
    element = quant::UniformQuantizedPerAxisType::get(
        perAxis.getFlags(), perAxis.getStorageType(), perAxis.getExpressedType(), perAxis.getScales(),
        perAxis.getZeroPoints(), invert(perms)[perAxis.getQuantizedDimension()], perAxis.getStorageTypeMin(),
        perAxis.getStorageTypeMax());
  return RankedTensorType::get(permute<int64_t>(type.getShape(), perms), element, type.getEncoding());
}

bool narrow::movesNothing(ArrayRef<int64_t> shape, ArrayRef<int32_t> perms) {
  int32_t previous = -1;
  for (int32_t p : perms) {
    if (shape[p] == 1)
      continue;
    if (p < previous)
      return false;
    previous = p;
  }
  return true;
}

/// The operands whose dims are those of the result, one by one.
static SmallVector<unsigned> getDataOperands(Operation *op) {
  if (op->hasTrait<OpTrait::tosa::TosaElementwiseOperator>() || isa<tosa::ConcatOp>(op))
    return llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  if (isa<tosa::MulOp>(op))
    return {0, 1};
  if (auto observe = dyn_cast<ObserveOp>(op))
    return observe.getSchemeAttr() || observe.getRangeAttr() ? SmallVector<unsigned>()
                                                             : SmallVector<unsigned>{0};
  if (isa<tosa::NegateOp, tosa::CastOp, tosa::IdentityOp, tosa::PadOp, tosa::SliceOp, tosa::TileOp,
          tosa::ReverseOp, tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp, tosa::ReduceProductOp,
          tosa::ReduceAllOp, tosa::ReduceAnyOp, SoftmaxOp, BatchNormOp, ActivationOp, QuantizeOp,
          DequantizeOp, quant::StorageCastOp>(op))
    return {0};
  return {};
}

/// The operands that list a number for each dim (pairs of numbers for a pad).
static SmallVector<unsigned> getShapeOperands(Operation *op) {
  if (isa<tosa::PadOp, tosa::TileOp>(op))
    return {1};
  if (isa<tosa::SliceOp>(op))
    return {1, 2};
  return {};
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

namespace {
/// Dims [from.first, from.second) of the operand hold the elements of dims
/// [to.first, to.second) of the result.
struct DimGroup {
  std::pair<int64_t, int64_t> from, to;
};
} // namespace

static std::optional<SmallVector<DimGroup>> getGroups(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<DimGroup> groups;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    DimGroup group{{i, i}, {j, j}};
    int64_t left = from[i++], right = to[j++];
    while (left != right) {
      if (left < right ? i == from.size() : j == to.size())
        return std::nullopt;
      if (left < right)
        left *= from[i++];
      else
        right *= to[j++];
    }
    group.from.second = i;
    group.to.second = j;
    groups.push_back(group);
  }
  if (groups.empty())
    return std::nullopt;
  // What is left over are dims of size 1.
  groups.back().from.second = from.size();
  groups.back().to.second = to.size();
  return groups;
}

/// Groups stay together and in order inside, whole groups change places.
/// `forward`: `perms` is that of the operand, else of the result.
static std::optional<Permutation> mapThroughReshape(tosa::ReshapeOp op, ArrayRef<int32_t> perms,
                                                    bool forward) {
  auto from = cast<RankedTensorType>(op.getInput1().getType()), to = cast<RankedTensorType>(op.getType());
  if (!from.hasStaticShape() || !to.hasStaticShape() || llvm::is_contained(from.getShape(), 0))
    return std::nullopt;
  auto groups = getGroups(from.getShape(), to.getShape());
  if (!groups)
    return std::nullopt;
  Permutation out;
  for (size_t position = 0; position < perms.size();) {
    const DimGroup *group = llvm::find_if(
        *groups, [&](const DimGroup &g) { return (forward ? g.from : g.to).first == perms[position]; });
    if (group == groups->end())
      return std::nullopt;
    auto known = forward ? group->from : group->to, other = forward ? group->to : group->from;
    for (int64_t dim = known.first; dim < known.second; ++dim, ++position)
      if (position >= perms.size() || perms[position] != dim)
        return std::nullopt;
    for (int64_t dim = other.first; dim < other.second; ++dim)
      out.push_back(static_cast<int32_t>(dim));
  }
  size_t rank = (forward ? to : from).getRank();
  return out.size() == rank ? std::optional(out) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// All ops
//===----------------------------------------------------------------------===//

std::optional<OpLayout> narrow::getLayout(Operation *op, Value known, ArrayRef<int32_t> perms) {
  if (op->getNumResults() != 1)
    return std::nullopt;
  OpLayout layout;
  layout.operands.resize(op->getNumOperands());
  if (auto reshape = dyn_cast<tosa::ReshapeOp>(op)) {
    bool forward = known == reshape.getInput1();
    auto other = mapThroughReshape(reshape, perms, forward);
    if (!other)
      return std::nullopt;
    layout.operands[0] = forward ? Permutation(perms) : *other;
    layout.result = forward ? *other : Permutation(perms);
    return layout;
  }
  SmallVector<unsigned> data = getDataOperands(op);
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (data.empty() || !type || type.getRank() != static_cast<int64_t>(perms.size()))
    return std::nullopt;
  if (known != op->getResult(0) &&
      llvm::none_of(data, [&](unsigned i) { return op->getOperand(i) == known; }))
    return std::nullopt;
  for (unsigned index : data) {
    auto operand = dyn_cast<RankedTensorType>(op->getOperand(index).getType());
    if (!operand || operand.getRank() != type.getRank())
      return std::nullopt;
    layout.operands[index] = Permutation(perms);
  }
  for (unsigned index : getShapeOperands(op))
    if (!getShapeDims(op->getOperand(index)))
      return std::nullopt;
  layout.result = Permutation(perms);
  return layout;
}

Operation *narrow::createPermuted(OpBuilder &builder, Operation *op, const OpLayout &layout,
                                  ArrayRef<Value> operands) {
  auto type = permuteType(cast<RankedTensorType>(op->getResult(0).getType()), layout.result);
  SmallVector<Value> shapes;
  if (isa<tosa::ReshapeOp>(op))
    shapes.push_back(createShape(builder, op->getLoc(), type.getShape()));
  for (unsigned index : getShapeOperands(op)) {
    SmallVector<int64_t> numbers = *getShapeDims(op->getOperand(index)), permuted;
    size_t each = numbers.size() / layout.result.size();
    for (int32_t p : layout.result)
      permuted.append(numbers.begin() + p * each, numbers.begin() + (p + 1) * each);
    shapes.push_back(createShape(builder, op->getLoc(), permuted));
  }
  Operation *created = builder.clone(*op);
  for (auto [index, perms] : llvm::enumerate(layout.operands))
    if (!perms.empty())
      created->setOperand(index, operands[index]);
  for (auto [index, shape] : llvm::enumerate(shapes))
    created->setOperand(1 + index, shape);
  created->getResult(0).setType(type);
  if (auto axis = created->getAttrOfType<IntegerAttr>("axis"))
    created->setAttr("axis", IntegerAttr::get(axis.getType(), invert(layout.result)[axis.getInt()]));
  return created;
}
