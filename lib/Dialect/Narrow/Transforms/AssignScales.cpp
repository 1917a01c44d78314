//===- AssignScales.cpp - narrow-assign-scales ----------------------------===//
#include "BiasFit.h"
#include "Notes.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/QuantParams.h"
#include "llvm/Support/FormatVariadic.h"
#include <cfloat>
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWASSIGNSCALES
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;
using numerics::QuantParams;
using numerics::RangeNote;

/// Size of the bias code of a channel that has no weights but zeros.
static constexpr double kFreeBiasCode = int64_t{1} << 20;
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();

namespace {

struct AssignScales : narrow::impl::NarrowAssignScalesBase<AssignScales> {
  using NarrowAssignScalesBase::NarrowAssignScalesBase;

  void runOnOperation() override {
    notes.clear();
    bool failure = false;
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) {
      if (op->hasAttr(kFloatReasonAttr)) {
        op->removeAttr(kNotesAttr); // Nothing is done to it.
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
  LogicalResult setType(ObserveOp op, ArrayRef<QuantParams> params, CodeRange codes);
  void alignOperands(QuantizableOpInterface join);
  LogicalResult fitBias(QuantizableOpInterface contraction);
};

} // namespace

static CodeRange getCodes(SchemeAttr scheme) {
  // Formats choose codes of their own; 8 bits are the widest that one plane has.
  if (!scheme.isUniform())
    return CodeRange::signedBits(8, /*restricted=*/true);
  return getUniformCodes(scheme);
}

LogicalResult AssignScales::assignType(ObserveOp op) {
  auto fail = [&](const Twine &what) { return op.emitError() << "observer '" << op.getId() << "' " << what; };
  SchemeAttr scheme = op.getSchemeAttr();
  if (!scheme)
    return fail("has no scheme; run --narrow-assign-bit-width first");
  RangeAttr range = op.getRangeAttr();
  if (!range)
    return fail(op.getWeight() ? "has no range; run --narrow-assign-granularity first"
                               : "has no range; run --narrow-import-table first");
  bool isWords = scheme.getBits() == kWordBits && !getObservedContraction(op);
  if (scheme.isUniform() && (scheme.getBits() < 2 || scheme.getBits() > 8) && !isWords)
    return fail("has a scheme of " + Twine(scheme.getBits()) +
                " bits; 2 to 8 are supported, and 16 for activations");
  if (isWords && !scheme.getSymmetric())
    return fail("has an asymmetric scheme of 16 bits; these codes are symmetric");
  bool shares = scheme.getGranularity() == GranularityKind::PerTensor ||
                scheme.getGranularity() == GranularityKind::PerChannel;
  if (op.getWeight() && scheme.isPerToken())
    return fail("has a per_token scheme, which is for activations only");
  if (!op.getWeight() && !shares && !scheme.isPerToken())
    return fail("has a " + stringifyGranularityKind(scheme.getGranularity()) +
                " scheme, which is for weights only");
  auto tensor = cast<RankedTensorType>(op.getType());
  int64_t channels = scheme.getAxis() < 0 ? 1 : tensor.getDimSize(scheme.getAxis());
  if (static_cast<int64_t>(range.getMin().size()) != channels)
    return fail("has " + Twine(range.getMin().size()) + " intervals in its range, but its scheme asks for " +
                Twine(channels));

  CodeRange codes = getCodes(scheme);
  SmallVector<QuantParams> params;
  for (auto [channel, lo, hi] : llvm::enumerate(range.getMin(), range.getMax())) {
    RangeNote note = RangeNote::None;
    params.push_back(scheme.getSymmetric()
                         ? numerics::symmetricParams(std::max(std::abs(lo), std::abs(hi)), codes, &note)
                         : numerics::asymmetricParams(lo, hi, codes, &note));
    if (note == RangeNote::Invalid)
      return fail("has an interval [" + llvm::formatv("{0}, {1}", lo, hi).str() + "] that gives no scale");
    if (scheme.getFormat() == CodeFormat::PowerOfTwo)
      params.back() = numerics::powerOfTwoParams(params.back(), lo, codes, scheme.getSymmetric());
    // One weight equals itself.
    if (lo == hi && lo != 0 && (!op.getWeight() || tensor.getNumElements() > channels))
      note = RangeNote::Constant;
    if (note == RangeNote::AllZero)
      notes[op].add(kAllZero, channel);
    else if (note == RangeNote::Constant)
      notes[op].add(kAllEqual, channel);
    else if (note == RangeNote::Widened && lo <= 0 &&
             hi >= 0) // Adding 0 to the interval is the rule, not news.
      notes[op].add("scale raised to the smallest normal number", channel);
  }
  return setType(op, params, codes);
}

LogicalResult AssignScales::setType(ObserveOp op, ArrayRef<QuantParams> params, CodeRange codes) {
  auto emitError = [&] { return op.emitError() << "observer '" << op.getId() << "': "; };
  Type storage = IntegerType::get(op.getContext(), codes.max > 127 ? 16 : 8);
  Type expressed = cast<RankedTensorType>(op.getType()).getElementType();
  SchemeAttr scheme = op.getSchemeAttr();
  quant::QuantizedType type;
  if (scheme.getAxis() < 0) {
    type = quant::UniformQuantizedType::getChecked(emitError, quant::QuantizationFlags::Signed, storage,
                                                   expressed, params.front().scale, params.front().zeroPoint,
                                                   codes.min, codes.max);
  } else {
    SmallVector<double> scales;
    SmallVector<int64_t> zeroPoints;
    for (QuantParams p : params) {
      scales.push_back(p.scale);
      zeroPoints.push_back(p.zeroPoint);
    }
    type = quant::UniformQuantizedPerAxisType::getChecked(emitError, quant::QuantizationFlags::Signed,
                                                          storage, expressed, scales, zeroPoints,
                                                          scheme.getAxis(), codes.min, codes.max);
  }
  if (!type)
    return failure();
  op.setQuantizedTypeAttr(TypeAttr::get(type));
  return success();
}

/// Whether what `op` observes may have the codes of `other`.
static bool admits(ObserveOp op, ObserveOp other) {
  auto type = cast<quant::QuantizedType>(*other.getQuantizedType());
  CodeRange codes = getCodes(op.getSchemeAttr());
  return type.getStorageTypeMin() >= codes.min && type.getStorageTypeMax() <= codes.max &&
         op.getSchemeAttr().getSymmetric() == other.getSchemeAttr().getSymmetric() &&
         (op.getSchemeAttr().getFormat() == CodeFormat::Uniform ||
          op.getSchemeAttr().getFormat() == other.getSchemeAttr().getFormat());
}

/// Gives the observers that feed nothing but `join` its type.
void AssignScales::alignOperands(QuantizableOpInterface join) {
  Value joined = join->getResult(0);
  if (!joined.hasOneUse())
    return;
  auto result = dyn_cast<ObserveOp>(*joined.user_begin());
  if (!result || !result.getQuantizedType())
    return;
  for (unsigned index : join.getActivationOperands()) {
    auto operand = getParameterSource(join->getOperand(index)).getDefiningOp<ObserveOp>();
    if (!operand || operand.getQuantizedTypeAttr() == result.getQuantizedTypeAttr() ||
        operand->hasAttr(kFloatReasonAttr) || !admits(operand, result) ||
        !llvm::all_of(getReaders(operand.getOutput()), [&](Operation *reader) { return reader == join; }))
      continue;
    operand.setQuantizedTypeAttr(result.getQuantizedTypeAttr());
    notes[operand].add("takes the type of '" + result.getId() + "', which it is joined into");
    ++numAligned;
  }
}

/// Raises the scales of the weight of `op` where its bias needs it.
LogicalResult AssignScales::fitBias(QuantizableOpInterface op) {
  auto observe = op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>();
  if (!observe || !observe.getQuantizedType())
    return success(); // Came quantized, or stays float.
  auto type = cast<quant::QuantizedType>(*observe.getQuantizedType());
  FailureOr<std::optional<BiasFit>> biases = getBiasFit(op, type);
  if (failed(biases) || !*biases)
    return failure(failed(biases));
  float inputScale = (*biases)->inputScale;

  CodeRange codes{type.getStorageTypeMin(), type.getStorageTypeMax()};
  SmallVector<QuantParams> params;
  for (double scale : getScales(type))
    params.push_back({static_cast<float>(scale), 0});
  auto isZero = [&](int64_t index) {
    RangeAttr range = observe.getRangeAttr();
    return range.getMin()[index] == 0 && range.getMax()[index] == 0;
  };

  // A channel of zeros is exact at every scale; choose one that is fine enough
  // for its bias.
  bool powerOfTwo = observe.getSchemeAttr().getFormat() == CodeFormat::PowerOfTwo;
  auto fit = [&](float scale) { return powerOfTwo ? numerics::powerOfTwoScale(scale) : scale; };
  bool changed = false;
  for (auto [index, bound] : llvm::enumerate((*biases)->largest)) {
    if (bound == 0)
      continue;
    if (isZero(index)) {
      double scale = bound / (kFreeBiasCode * inputScale);
      params[index].scale = fit(static_cast<float>(std::clamp<double>(scale, FLT_MIN, 1.0)));
      changed = true;
    }
    std::optional<float> scale = numerics::widenWeightScale(static_cast<float>(bound), inputScale,
                                                            params[index].scale, numerics::biasCodeLimit);
    if (!scale)
      return op->emitError() << "no weight scale makes the bias of '" << getTensorId(op->getResult(0))
                             << "' fit 32 bits (magnitude " << bound << " at an input scale of " << inputScale
                             << ")";
    if (*scale == params[index].scale)
      continue;
    params[index].scale = fit(*scale);
    notes[observe].add("scale raised so that the bias fits 32 bits", index);
    ++numWidened;
    changed = true;
  }
  return changed ? setType(observe, params, codes) : success();
}
