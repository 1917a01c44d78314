//===- narrow-report.cpp - What is in it, what quantization costs ---------===//
#include "narrow/Analysis/ContentHash.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Ranking.h"
#include "narrow/Pipelines/RecipeOptions.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace narrow;
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
  TableOption table{category};
  cl::opt<std::string> data{"data", cl::desc("calibrate on these samples first"), cl::value_desc("file.npz"),
                            cl::cat(category)};
  RecipeOptions recipe{category};
  cl::opt<bool> strict{"strict", cl::desc("an op that would stay float is an error"), cl::cat(category)};
  cl::opt<std::string> requantize{
      "requantize", cl::desc("exact (default); fast: in 16 bits where that is off by one at most"),
      cl::init("exact"), cl::cat(category)};
  cl::opt<std::string> input{"input", cl::desc("samples to compare the stages on"),
                             cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<int64_t> samples{"samples", cl::desc("use the first N of --input (32; 0: all)"), cl::init(32),
                           cl::cat(category)};
  cl::opt<std::string> labels{"labels", cl::desc("array of the right classes in --input: reports top-1"),
                              cl::value_desc("array"), cl::cat(category)};
  cl::opt<unsigned> threads{
      "threads", cl::desc("threads to evaluate on (0: one for each core); the report does not depend on it"),
      cl::init(0), cl::cat(category)};
  cl::list<std::string> artifacts{
      "artifact", cl::desc("compiled form of the model, to measure the time of: float, integer, or both"),
      cl::value_desc("file.so"), cl::cat(category)};
  cl::opt<bool> ranking{"compare", cl::desc("rank the --candidates by the outputs of their compiled code"),
                        cl::cat(category)};
  cl::list<std::string> candidates{
      "candidate",
      cl::desc(
          "with --compare: a scheme and options, e.g. 'w4a8 --method=mse'; the other options are for all"),
      cl::value_desc("scheme options"), cl::cat(category)};
  cl::opt<bool> sensitivity{"sensitivity",
                            cl::desc("quantize one layer at a time, and keep one layer at a time float"),
                            cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("write one JSON object"), cl::cat(category)};
  cl::opt<bool> html{"html", cl::desc("write a page that needs nothing else (also: -o file.html)"),
                     cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("file to write (default: -, standard output)"), cl::init("-"),
                              cl::cat(category)};
  DataOptions preprocessing{category};
  ExtensionOptions extensions{category};
};

enum class Form { Text, Json, Html };

Form getForm(const Options &options) {
  return options.json                                                   ? Form::Json
         : options.html || StringRef(options.output).ends_with(".html") ? Form::Html
                                                                        : Form::Text;
}

template <typename Report>
llvm::Error write(const Report &report, const Options &options, OutputFile &file) {
  switch (getForm(options)) {
  case Form::Json:
    file.os() << llvm::formatv("{0:2}", llvm::json::Value(toJSON(report))) << '\n';
    break;
  case Form::Html:
    printPage(file.os(), toJSON(report));
    break;
  case Form::Text:
    printReport(file.os(), report);
    break;
  }
  return file.commit();
}

