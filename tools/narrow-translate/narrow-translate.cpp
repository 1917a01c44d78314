//===- narrow-translate.cpp - ONNX models to MLIR -------------------------===//
//
// Exit codes: 0 done, 1 the model cannot be imported (or the output not
// written), 2 the command line is wrong.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::OptionCategory category("narrow-translate options");
static cl::opt<std::string> inputPath(cl::Positional, cl::desc("<model>"), cl::init(""), cl::cat(category));
static cl::opt<std::string> outputPath("o", cl::desc("Output file; '-' is standard output"),
                                       cl::value_desc("file"), cl::init("-"), cl::cat(category));
static cl::opt<bool> importOnnx("import-onnx", cl::desc("Import an ONNX model (opset 1 to 23)"),
                                cl::cat(category));
static cl::list<std::string> shapes("shape", cl::desc("Shape of an input whose dimensions are open"),
                                    cl::value_desc("input=1x3x224x224"), cl::cat(category));
static cl::opt<bool> noLocations("strip-locations", cl::desc("Print without the names of the ONNX tensors"),
                                 cl::cat(category));

/// Opens the output before the work and names it after, so that it appears
/// whole or not at all.
static llvm::Error translate(MLIRContext &context, const mlir::narrow::ImportOptions &options,
                             bool &imported) {
  auto output = ::narrow::OutputFile::open(outputPath);
  if (!output)
    return output.takeError();
  OwningOpRef<ModuleOp> module = mlir::narrow::importONNX(inputPath, context, options);
  imported = static_cast<bool>(module);
  if (!imported)
    return llvm::Error::success();
  OpPrintingFlags flags;
  if (!noLocations)
    flags.enableDebugInfo();
  module->print((*output)->os(), flags);
  return (*output)->commit();
}

static int usageError(const Twine &why) {
  llvm::errs() << "narrow-translate: " << why << "\nSee narrow-translate --help\n";
  return 2;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  // With an error stream given, a wrong command line returns instead of
  // exiting with 1.
  if (!cl::ParseCommandLineOptions(argc, argv, "Imports models into MLIR\n", &llvm::errs()))
    return 2;
  if (!importOnnx)
    return usageError("say what to do: --import-onnx");
  if (inputPath.empty())
    return usageError("name the model to import");
  mlir::narrow::ImportOptions options;
  for (const std::string &shape : shapes)
    if (std::string error; failed(mlir::narrow::parseShapeOption(shape, options, error)))
      return usageError("--shape: " + error);

  MLIRContext context(MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  bool imported = false;
  if (llvm::Error error = translate(context, options, imported)) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return imported ? 0 : 1;
}
