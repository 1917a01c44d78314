//===- AbsorbLayout.cpp - Permuting the weights of flattened planes -------===//
//
// An exporter flattens [N, C, H, W] into features in the order C, H, W. The
// plane lies as [N, H, W, C], so a transpose stands before the reshape. If all
// that reads the features has constants for each of them, these change order.
//
//===----------------------------------------------------------------------===//
#include "LayoutRules.h"
#include "mlir/IR/IRMapping.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

/// Whether the last dim of `value` can be permuted at compile time: a constant,
/// also a quantized one.
static bool isPermutable(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return false;
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type.getElementType()))
    if (perAxis.getQuantizedDimension() == type.getRank() - 1)
      return false;
  if (Operation *op = value.getDefiningOp();
      isa_and_present<QuantizeOp, DequantizeOp, quant::StorageCastOp>(op))
    return isPermutable(op->getOperand(0));
  return ConstantData::read(value).has_value();
}

/// Finds all constants with a value for each feature among the readers of
/// `value`, whose last dim are the features. False if something else reads them.
static bool collectReaders(Value value, int64_t features, SmallVectorImpl<OpOperand *> &constants) {
  auto add = [&](OpOperand &operand) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || type.getRank() < 1 || type.getShape().back() != features || !isPermutable(operand.get()))
      return false;
    constants.push_back(&operand);
    return true;
  };
  if (value.use_empty())
    return false;
  for (OpOperand &use : value.getUses()) {
    Operation *op = use.getOwner();
    if (auto conv = dyn_cast<tosa::Conv2DOp>(op)) {
      auto weight = dyn_cast<RankedTensorType>(conv.getWeight().getType());
      if (use.getOperandNumber() != 0 || !weight || weight.getDimSize(1) != 1 || weight.getDimSize(2) != 1 ||
          !add(conv.getWeightMutable()))
        return false;
      continue;
    }
    if (op->getNumResults() != 1)
      return false;
    auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!result || result.getRank() < 1 || result.getShape().back() != features)
      return false;
    if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(result.getElementType());
        perAxis && perAxis.getQuantizedDimension() == result.getRank() - 1)
      return false;
    bool unary = op->getNumOperands() == 1 && (op->hasTrait<OpTrait::tosa::TosaElementwiseOperator>() ||
                                               isa<ActivationOp, QuantizeOp, DequantizeOp>(op));
    if (isa<tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp>(op)) {
      OpOperand &other = op->getOpOperand(1 - use.getOperandNumber());
      auto type = dyn_cast<RankedTensorType>(other.get().getType());
      if (!type || type.getRank() < 1 || !getConstant(other.get()) ||
          (type.getShape().back() != 1 && !add(other)))
        return false;
    } else if (auto norm = dyn_cast<BatchNormOp>(op)) {
      if (use.getOperandNumber() != 0 || static_cast<int64_t>(norm.getAxis()) != result.getRank() - 1)
        return false;
      for (OpOperand &parameter : op->getOpOperands().drop_front())
        if (!add(parameter))
          return false;
    } else if (!unary && !isa<tosa::ReshapeOp>(op)) {
      return false;
    }
    if (!collectReaders(op->getResult(0), features, constants))
      return false;
  }
  return true;
}

/// `value` with its last dim in another order: the features have the dims
/// `plane` and get them in the order `perms`.
static Value permuteFeatures(OpBuilder &builder, Value value, ArrayRef<int64_t> plane,
                             ArrayRef<int32_t> perms) {
  if (Operation *op = value.getDefiningOp(); isa<QuantizeOp, DequantizeOp, quant::StorageCastOp>(op)) {
    IRMapping mapping;
    mapping.map(op->getOperand(0), permuteFeatures(builder, op->getOperand(0), plane, perms));
    return builder.clone(*op, mapping)->getResult(0);
  }
  ConstantData data = *ConstantData::read(value);
  SmallVector<int64_t> shape = data.shape;
  data.shape = {data.size() / llvm::product_of(plane)};
  data.shape.append(plane.begin(), plane.end());
  ConstantData out = data.transpose(perms);
  out.shape = shape;
  return out.create(builder, value.getLoc());
}

/// Whether `reshape` keeps the first dim apart and yields all others as one.
static bool flattensAllButFirst(tosa::ReshapeOp reshape) {
  auto from = dyn_cast<RankedTensorType>(reshape.getInput1().getType());
  auto to = cast<RankedTensorType>(reshape.getType());
  return from && from.hasStaticShape() && to.hasStaticShape() && from.getRank() > 1 && to.getRank() > 0 &&
         to.getShape().back() == llvm::product_of(from.getShape().drop_front());
}

bool narrow::isAbsorbable(tosa::ReshapeOp reshape) {
  SmallVector<OpOperand *> constants;
  return flattensAllButFirst(reshape) &&
         collectReaders(reshape.getResult(), cast<RankedTensorType>(reshape.getType()).getShape().back(),
                        constants);
}

bool narrow::absorbIntoWeights(tosa::TransposeOp transpose) {
  ArrayRef<int32_t> perms = transpose.getPerms();
  if (perms.empty() || perms[0] != 0)
    return false;
  bool changed = false;
  for (Operation *user : llvm::make_early_inc_range(transpose->getUsers())) {
    auto reshape = dyn_cast<tosa::ReshapeOp>(user);
    if (!reshape || !flattensAllButFirst(reshape))
      continue;
    SmallVector<OpOperand *> constants;
    auto shape = cast<RankedTensorType>(transpose.getType()).getShape();
    if (!collectReaders(reshape.getResult(), llvm::product_of(shape.drop_front()), constants))
      continue;
    for (OpOperand *constant : constants) {
      OpBuilder builder(constant->getOwner());
      constant->set(permuteFeatures(builder, constant->get(), shape.drop_front(), invert(perms)));
    }
    reshape.getInput1Mutable().assign(transpose.getInput1());
    changed = true;
  }
  return changed;
}
