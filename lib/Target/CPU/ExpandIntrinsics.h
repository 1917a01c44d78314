//===- ExpandIntrinsics.h - Keeps the C library out of objects --*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_EXPANDINTRINSICS_H
#define NARROW_LIB_TARGET_CPU_EXPANDINTRINSICS_H

#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace narrow {

/// Replaces llvm.fma, llvm.roundeven, llvm.floor … by arithmetic with the same
/// results, where the target has no instruction and LLVM would call libm (x86
/// without FMA, without SSE4.1). To be run before optimization.
void expandFloatIntrinsics(llvm::Module &module, const llvm::TargetMachine &machine);

/// Replaces llvm.memcpy, llvm.memmove and llvm.memset that are too large to
/// become instructions by calls of internal functions. To be run after
/// optimization.
void expandMemoryIntrinsics(llvm::Module &module);

/// An error if the module uses an intrinsic of another architecture or of an
/// instruction set that the target lacks: instruction selection would end the
/// process.
llvm::Error checkTargetIntrinsics(const llvm::Module &module, const llvm::TargetMachine &machine);

} // namespace narrow

#endif
