//===- narrow-compile.cpp - Compiles a model ahead of time ----------------===//
#include "narrow/Analysis/ContentHash.h"
#include "narrow/Conversion/Passes.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/DataWarnings.h"
#include "narrow/Pipelines/DatasetSamples.h"
#include "narrow/Pipelines/KernelProfile.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/PipelineLog.h"
#include "narrow/Pipelines/RecipeOptions.h"
#include "narrow/Support/OutputFile.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Disassembly.h"
#include "narrow/Target/CPU/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

namespace {

enum class Emit { Default, Float, Observed, Annotated, Quantized, Integer, Vector, LLVM, Object, Library };

struct Options {
  cl::OptionCategory category{"narrow-compile options"};
  ModelOptions model{category};
  cl::opt<std::string> output{"o", cl::desc("file to write: .so, .o (with .h beside it), .ll, .mlir"),
                              cl::cat(category)};
  TableOption table{category};
  cl::opt<std::string> data{"data", cl::desc("calibrate on these samples first"), cl::value_desc("file.npz"),
                            cl::cat(category)};
  RecipeOptions recipe{category};
  cl::opt<Emit> emit{"emit", cl::desc("what to write; with .so, .o or .ll, float is the float model"),
                     cl::init(Emit::Default), cl::cat(category),
                     cl::values(clEnumValN(Emit::Float, "float", "float stage"),
                                clEnumValN(Emit::Observed, "observed", "observed stage"),
                                clEnumValN(Emit::Annotated, "annotated", "annotated stage"),
                                clEnumValN(Emit::Quantized, "quantized", "quantized stage (simulation)"),
                                clEnumValN(Emit::Integer, "integer", "integer stage"),
                                clEnumValN(Emit::Vector, "vector", "vector stage"),
                                clEnumValN(Emit::LLVM, "llvm", "LLVM IR"),
                                clEnumValN(Emit::Object, "obj", "object and C header"),
                                clEnumValN(Emit::Library, "lib", "shared library and C header"))};
  cl::opt<std::string> name{"name", cl::desc("prefix of the C functions (default: from the output's name)"),
                            cl::value_desc("identifier"), cl::cat(category)};
  cl::opt<bool> strict{"strict", cl::desc("an op that would stay float is an error"), cl::cat(category)};
  cl::opt<bool> foldPreprocessing{
      "fold-preprocessing",
      cl::desc("the compiled model takes u8 and normalizes it by --mean and --std, or as the table says"),
      cl::cat(category)};
  cl::opt<bool> profile{"profile", cl::desc("count the cycles of every kernel, for narrow-run --profile"),
                        cl::cat(category)};
  cl::opt<bool> explain{
      "explain", cl::desc("say what was decided for every op and how every kernel is compiled, with times"),
      cl::cat(category)};
  cl::opt<bool> printPipeline{
      "print-pipeline",
      cl::desc("print the passes that made the output, as narrow-opt --pass-pipeline takes them"),
      cl::cat(category)};
  cl::opt<std::string> requantize{
      "requantize", cl::desc("exact (default); fast: in 16 bits where that is off by one at most"),
      cl::init("exact"), cl::cat(category)};
  cl::opt<PackWeights> packWeights{"pack-weights",
                                   cl::desc("whether weights with at most 16 different values share bytes:"),
                                   getPackWeightsValues(), cl::init(PackWeights::Auto), cl::cat(category)};
  cl::opt<unsigned> optLevel{"O", cl::desc("how much LLVM optimizes, 0 to 3 (default); less compiles sooner"),
                             cl::Prefix, cl::init(3), cl::cat(category)};
  cl::opt<unsigned> threads{"threads", cl::desc("the most threads that one run may use (1)"), cl::init(1),
                            cl::cat(category)};
  DataOptions preprocessing{category};
  TargetOptions target{category};
  ExtensionOptions extensions{category};
};

Emit fromExtension(StringRef path) {
  return llvm::StringSwitch<Emit>(llvm::sys::path::extension(path))
      .Case(".so", Emit::Library)
      .Case(".o", Emit::Object)
      .Case(".ll", Emit::LLVM)
      .Case(".mlir", Emit::Integer)
      .Default(Emit::Default);
}

StringRef nameOf(Emit emit) {
  static constexpr StringLiteral names[] = {"",        "float",  "observed", "annotated", "quantized",
                                            "integer", "vector", "llvm",     "obj",       "lib"};
  return names[static_cast<unsigned>(emit)];
}

StringRef extensionOf(Emit form) {
  return form == Emit::Library ? ".so" : form == Emit::Object ? ".o" : form == Emit::LLVM ? ".ll" : ".mlir";
}

/// The name of the C header beside an object or library; empty if there is none.
std::string headerOf(StringRef output, Emit form) {
  if (output == "-" || (form != Emit::Library && form != Emit::Object))
    return "";
  SmallString<128> header(output);
  llvm::sys::path::replace_extension(header, "h");
  return header.str().str();
}

/// Can the file be written at all? Asked before the work.
llvm::Error probe(const std::string &path) {
  if (path.empty() || path == "-")
    return llvm::Error::success();
  return OutputFile::open(path).takeError();
}

/// Writes IR with locations: they carry the names of the source model.
int writeIR(ModuleOp module, StringRef path) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(os, flags);
  os << '\n';
  if (llvm::Error error = writeOutputFile(path, text))
    return reportError(std::move(error));
  return Done;
}

