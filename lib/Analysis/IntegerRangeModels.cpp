//===- IntegerRangeModels.cpp - IntegerRangeOpInterface of the ops --------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Rounding.h"
#include "narrow/Numerics/Tokens.h"
#include <algorithm>

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static IntegerIntervals inferRescale(tosa::RescaleOp rescale, IntegerRanges &known) {
  IntegerInterval full = getFullRange(rescale.getOutput().getType());
  auto multipliers = getIntegers(rescale.getMultiplier()), shifts = getIntegers(rescale.getShift());
  auto inputZp = getIntegers(rescale.getInputZp()), outputZp = getIntegers(rescale.getOutputZp());
  if (!multipliers || !shifts || multipliers->empty() || multipliers->size() != shifts->size() || !inputZp ||
      inputZp->size() != 1 || !outputZp || outputZp->size() != 1 || rescale.getInputUnsigned() ||
      rescale.getOutputUnsigned())
    return {};
  bool scale32 = rescale.getScale32();
  ArrayRef<IntegerInterval> input = known.get(rescale.getInput());
  size_t channels = std::max(multipliers->size(), input.size());
  if ((multipliers->size() != 1 && multipliers->size() != channels) ||
      (input.size() != 1 && input.size() != channels))
    return {};
  using numerics::RescaleRounding;
  RescaleRounding rounding = rescale.getRoundingMode() == tosa::RoundingMode::SINGLE_ROUND
                                 ? RescaleRounding::Single
                                 : RescaleRounding::Double;
  IntegerIntervals ranges;
  for (size_t c = 0; c != channels; ++c) {
    size_t s = multipliers->size() == 1 ? 0 : c;
    IntegerInterval value = input[input.size() == 1 ? 0 : c];
    value = {value.min - inputZp->front(), value.max - inputZp->front()};
    numerics::Multiplier factor{static_cast<int32_t>((*multipliers)[s]), static_cast<int32_t>((*shifts)[s])};
    if (!factor.valid() || (scale32 && !fitsApplyScale(value.magnitude(), factor)))
      return {};
    auto scaled = [&](int64_t x) -> int64_t {
      if (!scale32)
        return applyScale16(x, factor) + outputZp->front();
      return applyScale(static_cast<int32_t>(x), factor, rounding) + outputZp->front();
    };
    ranges.push_back(saturateTo({scaled(value.min), scaled(value.max)}, full));
  }
  return ranges;
}

/// `combine` sets its third argument, initially the full range of the type, to the result for the first two.
static IntegerIntervals
inferBinary(Operation *op, IntegerRanges &known,
            function_ref<void(IntegerInterval, IntegerInterval, IntegerInterval &)> combine) {
  IntegerIntervals lhs(known.get(op->getOperand(0))), rhs(known.get(op->getOperand(1)));
  IntegerInterval full = getFullRange(op->getResult(0).getType());
  size_t channels = std::max(lhs.size(), rhs.size());
  if ((lhs.size() != 1 && lhs.size() != channels) || (rhs.size() != 1 && rhs.size() != channels)) {
    lhs = {hull(lhs)}, rhs = {hull(rhs)};
    channels = 1;
  }
  IntegerIntervals ranges;
  for (size_t c = 0; c != channels; ++c) {
    IntegerInterval a = lhs[lhs.size() == 1 ? 0 : c], b = rhs[rhs.size() == 1 ? 0 : c], r = full;
    combine(a, b, r);
    // Not clamped to the type, so that the verification sees an overflow.
    ranges.push_back(r);
  }
  return ranges;
}

static IntegerIntervals inferAdd(tosa::AddOp op, IntegerRanges &known) {
  return inferBinary(op, known, [](IntegerInterval a, IntegerInterval b, IntegerInterval &r) {
    r = {a.min + b.min, a.max + b.max};
  });
}

static IntegerIntervals inferSub(tosa::SubOp op, IntegerRanges &known) {
  return inferBinary(op, known, [](IntegerInterval a, IntegerInterval b, IntegerInterval &r) {
    r = {a.min - b.max, a.max - b.min};
  });
}

