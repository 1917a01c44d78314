//===- narrow-test-emit.cpp - From a file of the vector stage to artifacts ===//
//
// Lets lit tests reach code emission without the stages before it.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "narrow/InitAll.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Disassembly.h"
#include "narrow/Target/CPU/Emit.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace narrow;
namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::desc("<vector stage>"), cl::Required);
static cl::opt<std::string> output("o", cl::desc("output file"), cl::Required);
static cl::opt<std::string> emit("emit", cl::desc("obj, lib, llvm, asm or header"), cl::init("obj"));
static cl::opt<std::string> name("name", cl::desc("prefix of the functions"));
static cl::opt<std::string> manifest("manifest", cl::desc("JSON"));
static cl::opt<std::string> cpu("mcpu"), triple("mtriple"), features("mattr"), isaName("isa");
static cl::opt<uint64_t> largeConstants("large-constants",
                                        cl::desc("bytes of constants that code reaches at any distance"),
                                        cl::init(EmitOptions().largeConstants));
static cl::opt<bool> verifyIntegerOnly("verify-integer-only",
                                       cl::desc("disassemble the object and look for floats"));

static llvm::Error run() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::Expected<TargetSpec> target = resolveTarget({cpu, triple, features, isaName});
  if (!target)
    return target.takeError();
  auto fail = [](const llvm::Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
  };
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  if (!module)
    return fail("cannot parse '" + input + "'");

  EmitOptions options;
  options.target = *target;
  options.name = llvm::sys::path::stem(input).str();
  options.prefix = name.empty() ? makeSymbolPrefix(options.name) : name;
  options.manifest = manifest;
  options.largeConstants = largeConstants;
  if (verifyIntegerOnly) {
    llvm::Expected<ObjectBuffer> object = emitObject(*module, options);
    if (!object)
      return object.takeError();
    llvm::Expected<FloatReport> report =
        countFloatInstructions(llvm::StringRef(object->data(), object->size()), [&](llvm::StringRef symbol) {
          return mustBeIntegerOnly(symbol, options.prefix);
        });
    if (!report)
      return report.takeError();
    if (!report->uses.empty())
      return fail("float arithmetic: " + report->summary());
    llvm::outs() << "integer only: " << report->functions << " functions\n";
  }
  if (emit == "obj")
    return writeObject(*module, options, output);
  if (emit == "lib")
    return writeLibrary(*module, options, output);
  if (emit == "llvm")
    return writeLLVMIR(*module, options, output);
  if (emit == "header")
    return writeHeader(*module, options, output);
  llvm::Expected<std::string> text = emitAssembly(*module, options);
  return text ? writeFile(output, *text) : text.takeError();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "Emits code for a module of the vector stage\n");
  if (llvm::Error error = run()) {
    llvm::WithColor::error(llvm::errs(), "narrow-test-emit") << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