/// What was decided, one line an op of the network.
void explainDecisions(ModuleOp integer) {
  auto network = integer.lookupSymbol<func::FuncOp>("network");
  if (!network)
    return;
  llvm::outs() << "op\tid\tresult\tnote\n";
  for (Operation &op : network.getOps()) {
    auto id = op.getAttrOfType<StringAttr>(attrs::id);
    if (!id || op.getNumResults() == 0)
      continue;
    std::string note = "integer";
    // The id is that of the rescale, the bits are those of the contraction it reads.
    Operation *contraction = op.getNumOperands() ? op.getOperand(0).getDefiningOp() : nullptr;
    auto bits = op.getAttrOfType<IntegerAttr>(attrs::accumulatorBits);
    if (!bits && contraction && !contraction->hasAttr(attrs::id))
      bits = contraction->getAttrOfType<IntegerAttr>(attrs::accumulatorBits);
    if (bits)
      note += ", accumulator " + std::to_string(bits.getInt()) + " of 31 bits";
    if (auto reason = op.getAttrOfType<StringAttr>(attrs::floatReason))
      note = "float: " + reason.str();
    llvm::outs() << op.getName() << '\t' << printable(id.getValue()) << '\t' << op.getResult(0).getType()
                 << '\t' << printable(note) << '\n';
  }
}

class Compiler {
public:
  explicit Compiler(const Options &options) : options(options) {}
  int run();

private:
  llvm::Error checkPreprocessingOf(const CalibrationTable &table) const;
  /// The stages that a model in stage `first` comes by until the artifact.
  SmallVector<Stage> getReachedStages(Stage first, bool foreign) const;
  /// --fold-preprocessing, of the integer stage.
  llvm::Error fold();
  int compile();
  /// --print-pipeline.
  int printPipeline();
  int writeModule();
  int quantize();
  int explainCode();
  int emitCode(bool isFloat);
  /// To the vector stage for one instruction set.
  LogicalResult lowerFor(ModuleOp lowered, const TargetSpec &target);
  std::string makeManifest(bool isFloat) const;

