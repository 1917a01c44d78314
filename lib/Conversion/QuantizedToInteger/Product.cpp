//===- Product.cpp - Products of two tensors ------------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Numerics/Rounding.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

namespace {

struct Factor {
  Value wide; ///< i32, zero point subtracted
  double scale;
};

} // namespace

/// The operand in i32: code minus zero point, or a constant in 15 bits plus
/// sign, so that a product of two factors stays within 31 bits.
static std::optional<Factor> getFactor(Lowering &lowering, Operation *op, Value real) {
  OpBuilder &builder = lowering.getBuilder();
  auto i32 = cast<IntegerType>(builder.getI32Type());
  if (auto reals = getConstantReals(real)) {
    double largest = 0;
    for (double x : *reals)
      largest = std::isfinite(x) ? std::max(largest, std::abs(x)) : x;
    if (!std::isfinite(largest))
      return lowering.refuse(op, "a constant operand is not finite");
    Factor factor;
    factor.scale = largest > 0 ? largest / 32767 : 1;
    std::vector<int64_t> codes;
    for (double x : *reals)
      codes.push_back(static_cast<int64_t>(numerics::round(x / factor.scale, numerics::Rounding::HalfEven)));
    builder.setInsertionPoint(op);
    factor.wide =
        createConstant(builder, real.getLoc(), cast<RankedTensorType>(real.getType()).getShape(), codes, i32);
    return factor;
  }
  std::optional<Codes> codes = lowering.getCodes(real);
  if (!codes)
    return lowering.refuse(op, "an operand is not quantized to 8 or 16 bits");
  builder.setInsertionPoint(op);
  std::optional<Value> wide =
      lowering.rescale(codes->value, codes->type.getZeroPoint(), i32, 0, 1.0, real.getDefiningOp());
  if (!wide)
    return std::nullopt;
  return Factor{*wide, codes->type.getScale()};
}

static std::optional<Value> lowerProduct(Lowering &lowering, Operation *op, const QuantizationGoal &goal) {
  // A positive number times a float that has no codes of its own: the other
  // operand is quantized at a scale divided by that number.
  for (unsigned i : {0u, 1u}) {
    Value other = op->getOperand(1 - i);
    std::optional<double> splat = getSplat(op->getOperand(i));
    if (!splat || !(*splat > 0) || !std::isfinite(*splat) || other.getType() != op->getResult(0).getType() ||
        lowering.getCodes(other))
      continue;
    double scale = goal.type.getScale() / *splat;
    if (!(scale > std::numeric_limits<float>::min()) || !(scale < std::numeric_limits<float>::max()))
      return lowering.refuse(op, "its constant operand takes the scale out of f32");
    QuantizationGoal inner = goal;
    inner.type =
        CodeType::get(goal.type.getFlags(), goal.type.getStorageType(), goal.type.getExpressedType(), scale,
                      goal.type.getZeroPoint(), goal.type.getStorageTypeMin(), goal.type.getStorageTypeMax());
    inner.min /= *splat, inner.max /= *splat;
    if (!inner.name)
      inner.name = op;
    if (std::optional<Value> codes = lowering.quantize(other, inner))
      return codes;
    return lowering.refuse(op, "its operand is not quantized");
  }
  std::optional<Factor> lhs = getFactor(lowering, op, op->getOperand(0));
  std::optional<Factor> rhs = lhs ? getFactor(lowering, op, op->getOperand(1)) : std::nullopt;
  if (!lhs || !rhs)
    return std::nullopt;
  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(op);
  Location loc = op->getLoc();
  Value shift =
      createConstant(builder, loc, {1}, ArrayRef<int64_t>(0), cast<IntegerType>(builder.getI8Type()));
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).clone(builder.getI32Type());
  Value product = tosa::MulOp::create(builder, loc, type, lhs->wide, rhs->wide, shift);
  return lowering.requantize(product, lhs->scale * rhs->scale, goal, op);
}

void narrow::registerProductLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::MulOp::attachInterface<ArithmeticLowering<tosa::MulOp, lowerProduct>>(*context);
  });
}
