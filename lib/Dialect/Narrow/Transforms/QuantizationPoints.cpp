//===- QuantizationPoints.cpp - Where tensors are quantized ---------------===//
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "Masks.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Which ops take part
//===----------------------------------------------------------------------===//

bool narrow::isFloatTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32();
}

bool narrow::computesFloat(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<OpTrait::IsTerminator>() ||
      isa<ObserveOp, QuantizeOp, DequantizeOp>(op))
    return false;
  return llvm::any_of(op->getOperandTypes(), isFloatTensor) ||
         llvm::any_of(op->getResultTypes(), isFloatTensor);
}

/// A constant, or codes behind a dequantize (a model that came quantized).
static bool isParameter(Value value) { return getConstant(value) || value.getDefiningOp<DequantizeOp>(); }

/// The reason of getUnquantizableReason, or empty.
static std::string findReason(Operation *op) {
  if (auto reason = op->getAttrOfType<StringAttr>(attrs::floatReason))
    return reason.str();
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable)
    return (op->getName().getStringRef() + " has no integer form").str();
  if (op->getNumResults() != 1 || !isFloatTensor(op->getResult(0).getType()))
    return "its result is no f32 tensor";
  for (unsigned index : quantizable.getActivationOperands())
    if (index >= op->getNumOperands() || !isFloatTensor(op->getOperand(index).getType()))
      return llvm::formatv("operand {0} is no f32 tensor", index).str();
  if (quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return "";
  std::optional<unsigned> weight = quantizable.getWeightOperand(), bias = quantizable.getBiasOperand();
  if (!weight || *weight >= op->getNumOperands() || !isParameter(op->getOperand(*weight)))
    return "its weight is not constant";
  if (bias && (*bias >= op->getNumOperands() || !isParameter(op->getOperand(*bias))))
    return "its bias is not constant";
  return "";
}

QuantizableOpInterface narrow::getQuantizable(Operation *op) {
  if (!op || !findReason(op).empty())
    return {};
  return cast<QuantizableOpInterface>(op);
}

std::string narrow::getUnquantizableReason(Operation *op) { return findReason(op); }

static bool isSameScale(Operation *op, bool several) {
  auto quantizable = getQuantizable(op);
  return quantizable && quantizable.getQuantizationKind() == QuantizationKind::SameScale &&
         (quantizable.getActivationOperands().size() > 1) == several;
}

