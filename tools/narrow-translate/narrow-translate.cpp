//===- narrow-translate.cpp - ONNX models to MLIR -------------------------===//
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Support/OutputFile.h"

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"narrow-translate options"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<model>"), cl::init(""), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file; '-' is standard output"), cl::value_desc("file"),
                              cl::init("-"), cl::cat(category)};
  cl::opt<bool> importOnnx{"import-onnx", cl::desc("Import an ONNX model (opset 1 to 23)"),
                           cl::cat(category)};
  cl::list<std::string> shapes{"shape", cl::desc("Shape of an input whose dimensions are open"),
                               cl::value_desc("input=1x3x224x224"), cl::cat(category)};
  cl::opt<bool> noLocations{"strip-locations", cl::desc("Print without the names of the ONNX tensors"),
                            cl::cat(category)};
};
} // namespace

static int translate(const Options &options) {
  if (!options.importOnnx)
    return reportUsage("say what to do: --import-onnx");
  if (options.input.empty())
    return reportUsage("name the model to import");
  llvm::Expected<ImportOptions> import = parseShapes(options.shapes);
  if (!import)
    return reportError(import.takeError());
  if (llvm::Error error = checkIsNoInput(options.output, {options.input}))
    return reportError(std::move(error));
  // Opened before the work and named after, so that it appears whole or not at all.
  auto output = OutputFile::open(options.output);
  if (!output)
    return reportError(output.takeError());
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ToolDiagnostics diagnostics(&context);
  OwningOpRef<ModuleOp> module = importONNX(options.input, context, *import);
  if (!module)
    return BadInput;
  OpPrintingFlags flags;
  if (!options.noLocations)
    flags.enableDebugInfo();
  module->print((*output)->os(), flags);
  if (llvm::Error error = (*output)->commit())
    return reportError(std::move(error));
  return Done;
}

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(argc, argv, "Imports models into MLIR.\n", options.category))
    return BadUsage;
  return finishTool(translate(options));
}
