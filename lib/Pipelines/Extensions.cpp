//===- Extensions.cpp - What others add to a driver -----------------------===//
#include "narrow/Pipelines/Extensions.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/InitAll.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Target/CPU/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/Timing.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

/// MLIR's options, in `category`, for --help-hidden.
static void registerMLIROptions(cl::OptionCategory &category) {
  llvm::StringSet<> before;
  for (auto &entry : cl::getRegisteredOptions())
    before.insert(entry.first);
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  for (auto &entry : cl::getRegisteredOptions())
    if (!before.contains(entry.first)) {
      entry.second->addCategory(category);
      entry.second->setHiddenFlag(cl::Hidden);
    }
}

ExtensionOptions::ExtensionOptions(cl::OptionCategory &category)
    : dialectPlugins("load-dialect-plugin", cl::desc("dialects that IR may have ops of"),
                     cl::value_desc("plugin.so"), cl::cat(category)),
      passPlugins("load-pass-plugin", cl::desc("passes for --run-after"), cl::value_desc("plugin.so"),
                  cl::cat(category)),
      runAfter("run-after",
               cl::desc("passes to run on a network as soon as it is in a stage, e.g. "
                        "'float=func.func(my-pass)', as narrow-opt --pass-pipeline takes them"),
               cl::value_desc("stage=passes"), cl::cat(category)) {
  registerAllPasses(); // MLIR's options name passes.
  registerMLIROptions(category);
}

static std::optional<Stage> parseStage(StringRef name) {
  for (Stage stage : {Stage::Imported, Stage::Float, Stage::Observed, Stage::Annotated, Stage::Quantized,
                      Stage::Integer, Stage::Vector})
    if (name == stringifyStage(stage))
      return stage;
  return std::nullopt;
}

/// Adds the passes of `text` to `pm`, which is for modules; the error says what is wrong.
static llvm::Error parsePasses(StringRef text, OpPassManager &pm) {
  std::string message;
  llvm::raw_string_ostream os(message);
  if (succeeded(parsePassPipeline(text, pm, os)))
    return llvm::Error::success();
  return llvm::createStringError(StringRef(message).trim());
}

llvm::Error ExtensionOptions::load() {
  for (const std::string &path : dialectPlugins) {
    llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(path);
    if (!plugin)
      return llvm::createStringError("--load-dialect-plugin: " + llvm::toString(plugin.takeError()));
    dialects.push_back(
        [plugin = *plugin](DialectRegistry &registry) { plugin.registerDialectRegistryCallbacks(registry); });
  }
  for (const std::string &path : passPlugins) {
    llvm::Expected<PassPlugin> plugin = PassPlugin::load(path);
    if (!plugin)
      return llvm::createStringError("--load-pass-plugin: " + llvm::toString(plugin.takeError()));
    plugin->registerPassRegistryCallbacks();
  }
  for (const std::string &text : runAfter) {
    auto [name, pipeline] = StringRef(text).split('=');
    auto fail = [&](const Twine &what) {
      return llvm::createStringError("--run-after '" + text + "': " + what);
    };
    std::optional<Stage> stage = parseStage(name.trim());
    if (!stage || pipeline.trim().empty())
      return fail("it takes <stage>=<passes>, the stages are imported, float, observed, annotated, "
                  "quantized, integer and vector");
    // As --pass-pipeline writes them, or without the module around them.
    pipeline = pipeline.trim();
    if (pipeline.consume_front("builtin.module("))
      if (!pipeline.consume_back(")"))
        return fail("a parenthesis is not closed");
    OpPassManager pm(ModuleOp::getOperationName());
    if (llvm::Error error = parsePasses(pipeline, pm))
      return fail(llvm::toString(std::move(error)));
    passes.push_back({*stage, pipeline.str()});
  }
  return llvm::Error::success();
}

void ExtensionOptions::registerDialects(DialectRegistry &registry) const {
  for (auto &add : dialects)
    add(registry);
}

static bool isGiven(StringRef name) {
  auto it = cl::getRegisteredOptions().find(name);
  return it != cl::getRegisteredOptions().end() && it->second->getNumOccurrences() > 0;
}

void ExtensionOptions::configure(MLIRContext &context) const {
  if (!isGiven("mlir-print-op-on-diagnostic"))
    context.printOpOnDiagnostic(false); // The op is named; networks are long.
  // What MLIR refuses to do, or dies of, with threads.
  if (isGiven("mlir-print-ir-module-scope") || isGiven("mlir-pass-pipeline-local-reproducer"))
    context.disableMultithreading();
}

llvm::Error ExtensionOptions::checkStages(ArrayRef<Stage> reached, StringRef model) const {
  for (const Passes &entry : passes) {
    if (llvm::is_contained(reached, entry.stage))
      continue;
    std::string names;
    for (Stage stage : reached)
      names += ((names.empty() ? "" : ", ") + stringifyStage(stage)).str();
    return llvm::createStringError("--run-after=" + stringifyStage(entry.stage) + ": " + model +
                                   " does not come by that stage here" +
                                   (names.empty() ? "" : "; it does by: " + names));
  }
  return llvm::Error::success();
}

/// The check of the contract of `stage`, if it has one.
static void addVerifier(OpPassManager &pm, Stage stage) {
  switch (stage) {
  case Stage::Float:
    pm.addPass(createNarrowAssignIds());
    return pm.addPass(createNarrowVerifyFloat());
  case Stage::Observed:
    return pm.addPass(createNarrowVerifyObserved());
  case Stage::Annotated:
    return pm.addPass(createNarrowVerifyAnnotated());
  case Stage::Integer:
    pm.addPass(createNarrowVerifyAccumulators());
    return pm.addPass(createNarrowVerifyInteger());
  case Stage::Vector:
    return pm.addPass(createNarrowVerifyVector());
  case Stage::Imported:
  case Stage::Quantized: // That of a model that came quantized has no reasons yet for what stays float.
  case Stage::LLVM:
    return;
  }
}

void ExtensionOptions::addPasses(OpPassManager &pm, Stage stage) const {
  if (llvm::none_of(passes, [&](const Passes &entry) { return entry.stage == stage; }))
    return;
  for (const Passes &entry : passes)
    if (entry.stage == stage)
      llvm::cantFail(parsePasses(entry.pipeline, pm)); // It has been parsed before.
  addVerifier(pm, stage);
}

llvm::Error ExtensionOptions::runToFloat(ModuleOp module, StringRef model) const {
  bool isImported = detectStage(module) < Stage::Float;
  if (llvm::Error error = checkStages(ArrayRef{Stage::Imported, Stage::Float}.drop_front(!isImported), model))
    return error;
  auto build = [&](OpPassManager &pm) {
    if (isImported) {
      addPasses(pm, Stage::Imported);
      buildFloatPipeline(pm);
    }
    addPasses(pm, Stage::Float);
  };
  return failed(runPipeline(module, build)) ? alreadyReported() : llvm::Error::success();
}
