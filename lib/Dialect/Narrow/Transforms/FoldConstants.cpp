//===- FoldConstants.cpp - narrow-fold-constants --------------------------===//
#include "EvaluateConstants.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWFOLDCONSTANTS
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"

namespace {

/// Whether `value` is an f32 constant of which every element is `number`.
bool isSplat(Value value, float number) {
  ElementsAttr attr = getConstant(value);
  if (!attr || !attr.getElementType().isF32() || attr.getNumElements() == 0)
    return false;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr); dense && dense.isSplat())
    return dense.getSplatValue<float>() == number;
  // Large constants are rarely neutral; a small one may be a resource.
  auto values = getFloats(attr);
  return values && llvm::all_of(*values, [&](float v) { return v == number; });
}

/// Whether no f32 of `value` is less (`sign` 1) or greater (-1) than any other: exporters write such for
/// no bound.
bool isNoBound(Value value, int sign) {
  ElementsAttr attr = getConstant(value);
  if (!attr || !attr.getElementType().isF32() || attr.getNumElements() == 0)
    return false;
  auto values = getFloats(attr);
  return values &&
         llvm::all_of(*values, [&](float v) { return sign * v <= -std::numeric_limits<float>::max(); });
}

bool allEqual(Value shape, int64_t number) {
  auto dims = getShapeDims(shape);
  return dims && llvm::all_of(*dims, [&](int64_t dim) { return dim == number; });
}

/// The operand that `op` yields unchanged, or null.
Value getNeutral(Operation *op) {
  Type type = op->getResult(0).getType();
  auto same = [&](Value value) { return value.getType() == type ? value : Value(); };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](tosa::AddOp add) {
        return isSplat(add.getInput2(), 0)   ? same(add.getInput1())
               : isSplat(add.getInput1(), 0) ? same(add.getInput2())
                                             : Value();
      })
      .Case([&](tosa::SubOp sub) { return isSplat(sub.getInput2(), 0) ? same(sub.getInput1()) : Value(); })
      .Case([&](tosa::MulOp mul) {
        return isSplat(mul.getInput2(), 1)   ? same(mul.getInput1())
               : isSplat(mul.getInput1(), 1) ? same(mul.getInput2())
                                             : Value();
      })
      .Case([&](tosa::MaximumOp max) {
        return isNoBound(max.getInput2(), 1)   ? same(max.getInput1())
               : isNoBound(max.getInput1(), 1) ? same(max.getInput2())
                                               : Value();
      })
      .Case([&](tosa::MinimumOp min) {
        return isNoBound(min.getInput2(), -1)   ? same(min.getInput1())
               : isNoBound(min.getInput1(), -1) ? same(min.getInput2())
                                                : Value();
      })
      .Case([&](tosa::IdentityOp identity) { return same(identity.getInput1()); })
      .Case([&](tosa::ReshapeOp reshape) { return same(reshape.getInput1()); })
      .Case([&](tosa::CastOp cast) { return same(cast.getInput()); })
      .Case([&](tosa::TransposeOp transpose) {
        return isIdentity(transpose.getPerms()) ? same(transpose.getInput1()) : Value();
      })
      .Case([&](tosa::PadOp pad) { return allEqual(pad.getPadding(), 0) ? same(pad.getInput1()) : Value(); })
      // A slice with the shape of its operand starts at 0.
      .Case([&](tosa::SliceOp slice) { return same(slice.getInput1()); })
      .Case([&](tosa::TileOp tile) {
        return allEqual(tile.getMultiples(), 1) ? same(tile.getInput1()) : Value();
      })
      .Case([&](tosa::ConcatOp concat) {
        return concat->getNumOperands() == 1 ? same(concat->getOperand(0)) : Value();
      })
      .Case([&](tosa::MaxPool2dOp pool) {
        bool one = llvm::all_of(pool.getKernel(), [](int64_t k) { return k == 1; });
        return one ? same(pool.getInput()) : Value();
      })
      .Default([](Operation *) { return Value(); });
}

