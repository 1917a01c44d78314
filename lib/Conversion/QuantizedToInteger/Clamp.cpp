//===- Clamp.cpp - Clamps of real numbers ---------------------------------===//
#include "Families.h"
#include <algorithm>

using namespace mlir;
using namespace narrow;

namespace {
/// Becomes part of the quantization that follows it.
struct ClampLowering : IntegerLoweringOpInterface::ExternalModel<ClampLowering, tosa::ClampOp> {
  std::optional<Value> lowerToInteger(Operation *op, Lowering &lowering, const QuantizationGoal &goal) const {
    QuantizationGoal inner = goal;
    if (!inner.name)
      inner.name = op;
    auto [min, max] = getClampBounds(op);
    // Bounds of the earlier clamp are clamped by the later one.
    inner.min = std::clamp(min, goal.min, goal.max), inner.max = std::clamp(max, goal.min, goal.max);
    return lowering.quantize(op->getOperand(0), inner);
  }
};
} // namespace

void narrow::registerClampLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::ClampOp::attachInterface<ClampLowering>(*context);
  });
}