static IntegerIntervals inferMaximum(tosa::MaximumOp op, IntegerRanges &known) {
  return inferBinary(op, known, [](IntegerInterval a, IntegerInterval b, IntegerInterval &r) {
    r = {std::max(a.min, b.min), std::max(a.max, b.max)};
  });
}

static IntegerIntervals inferMinimum(tosa::MinimumOp op, IntegerRanges &known) {
  return inferBinary(op, known, [](IntegerInterval a, IntegerInterval b, IntegerInterval &r) {
    r = {std::min(a.min, b.min), std::min(a.max, b.max)};
  });
}

static IntegerIntervals inferMul(tosa::MulOp op, IntegerRanges &known) {
  auto shift = getIntegers(op.getShift());
  bool isPlain = shift && shift->size() == 1 && shift->front() == 0;
  return inferBinary(op, known, [&](IntegerInterval a, IntegerInterval b, IntegerInterval &r) {
    constexpr int64_t limit = int64_t{1} << 31; // Products of wider factors would exceed 64 bits.
    if (!isPlain || std::max(a.magnitude(), b.magnitude()) > limit)
      return;
    auto [min, max] = std::minmax({a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max});
    r = {min, max};
  });
}

static IntegerIntervals inferClamp(tosa::ClampOp op, IntegerRanges &known) {
  auto min = dyn_cast<IntegerAttr>(op.getMinValAttr()), max = dyn_cast<IntegerAttr>(op.getMaxValAttr());
  if (!min || !max)
    return {};
  IntegerInterval bounds{min.getValue().getSExtValue(), max.getValue().getSExtValue()};
  IntegerIntervals ranges(known.get(op.getInput()));
  for (IntegerInterval &interval : ranges)
    interval = saturateTo(interval, bounds);
  return ranges;
}

static IntegerIntervals inferShift(tosa::ArithmeticRightShiftOp op, IntegerRanges &known) {
  auto places = getIntegers(op.getInput2());
  if (!places || places->empty() || !llvm::all_equal(*places) || op.getRound() || places->front() < 0 ||
      places->front() > 31)
    return {};
  IntegerIntervals ranges(known.get(op.getInput1()));
  for (IntegerInterval &interval : ranges)
    interval = {interval.min >> places->front(), interval.max >> places->front()};
  return ranges;
}

static IntegerIntervals inferTable(tosa::TableOp op, IntegerRanges &known) {
  return {known.getWhole(op.getTable())};
}

//===----------------------------------------------------------------------===//
// Sums, whose partial sums include 0
//===----------------------------------------------------------------------===//

static void multiply(IntegerIntervals &ranges, int64_t weight) {
  for (IntegerInterval &interval : ranges)
    interval = {std::min<int64_t>(interval.min * weight, 0), std::max<int64_t>(interval.max * weight, 0)};
}

static IntegerIntervals inferReduceSum(tosa::ReduceSumOp op, IntegerRanges &known) {
  auto from = cast<RankedTensorType>(op.getInput().getType());
  int64_t axis = op.getAxis(), last = from.getRank() - 1;
  if (axis > last || from.isDynamicDim(axis))
    return {};
  IntegerIntervals ranges(known.get(op.getInput()));
  if (axis == last)
    ranges = {hull(ranges)};
  multiply(ranges, from.getDimSize(axis));
  return ranges;
}

static IntegerIntervals inferResize(tosa::ResizeOp op, IntegerRanges &known) {
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes)
    return {};
  IntegerIntervals ranges(known.get(op.getInput()));
  multiply(ranges, op.getMode() == tosa::ResizeMode::BILINEAR ? axes->weight() : 1);
  return ranges;
}

