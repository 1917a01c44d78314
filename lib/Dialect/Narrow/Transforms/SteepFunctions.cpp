//===- SteepFunctions.cpp - Functions that no table serves ----------------===//
#include "SteepFunctions.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Numerics/Estimators.h"
#include "narrow/Numerics/FunctionSqnr.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;

/// What a steep function is for.
enum class Steep {
  Divisor, ///< others are divided by it, or by its root: each value counts by itself
  Value,
};

static std::optional<Steep> getSteep(Operation *op) {
  if (isa<tosa::ReciprocalOp, tosa::RsqrtOp>(op))
    return Steep::Divisor;
  auto activation = dyn_cast<ActivationOp>(op);
  if (isa<tosa::LogOp>(op) || (activation && activation.getKind() == ActivationKind::Sqrt))
    return Steep::Value;
  return std::nullopt;
}

/// The codes of what is looked up and of what a table yields: 8 bits at most.
static numerics::CodeGrid getGrid(ObserveOp op) {
  SchemeAttr scheme = op.getSchemeAttr();
  numerics::CodeSpec spec{CodeRange::signedBits(8, /*restricted=*/false), /*symmetric=*/false};
  if (scheme && scheme.getBits() <= 8)
    spec = {getUniformCodes(scheme), scheme.getSymmetric()};
  return {spec.params({op.getRangeAttr().getMin().front(), op.getRangeAttr().getMax().front()}), spec.codes};
}

static int getBits(ObserveOp op) {
  return op.getSchemeAttr() ? static_cast<int>(std::clamp<int64_t>(op.getSchemeAttr().getBits(), 2, 8)) : 8;
}

static ObserveOp getObserver(Value value) {
  auto observe = getParameterSource(value).getDefiningOp<ObserveOp>();
  return observe && observe.getRangeAttr() && !observe->hasAttr(attrs::floatReason) ? observe : ObserveOp();
}

static void keep(Operation *op, const Twine &reason) {
  if (!op->hasAttr(attrs::floatReason))
    op->setAttr(attrs::floatReason, StringAttr::get(op->getContext(), reason));
}

static bool isKept(Operation *op) { return op->hasAttr(attrs::floatReason); }

/// What `observe` observes is not rounded to codes: what reads it stays float.
static void keepResultFloat(ObserveOp observe, const Twine &reason) {
  keep(observe, reason);
  for (Operation *reader : getReaders(observe.getOutput()))
    if (getQuantizable(reader))
      keep(reader, "it reads '" + observe.getId() + "', which stays float");
}

namespace {
/// What functions that stay float are computed from.
class Operands {
public:
  /// The tensor that `observe` observes is to be read as it is computed, not as codes. If nothing reads it
  /// that does not stay float, the ops that compute it stay float too; a contraction computes it of codes.
  void add(ObserveOp observe, const std::string &reason);
  /// Of tensors that other ops read as codes the readers that stay float take what is observed.
  void finish();

private:
  llvm::MapVector<Operation *, std::string> shared;
};
} // namespace

void Operands::add(ObserveOp observe, const std::string &reason) {
  if (isKept(observe))
    return;
  if (!llvm::all_of(getReaders(observe.getOutput()), isKept)) {
    shared.insert({observe, reason});
    return;
  }
  keep(observe, reason);
  SmallVector<Operation *> producers = getMergedProducers(observe.getInput());
  auto producer = producers.empty() ? QuantizableOpInterface() : getQuantizable(producers.back());
  if (!producer || producer.getQuantizationKind() == QuantizationKind::Contraction)
    return;
  for (Operation *op : producers)
    keep(op, "'" + observe.getId() + "', which it computes, stays float");
  for (unsigned index : producer.getActivationOperands())
    if (ObserveOp before = getObserver(producer->getOperand(index)))
      add(before, reason);
}

void Operands::finish() {
  // An op that was kept later may have been the last of the readers.
  while (!shared.empty()) {
    auto observers = std::exchange(shared, {});
    for (auto &[observe, reason] : observers)
      add(cast<ObserveOp>(observe), reason);
    if (shared.size() == observers.size())
      break;
  }
  for (auto &[op, reason] : shared) {
    auto observe = cast<ObserveOp>(op);
    observe.getOutput().replaceUsesWithIf(observe.getInput(),
                                          [](OpOperand &use) { return isKept(use.getOwner()); });
  }
}

/// Ends what `observe` observes where its codes would: what is rounded before a division can be 0 where it
/// was not.
static void limitToRange(ObserveOp observe) {
  OpBuilder builder(observe);
  auto bound = [&](ArrayRef<double> ends) {
    return builder.getF32FloatAttr(static_cast<float>(ends.front()));
  };
  auto clamp =
      tosa::ClampOp::create(builder, observe.getLoc(), observe.getType(), observe.getInput(),
                            bound(observe.getRangeAttr().getMin()), bound(observe.getRangeAttr().getMax()));
  keep(clamp, "it limits '" + observe.getId() + "' to its range, as codes do");
  observe.getInputMutable().assign(clamp);
}

void narrow::keepSteepFunctionsFloat(ModuleOp module, function_ref<numerics::Histogram(ObserveOp)> getData) {
  // All are looked at with the ranges that they would have, then changed.
  struct Kept {
    ObserveOp operand, result;
    bool coarseOperand, coarseResult;
    std::string reason;
  };
  llvm::MapVector<Operation *, Kept> kept;
  module.walk([&](Operation *op) {
    std::optional<Steep> steep = getSteep(op);
    if (!steep || !getQuantizable(op))
      return;
    auto function = cast<ScalarFunctionOpInterface>(op);
    Value result = getMergedResult(op);
    ObserveOp operand = getObserver(op->getOperand(0)),
              observed = result.hasOneUse() ? dyn_cast<ObserveOp>(*result.user_begin()) : ObserveOp();
    if (!operand || !observed || !observed.getRangeAttr())
      return;
    auto evaluate = [&](double x) {
      double y = function.evaluateScalar(x);
      for (Operation *clamp : llvm::reverse(getMergedProducers(result)))
        if (auto bounds =
                isa<tosa::ClampOp>(clamp) ? getActivationBounds(cast<tosa::ClampOp>(clamp)) : std::nullopt)
          y = std::isnan(y) ? y : std::max(bounds->lowest, std::min(y, bounds->highest));
      return y;
    };
    numerics::FunctionSqnr sqnr = numerics::functionSqnr(evaluate, getData(operand), getGrid(operand),
                                                         getGrid(observed), *steep == Steep::Divisor);
    int bits = std::min(getBits(operand), getBits(observed));
    double least = numerics::leastFunctionSqnr(bits);
    bool coarseOperand = sqnr.operand < least, coarseResult = sqnr.result < least;
    if (!coarseOperand && !coarseResult)
      return;
    std::string reason =
        llvm::formatv("codes of {0} bits of its {1} leave {2:F1} dB of it, {3:F0} are asked for (N77)", bits,
                      coarseOperand ? "operand" : "result", coarseOperand ? sqnr.operand : sqnr.result, least)
            .str();
    kept[op] = {operand, observed, coarseOperand, coarseResult, std::move(reason)};
  });
  for (auto &[op, function] : kept) {
    keep(op, function.reason);
    limitToRange(function.result);
    if (function.coarseResult)
      keepResultFloat(function.result, function.reason);
  }
  Operands operands;
  for (auto &[op, function] : kept)
    if (function.coarseOperand)
      operands.add(function.operand, function.reason);
  operands.finish();
}
