//===- PropagateLayout.cpp - narrow-propagate-layout ----------------------===//
//
// From a transpose grows the region of all ops that can be computed on permuted
// dims (LayoutRules.h), with a permutation for each of its values. The region
// gets the new layout if the transposes at its border then move fewer elements.
// The sum over the function falls with each step, so the pass ends.
//
//===----------------------------------------------------------------------===//
#include "LayoutRules.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Iterators.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWPROPAGATELAYOUT
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

/// What a transpose costs: its elements, and a bit for being there. One that
/// moves dims of size 1 will be a reshape.
int64_t getCost(ArrayRef<int64_t> shape, ArrayRef<int32_t> perms) {
  if (isIdentity(perms))
    return 0;
  return movesNothing(shape, perms) ? 1 : 16 + llvm::product_of(shape);
}

int64_t getCost(Value value, ArrayRef<int32_t> perms) {
  return getCost(cast<RankedTensorType>(value.getType()).getShape(), perms);
}

tosa::TransposeOp findTranspose(Value value, ArrayRef<int32_t> perms) {
  for (Operation *user : value.getUsers())
    if (auto transpose = dyn_cast<tosa::TransposeOp>(user); transpose && transpose.getPerms() == perms)
      return transpose;
  return {};
}

/// `value` with permuted dims: a constant, the operand of a transpose that is
/// undone, a transpose that exists, or a new one.
Value getTransposed(OpBuilder &builder, Value value, ArrayRef<int32_t> perms) {
  if (isIdentity(perms))
    return value;
  if (auto data = ConstantData::read(value)) {
    builder.setInsertionPointAfterValue(value);
    return data->transpose(perms).create(builder, value.getLoc());
  }
  if (auto transpose = value.getDefiningOp<tosa::TransposeOp>())
    return getTransposed(builder, transpose.getInput1(), compose(transpose.getPerms(), perms));
  builder.setInsertionPointAfterValue(value);
  if (tosa::TransposeOp existing = findTranspose(value, perms)) {
    existing->moveBefore(builder.getInsertionBlock(), builder.getInsertionPoint());
    return existing;
  }
  auto type = permuteType(cast<RankedTensorType>(value.getType()), perms);
  return tosa::TransposeOp::create(builder, value.getLoc(), type, value, perms);
}

/// Values that change layout together.
class Region {
public:
  /// Collects what is connected to `seed`, which gets the permutation `perms`.
  Region(Value seed, ArrayRef<int32_t> perms) : block(seed.getParentBlock()) {
    SmallVector<Value> worklist;
    auto assign = [&](Value value, const Permutation &p) {
      if (layouts.insert({value, p}).second)
        worklist.push_back(value);
    };
    assign(seed, Permutation(perms));
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      SmallVector<Operation *> around = llvm::to_vector(value.getUsers());
      if (Operation *def = value.getDefiningOp())
        around.push_back(def);
      for (Operation *op : around) {
        if (ops.contains(op) || op->getBlock() != block)
          continue;
        std::optional<OpLayout> layout = getLayout(op, value, layouts.lookup(value));
        if (!layout || !agrees(op, *layout))
          continue;
        for (auto [operand, p] : llvm::zip(op->getOperands(), layout->operands))
          if (!p.empty() && !getConstant(operand))
            assign(operand, p);
        assign(op->getResult(0), layout->result);
        ops.insert({op, std::move(*layout)});
      }
    }
  }

  /// By how much the cost of the transposes at the border falls.
  int64_t getGain() const {
    int64_t gain = 0;
    for (const auto &[value, perms] : layouts)
      gain += ops.contains(value.getDefiningOp()) ? getGainBehind(value, perms) : getGainBefore(value, perms);
    return gain;
  }

  /// Gives the region its new layout.
  void apply(OpBuilder &builder) {
    SmallVector<Operation *> ordered = llvm::map_to_vector(ops, [](auto &entry) { return entry.first; });
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    DenseMap<Value, Value> permuted; // Only looked up.
    for (Operation *op : ordered) {
      const OpLayout &layout = ops.find(op)->second;
      SmallVector<Value> operands = llvm::to_vector(op->getOperands());
      for (auto [operand, perms] : llvm::zip(operands, layout.operands)) {
        if (perms.empty())
          continue;
        if (getConstant(operand)) {
          operand = getTransposed(builder, operand, perms);
          continue;
        }
        Value &known = permuted[operand];
        if (!known)
          known = getTransposed(builder, operand, perms);
        operand = known;
      }
      builder.setInsertionPoint(op);
      permuted[op->getResult(0)] = createPermuted(builder, op, layout, operands)->getResult(0);
    }
    for (Operation *op : ordered) {
      Value value = op->getResult(0), now = permuted[value];
      Permutation back = invert(ops.find(op)->second.result);
      for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
        Operation *user = use.getOwner();
        if (ops.contains(user))
          continue;
        if (auto transpose = dyn_cast<tosa::TransposeOp>(user)) {
          transpose.getResult().replaceAllUsesWith(
              getTransposed(builder, now, compose(back, transpose.getPerms())));
          transpose.erase();
          continue;
        }
        use.set(getTransposed(builder, now, back));
      }
    }
    for (Operation *op : llvm::reverse(ordered))
      op->erase();
  }

