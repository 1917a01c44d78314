//===- Sum.cpp - Sums and extrema at a common fine scale ------------------===//
//
// tosa.add, sub, maximum and minimum, nested to any depth without a
// quantization between them. Their leaves (codes, accumulators of contractions,
// constants) are brought to i32 at the result's scale divided by 2^k (N19).
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Numerics/Add.h"
#include "narrow/Numerics/Rounding.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

namespace {

struct Leaf {
  Value value; ///< i8, i16 or i32; null for a constant
  int64_t zeroPoint = 0;
  SmallVector<double> scales;          ///< one, or one per index of the last dimension
  SmallVector<IntegerInterval> ranges; ///< of value - zeroPoint, as many as scales
  std::vector<double> constant;
  double magnitude = 0; ///< largest magnitude of its real numbers
};

class Sum {
public:
  explicit Sum(Lowering &lowering) : lowering(lowering) {}

  /// Finds the leaves below `real`; false, with a reason on an op, if one is
  /// neither codes nor an accumulator nor a constant.
  bool collect(Value real, Operation *user);
  /// Whether all codes have `scale` already, so that at most one rounding is needed, for the
  /// only accumulator.
  bool isAligned(double scale) const;
  /// Whether every leaf can be brought to `resultScale` / 2^k without loss of high bits,
  /// which emit() then does.
  bool choose(double resultScale, int k);
  double getScale() const { return scale; }
  std::optional<Value> emit(Value real);

private:
  bool addLeaf(Value real, Leaf leaf);
  /// The multipliers that bring a leaf to `scale`.
  std::optional<std::vector<numerics::Multiplier>> getMultipliers(const Leaf &leaf) const;

  Lowering &lowering;
  llvm::MapVector<Value, Leaf> leaves;
  double total = 0;          ///< no node of the tree exceeds it
  unsigned accumulators = 0; ///< number of accumulators, counting repeated ones
  double scale = 0;          ///< of the sum
  int fractionBits = 0;
};

} // namespace

static bool isSum(Operation *op) {
  return isa_and_present<tosa::AddOp, tosa::SubOp, tosa::MaximumOp, tosa::MinimumOp>(op);
}

static bool isAccumulator(const Leaf &leaf) {
  return leaf.value && !getElementTypeOrSelf(leaf.value.getType()).isInteger(8);
}

bool Sum::addLeaf(Value real, Leaf leaf) {
  for (auto [range, scale] : llvm::zip_first(leaf.ranges, leaf.scales))
    leaf.magnitude = std::max(leaf.magnitude, range.magnitude() * scale);
  for (double value : leaf.constant)
    leaf.magnitude = std::max(leaf.magnitude, std::abs(value));
  total += leaf.magnitude;
  accumulators += isAccumulator(leaf);
  leaves.insert({real, std::move(leaf)});
  return true;
}

bool Sum::collect(Value real, Operation *user) {
  // A leaf that is used twice counts twice in the total.
  if (auto it = leaves.find(real); it != leaves.end()) {
    total += it->second.magnitude;
    accumulators += isAccumulator(it->second);
    return true;
  }
  Leaf leaf;
  if (auto constant = getConstantReals(real)) {
    if (!llvm::all_of(*constant, [](double x) { return std::isfinite(x); }))
      return lowering.refuse(user, "a constant operand is not finite"), false;
    leaf.constant = std::move(*constant);
    return addLeaf(real, std::move(leaf));
  }
  if (std::optional<Codes> codes = lowering.getCodes(real)) {
    leaf.value = codes->value;
    leaf.zeroPoint = codes->type.getZeroPoint();
    leaf.scales = {codes->type.getScale()};
    leaf.ranges = {
        {codes->type.getStorageTypeMin() - leaf.zeroPoint, codes->type.getStorageTypeMax() - leaf.zeroPoint}};
    return addLeaf(real, std::move(leaf));
  }
  Operation *op = real.getDefiningOp();
  if (op && !op->hasAttr(attrs::floatReason)) {
    if (isSum(op))
      return collect(op->getOperand(0), op) && collect(op->getOperand(1), op);
    auto quantizable = dyn_cast<QuantizableOpInterface>(op);
    if (quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction) {
      std::optional<Accumulator> accumulator = lowering.getAccumulator(op);
      if (!accumulator)
        return lowering.refuse(user, "its operand '" + getDiagnosticName(op) + "' is not quantized"), false;
      leaf.value = accumulator->value;
      leaf.scales = accumulator->scales;
      ArrayRef<IntegerInterval> ranges = lowering.getRanges().get(accumulator->value);
      leaf.ranges.assign(ranges.begin(), ranges.end());
      leaf.ranges.resize(leaf.scales.size(), leaf.ranges.front());
      return addLeaf(real, std::move(leaf));
    }
  }
  return lowering.refuse(user, "its operand" + (op ? " '" + getDiagnosticName(op) + "'" : std::string()) +
                                   " has neither codes of 8 or 16 bits nor an i32 accumulator"),
         false;
}

