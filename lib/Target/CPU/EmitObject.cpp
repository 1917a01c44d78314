//===- EmitObject.cpp - Vector stage to LLVM IR and object code -----------===//
#include "ExpandIntrinsics.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "narrow/Support/Progress.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Emit.h"
#include "narrow/Target/CPU/Passes.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/ConstantMerge.h"

using namespace mlir;

namespace narrow {
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

/// Code for `variant` has what only counting bits uses if it does count bits.
TargetSpec getUsedTarget(const Variant &variant) {
  TargetSpec target = variant.target;
  auto isFound = [](math::CtPopOp) { return WalkResult::interrupt(); };
  if (!target.popcountFeatures.empty() && ModuleOp(variant.module).walk(isFound).wasInterrupted())
    target.features += (target.features.empty() ? "" : ",") + target.popcountFeatures;
  target.popcountFeatures.clear();
  return target;
}

SmallVector<Variant> getVariants(ModuleOp module, const EmitOptions &options) {
  SmallVector<Variant> variants{{module, options.target}};
  variants.append(options.fallbacks.begin(), options.fallbacks.end());
  for (Variant &variant : variants)
    variant.target = getUsedTarget(variant);
  return variants;
}

llvm::Expected<ModelIdentity> makeIdentity(const EmitOptions &options, ArrayRef<Variant> variants) {
  if (llvm::Error error = checkSymbolPrefix(options.prefix))
    return error;
  ModelIdentity identity;
  identity.prefix = options.prefix;
  identity.name = options.name.empty() ? options.prefix : options.name;
  identity.manifest = options.manifest;
  identity.triple = options.target.triple;
  identity.cpu = options.target.cpu;
  for (const Variant &variant : variants) {
    identity.isa += (identity.isa.empty() ? "" : ",") + variant.target.isa;
    identity.features += (&variant == variants.begin() ? "" : ";") + getRequiredFeatures(variant.target);
  }
  return identity;
}

/// The code was lowered for one ISA; another one's instructions may not exist.
llvm::Error checkISA(const ModelDescription &model, const TargetSpec &target) {
  if (model.isa.empty() || model.isa == target.getKernelISA())
    return llvm::Error::success();
  if (!target.emulatedISA.empty())
    return makeError("the module was lowered for the ISA '" + model.isa +
                     "' (narrow.target), but that to emulate is '" + target.emulatedISA +
                     "'; emulate that or lower the model again");
  return makeError("the module was lowered for the ISA '" + model.isa +
                   "' (narrow.target), but the target's is '" + target.isa + "'; give --isa=" + model.isa +
                   " or lower the model again");
}

/// Describes the model of all variants: they differ in what they need of an arena.
llvm::Expected<ModelDescription> describeVariants(ArrayRef<Variant> variants) {
  std::optional<ModelDescription> whole;
  for (const Variant &variant : variants) {
    llvm::Expected<ModelDescription> model = describeModel(variant.module);
    if (!model)
      return model.takeError();
    if (llvm::Error error = checkISA(*model, variant.target))
      return error;
    if (!whole) {
      whole = std::move(*model);
      continue;
    }
    if (model->inputs.size() != whole->inputs.size() || model->outputs.size() != whole->outputs.size() ||
        model->hasCodes != whole->hasCodes || model->threads != whole->threads || model->observed ||
        whole->observed)
      return makeError("the variants for '" + whole->isa + "' and '" + model->isa +
                       "' are not of one model, or observe it");
    whole->arenaSize = std::max(whole->arenaSize, model->arenaSize);
    whole->arenaAlignment = std::max(whole->arenaAlignment, model->arenaAlignment);
  }
  return std::move(*whole);
}

/// Code generation as work that is counted: for each function of each variant, so many steps of the passes
/// that lower to LLVM, of those that optimize, and of those that write machine code. About as long as they
/// take.
struct CodeProgress : Progress {
  static constexpr unsigned stepsOfStage = 4;

  explicit CodeProgress(ArrayRef<Variant> variants)
      : Progress("generating code", "steps", 3 * stepsOfStage * countFunctions(variants)) {}

