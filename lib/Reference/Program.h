//===- Program.h - A module prepared for evaluation -------------*- C++ -*-===//
#ifndef NARROW_LIB_REFERENCE_PROGRAM_H
#define NARROW_LIB_REFERENCE_PROGRAM_H

#include "Ops.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/LLVM.h"

namespace narrow::reference {

struct Body;

/// One op of a body. Values are stored in numbered slots.
struct Step {
  Operation *op;
  /// The results if the op is a constant or reads only constants.
  SmallVector<std::shared_ptr<const Tensor>> constants;
  /// For a call or a kernel, the body to evaluate in place of the op.
  const Body *body = nullptr;
  SmallVector<unsigned> operands, results;
  /// Slots that are not read after this step.
  SmallVector<unsigned> dead;
  std::unique_ptr<Prepared> prepared;
};

/// A block of straight-line code: a function or a kernel.
struct Body {
  Operation *parent;
  Block *block;
  unsigned numSlots = 0;
  SmallVector<unsigned> arguments, results;
  std::vector<Step> steps;
};

struct Evaluator::Program {
  llvm::StringMap<std::unique_ptr<Body>> functions;
  std::vector<std::unique_ptr<Body>> kernels;
};

/// Fills `bodies` with `entry` and what it calls; fails with a diagnostic.
LogicalResult buildProgram(ModuleOp module, StringRef entry,
                           llvm::StringMap<std::unique_ptr<Body>> &functions,
                           std::vector<std::unique_ptr<Body>> &kernels);

/// Fails with a diagnostic unless the op can be evaluated.
LogicalResult requireEvaluable(Operation *op);

/// Evaluates such an op on its operands; allocates the results.
LogicalResult evaluate(Operation *op, ArrayRef<const Tensor *> operands, Prepared *prepared,
                       SmallVectorImpl<std::shared_ptr<const Tensor>> &results);

} // namespace narrow::reference

#endif
