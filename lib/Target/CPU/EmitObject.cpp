//===- EmitObject.cpp - Vector stage to LLVM IR and object code -----------===//
#include "ExpandIntrinsics.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Emit.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::narrow {
namespace {

llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// Collects the errors that MLIR reports, to return them.
class ErrorCollector {
public:
  explicit ErrorCollector(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure(); // another handler's
          llvm::raw_string_ostream os(text);
          os << (text.empty() ? "" : "\n");
          if (!isa<UnknownLoc>(diagnostic.getLocation()))
            os << diagnostic.getLocation() << ": ";
          os << diagnostic;
          return success();
        }) {}

  llvm::Error take(const Twine &what) const { return makeError(text.empty() ? what : what + ": " + text); }

private:
  std::string text;
  ScopedDiagnosticHandler handler;
};

llvm::Expected<ModelIdentity> makeIdentity(const EmitOptions &options, const ModelDescription &model) {
  if (llvm::Error error = checkSymbolPrefix(options.prefix))
    return error;
  ModelIdentity identity;
  identity.prefix = options.prefix;
  identity.name = options.name.empty() ? options.prefix : options.name;
  identity.manifest = options.manifest;
  identity.triple = options.target.triple;
  identity.cpu = options.target.cpu;
  identity.isa = options.target.isa;
  identity.features = getRequiredFeatures(options.target);
  return identity;
}

/// The code was lowered for one ISA; another one's instructions may not exist.
llvm::Error checkISA(const ModelDescription &model, const EmitOptions &options) {
  if (model.isa.empty() || model.isa == options.target.isa)
    return llvm::Error::success();
  return makeError("the module was lowered for the ISA '" + model.isa +
                   "' (narrow.isa), but the target's is '" + options.target.isa +
                   "'; give --isa=" + model.isa + " or lower the model again");
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder builder(&machine);
  // No function of the C library is there to be called.
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  fam.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);
  llvm::OptimizationLevel levels[] = {llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
                                      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  llvm::OptimizationLevel chosen = levels[std::min(level, 3u)];
  llvm::ModulePassManager passes =
      level == 0 ? builder.buildO0DefaultPipeline(chosen) : builder.buildPerModuleDefaultPipeline(chosen);
  passes.run(module, mam);
}

/// Generates code of the given kind, with LLVM's errors returned.
llvm::Error generate(llvm::Module &module, const EmitOptions &options, llvm::CodeGenFileType kind,
                     llvm::raw_pwrite_stream &os) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(options.target, options.optLevel);
  if (!machine)
    return machine.takeError();
  std::string problems;
  module.getContext().setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *context) {
        if (info->getSeverity() != llvm::DS_Error)
          return;
        llvm::raw_string_ostream os(*static_cast<std::string *>(context));
        llvm::DiagnosticPrinterRawOStream printer(os);
        info->print(printer);
        os << "\n";
      },
      &problems);
  llvm::legacy::PassManager passes;
  bool unsupported = (*machine)->addPassesToEmitFile(passes, os, /*DwoOut=*/nullptr, kind);
  if (!unsupported)
    passes.run(module);
  module.getContext().setDiagnosticHandlerCallBack(nullptr, nullptr);
  if (unsupported)
    return makeError("LLVM cannot write this kind of file for '" + options.target.triple + "'");
  if (!problems.empty())
    return makeError("code generation failed: " + StringRef(problems).rtrim());
  return llvm::Error::success();
}

/// A compiled model links with nothing. What is undefined here is a call that
/// some lowering made of an operation.
llvm::Error checkUndefinedSymbols(StringRef object) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!file)
    return file.takeError();
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    llvm::Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() &&
        *name != "_GLOBAL_OFFSET_TABLE_")
      return makeError("the code calls '" + *name +
                       "', which is not part of the model: an operation of the vector "
                       "stage has no instruction on the target and must be lowered to "
                       "simpler ones");
  }
  return llvm::Error::success();
}

/// Lowers a clone of `module`. `model` gets its description.
llvm::Expected<OwningOpRef<ModuleOp>> lower(ModuleOp module, ModelDescription &model,
                                            const EmitOptions &options) {
  llvm::Expected<ModelDescription> description = describeModel(module);
  if (!description)
    return description.takeError();
  model = std::move(*description);
  if (llvm::Error error = checkISA(model, options))
    return error;
  MLIRContext *context = module.getContext();
  ErrorCollector errors(context);
  OwningOpRef<ModuleOp> clone = module.clone();
  PassManager pm(context);
  buildLowerToLLVM(pm);
  if (failed(pm.run(*clone)))
    return errors.take("cannot lower the vector stage to LLVM");
  return clone;
}

} // namespace