  const Options &options;
  Emit artifact = Emit::Default; // Library, Object, LLVM; or a stage
  bool floatCode = false;        ///< the artifact is the float stage, as code
  OwningOpRef<ModuleOp> module;
  PipelineLog pipelines;             ///< run on `module`
  OwningOpRef<ModuleOp> floatModule; ///< for --explain, if the float stage was passed
  std::vector<TargetSpec> targets;   ///< one for each ISA, the best first
  std::string prefix;
  std::string header; ///< path of the C header; empty: none
  Recipe recipe;
  DatasetOptions dataOptions;
  std::string modelHash; ///< of the network before rewrites; empty: that stage was passed
  std::shared_ptr<const CalibrationTable> table;
  bool requantized = false;    ///< lowered to integers here, as --requantize says
  int64_t accumulatorBits = 0; ///< the most of any contraction
};

/// --mean and --std beside a table must be what it was made with.
llvm::Error Compiler::checkPreprocessingOf(const CalibrationTable &table) const {
  const Preprocessing &given = dataOptions.preprocessing;
  if (given.empty())
    return llvm::Error::success();
  if (table.preprocessing.empty() && options.foldPreprocessing)
    return llvm::Error::success(); // They say how its data was made.
  if (table.foreign)
    return llvm::createStringError(
        "--mean and --std are for --data and --fold-preprocessing: " + options.table + ", a table of " +
        table.foreign->tool + ", has its ranges");
  if (table.preprocessing.empty())
    return llvm::createStringError("--mean and --std contradict " + options.table +
                                   ", which was made of float samples, used as they are");
  auto agrees = [](ArrayRef<float> given, ArrayRef<float> recorded) {
    return given == recorded ||
           (given.size() == 1 && llvm::all_of(recorded, [&](float value) { return value == given[0]; }));
  };
  auto join = [](ArrayRef<float> values) {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleave(values, os, [&](float value) { os << llvm::format("%.9g", value); }, ",");
    return text;
  };
  for (const InputPreprocessing &input : table.preprocessing)
    if (!agrees(given.mean, input.values.mean) || !agrees(given.std, input.values.std))
      return llvm::createStringError("--mean and --std contradict " + options.table +
                                     ", which was made with --mean " + join(input.values.mean) + " --std " +
                                     join(input.values.std) + " for input '" + input.input + "'");
  return llvm::Error::success();
}

