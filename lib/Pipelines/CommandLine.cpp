//===- CommandLine.cpp - Options that several drivers have ----------------===//
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/InitAll.h"
#include "narrow/Target/CPU/ModelInterface.h"
#include "narrow/Support/OutputFile.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/WithColor.h"
#include <csignal>

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

static std::string toolName = "narrow";

void narrow::startTool() {
  cl::ResetCommandLineParser();
  cl::SetVersionPrinter([](llvm::raw_ostream &os) { os << getCompilerVersion() << '\n'; });
  // LLVM treats SIGXFSZ as a crash: it goes after LLVM's handlers.
  llvm::sys::PrintStackTraceOnErrorSignal("");
  std::signal(SIGXFSZ, SIG_IGN);
}

void narrow::setToolName(llvm::StringRef program) { toolName = llvm::sys::path::filename(program).str(); }

int narrow::reportError(llvm::Error error) {
  llvm::handleAllErrors(std::move(error), [](const llvm::ErrorInfoBase &info) {
    if (std::string message = info.message(); !message.empty())
      llvm::WithColor::error(llvm::errs(), toolName) << message << '\n';
  });
  return BadInput;
}

int narrow::reportUsage(const llvm::Twine &message) {
  reportError(llvm::createStringError(message + "; see --help"));
  return BadUsage;
}

void narrow::printNotes(llvm::ArrayRef<std::string> notes) {
  for (const std::string &note : notes)
    llvm::errs() << "note: " << note << '\n';
}

void narrow::printWarnings(llvm::ArrayRef<std::string> warnings) {
  for (const std::string &warning : warnings)
    llvm::WithColor::warning(llvm::errs(), toolName) << warning << '\n';
}

int narrow::finishTool(int code) {
  if (llvm::Error error = flushStandardOutput())
    return std::max(code, reportError(std::move(error)));
  return code;
}

llvm::StringRef narrow::findGiven(std::initializer_list<std::reference_wrapper<const cl::Option>> options) {
  for (const cl::Option &option : options)
    if (option.getNumOccurrences())
      return option.ArgStr;
  return "";
}

std::string narrow::printable(StringRef text) {
  std::string result;
  for (unsigned char c : text)
    result += c < 0x20 || c == 0x7f ? llvm::formatv("\\x{0:x-2}", unsigned(c)).str() : std::string(1, c);
  return result;
}

llvm::Error narrow::checkThreads(unsigned threads, unsigned least) {
  if (threads >= least && threads <= maxThreads)
    return llvm::Error::success();
  return llvm::createStringError("--threads takes " + llvm::Twine(least) + " to " + llvm::Twine(maxThreads) +
                                 ", got " + llvm::Twine(threads));
}

llvm::Error narrow::alreadyReported() { return llvm::createStringError(""); }

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

ToolDiagnostics::ToolDiagnostics(MLIRContext *context) : ScopedDiagnosticHandler(context) {
  setHandler([this](Diagnostic &diagnostic) {
    print(diagnostic.getLocation(), diagnostic.getSeverity(), diagnostic.str());
    for (Diagnostic &note : diagnostic.getNotes())
      print(note.getLocation(), note.getSeverity(), note.str());
    return success();
  });
}

static DialectRegistry makeRegistry(const ExtensionOptions &extensions) {
  DialectRegistry registry;
  registerAllDialects(registry);
  extensions.registerDialects(registry);
  return registry;
}

ToolContext::ToolContext(const ExtensionOptions &extensions)
    : context(makeRegistry(extensions)), diagnostics(&context) {
  extensions.configure(context);
}

void ToolDiagnostics::print(Location location, DiagnosticSeverity severity, const llvm::Twine &message) {
  auto file = location->findInstanceOf<FileLineColLoc>();
  llvm::raw_ostream &os = llvm::errs();
  std::string where = toolName;
  if (file) {
    where = file.getFilename().str();
    if (file.getLine() > 0)
      where += ":" + std::to_string(file.getLine()) + ":" + std::to_string(file.getColumn());
  }
  switch (severity) {
  case DiagnosticSeverity::Error:
    llvm::WithColor::error(os, where);
    break;
  case DiagnosticSeverity::Warning:
    llvm::WithColor::warning(os, where);
    break;
  case DiagnosticSeverity::Note:
    llvm::WithColor::note(os, where);
    break;
  case DiagnosticSeverity::Remark:
    llvm::WithColor::remark(os, where);
    break;
  }
  os << message << '\n';
  constexpr size_t longest = 240; // Constants make lines of megabytes.
  llvm::StringRef line = file ? getLine(file) : "";
  if (line.empty() || line.size() > longest || file.getColumn() < 1 || file.getColumn() > line.size() + 1)
    return;
  os << line << '\n';
  for (char c : line.take_front(file.getColumn() - 1))
    os << (c == '\t' ? '\t' : ' ');
  os << "^\n";
}

