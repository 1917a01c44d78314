//===- PipelineLog.h - The passes that were run -----------------*- C++ -*-===//
#ifndef NARROW_PIPELINES_PIPELINELOG_H
#define NARROW_PIPELINES_PIPELINELOG_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <string>

namespace narrow {

/// Runs pipelines one after the other and knows them as one.
class PipelineLog {
public:
  /// runPipeline, which is noted.
  LogicalResult run(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build);
  /// All that has run, as --pass-pipeline takes it. `texts` are those that users gave and options hold; fails if one of
  /// them cannot be part of a pipeline.
  llvm::Expected<std::string> print(ArrayRef<std::string> texts) const;

private:
  std::string passes; ///< separated by commas, without the module around them
};

} // namespace narrow

#endif
