//===- Rescale.cpp - tosa.rescale -----------------------------------------===//
#include "Elementwise.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Rounding.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

/// Multiplier and shift of each channel, or one pair for all.
static FailureOr<std::vector<numerics::Multiplier>> getMultipliers(const Call &call, int64_t count) {
  const Tensor &multiplier = call.operand(1), &shift = call.operand(2);
  if (multiplier.getNumElements() != count || shift.getNumElements() != count)
    return call.error() << "needs " << count << " multipliers and shifts, got " << multiplier.getNumElements()
                        << " and " << shift.getNumElements();
  std::vector<numerics::Multiplier> multipliers;
  for (int64_t i = 0; i < count; ++i) {
    numerics::Multiplier scale{static_cast<int32_t>(getInteger(multiplier, i)),
                               static_cast<int32_t>(getInteger(shift, i))};
    if (!scale.valid())
      return call.error() << "multiplier " << scale.multiplier << " with shift " << scale.shift
                          << " is not valid: TOSA needs a multiplier of at "
                             "least 0 and a shift of 2 to 62";
    multipliers.push_back(scale);
  }
  return multipliers;
}

/// clamp(apply_scale(x - input_zp) + output_zp), rules N11 and N12.
static LogicalResult evalRescale(tosa::RescaleOp op, Call &call) {
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  auto isInteger = [](ElementKind kind) {
    return kind == ElementKind::I8 || kind == ElementKind::I16 || kind == ElementKind::I32 ||
           kind == ElementKind::I64;
  };
  if (!isInteger(input.kind) || !isInteger(result.kind))
    return rejectKinds(call);
  if (input.shape != result.shape)
    return call.error() << "operand and result differ in shape";
  bool scale32 = op.getScale32(), perChannel = op.getPerChannel();
  if (scale32 && input.kind == ElementKind::I64)
    return call.error() << "an operand of more than 32 bits needs scale32 = false";
  numerics::RescaleRounding rounding;
  switch (op.getRoundingMode()) {
  case tosa::RoundingMode::SINGLE_ROUND:
    rounding = numerics::RescaleRounding::Single;
    break;
  case tosa::RoundingMode::DOUBLE_ROUND:
    rounding = numerics::RescaleRounding::Double;
    break;
  default:
    return call.error() << "rounding mode INEXACT_ROUND has no defined result; "
                           "use SINGLE_ROUND or DOUBLE_ROUND";
  }
  if (!scale32 && rounding == numerics::RescaleRounding::Double)
    return call.error() << "DOUBLE_ROUND needs scale32 = true";
  if (perChannel && input.getRank() == 0)
    return call.error() << "per_channel needs an operand of rank 1 at least";
  auto multipliers = getMultipliers(call, perChannel ? input.shape.back() : 1);
  auto inputZp = getZeroPoint(call, 3, op.getInputUnsigned());
  auto outputZp = getZeroPoint(call, 4, op.getOutputUnsigned());
  if (failed(multipliers) || failed(inputZp) || failed(outputZp))
    return failure();

  // A signless i8 or i16 holds an unsigned code as the same bits.
  unsigned inputBits = getElementTypeOrSelf(op.getInput().getType()).getIntOrFloatBitWidth();
  int64_t inputMask = op.getInputUnsigned() && inputBits < 32 ? (int64_t{1} << inputBits) - 1 : -1;
  auto [low, high] = getIntegerRange(op.getType(), op.getOutputUnsigned());
  size_t channels = multipliers->size();
  dispatch(input.kind, [&, low = low, high = high](auto inZero) {
    dispatch(result.kind, [&](auto outZero) {
      using In = decltype(inZero);
      using Out = decltype(outZero);
      auto x = input.values<In>();
      auto y = result.values<Out>();
      for (size_t i = 0, channel = 0; i < y.size(); ++i) {
        int64_t value = (static_cast<int64_t>(x[i]) & inputMask) - *inputZp;
        const numerics::Multiplier &scale = (*multipliers)[channel];
        int32_t scaled = scale32 ? numerics::applyScale(static_cast<int32_t>(value), scale, rounding)
                                 : numerics::applyScale16(value, scale);
        // Wraps where TOSA's precondition on the operand is not met (N11), as
        // upstream's lowering does.
        auto moved = static_cast<int32_t>(static_cast<uint32_t>(scaled) + static_cast<uint32_t>(*outputZp));
        y[i] = static_cast<Out>(numerics::saturate(moved, low, high));
        if (++channel == channels)
          channel = 0;
      }
    });
  });
  return success();
}

void narrow::reference::registerRescale(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, tosa::TosaDialect *) { attach<tosa::RescaleOp, evalRescale>(context); });
}
