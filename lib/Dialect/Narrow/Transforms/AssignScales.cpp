//===- AssignScales.cpp - narrow-assign-scales ----------------------------===//
#include "BiasFit.h"
#include "ObservedTypes.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/QuantParams.h"
#include <cfloat>
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWASSIGNSCALES
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// Size of the bias code of a channel that has no weights but zeros.
static constexpr double kFreeBiasCode = int64_t{1} << 20;

namespace {

struct AssignScales : narrow::impl::NarrowAssignScalesBase<AssignScales> {
  using NarrowAssignScalesBase::NarrowAssignScalesBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    notes.clear();
    bool failure = false;
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) {
      if (op->hasAttr(attrs::floatReason)) {
        op->removeAttr(attrs::notes); // Nothing is done to it.
        return;
      }
      observers.push_back(op);
      failure |= failed(assignType(op));
    });
    if (failure)
      return signalPassFailure();

    SmallVector<QuantizableOpInterface> joins, contractions;
    getOperation().walk([&](QuantizableOpInterface op) {
      if (joinsCodes(op))
        joins.push_back(op);
      else if (getQuantizable(op) && op.getQuantizationKind() == QuantizationKind::Contraction)
        contractions.push_back(op);
    });
    // From the last to the first, so that a concat of concats has one type.
    for (QuantizableOpInterface join : llvm::reverse(joins))
      alignOperands(join);
    for (QuantizableOpInterface contraction : contractions)
      if (failed(fitBias(contraction)))
        return signalPassFailure();
    for (ObserveOp op : observers)
      notes[op].report(op, getScales(cast<quant::QuantizedType>(*op.getQuantizedType())).size());
  }

private:
  DenseMap<Operation *, Notes> notes; // Looked up only, never iterated.

  LogicalResult assignType(ObserveOp op);
  void alignOperands(QuantizableOpInterface join);
  LogicalResult fitBias(QuantizableOpInterface contraction);
};

} // namespace

LogicalResult AssignScales::assignType(ObserveOp op) {
  if (isEncoded(op)) // With scales of its own.
    return success();
  quant::QuantizedType type = computeType(op, &notes[op]);
  if (!type)
    return failure();
  op.setQuantizedTypeAttr(TypeAttr::get(type));
  forgetEncoding(op);
  return success();
}

/// Gives the observers that feed nothing but `join` its type.
void AssignScales::alignOperands(QuantizableOpInterface join) {
  for (unsigned index : join.getActivationOperands()) {
    auto operand = getParameterSource(join->getOperand(index)).getDefiningOp<ObserveOp>();
    ObserveOp result = operand ? getJoinResult(operand) : ObserveOp();
    if (!result || !result.getQuantizedType() ||
        operand.getQuantizedTypeAttr() == result.getQuantizedTypeAttr() ||
        operand->hasAttr(attrs::floatReason) || !admitsType(operand, result))
      continue;
    operand.setQuantizedTypeAttr(result.getQuantizedTypeAttr());
    notes[operand].add("takes the type of '" + result.getId() + "', which it is joined into");
    ++numAligned;
  }
}

/// Raises the scales of the weight of `op` where its bias needs it.
LogicalResult AssignScales::fitBias(QuantizableOpInterface op) {
  auto observe = op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>();
  if (!observe || !observe.getQuantizedType() || isEncoded(observe))
    return success(); // Came quantized, stays float, or has scales of its own.
  auto type = cast<quant::QuantizedType>(*observe.getQuantizedType());
  FailureOr<std::optional<BiasFit>> biases = getBiasFit(op, type);
  if (failed(biases) || !*biases)
    return failure(failed(biases));
  float inputScale = (*biases)->inputScale;

  SmallVector<float> scales(
      llvm::map_range(getScales(type), [](double scale) { return static_cast<float>(scale); }));
  auto isZero = [&](int64_t index) {
    RangeAttr range = observe.getRangeAttr();
    return range.getMin()[index] == 0 && range.getMax()[index] == 0;
  };

  // A channel of zeros is exact at every scale; choose one that is fine enough
  // for its bias.
  bool powerOfTwo = observe.getSchemeAttr().getFormat() == CodeFormat::PowerOfTwo;
  auto fit = [&](float scale) { return powerOfTwo ? numerics::powerOfTwoScale(scale) : scale; };
  for (auto [index, bound] : llvm::enumerate((*biases)->largest)) {
    if (bound == 0)
      continue;
    if (isZero(index)) {
      double scale = bound / (kFreeBiasCode * inputScale);
      scales[index] = fit(static_cast<float>(std::clamp<double>(scale, FLT_MIN, 1.0)));
    }
    std::optional<float> scale = numerics::widenWeightScale(static_cast<float>(bound), inputScale,
                                                            scales[index], numerics::biasCodeLimit);
    if (!scale)
      return op->emitError() << "no weight scale makes the bias of '" << getTensorId(op->getResult(0))
                             << "' fit 32 bits (magnitude " << bound << " at an input scale of " << inputScale
                             << ")";
    if (*scale == scales[index])
      continue;
    scales[index] = fit(*scale);
    notes[observe].add("scale raised so that the bias fits 32 bits", index);
    ++numWidened;
  }
  setScales(observe, scales);
  return success();
}