  static uint64_t countFunctions(ArrayRef<Variant> variants) {
    uint64_t count = 0;
    for (const Variant &variant : variants)
      count += llvm::range_size(ModuleOp(variant.module).getOps<func::FuncOp>());
    return count;
  }
};

/// Advances with each pass over a module of MLIR.
class CountPasses : public PassInstrumentation {
public:
  CountPasses(CodeProgress &progress, uint64_t stepsOfPass) : progress(progress), stepsOfPass(stepsOfPass) {}
  void runAfterPass(Pass *, Operation *op) override {
    if (isa<ModuleOp>(op))
      progress.advance(stepsOfPass);
  }

private:
  CodeProgress &progress;
  uint64_t stepsOfPass;
};

void optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level, CodeProgress &progress) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  // Functions go through two pipelines one after the other, of which these are passes.
  llvm::PassInstrumentationCallbacks callbacks;
  llvm::StringMap<llvm::StringSet<>> seen{{"SROAPass", {}}, {"LoopVectorizePass", {}}};
  callbacks.registerAfterPassCallback([&](StringRef pass, llvm::Any unit, const llvm::PreservedAnalyses &) {
    auto it = seen.find(pass);
    auto *function = llvm::any_cast<const llvm::Function *>(&unit);
    if (it != seen.end() && function && it->second.insert((*function)->getName()).second)
      progress.advance(CodeProgress::stepsOfStage / 2);
  });
  // Kernels are vectors already. VectorCombine makes shuffles of dwords such of bytes, between which
  // and shuffles of words LLVM 22's selection goes back and forth forever on CPUs with VBMI.
  callbacks.registerShouldRunOptionalPassCallback(
      [](StringRef pass, llvm::Any) { return pass != "VectorCombinePass"; });
  llvm::PassBuilder builder(&machine, llvm::PipelineTuningOptions(), std::nullopt, &callbacks);
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

/// Runs behind the passes that write a function.
class CountFunctions : public llvm::FunctionPass {
public:
  explicit CountFunctions(CodeProgress &progress) : FunctionPass(id), progress(progress) {}
  bool runOnFunction(llvm::Function &) override {
    progress.advance(CodeProgress::stepsOfStage);
    return false;
  }
  void getAnalysisUsage(llvm::AnalysisUsage &usage) const override { usage.setPreservesAll(); }

private:
  static inline char id = 0;
  CodeProgress &progress;
};

uint64_t countConstantBytes(const llvm::Module &module) {
  uint64_t bytes = 0;
  for (const llvm::GlobalVariable &global : module.globals())
    if (global.hasInitializer() && global.isConstant())
      bytes += module.getDataLayout().getTypeAllocSize(global.getValueType());
  return bytes;
}

/// Whether there is an instruction on tiles.
bool usesTiles(const llvm::Module &module) {
  return llvm::any_of(module, [](const llvm::Function &function) {
    return function.isIntrinsic() && (function.getReturnType()->isX86_AMXTy() ||
                                      llvm::any_of(function.getFunctionType()->params(),
                                                   [](llvm::Type *type) { return type->isX86_AMXTy(); }));
  });
}

