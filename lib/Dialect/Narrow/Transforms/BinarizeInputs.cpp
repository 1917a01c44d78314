//===- BinarizeInputs.cpp - narrow-binarize-inputs ------------------------===//
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/DenseMap.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWBINARIZEINPUTS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

struct BinarizeInputs : narrow::impl::NarrowBinarizeInputsBase<BinarizeInputs> {
  using NarrowBinarizeInputsBase::NarrowBinarizeInputsBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    SmallVector<QuantizableOpInterface> ops;
    getOperation().walk([&](QuantizableOpInterface op) {
      if (op->removeAttr(attrs::binaryInput))
        ops.push_back(op);
    });
    llvm::DenseMap<Value, Value> known;
    for (QuantizableOpInterface op : ops)
      if (failed(binarize(op, known)))
        return signalPassFailure();
    getOperation().walk([](ObserveOp op) { op->removeAttr(attrs::meanMagnitude); });
  }

private:
  LogicalResult binarize(QuantizableOpInterface op, llvm::DenseMap<Value, Value> &known);
  static Value createSigns(Value value, const Twine &id);
  LogicalResult scaleWeight(QuantizableOpInterface op, double factor);
};

} // namespace

/// The sign function of the network whose result `value` is observed, or null.
static ActivationOp getSign(Value value) {
  auto observe = value.getDefiningOp<ObserveOp>();
  auto sign = observe ? observe.getInput().getDefiningOp<ActivationOp>() : ActivationOp();
  return sign && (sign.getKind() == ActivationKind::Sign || sign.getKind() == ActivationKind::Binarize)
             ? sign
             : ActivationOp();
}

LogicalResult BinarizeInputs::binarize(QuantizableOpInterface op, llvm::DenseMap<Value, Value> &known) {
  OpOperand &operand = op->getOpOperand(op.getActivationOperands().front());
  Value value = operand.get();
  auto observe = getParameterSource(value).getDefiningOp<ObserveOp>();
  if (!getQuantizable(op) || (observe && observe->hasAttr(attrs::floatReason)))
    return success(); // It stays float.
  auto fail = [&] {
    return op->emitError() << "'" << getTensorId(op->getResult(0))
                           << "' cannot have binary activations (ab): ";
  };
  if (!observe)
    return fail() << "its input came quantized";
  if (RangeAttr range = observe.getRangeAttr(); range && range.getMin().front() >= 0)
    op->emitRemark() << "'" << getTensorId(op->getResult(0)) << "' reads signs of '" << observe.getId()
                     << "', which has no negative values: they are all 1";
  double factor = 1;
  if (ActivationOp sign = getSign(value)) {
    value = sign.getInput();
  } else {
    auto mean = observe->getAttrOfType<FloatAttr>(attrs::meanMagnitude);
    if (!mean)
      return fail() << "the mean magnitude of '" << observe.getId()
                    << "' is not known; a table of narrow-calibrate has it, one with ranges only does not";
    if (mean.getValueAsDouble() > 0) // Any factor is right for zeros.
      factor = mean.getValueAsDouble();
  }
  // What has no sum of its own at hand is looked up.
  auto source = getParameterSource(value).getDefiningOp<ObserveOp>();
  bool isSum = source && source.getOutput() == value && isUnrounded(source.getInput());
  SchemeAttr scheme = source ? source.getSchemeAttr() : SchemeAttr();
  if (!isSum && (!scheme || scheme.getBits() > 8 || scheme.isPerToken()))
    return fail()
           << "'" << (source ? source.getId() : StringRef("its input"))
           << "' has no codes of at most 8 bits, which signs are looked up from; give it such by an override";
  Value &signs = known[value];
  if (!signs)
    signs = createSigns(value, getTensorId(op->getResult(0)) + "/signs");
  operand.set(signs);
  if (observe->use_empty()) { // A sign function, which has been replaced.
    Operation *sign = observe.getInput().getDefiningOp();
    observe.erase();
    sign->erase();
  }
  ++numBinarized;
  return scaleWeight(op, factor);
}

/// Binarizes `value` as tensor `id`, under an observer of codes -64 and 64: with a scale of 2^-6 biases keep
/// six bits behind the point of a sign.
Value BinarizeInputs::createSigns(Value value, const Twine &id) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  std::string name = id.str();
  Location loc = NameLoc::get(builder.getStringAttr(name), value.getLoc());
  auto signs = ActivationOp::create(builder, loc, value.getType(), ActivationKind::Binarize, value,
                                    APFloat(0.0f), APFloat(0.0f));
  signs->setAttr(attrs::id, builder.getStringAttr(name));
  auto scheme = SchemeAttr::get(value.getContext(), 8, /*symmetric=*/true, /*restricted=*/true,
                                GranularityKind::PerTensor, /*axis=*/-1, /*group=*/0, CodeFormat::PowerOfTwo);
  auto range = RangeAttr::get(value.getContext(), {-1.0}, {1.0}, RangeOrigin::Known);
  return ObserveOp::create(builder, loc, signs.getOutput(), name,
                           /*weight=*/false, range, scheme, TypeAttr())
      .getOutput();
}

/// Multiplies the weight of `op` by the factor of the signs that it reads.
LogicalResult BinarizeInputs::scaleWeight(QuantizableOpInterface op, double factor) {
  if (factor == 1)
    return success();
  OpOperand &operand = op->getOpOperand(*op.getWeightOperand());
  auto observe = operand.get().getDefiningOp<ObserveOp>();
  Value constant = observe ? observe.getInput() : operand.get();
  std::optional<std::vector<float>> values = getFloats(constant);
  if (!observe || !values)
    return op->emitError() << "'" << getTensorId(op->getResult(0))
                           << "' cannot have binary activations (ab): its weight came quantized";
  for (float &value : *values)
    value *= static_cast<float>(factor);
  OpBuilder builder(observe);
  observe.getInputMutable().assign(createConstant(builder, constant.getLoc(),
                                                  cast<RankedTensorType>(constant.getType()).getShape(),
                                                  ArrayRef<float>(*values)));
  if (Operation *before = constant.getDefiningOp(); before->use_empty())
    before->erase();
  return success();
}