static IntegerIntervals inferContraction(Operation *op, IntegerRanges &known) {
  IntegerIntervals ranges;
  if (auto bounds = getAccumulatorBounds(op, known.getWhole(op->getOperand(0))))
    for (const AccumulatorBounds &bound : *bounds)
      ranges.push_back({bound.min, bound.max});
  return ranges;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

static IntegerIntervals inferTokenMaxima(TokenMaximaOp, IntegerRanges &) {
  return {{1, numerics::tokenMaximumLimit}};
}

static IntegerIntervals inferQuantizeTokens(QuantizeTokensOp op, IntegerRanges &) {
  int64_t largest = op.getLargest();
  return {{-largest, largest}};
}

static IntegerIntervals inferRescaleTokens(RescaleTokensOp op, IntegerRanges &known) {
  IntegerIntervals ranges(known.get(op.getSums()));
  auto furthest = [&](int64_t sum) { // Not wrapped, so that the verification sees an overflow.
    int64_t product = sum * numerics::tokenMaximumLimit, shift = op.getShift();
    return shift ? numerics::roundingShiftRight(product, static_cast<int>(shift)) : product;
  };
  for (IntegerInterval &interval : ranges)
    interval = {furthest(std::min<int64_t>(interval.min, 0)), furthest(std::max<int64_t>(interval.max, 0))};
  return ranges;
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

/// Channels stay where they are.
static IntegerIntervals inferMaxPool(tosa::MaxPool2dOp op, IntegerRanges &known) {
  return IntegerIntervals(known.get(op.getInput()));
}

static IntegerIntervals inferMoved(Operation *op, IntegerRanges &known) {
  return {known.getWhole(op->getOperand(0))};
}

static IntegerIntervals inferPad(tosa::PadOp op, IntegerRanges &known) {
  return {hull(known.getWhole(op.getInput1()), known.getWhole(op.getPadConst()))};
}

static IntegerIntervals inferConcat(tosa::ConcatOp op, IntegerRanges &known) {
  IntegerInterval whole = known.getWhole(op->getOperand(0));
  for (Value operand : op->getOperands())
    whole = hull(whole, known.getWhole(operand));
  return {whole};
}

namespace {
template <typename OpT, auto function>
struct IntegerRangeModel : IntegerRangeOpInterface::ExternalModel<IntegerRangeModel<OpT, function>, OpT> {
  IntegerIntervals inferIntegerRanges(Operation *op, IntegerRanges &known) const {
    return function(cast<OpT>(op), known);
  }
};
} // namespace

template <typename OpT, auto function>
static void attach(MLIRContext *context) {
  OpT::template attachInterface<IntegerRangeModel<OpT, function>>(*context);
}

void narrow::registerIntegerRangeModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::RescaleOp, inferRescale>(context);
    attach<tosa::AddOp, inferAdd>(context);
    attach<tosa::SubOp, inferSub>(context);
    attach<tosa::MaximumOp, inferMaximum>(context);
    attach<tosa::MinimumOp, inferMinimum>(context);
    attach<tosa::MulOp, inferMul>(context);
    attach<tosa::ClampOp, inferClamp>(context);
    attach<tosa::ArithmeticRightShiftOp, inferShift>(context);
    attach<tosa::TableOp, inferTable>(context);
    attach<tosa::ReduceSumOp, inferReduceSum>(context);
    attach<tosa::ResizeOp, inferResize>(context);
    attach<tosa::Conv2DOp, inferContraction>(context);
    attach<tosa::DepthwiseConv2DOp, inferContraction>(context);
    attach<tosa::MaxPool2dOp, inferMaxPool>(context);
    attach<tosa::ReshapeOp, inferMoved>(context);
    attach<tosa::TransposeOp, inferMoved>(context);
    attach<tosa::SliceOp, inferMoved>(context);
    attach<tosa::TileOp, inferMoved>(context);
    attach<tosa::ReverseOp, inferMoved>(context);
    attach<tosa::PadOp, inferPad>(context);
    attach<tosa::ConcatOp, inferConcat>(context);
  });
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    attach<Conv2DOp, inferContraction>(context);
    attach<TokenMaximaOp, inferTokenMaxima>(context);
    attach<QuantizeTokensOp, inferQuantizeTokens>(context);
    attach<RescaleTokensOp, inferRescaleTokens>(context);
  });
}
