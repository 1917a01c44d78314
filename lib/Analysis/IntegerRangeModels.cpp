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

//===----------------------------------------------------------------------===//
// The op set of the integer stage (docs/architecture.md)
//===----------------------------------------------------------------------===//

static bool isWidth(Value value, unsigned width) { return getElementTypeOrSelf(value).isInteger(width); }

/// Whether the results of `op` and its first `count` operands (without zero points, shapes and the like) have
/// integers of `width` bits.
static bool hasElements(Operation *op, unsigned width, unsigned count = ~0u) {
  auto matches = [&](Value value) { return isWidth(value, width); };
  return llvm::all_of(op->getOperands().take_front(std::min(count, op->getNumOperands())), matches) &&
         llvm::all_of(op->getResults(), matches);
}

static bool addsWide(Operation *op) { return hasElements(op, 32, 2); }
static bool reducesWide(Operation *op) { return hasElements(op, 32); }
static bool movesCodes(Operation *op) { return hasElements(op, 8, 1) || hasElements(op, 16, 1); }
static bool joinsCodes(Operation *op) { return hasElements(op, 8) || hasElements(op, 16); }
static bool looksUpCodes(Operation *op) { return hasElements(op, 8, 1); }
static bool multipliesCodes(Operation *op) {
  return isWidth(op->getOperand(0), 8) && isWidth(op->getOperand(1), 8) && isWidth(op->getResult(0), 32);
}
static bool resizesCodes(Operation *op) {
  return cast<tosa::ResizeOp>(op).getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR
             ? movesCodes(op)
             : isWidth(op->getResult(0), 32);
}
/// 16 bits: codes, or numbers between two rescales (N26).
static bool rescales(Operation *op) {
  return llvm::all_of(ValueRange{op->getOperand(0), op->getResult(0)},
                      [](Value v) { return isWidth(v, 8) || isWidth(v, 16) || isWidth(v, 32); });
}
/// 16-bit codes are split into bytes (N80); the sign of a sum (N66).
static bool shifts(Operation *op) { return hasElements(op, 16) || hasElements(op, 32); }
static bool flipsBits(Operation *op) { return hasElements(op, 16); }
static bool takesLowByte(Operation *op) {
  return isWidth(op->getOperand(0), 16) && isWidth(op->getResult(0), 8);
}
/// Their verifiers know the element types.
static bool always(Operation *) { return true; }

static IntegerIntervals inferNothing(Operation *, IntegerRanges &) { return {}; }

namespace {
template <typename OpT>
struct ContractionModel : IntegerRangeOpInterface::ExternalModel<ContractionModel<OpT>, OpT> {
  bool isIntegerForm(Operation *op) const { return multipliesCodes(op); }
  std::optional<ZeroPoints> getZeroPoints(Operation *op) const {
    if constexpr (std::is_same_v<OpT, Conv2DOp>) {
      return ZeroPoints{static_cast<int64_t>(cast<Conv2DOp>(op).getInputZp()), 0};
    } else {
      auto input = getIntegers(cast<OpT>(op).getInputZp()), weight = getIntegers(cast<OpT>(op).getWeightZp());
      if (!input || input->size() != 1 || !weight || weight->size() != 1)
        return std::nullopt;
      return ZeroPoints{input->front(), weight->front()};
    }
  }
};
} // namespace

namespace {
template <typename OpT, auto function, auto isForm>
struct IntegerRangeModel
    : IntegerRangeOpInterface::ExternalModel<IntegerRangeModel<OpT, function, isForm>, OpT> {
  IntegerIntervals inferIntegerRanges(Operation *op, IntegerRanges &known) const {
    return function(cast<OpT>(op), known);
  }
  bool isIntegerForm(Operation *op) const { return isForm(op); }
};
} // namespace

template <typename OpT, auto function, auto isForm>
static void attach(MLIRContext *context) {
  OpT::template attachInterface<IntegerRangeModel<OpT, function, isForm>>(*context);
}

void narrow::registerIntegerRangeModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::RescaleOp, inferRescale, rescales>(context);
    attach<tosa::AddOp, inferAdd, addsWide>(context);
    attach<tosa::SubOp, inferSub, addsWide>(context);
    attach<tosa::MaximumOp, inferMaximum, addsWide>(context);
    attach<tosa::MinimumOp, inferMinimum, addsWide>(context);
    attach<tosa::MulOp, inferMul, addsWide>(context);
    attach<tosa::ClampOp, inferClamp, movesCodes>(context);
    attach<tosa::ArithmeticRightShiftOp, inferShift, shifts>(context);
    attach<tosa::TableOp, inferTable, looksUpCodes>(context);
    attach<tosa::ReduceSumOp, inferReduceSum, reducesWide>(context);
    attach<tosa::ResizeOp, inferResize, resizesCodes>(context);
    tosa::Conv2DOp::attachInterface<ContractionModel<tosa::Conv2DOp>>(*context);
    tosa::DepthwiseConv2DOp::attachInterface<ContractionModel<tosa::DepthwiseConv2DOp>>(*context);
    attach<tosa::MaxPool2dOp, inferMaxPool, movesCodes>(context);
    attach<tosa::ReshapeOp, inferMoved, movesCodes>(context);
    attach<tosa::TransposeOp, inferMoved, movesCodes>(context);
    attach<tosa::SliceOp, inferMoved, movesCodes>(context);
    attach<tosa::TileOp, inferMoved, movesCodes>(context);
    attach<tosa::ReverseOp, inferMoved, movesCodes>(context);
    attach<tosa::PadOp, inferPad, movesCodes>(context);
    attach<tosa::ConcatOp, inferConcat, joinsCodes>(context);
    attach<tosa::AvgPool2dOp, inferNothing, movesCodes>(context);
    attach<tosa::BitwiseXorOp, inferNothing, flipsBits>(context);
    attach<tosa::CastOp, inferNothing, takesLowByte>(context);
  });
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    Conv2DOp::attachInterface<ContractionModel<Conv2DOp>>(*context);
    attach<TokenMaximaOp, inferTokenMaxima, always>(context);
    attach<QuantizeTokensOp, inferQuantizeTokens, always>(context);
    attach<RescaleTokensOp, inferRescaleTokens, always>(context);
  });
}
