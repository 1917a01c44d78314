//===- KernelOps.h - How code generation sees the ops -----------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_KERNELOPS_H
#define NARROW_TARGET_CPU_KERNELOPS_H

#include "narrow/Analysis/Stage.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// What code an op becomes.
enum class KernelRole {
  Unsupported, ///< there is no code for it
  Constant,    ///< cloned into the kernels that read it
  Elementwise, ///< one output element from the elements at the same place
  Contraction, ///< convolution, matrix product: register tiles
  Window,      ///< pooling: each input element is read several times
  Reduction,   ///< sum, maximum …: each input element is read once
  Movement,    ///< copies elements to other places
};

KernelRole getKernelRole(Operation *op);

/// Multiplications of one contraction.
int64_t countProducts(Operation *contraction);

/// The largest magnitude of the weights of an integer contraction, their zero point taken
/// off; nothing unless they are constants.
std::optional<int64_t> getMostWeight(Operation *contraction);

/// True when code can be generated for `op`; else says why not in `reason`.
bool isSupportedByKernels(Operation *op, std::string &reason);

/// Starts the error of an op without code, "'id': tosa.concat cannot be compiled: "; the reason follows.
InFlightDiagnostic emitUnsupported(Operation *op);

/// requireStage for the passes up to narrow-lower-kernels: the integer stage becomes code, and a float network,
/// observed or not.
LogicalResult requireCodeStage(ModuleOp module, StageUser user = StageUser::Pass);

} // namespace narrow

#endif
