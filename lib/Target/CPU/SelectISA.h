//===- SelectISA.h - Code that asks the CPU what it has ---------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_SELECTISA_H
#define NARROW_LIB_TARGET_CPU_SELECTISA_H

#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace narrow {

/// Adds `i32 @narrow.select_isa()` to `module`: the number of the first of
/// `alternatives` (CPU features, comma separated) that the running CPU and its
/// operating system have all of, or -1. The answer is kept in a word of the module.
/// Null if every CPU of the module's triple has the first one. Features that no
/// instruction selected by LLVM on its own needs (rdseed, prfchw ...) are not asked for.
llvm::Function *createISASelector(llvm::Module &module, llvm::ArrayRef<std::string> alternatives);

} // namespace narrow

#endif