std::optional<std::vector<numerics::Multiplier>> Sum::getMultipliers(const Leaf &leaf) const {
  SmallVector<double> factors;
  for (double from : leaf.scales)
    factors.push_back(from / scale);
  if (std::optional<numerics::Multiplier> whole;
      !isAccumulator(leaf) && (whole = numerics::addCodesMultiplier(factors.front(), fractionBits)))
    return std::vector{*whole};
  return numerics::computeMultipliers(factors, /*maxShift=*/62);
}

bool Sum::isAligned(double scale) const {
  return accumulators <= 1 && llvm::all_of(leaves, [&](const auto &entry) {
           const Leaf &leaf = entry.second;
           return isAccumulator(leaf) || (leaf.value && leaf.scales.front() == scale);
         });
}

bool Sum::choose(double resultScale, int k) {
  scale = std::ldexp(resultScale, -k);
  fractionBits = k;
  constexpr double limit = 1 << 30;
  if (!(total / scale < limit))
    return false;
  for (const auto &[real, leaf] : leaves) {
    if (!leaf.value)
      continue;
    auto multipliers = getMultipliers(leaf);
    if (!multipliers)
      return false;
    for (auto [range, factor] : llvm::zip_first(leaf.ranges, *multipliers))
      if (!numerics::fitsAddTerm(range.magnitude(), factor))
        return false;
  }
  return true;
}

std::optional<Value> Sum::emit(Value real) {
  OpBuilder &builder = lowering.getBuilder();
  auto i32 = cast<IntegerType>(builder.getI32Type());
  auto it = leaves.find(real);
  if (it == leaves.end()) {
    Operation *op = real.getDefiningOp();
    std::optional<Value> lhs = emit(op->getOperand(0)), rhs = emit(op->getOperand(1));
    if (!lhs || !rhs)
      return std::nullopt;
    Type type = cast<RankedTensorType>(real.getType()).clone(i32);
    if (isa<tosa::AddOp>(op))
      return tosa::AddOp::create(builder, op->getLoc(), type, *lhs, *rhs);
    if (isa<tosa::SubOp>(op))
      return tosa::SubOp::create(builder, op->getLoc(), type, *lhs, *rhs);
    if (isa<tosa::MaximumOp>(op))
      return tosa::MaximumOp::create(builder, op->getLoc(), type, *lhs, *rhs);
    return tosa::MinimumOp::create(builder, op->getLoc(), type, *lhs, *rhs);
  }
  const Leaf &leaf = it->second;
  if (!leaf.value) {
    std::vector<int64_t> values;
    for (double value : leaf.constant)
      values.push_back(static_cast<int64_t>(numerics::round(value / scale, numerics::Rounding::HalfEven)));
    return createConstant(builder, real.getLoc(), cast<RankedTensorType>(real.getType()).getShape(), values,
                          i32);
  }
  std::vector<numerics::Multiplier> multipliers = *getMultipliers(leaf);
  if (llvm::all_equal(multipliers))
    multipliers.resize(1);
  return lowering.rescale(leaf.value, leaf.zeroPoint, i32, 0, multipliers, real.getDefiningOp());
}

static std::optional<Value> lowerSum(Lowering &lowering, Operation *op, const QuantizationGoal &goal) {
  Sum sum(lowering);
  if (!sum.collect(op->getResult(0), op))
    return std::nullopt;
  double resultScale = goal.type.getScale();
  int k = 0;
  if (!sum.isAligned(resultScale) || !sum.choose(resultScale, 0))
    for (k = numerics::addFractionBits; k >= 0 && !sum.choose(resultScale, k);)
      --k;
  if (k < 0)
    return lowering.error(op, "its operands can exceed 2^30 steps of its "
                              "result's scale; check the scales and the "
                              "weights of the contractions that it adds");
  lowering.getBuilder().setInsertionPoint(op);
  std::optional<Value> wide = sum.emit(op->getResult(0));
  if (!wide)
    return std::nullopt;
  return lowering.requantize(*wide, sum.getScale(), goal, op);
}

void narrow::registerSumLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::AddOp::attachInterface<ArithmeticLowering<tosa::AddOp, lowerSum>>(*context);
    tosa::SubOp::attachInterface<ArithmeticLowering<tosa::SubOp, lowerSum>>(*context);
    tosa::MaximumOp::attachInterface<ArithmeticLowering<tosa::MaximumOp, lowerSum>>(*context);
    tosa::MinimumOp::attachInterface<ArithmeticLowering<tosa::MinimumOp, lowerSum>>(*context);
  });
}