int Compiler::run() {
  if (options.output.empty())
    return reportUsage("-o names the file to write");
  Emit byName = fromExtension(options.output);
  artifact = options.emit == Emit::Default ? byName : Emit(options.emit);
  if (artifact == Emit::Default)
    return reportUsage("'" + options.output +
                       "' does not say what to write: end it in .so, .o, .ll or .mlir, or give --emit");
  floatCode =
      artifact == Emit::Float && (byName == Emit::Library || byName == Emit::Object || byName == Emit::LLVM);
  Emit form = artifact < Emit::LLVM ? Emit::Integer : artifact; // what the file has
  if (byName != Emit::Default && byName != form && !floatCode)
    return reportUsage("--emit=" + nameOf(artifact) + " contradicts the output '" + options.output +
                       "': end it in " + extensionOf(form));
  if (options.output == "-" && options.printPipeline)
    return reportUsage("--print-pipeline prints to standard output, which -o - is too");
  if (options.output == "-" && form == Emit::Library)
    return reportUsage("a shared library is written to a file, not to standard output");
  if (!llvm::is_contained({"exact", "fast"}, options.requantize))
    return reportError(
        llvm::createStringError("unknown --requantize=" + options.requantize + ": exact, fast"));
  if (llvm::Error error = checkThreads(options.threads, /*least=*/1))
    return reportError(std::move(error));
  if (options.threads > 1 && options.profile)
    return reportUsage("--profile counts the cycles of one thread: it contradicts --threads=" +
                       llvm::Twine(options.threads));
  llvm::Expected<Recipe> chosen = options.recipe.get();
  if (!chosen)
    return reportError(chosen.takeError());
  recipe = std::move(*chosen);
  if (!options.table.empty() && !options.data.empty())
    return reportUsage("--table and --data exclude each other");
  StringRef choice = options.recipe.getGiven();
  if (!choice.empty() && artifact <= Emit::Observed)
    return reportUsage("--" + choice +
                       " says how the model is quantized: it contradicts --emit=" + nameOf(artifact));
  if (options.requantize.getNumOccurrences() && artifact < Emit::Integer)
    return reportUsage("--requantize is for the integer stage: it contradicts --emit=" + nameOf(artifact));
  if (options.packWeights.getNumOccurrences() && artifact < Emit::Vector)
    return reportUsage("--pack-weights is for the code of the integer model: it contradicts --emit=" +
                       nameOf(artifact));
  if (options.optLevel > 3)
    return reportError(llvm::createStringError("-O takes 0 to 3, got " + llvm::Twine(options.optLevel)));
  if (options.optLevel.getNumOccurrences() && artifact != Emit::Float && artifact < Emit::LLVM)
    return reportUsage("-O is for machine code: it contradicts --emit=" + nameOf(artifact));
  if (options.foldPreprocessing && artifact < Emit::Integer)
    return reportUsage("--fold-preprocessing changes the integer stage: it contradicts --emit=" +
                       nameOf(artifact));
  if (std::string contradiction = options.recipe.getContradiction(); !contradiction.empty())
    return reportUsage(contradiction);
  // A table knows what was done to its data; --mean and --std may say so again.
  if (StringRef given = options.preprocessing.getGiven(); options.data.empty() && !given.empty())
    if ((options.table.empty() && !options.foldPreprocessing) || (given != "mean" && given != "std"))
      return reportUsage("--" + given + " says how the samples of --data are read, and there is none");
  llvm::Expected<DatasetOptions> parsed = options.preprocessing.get();
  if (!parsed)
    return reportError(parsed.takeError());
  dataOptions = std::move(*parsed);

  prefix = options.name.empty() ? makeSymbolPrefix(llvm::sys::path::stem(options.output))
                                : options.name.getValue();
  if (llvm::Error error = checkSymbolPrefix(prefix))
    return reportError(std::move(error));
  llvm::Expected<std::vector<TargetSpec>> resolved = options.target.get();
  if (!resolved)
    return reportError(resolved.takeError());
  targets = std::move(*resolved);
  if (targets.size() > 1 && (artifact == Emit::Vector || options.profile))
    return reportUsage(llvm::Twine(options.profile ? "--profile" : "--emit=vector") +
                       " takes one --isa, not a list");
  Emit fileForm = floatCode ? byName : form;
  header = headerOf(options.output, fileForm);
  if (header == options.output)
    return reportUsage("the C header would replace the output '" + options.output + "': end it in " +
                       extensionOf(fileForm));
  namespace fs = llvm::sys::fs;
  if (fileForm == Emit::Library && fs::exists(options.output) && !fs::is_regular_file(options.output) &&
      !fs::is_directory(options.output))
    return reportError(llvm::createStringError("cannot write '" + options.output +
                                               "': a shared library needs a regular file"));
  for (const std::string &path : {options.output.getValue(), header}) {
    llvm::Error error =
        checkIsNoInput(path, {options.model.path, options.table, options.data, options.recipe.overrideFile});
    if (!error)
      error = probe(path);
    if (error)
      return reportError(std::move(error));
  }
  llvm::Expected<ImportOptions> import = options.model.get();
  if (!import)
    return reportError(import.takeError());

  ToolContext context(options.extensions);
  module = loadModel(options.model.path, *context, *import);
  if (!module)
    return BadInput;
  int code = compile();
  module = nullptr; // Before the context.
  floatModule = nullptr;
  return code;
}

