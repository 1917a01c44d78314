//===- narrow-calibrate.cpp - Runs a model on data, writes a table --------===//
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/DataWarnings.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/RecipeOptions.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include <map>

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"narrow-calibrate options"};
  cl::list<std::string> inputs{cl::Positional, cl::desc("<model: .onnx, .mlir> | <tables, with --merge>"),
                               cl::cat(category)};
  cl::list<std::string> shapes{"shape", cl::desc("fix the shape of an input, e.g. --shape input=1x3x224x224"),
                               cl::value_desc("name=dims"), cl::cat(category)};
  cl::opt<std::string> data{"data", cl::desc("samples, one array for each input of the model"),
                            cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("table to write"), cl::value_desc("file.json"),
                              cl::cat(category)};
  cl::opt<bool> merge{"merge", cl::desc("add up tables of the same model"), cl::cat(category)};
  cl::opt<int64_t> samples{"samples", cl::desc("use the first N samples (default: all)"), cl::init(0),
                           cl::cat(category)};
  cl::opt<int64_t> batch{"batch", cl::desc("samples that a thread takes at once (16)"), cl::init(16),
                         cl::cat(category)};
  cl::opt<unsigned> threads{"threads", cl::desc("threads (default: one for each core)"), cl::init(0),
                            cl::cat(category)};
  cl::opt<bool> resume{"resume", cl::desc("continue a run that was interrupted, from <output>.part"),
                       cl::cat(category)};
  cl::opt<double> saveInterval{"save-interval",
                               cl::desc("seconds after which <output>.part is written again (5)"),
                               cl::value_desc("s"), cl::init(5), cl::cat(category)};
  cl::opt<double> movingAverage{
      "moving-average",
      cl::desc("also record moving averages of the extrema of each --batch samples, for "
               "the method ema; between 0 and 1 (I-BERT: 0.95). No --merge then"),
      cl::value_desc("momentum"), cl::init(0), cl::cat(category)};
  DataOptions preprocessing{category};
  RewriteOptions rewrites{category};
  EmulationOption emulated{category};
  ExtensionOptions extensions{category};
};
} // namespace

/// A table that is counted twice shifts every percentile without a sign.
static llvm::Error checkDistinct(llvm::ArrayRef<std::string> paths) {
  std::map<std::pair<uint64_t, uint64_t>, std::string> seen;
  for (const std::string &path : paths) {
    llvm::sys::fs::UniqueID id;
    if (llvm::sys::fs::getUniqueID(path, id))
      continue; // The reader says what is wrong.
    auto [first, isNew] = seen.try_emplace({id.getDevice(), id.getFile()}, path);
    if (!isNew)
      return llvm::createStringError("'" + path + "' is given twice" +
                                     (first->second == path ? "" : " (also as '" + first->second + "')") +
                                     ": its samples would count twice");
  }
  return llvm::Error::success();
}

static int merge(const Options &options) {
  llvm::StringRef given =
      findGiven({options.data, options.samples, options.batch, options.threads, options.resume,
                 options.saveInterval, options.shapes, options.movingAverage, options.emulated});
  if (given.empty())
    given = options.preprocessing.getGiven();
  if (given.empty())
    given = options.rewrites.getGiven();
  if (!given.empty())
    return reportUsage("--" + given + " is for calibrating a model: --merge takes tables");
  if (options.inputs.empty())
    return reportUsage("--merge needs tables");
  std::vector<std::string> paths(options.inputs.begin(), options.inputs.end());
  if (llvm::Error error = checkDistinct(paths))
    return reportError(std::move(error));
  if (llvm::Error error =
          checkIsNoInput(options.output, std::vector<llvm::StringRef>(paths.begin(), paths.end())))
    return reportError(std::move(error));
  llvm::Expected<CalibrationTable> table = mergeTables(paths);
  if (!table)
    return reportError(table.takeError());
  if (llvm::Error error = writeTable(options.output, *table))
    return reportError(std::move(error));
  llvm::errs() << options.output << ": " << table->samples << " samples, " << table->entries.size()
               << " tensors\n";
  return Done;
}

static int run(const Options &options);

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(
          argc, argv,
          "Runs a float model on data and writes the statistics of its tensors as a calibration table.\n\n"
          "  narrow-calibrate m.onnx --data x.npz -o m.table.json\n"
          "  narrow-calibrate --merge a.json b.json -o m.table.json\n",
          options.category))
    return BadUsage;
  if (llvm::Error error = options.extensions.load())
    return finishTool(reportError(std::move(error)));
  return finishTool(run(options));
}

