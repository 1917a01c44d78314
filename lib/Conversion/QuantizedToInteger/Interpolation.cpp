//===- Interpolation.cpp - Averages of a window, interpolation ------------===//
//
// Results of these ops lie between codes of their operand and are rounded only
// once, to the requested codes.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"

using namespace mlir;
using namespace narrow;

/// N15 if the result has the operand's scale. Otherwise sums over the window, i.e. a convolution with ones.
static std::optional<Value> average(Lowering &lowering, tosa::AvgPool2dOp op, const Codes &codes,
                                    const QuantizationGoal &goal) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getType());
  IntegerType storage = goal.getStorage();
  auto scalar = [&](int64_t value, IntegerType element) {
    return createConstant(builder, loc, {1}, ArrayRef<int64_t>(value), element);
  };
  if (isSameGrid(codes.type, goal.type)) {
    Value zeroPoint = scalar(goal.type.getZeroPoint(), storage);
    Operation *name = goal.name ? goal.name : op;
    Value pool =
        tosa::AvgPool2dOp::create(builder, loc, type.clone(storage), codes.value, zeroPoint, zeroPoint,
                                  op.getKernel(), op.getStride(), op.getPad(), builder.getI32Type());
    if (Attribute id = name->getAttr(attrs::id))
      pool.getDefiningOp()->setAttr(attrs::id, id);
    return lowering.clamp(pool, goal.getBounds(), name);
  }
  auto i8 = cast<IntegerType>(builder.getI8Type()), i32 = cast<IntegerType>(builder.getI32Type());
  if (getStorage(codes.type) != i8)
    return lowering.refuse(op, "its codes have 16 bits and another scale than its result's");
  if (llvm::any_of(op.getPad(), [](int64_t amount) { return amount != 0; }))
    return lowering.refuse(op, "it averages fewer elements at the edges, and its result has another scale "
                               "than its operand");
  int64_t channels = type.getShape().back(), height = op.getKernel()[0], width = op.getKernel()[1];
  Value ones = createConstant(builder, loc, {height, width, channels, 1},
                              SmallVector<int64_t>(height * width * channels, 1), i8);
  Value bias = createConstant(builder, loc, {channels}, SmallVector<int64_t>(channels, 0), i32);
  Value sums = tosa::DepthwiseConv2DOp::create(builder, loc, type.clone(i32), codes.value, ones, bias,
                                               scalar(codes.type.getZeroPoint(), i8), scalar(0, i8),
                                               op.getPad(), op.getStride(), ArrayRef<int64_t>{1, 1}, i32);
  return lowering.requantize(sums, codes.type.getScale() / static_cast<double>(height * width), goal, op);
}

/// N76.
static std::optional<Value> interpolate(Lowering &lowering, tosa::ResizeOp op, const Codes &codes,
                                        const QuantizationGoal &goal) {
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes || axes->weight() >> (32 - getStorage(codes.type).getWidth()))
    return lowering.refuse(op, "its interpolation of codes can leave 32 bits");
  OpBuilder &builder = lowering.getBuilder();
  auto i32 = cast<IntegerType>(builder.getI32Type());
  auto type = cast<RankedTensorType>(op.getType()).clone(i32);
  Value sums = tosa::ResizeOp::create(builder, op.getLoc(), type, codes.value, op.getScale(), op.getOffset(),
                                      op.getBorder(), op.getMode());
  auto weight = static_cast<double>(axes->weight());
  if (isSameGrid(codes.type, goal.type)) {
    std::optional<Value> rounded = lowering.rescale(sums, 0, goal.getStorage(), 0, 1.0 / weight, op);
    return rounded ? std::optional(lowering.clamp(*rounded, goal.getBounds(), goal.name ? goal.name : op))
                   : std::nullopt;
  }
  // The zero points add up like the weights.
  if (int64_t zeroPoint = codes.type.getZeroPoint()) {
    Value offset = createConstant(builder, op.getLoc(), SmallVector<int64_t>(type.getRank(), 1),
                                  ArrayRef<int64_t>(zeroPoint * axes->weight()), i32);
    sums = tosa::SubOp::create(builder, op.getLoc(), type, sums, offset);
  }
  return lowering.requantize(sums, codes.type.getScale() / weight, goal, op);
}

/// The codes of the operand, which must exist.
static std::optional<Codes> getOperandCodes(Lowering &lowering, Operation *op) {
  auto quantizable = cast<QuantizableOpInterface>(op);
  std::optional<Codes> codes = lowering.getCodes(op->getOperand(quantizable.getActivationOperands().front()));
  if (!codes)
    return lowering.refuse(
        op, "its operand is not quantized, and to quantize that is not to quantize its result");
  lowering.getBuilder().setInsertionPoint(op);
  return codes;
}

namespace {
struct AvgPoolLowering : IntegerLoweringOpInterface::ExternalModel<AvgPoolLowering, tosa::AvgPool2dOp> {
  std::optional<Value> lowerToInteger(Operation *op, Lowering &lowering, const QuantizationGoal &goal) const {
    if (cast<QuantizableOpInterface>(op).getQuantizationKind() == QuantizationKind::Arithmetic)
      return lowerAverage(lowering, op, goal);
    std::optional<Codes> codes = getOperandCodes(lowering, op);
    return codes ? average(lowering, cast<tosa::AvgPool2dOp>(op), *codes, goal) : std::nullopt;
  }
};
struct ResizeLowering : IntegerLoweringOpInterface::ExternalModel<ResizeLowering, tosa::ResizeOp> {
  std::optional<Value> lowerToInteger(Operation *op, Lowering &lowering, const QuantizationGoal &goal) const {
    if (cast<QuantizableOpInterface>(op).commutesWithQuantization())
      return lowerMovement(lowering, op, goal);
    std::optional<Codes> codes = getOperandCodes(lowering, op);
    return codes ? interpolate(lowering, cast<tosa::ResizeOp>(op), *codes, goal) : std::nullopt;
  }
};
} // namespace

void narrow::registerInterpolationLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::AvgPool2dOp::attachInterface<AvgPoolLowering>(*context);
    tosa::ResizeOp::attachInterface<ResizeLowering>(*context);
  });
}
