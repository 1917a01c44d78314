//===- Model.cpp - Steps that the drivers share ---------------------------===//
#include "narrow/Pipelines/Model.h"
#include "mlir/Parser/Parser.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/Emit.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace narrow;

/// What is wrong with @main as the entry of a network; empty if nothing is.
static std::string checkMain(ModuleOp module) {
  Operation *symbol = module.lookupSymbol("main");
  if (!symbol)
    return "there is no function @main, the network's entry";
  if (detectStage(module) >= Stage::Vector)
    return "";
  auto main = dyn_cast<func::FuncOp>(symbol);
  if (!main || main.isExternal())
    return "@main is no function with a body: it is the network's entry";
  if (!main.getBody().hasOneBlock())
    return "@main has branches: networks have no control flow";
  if (main.getNumResults() == 0)
    return "@main has no results: there is nothing to compute";
  for (auto [what, types] :
       {std::pair("argument", main.getArgumentTypes()), std::pair("result", main.getResultTypes())})
    for (auto [i, type] : llvm::enumerate(types)) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (tensor && tensor.hasStaticShape() && tensor.getElementType().isF32())
        continue;
      if (tensor && tensor.hasStaticShape() && types.data() == main.getArgumentTypes().data() &&
          main.getArgAttr(i, attrs::unsignedBytes))
        continue;
      std::string text;
      llvm::raw_string_ostream(text) << what << ' ' << i << " of @main is a " << type
                                     << ": networks take and give f32 tensors of static shape";
      return text;
    }
  return "";
}

/// What names the model: its first bytes or, if they say nothing, the path.
static bool isONNX(StringRef bytes, StringRef path) {
  if (path.ends_with(".onnx"))
    return true;
  if (path.ends_with(".mlir") || path.ends_with(".mlirbc"))
    return false;
  return bytes.take_front(4096).contains('\0') && !bytes.starts_with("ML\xefR");
}

OwningOpRef<ModuleOp> narrow::loadModel(StringRef path, MLIRContext &context, const ImportOptions &options) {
  StringRef name = path == "-" ? "<stdin>" : path;
  auto fail = [&](const Twine &message) {
    emitError(FileLineColLoc::get(&context, name, 0, 0)) << message;
    return OwningOpRef<ModuleOp>();
  };
  // Read once: a pipe gives its bytes once.
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false);
  if (std::error_code error = buffer.getError())
    return fail("cannot read the file: " + error.message());
  StringRef bytes = (*buffer)->getBuffer();
  if (bytes.empty())
    return fail("the file is empty");
  if (bytes.starts_with("\x7f"
                        "ELF"))
    return fail(
        "is compiled code; a model is an .onnx or .mlir file (narrow-run runs an .so of narrow-compile)");
  if (isONNX(bytes, path))
    return importONNX(llvm::MemoryBufferRef(bytes, name), context, options);
  if (!options.shapes.empty())
    return fail("--shape fixes the inputs of .onnx models; the shapes of IR are fixed when it is imported");
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module;
  {
    ScopedDiagnosticHandler handler(&context, [](Diagnostic &diagnostic) {
      if (StringRef(diagnostic.str()).contains("unregistered dialect"))
        diagnostic.attachNote() << "--load-dialect-plugin=<file> loads the dialect";
      return failure(); // Others report it.
    });
    module = parseSourceFile<ModuleOp>(sources, &context);
  }
  if (!module)
    return fail("this is no ONNX model and no IR that Narrow can read");
  if (std::string wrong = checkMain(*module); !wrong.empty())
    return fail(wrong);
  return module;
}

LogicalResult narrow::runPipeline(ModuleOp module, function_ref<void(OpPassManager &)> build) {
  PassManager pm(module.getContext());
  applyCommandLine(pm);
  build(pm);
  return pm.run(module);
}

llvm::Expected<std::unique_ptr<CompiledModel>> narrow::compileForHost(ModuleOp module, StringRef what,
                                                                      const HostOptions &host) {
  llvm::Expected<TargetSpec> target = resolveTarget({"native", "", "", "native", host.emulatedISA});
  if (!target)
    return target.takeError();
  VectorPipelineOptions vector;
  vector.setTarget(*target);
  vector.profile = host.profile;
  vector.packWeights = host.packWeights;
  if (failed(runPipeline(module, [&](OpPassManager &pm) { buildVectorPipeline(pm, vector); })))
    return llvm::createStringError(what + " could not be compiled");
  EmitOptions options;
  options.target = *target;
  options.prefix = "host";
  llvm::Expected<ObjectBuffer> object = emitObject(module, options);
  if (!object)
    return object.takeError();
  return CompiledModel::fromObject(std::move(*object));
}