static int run(const Options &options) {
  if (options.output.empty())
    return reportUsage("-o names the table to write");
  if (options.merge)
    return merge(options);
  if (options.inputs.size() != 1)
    return reportUsage("one model is needed, got " + llvm::Twine(options.inputs.size()));
  if (options.data.empty())
    return reportUsage("--data names the samples");
  if (options.resume && options.output == "-")
    return reportUsage("--resume needs a file name after -o");
  auto wrong = [](const char *option, const char *accepted) {
    return reportError(llvm::createStringError(llvm::Twine(option) + " takes " + accepted));
  };
  if (options.batch < 1)
    return wrong("--batch", "1 or more");
  if (options.samples < 0)
    return wrong("--samples", "0 or more (0: all)");
  if (!(options.saveInterval >= 0))
    return wrong("--save-interval", "0 or more seconds");
  if (options.movingAverage.getNumOccurrences() && !(options.movingAverage > 0 && options.movingAverage < 1))
    return wrong("--moving-average", "a number between 0 and 1, as in --moving-average=0.95");
  if (llvm::Error error = checkThreads(options.threads, /*least=*/0))
    return reportError(std::move(error));
  const std::string &model = options.inputs[0];
  // What is no regular file (a pipe, a device) has nothing beside it.
  std::string statePath;
  if (options.output != "-" &&
      (llvm::sys::fs::is_regular_file(options.output) || !llvm::sys::fs::exists(options.output)))
    statePath = options.output + ".part";
  for (const std::string &path : {options.output.getValue(), statePath})
    if (llvm::Error error = checkIsNoInput(path, {model, options.data}))
      return reportError(std::move(error));

  // Before the work: can the result be written at all?
  if (options.output != "-") {
    llvm::Expected<std::unique_ptr<OutputFile>> probe = OutputFile::open(options.output);
    if (!probe)
      return reportError(probe.takeError());
  }
  llvm::Expected<Rewrites> rewrites = options.rewrites.get();
  if (!rewrites)
    return reportError(rewrites.takeError());
  llvm::Expected<ImportOptions> import = parseShapes(options.shapes);
  if (!import)
    return reportError(import.takeError());
  llvm::Expected<DatasetOptions> dataOptions = options.preprocessing.get();
  if (!dataOptions)
    return reportError(dataOptions.takeError());

  ToolContext context(options.extensions);
  OwningOpRef<ModuleOp> module = loadModel(options.inputs[0], *context, *import);
  if (!module)
    return BadInput;
  if (Stage stage = detectStage(*module); stage > Stage::Float)
    return reportError(llvm::createStringError(options.inputs[0] + " is in the " + stringifyStage(stage) +
                                               " stage: calibrate the float model"));
  if (isPreQuantized(*module))
    return reportError(llvm::createStringError(
        options.inputs[0] + " is already quantized and has its scales: compile it without a table"));
  if (llvm::Error error = options.extensions.runToFloat(*module, options.inputs[0]))
    return reportError(std::move(error));
  // Without the samples: narrow-compile has none beside a table, and must come to the same network.
  Recipe recipe;
  recipe.rewrites = *rewrites;
  if (llvm::Error error = rewriteFloat(*module, recipe))
    return reportError(std::move(error));
  std::vector<ModelInput> inputs = getModelInputs(*module);
  llvm::Expected<Dataset> data = Dataset::open(options.data, inputs, *dataOptions);
  if (!data)
    return reportError(data.takeError());
  printNotes(data->notes());

  CalibrationOptions calibration;
  calibration.samples = options.samples;
  calibration.batch = options.batch;
  calibration.threads = options.threads;
  calibration.resume = options.resume;
  calibration.saveSeconds = options.saveInterval;
  calibration.statePath = statePath;
  calibration.movingAverage = options.movingAverage;
  calibration.rewrites = rewrites->toCommandLine();
  calibration.emulatedISA = options.emulated;
  if (options.samples > data->sampleCount())
    llvm::errs() << "note: --samples " << options.samples << ": '" << options.data << "' has "
                 << data->sampleCount() << ", all are used\n";
  if (!calibration.statePath.empty() && llvm::sys::fs::exists(calibration.statePath) && !options.resume)
    llvm::errs() << "note: " << calibration.statePath
                 << " is of a run that was interrupted; this one starts anew (--resume continues)\n";
  if (options.resume && !llvm::sys::fs::exists(statePath))
    llvm::errs() << "note: " << options.output
                 << ".part is not there: no run was interrupted, this one starts from the beginning\n";
  llvm::Expected<CalibrationTable> table = calibrate(*module, *data, inputs, calibration);
  if (!table)
    return reportError(table.takeError());
  printWarnings(findDataFaults(*table, inputs, &*data));
  if (llvm::Error error = writeTable(options.output, *table))
    return reportError(std::move(error));
  llvm::errs() << options.output << ": " << table->samples << " samples, " << table->entries.size()
               << " tensors\n";
  return Done;
}
