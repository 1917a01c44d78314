//===- Lowering.cpp - From simulated quantization to integers -------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Rounding.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// The rewrite as a whole
//===----------------------------------------------------------------------===//

LogicalResult Lowering::run() {
  SmallVector<QuantizeOp> roots(function.getBody().front().getOps<QuantizeOp>());
  for (QuantizeOp root : roots) {
    getQuantizedCodes(root.getOutput());
    if (failed)
      return failure();
  }
  keepFloats();
  return success(!failed);
}

/// i32 codes at the scales of `accumulator`.
static quant::QuantizedType getAccumulatorType(const Accumulator &accumulator) {
  auto shape = cast<RankedTensorType>(accumulator.value.getType());
  auto i32 = cast<IntegerType>(shape.getElementType());
  Type f32 = Float32Type::get(i32.getContext());
  constexpr int64_t min = std::numeric_limits<int32_t>::min(), max = std::numeric_limits<int32_t>::max();
  if (llvm::all_equal(accumulator.scales))
    return CodeType::get(quant::QuantizationFlags::Signed, i32, f32, accumulator.scales.front(), 0, min, max);
  SmallVector<int64_t> zeroPoints(accumulator.scales.size(), 0);
  return quant::UniformQuantizedPerAxisType::get(quant::QuantizationFlags::Signed, i32, f32,
                                                 accumulator.scales, zeroPoints, shape.getRank() - 1, min,
                                                 max);
}

/// What a float op reads in place of `value`: the real numbers of a constant, of codes or of a
/// contraction's accumulator; null if `value` itself is computed in float.
Value Lowering::getFloat(Value value) {
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())) || getConstant(value))
    return {};
  if (auto numbers = getConstantReals(value)) {
    builder.setInsertionPointAfterValue(value);
    return createConstant(builder, value.getLoc(), cast<RankedTensorType>(value.getType()).getShape(),
                          std::vector<float>(numbers->begin(), numbers->end()));
  }
  if (std::optional<Codes> codes = getCodes(value))
    return getReal(codes->value, codes->type);
  Operation *op = value.getDefiningOp();
  auto quantizable = dyn_cast_if_present<QuantizableOpInterface>(op);
  if (!quantizable || op->hasAttr(attrs::floatReason) ||
      quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return {};
  std::optional<Accumulator> accumulator = getAccumulator(op);
  if (!accumulator)
    return {};
  return getReal(accumulator->value, getAccumulatorType(*accumulator));
}

/// Keeps all ops that the results need, which then read the values of getFloat(). Everything else is erased.
void Lowering::keepFloats() {
  Block &body = function.getBody().front();
  llvm::SetVector<Operation *> live;
  live.insert(body.getTerminator());
  for (unsigned i = 0; i != live.size(); ++i) {
    Operation *op = live[i];
    for (OpOperand &operand : op->getOpOperands()) {
      if (Value real = getFloat(operand.get()))
        operand.set(real);
      if (Operation *def = operand.get().getDefiningOp())
        live.insert(def);
    }
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
    if (!live.contains(&op)) {
      op.erase();
      continue;
    }
    bool computes = touchesReals(&op) && !op.hasTrait<OpTrait::IsTerminator>() &&
                    !op.hasTrait<OpTrait::ConstantLike>() &&
                    !isa<QuantizeOp, DequantizeOp, quant::StorageCastOp>(op);
    if (!computes || op.hasAttr(attrs::floatReason))
      continue;
    auto reason = reasons.find(&op);
    op.setAttr(
        attrs::floatReason,
        builder.getStringAttr(reason != reasons.end() ? reason->second : "its result is not quantized"));
  }
}

Value Lowering::getReal(Value integers, quant::QuantizedType type) {
  Value &real = reals[{integers, type}];
  if (real)
    return real;
  builder.setInsertionPointAfterValue(integers);
  Location loc = integers.getLoc();
  auto shape = cast<RankedTensorType>(integers.getType());
  Value quantized = quant::StorageCastOp::create(builder, loc, shape.clone(type), integers);
  real = DequantizeOp::create(builder, loc, shape.clone(type.getExpressedType()), quantized);
  return real;
}

std::nullopt_t Lowering::refuse(Operation *op, const Twine &reason) {
  reasons.try_emplace(op, reason.str());
  return std::nullopt;
}