llvm::StringRef ToolDiagnostics::getLine(FileLineColLoc location) {
  llvm::StringRef path = location.getFilename();
  if (location.getLine() < 1 || !path.ends_with(".mlir"))
    return "";
  auto [file, isNew] = files.try_emplace(path);
  if (isNew)
    if (auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true))
      file->second = std::move(*buffer);
  if (!file->second)
    return "";
  for (llvm::line_iterator it(*file->second, /*SkipBlanks=*/false); !it.is_at_end(); ++it)
    if (it.line_number() == static_cast<int64_t>(location.getLine()))
      return *it;
  return "";
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

bool narrow::parseCommandLine(int argc, char **argv, llvm::StringRef overview, cl::OptionCategory &category) {
  setToolName(argv[0]);
  cl::HideUnrelatedOptions(category);
  return cl::ParseCommandLineOptions(argc, argv, overview, &llvm::errs());
}

ModelOptions::ModelOptions(cl::OptionCategory &category)
    : path(cl::Positional, cl::desc("<model: .onnx, .mlir>"), cl::Required, cl::cat(category)),
      shapes("shape", cl::desc("fix the shape of an input, e.g. --shape input=1x3x224x224"),
             cl::value_desc("name=dims"), cl::cat(category)) {}

llvm::Expected<ImportOptions> narrow::parseShapes(const cl::list<std::string> &texts) {
  ImportOptions options;
  for (const std::string &text : texts) {
    std::string message;
    if (failed(parseShapeOption(text, options, message)))
      return llvm::createStringError("--shape: " + message);
  }
  return options;
}

llvm::Expected<ImportOptions> ModelOptions::get() const { return parseShapes(shapes); }

TableOption::TableOption(cl::OptionCategory &category)
    : opt("table",
          cl::desc("calibration table of narrow-calibrate, ONNX Runtime, TensorRT, AIMET or tpu-mlir"),
          cl::value_desc("file"), cl::cat(category)) {}

DataOptions::DataOptions(cl::OptionCategory &category)
    : inputNames("input-name", cl::desc("array of the .npz for an input of the model"),
                 cl::value_desc("input=array"), cl::cat(category)),
      layout("layout",
             cl::desc("nhwc: pictures are stored with channels last; model (default): as the model's input"),
             cl::init("model"), cl::cat(category)),
      mean("mean", cl::desc("of each channel, for u8 data: (x/255 - mean) / std"), cl::value_desc("m,..."),
           cl::cat(category)),
      std("std", cl::desc("of each channel, for u8 data"), cl::value_desc("s,..."), cl::cat(category)) {}

llvm::Expected<DatasetOptions> DataOptions::get() const {
  DatasetOptions options;
  for (const std::string &text : inputNames) {
    auto [input, array] = llvm::StringRef(text).split('=');
    if (input.empty() || array.empty())
      return llvm::createStringError("--input-name takes <input of the model>=<array of the .npz>, got '" +
                                     text + "'");
    options.inputNames.emplace_back(input.str(), array.str());
  }
  if (layout == "nhwc")
    options.layout = DataLayout::Nhwc;
  else if (layout != "model" && layout != "nchw")
    return llvm::createStringError("--layout takes nhwc or model, got '" + layout + "'");
  if (mean.empty() != std.empty())
    return llvm::createStringError("--mean and --std go together");
  for (auto [text, name, list] : {std::tuple{&mean, "--mean", &options.preprocessing.mean},
                                  std::tuple{&std, "--std", &options.preprocessing.std}}) {
    if (text->empty())
      continue;
    llvm::Expected<std::vector<float>> values = parseFloatList(*text, name);
    if (!values)
      return values.takeError();
    *list = std::move(*values);
  }
  if (llvm::Error error = checkPreprocessing(options.preprocessing))
    return std::move(error);
  return options;
}

llvm::StringRef DataOptions::getGiven() const { return findGiven({inputNames, layout, mean, std}); }

EmulationOption::EmulationOption(cl::OptionCategory &category)
    : opt("emulate-isa",
          cl::desc(
              "kernels of this instruction set, with its instructions in plain vector code for the target"),
          cl::value_desc("isa"), cl::Hidden, cl::cat(category)) {}

TargetOptions::TargetOptions(cl::OptionCategory &category)
    : cpu("mcpu",
          cl::desc("CPU to compile for; native (default): the best ISA of this machine, tuned for it"),
          cl::cat(category)),
      triple("mtriple", cl::desc("target triple, e.g. aarch64-linux-gnu (default: this machine's)"),
             cl::cat(category)),
      features("mattr", cl::desc("CPU features to add or remove: +a,-b"), cl::cat(category)),
      isa("isa",
          cl::desc("instruction set of the kernels: portable, avx2, avx512, avx512vnni, amx, avxvnni, "
                   "neon-dotprod, native; of a list the best one that the running CPU has is used"),
          cl::value_desc("isa,..."), cl::cat(category)),
      emulated(category) {}

llvm::Expected<std::vector<TargetSpec>> TargetOptions::get() const {
  TargetRequest request{cpu, triple, features, isa, emulated};
  // Without a word about the target: this machine.
  if (cpu.empty() && triple.empty() && isa.empty())
    request.cpu = "native";
  return resolveTargets(request);
}
