//===- VerifyAccumulators.cpp - narrow-verify-accumulators ----------------===//
#include "Families.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/FixedPoint.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYACCUMULATORS
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct VerifyAccumulators : narrow::impl::NarrowVerifyAccumulatorsBase<VerifyAccumulators> {
  using NarrowVerifyAccumulatorsBase::NarrowVerifyAccumulatorsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Integer}, StageUser::Verifier)))
      return signalPassFailure();
    bool sound = true;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      IntegerRanges ranges;
      for (Block &block : function.getBody())
        for (Operation &op : block)
          sound &= succeeded(check(&op, ranges));
    }
    if (!sound)
      signalPassFailure();
  }

private:
  LogicalResult check(Operation *op, IntegerRanges &ranges);
  LogicalResult checkRescale(tosa::RescaleOp rescale, IntegerRanges &ranges);
};

} // namespace

/// The name of the tensor into which the accumulator is requantized.
static std::string describeAccumulator(Operation *op) {
  if (!op->hasAttr(attrs::id))
    for (Operation *user : op->getUsers())
      if (user->hasAttr(attrs::id))
        return getDiagnosticName(user);
  return getDiagnosticName(op);
}

LogicalResult VerifyAccumulators::checkRescale(tosa::RescaleOp rescale, IntegerRanges &ranges) {
  auto multipliers = getIntegers(rescale.getMultiplier()), shifts = getIntegers(rescale.getShift());
  auto zeroPoint = getIntegers(rescale.getInputZp());
  if (!multipliers || !shifts || multipliers->empty() || multipliers->size() != shifts->size() ||
      !zeroPoint || zeroPoint->size() != 1)
    return rescale.emitError() << "'" << getDiagnosticName(rescale)
                               << "': multiplier, shift and zero point must be constants";
  // 16-bit multipliers on 16-bit values cannot overflow.
  bool words = !rescale.getScale32() && getElementTypeOrSelf(rescale.getInput().getType()).isInteger(16);
  if (rescale.getInputUnsigned() || (!rescale.getScale32() && !words))
    return rescale.emitError() << "'" << getDiagnosticName(rescale)
                               << "': expected signed input and 32-bit multipliers";
  if (words)
    return success();
  ArrayRef<IntegerInterval> inputs = ranges.get(rescale.getInput());
  size_t count = std::max(inputs.size(), multipliers->size());
  if ((inputs.size() != 1 && inputs.size() != count) ||
      (multipliers->size() != 1 && multipliers->size() != count))
    return rescale.emitError() << "'" << getDiagnosticName(rescale) << "': " << multipliers->size()
                               << " multipliers for " << inputs.size() << " channels";
  for (size_t c = 0; c != count; ++c) {
    size_t s = multipliers->size() == 1 ? 0 : c;
    numerics::Multiplier factor{static_cast<int32_t>((*multipliers)[s]), static_cast<int32_t>((*shifts)[s])};
    IntegerInterval input = inputs[inputs.size() == 1 ? 0 : c];
    input = {input.min - zeroPoint->front(), input.max - zeroPoint->front()};
    if (!factor.valid())
      return rescale.emitError() << "'" << getDiagnosticName(rescale) << "': multiplier " << factor.multiplier
                                 << " and shift " << factor.shift << " of channel " << c
                                 << " are outside of what tosa.rescale is defined for";
    if (!numerics::fitsApplyScale(input.magnitude(), factor))
      return rescale.emitError() << "'" << getDiagnosticName(rescale) << "': channel " << c
                                 << " multiplies numbers in [" << input.min << ", " << input.max << "] by "
                                 << factor.value()
                                 << ", which can leave 32 bits; raise the scale of its result";
  }
  return success();
}

LogicalResult VerifyAccumulators::check(Operation *op, IntegerRanges &ranges) {
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  bool integer = op->getNumResults() == 1 && getElementTypeOrSelf(op->getResult(0).getType()).isInteger(32);
  if (quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction && integer) {
    auto bounds = getAccumulatorBounds(op, ranges.getWhole(getContractionInput(op)));
    if (!bounds)
      return op->emitError() << "'" << describeAccumulator(op)
                             << "': weights, bias and zero points must be "
                                "constants of matching sizes";
    unsigned bits = 0;
    size_t widest = 0;
    for (auto [channel, bound] : llvm::enumerate(*bounds))
      if (bound.bits > bits)
        bits = bound.bits, widest = channel;
    if (bits > 31) {
      const AccumulatorBounds &bound = (*bounds)[widest];
      return op->emitError() << "'" << describeAccumulator(op) << "': the accumulator of channel " << widest
                             << " can reach [" << bound.min << ", " << bound.max << "] and needs " << bits
                             << " of 31 bits; split the reduction or quantize its weights to "
                                "fewer bits";
    }
    op->setAttr(attrs::accumulatorBits, IntegerAttr::get(IntegerType::get(op->getContext(), 32), bits));
    ++numAccumulators;
    if (remarks)
      op->emitRemark() << "'" << describeAccumulator(op) << "': accumulator needs " << bits
                       << " of 31 bits (channel " << widest << ")";
    return success();
  }
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return checkRescale(rescale, ranges);
  auto inferable = dyn_cast<IntegerRangeOpInterface>(op);
  IntegerIntervals intervals =
      integer && inferable ? inferable.inferIntegerRanges(ranges) : IntegerIntervals();
  if (intervals.empty())
    return success();
  IntegerInterval range = hull(intervals);
  unsigned bits = numerics::magnitudeBits(range.min, range.max);
  if (bits > 31)
    return op->emitError() << "'" << describeAccumulator(op) << "': its result can reach [" << range.min
                           << ", " << range.max << "] and needs " << bits
                           << " of 31 bits; use coarser scales";
  if (op->hasAttr(attrs::accumulatorShift))
    op->setAttr(attrs::accumulatorBits, IntegerAttr::get(IntegerType::get(op->getContext(), 32), bits));
  return success();
}