std::nullopt_t Lowering::error(Operation *op, const Twine &message) {
  op->emitError() << "'" << getDiagnosticName(op) << "': " << message;
  failed = true;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Existing codes
//===----------------------------------------------------------------------===//

std::optional<Codes> Lowering::getCodes(Value real) {
  if (auto it = codesOf.find(real); it != codesOf.end())
    return it->second;
  std::optional<Codes> codes = computeCodes(real);
  codesOf[real] = codes;
  return codes;
}

std::optional<Codes> Lowering::computeCodes(Value real) {
  Operation *op = real.getDefiningOp();
  if (!op || op->hasAttr(attrs::floatReason))
    return std::nullopt;
  if (auto dequantize = dyn_cast<DequantizeOp>(op))
    return getQuantizedCodes(dequantize.getInput());
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable)
    return std::nullopt;
  QuantizationKind kind = quantizable.getQuantizationKind();
  if (kind != QuantizationKind::Clamp && kind != QuantizationKind::SameScale)
    return std::nullopt;

  SmallVector<Value> moved;
  CodeType type;
  for (unsigned operand : quantizable.getActivationOperands()) {
    std::optional<Codes> codes = getCodes(op->getOperand(operand));
    if (!codes || (type && codes->type != type))
      return std::nullopt;
    type = codes->type;
    moved.push_back(codes->value);
  }
  if (!quantizable.keepsCodes(type))
    return std::nullopt;
  builder.setInsertionPoint(op);
  if (kind == QuantizationKind::SameScale)
    if (std::optional<Value> codes = moveCodes(*this, op, moved, {type}))
      return Codes{*codes, type};
    else
      return std::nullopt;
  QuantizationGoal goal{type};
  std::tie(goal.min, goal.max) = getClampBounds(op);
  return Codes{clamp(moved.front(), goal.getBounds(), op), type};
}

/// The quantization has the tensor's id if the op that computes it has none, as
/// for an argument.
static void nameCodes(Value codes, QuantizeOp root) {
  StringRef name = attrs::id;
  Operation *op = codes.getDefiningOp();
  if (auto cast = dyn_cast_if_present<quant::StorageCastOp>(op))
    op = cast.getInput().getDefiningOp();
  if (Attribute id = root->getAttr(name); id && op && !op->hasAttr(name))
    op->setAttr(name, id);
}

std::optional<Codes> Lowering::getQuantizedCodes(Value value) {
  CodeType type = getSignedType(getElementTypeOrSelf(value.getType()));
  Operation *op = value.getDefiningOp();
  if (!type || !op)
    return std::nullopt;
  if (auto it = codesOf.find(value); it != codesOf.end())
    return it->second;
  std::optional<Codes> codes;
  if (auto root = dyn_cast<QuantizeOp>(op)) {
    std::optional<Value> integer = quantize(root.getInput(), {type});
    if (!integer && !failed) { // Everything before stays float.
      builder.setInsertionPoint(op);
      auto shape = cast<RankedTensorType>(root.getInput().getType());
      Value signedCodes = QuantizeOp::create(builder, root.getLoc(), shape.clone(type), root.getInput());
      integer =
          quant::StorageCastOp::create(builder, root.getLoc(), shape.clone(getStorage(type)), signedCodes);
    }
    if (integer) {
      codes = Codes{*integer, type};
      nameCodes(*integer, root);
    }
  } else if (auto scast = dyn_cast<quant::StorageCastOp>(op)) {
    Value storage = scast.getInput();
    if (auto constant = getConstantCodesOfStorage(value)) {
      builder.setInsertionPoint(op);
      codes = Codes{createConstant(builder, op->getLoc(), constant->shape, constant->codes, getStorage(type)),
                    type};
    } else if (getElementTypeOrSelf(storage.getType()) == getStorage(type) &&
               type == getElementTypeOrSelf(value.getType())) {
      codes = Codes{storage, type};
    }
  }
  codesOf[value] = codes;
  return codes;
}

//===----------------------------------------------------------------------===//
// Requested codes
//===----------------------------------------------------------------------===//

std::optional<Value> Lowering::quantize(Value real, QuantizationGoal goal) {
  bool plain = goal.min == -std::numeric_limits<double>::infinity() &&
               goal.max == std::numeric_limits<double>::infinity() && !goal.name && !goal.signs;
  if (!plain)
    return lower(real, goal);
  std::pair<Value, Type> key(real, goal.type);
  if (auto it = quantized.find(key); it != quantized.end())
    return it->second;
  std::optional<Value> codes = lower(real, goal);
  quantized[key] = codes;
  return codes;
}

