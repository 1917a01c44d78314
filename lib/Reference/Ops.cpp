//===- Ops.cpp - EvaluableOpInterface and helpers for its models ----------===//
#include "Ops.h"
#include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.h"

using namespace mlir;
using namespace narrow::reference;

#include "narrow/Reference/EvaluableOpInterface.cpp.inc"

void narrow::registerEvaluableModels(DialectRegistry &registry) {
  registerTosaScalarFunctionModels(registry);
  registerContraction(registry);
  registerElementwise(registry);
  registerFunctions(registry);
  registerMovement(registry);
  registerPooling(registry);
  registerQuantization(registry);
  registerReduction(registry);
  registerRescale(registry);
  registerTokens(registry);
}

SmallVector<int64_t> narrow::reference::getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

int64_t narrow::reference::getInteger(const Tensor &tensor, int64_t i) {
  return dispatch(tensor.kind, [&](auto zero) -> int64_t {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, float>)
      return 0;
    else
      return tensor.values<T>()[i];
  });
}

FailureOr<int64_t> narrow::reference::getZeroPoint(const Call &call, unsigned operand, bool isUnsigned) {
  if (operand >= call.operands.size())
    return call.error() << "needs a zero point as operand " << operand;
  const Tensor &tensor = call.operand(operand);
  if (tensor.getNumElements() != 1)
    return call.error() << "zero point operand " << operand << " has " << tensor.getNumElements()
                        << " elements, expected 1";
  if (tensor.kind == ElementKind::F32) {
    if (tensor.values<float>()[0] != 0.0f)
      return call.error() << "float zero point operand " << operand << " must be 0";
    return int64_t{0};
  }
  int64_t value = getInteger(tensor, 0);
  if (isUnsigned && tensor.kind == ElementKind::I8)
    return value & 0xff;
  if (isUnsigned && tensor.kind == ElementKind::I16)
    return value & 0xffff;
  return value;
}

LogicalResult narrow::reference::rejectKinds(const Call &call) {
  auto diagnostic = call.error() << "has no evaluation for element types (";
  llvm::interleaveComma(call.op->getOperandTypes(), diagnostic, [&](Type type) { diagnostic << type; });
  diagnostic << ") -> (";
  llvm::interleaveComma(call.op->getResultTypes(), diagnostic, [&](Type type) { diagnostic << type; });
  diagnostic << ")";
  return failure();
}
