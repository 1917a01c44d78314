//===- Movement.cpp - Ops that move or select codes -----------------------===//
#include "Lowering.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"

using namespace mlir;
using namespace narrow;

/// N76: interpolated in i32, rounded to codes of the same scale and zero point.
static std::optional<Value> interpolate(Lowering &lowering, tosa::ResizeOp op, Value codes,
                                        IntegerType storage) {
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes || axes->weight() >> (32 - storage.getWidth()))
    return lowering.refuse(op, "its interpolation of codes can leave 32 bits");
  OpBuilder &builder = lowering.getBuilder();
  Type type = cast<RankedTensorType>(op.getType()).clone(builder.getI32Type());
  Value sums = tosa::ResizeOp::create(builder, op.getLoc(), type, codes, op.getScale(), op.getOffset(),
                                      op.getBorder(), op.getMode());
  return lowering.rescale(sums, 0, storage, 0, 1.0 / static_cast<double>(axes->weight()), op);
}

std::optional<Value> narrow::moveCodes(Lowering &lowering, Operation *op, ArrayRef<Value> operands,
                                       const Target &target) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op->getLoc();
  IntegerType storage = target.getStorage();
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).clone(storage);
  auto scalar = [&](int64_t value) {
    return createConstant(builder, loc, {1}, ArrayRef<int64_t>(value), storage);
  };

  if (auto resize = dyn_cast<tosa::ResizeOp>(op); resize && resize.getMode() == tosa::ResizeMode::BILINEAR)
    return interpolate(lowering, resize, operands.front(), storage);
  Operation *moved;
  if (auto pool = dyn_cast<tosa::AvgPool2dOp>(op)) {
    Value zeroPoint = scalar(target.type.getZeroPoint());
    moved =
        tosa::AvgPool2dOp::create(builder, loc, type, operands.front(), zeroPoint, zeroPoint,
                                  pool.getKernel(), pool.getStride(), pool.getPad(), builder.getI32Type());
    if (Attribute id = op->getAttr(NarrowDialect::getIdAttrName()))
      moved->setAttr(NarrowDialect::getIdAttrName(), id);
  } else {
    // The same op on other operands; its attributes say nothing of the type.
    IRMapping mapping;
    auto quantizable = cast<QuantizableOpInterface>(op);
    for (auto [operand, codes] : llvm::zip_equal(quantizable.getActivationOperands(), operands))
      mapping.map(op->getOperand(operand), codes);
    if (auto pad = dyn_cast<tosa::PadOp>(op)) {
      double value = getSplat(pad.getPadConst()).value_or(0);
      value = std::clamp(value, target.min, target.max);
      mapping.map(pad.getPadConst(),
                  scalar(numerics::quantizeDouble(value, getParams(target.type), getCodeRange(target.type))));
    }
    moved = builder.clone(*op, mapping);
    moved->getResult(0).setType(type);
  }
  if (target.name && target.name != op)
    if (Attribute id = target.name->getAttr(NarrowDialect::getIdAttrName()))
      moved->setAttr(NarrowDialect::getIdAttrName(), id);
  return moved->getResult(0);
}