/// Generates code of the given kind, with LLVM's errors returned.
llvm::Error generate(llvm::Module &module, const EmitOptions &options, llvm::CodeGenFileType kind,
                     llvm::raw_pwrite_stream &os, CodeProgress &progress) {
  uint64_t constants = countConstantBytes(module);
  if (constants >= uint64_t{4} << 30 && !module.getTargetTriple().isX86())
    return makeError("the constants of the model have " + Twine(constants) + " bytes, but code for '" +
                     options.target.triple + "' reaches less than 4 GB; quantize the weights to fewer bits");
  // LLVM 22 makes invalid IR of tiles that live across blocks when it does not optimize.
  unsigned level = usesTiles(module) ? std::max(options.optLevel, 1u) : options.optLevel;
  // Functions say what else they may use.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(getBaseline(options.target), level, /*large=*/constants >= options.largeConstants);
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
  if (!unsupported) {
    passes.add(new CountFunctions(progress)); // of which `passes` takes possession
    passes.run(module);
  }
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

/// Translates a clone of `variant` to LLVM IR that is optimized for its target.
/// Functions and constants are internal, but for @main and @network. Adds the
/// constants to `constants`; equal ones are one.
llvm::Expected<std::unique_ptr<llvm::Module>> translateVariant(const Variant &variant, StringRef name,
                                                               unsigned optLevel,
                                                               llvm::DenseSet<llvm::Constant *> &constants,
                                                               llvm::LLVMContext &llvmContext,
                                                               CodeProgress &progress) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(variant.target, optLevel);
  if (!machine)
    return machine.takeError();
  MLIRContext *context = variant.module->getContext();
  ErrorCollector errors(context);
  OwningOpRef<ModuleOp> lowered = ModuleOp(variant.module).clone();
  PassManager pm(context);
  applyCommandLine(pm);
  if (!variant.target.emulatedISA.empty())
    pm.addPass(createNarrowEmulateIntrinsics({variant.target.isa}));
  buildLowerToLLVM(pm);
  constexpr uint64_t passes = 21; // about; those inside of narrow-lower-to-llvm included
  pm.addInstrumentation(std::make_unique<CountPasses>(
      progress, CodeProgress::stepsOfStage * CodeProgress::countFunctions(variant) / passes));
  if (failed(pm.run(*lowered)))
    return errors.take("cannot lower the vector stage to LLVM");
  // Ours mean nothing to LLVM IR, and it would warn of each.
  lowered->walk([](LLVM::LLVMFuncOp function) {
    for (unsigned argument = 0; argument < function.getNumArguments(); ++argument)
      if (DictionaryAttr attrs = function.getArgAttrDict(argument))
        for (NamedAttribute attr : attrs)
          if (attr.getName().getValue().starts_with("narrow."))
            function.removeArgAttr(argument, attr.getName());
  });
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(*lowered, llvmContext, name);
  if (!module)
    return errors.take("cannot translate to LLVM IR");

  module->setSourceFileName(name); // no path: it becomes a symbol of the object
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::GlobalVariable &global : module->globals()) {
    global.setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global); // equal ones become one
    constants.insert(global.getInitializer());
  }
  for (llvm::Function &function : *module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", variant.target.cpu);
    if (!variant.target.features.empty())
      function.addFnAttr("target-features", variant.target.features);
    if (!variant.target.tune.empty())
      function.addFnAttr("tune-cpu", variant.target.tune);
    // LLVM cannot align the stack any more when it finds that it must spill vectors:
    // their speed would depend on where the caller's stack is.
    if ((*machine)->getTargetTriple().isX86())
      function.addFnAttr(llvm::Attribute::getWithStackAlignment(llvmContext, llvm::Align(64)));
  }
  for (StringRef entry : {"main", "network"})
    if (llvm::Function *function = module->getFunction(entry))
      function->setLinkage(llvm::GlobalValue::ExternalLinkage); // nobody calls them yet

  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (llvm::verifyModule(*module, &os))
    return makeError("the LLVM IR is invalid: " + problems);
  if (llvm::Error error = checkTargetIntrinsics(*module, **machine))
    return error;
  expandFloatIntrinsics(*module, **machine);
  optimize(*module, **machine, optLevel, progress);
  return std::move(module);
}

} // namespace

void applyCommandLine(PassManager &pm) {
  (void)applyPassManagerCLOptions(pm); // Fails where there are no such options.
  applyDefaultTimingPassManagerCLOptions(pm);
}

