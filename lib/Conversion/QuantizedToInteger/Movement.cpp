//===- Movement.cpp - Ops that move or select codes -----------------------===//
#include "Lowering.h"
#include "mlir/IR/IRMapping.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

using namespace mlir;
using namespace narrow;

std::optional<Value> narrow::moveCodes(Lowering &lowering, Operation *op, ArrayRef<Value> operands,
                                       const Target &target) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op->getLoc();
  IntegerType storage = target.getStorage();
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).clone(storage);
  auto scalar = [&](int64_t value) {
    return createConstant(builder, loc, {1}, ArrayRef<int64_t>(value), storage);
  };

  // The same op on other operands; its attributes say nothing of the type.
  IRMapping mapping;
  auto quantizable = cast<QuantizableOpInterface>(op);
  for (auto [operand, codes] : llvm::zip_equal(quantizable.getActivationOperands(), operands))
    mapping.map(op->getOperand(operand), codes);
  if (auto pad = dyn_cast<tosa::PadOp>(op)) {
    std::optional<double> value = getSplat(pad.getPadConst());
    if (!value)
      return lowering.refuse(op, "what it pads with is no constant");
    double limited = std::clamp(*value, target.min, target.max);
    mapping.map(pad.getPadConst(),
                scalar(numerics::quantizeDouble(limited, getParams(target.type), getCodeRange(target.type))));
  }
  Operation *moved = builder.clone(*op, mapping);
  moved->getResult(0).setType(type);
  if (target.name && target.name != op)
    if (Attribute id = target.name->getAttr(attrs::id))
      moved->setAttr(attrs::id, id);
  return moved->getResult(0);
}