/// clamp(clamp(x)) is one clamp. Returns whether `op` changed.
bool mergeClamps(tosa::ClampOp op) {
  auto inner = op.getInput().getDefiningOp<tosa::ClampOp>();
  if (!inner || op.getNanMode() != inner.getNanMode())
    return false;
  auto low = dyn_cast<FloatAttr>(op.getMinValAttr()), high = dyn_cast<FloatAttr>(op.getMaxValAttr());
  auto innerLow = dyn_cast<FloatAttr>(inner.getMinValAttr()),
       innerHigh = dyn_cast<FloatAttr>(inner.getMaxValAttr());
  if (!low || !high || !innerLow || !innerHigh)
    return false;
  // The outer bounds apply to the inner ones: disjoint intervals yield a constant.
  auto bound = [&](FloatAttr attr) {
    double value = attr.getValueAsDouble();
    return value < low.getValueAsDouble() ? low : value > high.getValueAsDouble() ? high : attr;
  };
  op.setMinValAttr(bound(innerLow));
  op.setMaxValAttr(bound(innerHigh));
  op.getInputMutable().assign(inner.getInput());
  return true;
}

struct FoldConstants : impl::NarrowFoldConstantsBase<FoldConstants> {
  using NarrowFoldConstantsBase::NarrowFoldConstantsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    if (maxElements < 1) {
      getOperation().emitError("narrow-fold-constants: max-elements must be at least 1, got ")
          << maxElements.getValue();
      return signalPassFailure();
    }
    // Operands come before their users: one walk reaches the fixed point.
    getOperation().walk([&](Block *block) {
      for (Operation &op : llvm::make_early_inc_range(*block))
        simplify(&op);
    });
    eraseDeadOps();
  }

  void simplify(Operation *op) {
    if (!isa_and_present<tosa::TosaDialect>(op->getDialect()) || op->hasTrait<OpTrait::ConstantLike>() ||
        op->getNumResults() != 1)
      return;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape())
      return;
    if (std::optional<ConstantData> data = fold(op, type)) {
      OpBuilder builder(op);
      Value constant = data->create(builder, op->getLoc());
      op->getResult(0).replaceAllUsesWith(constant);
      op->erase();
      ++numFolded;
      return;
    }
    if (auto reshape = dyn_cast<tosa::ReshapeOp>(op))
      while (auto inner = reshape.getInput1().getDefiningOp<tosa::ReshapeOp>()) {
        reshape.getInput1Mutable().assign(inner.getInput1());
        ++numDropped;
      }
    if (Value neutral = getNeutral(op)) {
      op->getResult(0).replaceAllUsesWith(neutral);
      op->erase();
      ++numDropped;
      return;
    }
    if (auto clamp = dyn_cast<tosa::ClampOp>(op))
      while (mergeClamps(clamp))
        ++numDropped;
  }

  std::optional<ConstantData> fold(Operation *op, RankedTensorType type) {
    if (type.getNumElements() > maxElements)
      return std::nullopt;
    SmallVector<ConstantData> operands;
    // First make sure that all are constants: reading copies them.
    for (Value operand : op->getOperands())
      if (isa<TensorType>(operand.getType()) && !matchPattern(operand, m_Constant()))
        return std::nullopt;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType()))
        continue;
      std::optional<ConstantData> data = ConstantData::read(operand);
      if (!data)
        return std::nullopt;
      operands.push_back(std::move(*data));
    }
    if (operands.empty())
      return std::nullopt;
    std::optional<ConstantData> result = evaluate(op, operands);
    // An op whose declared type is not what it computes is left to its verifier.
    if (!result || result->elementType != type.getElementType() ||
        ArrayRef<int64_t>(result->shape) != type.getShape())
      return std::nullopt;
    return result;
  }

  void eraseDeadOps() {
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (isa_and_present<tosa::TosaDialect>(op->getDialect()) && isOpTriviallyDead(op))
        op->erase();
    });
  }
};

} // namespace
} // namespace narrow
