//===- Evaluator.h - Evaluates a module on host tensors ---------*- C++ -*-===//
//
// The reference evaluator of the tensor stages (docs/architecture.md): it
// defines what compiled code computes, byte for byte.
//
// Float arithmetic has a fixed order. A contraction starts each output at its
// bias and adds the products by std::fma in ascending order of kernel row,
// kernel column and input channel; padding counts as 0. Averages and sums start
// at 0 and add in ascending order. Everything else is the plain f32 operation.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_REFERENCE_EVALUATOR_H
#define NARROW_REFERENCE_EVALUATOR_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Reference/Tensor.h"
#include "narrow/Support/LLVM.h"
#include <functional>
#include <memory>

namespace narrow::reference {

/// Called for every computed value, including constants, in the order of the
/// IR, with the op that computed it or, for a block argument, the op around the
/// block. The tensor is only valid during the call.
using Observer = std::function<void(Operation *, Value, const Tensor &)>;

/// Computes the results of one op on operands of its types; fails with a diagnostic on the op.
/// Shape operands are i64 tensors.
LogicalResult evaluateOp(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results);

/// A module prepared for evaluation. Copies share the decoded constants; the
/// module must outlive them and must not change.
class Evaluator {
public:
  /// Prepares `entry` and every function that it calls: resolves ops, decodes
  /// and folds constants. Fails with a diagnostic on the unsupported op if an
  /// op or a type is not supported.
  static FailureOr<Evaluator> create(ModuleOp module, StringRef entry = "main");

  /// Evaluates one of the prepared functions. Fails with a diagnostic if the
  /// inputs do not match its arguments or an op is undefined for its operands.
  /// May run in several threads at once.
  LogicalResult run(ArrayRef<Tensor> inputs, SmallVectorImpl<Tensor> &outputs, StringRef function = "main",
                    const Observer &observer = {}) const;

private:
  struct Program;
  explicit Evaluator(std::shared_ptr<const Program> program) : program(std::move(program)) {}
  std::shared_ptr<const Program> program;
};

} // namespace narrow::reference

#endif