SmallVector<Stage> Compiler::getReachedStages(Stage first, bool foreign) const {
  // Emit::Float .. Emit::Vector name stages, in the order of Stage.
  auto last = artifact >= Emit::LLVM || floatCode ? Stage::Vector : static_cast<Stage>(artifact);
  SmallVector<Stage> reached;
  for (auto number = static_cast<unsigned>(first); number <= static_cast<unsigned>(last); ++number) {
    auto stage = static_cast<Stage>(number);
    bool skipped = foreign ? stage > Stage::Imported && stage < Stage::Quantized
                           : floatCode && stage > Stage::Float && stage < Stage::Vector;
    if (!skipped)
      reached.push_back(stage);
  }
  return reached;
}

int Compiler::printPipeline() {
  if (!options.printPipeline)
    return Done;
  std::vector<std::string> texts{options.table};
  llvm::append_range(texts, recipe.overrides);
  llvm::append_range(texts, recipe.ranges);
  if (options.foldPreprocessing)
    for (const ModelInput &input : getModelInputs(*module))
      texts.push_back(input.name);
  llvm::Expected<std::string> text = pipelines.print(texts);
  if (!text)
    return reportError(text.takeError());
  llvm::outs() << *text << '\n';
  if (llvm::Error error = flushStandardOutput()) // Before the output is there.
    return reportError(std::move(error));
  return Done;
}

int Compiler::writeModule() {
  if (int code = printPipeline())
    return code;
  return writeIR(*module, options.output);
}

