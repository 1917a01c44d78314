//===- Quantize.cpp - narrow-quantize -------------------------------------===//
//
// First decides which ops are quantized, then replaces the observers.
//
//===----------------------------------------------------------------------===//
#include "ObservedTypes.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/QuantParams.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWQUANTIZE
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;
using numerics::QuantParams;

static RankedTensorType withElementType(Value value, Type element) {
  return cast<RankedTensorType>(value.getType()).clone(element);
}

/// narrow.quantize + narrow.dequantize of `value`.
static DequantizeOp createPair(OpBuilder &builder, Location loc, Value value, Type type, StringRef id) {
  auto quantize = QuantizeOp::create(builder, loc, withElementType(value, type), value);
  if (!id.empty())
    quantize->setAttr(attrs::id, builder.getStringAttr(id));
  return DequantizeOp::create(builder, loc, value.getType(), quantize.getOutput());
}

/// Codes as a constant of the storage type, seen as `type`, dequantized.
static Value createCodes(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, ArrayRef<int64_t> codes,
                         quant::QuantizedType type) {
  Value constant = createConstant(builder, loc, shape, codes, cast<IntegerType>(type.getStorageType()));
  Value cast = quant::StorageCastOp::create(builder, loc, withElementType(constant, type), constant);
  return DequantizeOp::create(builder, loc, RankedTensorType::get(shape, type.getExpressedType()), cast);
}

namespace {

struct Quantize : narrow::impl::NarrowQuantizeBase<Quantize> {
  using NarrowQuantizeBase::NarrowQuantizeBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Annotated})))
      return signalPassFailure();
    if (failed(checkObservers()))
      return signalPassFailure();
    markFloat();
    SmallVector<QuantizableOpInterface> contractions, joins, tables, moves;
    getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op))
        return;
      ++numQuantized;
      if (op.getQuantizationKind() == QuantizationKind::Contraction)
        contractions.push_back(op);
      else if (joinsCodes(op))
        joins.push_back(op);
      else if (op.getQuantizationKind() == QuantizationKind::Elementwise)
        tables.push_back(op);
      else if (movesCodes(op))
        moves.push_back(op);
    });
    for (QuantizableOpInterface op : contractions)
      if (failed(quantizeBias(op)))
        return signalPassFailure();
    for (QuantizableOpInterface op : tables)
      narrowOperands(op);
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) { observers.push_back(op); });
    for (ObserveOp op : observers)
      if (failed(replace(op)))
        return signalPassFailure();
    for (QuantizableOpInterface op : moves)
      keepParameters(op);
    for (QuantizableOpInterface op : joins)
      requantizeOperands(op);
  }

private:
  LogicalResult checkObservers();
  void markFloat();
  bool isNeeded(ObserveOp op);
  LogicalResult quantizeBias(QuantizableOpInterface op);
  LogicalResult replace(ObserveOp op);
  FailureOr<Value> quantizeConstant(ObserveOp op, quant::QuantizedType type);
  void roundTokens(Value value, int64_t largest);
  void keepParameters(QuantizableOpInterface op);
  void requantizeOperands(QuantizableOpInterface op);
  void narrowOperands(QuantizableOpInterface op);
};

} // namespace

LogicalResult Quantize::checkObservers() {
  bool failed = false;
  getOperation().walk([&](ObserveOp op) {
    if (op->hasAttr(attrs::floatReason))
      return;
    if (op.getQuantizedType() && !getScales(cast<quant::QuantizedType>(*op.getQuantizedType())).empty()) {
      failed |= mlir::failed(verifyType(op));
      return;
    }
    op.emitError() << "observer '" << op.getId()
                   << "' has no !quant.uniform type; run --narrow-assign-scales first";
    failed = true;
  });
  return failure(failed);
}

/// An observer is needed if a quantized op computes or reads its tensor.
bool Quantize::isNeeded(ObserveOp op) {
  auto takesPart = [](Operation *other) { return static_cast<bool>(getQuantizable(other)); };
  Operation *producer = op.getInput().getDefiningOp();
  return (takesPart(producer) && !movesCodes(producer)) ||
         llvm::any_of(getReaders(op.getOutput()), takesPart);
}