/// Whether no op of a float network can be quantized. Of the imported stage this is known only if nothing is
/// computed at all.
static bool hasNothingToQuantize(ModuleOp module, Stage stage) {
  if (stage > Stage::Float)
    return false;
  return !module
              .walk([&](Operation *op) {
                auto quantizable = getQuantizable(op);
                bool computes = stage == Stage::Imported
                                    ? computesFloat(op) || isa<QuantizeOp, DequantizeOp>(op)
                                    : quantizable && !op->getResult(0).use_empty() &&
                                          quantizable.getQuantizationKind() != QuantizationKind::SameScale;
                return computes ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

LogicalResult narrow::requireQuantizationStage(ModuleOp module, ArrayRef<Stage> accepted, StageUser user) {
  if (hasNothingToQuantize(module, detectStage(module)))
    return success();
  return requireStage(module, accepted, user);
}

bool narrow::movesCodes(Operation *op) { return isSameScale(op, /*several=*/false); }
bool narrow::joinsCodes(Operation *op) { return isSameScale(op, /*several=*/true); }

//===----------------------------------------------------------------------===//
// Clamps, chains of ops that move codes
//===----------------------------------------------------------------------===//

bool narrow::isMergedClamp(Operation *op) {
  auto clamp = getQuantizable(op);
  if (!clamp || clamp.getQuantizationKind() != QuantizationKind::Clamp)
    return false;
  Value input = op->getOperand(clamp.getActivationOperands().front());
  auto producer = getQuantizable(input.getDefiningOp());
  return producer && input.hasOneUse() && producer.getQuantizationKind() != QuantizationKind::SameScale;
}

Value narrow::getMergedResult(Operation *op) {
  Value result = op->getResult(0);
  while (result.hasOneUse() && isMergedClamp(*result.user_begin()))
    result = result.user_begin()->getResult(0);
  return result;
}

SmallVector<Operation *> narrow::getMergedProducers(Value value) {
  SmallVector<Operation *> producers;
  while (Operation *op = value.getDefiningOp()) {
    producers.push_back(op);
    if (!isMergedClamp(op))
      break;
    value = op->getOperand(cast<QuantizableOpInterface>(op).getActivationOperands().front());
  }
  return producers;
}

QuantizableOpInterface narrow::getObservedContraction(ObserveOp op) {
  if (!op.getWeight() || !op->hasOneUse())
    return {};
  OpOperand &use = *op->use_begin();
  auto user = getQuantizable(use.getOwner());
  if (!user || user.getQuantizationKind() != QuantizationKind::Contraction ||
      user.getWeightOperand() != use.getOperandNumber())
    return {};
  return user;
}

SmallVector<StringRef> narrow::getIds(Operation *op) {
  SmallVector<StringRef> ids;
  Value result = getMergedResult(op);
  for (Operation *producer : getMergedProducers(result))
    if (StringRef id = getTensorId(producer->getResult(0)); !id.empty())
      ids.push_back(id);
  for (Operation *user : result.getUsers())
    if (auto observe = dyn_cast<ObserveOp>(user); observe && !llvm::is_contained(ids, observe.getId()))
      ids.push_back(observe.getId());
  return ids;
}

Value narrow::getKeptValue(Value value) {
  while (value.hasOneUse() && isa<tosa::MaxPool2dOp>(*value.user_begin()))
    value = value.user_begin()->getResult(0);
  return value;
}

Value narrow::getParameterSource(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!movesCodes(op))
      break;
    value = op->getOperand(cast<QuantizableOpInterface>(op).getActivationOperands().front());
  }
  return value;
}

SmallVector<Operation *> narrow::getReaders(Value value) {
  llvm::SetVector<Operation *> readers;
  SmallVector<Value> worklist{value};
  while (!worklist.empty())
    for (Operation *user : worklist.pop_back_val().getUsers()) {
      if (movesCodes(user))
        worklist.push_back(user->getResult(0));
      else
        readers.insert(user);
    }
  return readers.takeVector();
}

quant::QuantizedType narrow::getParameterType(Value value) {
  Value source = getParameterSource(value);
  if (auto observe = source.getDefiningOp<ObserveOp>()) {
    if (observe->hasAttr(attrs::floatReason) || !observe.getQuantizedType())
      return {};
    return dyn_cast<quant::QuantizedType>(*observe.getQuantizedType());
  }
  if (auto dequantize = source.getDefiningOp<DequantizeOp>())
    return dyn_cast<quant::QuantizedType>(getElementTypeOrSelf(dequantize.getInput().getType()));
  return {};
}

bool narrow::isFusedAccumulator(Value value) {
  auto contraction = getQuantizable(value.getDefiningOp());
  if (!contraction || contraction.getQuantizationKind() != QuantizationKind::Contraction ||
      !value.hasOneUse())
    return false;
  auto user = getQuantizable(*value.user_begin());
  return user && user.addsAccumulators() && user.getActivationOperands().size() == 2;
}

bool narrow::readsSigns(Operation *op) {
  auto activation = dyn_cast<ActivationOp>(op);
  return activation && activation.getKind() == ActivationKind::Binarize;
}

bool narrow::isUnrounded(Value value) {
  auto producer = getQuantizable(value.getDefiningOp());
  return producer && (producer.getQuantizationKind() == QuantizationKind::Contraction ||
                      producer.getQuantizationKind() == QuantizationKind::Arithmetic);
}

bool narrow::readsTokens(QuantizableOpInterface op) {
  if (op.getQuantizationKind() != QuantizationKind::Contraction || op.getActivationOperands().size() != 1 ||
      op.getWeightChannelAxes() != SmallVector<int64_t>{0})
    return false;
  auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  ArrayRef<int64_t> input = shapeOf(op->getOperand(op.getActivationOperands().front())),
                    weight = shapeOf(op->getOperand(*op.getWeightOperand())),
                    result = shapeOf(op->getResult(0));
  // Neither windows, strides and padding nor groups.
  return !input.empty() && input.drop_back() == result.drop_back() && weight.size() >= 2 &&
         weight.back() == input.back() &&
         llvm::all_of(weight.drop_front().drop_back(), [](int64_t size) { return size == 1; });
}

bool narrow::movesWideCodes(Operation *op) {
  return isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp>(op) && movesCodes(op);
}

//===----------------------------------------------------------------------===//
// Points around an op
//===----------------------------------------------------------------------===//

/// Whether the numbers of `value` are those of codes, dequantized and moved: of the quantized stage, where
/// what is rounded has a quantization of its own.
static bool hasCodes(Value value) {
  quant::QuantizedType type = getParameterType(value);
  auto uniform = dyn_cast_or_null<quant::UniformQuantizedType>(type);
  for (Operation *op = value.getDefiningOp(); uniform && op && movesCodes(op);) {
    auto quantizable = cast<QuantizableOpInterface>(op);
    if (!quantizable.keepsCodes(uniform) && !isa<RoundTokensOp>(op))
      return false;
    op = op->getOperand(quantizable.getActivationOperands().front()).getDefiningOp();
  }
  return static_cast<bool>(type);
}

/// Whether `value` is read off codes in `stage`.
static bool hasPoint(Value value, QuantizationStage stage) {
  if (stage == QuantizationStage::Quantized)
    return hasCodes(value);
  if (stage == QuantizationStage::Annotated)
    return static_cast<bool>(getParameterType(value));
  // Constants are observed in the annotated stage.
  Value source = getParameterSource(value);
  auto observe = source.getDefiningOp<ObserveOp>();
  return getConstant(source) || source.getDefiningOp<DequantizeOp>() ||
         (observe && !observe->hasAttr(attrs::floatReason));
}

/// What reads the result of `op`, its clamps merged, to make codes of it: not ops that stay float, which may
/// read it before that.
static SmallVector<Operation *> getQuantizers(Operation *op) {
  return llvm::filter_to_vector(getMergedResult(op).getUsers(), [](Operation *user) {
    return isa<ObserveOp>(user) || !user->hasAttr(attrs::floatReason);
  });
}

/// Whether the result of `op`, its clamps merged, becomes codes in `stage`.
static bool hasResultPoint(Operation *op, QuantizationStage stage) {
  SmallVector<Operation *> users = getQuantizers(op);
  if (users.empty())
    return false;
  if (llvm::all_of(users, [](Operation *user) { return isa<QuantizeOp>(user) || readsSigns(user); }))
    return true;
  if (stage == QuantizationStage::Quantized || users.size() != 1)
    return false;
  auto observe = dyn_cast<ObserveOp>(users.front());
  return observe && hasPoint(observe.getOutput(), stage);
}

/// Whether the result of the contraction `op`, its clamps merged, is read as numbers, of its i32 sums: what
/// observes it stays float.
static bool isReadUnrounded(Operation *op, QuantizationStage stage) {
  if (stage == QuantizationStage::Quantized)
    return true;
  SmallVector<Operation *> users = getQuantizers(op);
  return stage == QuantizationStage::Annotated && users.size() == 1 && isa<ObserveOp>(users.front()) &&
         users.front()->hasAttr(attrs::floatReason);
}

static std::optional<std::string> getMissingWeight(QuantizableOpInterface op, QuantizationStage stage) {
  if (stage == QuantizationStage::Observed)
    return std::nullopt;
  Value weight = op->getOperand(*op.getWeightOperand());
  quant::QuantizedType type = getParameterType(weight);
  if (!type)
    return "its weight has no quantized type";
  if (getWeightScaleIndices(op, type).empty())
    return "its weight's scales do not run along the output channels";
  std::optional<unsigned> bias = op.getBiasOperand();
  if (stage == QuantizationStage::Quantized && bias && !op->getOperand(*bias).getDefiningOp<DequantizeOp>())
    return "its bias is not dequantized from i32 codes";
  return std::nullopt;
}

std::optional<std::string> narrow::getMissingPoint(QuantizableOpInterface op, QuantizationStage stage) {
  QuantizationKind kind = op.getQuantizationKind();
  if (isMergedClamp(op))
    return std::nullopt; // What it merges into is checked.
  if (kind == QuantizationKind::Contraction)
    if (auto reason = getMissingWeight(op, stage))
      return reason;
  unsigned accumulators = 0;
  for (unsigned index : op.getActivationOperands()) {
    Value operand = op->getOperand(index);
    if (hasPoint(operand, stage))
      continue;
    if (op.addsAccumulators() && isFusedAccumulator(operand) && ++accumulators == 1)
      continue;
    if (stage == QuantizationStage::Quantized && readsSigns(op) && isUnrounded(operand))
      continue;
    return llvm::formatv("operand {0} is not quantized", index).str();
  }
  if (movesCodes(op) || (kind == QuantizationKind::Contraction && isFusedAccumulator(op->getResult(0))))
    return std::nullopt;
  if (hasResultPoint(op, stage) || (kind == QuantizationKind::Contraction && isReadUnrounded(op, stage)))
    return std::nullopt;
  return "its result is not quantized";
}

LogicalResult narrow::verifyObserverIds(Operation *module) {
  llvm::StringMap<Location> ids;
  bool failed = false;
  module->walk([&](ObserveOp op) {
    auto [it, isNew] = ids.try_emplace(op.getId(), op.getLoc());
    if (!isNew) {
      InFlightDiagnostic error = op.emitError() << "two observers have the id '" << op.getId() << "'";
      error.attachNote(it->second) << "the first one";
      failed = true;
    }
    auto mayRead = [&](Operation *user) { return user == op || user->hasAttr(attrs::floatReason); };
    if (!op.getWeight() && !llvm::all_of(op.getInput().getUsers(), mayRead)) {
      op.emitError() << "observer '" << op.getId() << "' is not the only reader of its tensor";
      failed = true;
    }
  });
  return failure(failed);
}

//===----------------------------------------------------------------------===//
// Scales of weights
//===----------------------------------------------------------------------===//

std::optional<int64_t> narrow::getWeightScaleAxis(QuantizableOpInterface op) {
  auto type = cast<RankedTensorType>(op->getOperand(*op.getWeightOperand()).getType());
  std::optional<int64_t> best;
  for (int64_t axis : op.getWeightChannelAxes()) {
    if (axis < 0 || axis >= type.getRank())
      return std::nullopt;
    if (!best || type.getDimSize(axis) > type.getDimSize(*best))
      best = axis;
  }
  return best;
}

SmallVector<int64_t> narrow::getWeightScaleIndices(QuantizableOpInterface op, quant::QuantizedType type) {
  auto tensor = cast<RankedTensorType>(op->getOperand(*op.getWeightOperand()).getType());
  SmallVector<int64_t> axes = op.getWeightChannelAxes();
  int64_t channels = 1;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= tensor.getRank() || tensor.isDynamicDim(axis))
      return {};
    channels *= tensor.getDimSize(axis);
  }
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type);
  if (!perAxis)
    return SmallVector<int64_t>(channels, 0);
  int64_t axis = perAxis.getQuantizedDimension();
  if (!llvm::is_contained(axes, axis) ||
      static_cast<int64_t>(perAxis.getScales().size()) != tensor.getDimSize(axis))
    return {};
  // Channels count through the axes in order, the last one fastest.
  int64_t inner = 1;
  for (auto it = axes.rbegin(); *it != axis; ++it)
    inner *= tensor.getDimSize(*it);
  SmallVector<int64_t> indices(channels);
  for (int64_t channel = 0; channel < channels; ++channel)
    indices[channel] = channel / inner % tensor.getDimSize(axis);
  return indices;
}

