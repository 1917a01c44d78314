//===- Masks.cpp - Numbers that stand for minus infinity ------------------===//
#include "Masks.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Masks that are added
//===----------------------------------------------------------------------===//

/// An op that computes elements of its result from elements of one place each.
static bool movesElements(Operation *op) {
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  return quantizable && quantizable.getQuantizationKind() == QuantizationKind::SameScale &&
         quantizable.commutesWithQuantization();
}

namespace {
class Masks {
public:
  explicit Masks(MaskSource source) : source(source) {}

  /// Whether `op` is a sum with numbers of a mask.
  bool isMaskedSum(Operation *op) {
    return isa<tosa::AddOp, tosa::SubOp>(op) && isFloatTensor(op->getResult(0).getType()) &&
           hasMask(op->getResult(0), 1);
  }
  /// Whether an op that hides masks reads `op`, maybe through sums, factors and movements, or is it.
  bool isHidden(Operation *op);
  bool hides(Operation *op) const;

private:
  bool hasMask(Value value, int sign);
  bool findMask(Value value, int sign);

  MaskSource source;
  DenseMap<std::pair<Value, int>, bool> masks; // Looked up only, never iterated.
  DenseMap<Operation *, bool> hidden;
};
} // namespace

/// Whether `value` has numbers up to kMaskNumber (`sign` 1) or from its opposite on (-1).
bool Masks::hasMask(Value value, int sign) {
  if (auto it = masks.find({value, sign}); it != masks.end())
    return it->second;
  bool result = findMask(value, sign);
  masks[{value, sign}] = result;
  return result;
}

bool Masks::findMask(Value value, int sign) {
  if (auto numbers = getFloats(value))
    return llvm::any_of(*numbers, [&](float number) { return sign * number <= kMaskNumber; });
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto observe = dyn_cast<ObserveOp>(op)) {
    RangeAttr range = source == MaskSource::Ranges ? observe.getRangeAttr() : RangeAttr();
    return (range && sign * (sign > 0 ? range.getMin() : range.getMax()).front() <= kMaskNumber) ||
           hasMask(observe.getInput(), sign);
  }
  if (isa<tosa::AddOp, tosa::SubOp>(op))
    return hasMask(op->getOperand(0), sign) ||
           hasMask(op->getOperand(1), isa<tosa::AddOp>(op) ? sign : -sign);
  if (isa<tosa::MulOp>(op)) // (1 - mask) * -10000, or (mask - 1) * 10000
    return llvm::any_of(op->getOperands().take_front(2), [&](Value factor) {
      return getConstant(factor) && (hasMask(factor, 1) || hasMask(factor, -1));
    });
  return movesElements(op) &&
         llvm::any_of(cast<QuantizableOpInterface>(op).getActivationOperands(),
                      [&](unsigned index) { return hasMask(op->getOperand(index), sign); });
}

/// Whether a number no longer matters to the result of `op` once it is small enough.
bool Masks::hides(Operation *op) const {
  return isa<SoftmaxOp>(op) ||
         (source == MaskSource::Constants &&
          isa<tosa::ExpOp, tosa::SigmoidOp, tosa::TanhOp, tosa::MaxPool2dOp, tosa::ReduceMaxOp>(op));
}

bool Masks::isHidden(Operation *op) {
  auto [it, isNew] = hidden.try_emplace(op, false);
  if (!isNew)
    return it->second;
  bool result =
      hides(op) || ((isa<ObserveOp, tosa::AddOp, tosa::SubOp, tosa::MulOp>(op) || movesElements(op)) &&
                    llvm::any_of(op->getUsers(), [&](Operation *user) { return isHidden(user); }));
  return hidden[op] = result;
}

bool narrow::addsMask(Operation *op) {
  Masks masks(MaskSource::Constants);
  return masks.isMaskedSum(op) && masks.isHidden(op);
}

