//===- InsertObservers.cpp - narrow-insert-observers ----------------------===//
//
// Decides which tensors get quantization parameters of their own.
//
//===----------------------------------------------------------------------===//
#include "Masks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWINSERTOBSERVERS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

/// Finds the values to observe. Quantization spreads from the ops that compute
/// (everything but those that move or join codes): what they read and what
/// they yield is observed. A concat is quantized if it stands next to one, or
/// joins what another op needs quantized.
class ObservedValues {
public:
  /// Finds the concats of `function` that are quantized.
  void addJoins(func::FuncOp function);
  bool isObserved(OpResult result);
  bool isObserved(BlockArgument argument) { return isRead(argument); }
  /// Takes the accumulators that `add` adds unrounded out of the observed
  /// values.
  void fuseAccumulator(QuantizableOpInterface add);

private:
  bool isComputed(Value value);
  bool isRead(Value value);

  DenseMap<Value, bool> computed, read;
  DenseSet<Value> fused;
  DenseSet<Operation *> joined;
};

} // namespace

static bool isConstant(Operation *op) { return op->hasTrait<OpTrait::ConstantLike>(); }

/// Whether a quantized op yields `value`, maybe through ops that move codes.
bool ObservedValues::isComputed(Value value) {
  auto [it, isNew] = computed.try_emplace(value, false);
  if (!isNew)
    return it->second;
  bool result = false;
  Operation *op = value.getDefiningOp();
  if (op && isa<DequantizeOp>(op)) {
    result = true;
  } else if (auto quantizable = getQuantizable(op)) {
    result = quantizable.getQuantizationKind() != QuantizationKind::SameScale || joined.contains(op) ||
             llvm::any_of(quantizable.getActivationOperands(),
                          [&](unsigned index) { return isComputed(op->getOperand(index)); });
  }
  return computed[value] = result;
}

/// Whether a quantized op reads `value`, maybe through ops that move codes.
bool ObservedValues::isRead(Value value) {
  auto [it, isNew] = read.try_emplace(value, false);
  if (!isNew)
    return it->second;
  bool result = llvm::any_of(value.getUses(), [&](OpOperand &use) {
    auto user = getQuantizable(use.getOwner());
    if (!user || !llvm::is_contained(user.getActivationOperands(), use.getOperandNumber()))
      return false;
    if (user.getQuantizationKind() != QuantizationKind::SameScale || joined.contains(user))
      return true;
    return (joinsCodes(user) && isComputed(user->getResult(0))) || isRead(user->getResult(0));
  });
  return read[value] = result;
}

void ObservedValues::addJoins(func::FuncOp function) {
  // A concat that is quantized makes its operands observed, and with them
  // maybe other concats quantized.
  for (bool changed = true; changed;) {
    changed = false;
    function.walk([&](QuantizableOpInterface op) {
      if (!joinsCodes(op) || joined.contains(op))
        return;
      auto isQuantized = [&](unsigned index) {
        Value source = getParameterSource(op->getOperand(index));
        auto result = dyn_cast<OpResult>(source);
        return result ? isObserved(result) : isObserved(cast<BlockArgument>(source));
      };
      if (isObserved(op->getResult(0)) || llvm::any_of(op.getActivationOperands(), isQuantized)) {
        joined.insert(op);
        changed = true;
      }
    });
    computed.clear();
    read.clear();
  }
}

void ObservedValues::fuseAccumulator(QuantizableOpInterface add) {
  if (!add.addsAccumulators() || add.getActivationOperands().size() != 2)
    return;
  Value chosen;
  for (unsigned index : add.getActivationOperands()) {
    Value operand = add->getOperand(index);
    // Of two accumulators the one computed last: the other has been stored by
    // then.
    if (isFusedAccumulator(operand) &&
        (!chosen || chosen.getDefiningOp()->isBeforeInBlock(operand.getDefiningOp())))
      chosen = operand;
  }
  if (chosen)
    fused.insert(chosen);
}

bool ObservedValues::isObserved(OpResult result) {
  Operation *op = result.getOwner();
  if (isConstant(op) || isa<DequantizeOp>(op) || result.use_empty() || fused.contains(result))
    return false;
  if (llvm::all_of(result.getUsers(), [](Operation *user) { return isa<QuantizeOp>(user); }))
    return false; // The model came quantized.
  if (!getQuantizable(op))
    return isRead(result);
  if (movesCodes(op))
    return false;
  if (joinsCodes(op))
    return isComputed(result) || isRead(result);
  return getMergedResult(op) == result; // Otherwise a clamp follows and is observed.
}

namespace {

struct InsertObservers : narrow::impl::NarrowInsertObserversBase<InsertObservers> {
  using NarrowInsertObserversBase::NarrowInsertObserversBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Float, Stage::Quantized})))
      return signalPassFailure();
    llvm::StringMap<Location> ids;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && failed(runOnFunction(function, ids)))
        return signalPassFailure();
  }

private:
  /// A tensor to observe and its id.
  using Point = std::pair<Value, StringRef>;

  LogicalResult addPoint(SmallVectorImpl<Point> &points, Value value, llvm::StringMap<Location> &ids) {
    StringRef id = getTensorId(value);
    if (id.empty())
      return emitError(value.getLoc()) << "this tensor is to be observed but has no id; run "
                                          "--narrow-assign-ids first, and give arguments a '"
                                       << attrs::name << "'";
    auto [it, isNew] = ids.try_emplace(id, value.getLoc());
    if (!isNew) {
      InFlightDiagnostic error = emitError(value.getLoc()) << "two tensors to observe have the id '" << id
                                                           << "'; give them different '" << attrs::id << "'";
      error.attachNote(it->second) << "the first one";
      return error;
    }
    points.emplace_back(value, id);
    return success();
  }

  LogicalResult runOnFunction(func::FuncOp function, llvm::StringMap<Location> &ids) {
    keepMasksFloat(function, MaskSource::Constants);
    ObservedValues values;
    function.walk([&](QuantizableOpInterface op) {
      if (getQuantizable(op))
        values.fuseAccumulator(op);
    });
    values.addJoins(function);

    // First decide everything, then change: an observer would hide what
    // follows.
    SmallVector<Point> points;
    for (BlockArgument argument : function.getArguments())
      if (values.isObserved(argument) && failed(addPoint(points, argument, ids)))
        return failure();
    WalkResult walk = function.walk([&](Operation *op) {
      for (OpResult result : op->getResults())
        if (isFloatTensor(result.getType()) && values.isObserved(result) &&
            failed(addPoint(points, result, ids)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();

    OpBuilder builder(function);
    Operation *entry = &function.getBody().front().front();
    for (auto &[value, id] : points) {
      if (isa<BlockArgument>(value))
        builder.setInsertionPoint(entry);
      else
        builder.setInsertionPointAfterValue(value);
      auto observe = ObserveOp::create(builder, value.getLoc(), value, id,
                                       /*weight=*/false, RangeAttr(), SchemeAttr(), TypeAttr());
      value.replaceAllUsesExcept(observe.getOutput(), observe);
    }
    numObservers += points.size();
    return success();
  }
};

} // namespace
