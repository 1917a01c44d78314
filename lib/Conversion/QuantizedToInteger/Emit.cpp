//===- Emit.cpp - Integer ops used by all families ------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Numerics/FixedPoint.h"

using namespace mlir;
using namespace narrow;

std::string narrow::getDiagnosticName(Operation *op) {
  if (auto id = op->getAttrOfType<StringAttr>(attrs::id))
    return id.str();
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    return name.getName().str();
  return op->getName().getStringRef().str();
}

bool narrow::isRealType(Type type) {
  return isa<FloatType, quant::QuantizedType>(getElementTypeOrSelf(type));
}

bool narrow::touchesReals(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), isRealType) || llvm::any_of(op->getResultTypes(), isRealType);
}

bool narrow::isWide(CodeType type) {
  return type.getStorageType().isInteger(16) && type.isSigned() && type.getZeroPoint() == 0 &&
         type.getExpressedType().isF32();
}

bool narrow::isSameGrid(CodeType a, CodeType b) {
  return a.getScale() == b.getScale() && a.getZeroPoint() == b.getZeroPoint() &&
         a.getStorageType() == b.getStorageType();
}

CodeType narrow::getSignedType(Type type) {
  auto uniform = dyn_cast<CodeType>(type);
  if (uniform && isWide(uniform))
    return uniform;
  if (!uniform || uniform.getStorageTypeIntegralWidth() > 8 || !uniform.getExpressedType().isF32())
    return {};
  int64_t min = uniform.getStorageTypeMin(), max = uniform.getStorageTypeMax(),
          zeroPoint = uniform.getZeroPoint();
  int64_t move = max > 127 ? 128 : 0;
  if (zeroPoint < min || zeroPoint > max)
    return {};
  return CodeType::get(quant::QuantizationFlags::Signed, IntegerType::get(type.getContext(), 8),
                       uniform.getExpressedType(), uniform.getScale(), zeroPoint - move, min - move,
                       max - move);
}

numerics::CodeRange QuantizationGoal::getBounds() const {
  numerics::CodeRange range = getCodeRange(type);
  return {numerics::quantizeDouble(min, getParams(type), range),
          numerics::quantizeDouble(max, getParams(type), range)};
}

/// Gives the op that defines `value` the id of the tensor that it now computes.
static void copyName(Value value, Operation *from) {
  if (!from)
    return;
  if (Attribute id = from->getAttr(attrs::id))
    value.getDefiningOp()->setAttr(attrs::id, id);
}

Value Lowering::clamp(Value codes, numerics::CodeRange bounds, Operation *name) {
  Type element = getElementTypeOrSelf(codes.getType());
  auto all = numerics::CodeRange::signedBits(element.getIntOrFloatBitWidth(), /*restricted=*/false);
  if (bounds.min <= all.min && bounds.max >= all.max)
    return codes;
  Location loc = name ? name->getLoc() : codes.getLoc();
  Value clamped =
      tosa::ClampOp::create(builder, loc, codes.getType(), codes, builder.getIntegerAttr(element, bounds.min),
                            builder.getIntegerAttr(element, bounds.max));
  copyName(clamped, name);
  return clamped;
}

bool Lowering::fits(Value input, ArrayRef<numerics::Multiplier> scales) {
  ArrayRef<IntegerInterval> sums = ranges.get(input);
  for (auto [channel, scale] : llvm::enumerate(scales)) {
    bool shared = scales.size() == 1 || sums.size() != scales.size();
    int64_t most = shared ? ranges.getWhole(input).magnitude() : sums[channel].magnitude();
    if (!numerics::fitsApplyScale(most, scale))
      return false;
  }
  return true;
}