int Compiler::compile() {
  Stage stage = detectStage(*module);
  if (stage == Stage::LLVM)
    return reportError(llvm::createStringError(options.model.path +
                                               " is in the llvm stage, which no longer describes the model: "
                                               "compile it from the vector stage or one before"));
  bool foreign = isPreQuantized(*module) && stage == Stage::Imported;
  if (llvm::Error error =
          options.extensions.checkStages(getReachedStages(stage, foreign), options.model.path))
    return reportError(std::move(error));
  auto run = [&](function_ref<void(OpPassManager &)> build) { return pipelines.run(*module, build); };
  auto extend = [&](OpPassManager &pm, Stage reached) { options.extensions.addPasses(pm, reached); };
  Stage first = stage;
  if (stage < Stage::Float)
    stage = foreign ? Stage::Quantized : Stage::Float;
  if (failed(run([&](OpPassManager &pm) {
        if (first < Stage::Float) {
          extend(pm, first);
          buildFloatPipeline(pm, /*verify=*/!foreign);
        }
        // An edit takes effect or is refused, also where nothing else looks at it.
        if (stage == Stage::Annotated)
          pm.addPass(createNarrowVerifyAnnotated());
        extend(pm, stage);
      })))
    return BadInput;
  if (stage <= Stage::Observed || foreign)
    modelHash = hashModel(*module);
  if (options.emit == Emit::Float) {
    if (stage > Stage::Float)
      return reportError(llvm::createStringError(options.model.path + " is in the " + stringifyStage(stage) +
                                                 " stage, past the one to emit (float)"));
    return floatCode ? emitCode(/*isFloat=*/true) : writeModule();
  }
  if (options.explain && stage == Stage::Float && artifact > Emit::Vector)
    floatModule = module->clone();
  if (stage == Stage::Float || stage == Stage::Observed) {
    bool needsTable = artifact > Emit::Observed;
    if (needsTable && options.table.empty() && options.data.empty())
      return reportError(llvm::createStringError("a float model needs ranges: give --table (of "
                                                 "narrow-calibrate) or --data (samples to calibrate on)"));
    if (stage == Stage::Observed && !options.data.empty())
      return reportError(llvm::createStringError(
          "--data calibrates a float model, and this one is observed already: give --table"));
    if (StringRef given = options.recipe.rewrites.getGiven(); stage == Stage::Observed && !given.empty())
      return reportError(llvm::createStringError("--" + given + " rewrites a float model, and " +
                                                 options.model.path + " is observed already"));
    // What passes ask for is the context's.
    Calibration &calibration = getCalibration(module->getContext());
    calibration.name = options.table.empty() ? options.data : options.table;
    std::shared_ptr<DatasetSamples> samples;
    if (needsTable && !options.data.empty()) {
      samples = std::make_shared<DatasetSamples>(options.data, dataOptions);
      if (llvm::Error error = samples->open(*module))
        return reportError(std::move(error));
      calibration.samples = samples;
    } else if (needsTable) {
      if (llvm::Error error = checkSamples(recipe, /*hasSamples=*/false))
        return reportError(std::move(error));
      llvm::Expected<CalibrationTable> read = readTable(options.table);
      if (!read)
        return reportError(read.takeError());
      table = std::make_shared<CalibrationTable>(std::move(*read));
      if (llvm::Error error = checkPreprocessingOf(*table))
        return reportError(std::move(error));
      if (stage == Stage::Float)
        if (llvm::Error error = checkRewrites(*table, options.table, recipe.rewrites))
          return reportError(std::move(error));
    }
    if (failed(run([&](OpPassManager &pm) {
          if (stage == Stage::Float)
            buildRewritePipeline(pm, recipe.rewrites);
          if (samples) {
            NarrowCollectStatisticsOptions collect;
            collect.movingAverage = getMovingAverage(recipe);
            pm.addPass(createNarrowCollectStatistics(collect));
          }
        })))
      return BadInput;
    if (samples) {
      table = calibration.table;
      printWarnings(findDataFaults(*table, samples->getInputs(), &samples->getData()));
    }
    if (failed(run([&](OpPassManager &pm) {
          if (stage == Stage::Float) {
            buildObservedPipeline(pm);
            extend(pm, Stage::Observed);
          }
          if (artifact == Emit::Observed)
            return;
          AnnotatedPipelineOptions annotated;
          annotated.setRecipe(recipe);
          annotated.table = options.table.getValue();
          buildAnnotatedPipeline(pm, annotated);
          extend(pm, Stage::Annotated);
        })))
      return BadInput;
    if (artifact == Emit::Observed)
      return writeModule();
    stage = Stage::Annotated;
  } else if (StringRef choice = options.recipe.getGiven(); !choice.empty()) {
    return reportError(
        llvm::createStringError(options.model.path + " is in the " + stringifyStage(stage) +
                                " stage, where how it is quantized is decided: it takes no --" + choice));
  } else if (!options.table.empty() || !options.data.empty()) {
    return reportError(
        llvm::createStringError(options.model.path + " is in the " + stringifyStage(stage) +
                                " stage and has its ranges: it takes no --table and no --data"));
  }
  // Emit::Float .. Emit::Vector name stages, in the order of Stage.
  if (artifact <= Emit::Vector && static_cast<unsigned>(stage) > static_cast<unsigned>(artifact))
    return reportError(llvm::createStringError(options.model.path + " is in the " + stringifyStage(stage) +
                                               " stage, past the one to emit (" + nameOf(artifact) + ")"));
  return quantize();
}

llvm::Error Compiler::fold() {
  std::vector<InputPreprocessing> inputs;
  if (!dataOptions.preprocessing.empty())
    for (const ModelInput &input : getModelInputs(*module))
      inputs.push_back({input.name, dataOptions.preprocessing});
  else if (table)
    inputs = table->preprocessing;
  if (inputs.empty())
    return llvm::createStringError("--fold-preprocessing needs --mean and --std" +
                                   llvm::Twine(!table ? ", or a table that was made with them"
                                               : table->foreign
                                                   ? ": the table does not say how its data was made"
                                                   : ": the table was made of float samples"));
  NarrowFoldPreprocessingOptions fold;
  for (const InputPreprocessing &input : inputs)
    fold.inputs.push_back(spellPreprocessing(input));
  if (failed(pipelines.run(*module,
                           [&](OpPassManager &pm) { pm.addPass(createNarrowFoldPreprocessing(fold)); })))
    return alreadyReported();
  return llvm::Error::success();
}

