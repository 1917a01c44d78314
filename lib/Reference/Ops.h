//===- Ops.h - The evaluation functions of the ops --------------*- C++ -*-===//
#ifndef NARROW_LIB_REFERENCE_OPS_H
#define NARROW_LIB_REFERENCE_OPS_H

#include "mlir/IR/Operation.h"
#include "narrow/Reference/Tensor.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <mutex>

namespace narrow::reference {

/// What an op computed once from its constant operands (packed weights).
class Prepared {
public:
  template <typename T, typename F>
  const T &get(F &&make) {
    std::call_once(once, [&] { value = std::make_shared<T>(make()); });
    return *static_cast<const T *>(value.get());
  }

private:
  std::once_flag once;
  std::shared_ptr<void> value;
};

/// One evaluation of one op. Operands and results have the static shapes and
/// the kinds of the op's types; the results are all 0 and wait to be filled.
struct Call {
  Operation *op;
  ArrayRef<const Tensor *> operands;
  MutableArrayRef<Tensor> results;
  /// Where to keep what depends on the op's weights alone; null if they are no
  /// constants.
  Prepared *prepared = nullptr;

  const Tensor &operand(unsigned i) const { return *operands[i]; }
  Tensor &result() const { return results[0]; }
  InFlightDiagnostic error() const { return op->emitOpError(); }
};

using OpFunction = LogicalResult (*)(Call &);

/// Which tensors an op accepts.
enum class Codes {
  Reject, ///< real numbers and plain integers
  Accept, ///< also quantized types: the op moves or converts codes
};

/// Evaluation functions by op name.
class OpRegistry {
public:
  struct Entry {
    OpFunction function;
    Codes codes;
  };

  /// With the functions of every family below.
  static const OpRegistry &get();

  const Entry *lookup(StringRef name) const {
    auto it = entries.find(name);
    return it == entries.end() ? nullptr : &it->second;
  }

  /// Registers `function`, which takes (OpT, Call &).
  template <typename OpT, LogicalResult (*function)(OpT, Call &)>
  void add(Codes codes = Codes::Reject) {
    entries[OpT::getOperationName()] = {[](Call &call) { return function(cast<OpT>(call.op), call); }, codes};
  }
  /// Registers a function that needs nothing of the op but its tensors.
  template <typename OpT>
  void add(OpFunction function, Codes codes = Codes::Reject) {
    entries[OpT::getOperationName()] = {function, codes};
  }

private:
  llvm::StringMap<Entry> entries;
};

void registerContraction(OpRegistry &registry);
void registerElementwise(OpRegistry &registry);
void registerFunctions(OpRegistry &registry);
void registerMovement(OpRegistry &registry);
void registerPooling(OpRegistry &registry);
void registerQuantization(OpRegistry &registry);
void registerReduction(OpRegistry &registry);
void registerRescale(OpRegistry &registry);
void registerTokens(OpRegistry &registry);

//===----------------------------------------------------------------------===//
// Helpers of several families
//===----------------------------------------------------------------------===//

/// Row-major strides, in elements.
SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape);

/// Element `i` of an integer tensor; elements of an f32 tensor are 0.
int64_t getInteger(const Tensor &tensor, int64_t i);

/// The one element of a zero point operand. Reads codes as unsigned on demand;
/// an f32 zero point must be 0 (TOSA has no other).
FailureOr<int64_t> getZeroPoint(const Call &call, unsigned operand, bool isUnsigned = false);

/// Emits an error naming the kinds that `op` got.
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
