//===- narrow-search.cpp - Finds a scheme for each layer ------------------===//
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/PrecisionSearch.h"
#include "narrow/Pipelines/RecipeOptions.h"
#include "narrow/Support/JSONText.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"narrow-search options"};
  ModelOptions model{category};
  TableOption table{category};
  cl::opt<std::string> data{"data", cl::desc("calibrate on these samples first"), cl::value_desc("file.npz"),
                            cl::cat(category)};
  cl::opt<std::string> input{"input", cl::desc("samples to measure on (default: --data)"),
                             cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<int64_t> samples{"samples", cl::desc("measure on the first N of --input (default: all)"),
                           cl::init(0), cl::cat(category)};
  cl::list<std::string> choices{"choices", cl::desc("schemes of a layer, the most precise first: w8a8,w4a8"),
                                cl::CommaSeparated, cl::value_desc("scheme,..."), cl::cat(category)};
  cl::list<std::string> budgets{
      "budget", cl::desc("at most this fraction of the first choice's: size=0.5, bops=0.4, latency=0.9"),
      cl::value_desc("cost=fraction"), cl::cat(category)};
  cl::opt<unsigned> points{"points", cl::desc("candidates from the budget up to the first choice's cost (1)"),
                           cl::init(1), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("file to write, after every measurement"),
                              cl::value_desc("file.json"), cl::cat(category)};
  cl::opt<bool> resume{"resume", cl::desc("continue with what the output file has"), cl::cat(category)};
  RecipeOptions recipe{category};
  DataOptions preprocessing{category};
  ExtensionOptions extensions{category};
};

/// `text` as a shell reads it back.
std::string quoteForShell(StringRef text) {
  std::string quoted;
  for (char c : text)
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + quoted + "'";
}

/// What was found, one line a candidate.
void print(const SearchState &state) {
  llvm::outs() << "SQNR\tpredicted\tagree\tsize\tbops\tlatency\tproven\toverrides\n";
  auto decibels = [](double noise) {
    return noise > 0 ? llvm::formatv("{0:f1} dB", -10 * std::log10(noise)).str() : std::string("exact");
  };
  for (const Candidate &candidate : state.candidates) {
    llvm::outs() << decibels(candidate.noise) << '\t' << decibels(candidate.predictedNoise) << '\t'
                 << llvm::formatv("{0:p2}", candidate.agreement);
    for (double cost : candidate.costs)
      llvm::outs() << '\t' << (cost > 0 ? llvm::formatv("{0:p1}", cost).str() : "-");
    llvm::outs() << '\t' << (candidate.isProven ? "yes" : "no") << '\t';
    if (state.choices.front() != Recipe().scheme)
      llvm::outs() << "--scheme=" << state.choices.front() << ' ';
    for (const std::string &text : candidate.overrides)
      llvm::outs() << "--override " << quoteForShell(text) << ' ';
    llvm::outs() << '\n';
  }
}

llvm::Expected<SearchState> readState(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createStringError("cannot read '" + path + "': " + buffer.getError().message());
  if (std::string fault = findJSONFault((*buffer)->getBuffer()); !fault.empty())
    return llvm::createStringError("'" + path + "' " + fault);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*buffer)->getBuffer());
  if (!value)
    return llvm::createStringError("'" + path + "': " + llvm::toString(value.takeError()));
  llvm::Expected<SearchState> state = searchStateFromJSON(*value);
  if (!state)
    return llvm::createStringError("'" + path + "' is " + llvm::toString(state.takeError()));
  return state;
}