llvm::Expected<std::unique_ptr<llvm::Module>> translateToLLVM(ModuleOp module, const EmitOptions &options,
                                                              llvm::LLVMContext &llvmContext) {
  ModelDescription model;
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lower(module, model, options);
  if (!lowered)
    return lowered.takeError();
  llvm::Expected<ModelIdentity> identity = makeIdentity(options, model);
  if (!identity)
    return identity.takeError();
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(options.target, options.optLevel);
  if (!machine)
    return machine.takeError();

  MLIRContext *context = module.getContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  ErrorCollector errors(context);
  // Ours mean nothing to LLVM IR, and it would warn of each.
  (*lowered)->walk([](LLVM::LLVMFuncOp function) {
    for (unsigned argument = 0; argument < function.getNumArguments(); ++argument)
      if (DictionaryAttr attrs = function.getArgAttrDict(argument))
        for (NamedAttribute attr : attrs)
          if (attr.getName().getValue().starts_with("narrow."))
            function.removeArgAttr(argument, attr.getName());
  });
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(**lowered, llvmContext, identity->name);
  if (!result)
    return errors.take("cannot translate to LLVM IR");

  result->setSourceFileName(identity->name); // no path: it becomes a symbol of the object
  result->setTargetTriple((*machine)->getTargetTriple());
  result->setDataLayout((*machine)->createDataLayout());
  result->setPICLevel(llvm::PICLevel::BigPIC);
  if (llvm::Error error = addModelInterface(*result, model, *identity))
    return error;
  for (llvm::Function &function : *result)
    if (!function.isDeclaration() && !options.target.tune.empty())
      function.addFnAttr("tune-cpu", options.target.tune);

  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (llvm::verifyModule(*result, &os))
    return makeError("the LLVM IR is invalid: " + problems);
  if (llvm::Error error = ::narrow::checkTargetIntrinsics(*result, **machine))
    return error;
  ::narrow::expandFloatIntrinsics(*result, **machine);
  optimize(*result, **machine, options.optLevel);
  ::narrow::expandMemoryIntrinsics(*result);
  return result;
}

llvm::Expected<std::string> emitLLVMIR(ModuleOp module, const EmitOptions &options) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> result = translateToLLVM(module, options, context);
  if (!result)
    return result.takeError();
  std::string text;
  llvm::raw_string_ostream os(text);
  (*result)->print(os, nullptr);
  return text;
}

llvm::Expected<ObjectBuffer> emitObject(ModuleOp module, const EmitOptions &options) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> result = translateToLLVM(module, options, context);
  if (!result)
    return result.takeError();
  ObjectBuffer object;
  llvm::raw_svector_ostream os(object);
  if (llvm::Error error = generate(**result, options, llvm::CodeGenFileType::ObjectFile, os))
    return error;
  if (llvm::Error error = checkUndefinedSymbols(StringRef(object.data(), object.size())))
    return error;
  return object;
}

llvm::Expected<std::string> emitAssembly(ModuleOp module, const EmitOptions &options) {
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> result = translateToLLVM(module, options, context);
  if (!result)
    return result.takeError();
  ObjectBuffer text;
  llvm::raw_svector_ostream os(text);
  if (llvm::Error error = generate(**result, options, llvm::CodeGenFileType::AssemblyFile, os))
    return error;
  return std::string(text.data(), text.size());
}

llvm::Error writeObject(ModuleOp module, const EmitOptions &options, StringRef path) {
  llvm::Expected<ObjectBuffer> object = emitObject(module, options);
  if (!object)
    return object.takeError();
  return writeFile(path, StringRef(object->data(), object->size()));
}

llvm::Error writeLLVMIR(ModuleOp module, const EmitOptions &options, StringRef path) {
  llvm::Expected<std::string> text = emitLLVMIR(module, options);
  if (!text)
    return text.takeError();
  return writeFile(path, *text);
}

llvm::Error writeHeader(ModuleOp module, const EmitOptions &options, StringRef path) {
  llvm::Expected<ModelDescription> model = describeModel(module);
  if (!model)
    return model.takeError();
  llvm::Expected<ModelIdentity> identity = makeIdentity(options, *model);
  if (!identity)
    return identity.takeError();
  llvm::Expected<std::string> text = generateCHeader(*model, *identity);
  if (!text)
    return text.takeError();
  return writeFile(path, *text);
}

} // namespace mlir::narrow