std::optional<Value> Lowering::rescale(Value input, int64_t inputZp, Type element, int64_t outputZp,
                                       ArrayRef<double> factors, Operation *name) {
  auto type = cast<RankedTensorType>(input.getType());
  // Channels with equal factors share one multiplier.
  if (llvm::all_equal(factors))
    factors = factors.take_front();
  for (auto [channel, factor] : llvm::enumerate(factors))
    if (!numerics::computeMultiplier(factor) || !(factor > 0)) {
      std::string where = factors.size() == 1 ? "" : " of channel " + std::to_string(channel);
      llvm::SmallString<32> number;
      APFloat(factor).toString(number);
      return error(name, "the factor " + number + where +
                             " between its operand's scale and its result's has no "
                             "multiplier and shift; it must be "
                             "above 0 and below 2^29. Check the scales of both");
    }
  auto inputElement = cast<IntegerType>(type.getElementType());
  // From accumulators to codes the shift is one that 16-bit lanes can perform (N25).
  constexpr int anyShift = 62, codeShift = 39;
  bool toCodes = inputElement.isInteger(32) && element.isInteger(8);
  std::vector<numerics::Multiplier> scales =
      *numerics::computeMultipliers(factors, toCodes ? codeShift : anyShift);
  // Large biases of channels with small factors may need a larger shift than the others.
  if (!fits(input, scales))
    for (auto [scale, factor] : llvm::zip_equal(scales, factors))
      scale = *numerics::computeMultiplier(factor);
  return rescale(input, inputZp, element, outputZp, scales, name);
}

Value Lowering::rescale(Value input, int64_t inputZp, Type element, int64_t outputZp,
                        ArrayRef<numerics::Multiplier> scales, Operation *name, bool scale32) {
  auto type = cast<RankedTensorType>(input.getType());
  auto inputElement = cast<IntegerType>(type.getElementType());
  SmallVector<int64_t> multipliers, shifts;
  for (const numerics::Multiplier &scale : scales) {
    multipliers.push_back(scale.multiplier);
    shifts.push_back(scale.shift);
  }
  Location loc = name->getLoc();
  int64_t count = scales.size();
  Value multiplier = createConstant(builder, loc, {count}, multipliers,
                                    scale32 ? builder.getI32Type() : builder.getI16Type());
  Value shift = createConstant(builder, loc, {count}, shifts, builder.getI8Type());
  Value zeroIn = createConstant(builder, loc, {1}, ArrayRef<int64_t>(inputZp), inputElement);
  Value zeroOut = createConstant(builder, loc, {1}, ArrayRef<int64_t>(outputZp), cast<IntegerType>(element));
  Value result = tosa::RescaleOp::create(builder, loc, type.clone(element), input, multiplier, shift, zeroIn,
                                         zeroOut, scale32, rounding, /*per_channel=*/count != 1,
                                         /*input_unsigned=*/false, /*output_unsigned=*/false);
  // Widened codes are still the same tensor, and so are codes that already have its id.
  Operation *source = input.getDefiningOp();
  StringRef id = attrs::id;
  bool named = (inputElement.getWidth() <= 16 && element.isInteger(32)) ||
               (source && source->getAttr(id) && source->getAttr(id) == name->getAttr(id));
  if (!named)
    copyName(result, name);
  return result;
}

std::optional<Value> Lowering::convert(Codes from, const QuantizationGoal &goal, Operation *op) {
  Operation *name = goal.name ? goal.name : op;
  Value codes = from.value;
  if (!isSameGrid(from.type, goal.type)) {
    std::optional<Value> rescaled =
        rescale(codes, from.type.getZeroPoint(), goal.getStorage(), goal.type.getZeroPoint(),
                from.type.getScale() / goal.type.getScale(), name);
    if (!rescaled)
      return std::nullopt;
    codes = *rescaled;
  }
  // Codes already within a narrow range need no clamp to it.
  numerics::CodeRange bounds = goal.getBounds(), have = getCodeRange(from.type);
  if (isSameGrid(from.type, goal.type) && bounds.min <= have.min && bounds.max >= have.max)
    return codes;
  return clamp(codes, bounds, name);
}