static llvm::Expected<std::unique_ptr<llvm::Module>> translate(ArrayRef<Variant> variants,
                                                               const EmitOptions &options,
                                                               llvm::LLVMContext &llvmContext,
                                                               CodeProgress &progress) {
  llvm::Expected<ModelIdentity> identity = makeIdentity(options, variants);
  if (!identity)
    return identity.takeError();
  llvm::Expected<ModelDescription> model = describeVariants(variants);
  if (!model)
    return model.takeError();

  std::unique_ptr<llvm::Module> result;
  std::vector<VariantCode> code;
  llvm::DenseSet<llvm::Constant *> constants;
  for (const Variant &variant : variants) {
    auto translated =
        translateVariant(variant, identity->name, options.optLevel, constants, llvmContext, progress);
    if (!translated)
      return translated.takeError();
    // The program has a main of its own, and variants have the same names.
    std::string suffix = variants.size() > 1 ? "." + variant.target.isa : "";
    std::string main = identity->prefix + "_main" + suffix, network = "network" + suffix;
    for (llvm::Function &function : **translated)
      if (!function.isDeclaration())
        function.setName(function.getName() == "main" ? main : (function.getName() + suffix).str());
    if (!result)
      result = std::move(*translated);
    else if (llvm::Linker::linkModules(*result, std::move(*translated)))
      return makeError("the code for " + variant.target.isa + " cannot be linked with that for other ISAs");
    code.push_back(
        {result->getFunction(main), result->getFunction(network), getRequiredFeatures(variant.target)});
    for (llvm::Function *entry : {code.back().main, code.back().network})
      if (entry)
        entry->setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  for (llvm::Constant *constant : constants)
    identity->weightsSize += result->getDataLayout().getTypeAllocSize(constant->getType());
  if (variants.size() > 1) { // Some pack weights alike.
    llvm::ModuleAnalysisManager analyses;
    llvm::ConstantMergePass().run(*result, analyses);
  }
  if (llvm::Error error = addModelInterface(*result, *model, *identity, code))
    return error;
  expandMemoryIntrinsics(*result);
  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (llvm::verifyModule(*result, &os))
    return makeError("the LLVM IR is invalid: " + problems);
  return result;
}

llvm::Expected<std::unique_ptr<llvm::Module>> translateToLLVM(ModuleOp module, const EmitOptions &options,
                                                              llvm::LLVMContext &llvmContext) {
  SmallVector<Variant> variants = getVariants(module, options);
  CodeProgress progress(variants);
  return translate(variants, options, llvmContext, progress);
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

/// Machine code or its text.
static llvm::Expected<ObjectBuffer> emit(ModuleOp module, const EmitOptions &options,
                                         llvm::CodeGenFileType kind) {
  SmallVector<Variant> variants = getVariants(module, options);
  CodeProgress progress(variants);
  llvm::LLVMContext context;
  llvm::Expected<std::unique_ptr<llvm::Module>> result = translate(variants, options, context, progress);
  if (!result)
    return result.takeError();
  ObjectBuffer object;
  llvm::raw_svector_ostream os(object);
  if (llvm::Error error = generate(**result, options, kind, os, progress))
    return std::move(error);
  return object;
}

llvm::Expected<ObjectBuffer> emitObject(ModuleOp module, const EmitOptions &options) {
  llvm::Expected<ObjectBuffer> object = emit(module, options, llvm::CodeGenFileType::ObjectFile);
  if (!object)
    return object;
  if (llvm::Error error = checkUndefinedSymbols(StringRef(object->data(), object->size())))
    return error;
  return object;
}

llvm::Expected<std::string> emitAssembly(ModuleOp module, const EmitOptions &options) {
  llvm::Expected<ObjectBuffer> text = emit(module, options, llvm::CodeGenFileType::AssemblyFile);
  if (!text)
    return text.takeError();
  return std::string(text->data(), text->size());
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
  SmallVector<Variant> variants = getVariants(module, options);
  llvm::Expected<ModelDescription> model = describeVariants(variants);
  if (!model)
    return model.takeError();
  llvm::Expected<ModelIdentity> identity = makeIdentity(options, variants);
  if (!identity)
    return identity.takeError();
  llvm::Expected<std::string> text = generateCHeader(*model, *identity);
  if (!text)
    return text.takeError();
  return writeFile(path, *text);
}

} // namespace narrow