/// An op that stays float can make its neighbours stay float, so repeat.
void Quantize::markFloat() {
  Builder builder(&getContext());
  auto mark = [&](Operation *op, const Twine &reason) {
    op->setAttr(attrs::floatReason, builder.getStringAttr(reason));
  };
  bool changed = true;
  while (changed) {
    changed = false;
    getOperation().walk([&](Operation *op) {
      if (auto observe = dyn_cast<ObserveOp>(op)) {
        if (!observe->hasAttr(attrs::floatReason) && !isNeeded(observe)) {
          mark(observe, "nothing next to it is quantized");
          changed = true;
        }
      } else if (auto quantizable = getQuantizable(op)) {
        if (auto reason = getMissingPoint(quantizable, QuantizationStage::Annotated)) {
          mark(op, *reason);
          changed = true;
        }
      }
    });
  }
  getOperation().walk([&](Operation *op) {
    if (!computesFloat(op) || getQuantizable(op))
      return;
    mark(op, getUnquantizableReason(op));
    ++numFloat;
  });
}

/// The bias becomes i32 codes at scale_x * scale_w.
LogicalResult Quantize::quantizeBias(QuantizableOpInterface op) {
  if (!op.getBiasOperand())
    return success();
  OpOperand &operand = op->getOpOperand(*op.getBiasOperand());
  if (operand.get().getDefiningOp<DequantizeOp>())
    return success(); // The model came quantized.
  auto fail = [&](const Twine &what) {
    return op->emitError() << "bias of '" << getTensorId(op->getResult(0)) << "' " << what;
  };
  auto input = dyn_cast_or_null<quant::UniformQuantizedType>(
      getParameterType(op->getOperand(op.getActivationOperands().front())));
  quant::QuantizedType weight = getParameterType(op->getOperand(*op.getWeightOperand()));
  std::optional<std::vector<float>> bias = getFloats(operand.get());
  if (!input)
    return fail("needs an input with one scale for the tensor");
  if (!bias)
    return fail("cannot be read: it is no f32 constant, or its data are missing");
  SmallVector<int64_t> indices = getWeightScaleIndices(op, weight);
  if (bias->size() != 1 && bias->size() != indices.size())
    return fail("has " + Twine(bias->size()) + " elements, but there are " + Twine(indices.size()) +
                " output channels");

  SmallVector<double> weightScales = getScales(weight), scales;
  SmallVector<int64_t> codes;
  for (auto [channel, index] : llvm::enumerate(indices)) {
    float value = (*bias)[bias->size() == 1 ? 0 : channel];
    std::optional<int32_t> code = numerics::biasCode(value, input.getScale(), weightScales[index]);
    if (!code)
      return fail("does not fit i32 codes at element " + Twine(channel) +
                  "; run --narrow-assign-scales, which raises the weight's scale");
    codes.push_back(*code);
    scales.push_back(input.getScale() * weightScales[index]);
  }
  OpBuilder builder(op);
  auto emitError = [&] { return op->emitError("type of the bias: "); };
  auto type = quant::UniformQuantizedPerAxisType::getChecked(
      emitError, quant::QuantizationFlags::Signed, builder.getI32Type(), builder.getF32Type(), scales,
      SmallVector<int64_t>(scales.size(), 0),
      /*quantizedDimension=*/0, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  if (!type)
    return failure();
  Operation *constant = operand.get().getDefiningOp();
  operand.set(createCodes(builder, constant->getLoc(), static_cast<int64_t>(codes.size()), codes, type));
  if (constant->use_empty())
    constant->erase();
  return success();
}

/// The observed constant as codes of `type`.
FailureOr<Value> Quantize::quantizeConstant(ObserveOp op, quant::QuantizedType type) {
  auto tensor = cast<RankedTensorType>(op.getType());
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!values || static_cast<int64_t>(values->size()) != tensor.getNumElements())
    return op.emitError() << "constant '" << op.getId() << "' cannot be read: its data are missing";
  std::optional<ElementParams> params = ElementParams::get(type, tensor.getShape());
  if (!params)
    return op.emitError() << "constant '" << op.getId() << "' has a type whose scales do not fit its axis "
                          << cast<quant::UniformQuantizedPerAxisType>(type).getQuantizedDimension();
  CodeRange range{type.getStorageTypeMin(), type.getStorageTypeMax()};
  SmallVector<int64_t> codes;
  codes.reserve(values->size());
  for (auto [index, value] : llvm::enumerate(*values))
    codes.push_back(numerics::quantize(value, (*params)[index], range));
  OpBuilder builder(op);
  return createCodes(builder, op.getInput().getLoc(), tensor.getShape(), codes, type);
}

