//===- narrow-report.cpp - What is in it, what quantization costs ---------===//
#include "narrow/InitAll.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::narrow;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"narrow-report options"};
  cl::opt<std::string> path{cl::Positional,
                            cl::desc("<artifact: .so, .o of narrow-compile; or model: .onnx, .mlir>"),
                            cl::Required, cl::cat(category)};
  cl::list<std::string> shapes{"shape", cl::desc("fix the shape of an input, e.g. --shape input=1x3x224x224"),
                               cl::value_desc("name=dims"), cl::cat(category)};
  cl::opt<bool> verify{"verify-integer-only",
                       cl::desc("artifact: float arithmetic in its integer part is an error"),
                       cl::cat(category)};
  cl::opt<std::string> table{"table", cl::desc("calibration table of narrow-calibrate"),
                             cl::value_desc("file.json"), cl::cat(category)};
  cl::opt<std::string> data{"data", cl::desc("calibrate on these samples first"), cl::value_desc("file.npz"),
                            cl::cat(category)};
  RecipeOptions recipe{category};
  cl::opt<bool> strict{"strict", cl::desc("an op that would stay float is an error"), cl::cat(category)};
  cl::opt<std::string> input{"input", cl::desc("samples to compare the stages on"),
                             cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<int64_t> samples{"samples", cl::desc("use the first N of --input (32; 0: all)"), cl::init(32),
                           cl::cat(category)};
  cl::opt<std::string> labels{"labels", cl::desc("array of the right classes in --input: reports top-1"),
                              cl::value_desc("array"), cl::cat(category)};
  cl::opt<unsigned> threads{
      "threads", cl::desc("threads to evaluate on (0: one for each core); the report does not depend on it"),
      cl::init(0), cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("write one JSON object"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("file to write (default: -, standard output)"), cl::init("-"),
                              cl::cat(category)};
  DataOptions preprocessing{category};
};

template <typename Report>
llvm::Error write(const Report &report, const Options &options, ::narrow::OutputFile &file,
                  llvm::json::Object extra = {}) {
  if (options.json) {
    llvm::json::Object object = toJSON(report);
    for (auto &[key, value] : extra)
      object[key] = std::move(value);
    file.os() << llvm::formatv("{0:2}", llvm::json::Value(std::move(object))) << '\n';
  } else {
    printReport(file.os(), report);
  }
  return file.commit();
}

int reportArtifact(const Options &options) {
  for (auto [given, name] :
       {std::pair(!options.table.empty(), "--table"), std::pair(!options.data.empty(), "--data"),
        std::pair(!options.input.empty(), "--input"), std::pair(!options.labels.empty(), "--labels"),
        std::pair(options.strict.getValue(), "--strict"), std::pair(!options.shapes.empty(), "--shape")})
    if (given)
      return reportUsage(llvm::Twine(name) + " is for models, and " + options.path + " is compiled");
  if (StringRef given = options.recipe.getGiven(); !given.empty())
    return reportUsage("--" + given + " is for models, and " + options.path + " is compiled");
  if (llvm::Error error = ::narrow::checkIsNoInput(options.output, {options.path}))
    return reportError(std::move(error));
  llvm::Expected<std::unique_ptr<::narrow::OutputFile>> file = ::narrow::OutputFile::open(options.output);
  if (!file)
    return reportError(file.takeError());
  llvm::Expected<ArtifactReport> report = inspectArtifact(options.path);
  if (!report)
    return reportError(report.takeError());
  if (llvm::Error error = write(*report, options, **file))
    return reportError(std::move(error));
  if (options.verify)
    if (llvm::Error error = verifyIntegerOnly(*report))
      return reportError(std::move(error));
  return Done;
}

int compare(const Options &options, const Recipe &recipe, ModuleOp module,
            const ::narrow::DatasetOptions &dataOptions, ::narrow::OutputFile &file) {
  Stage stage = detectStage(module);
  if (isQuantizedByOthers(module) || stage > Stage::Float)
    return reportError(llvm::createStringError(options.path + " is quantized already (stage " +
                                               stringifyStage(stage) +
                                               "): there is no float model to compare with"));
  if (stage < Stage::Float && failed(runPipeline(module, [](OpPassManager &pm) { buildFloatPipeline(pm); })))
    return BadInput;
  std::vector<::narrow::ModelInput> inputs = getModelInputs(module);
  llvm::Expected<::narrow::Dataset> data = ::narrow::Dataset::open(options.input, inputs, dataOptions);
  if (!data)
    return reportError(data.takeError());
  printNotes(data->notes());
  std::optional<::narrow::Dataset> calibration;
  std::optional<CalibrationSamples> samples;
  if (!options.data.empty()) {
    llvm::Expected<::narrow::Dataset> opened = ::narrow::Dataset::open(options.data, inputs, dataOptions);
    if (!opened)
      return reportError(opened.takeError());
    printNotes(opened->notes());
    calibration = std::move(*opened);
    samples.emplace(CalibrationSamples{*calibration, inputs});
  }
  ComparisonOptions comparison;
  comparison.calibration = samples ? &*samples : nullptr;
  if (llvm::Error error = rewriteFloat(module, recipe.rewrites, comparison.calibration))
    return reportError(std::move(error));
  llvm::Expected<::narrow::CalibrationTable> table =
      calibration ? calibrate(module, *calibration, inputs, CalibrationOptions())
                  : ::narrow::readTable(options.table);
  if (!table)
    return reportError(table.takeError());
  if (!calibration)
    if (llvm::Error error = checkRewrites(*table, options.table, recipe.rewrites))
      return reportError(std::move(error));

  comparison.recipe = recipe;
  comparison.strict = options.strict;
  comparison.samples = options.samples;
  comparison.threads = options.threads;
  comparison.labels = options.labels;
  llvm::Expected<ComparisonReport> report =
      compareStages(module, *table, options.table.empty() ? options.data : options.table, *data, comparison);
  if (!report)
    return reportError(report.takeError());
  llvm::json::Object extra{{"model", llvm::sys::path::filename(options.path).str()},
                           {"scheme", recipe.scheme},
                           {"method", recipe.method}};
  if (llvm::Error error = write(*report, options, file, std::move(extra)))
    return reportError(std::move(error));
  return Done;
}

int reportModel(const Options &options) {
  if (options.verify)
    return reportUsage("--verify-integer-only is for compiled models (.so, .o), and " + options.path +
                       " is none");
  if (options.input.empty())
    return reportUsage("--input names the samples to compare the stages on");
  if (options.table.empty() == options.data.empty())
    return reportUsage(
        "ranges come from either --table (of narrow-calibrate) or --data (samples to calibrate on)");
  if (std::string contradiction = options.recipe.getContradiction(); !contradiction.empty())
    return reportUsage(contradiction);
  if (options.samples < 0)
    return reportError(llvm::createStringError("--samples takes 0 or more (0: all)"));
  if (llvm::Error error = checkThreads(options.threads, /*least=*/0))
    return reportError(std::move(error));
  llvm::Expected<Recipe> recipe = options.recipe.get();
  if (!recipe)
    return reportError(recipe.takeError());
  if (llvm::Error error = ::narrow::checkIsNoInput(
          options.output, {options.path, options.table, options.data, options.input}))
    return reportError(std::move(error));
  llvm::Expected<ImportOptions> import = parseShapes(options.shapes);
  if (!import)
    return reportError(import.takeError());
  llvm::Expected<::narrow::DatasetOptions> dataOptions = options.preprocessing.get();
  if (!dataOptions)
    return reportError(dataOptions.takeError());
  llvm::Expected<std::unique_ptr<::narrow::OutputFile>> file = ::narrow::OutputFile::open(options.output);
  if (!file)
    return reportError(file.takeError());

  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false); // The op is named; networks are long.
  ToolDiagnostics diagnostics(&context);
  OwningOpRef<ModuleOp> module = loadModel(options.path, context, *import);
  if (!module)
    return BadInput;
  return compare(options, *recipe, *module, *dataOptions, **file);
}

} // namespace

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(
          argc, argv,
          "Says what is in a compiled model, or what quantization does to each layer of a model.\n\n"
          "  narrow-report m.so --verify-integer-only\n"
          "  narrow-report m.onnx --table m.table.json --input test.npz --labels labels\n",
          options.category))
    return BadUsage;
  llvm::StringRef path = options.path;
  if (isArtifact(path) || path.ends_with(".so") || path.ends_with(".o"))
    return finishTool(reportArtifact(options));
  return finishTool(reportModel(options));
}