int Compiler::quantize() {
  if (artifact == Emit::Annotated)
    return writeModule();
  Stage stage = detectStage(*module);
  if (stage == Stage::Annotated) {
    if (failed(pipelines.run(*module, [&](OpPassManager &pm) {
          buildQuantizedPipeline(pm);
          options.extensions.addPasses(pm, Stage::Quantized);
        })))
      return BadInput;
    stage = Stage::Quantized;
  }
  if (artifact == Emit::Quantized)
    return writeModule();
  if (stage == Stage::Quantized) {
    IntegerPipelineOptions integer;
    integer.strict = options.strict.getValue();
    integer.requantize = options.requantize.getValue();
    if (failed(pipelines.run(*module, [&](OpPassManager &pm) {
          buildIntegerPipeline(pm, integer);
          options.extensions.addPasses(pm, Stage::Integer);
        })))
      return BadInput;
    requantized = true;
  } else if (options.requantize.getNumOccurrences()) {
    return reportError(llvm::createStringError(options.model.path + " is in the " + stringifyStage(stage) +
                                               " stage, which says how it is requantized: it takes no "
                                               "--requantize"));
  }
  if (options.foldPreprocessing)
    if (llvm::Error error = fold())
      return reportError(std::move(error));
  if (options.explain) {
    explainDecisions(*module);
    // Before the output is there.
    if (llvm::Error error = flushStandardOutput())
      return reportError(std::move(error));
  }
  (*module)->walk([&](Operation *op) {
    if (auto bits = op->getAttrOfType<IntegerAttr>(attrs::accumulatorBits))
      accumulatorBits = std::max(accumulatorBits, bits.getInt());
  });
  if (artifact == Emit::Integer)
    return writeModule();
  return emitCode(/*isFloat=*/false);
}

std::string Compiler::makeManifest(bool isFloat) const {
  llvm::json::Object manifest;
  if (auto offset = (*module)->getAttrOfType<IntegerAttr>(attrs::profileOffset)) {
    manifest["profile_offset"] = offset.getInt();
    manifest["profile"] = toJSON(describeProfile(*module));
  }
  manifest["model"] = llvm::sys::path::filename(options.model.path).str();
  if (!modelHash.empty())
    manifest["model_hash"] = modelHash;
  manifest["kind"] = isFloat ? "float" : "integer";
  // The module, if narrow-emulate-intrinsics has seen it before.
  if (StringRef isa = targets.front().emulatedISA; !isa.empty())
    manifest["emulated_isa"] = isa;
  else if (auto emulated = (*module)->getAttrOfType<StringAttr>(attrs::emulatedIsa))
    manifest["emulated_isa"] = emulated.getValue();
  if (auto bound = (*module)->getAttrOfType<IntegerAttr>(attrs::arenaLowerBound))
    manifest["arena_lower_bound"] = bound.getInt();
  if (!options.extensions.runAfter.empty())
    manifest["run_after"] = llvm::json::Array(options.extensions.runAfter);
  if (!isFloat) {
    manifest["scheme"] = recipe.scheme;
    if (requantized)
      manifest["requantize"] = options.requantize.getValue();
    manifest["method"] = recipe.method;
    if (recipe.weightMethod != "minmax")
      manifest["weight_method"] = recipe.weightMethod;
    if (!recipe.ranges.empty())
      manifest["ranges"] = llvm::json::Array(recipe.ranges);
    if (recipe.rounding != "nearest")
      manifest["rounding"] = recipe.rounding;
    if (accumulatorBits)
      manifest["accumulator_bits"] = accumulatorBits;
    if (table && table->foreign) {
      manifest["table_of"] = table->foreign->tool;
    } else if (table) {
      manifest["calibration_samples"] = table->samples;
    }
  }
  return llvm::formatv("{0}", llvm::json::Value(std::move(manifest)));
}