void narrow::keepMasksFloat(func::FuncOp function, MaskSource source) {
  Masks masks(source);
  Builder builder(function.getContext());
  DenseSet<Value> masked; // Looked up only, never iterated.
  function.walk([&](Operation *op) {
    if (!masks.isHidden(op))
      return;
    bool isSum = masks.isMaskedSum(op);
    if (!isSum && llvm::none_of(op->getOperands(), [&](Value operand) { return masked.contains(operand); }))
      return;
    if (!masks.hides(op))
      masked.insert(op->getResult(0));
    if (isa<QuantizableOpInterface>(op) && !op->hasAttr(attrs::floatReason))
      op->setAttr(
          attrs::floatReason,
          builder.getStringAttr(isSum ? "it adds numbers that stand for minus infinity, beside which no "
                                        "8-bit code is left for what they mask"
                                      : "it reads what numbers that stand for minus infinity mask"));
  });
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

namespace {
/// Along one dim, the elements that are not of the padding: [begin, end) of size.
struct Inside {
  int64_t begin, end, size;
  bool isWhole() const { return begin == 0 && end == size; }
};
} // namespace

static bool isHiddenByExtrema(Value value, ArrayRef<Inside> dims, int sign) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    SmallVector<Inside> behind(dims);
    if (auto slice = dyn_cast<tosa::SliceOp>(user)) {
      auto start = getShapeDims(slice.getStart()), size = getShapeDims(slice.getSize());
      if (!start || !size)
        return false;
      for (auto [dim, first, count] : llvm::zip_equal(behind, *start, *size))
        dim = {std::clamp<int64_t>(dim.begin - first, 0, count),
               std::clamp<int64_t>(dim.end - first, 0, count), count};
      return isHiddenByExtrema(slice.getResult(), behind, sign);
    }
    if (auto transpose = dyn_cast<tosa::TransposeOp>(user)) {
      for (auto [dim, from] : llvm::zip_equal(behind, transpose.getPerms()))
        dim = dims[from];
      return isHiddenByExtrema(transpose.getResult(), behind, sign);
    }
    if (sign > 0 ? isa<tosa::ReduceMaxOp>(user) : isa<tosa::ReduceMinOp>(user)) {
      Inside &reduced = behind[user->getAttrOfType<IntegerAttr>("axis").getInt()];
      bool isInside = reduced.begin < reduced.end;
      reduced = {0, reduced.size, reduced.size};
      return isInside && llvm::all_of(behind, [](const Inside &dim) { return dim.isWhole(); });
    }
    auto pool = dyn_cast<tosa::MaxPool2dOp>(user);
    if (!pool || sign < 0 || !dims[0].isWhole() || !dims[3].isWhole())
      return false;
    ArrayRef<int64_t> results = cast<RankedTensorType>(pool.getType()).getShape();
    for (int axis : {0, 1})
      for (int64_t i = 0; i != results[1 + axis]; ++i) {
        int64_t first = i * pool.getStride()[axis] - pool.getPad()[2 * axis];
        if (first + pool.getKernel()[axis] <= dims[1 + axis].begin || first >= dims[1 + axis].end)
          return false;
      }
    return true;
  });
}

bool narrow::isPaddingForExtrema(tosa::PadOp pad, int sign) {
  auto amounts = getShapeDims(pad.getPadding());
  auto type = dyn_cast<RankedTensorType>(pad.getInput1().getType());
  if (!amounts || !type || !type.hasStaticShape() ||
      static_cast<int64_t>(amounts->size()) != 2 * type.getRank() || pad->use_empty())
    return false;
  SmallVector<Inside> dims;
  for (auto [axis, size] : llvm::enumerate(type.getShape())) {
    int64_t before = (*amounts)[2 * axis], behind = (*amounts)[2 * axis + 1];
    dims.push_back({before, before + size, before + size + behind});
  }
  return isHiddenByExtrema(pad.getResult(), dims, sign);
}