std::optional<Value> Lowering::quantizeArgument(BlockArgument argument, const QuantizationGoal &goal) {
  auto shape = cast<RankedTensorType>(argument.getType());
  if (!shape.getElementType().isF32())
    return std::nullopt;
  // Insert after the quantizations of earlier arguments.
  Block *block = argument.getOwner();
  Block::iterator at = block->begin();
  auto before = [&](Operation &op) {
    Value input;
    if (auto quantize = dyn_cast<QuantizeOp>(op))
      input = quantize.getInput();
    else if (auto cast = dyn_cast<quant::StorageCastOp>(op))
      if (auto quantize = cast.getInput().getDefiningOp<QuantizeOp>())
        input = quantize.getInput();
    auto other = dyn_cast_if_present<BlockArgument>(input);
    return other && other.getArgNumber() <= argument.getArgNumber();
  };
  while (at != block->end() && before(*at))
    ++at;
  builder.setInsertionPoint(block, at);
  Location loc = argument.getLoc();
  Value codes = QuantizeOp::create(builder, loc, shape.clone(goal.type), argument);
  codes = quant::StorageCastOp::create(builder, loc, shape.clone(goal.getStorage()), codes);
  // The quantization has already clamped them to the type's codes.
  numerics::CodeRange bounds = goal.getBounds(), have = getCodeRange(goal.type);
  if (bounds.min <= have.min && bounds.max >= have.max)
    return codes;
  return clamp(codes, bounds, goal.name);
}

std::optional<Value> Lowering::lower(Value real, QuantizationGoal goal) {
  if (auto argument = dyn_cast<BlockArgument>(real))
    return quantizeArgument(argument, goal);
  Operation *op = real.getDefiningOp();
  if (op->hasAttr(attrs::floatReason))
    return std::nullopt;
  if (auto reals = getConstantReals(real)) {
    std::vector<int64_t> codes;
    for (double x : *reals)
      codes.push_back(numerics::quantizeDouble(std::clamp(x, goal.min, goal.max), getParams(goal.type),
                                               getCodeRange(goal.type)));
    builder.setInsertionPoint(op);
    return createConstant(builder, op->getLoc(), cast<RankedTensorType>(real.getType()).getShape(), codes,
                          goal.getStorage());
  }
  bool wide = isWide(goal.type);
  if (isa<DequantizeOp>(op)) {
    std::optional<Codes> codes = getCodes(real);
    if (!codes)
      return refuse(op, "its codes have a scale for each channel, or more than 8 bits and are not signed "
                        "ones of 16 with the zero point 0");
    // 16-bit codes are computed from the same sums as other 16-bit codes, not from these codes, so
    // that less is rounded and clipped.
    auto root = op->getOperand(0).getDefiningOp<QuantizeOp>();
    if (wide && isWide(codes->type) && root && codes->type != goal.type && root.getInput().getDefiningOp())
      if (std::optional<Value> direct = quantize(root.getInput(), goal); direct || failed) {
        // The new codes are not the tensor that the id belongs to.
        for (Operation *made = direct ? direct->getDefiningOp() : nullptr;
             !goal.name && isa_and_present<tosa::ClampOp, tosa::RescaleOp>(made);
             made = made->getOperand(0).getDefiningOp())
          made->removeAttr(attrs::id);
        return direct;
      }
    builder.setInsertionPoint(op);
    return convert(*codes, goal, op);
  }
  if (!isa<QuantizableOpInterface>(op))
    return refuse(op, op->getName().getStringRef() + " has no integer form");
  if (auto type = dyn_cast<RankedTensorType>(real.getType()); !type || !type.hasStaticShape())
    return refuse(op, "its shape is not static");
  if (auto lowerable = dyn_cast<IntegerLoweringOpInterface>(op))
    return lowerable.lowerToInteger(*this, goal);
  if (isa<ScalarFunctionOpInterface>(op))
    return lowerScalarFunction(*this, op, goal);
  return refuse(op, op->getName().getStringRef() +
                        " has no integer form: it does not implement IntegerLoweringOpInterface");
}

std::optional<Accumulator> Lowering::getAccumulator(Operation *contraction) {
  if (auto it = accumulators.find(contraction); it != accumulators.end())
    return it->second;
  auto lowerable = dyn_cast<IntegerLoweringOpInterface>(contraction);
  std::optional<Accumulator> accumulator =
      lowerable
          ? lowerable.lowerToAccumulator(*this)
          : refuse(contraction, contraction->getName().getStringRef() +
                                    " has no integer form: it does not implement IntegerLoweringOpInterface");
  accumulators[contraction] = accumulator;
  return accumulator;
}
