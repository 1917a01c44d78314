//===- Clamp.cpp - The bounds of a clamp of floats ------------------------===//
#include "narrow/Dialect/Narrow/IR/Clamp.h"

using namespace mlir;
using namespace narrow;

std::optional<ClampBounds> narrow::getActivationBounds(tosa::ClampOp op) {
  constexpr double largest = 1e30;
  auto min = dyn_cast<FloatAttr>(op.getMinValAttr()), max = dyn_cast<FloatAttr>(op.getMaxValAttr());
  if (!min || !max)
    return std::nullopt;
  double lowest = min.getValueAsDouble(), highest = max.getValueAsDouble();
  return ClampBounds{lowest > -largest ? lowest : -INFINITY, highest < largest ? highest : INFINITY};
}