LogicalResult Compiler::lowerFor(ModuleOp lowered, const TargetSpec &target) {
  VectorPipelineOptions vector;
  vector.setTarget(target);
  vector.profile = options.profile.getValue();
  vector.threads = options.threads.getValue();
  vector.packWeights = options.packWeights.getValue();
  auto build = [&](OpPassManager &pm) {
    buildVectorPipeline(pm, vector);
    options.extensions.addPasses(pm, Stage::Vector);
  };
  // What is printed is the way of the first target.
  return lowered == *module ? pipelines.run(lowered, build) : runPipeline(lowered, build);
}

/// Compiles the model with counters for every instruction set, and runs what this CPU can.
int Compiler::explainCode() {
  constexpr unsigned runs = 20;
  std::optional<ModelProfile> asFloat;
  for (const TargetSpec &target : targets) {
    OwningOpRef<ModuleOp> copy = module->clone();
    llvm::Expected<ModelProfile> profile = profileModel(*copy, target, runs, options.packWeights);
    if (!profile)
      return reportError(profile.takeError());
    if (floatModule && profile->peak.ms > 0 && !asFloat) {
      llvm::Expected<ModelProfile> made = profileModel(*floatModule, target, runs);
      if (!made)
        return reportError(made.takeError());
      asFloat = std::move(*made);
    }
    llvm::outs() << '\n' << explainKernels(*profile, asFloat ? &*asFloat : nullptr, target);
  }
  if (llvm::Error error = flushStandardOutput()) // Before the output is there.
    return reportError(std::move(error));
  return Done;
}

int Compiler::emitCode(bool isFloat) {
  if (options.explain && detectStage(*module) < Stage::Vector)
    if (int code = explainCode())
      return code;
  if (options.profile && !llvm::Triple(targets.front().triple).isX86())
    return reportError(llvm::createStringError("--profile is not supported for " + targets.front().triple +
                                               ": it reads the x86 time stamp counter"));
  EmitOptions emit;
  std::vector<OwningOpRef<ModuleOp>> fallbacks; // what emit.fallbacks refers to
  if (detectStage(*module) < Stage::Vector) {
    for (const TargetSpec &target : ArrayRef(targets).drop_front()) {
      fallbacks.emplace_back(module->clone());
      if (failed(lowerFor(*fallbacks.back(), target)))
        return BadInput;
      emit.fallbacks.push_back({*fallbacks.back(), target});
    }
    if (failed(lowerFor(*module, targets.front())))
      return BadInput;
  } else if (targets.size() > 1) {
    return reportError(llvm::createStringError(options.model.path +
                                               " is in the vector stage, which is for one "
                                               "instruction set: --isa takes no list"));
  }
  if (artifact == Emit::Vector)
    return writeModule();
  if (int code = printPipeline())
    return code;
  emit.target = targets.front();
  emit.optLevel = options.optLevel;
  emit.prefix = prefix;
  emit.name = llvm::sys::path::stem(options.model.path).str();
  emit.manifest = makeManifest(isFloat);
  Emit kind = isFloat ? fromExtension(options.output) : artifact;
  llvm::Error error = kind == Emit::LLVM     ? writeLLVMIR(*module, emit, options.output)
                      : kind == Emit::Object ? writeObject(*module, emit, options.output)
                                             : writeLibrary(*module, emit, options.output);
  if (!error && !header.empty())
    error = writeHeader(*module, emit, header);
  return error ? reportError(std::move(error)) : Done;
}

} // namespace

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(argc, argv,
                        "Compiles a model to integer-only native code.\n\n"
                        "  narrow-compile m.onnx --data calibration.npz -o m.so\n"
                        "  narrow-compile m.onnx --table m.table.json --mcpu=haswell -o m.o\n",
                        options.category))
    return BadUsage;
  if (llvm::Error error = options.extensions.load())
    return finishTool(reportError(std::move(error)));
  return finishTool(Compiler(options).run());
}
