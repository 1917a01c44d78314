//===- narrow-opt.cpp - Runs passes and pipelines on IR files -------------===//
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/InitAll.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/DatasetSamples.h"

using namespace mlir;
using namespace narrow;

namespace {

struct Options {
  llvm::cl::OptionCategory category{"Calibration data"};
  llvm::cl::opt<std::string> data{"data", llvm::cl::desc("samples, for passes that run the network on data"),
                                  llvm::cl::value_desc("file.npz"), llvm::cl::cat(category)};
  DataOptions preprocessing{category};
};

/// Makes the samples of the command line those of each context.
class AttachSamples : public DialectExtension<AttachSamples, NarrowDialect> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AttachSamples)

  explicit AttachSamples(const Options &options) : options(options) {}

  void apply(MLIRContext *, NarrowDialect *dialect) const override {
    if (options.data.empty())
      return;
    llvm::Expected<DatasetOptions> parsed = options.preprocessing.get();
    if (!parsed) // Has been checked before.
      return llvm::consumeError(parsed.takeError());
    dialect->calibration = std::make_shared<Calibration>(
        Calibration{std::make_shared<DatasetSamples>(options.data, *parsed), nullptr, options.data});
  }

private:
  const Options &options;
};

} // namespace

int main(int argc, char **argv) {
  setToolName(argv[0]);
  Options options;
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  registry.addExtension(TypeID::get<AttachSamples>(), std::make_unique<AttachSamples>(options));
  auto [input, output] = registerAndParseCLIOptions(argc, argv, "Narrow's pass driver\n", registry);
  if (StringRef given = options.preprocessing.getGiven(); options.data.empty() && !given.empty())
    return reportUsage("--" + given + " says how the samples of --data are read, and there is none");
  if (llvm::Expected<DatasetOptions> parsed = options.preprocessing.get(); !parsed)
    return reportError(parsed.takeError());
  return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
}