std::optional<ElementParams> ElementParams::get(quant::QuantizedType type, ArrayRef<int64_t> shape) {
  ElementParams result;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type)) {
    result.params.push_back({static_cast<float>(uniform.getScale()), uniform.getZeroPoint()});
    return result;
  }
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type);
  if (!perAxis)
    return std::nullopt;
  for (auto [scale, zeroPoint] : llvm::zip_equal(perAxis.getScales(), perAxis.getZeroPoints()))
    result.params.push_back({static_cast<float>(scale), zeroPoint});
  size_t axis = perAxis.getQuantizedDimension();
  if (axis >= shape.size() || shape[axis] != static_cast<int64_t>(result.params.size()))
    return std::nullopt;
  for (int64_t dim : shape.drop_front(axis + 1))
    result.inner *= dim;
  return result;
}

SmallVector<double> narrow::getScales(quant::QuantizedType type) {
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type))
    return {uniform.getScale()};
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
    return SmallVector<double>(perAxis.getScales());
  return {};
}

LogicalResult narrow::verifyFinite(Operation *op) {
  if (!op->hasTrait<OpTrait::ConstantLike>() || op->getNumResults() != 1 || op->use_empty())
    return success();
  std::optional<std::vector<float>> values = getFloats(op->getResult(0));
  if (!values)
    return success();
  auto it = llvm::find_if(*values, [](float value) { return !std::isfinite(value); });
  if (it == values->end())
    return success();
  // Minus infinity masks, and an infinity pads what a maximum or minimum is taken of.
  int sign = *it < 0 ? 1 : -1;
  auto hidesInfinity = [&](OpOperand &use) {
    auto pad = dyn_cast<tosa::PadOp>(use.getOwner());
    return pad ? isPaddingForExtrema(pad, sign) : sign > 0 && addsMask(use.getOwner());
  };
  if (llvm::all_of(*values, [&](float value) { return std::isfinite(value) || value == *it; }) &&
      llvm::all_of(op->getUses(), hidesInfinity))
    return success();
  OpOperand &use = *op->use_begin();
  return op->emitError() << "operand " << use.getOperandNumber() << " of '"
                         << (use.getOwner()->getNumResults() ? getTensorId(use.getOwner()->getResult(0))
                                                             : use.getOwner()->getName().getStringRef())
                         << "' has the value " << (std::isnan(*it) ? "NaN" : "Inf") << " at element "
                         << it - values->begin() << "; weights must be finite";
}