private:
  bool agrees(Operation *op, const OpLayout &layout) const {
    auto same = [&](Value value, const Permutation &perms) {
      auto known = layouts.find(value);
      return known == layouts.end() || known->second == perms;
    };
    for (auto [operand, perms] : llvm::zip(op->getOperands(), layout.operands))
      if (!perms.empty() && !getConstant(operand) && !same(operand, perms))
        return false;
    return same(op->getResult(0), layout.result);
  }

  /// `value` enters the region.
  int64_t getGainBefore(Value value, ArrayRef<int32_t> perms) const {
    // Nothing in the region reads it: it stays as it is.
    if (llvm::none_of(value.getUsers(), [&](Operation *user) { return ops.contains(user); }))
      return 0;
    auto transpose = value.getDefiningOp<tosa::TransposeOp>();
    if (!transpose)
      return findTranspose(value, perms) ? 0 : -getCost(value, perms);
    int64_t now = getCost(transpose.getInput1(), transpose.getPerms());
    Permutation whole = compose(transpose.getPerms(), perms);
    int64_t then = findTranspose(transpose.getInput1(), whole) ? 0 : getCost(transpose.getInput1(), whole);
    // Others that read the transpose keep it alive.
    bool stays = llvm::any_of(value.getUsers(), [&](Operation *user) {
      return !ops.contains(user) && !isa<tosa::TransposeOp>(user);
    });
    return (stays ? 0 : now) - then;
  }

  /// `value` is computed in the region; what reads it outside?
  int64_t getGainBehind(Value value, ArrayRef<int32_t> perms) const {
    int64_t gain = 0;
    Permutation back = invert(perms);
    SmallVector<int64_t> shape = permute(cast<RankedTensorType>(value.getType()).getShape(), perms);
    llvm::SetVector<ArrayRef<int32_t>> seen;
    bool read = false;
    for (Operation *user : value.getUsers()) {
      if (ops.contains(user))
        continue;
      if (auto transpose = dyn_cast<tosa::TransposeOp>(user)) {
        if (seen.insert(transpose.getPerms()))
          gain += getCost(value, transpose.getPerms()) - getCost(shape, compose(back, transpose.getPerms()));
        continue;
      }
      auto reshape = dyn_cast<tosa::ReshapeOp>(user);
      read |= !reshape || back[0] != 0 || !isAbsorbable(reshape);
    }
    return read ? gain - getCost(value, perms) : gain;
  }

  Block *block;
  llvm::MapVector<Value, Permutation> layouts;
  llvm::MapVector<Operation *, OpLayout> ops;
};

