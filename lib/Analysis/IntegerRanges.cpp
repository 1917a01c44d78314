//===- IntegerRanges.cpp - Intervals of the integer stage -----------------===//
#include "narrow/Analysis/IntegerRanges.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Numerics/Rounding.h"
#include "narrow/Numerics/Tokens.h"
#include <algorithm>
#include <limits>

using namespace mlir;
using namespace narrow;

/// Everything the element type can hold.
static IntegerInterval fullRange(Type type) {
  Type element = getElementTypeOrSelf(type);
  unsigned bits = element.isIntOrFloat() ? std::min(element.getIntOrFloatBitWidth(), 48u) : 48u;
  return {-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

static IntegerInterval hull(IntegerInterval a, IntegerInterval b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

static IntegerInterval hull(ArrayRef<IntegerInterval> intervals) {
  IntegerInterval whole = intervals.front();
  for (IntegerInterval interval : intervals)
    whole = hull(whole, interval);
  return whole;
}

static IntegerInterval saturateTo(IntegerInterval interval, IntegerInterval to) {
  return {std::clamp(interval.min, to.min, to.max), std::clamp(interval.max, to.min, to.max)};
}

ArrayRef<IntegerInterval> IntegerRanges::get(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  // compute() asks for operands and may move the map's entries.
  Ranges ranges = compute(value);
  return known.try_emplace(value, std::move(ranges)).first->second;
}

IntegerInterval IntegerRanges::getWhole(Value value) { return hull(get(value)); }

IntegerRanges::Ranges IntegerRanges::computeRescale(Operation *op) {
  auto rescale = cast<tosa::RescaleOp>(op);
  IntegerInterval full = fullRange(rescale.getOutput().getType());
  auto multipliers = getIntegers(rescale.getMultiplier()), shifts = getIntegers(rescale.getShift());
  auto inputZp = getIntegers(rescale.getInputZp()), outputZp = getIntegers(rescale.getOutputZp());
  if (!multipliers || !shifts || multipliers->empty() || multipliers->size() != shifts->size() || !inputZp ||
      inputZp->size() != 1 || !outputZp || outputZp->size() != 1 || rescale.getInputUnsigned() ||
      rescale.getOutputUnsigned())
    return {full};
  bool scale32 = rescale.getScale32();
  ArrayRef<IntegerInterval> input = get(rescale.getInput());
  size_t channels = std::max(multipliers->size(), input.size());
  if ((multipliers->size() != 1 && multipliers->size() != channels) ||
      (input.size() != 1 && input.size() != channels))
    return {full};
  using numerics::RescaleRounding;
  RescaleRounding rounding = rescale.getRoundingMode() == tosa::RoundingMode::SINGLE_ROUND
                                 ? RescaleRounding::Single
                                 : RescaleRounding::Double;
  Ranges ranges;
  for (size_t c = 0; c != channels; ++c) {
    size_t s = multipliers->size() == 1 ? 0 : c;
    IntegerInterval value = input[input.size() == 1 ? 0 : c];
    value = {value.min - inputZp->front(), value.max - inputZp->front()};
    numerics::Multiplier factor{static_cast<int32_t>((*multipliers)[s]), static_cast<int32_t>((*shifts)[s])};
    if (!factor.valid() || (scale32 && !fitsApplyScale(value.magnitude(), factor)))
      return {full};
    auto scaled = [&](int64_t x) -> int64_t {
      if (!scale32)
        return applyScale16(x, factor) + outputZp->front();
      return applyScale(static_cast<int32_t>(x), factor, rounding) + outputZp->front();
    };
    ranges.push_back(saturateTo({scaled(value.min), scaled(value.max)}, full));
  }
  return ranges;
}

IntegerRanges::Ranges IntegerRanges::computeBinary(Operation *op) {
  Ranges lhs(get(op->getOperand(0))), rhs(get(op->getOperand(1)));
  IntegerInterval full = fullRange(op->getResult(0).getType());
  size_t channels = std::max(lhs.size(), rhs.size());
  if ((lhs.size() != 1 && lhs.size() != channels) || (rhs.size() != 1 && rhs.size() != channels)) {
    lhs = {hull(lhs)}, rhs = {hull(rhs)};
    channels = 1;
  }
  Ranges ranges;
  for (size_t c = 0; c != channels; ++c) {
    IntegerInterval a = lhs[lhs.size() == 1 ? 0 : c], b = rhs[rhs.size() == 1 ? 0 : c], r = full;
    if (isa<tosa::AddOp>(op)) {
      r = {a.min + b.min, a.max + b.max};
    } else if (isa<tosa::SubOp>(op)) {
      r = {a.min - b.max, a.max - b.min};
    } else if (isa<tosa::MaximumOp>(op)) {
      r = {std::max(a.min, b.min), std::max(a.max, b.max)};
    } else if (isa<tosa::MinimumOp>(op)) {
      r = {std::min(a.min, b.min), std::min(a.max, b.max)};
    } else if (auto mul = dyn_cast<tosa::MulOp>(op)) {
      auto shift = getIntegers(mul.getShift());
      constexpr int64_t limit = int64_t{1} << 31; // Products of wider factors would leave 64 bits.
      if (shift && shift->size() == 1 && shift->front() == 0 &&
          std::max(a.magnitude(), b.magnitude()) <= limit) {
        int64_t products[] = {a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max};
        r = {*std::min_element(std::begin(products), std::end(products)),
             *std::max_element(std::begin(products), std::end(products))};
      }
    }
    // Not limited to the type: the verification wants to see an overflow.
    ranges.push_back(r);
  }
  return ranges;
}

IntegerRanges::Ranges IntegerRanges::compute(Value value) {
  IntegerInterval full = fullRange(value.getType());
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || !type || !isa<IntegerType>(type.getElementType()))
    return {full};
  if (getConstant(value)) {
    auto elements = getIntegers(value);
    if (!elements || elements->empty())
      return {full};
    auto [min, max] = std::minmax_element(elements->begin(), elements->end());
    return {{*min, *max}};
  }
  if (isa<tosa::RescaleOp>(op))
    return computeRescale(op);
  if (isa<tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp>(op))
    return computeBinary(op);
  if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
    auto min = dyn_cast<IntegerAttr>(clamp.getMinValAttr()),
         max = dyn_cast<IntegerAttr>(clamp.getMaxValAttr());
    if (!min || !max)
      return {full};
    IntegerInterval bounds{min.getValue().getSExtValue(), max.getValue().getSExtValue()};
    Ranges ranges(get(clamp.getInput()));
    for (IntegerInterval &interval : ranges)
      interval = saturateTo(interval, bounds);
    return ranges;
  }
  if (auto shift = dyn_cast<tosa::ArithmeticRightShiftOp>(op)) {
    auto places = getIntegers(shift.getInput2());
    if (!places || places->empty() || !llvm::all_equal(*places) || shift.getRound() || places->front() < 0 ||
        places->front() > 31)
      return {full};
    Ranges ranges(get(shift.getInput1()));
    for (IntegerInterval &interval : ranges)
      interval = {interval.min >> places->front(), interval.max >> places->front()};
    return ranges;
  }
  if (auto table = dyn_cast<tosa::TableOp>(op))
    return {getWhole(table.getTable())};
  if (auto sum = dyn_cast<tosa::ReduceSumOp>(op)) {
    auto from = cast<RankedTensorType>(sum.getInput().getType());
    int64_t axis = sum.getAxis(), last = from.getRank() - 1;
    if (axis > last || from.isDynamicDim(axis))
      return {full};
    Ranges ranges(get(sum.getInput()));
    if (axis == last)
      ranges = {hull(ranges)};
    for (IntegerInterval &interval : ranges) // A partial sum passes 0.
      interval = {std::min<int64_t>(interval.min * from.getDimSize(axis), 0),
                  std::max<int64_t>(interval.max * from.getDimSize(axis), 0)};
    return ranges;
  }
  if (isa<TokenMaximaOp>(op))
    return {{1, numerics::tokenMaximumLimit}};
  if (auto quantize = dyn_cast<QuantizeTokensOp>(op)) {
    int64_t largest = quantize.getLargest();
    return {{-largest, largest}};
  }
  if (auto rescale = dyn_cast<RescaleTokensOp>(op)) {
    Ranges ranges(get(rescale.getSums()));
    auto furthest = [&](int64_t sum) { // Not wrapped: the verification wants to see an overflow.
      int64_t product = sum * numerics::tokenMaximumLimit, shift = rescale.getShift();
      return shift ? numerics::roundingShiftRight(product, static_cast<int>(shift)) : product;
    };
    for (IntegerInterval &interval : ranges)
      interval = {furthest(std::min<int64_t>(interval.min, 0)), furthest(std::max<int64_t>(interval.max, 0))};
    return ranges;
  }
  if (auto resize = dyn_cast<tosa::ResizeOp>(op)) {
    std::optional<ResizeAxes> axes = getResizeAxes(resize);
    if (!axes)
      return {full};
    Ranges ranges(get(resize.getInput()));
    int64_t weight = resize.getMode() == tosa::ResizeMode::BILINEAR ? axes->weight() : 1;
    for (IntegerInterval &interval : ranges) // A partial sum passes 0.
      interval = {std::min<int64_t>(interval.min * weight, 0), std::max<int64_t>(interval.max * weight, 0)};
    return ranges;
  }
  if (isa<tosa::MaxPool2dOp>(op))
    return Ranges(get(op->getOperand(0)));
  if (isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp, tosa::TileOp, tosa::ReverseOp>(op))
    return {getWhole(op->getOperand(0))};
  if (auto pad = dyn_cast<tosa::PadOp>(op))
    return {hull(getWhole(pad.getInput1()), getWhole(pad.getPadConst()))};
  if (auto concat = dyn_cast<tosa::ConcatOp>(op)) {
    IntegerInterval whole = getWhole(concat.getOperand(0));
    for (Value operand : concat.getOperands())
      whole = hull(whole, getWhole(operand));
    return {whole};
  }
  if (auto quantizable = dyn_cast<QuantizableOpInterface>(op);
      quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction) {
    auto bounds = getAccumulatorBounds(op, getWhole(op->getOperand(0)));
    if (!bounds || bounds->empty())
      return {full};
    Ranges ranges;
    for (const AccumulatorBounds &bound : *bounds)
      ranges.push_back({bound.min, bound.max});
    return ranges;
  }
  return {full};
}