int reportArtifact(const Options &options) {
  for (auto [given, name] :
       {std::pair(!options.table.empty(), "--table"), std::pair(!options.data.empty(), "--data"),
        std::pair(!options.input.empty(), "--input"), std::pair(!options.labels.empty(), "--labels"),
        std::pair(options.strict.getValue(), "--strict"), std::pair(options.ranking.getValue(), "--compare"),
        std::pair(!options.candidates.empty(), "--candidate"),
        std::pair(options.sensitivity.getValue(), "--sensitivity"),
        std::pair(!options.artifacts.empty(), "--artifact"), std::pair(!options.shapes.empty(), "--shape"),
        std::pair(!options.extensions.runAfter.empty(), "--run-after")})
    if (given)
      return reportUsage(llvm::Twine(name) + " is for models, and " + options.path + " is compiled");
  if (StringRef given = options.recipe.getGiven(); !given.empty())
    return reportUsage("--" + given + " is for models, and " + options.path + " is compiled");
  if (llvm::Error error = checkIsNoInput(options.output, {options.path}))
    return reportError(std::move(error));
  llvm::Expected<std::unique_ptr<OutputFile>> file = OutputFile::open(options.output);
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

/// How the options say that models are measured.
ComparisonOptions getComparison(const Options &options, const Recipe &recipe) {
  ComparisonOptions comparison;
  comparison.recipe = recipe;
  comparison.strict = options.strict;
  comparison.requantize = options.requantize;
  comparison.samples = options.samples;
  comparison.threads = options.threads;
  comparison.labels = options.labels;
  return comparison;
}

/// For titles.
std::string describeChoices(const Options &options, const Recipe &recipe) {
  std::string text = recipe.scheme == Recipe().scheme ? "--scheme=" + recipe.scheme : "";
  for (const std::string &part :
       {toCommandLine(recipe), options.requantize == "exact" ? "" : "--requantize=" + options.requantize})
    text += (text.empty() || part.empty() ? "" : " ") + part;
  return text;
}

int compare(const Options &options, const Recipe &recipe, ArrayRef<RankedRecipe> candidates, ModuleOp module,
            const DatasetOptions &dataOptions, OutputFile &file) {
  Stage stage = detectStage(module);
  if (isPreQuantized(module) || stage > Stage::Float)
    return reportError(llvm::createStringError(options.path + " is quantized already (stage " +
                                               stringifyStage(stage) +
                                               "): there is no float model to compare with"));
  if (llvm::Error error = options.extensions.runToFloat(module, options.path))
    return reportError(std::move(error));
  std::vector<ModelInput> inputs = getModelInputs(module);
  llvm::Expected<Dataset> data = Dataset::open(options.input, inputs, dataOptions);
  if (!data)
    return reportError(data.takeError());
  printNotes(data->notes());
  std::vector<LatencyReport> latencies;
  for (const std::string &path : options.artifacts) {
    llvm::Expected<LatencyReport> latency = measureLatency(path, *data, options.path, hashModel(module));
    if (!latency)
      return reportError(latency.takeError());
    latencies.push_back(std::move(*latency));
  }
  llvm::Expected<std::unique_ptr<CalibrationSource>> calibration =
      CalibrationSource::open(options.table, options.data, inputs, dataOptions);
  if (!calibration)
    return reportError(calibration.takeError());

  ComparisonOptions comparison = getComparison(options, recipe);
  auto finish = [&](auto report) {
    if (!report)
      return reportError(report.takeError());
    report->model = llvm::sys::path::filename(options.path).str();
    if constexpr (!std::is_same_v<std::decay_t<decltype(*report)>, RankingReport>)
      report->recipe = describeChoices(options, recipe);
    if constexpr (std::is_same_v<std::decay_t<decltype(*report)>, ComparisonReport>)
      report->latencies = latencies;
    if (llvm::Error error = write(*report, options, file))
      return reportError(std::move(error));
    if constexpr (std::is_same_v<std::decay_t<decltype(*report)>, RankingReport>)
      if (llvm::all_of(report->candidates, [](const CandidateReport &row) { return !row.error.empty(); }))
        return reportError(llvm::createStringError("no --candidate can be compiled; the report says why"));
    return static_cast<int>(Done);
  };
  if (options.ranking)
    return finish(rankCandidates(module, **calibration, *data, candidates, comparison));
  if (options.sensitivity)
    return finish(measureSensitivity(module, **calibration, *data, comparison));
  return finish(compareStages(module, **calibration, *data, comparison));
}

int reportModel(const Options &options, ArrayRef<RankedRecipe> candidates) {
  if (options.verify)
    return reportUsage("--verify-integer-only is for compiled models (.so, .o), and " + options.path +
                       " is none");
  if (options.input.empty())
    return reportUsage("--input names the samples to compare the stages on");
  if (options.table.empty() == options.data.empty())
    return reportUsage(
        "ranges come from either --table (of narrow-calibrate) or --data (samples to calibrate on)");
  if (options.json && options.html)
    return reportUsage("--json and --html exclude each other");
  if (options.ranking && options.sensitivity)
    return reportUsage("--compare and --sensitivity exclude each other");
  if (options.ranking != !options.candidates.empty())
    return reportUsage("--compare ranks what each --candidate says: give both");
  if (!options.artifacts.empty() && (options.ranking || options.sensitivity))
    return reportUsage("--artifact is for the report of a model's layers");
  if (std::string contradiction = options.recipe.getContradiction(); !contradiction.empty())
    return reportUsage(contradiction);
  if (!llvm::is_contained({"exact", "fast"}, options.requantize))
    return reportError(
        llvm::createStringError("unknown --requantize=" + options.requantize + ": exact, fast"));
  if (options.samples < 0)
    return reportError(llvm::createStringError("--samples takes 0 or more (0: all)"));
  if (llvm::Error error = checkThreads(options.threads, /*least=*/0))
    return reportError(std::move(error));
  llvm::Expected<Recipe> recipe = options.recipe.get();
  if (!recipe)
    return reportError(recipe.takeError());
  SmallVector<StringRef> files{options.path, options.table, options.data, options.input,
                               options.recipe.overrideFile};
  files.append(options.artifacts.begin(), options.artifacts.end());
  if (llvm::Error error = checkIsNoInput(options.output, files))
    return reportError(std::move(error));
  llvm::Expected<ImportOptions> import = parseShapes(options.shapes);
  if (!import)
    return reportError(import.takeError());
  llvm::Expected<DatasetOptions> dataOptions = options.preprocessing.get();
  if (!dataOptions)
    return reportError(dataOptions.takeError());
  llvm::Expected<std::unique_ptr<OutputFile>> file = OutputFile::open(options.output);
  if (!file)
    return reportError(file.takeError());

  ToolContext context(options.extensions);
  OwningOpRef<ModuleOp> module = loadModel(options.path, *context, *import);
  if (!module)
    return BadInput;
  return compare(options, *recipe, candidates, *module, *dataOptions, **file);
}

constexpr const char overview[] =
    "Says what is in a compiled model, or what quantization does to each layer of a model.\n\n"
    "  narrow-report m.so --verify-integer-only\n"
    "  narrow-report m.onnx --table m.table.json --input test.npz --labels labels -o report.html\n"
    "  narrow-report m.onnx --table m.table.json --input test.npz --compare --candidate w8a8 "
    "--candidate 'w4a8 --method=mse'\n"
    "  narrow-report m.onnx --table m.table.json --input test.npz --sensitivity\n";

/// How often every option was given.
std::map<std::string, int> countOptions() {
  std::map<std::string, int> counts;
  for (auto &entry : cl::getRegisteredOptions())
    counts[entry.first.str()] = entry.second->getNumOccurrences();
  return counts;
}

bool hasOpenQuote(StringRef text) {
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (quote ? text[i] == quote : text[i] == '"' || text[i] == '\'')
      quote = quote ? 0 : text[i];
  }
  return quote != 0;
}