struct PropagateLayout : impl::NarrowPropagateLayoutBase<PropagateLayout> {
  using NarrowPropagateLayoutBase::NarrowPropagateLayoutBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    bool isStatic = true;
    getOperation().walk([&](Operation *op) {
      for (Value result : op->getResults())
        if (auto type = dyn_cast<RankedTensorType>(result.getType()))
          isStatic &= type.hasStaticShape();
    });
    if (!isStatic) {
      getOperation().emitError("narrow-propagate-layout needs static shapes; give the shape of the inputs "
                               "when you import the model");
      return signalPassFailure();
    }
    OpBuilder builder(&getContext());
    unsigned before = collectTransposes().size();
    simplify(builder);
    int64_t cost = getTotalCost();
    while (improve(builder)) {
      ++numRegions;
      simplify(builder);
      int64_t now = getTotalCost();
      if (now >= cost) // The estimate was wrong: the sum must fall, or this might not end.
        break;
      cost = now;
    }
    for (tosa::TransposeOp transpose : collectTransposes())
      absorbIntoWeights(transpose);
    simplify(builder);
    makeReshapes(builder);
    unsigned after = collectTransposes().size();
    numLeft += after;
    numRemoved += before > after ? before - after : 0;
  }

private:
  SmallVector<tosa::TransposeOp> collectTransposes() {
    SmallVector<tosa::TransposeOp> transposes;
    getOperation().walk([&](tosa::TransposeOp op) { transposes.push_back(op); });
    return transposes;
  }

  int64_t getTotalCost() {
    int64_t cost = 0;
    for (tosa::TransposeOp transpose : collectTransposes())
      cost += getCost(transpose.getInput1(), transpose.getPerms());
    return cost;
  }

  /// Gives one region another layout.
  bool improve(OpBuilder &builder) {
    for (tosa::TransposeOp transpose : collectTransposes()) {
      // Undone behind the transpose, or done before it.
      for (auto [seed, perms] :
           {std::make_pair(Value(transpose.getResult()), invert(transpose.getPerms())),
            std::make_pair(Value(transpose.getInput1()), Permutation(transpose.getPerms()))}) {
        Region region(seed, perms);
        if (region.getGain() <= 0)
          continue;
        region.apply(builder);
        return true;
      }
    }
    return false;
  }

  /// Composes transposes, folds those of constants, merges equal ones, and
  /// erases what is not used any more.
  void simplify(OpBuilder &builder) {
    for (tosa::TransposeOp transpose : collectTransposes()) {
      Value input = transpose.getInput1(), replacement;
      if (isIdentity(transpose.getPerms()) || getConstant(input) ||
          input.getDefiningOp<tosa::TransposeOp>()) {
        replacement = getTransposed(builder, input, transpose.getPerms());
      } else if (tosa::TransposeOp equal = findTranspose(input, transpose.getPerms()); equal != transpose) {
        builder.setInsertionPointAfterValue(input);
        equal->moveBefore(builder.getInsertionBlock(), builder.getInsertionPoint());
        replacement = equal;
      }
      if (!replacement || replacement == transpose.getResult())
        continue;
      transpose.getResult().replaceAllUsesWith(replacement);
      transpose.erase();
    }
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (isa_and_present<tosa::TosaDialect>(op->getDialect()) && isOpTriviallyDead(op))
        op->erase();
    });
  }

  /// Transposes that move dims of size 1 become reshapes, which merge.
  void makeReshapes(OpBuilder &builder) {
    for (tosa::TransposeOp transpose : collectTransposes()) {
      auto type = cast<RankedTensorType>(transpose.getType());
      if (!movesNothing(cast<RankedTensorType>(transpose.getInput1().getType()).getShape(),
                        transpose.getPerms()) ||
          isa<quant::UniformQuantizedPerAxisType>(type.getElementType()))
        continue;
      builder.setInsertionPoint(transpose);
      Value shape = createShape(builder, transpose.getLoc(), type.getShape());
      auto reshape = tosa::ReshapeOp::create(builder, transpose.getLoc(), type, transpose.getInput1(), shape);
      copyId(transpose, reshape);
      transpose.getResult().replaceAllUsesWith(reshape);
      transpose.erase();
    }
    getOperation().walk([&](tosa::ReshapeOp reshape) {
      while (auto inner = reshape.getInput1().getDefiningOp<tosa::ReshapeOp>())
        reshape.getInput1Mutable().assign(inner.getInput1());
      if (reshape.getInput1().getType() == reshape.getType())
        reshape.getResult().replaceAllUsesWith(reshape.getInput1());
    });
    simplify(builder);
  }
};

} // namespace
} // namespace narrow
