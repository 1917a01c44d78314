//===- VerifyQuantized.cpp - narrow-verify-quantized ----------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYQUANTIZED
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// A model that came quantized states the product rounded to f32.
static bool isProduct(double scale, double x, double w) {
  constexpr double tolerance = 0x1p-20;
  return std::abs(scale - x * w) <= tolerance * x * w;
}

/// Whether the scales of the bias are those of the accumulator.
static std::optional<std::string> findBiasFault(QuantizableOpInterface op) {
  if (!op.getBiasOperand())
    return std::nullopt;
  auto input = dyn_cast<quant::UniformQuantizedType>(
      getParameterType(op->getOperand(op.getActivationOperands().front())));
  if (!input)
    return "its input has more than one scale";
  quant::QuantizedType weight = getParameterType(op->getOperand(*op.getWeightOperand()));
  quant::QuantizedType bias = getParameterType(op->getOperand(*op.getBiasOperand()));
  if (!bias || !bias.getStorageType().isInteger(32) || !bias.isSigned())
    return "its bias has no i32 codes";
  SmallVector<int64_t> indices = getWeightScaleIndices(op, weight);
  SmallVector<double> scales = getScales(bias), weightScales = getScales(weight);
  if (scales.size() != 1 && scales.size() != indices.size())
    return llvm::formatv("its bias has {0} scales for {1} output channels", scales.size(), indices.size())
        .str();
  for (auto [channel, index] : llvm::enumerate(indices)) {
    double scale = scales[scales.size() == 1 ? 0 : channel],
           expected = input.getScale() * weightScales[index];
    if (!isProduct(scale, input.getScale(), weightScales[index]))
      return llvm::formatv("the scale of its bias is {0:E6} in channel {1}, "
                           "not scale_x * scale_w = {2:E6}",
                           scale, channel, expected)
          .str();
  }
  bool hasZeroPoint = false;
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(bias))
    hasZeroPoint = llvm::any_of(perAxis.getZeroPoints(), [](int64_t zeroPoint) { return zeroPoint != 0; });
  else if (auto uniform = dyn_cast<quant::UniformQuantizedType>(bias))
    hasZeroPoint = uniform.getZeroPoint() != 0;
  if (hasZeroPoint)
    return "its bias has a zero point other than 0";
  return std::nullopt;
}

/// Whether what a concat joins has one type.
static std::optional<std::string> findJoinFault(QuantizableOpInterface op) {
  auto quantize = dyn_cast<QuantizeOp>(*op->getResult(0).user_begin());
  Type type = quantize ? getElementTypeOrSelf(quantize.getOutput().getType()) : Type();
  for (unsigned index : op.getActivationOperands())
    if (Type other = getParameterType(op->getOperand(index)); type && other != type)
      return llvm::formatv("operand {0} has the type {1}, the result {2}", index, other, type).str();
  return std::nullopt;
}

static std::optional<std::string> findFault(Operation *op) {
  auto quantizable = getQuantizable(op);
  if (!quantizable) {
    if (op->hasAttr(attrs::floatReason))
      return std::nullopt;
    return getUnquantizableReason(op) + ", and it has no '" + attrs::floatReason.str() + "'";
  }
  if (op->getResult(0).use_empty())
    return std::nullopt; // Dead.
  if (auto reason = getMissingPoint(quantizable, QuantizationStage::Quantized))
    return *reason + ", and the op has no '" + attrs::floatReason.str() + "'";
  if (quantizable.getQuantizationKind() == QuantizationKind::Contraction)
    return findBiasFault(quantizable);
  return joinsCodes(op) ? findJoinFault(quantizable) : std::nullopt;
}

namespace {

struct VerifyQuantized : narrow::impl::NarrowVerifyQuantizedBase<VerifyQuantized> {
  using NarrowVerifyQuantizedBase::NarrowVerifyQuantizedBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Quantized}, StageUser::Verifier)))
      return signalPassFailure();
    getOperation().walk([&](Operation *op) {
      if (!computesFloat(op))
        return;
      if (auto fault = findFault(op)) {
        op->emitError() << "violates the quantized stage: " << *fault;
        signalPassFailure();
      }
    });
  }
};

} // namespace