/// What each --candidate means: the command line with its options instead of
/// the --candidates is parsed again. Not Done: it has been said what is wrong.
int parseCandidates(int argc, char **argv, Options &options, std::vector<RankedRecipe> &candidates) {
  std::vector<std::string> texts(options.candidates.begin(), options.candidates.end());
  bool schemeForAll = options.recipe.scheme.getNumOccurrences() > 0, usesSchemeForAll = false;
  std::vector<char *> common;
  for (int i = 0; i < argc; ++i) {
    StringRef argument = argv[i];
    if (i > 0 && argument.consume_front("-")) {
      argument.consume_front("-");
      if (argument == "candidate")
        ++i;
      if (argument == "candidate" || argument.starts_with("candidate="))
        continue;
    }
    common.push_back(argv[i]);
  }
  auto parse = [&](std::vector<char *> &arguments) {
    cl::ResetAllOptionOccurrences();
    return parseCommandLine(arguments.size(), arguments.data(), overview, options.category);
  };
  if (!parse(common))
    return BadUsage;
  std::map<std::string, int> given = countOptions();
  for (const std::string &text : texts) {
    auto wrong = [&](const Twine &what) { return reportUsage("candidate '" + text + "': " + what); };
    llvm::BumpPtrAllocator memory;
    llvm::StringSaver saver(memory);
    SmallVector<const char *> words;
    cl::TokenizeGNUCommandLine(text, saver, words);
    if (words.empty())
      return reportUsage("--candidate takes a scheme and options, e.g. 'w4a8 --method=mse'");
    if (hasOpenQuote(text))
      return wrong("a quote is not closed");
    std::vector<char *> arguments = common;
    for (auto [i, word] : llvm::enumerate(words)) {
      // These would end the program.
      if (StringRef name = StringRef(word).ltrim('-');
          word[0] == '-' && (name.starts_with("help") || name == "version"))
        return wrong("--" + name + " is for the whole program");
      if (i == 0 && word[0] != '-')
        word = saver.save("--scheme=" + Twine(word)).data();
      arguments.push_back(const_cast<char *>(word));
    }
    if (!parse(arguments))
      return reportUsage("this was candidate '" + text + "' together with the options for all");
    for (auto &[name, count] : countOptions())
      if (count != given[name] && !options.recipe.has(name))
        return wrong("--" + Twine(name) +
                     " does not say how the network is quantized: give it for all candidates");
    usesSchemeForAll |= options.recipe.scheme.getNumOccurrences() == given["scheme"];
    if (std::string contradiction = options.recipe.getContradiction(); !contradiction.empty())
      return wrong(contradiction);
    llvm::Expected<Recipe> recipe = options.recipe.get();
    if (!recipe)
      return reportError(
          llvm::createStringError("candidate '" + text + "': " + llvm::toString(recipe.takeError())));
    candidates.push_back({text, std::move(*recipe)});
  }
  if (schemeForAll && !usesSchemeForAll)
    return reportUsage("--scheme is not used: every --candidate has a scheme of its own");
  cl::ResetAllOptionOccurrences();
  return parseCommandLine(argc, argv, overview, options.category) ? Done : BadUsage;
}

} // namespace

int main(int argc, char **argv) {
  startTool();
  Options options;
  std::vector<RankedRecipe> candidates;
  if (!parseCommandLine(argc, argv, overview, options.category))
    return BadUsage;
  if (!options.candidates.empty())
    if (int code = parseCandidates(argc, argv, options, candidates); code != Done)
      return code;
  if (llvm::Error error = options.extensions.load())
    return finishTool(reportError(std::move(error)));
  llvm::StringRef path = options.path;
  if (isArtifact(path) || path.ends_with(".so") || path.ends_with(".o"))
    return finishTool(reportArtifact(options));
  return finishTool(reportModel(options, candidates));
}
