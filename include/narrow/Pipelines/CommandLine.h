//===- CommandLine.h - Options that several drivers have --------*- C++ -*-===//
//
// Options are members of objects that live in main: libraries have no global
// command line options.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_COMMANDLINE_H
#define NARROW_PIPELINES_COMMANDLINE_H

#include "narrow/Import/ONNX/Import.h"
#include "narrow/Pipelines/Extensions.h"
#include "narrow/Pipelines/Pipelines.h"
#include "narrow/Support/Dataset.h"
#include "narrow/Target/CPU/Target.h"
#include "mlir/IR/Diagnostics.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <functional>

namespace narrow {

/// Exit codes of every driver.
enum ExitCode { Done = 0, BadInput = 1, BadUsage = 2 };

/// First statement of a driver's main: forgets the options that LLVM's own
/// libraries register, which would clash with ours (--threads) and fill --help,
/// and makes a file that may not grow an error of the write, not a signal.
void startTool();

/// What messages call the tool, from argv[0]. parseCommandLine sets it.
void setToolName(llvm::StringRef program);

/// Prints `error` as "<tool>: error: ..." lines; returns BadInput. An error
/// without a message is one that ToolDiagnostics has printed already.
int reportError(llvm::Error error);
llvm::Error alreadyReported();

/// Prints what is wrong with the command line; returns BadUsage.
int reportUsage(const llvm::Twine &message);
void printNotes(llvm::ArrayRef<std::string> notes);
void printWarnings(llvm::ArrayRef<std::string> warnings);

/// The last statement of a driver's main: its exit code, and an error if
/// standard output has not taken what was written to it.
int finishTool(int code);

/// The name of the first of `options` that was given; empty if none was.
llvm::StringRef findGiven(std::initializer_list<std::reference_wrapper<const llvm::cl::Option>> options);

/// Names come from the model: what would move a terminal's cursor is spelled out.
std::string printable(llvm::StringRef text);

/// More threads than any machine has: a number that was not meant.
constexpr unsigned maxThreads = 1024;
llvm::Error checkThreads(unsigned threads, unsigned least);

/// Prints what MLIR reports while it lives: where (file, line and column if
/// known), what, and the line of the source unless it is one of constants.
class ToolDiagnostics : public ScopedDiagnosticHandler {
public:
  explicit ToolDiagnostics(MLIRContext *context);

private:
  void print(Location location, DiagnosticSeverity severity, const llvm::Twine &message);
  llvm::StringRef getLine(FileLineColLoc location);
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
};

/// The context of a driver's models: all dialects, those of plugins included, and diagnostics as drivers
/// print them.
class ToolContext {
public:
  explicit ToolContext(const ExtensionOptions &extensions);
  MLIRContext &operator*() { return context; }

private:
  MLIRContext context;
  ToolDiagnostics diagnostics;
};

/// Parses argv; hides options that are not in `category`. False: the usage was
/// wrong and has been explained.
bool parseCommandLine(int argc, char **argv, llvm::StringRef overview, llvm::cl::OptionCategory &category);

/// What a list of --shape options says.
llvm::Expected<ImportOptions> parseShapes(const llvm::cl::list<std::string> &texts);

struct ModelOptions {
  explicit ModelOptions(llvm::cl::OptionCategory &category);
  llvm::cl::opt<std::string> path;
  llvm::cl::list<std::string> shapes;
  llvm::Expected<ImportOptions> get() const;
};

/// --table.
struct TableOption : llvm::cl::opt<std::string> {
  explicit TableOption(llvm::cl::OptionCategory &category);
};

struct DataOptions {
  explicit DataOptions(llvm::cl::OptionCategory &category);
  llvm::cl::list<std::string> inputNames;
  llvm::cl::opt<std::string> layout, mean, std;
  llvm::Expected<DatasetOptions> get() const;
  /// An option that was given and says how samples are read; empty: none.
  llvm::StringRef getGiven() const;
};

/// --emulate-isa, hidden: it is for testing kernels of instruction sets that the machine lacks. Of drivers
/// that generate code: narrow-run has none to generate, artifacts hold what they are.
struct EmulationOption : llvm::cl::opt<std::string> {
  explicit EmulationOption(llvm::cl::OptionCategory &category);
};

struct TargetOptions {
  explicit TargetOptions(llvm::cl::OptionCategory &category);
  llvm::cl::opt<std::string> cpu, triple, features, isa;
  EmulationOption emulated;
  /// One target for each ISA, the best first.
  llvm::Expected<std::vector<TargetSpec>> get() const;
};

} // namespace narrow

#endif