int search(const Options &options, const SearchOptions &search, ModuleOp module,
           const DatasetOptions &dataOptions) {
  std::vector<ModelInput> inputs = getModelInputs(module);
  llvm::Expected<Dataset> measured =
      Dataset::open(options.input.empty() ? options.data : options.input, inputs, dataOptions);
  if (!measured)
    return reportError(measured.takeError());
  printNotes(measured->notes());
  SearchState state;
  if (options.resume && llvm::sys::fs::exists(options.output)) {
    llvm::Expected<SearchState> read = readState(options.output);
    if (!read)
      return reportError(read.takeError());
    state = std::move(*read);
  } else if (options.resume) {
    llvm::errs() << "note: " << options.output << " is not there: the search starts from the beginning\n";
  }
  llvm::Expected<std::unique_ptr<CalibrationSource>> calibration =
      CalibrationSource::open(options.table, options.data, inputs, dataOptions);
  if (!calibration)
    return reportError(calibration.takeError());
  (*calibration)->attach(module.getContext());
  if (llvm::Error error = rewriteFloat(module, search.recipe))
    return reportError(std::move(error));
  auto save = [&](const SearchState &state) {
    return writeOutputFile(options.output, llvm::formatv("{0:2}\n", llvm::json::Value(toJSON(state))).str());
  };
  if (llvm::Error error = searchPrecision(module, **calibration, *measured, search, state, save))
    return reportError(std::move(error));
  print(state);
  return Done;
}

int run(const Options &options) {
  if (options.output.empty() || options.output == "-")
    return reportUsage("-o names the file to write");
  if (options.table.empty() == options.data.empty())
    return reportUsage(
        "ranges come from either --table (of narrow-calibrate) or --data (samples to calibrate on)");
  if (options.input.empty() && options.data.empty())
    return reportUsage("--input names the samples to measure on");
  if (options.budgets.empty())
    return reportUsage("--budget says what the network may cost, e.g. --budget size=0.5");
  if (options.recipe.scheme.getNumOccurrences())
    return reportUsage("--scheme is one for all layers: --choices lists those of a layer");
  if (options.samples < 0)
    return reportError(llvm::createStringError("--samples takes 0 or more (0: all)"));
  if (options.points < 1 || options.points > 1000)
    return reportError(llvm::createStringError("--points takes 1 to 1000"));
  if (std::string contradiction = options.recipe.getContradiction(); !contradiction.empty())
    return reportUsage(contradiction);
  llvm::Expected<Recipe> recipe = options.recipe.get();
  if (!recipe)
    return reportError(recipe.takeError());
  SearchOptions search;
  search.recipe = std::move(*recipe);
  search.choices.assign(options.choices.begin(), options.choices.end());
  if (search.choices.empty())
    search.choices = {"w8a8", "w4a8"};
  for (const std::string &text : options.budgets) {
    llvm::Expected<Budget> budget = parseBudget(text);
    if (!budget)
      return reportError(budget.takeError());
    search.budgets.push_back(*budget);
  }
  search.points = options.points;
  search.samples = options.samples;
  if (llvm::Error error = checkIsNoInput(options.output, {options.model.path, options.table, options.data,
                                                          options.input, options.recipe.overrideFile}))
    return reportError(std::move(error));
  // Before hours of measuring, of which every one is written.
  if (auto file = OutputFile::open(options.output); !file)
    return reportError(file.takeError());
  llvm::Expected<DatasetOptions> dataOptions = options.preprocessing.get();
  if (!dataOptions)
    return reportError(dataOptions.takeError());
  llvm::Expected<ImportOptions> import = options.model.get();
  if (!import)
    return reportError(import.takeError());

  ToolContext context(options.extensions);
  OwningOpRef<ModuleOp> module = loadModel(options.model.path, *context, *import);
  if (!module)
    return BadInput;
  Stage stage = detectStage(*module);
  if (isPreQuantized(*module) || stage > Stage::Float)
    return reportError(llvm::createStringError(options.model.path +
                                               " is quantized already: the search takes a float model"));
  if (llvm::Error error = options.extensions.runToFloat(*module, options.model.path))
    return reportError(std::move(error));
  return ::search(options, search, *module, *dataOptions);
}

} // namespace

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(argc, argv,
                        "Finds a scheme for each layer, so that the network stays within a budget.\n\n"
                        "  narrow-search m.onnx --data calibration.npz --choices w8a8,w4a8 \\\n"
                        "      --budget size=0.6 --points 8 -o m.search.json\n",
                        options.category))
    return BadUsage;
  if (llvm::Error error = options.extensions.load())
    return finishTool(reportError(std::move(error)));
  return finishTool(run(options));
}
