//===- Extensions.h - What others add to a driver ---------------*- C++ -*-===//
//
// Plugins, passes between two stages, and MLIR's own options. Members of the objects that live in main.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_EXTENSIONS_H
#define NARROW_PIPELINES_EXTENSIONS_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace narrow {

/// --load-dialect-plugin, --load-pass-plugin, --run-after, and, without a line in --help, MLIR's options
/// for printing IR, timing, threads and reproducers of failures.
struct ExtensionOptions {
  explicit ExtensionOptions(llvm::cl::OptionCategory &category);
  llvm::cl::list<std::string> dialectPlugins, passPlugins, runAfter;

  /// Loads the plugins; reads --run-after. What a driver does first after it has parsed its options.
  llvm::Error load();
  void registerDialects(DialectRegistry &registry) const;
  /// Sets what MLIR's options, as they were given, ask of a context.
  void configure(MLIRContext &context) const;

  /// Fails if --run-after names a stage other than those `reached`, which `model` takes here.
  llvm::Error checkStages(ArrayRef<Stage> reached, StringRef model) const;
  /// Adds the passes that --run-after has for `stage`, which a module has reached, and the check that it
  /// still is in that stage; tensors of the float stage that are new get ids. Adds nothing without such
  /// passes.
  void addPasses(OpPassManager &pm, Stage stage) const;
  /// Brings the network of `model` from the imported or the float to the float stage, with these passes after
  /// both.
  llvm::Error runToFloat(ModuleOp module, StringRef model) const;

private:
  struct Passes {
    Stage stage;
    std::string pipeline; ///< of passes on a module
  };
  std::vector<Passes> passes;
  std::vector<std::function<void(DialectRegistry &)>> dialects;
};

} // namespace narrow

#endif
