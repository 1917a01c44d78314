//===- Emit.h - From the vector stage to files ------------------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_EMIT_H
#define NARROW_TARGET_CPU_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/Target.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace narrow {

/// The same model, lowered for another instruction set.
struct Variant {
  ModuleOp module; // vector stage
  TargetSpec target;
};

/// How a module of the vector stage becomes an artifact.
struct EmitOptions {
  TargetSpec target; // of resolveTarget
  /// Code for CPUs that lack the target's instructions, the best first. The
  /// artifact holds all of it and chooses when it runs.
  std::vector<Variant> fallbacks;
  std::string prefix;    // of the C functions, see CHeader.h
  std::string name;      // of the model; the prefix if empty
  std::string manifest;  // JSON, stored in the model
  unsigned optLevel = 3; // 0 to 3
  /// From so many bytes of constants on, code reaches them at any distance. Less leaves
  /// room for all else within the 2 GB of usual addresses.
  uint64_t largeConstants = uint64_t{1} << 30;
};

using ObjectBuffer = llvm::SmallVector<char, 0>;

/// Does to `pm` what MLIR's options on the command line say, in a program that has registered them.
void applyCommandLine(PassManager &pm);

/// Vector stage to LLVM dialect: canonicalize, --narrow-lower-to-llvm, clean
/// up.
void buildLowerToLLVM(OpPassManager &pm);

// All of these take a module of the vector stage and leave it as it is. Errors
// carry the location and text of what the passes reported. The same input gives
// the same bytes.

/// Optimized LLVM IR with the model's C interface, ready for code generation.
llvm::Expected<std::unique_ptr<llvm::Module>> translateToLLVM(ModuleOp module, const EmitOptions &options,
                                                              llvm::LLVMContext &context);
/// The same as text.
llvm::Expected<std::string> emitLLVMIR(ModuleOp module, const EmitOptions &options);
/// A relocatable object that needs no other symbol.
llvm::Expected<ObjectBuffer> emitObject(ModuleOp module, const EmitOptions &options);
/// Assembler text.
llvm::Expected<std::string> emitAssembly(ModuleOp module, const EmitOptions &options);

// Files appear whole or not at all.
llvm::Error writeFile(StringRef path, StringRef contents);
llvm::Error writeObject(ModuleOp module, const EmitOptions &options, StringRef path);
llvm::Error writeLLVMIR(ModuleOp module, const EmitOptions &options, StringRef path);
llvm::Error writeHeader(ModuleOp module, const EmitOptions &options, StringRef path);
/// A shared library without dependencies; needs ld.lld.
llvm::Error writeLibrary(ModuleOp module, const EmitOptions &options, StringRef path);
/// Links an object of emitObject.
llvm::Error linkLibrary(StringRef object, StringRef path);

} // namespace narrow

#endif
