//===- Disassembly.h - What instructions an object has ----------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_DISASSEMBLY_H
#define NARROW_TARGET_CPU_DISASSEMBLY_H

#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace narrow {

/// The result of countFloatInstructions.
struct FloatReport {
  struct Use {
    std::string function, mnemonic;
    uint64_t address; // in its section
  };
  std::vector<Use> uses;     // float arithmetic, in the order of symbols and addresses
  unsigned functions = 0;    // disassembled
  uint64_t instructions = 0; // disassembled

  /// "kernel_conv1: 2 x vmulps, 1 x vaddps; network: ...".
  std::string summary() const;
};

/// Whether `symbol` may not contain float arithmetic: everything but the entry,
/// the exit, and the C interface (`prefix`) that calls them.
bool mustBeIntegerOnly(llvm::StringRef symbol, llvm::StringRef prefix);

/// Whether `mnemonic` is float arithmetic or conversion; moves, shuffles and
/// logic are not, since compilers use their float forms for integers.
bool isFloatArithmetic(llvm::StringRef mnemonic, bool isX86);

/// Disassembles the functions of an ELF object or library whose symbol `filter`
/// accepts. No function at all is an error, since it would prove nothing.
llvm::Expected<FloatReport> countFloatInstructions(llvm::StringRef object,
                                                   llvm::function_ref<bool(llvm::StringRef)> filter);

} // namespace narrow

#endif
