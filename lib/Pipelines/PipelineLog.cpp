//===- PipelineLog.cpp - The passes that were run -------------------------===//
#include "narrow/Pipelines/PipelineLog.h"
#include "mlir/Pass/PassRegistry.h"
#include "narrow/Pipelines/Model.h"

using namespace mlir;
using namespace narrow;

/// The passes of `pm`, without the module around them.
static std::string printPasses(OpPassManager &pm) {
  std::string text;
  llvm::raw_string_ostream os(text);
  pm.printAsTextualPipeline(os);
  StringRef passes(text);
  if (passes.consume_front((pm.getOpAnchorName() + "(").str()))
    passes.consume_back(")");
  return passes.str();
}

LogicalResult PipelineLog::run(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build) {
  return runPipeline(module, [&](OpPassManager &pm) {
    build(pm);
    if (std::string text = printPasses(pm); !text.empty())
      passes += (passes.empty() ? "" : ",") + text;
  });
}

/// Whether an element of a list option, printed and parsed, is `text` again: MLIR has no way to escape.
static bool canBeSpelled(StringRef text) {
  int depth = 0;
  for (char c : text) {
    depth += (c == '{') - (c == '}');
    if (depth < 0 || c == '"' || c == '\'' || (depth == 0 && c == ','))
      return false;
  }
  return depth == 0 && text.trim() == text;
}

llvm::Expected<std::string> PipelineLog::print(ArrayRef<std::string> texts) const {
  for (const std::string &text : texts)
    if (!canBeSpelled(text))
      return llvm::createStringError("--print-pipeline: '" + text +
                                     "' cannot be spelled in a pipeline: it has quotes, a comma or "
                                     "braces that are not closed");
  std::string message;
  llvm::raw_string_ostream os(message);
  OpPassManager parsed(ModuleOp::getOperationName());
  if (failed(parsePassPipeline(passes, parsed, os)) || printPasses(parsed) != passes)
    return llvm::createStringError(
        "--print-pipeline: the passes have options that cannot be spelled in a pipeline");
  return "builtin.module(" + passes + ")";
}
