//===- Average.cpp - Averages over the plane, sums along an axis ----------===//
#include "Families.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/FixedPoint.h"

using namespace mlir;
using namespace narrow;

std::optional<Value> narrow::lowerAverage(Lowering &lowering, Operation *op, const QuantizationGoal &goal) {
  // Axes to sum over, innermost op first.
  SmallVector<int64_t> axes;
  double divisor = 1;
  Value source = op->getResult(0);
  if (auto pool = dyn_cast<tosa::AvgPool2dOp>(op)) {
    axes = {1, 2};
    source = pool.getInput();
    divisor = static_cast<double>(pool.getKernel()[0]) * pool.getKernel()[1];
  }
  while (auto sum = source.getDefiningOp<tosa::ReduceSumOp>()) {
    if (axes.size() > 8 || (source != op->getResult(0) && lowering.getCodes(source)))
      break;
    axes.insert(axes.begin(), sum.getAxis());
    source = sum.getInput();
  }
  std::optional<Codes> codes = lowering.getCodes(source);
  if (!codes)
    return lowering.refuse(op, "its operand is not quantized to 8 or 16 bits");

  auto type = cast<RankedTensorType>(codes->value.getType());
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= axis < type.getRank() ? type.getDimSize(axis) : 1;
  int64_t zeroPoint = codes->type.getZeroPoint();
  int64_t largest = numerics::maxMagnitude(getCodeRange(codes->type), zeroPoint);
  double factor = codes->type.getScale() / divisor / goal.type.getScale();
  std::optional<numerics::Multiplier> multiplier = numerics::computeMultiplier(factor);
  if (count > (int64_t{1} << 31) / std::max<int64_t>(256, largest + 1) ||
      (multiplier && !numerics::fitsApplyScale(count * largest, *multiplier)))
    return lowering.refuse(op, "its sum of " + Twine(count) +
                                   " codes, or the sum over the scale of its result, can leave 32 "
                                   "bits");

  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(op);
  std::optional<Value> wide = lowering.rescale(codes->value, zeroPoint, builder.getI32Type(), 0, 1.0, op);
  if (!wide)
    return std::nullopt;
  for (int64_t axis : axes) {
    auto from = cast<RankedTensorType>(wide->getType());
    SmallVector<int64_t> shape(from.getShape());
    shape[axis] = 1;
    wide = tosa::ReduceSumOp::create(builder, op->getLoc(), from.clone(shape), *wide,
                                     builder.getI32IntegerAttr(axis));
  }
  return lowering.requantize(*wide, codes->type.getScale() / divisor, goal, op);
}

void narrow::registerAverageLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::ReduceSumOp::attachInterface<ArithmeticLowering<tosa::ReduceSumOp, lowerAverage>>(*context);
  });
}
