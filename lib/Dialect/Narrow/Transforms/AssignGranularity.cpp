//===- AssignGranularity.cpp - narrow-assign-granularity ------------------===//
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include <cmath>

namespace mlir::narrow {
#define GEN_PASS_DEF_NARROWASSIGNGRANULARITY
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace mlir::narrow

using namespace mlir;
using namespace mlir::narrow;

/// Minimum and maximum of the observed constant: one interval, or one for each
/// index along `axis`.
static FailureOr<RangeAttr> computeRange(ObserveOp op, std::optional<int64_t> axis) {
  auto type = cast<RankedTensorType>(op.getType());
  auto fail = [&](const Twine &what) { return op.emitError() << "constant '" << op.getId() << "' " << what; };
  if (!type.hasStaticShape() || type.getNumElements() == 0)
    return fail("has no elements to take a range of");
  if (!getConstant(op.getInput()))
    return fail("is no constant, though its observer is marked weight");
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!values || static_cast<int64_t>(values->size()) != type.getNumElements())
    return fail("cannot be read: its data are missing");
  int64_t channels = axis ? type.getDimSize(*axis) : 1, inner = 1;
  if (axis)
    for (int64_t dim : type.getShape().drop_front(*axis + 1))
      inner *= dim;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  SmallVector<double> min(channels, infinity), max(channels, -infinity);
  for (auto [index, value] : llvm::enumerate(*values)) {
    if (!std::isfinite(value))
      return fail("has the value " + Twine(std::isnan(value) ? "NaN" : "Inf") + " at element " +
                  Twine(index));
    int64_t channel = axis ? index / inner % channels : 0;
    min[channel] = std::min<double>(min[channel], value);
    max[channel] = std::max<double>(max[channel], value);
  }
  return RangeAttr::get(op.getContext(), min, max);
}

namespace {

struct AssignGranularity : mlir::narrow::impl::NarrowAssignGranularityBase<AssignGranularity> {
  using NarrowAssignGranularityBase::NarrowAssignGranularityBase;

  void runOnOperation() override {
    llvm::Expected<SchemeRules> rules = SchemeRules::parse(scheme, overrides);
    if (!rules) {
      getOperation().emitError(llvm::toString(rules.takeError()));
      return signalPassFailure();
    }
    getOperation().walk([&](ObserveOp op) {
      if (op.getWeight() && failed(assign(op, *rules)))
        signalPassFailure();
    });
  }

private:
  LogicalResult assign(ObserveOp op, SchemeRules &rules) {
    SchemeAttr scheme = op.getSchemeAttr();
    if (!scheme)
      return op.emitError() << "observer '" << op.getId()
                            << "' has no scheme; run --narrow-assign-bit-width first";
    // A constant activation has one scale.
    std::optional<int64_t> axis;
    auto granularity = GranularityKind::PerTensor;
    int64_t group = 0;
    QuantizableOpInterface contraction = getContractionOfWeight(op);
    if (contraction) {
      Scheme match = rules.match(getIds(contraction)).scheme;
      granularity = match.weightGranularity;
      group = match.weightGroup;
    }
    if (granularity != GranularityKind::PerTensor) {
      axis = getWeightScaleAxis(contraction);
      if (!axis)
        return op.emitError() << "the weight of " << contraction->getName() << " has no output channel axis";
    }
    FailureOr<RangeAttr> range = computeRange(op, axis);
    if (failed(range))
      return failure();
    op.setRangeAttr(*range);
    op.setSchemeAttr(SchemeAttr::get(op.getContext(), scheme.getBits(), scheme.getSymmetric(),
                                     scheme.getRestricted(), granularity, axis.value_or(-1), group,
                                     scheme.getFormat()));
    return success();
  }
};

} // namespace
