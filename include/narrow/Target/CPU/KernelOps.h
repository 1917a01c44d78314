//===- KernelOps.h - How code generation sees the ops -----------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_KERNELOPS_H
#define NARROW_TARGET_CPU_KERNELOPS_H

#include "narrow/Analysis/Stage.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// How an op joins kernels.
enum class KernelRole {
  Unsupported, ///< there is no code for it
  Constant,    ///< cloned into the kernels that read it
  Elementwise, ///< one output element from the elements at the same place
  Contraction, ///< convolution, matrix product: loops of its own, and element-wise ops behind it
  Window,      ///< pooling: each input element is read several times
  Reduction,   ///< sum, maximum …: each input element is read once
  Custom,      ///< a kernel of its own: copies, softmax
};

/// That of KernelOpInterface; Elementwise for other functions of one element.
KernelRole getKernelRole(Operation *op);

/// Whether an op of this role writes its kernel's loops.
inline bool ownsLoops(KernelRole role) {
  return role == KernelRole::Contraction || role == KernelRole::Custom;
}

/// Multiplications of one contraction; 0 for other ops.
int64_t countProducts(Operation *op);

/// See KernelOpInterface.
std::optional<int64_t> getDefaultMostWeight(Operation *op);

/// True when code can be generated for `op`; else says why not in `reason`.
bool isSupportedByKernels(Operation *op, std::string &reason);

/// Starts the error of an op without code, "'id': tosa.concat cannot be compiled: "; the reason follows.
InFlightDiagnostic emitUnsupported(Operation *op);

/// narrow.target, with what it means for the contractions of the module: portable code for an x86-64 uses its
/// pair product, and bytes are multiplied in place of 16-bit codes where every weight is small enough for
/// vpmaddubsw. Fails after an error.
FailureOr<TargetDescription> getKernelTarget(ModuleOp module);

/// requireStage for the passes up to narrow-lower-kernels: the integer stage becomes code, and a float
/// network, observed or not.
LogicalResult requireCodeStage(ModuleOp module, StageUser user = StageUser::Pass);

} // namespace narrow

#endif
