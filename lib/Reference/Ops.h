//===- Ops.h - Models of ops, by family -------------------------*- C++ -*-===//
#ifndef NARROW_LIB_REFERENCE_OPS_H
#define NARROW_LIB_REFERENCE_OPS_H

#include "mlir/IR/DialectRegistry.h"
#include "narrow/Reference/EvaluableOpInterface.h"
#include "narrow/Support/LLVM.h"

namespace narrow::reference {

/// Which tensors an op accepts.
enum class Codes {
  Reject, ///< real numbers and plain integers
  Accept, ///< also quantized types: the op moves or converts codes
};

/// A model of OpT that evaluates `function`, which takes (OpT, Call &), or (Call &) if it needs only the
/// tensors.
template <typename OpT, auto function, Codes codes>
struct EvaluableModel : EvaluableOpInterface::ExternalModel<EvaluableModel<OpT, function, codes>, OpT> {
  LogicalResult evaluate(Operation *op, Call &call) const {
    if constexpr (std::is_invocable_v<decltype(function), Call &>)
      return function(call);
    else
      return function(cast<OpT>(op), call);
  }
  bool acceptsCodes(Operation *) const { return codes == Codes::Accept; }
};

template <typename OpT, auto function, Codes codes = Codes::Reject>
void attach(MLIRContext *context) {
  OpT::template attachInterface<EvaluableModel<OpT, function, codes>>(*context);
}

void registerContraction(DialectRegistry &registry);
void registerElementwise(DialectRegistry &registry);
void registerFunctions(DialectRegistry &registry);
void registerMovement(DialectRegistry &registry);
void registerPooling(DialectRegistry &registry);
void registerQuantization(DialectRegistry &registry);
void registerReduction(DialectRegistry &registry);
void registerRescale(DialectRegistry &registry);
void registerTokens(DialectRegistry &registry);

//===----------------------------------------------------------------------===//
// Helpers for several families
//===----------------------------------------------------------------------===//

/// Row-major strides, in elements.
SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape);

/// Element `i` of an integer tensor; elements of an f32 tensor are 0.
int64_t getInteger(const Tensor &tensor, int64_t i);

/// The only element of a zero point operand, optionally read as unsigned; an
/// f32 zero point must be 0 (TOSA has no other).
FailureOr<int64_t> getZeroPoint(const Call &call, unsigned operand, bool isUnsigned = false);

/// The value of a ScalarFunctionOpInterface on f32: computed in double (rule N16), rounded once.
LogicalResult evaluateScalarFunction(Call &call);

/// Emits an error that names the kinds that the op got.
LogicalResult rejectKinds(const Call &call);

/// Calls f(offset of the row in each tensor) for each row along the last
/// axis of `shape`, in row-major order; `strides` of each of N tensors are in
/// elements, 0 where the tensor is broadcast.
template <size_t N, typename F>
void forEachRow(ArrayRef<int64_t> shape, const std::array<SmallVector<int64_t>, N> &strides, F &&f) {
  std::array<int64_t, N> offset{};
  if (llvm::is_contained(shape, 0))
    return;
  if (shape.size() <= 1)
    return f(offset);
  SmallVector<int64_t> index(shape.size() - 1, 0);
  while (true) {
    f(offset);
    int64_t axis = index.size() - 1;
    for (; axis >= 0; --axis) {
      for (size_t t = 0; t < N; ++t)
        offset[t] += strides[t][axis];
      if (++index[axis] < shape[axis])
        break;
      for (size_t t = 0; t < N; ++t)
        offset[t] -= strides[t][axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0)
      return;
  }
}

} // namespace narrow::reference

#endif
