//===- KernelOps.cpp - How code generation sees the ops -------------------===//
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Target/CPU/KernelOpInterface.h"

using namespace mlir;
using namespace narrow;

KernelRole narrow::getKernelRole(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tosa::ConstShapeOp>(op))
    return KernelRole::Constant;
  if (auto member = dyn_cast<KernelOpInterface>(op))
    return member.getKernelRole();
  return isa<ScalarFunctionOpInterface>(op) ? KernelRole::Elementwise : KernelRole::Unsupported;
}

int64_t narrow::countProducts(Operation *op) {
  auto member = dyn_cast<KernelOpInterface>(op);
  return member ? member.countProducts() : 0;
}

std::optional<int64_t> narrow::getDefaultMostWeight(Operation *op) {
  if (getKernelRole(op) == KernelRole::Contraction && !isFloat(op->getResult(0)))
    return std::nullopt;
  return 0;
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
      reason += ": it implements neither KernelOpInterface nor ScalarFunctionOpInterface";
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

FailureOr<TargetDescription> narrow::getKernelTarget(ModuleOp module) {
  FailureOr<TargetDescription> target = TargetDescription::get(module);
  if (failed(target))
    return failure();
  // Every x86-64 has the pair product, LLVM does not find it in plain code.
  if (getTarget(module).getX86() && target->dot == DotKind::GenericPairs)
    target->dot = DotKind::Pmaddwd;
  if (target->dot != DotKind::Pmaddwd || target->lanes < 8)
    return target;
  TargetDescription bytes = *target;
  bytes.dot = DotKind::Pmaddubsw;
  bool any = false, all = true;
  module.walk([&](KernelOpInterface op) {
    std::optional<int64_t> most = op.getMostWeight();
    if (most == 0)
      return;
    any = true;
    all &= most && *most <= bytes.mostWeight();
  });
  return any && all ? bytes : *target;
}

LogicalResult narrow::requireCodeStage(ModuleOp module, StageUser user) {
  Stage accepted[] = {Stage::Integer, Stage::Float, Stage::Observed, Stage::Imported};
  // Nothing computes with the codes of a model that came quantized.
  return requireStage(module, ArrayRef(accepted).drop_back(isPreQuantized(module)), user);
}
