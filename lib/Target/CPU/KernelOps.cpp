//===- KernelOps.cpp - How code generation sees the ops -------------------===//
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;

KernelRole narrow::getKernelRole(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tosa::ConstOp, tosa::ConstShapeOp>(op))
    return KernelRole::Constant;
  if (isa<ScalarFunctionOpInterface>(op) ||
      isa<tosa::RescaleOp, tosa::TableOp, tosa::CastOp, tosa::ArithmeticRightShiftOp, tosa::BitwiseXorOp,
          QuantizeOp, DequantizeOp, quant::StorageCastOp, QuantizeTokensOp, RescaleTokensOp>(op))
    return KernelRole::Elementwise;
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp, XnorConv2DOp>(op))
    return KernelRole::Contraction;
  if (isa<tosa::MaxPool2dOp, tosa::AvgPool2dOp, tosa::ResizeOp>(op))
    return KernelRole::Window;
  if (isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp, tosa::ReduceProductOp, TokenMaximaOp>(op))
    return KernelRole::Reduction;
  if (isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::ConcatOp, tosa::SliceOp, tosa::PadOp, tosa::TileOp,
          tosa::ReverseOp, tosa::IdentityOp, SoftmaxOp, tosa::MatMulOp, PackSignsOp>(op))
    return KernelRole::Movement;
  return KernelRole::Unsupported;
}

int64_t narrow::countProducts(Operation *contraction) {
  auto result = cast<RankedTensorType>(contraction->getResult(0).getType());
  auto weights = cast<RankedTensorType>(contraction->getOperand(1).getType());
  int64_t perOutput = weights.getNumElements() / result.getShape().back();
  if (auto xnor = dyn_cast<XnorConv2DOp>(contraction))
    perOutput = perOutput / weights.getShape().back() * xnor.getChannels();
  return result.getNumElements() * perOutput;
}

std::optional<int64_t> narrow::getMostWeight(Operation *contraction) {
  constexpr unsigned weightPoint = 4; // operand of TOSA's convolutions
  auto weights = getIntegers(getConstant(contraction->getOperand(1)));
  int64_t zp = 0, most = 0;
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(contraction)) {
    auto points = getIntegers(contraction->getOperand(weightPoint));
    if (!points)
      return std::nullopt;
    zp = points->front();
  }
  if (!weights)
    return std::nullopt;
  for (int64_t weight : *weights)
    most = std::max(most, std::abs(weight - zp));
  return most;
}

static bool isLaneType(Type type) {
  type = getElementTypeOrSelf(type);
  if (auto quantized = dyn_cast<quant::QuantizedType>(type))
    type = quantized.getStorageType();
  return type.isF32() || type.isInteger(8) || type.isInteger(16) || type.isInteger(32);
}

bool narrow::isSupportedByKernels(Operation *op, std::string &reason) {
  if (getKernelRole(op) == KernelRole::Unsupported) {
    reason = "no code generation for " + op->getName().getStringRef().str();
    if (!isa_and_present<tosa::TosaDialect, NarrowDialect>(op->getDialect()))
      reason += ": it does not implement ScalarFunctionOpInterface";
    return false;
  }
  // Codes that say what they mean are for the ops that turn numbers into them and back.
  bool takesQuantized = isa<QuantizeOp, DequantizeOp, quant::StorageCastOp>(op);
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (!takesQuantized && isa<quant::QuantizedType>(getElementTypeOrSelf(type))) {
      llvm::raw_string_ostream(reason) << "element type " << getElementTypeOrSelf(type);
      return false;
    }
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor) // tosa.const_shape
      continue;
    if (!tensor.hasStaticShape()) {
      reason = "a dynamic shape";
      return false;
    }
    if (getKernelRole(op) != KernelRole::Constant && !isLaneType(type)) {
      llvm::raw_string_ostream(reason) << "element type " << getElementTypeOrSelf(type);
      return false;
    }
  }
  return true;
}

InFlightDiagnostic narrow::emitUnsupported(Operation *op) {
  InFlightDiagnostic error = op->emitError();
  if (StringRef id = op->getNumResults() ? getTensorId(op->getResult(0)) : ""; !id.empty())
    error << "'" << id << "': ";
  return error << op->getName() << " cannot be compiled: ", std::move(error);
}

LogicalResult narrow::requireCodeStage(ModuleOp module, StageUser user) {
  Stage accepted[] = {Stage::Integer, Stage::Float, Stage::Observed, Stage::Imported};
  // Nothing computes with the codes of a model that came quantized.
  return requireStage(module, ArrayRef(accepted).drop_back(isQuantizedByOthers(module)), user);
}
