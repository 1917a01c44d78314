//===- VerifyAnnotated.cpp - narrow-verify-annotated ----------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/QuantParams.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYANNOTATED
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// What is wrong with the annotations of `op`, or nullopt.
static std::optional<std::string> findFault(ObserveOp op) {
  RangeAttr range = op.getRangeAttr();
  SchemeAttr scheme = op.getSchemeAttr();
  if (!range)
    return "has no range";
  if (!scheme)
    return "has no scheme";
  if (!op.getQuantizedType())
    return "has no type";
  if (op.getWeight() != static_cast<bool>(getConstant(op.getInput())))
    return op.getWeight() ? "is marked weight but observes no constant"
                          : "observes a constant but is not marked weight";

  auto tensor = cast<RankedTensorType>(op.getType());
  size_t channels = scheme.getAxis() < 0 ? 1 : tensor.getDimSize(scheme.getAxis());
  if (range.getMin().size() != channels)
    return llvm::formatv("has {0} intervals, but its scheme asks for {1}", range.getMin().size(), channels)
        .str();

  auto type = dyn_cast<quant::QuantizedType>(*op.getQuantizedType());
  if (!type || getScales(type).empty())
    return "has a type that is not !quant.uniform per tensor or per axis";
  if (type.getExpressedType() != tensor.getElementType())
    return "has a type that expresses another element type than the tensor's";
  SmallVector<int64_t> zeroPoints;
  int64_t axis = -1;
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    axis = perAxis.getQuantizedDimension();
    zeroPoints.assign(perAxis.getZeroPoints().begin(), perAxis.getZeroPoints().end());
  } else {
    zeroPoints.push_back(cast<quant::UniformQuantizedType>(type).getZeroPoint());
  }
  if (axis != scheme.getAxis())
    return llvm::formatv("has a type with axis {0}, but its scheme has axis "
                         "{1} (-1: per tensor)",
                         axis, scheme.getAxis())
        .str();
  if (zeroPoints.size() != channels)
    return llvm::formatv("has a type of {0} scales for {1} channels", zeroPoints.size(), channels).str();
  // An observer that feeds a concat may have the concat's codes: no more bits
  // than the scheme allows.
  // Codes of a format are its numbers in units of the scale.
  auto codes =
      scheme.isUniform() ? getUniformCodes(scheme) : numerics::CodeRange::signedBits(16, /*restricted=*/true);
  if (type.getStorageTypeMin() < codes.min || type.getStorageTypeMax() > codes.max)
    return llvm::formatv("has codes [{0}, {1}], but its scheme allows [{2}, {3}]", type.getStorageTypeMin(),
                         type.getStorageTypeMax(), codes.min, codes.max)
        .str();
  for (int64_t zeroPoint : zeroPoints) {
    if (scheme.getSymmetric() && zeroPoint != 0)
      return llvm::formatv("has zero point {0}, but a symmetric scheme", zeroPoint).str();
    if (zeroPoint < type.getStorageTypeMin() || zeroPoint > type.getStorageTypeMax())
      return llvm::formatv("has zero point {0} outside of its codes", zeroPoint).str();
  }
  return std::nullopt;
}

namespace {

struct VerifyAnnotated : narrow::impl::NarrowVerifyAnnotatedBase<VerifyAnnotated> {
  using NarrowVerifyAnnotatedBase::NarrowVerifyAnnotatedBase;

  void runOnOperation() override {
    if (mlir::failed(requireQuantizationStage(getOperation(), {Stage::Annotated}, StageUser::Verifier)))
      return signalPassFailure();
    bool failed = mlir::failed(verifyObserverIds(getOperation()));
    getOperation().walk([&](ObserveOp op) {
      if (op->hasAttr(kFloatReasonAttr))
        return;
      if (auto fault = findFault(op)) {
        op.emitError() << "violates the annotated stage: observer '" << op.getId() << "' " << *fault;
        failed = true;
      }
    });
    getOperation().walk([&](QuantizableOpInterface op) {
      if (!getQuantizable(op) || op.getQuantizationKind() != QuantizationKind::Contraction)
        return;
      if (!op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>() &&
          getConstant(op->getOperand(*op.getWeightOperand()))) {
        op->emitError(
            "violates the annotated stage: its weight is not observed; run --narrow-assign-bit-width");
        failed = true;
      }
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