/// Rescales accumulators in two steps to 16 bits with some fraction bits, then to codes.
std::optional<Value> Lowering::requantizeFast(Value wide, ArrayRef<double> factors,
                                              const QuantizationGoal &goal, Operation *name) {
  Operation *source = wide.getDefiningOp();
  auto quantizable = dyn_cast_if_present<QuantizableOpInterface>(source);
  if (rounding != tosa::RoundingMode::SINGLE_ROUND || !quantizable || !goal.getStorage().isInteger(8) ||
      quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return std::nullopt;
  if (llvm::all_equal(factors))
    factors = factors.take_front();
  auto fast = numerics::computeFastMultipliers(factors);
  if (!fast)
    return std::nullopt;
  std::vector<numerics::Multiplier> shifts, products;
  for (const numerics::FastMultiplier &scale : fast->channels) {
    shifts.push_back({1 << 30, 30 + scale.shift});
    products.push_back({scale.multiplier, 15});
  }
  if (!fits(wide, shifts))
    return std::nullopt;
  Type i16 = builder.getI16Type();
  Value words = rescale(wide, 0, i16, 0, shifts, name);
  // The named tensor is that of the codes.
  words.getDefiningOp()->removeAttr(attrs::id);
  words = rescale(words, 0, i16, 0, products, name, /*scale32=*/false);
  words.getDefiningOp()->removeAttr(attrs::id);
  numerics::Multiplier last{1 << 14, 14 + fast->bits};
  return rescale(words, 0, builder.getI8Type(), goal.type.getZeroPoint(), last, name, /*scale32=*/false);
}

/// Clamps accumulators to the input range of a rescale to 16 bits: 16-bit codes have fine scales, and the
/// possible values can be far beyond the observed ones. Results beyond saturate with or without this clamp.
Value Lowering::limit(Value wide, ArrayRef<double> factors, Operation *name) {
  auto multipliers = numerics::computeMultipliers(factors, /*maxShift=*/62);
  constexpr int32_t leastMultiplier = 1 << 17; // Half of this is beyond all codes.
  if (!multipliers || llvm::any_of(*multipliers, [](numerics::Multiplier m) {
        return !m.valid() || m.multiplier < leastMultiplier;
      }))
    return wide;
  int64_t most = (int64_t{1} << (multipliers->front().shift - 1)) - 1; // N11; one shift for all (N25).
  if (ranges.getWhole(wide).magnitude() <= most)
    return wide;
  auto type = cast<RankedTensorType>(wide.getType());
  auto constant = [&](int64_t value) {
    return createConstant(builder, name->getLoc(), SmallVector<int64_t>(type.getRank(), 1),
                          ArrayRef<int64_t>(value), cast<IntegerType>(builder.getI32Type()));
  };
  Value below = tosa::MinimumOp::create(builder, name->getLoc(), type, wide, constant(most));
  return tosa::MaximumOp::create(builder, name->getLoc(), type, below, constant(-most));
}

std::optional<Value> Lowering::requantize(Value wide, ArrayRef<double> scales, const QuantizationGoal &goal,
                                          Operation *op) {
  Operation *name = goal.name ? goal.name : op;
  if (goal.signs) {
    // -1 and 0 become codes; no scale is needed.
    auto type = cast<RankedTensorType>(wide.getType());
    Value places = createConstant(builder, name->getLoc(), SmallVector<int64_t>(type.getRank(), 1),
                                  ArrayRef<int64_t>(31), cast<IntegerType>(builder.getI32Type()));
    Value below = tosa::ArithmeticRightShiftOp::create(builder, name->getLoc(), type, wide, places,
                                                       /*round=*/false);
    int64_t plus = numerics::quantizeDouble(1, getParams(goal.type), getCodeRange(goal.type)),
            minus = numerics::quantizeDouble(-1, getParams(goal.type), getCodeRange(goal.type));
    return rescale(below, 0, goal.getStorage(), plus, static_cast<double>(plus - minus), name);
  }
  SmallVector<double> factors;
  for (double scale : scales)
    factors.push_back(scale / goal.type.getScale());
  if (isWide(goal.type))
    wide = limit(wide, factors, name);
  std::optional<Value> codes;
  if (form == Requantize::Fast && llvm::any_of(factors, [](double factor) { return factor != 1; }))
    codes = requantizeFast(wide, factors, goal, name);
  if (!codes)
    codes = rescale(wide, 0, goal.getStorage(), goal.type.getZeroPoint(), factors, name);
  if (!codes)
    return std::nullopt;
  return clamp(*codes, goal.getBounds(), name);
}