/// Tables have an entry for each code of 8 bits: operands of more are quantized for them again,
/// with parameters from the same range.
void Quantize::narrowOperands(QuantizableOpInterface op) {
  constexpr CodeRange codes = CodeRange::signedBits(8, /*restricted=*/false);
  for (unsigned index : op.getActivationOperands()) {
    OpOperand &operand = op->getOpOperand(index);
    auto observe = getParameterSource(operand.get()).getDefiningOp<ObserveOp>();
    auto type = dyn_cast_or_null<quant::UniformQuantizedType>(getParameterType(operand.get()));
    if (!observe || !type || type.getStorageTypeIntegralWidth() <= 8)
      continue;
    if (readsSigns(op) && operand.get() == observe.getOutput() && isUnrounded(observe.getInput()))
      continue; // No table: replace() takes the sum.
    double lo = type.getScale() * type.getStorageTypeMin(), hi = type.getScale() * type.getStorageTypeMax();
    if (RangeAttr range = observe.getRangeAttr())
      lo = range.getMin().front(), hi = range.getMax().front();
    QuantParams params = numerics::asymmetricParams(lo, hi, codes);
    if (SchemeAttr scheme = observe.getSchemeAttr(); scheme && scheme.getFormat() == CodeFormat::PowerOfTwo)
      params = numerics::powerOfTwoParams(params, lo, codes, /*symmetric=*/false);
    OpBuilder builder(op);
    auto narrow = quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed, builder.getI8Type(),
                                                   type.getExpressedType(), params.scale, params.zeroPoint,
                                                   codes.min, codes.max);
    operand.set(createPair(builder, op.getLoc(), operand.get(), narrow, /*id=*/"").getOutput());
  }
}

LogicalResult Quantize::replace(ObserveOp op) {
  Value input = op.getInput(), replacement = input;
  if (isUnrounded(input)) {
    op.getOutput().replaceUsesWithIf(input, [](OpOperand &use) { return readsSigns(use.getOwner()); });
    if (op.use_empty()) { // Nobody reads codes.
      op.erase();
      return success();
    }
  }
  if (!op->hasAttr(attrs::floatReason)) {
    auto type = cast<quant::QuantizedType>(*op.getQuantizedType());
    if (getConstant(input)) {
      FailureOr<Value> codes = quantizeConstant(op, type);
      if (failed(codes))
        return failure();
      replacement = *codes;
    } else {
      OpBuilder builder(op);
      replacement = createPair(builder, op.getLoc(), input, type, op.getId()).getOutput();
      if (SchemeAttr scheme = op.getSchemeAttr(); scheme && scheme.isPerToken())
        roundTokens(op.getOutput(), CodeRange::signedBits(scheme.getBits(), /*restricted=*/true).max);
    }
  }
  op.getOutput().replaceAllUsesWith(replacement);
  op.erase();
  Operation *constant = input.getDefiningOp();
  if (constant && constant->use_empty() && getConstant(input))
    constant->erase();
  return success();
}

/// Puts narrow.round_tokens before the contractions that read `value`.
void Quantize::roundTokens(Value value, int64_t largest) {
  for (Operation *reader : getReaders(value)) {
    auto contraction = getQuantizable(reader);
    if (!contraction || contraction.getQuantizationKind() != QuantizationKind::Contraction)
      continue;
    OpOperand &operand = reader->getOpOperand(contraction.getActivationOperands().front());
    OpBuilder builder(reader);
    operand.set(RoundTokensOp::create(builder, reader->getLoc(), operand.get().getType(), operand.get(),
                                      builder.getI64IntegerAttr(largest)));
    ++numTokens;
  }
}

/// The result has the parameters of the operand, also where the op yields other numbers than
/// codes mean: averages, what it pads with.
void Quantize::keepParameters(QuantizableOpInterface op) {
  Value result = op->getResult(0);
  auto type = dyn_cast_or_null<quant::UniformQuantizedType>(
      getParameterType(op->getOperand(op.getActivationOperands().front())));
  if (!type || result.use_empty() || op.keepsCodes(type))
    return;
  OpBuilder builder(op);
  builder.setInsertionPointAfter(op);
  DequantizeOp pair = createPair(builder, op.getLoc(), result, type, /*id=*/"");
  result.replaceAllUsesExcept(pair.getOutput(), pair.getInput().getDefiningOp());
}

/// Operands whose codes mean something else than the joined result's.
void Quantize::requantizeOperands(QuantizableOpInterface op) {
  Value result = op->getResult(0);
  if (result.use_empty())
    return;
  auto quantize = dyn_cast<QuantizeOp>(*result.user_begin());
  if (!quantize)
    return;
  Type type = getElementTypeOrSelf(quantize.getOutput().getType());
  for (unsigned index : op.getActivationOperands()) {
    OpOperand &operand = op->getOpOperand(index);
    if (getParameterType(operand.get()) == type)
      continue;
    OpBuilder builder(op);
    operand.set(createPair(builder, op.getLoc(), operand.get(), type, /*id=*/"").getOutput());
  }
}
