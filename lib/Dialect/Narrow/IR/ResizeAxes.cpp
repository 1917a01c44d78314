//===- ResizeAxes.cpp - Where tosa.resize reads its input -----------------===//
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace narrow;

ResizePosition ResizeAxis::operator[](int64_t output) const {
  int64_t scaled = output * denominator + offset;
  int64_t first = llvm::divideFloorSigned(scaled, numerator);
  return {std::clamp<int64_t>(first, 0, size - 1), std::clamp<int64_t>(first + 1, 0, size - 1),
          scaled - first * numerator};
}

int64_t ResizeAxis::nearest(int64_t output) const {
  ResizePosition position = (*this)[output];
  return 2 * position.fraction >= numerator ? position.second : position.first;
}

std::optional<ResizeAxes> narrow::getResizeAxes(tosa::ResizeOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
  std::optional<SmallVector<int64_t>> scale = getShapeDims(op.getScale()),
                                      offset = getShapeDims(op.getOffset());
  if (!type || !type.hasStaticShape() || type.getRank() != 4 || type.getNumElements() == 0 || !scale ||
      scale->size() != 4 || !offset || offset->size() != 2)
    return std::nullopt;
  auto inRange = [](int64_t value) { return std::abs(value) < (int64_t{1} << 20); };
  if (!llvm::all_of(*scale, inRange) || !llvm::all_of(*offset, inRange) ||
      llvm::any_of(*scale, [](int64_t value) { return value < 1; }))
    return std::nullopt;
  return ResizeAxes{{type.getDimSize(1), (*scale)[0], (*scale)[1], (*offset)[0]},
                    {type.getDimSize(2), (*scale)[2], (*scale)[3], (*offset)[1]}};
}
