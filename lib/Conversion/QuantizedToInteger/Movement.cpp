//===- Movement.cpp - Ops that move or select codes -----------------------===//
#include "Families.h"
#include "mlir/IR/IRMapping.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

using namespace mlir;
using namespace narrow;

std::optional<Value> narrow::moveCodes(Lowering &lowering, Operation *op, ArrayRef<Value> operands,
                                       const QuantizationGoal &goal) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op->getLoc();
  IntegerType storage = goal.getStorage();
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).clone(storage);
  auto scalar = [&](int64_t value) {
    return createConstant(builder, loc, {1}, ArrayRef<int64_t>(value), storage);
  };

  // The same op on other operands; its attributes do not depend on the type.
  IRMapping mapping;
  auto quantizable = cast<QuantizableOpInterface>(op);
  for (auto [operand, codes] : llvm::zip_equal(quantizable.getActivationOperands(), operands))
    mapping.map(op->getOperand(operand), codes);
  if (auto pad = dyn_cast<tosa::PadOp>(op)) {
    std::optional<double> value = getSplat(pad.getPadConst());
    if (!value)
      return lowering.refuse(op, "what it pads with is no constant");
    double limited = std::clamp(*value, goal.min, goal.max);
    mapping.map(pad.getPadConst(),
                scalar(numerics::quantizeDouble(limited, getParams(goal.type), getCodeRange(goal.type))));
  }
  Operation *moved = builder.clone(*op, mapping);
  moved->getResult(0).setType(type);
  if (goal.name && goal.name != op)
    if (Attribute id = goal.name->getAttr(attrs::id))
      moved->setAttr(attrs::id, id);
  return moved->getResult(0);
}

std::optional<Value> narrow::lowerMovement(Lowering &lowering, Operation *op, const QuantizationGoal &goal) {
  SmallVector<unsigned> activations = cast<QuantizableOpInterface>(op).getActivationOperands();
  OpBuilder &builder = lowering.getBuilder();
  bool wide = isWide(goal.type);
  if (activations.size() == 1 && !wide)
    if (std::optional<Codes> codes = lowering.getCodes(op->getResult(0))) {
      builder.setInsertionPoint(op);
      return lowering.convert(*codes, goal, op);
    }
  SmallVector<Value> operands;
  for (unsigned operand : activations) {
    QuantizationGoal inner = goal;
    if (!wide) // 16-bit codes that another op computes from these sums keep that op's name.
      inner.name = nullptr;
    std::optional<Value> codes = lowering.quantize(op->getOperand(operand), inner);
    if (!codes)
      return lowering.refuse(op, "its operand is not quantized");
    operands.push_back(*codes);
  }
  builder.setInsertionPoint(op);
  return moveCodes(lowering, op, operands, goal);
}

namespace {
template <typename OpT>
struct MovementLowering : IntegerLoweringOpInterface::ExternalModel<MovementLowering<OpT>, OpT> {
  std::optional<Value> lowerToInteger(Operation *op, Lowering &lowering, const QuantizationGoal &goal) const {
    return lowerMovement(lowering, op, goal);
  }
};
} // namespace

template <typename... Ops>
static void attach(MLIRContext *context) {
  (Ops::template attachInterface<MovementLowering<Ops>>(*context), ...);
}

void narrow::registerMovementLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::MaxPool2dOp, tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp, tosa::ReverseOp,
           tosa::TileOp, tosa::PadOp, tosa::ConcatOp>(context);
  });
}
