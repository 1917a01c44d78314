//===- EvaluableOpInterface.h - Evaluation of one op -------------*- C++ -*-===//
#ifndef NARROW_REFERENCE_EVALUABLEOPINTERFACE_H
#define NARROW_REFERENCE_EVALUABLEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "narrow/Reference/Tensor.h"
#include "narrow/Support/LLVM.h"
#include <memory>
#include <mutex>

namespace narrow {
namespace reference {

/// Data that an op computes once from its constant operands (packed weights).
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
/// the kinds of the op's types; the results are initialized to 0.
struct Call {
  Operation *op;
  ArrayRef<const Tensor *> operands;
  MutableArrayRef<Tensor> results;
  /// Storage for data that depend on all operands except the first; null if
  /// these are not constants.
  Prepared *prepared = nullptr;

  const Tensor &operand(unsigned i) const { return *operands[i]; }
  Tensor &result() const { return results[0]; }
  InFlightDiagnostic error() const { return op->emitOpError(); }
};

} // namespace reference

/// Attaches EvaluableOpInterface to the ops of tosa, quant and narrow as external
/// models, when their dialects are loaded, and ScalarFunctionOpInterface, which
/// some of these use.
void registerEvaluableModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Reference/EvaluableOpInterface.h.inc"

#endif
