//===- ModelInterface.h - What a compiled model tells its users -*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_MODELINTERFACE_H
#define NARROW_TARGET_CPU_MODELINTERFACE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Runtime/Model.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace narrow {

/// The version of the compiler, as compiled models report it.
StringRef getCompilerVersion();

/// An input or an output of a model; the fields of `narrow_tensor`.
struct TensorDescription {
  std::string name, layout;
  std::vector<int64_t> shape;
  int64_t count = 1;
  narrow_type type = NARROW_F32;
  narrow_type codeType = NARROW_NONE;
  double scale = 0;
  int64_t zeroPoint = 0;
};

/// What the C interface is generated from.
struct ModelDescription {
  std::vector<TensorDescription> inputs, outputs;
  std::vector<std::string> observers;
  int64_t arenaSize = 0, arenaAlignment = 64;
  std::string isa;       // of `narrow.target`, empty if the module has none
  bool hasCodes = false; // there is a @network
  bool observed = false; // @main takes an observer
  int64_t threads = 1;   // that may run one call; if more, @main and @network take a team
};

/// Reads the description from a module of the vector stage: the arguments of
/// @main are the arena, then an observer (`!llvm.ptr`, if `narrow.observed` is
/// there), inputs, outputs (marked `narrow.output`), and, if `narrow.threads` is
/// there, those of --narrow-distribute-threads. Errors name the argument.
llvm::Expected<ModelDescription> describeModel(ModuleOp module);

/// The strings of `narrow_model_info` that are not in the module.
struct ModelIdentity {
  std::string prefix;   // of the C functions
  std::string name;     // of the model
  std::string manifest; // JSON
  std::string triple, cpu, isa, features;
  uint64_t weightsSize = 0; // bytes of constants
};

/// What @main and @network were translated to for one instruction set.
struct VariantCode {
  llvm::Function *main = nullptr;
  llvm::Function *network = nullptr; // null if there are no codes
  std::string features;              // of getRequiredFeatures
};

/// Adds `<prefix>_info`, `_run`, `_run_codes`, for an observed model `_observe`, and
/// for one of several threads `_run_threads` and `_run_codes_threads` to the module
/// that holds `variants`, the best first. They run on any CPU of the module's triple
/// and return an error on one that has no variant.
llvm::Error addModelInterface(llvm::Module &module, const ModelDescription &model,
                              const ModelIdentity &identity, llvm::ArrayRef<VariantCode> variants);

} // namespace narrow

#endif
