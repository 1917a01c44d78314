//===- Ranking.cpp - Ways to quantize one network, by its outputs ---------===//
#include "narrow/Pipelines/Ranking.h"
#include "ReportStages.h"
#include "SampleBatches.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Support/Progress.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace narrow;

static llvm::Expected<OutputMeter> createMeter(ModuleOp floatStage, Dataset &data,
                                               const ComparisonOptions &options) {
  llvm::Expected<int64_t> samples =
      countBatchedSamples(data, options.samples, getBatch(getModelInputs(floatStage)));
  if (!samples)
    return samples.takeError();
  if (llvm::Error error = data.fingerprint(*samples).takeError()) // Finds damage.
    return std::move(error);
  llvm::Expected<OutputMeter> meter = OutputMeter::create(floatStage, data, *samples, options.threads);
  if (!meter || options.labels.empty())
    return meter;
  if (!meter->hasClasses())
    return llvm::createStringError(
        "--labels: the first output of the model has no classes to compare with labels");
  llvm::Expected<std::vector<int64_t>> labels = data.readLabels(options.labels, meter->classes());
  if (!labels)
    return labels.takeError();
  meter->labels = std::move(*labels);
  return meter;
}

namespace {

/// One way to quantize the network, compiled.
struct Built {
  std::unique_ptr<CompiledModel> model;
  int64_t floatOps = 0;
};

/// What passes report while it lives is kept, not printed.
class KeptDiagnostics : public ScopedDiagnosticHandler {
public:
  explicit KeptDiagnostics(MLIRContext *context) : ScopedDiagnosticHandler(context) {
    setHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        reported += (reported.empty() ? "" : "; ") + diagnostic.str();
      return success();
    });
  }
  /// `error` with what was reported instead of its own words.
  llvm::Error explain(llvm::Error error) const {
    std::string message = llvm::toString(std::move(error));
    return llvm::createStringError(reported.empty() ? message : reported);
  }

private:
  std::string reported;
};

} // namespace

/// Quantizes and compiles `network`, the result of rewrite(). `required` names
/// ops that have to be quantized.
static llvm::Expected<Built> build(ModuleOp network, const Recipe &recipe, CalibrationSource &calibration,
                                   const LoweringOptions &lowering, ArrayRef<std::string> required = {}) {
  KeptDiagnostics diagnostics(network.getContext());
  llvm::Expected<Quantized> stages = quantize(network, recipe, calibration, lowering, /*allStages=*/false);
  if (!stages)
    return diagnostics.explain(stages.takeError());
  Built built;
  std::string stays;
  stages->device->walk([&](Operation *op) {
    auto reason = op->getAttrOfType<StringAttr>(attrs::floatReason);
    if (!reason)
      return;
    ++built.floatOps;
    if (op->getNumResults() && llvm::is_contained(required, getTensorId(op->getResult(0))))
      stays = reason.str();
  });
  if (!stays.empty())
    return llvm::createStringError("stays float: " + stays);
  llvm::Expected<std::unique_ptr<CompiledModel>> model = compileForHost(*stages->device, "the model");
  if (!model)
    return diagnostics.explain(model.takeError());
  built.model = std::move(*model);
  return built;
}

llvm::Expected<RankingReport> narrow::rankCandidates(ModuleOp floatStage, CalibrationSource &calibration,
                                                     Dataset &data, ArrayRef<RankedRecipe> candidates,
                                                     const ComparisonOptions &options) {
  llvm::Expected<OutputMeter> meter = createMeter(floatStage, data, options);
  if (!meter)
    return meter.takeError();
  RankingReport report;
  report.samples = meter->samples();
  report.hasClasses = meter->hasClasses();
  report.hasLabels = !meter->labels.empty();
  Progress progress("comparing", "candidates", candidates.size());
  for (const RankedRecipe &candidate : candidates) {
    CandidateReport row;
    row.name = candidate.name;
    auto make = [&]() -> llvm::Expected<Built> {
      KeptDiagnostics diagnostics(floatStage.getContext());
      llvm::Expected<OwningOpRef<ModuleOp>> network = rewrite(floatStage, candidate.recipe, calibration);
      if (!network)
        return diagnostics.explain(network.takeError());
      llvm::Expected<const CalibrationTable *> table = calibration.get(**network, candidate.recipe);
      if (!table)
        return table.takeError();
      report.calibrationSamples = (*table)->samples;
      return build(**network, candidate.recipe, calibration, {options.strict, options.requantize});
    };
    llvm::Expected<Built> built = make();
    if (!built) {
      row.error = llvm::toString(built.takeError());
    } else {
      llvm::Expected<OutputSums> sums = meter->measure(*built->model);
      if (!sums)
        return sums.takeError();
      row.sums = *sums;
      row.weightsSize = built->model->info().weights_size;
      row.floatOps = built->floatOps;
      report.floatRight = sums->floatRight;
    }
    report.candidates.push_back(std::move(row));
    progress.advance();
  }
  // Without noise the ratio is infinite.
  auto rank = [](const CandidateReport &row) {
    if (!row.error.empty())
      return -std::numeric_limits<double>::infinity();
    return row.sums.device.exact() ? std::numeric_limits<double>::infinity()
                                   : row.sums.device.sqnr().value_or(std::numeric_limits<double>::lowest());
  };
  llvm::stable_sort(report.candidates,
                    [&](const CandidateReport &a, const CandidateReport &b) { return rank(a) > rank(b); });
  return report;
}

namespace {
/// Ops that are quantized together; the first gives the layer its name.
struct Layer {
  std::string op;
  std::vector<std::string> ids;   ///< of its ops, the id of the layer first
  std::vector<std::string> moves; ///< ops that bring codes to it
};
} // namespace

/// The layers of the observed network that `rules` quantizes; `all` are the ids
/// of every op that could be kept float.
static std::vector<Layer> listQuantizableLayers(ModuleOp observed, SchemeRules &rules,
                                                std::vector<std::string> &all) {
  llvm::MapVector<Operation *, Layer> layers;
  observed.walk([&](QuantizableOpInterface op) {
    SmallVector<StringRef> ids = getIds(op);
    if (!getQuantizable(op) || isMergedClamp(op) || ids.empty())
      return;
    bool isFloat = rules.match(ids).scheme.keepFloat;
    if (isFloat)
      return;
    all.push_back(ids.front().str());
    if (movesCodes(op))
      return;
    Value result = getMergedResult(op);
    Operation *leader = isFusedAccumulator(result) ? *result.user_begin() : op;
    Layer &layer = layers[leader];
    std::string name = op->getName().stripDialect().str();
    if (leader == op) {
      layer.ids.insert(layer.ids.begin(), ids.front().str());
      layer.op = layer.op.empty() ? name : name + " of " + layer.op;
    } else {
      layer.ids.push_back(ids.front().str());
      layer.op += (layer.op.empty() ? "" : ", ") + name;
    }
    for (unsigned index : op.getActivationOperands()) {
      Value value = op->getOperand(index);
      while (Operation *producer = value.getDefiningOp()) {
        if (auto observe = dyn_cast<ObserveOp>(producer)) {
          value = observe.getInput();
          break;
        }
        if (!movesCodes(producer))
          break;
        if (SmallVector<StringRef> moved = getIds(producer); !moved.empty())
          layer.moves.push_back(moved.front().str());
        value = producer->getOperand(cast<QuantizableOpInterface>(producer).getActivationOperands().front());
      }
    }
  });
  std::vector<Layer> list;
  for (auto &[op, layer] : layers)
    list.push_back(std::move(layer));
  return list;
}

llvm::Expected<SensitivityReport> narrow::measureSensitivity(ModuleOp floatStage,
                                                             CalibrationSource &calibration, Dataset &data,
                                                             const ComparisonOptions &options) {
  const Recipe &recipe = options.recipe;
  llvm::Expected<SchemeRules> rules = SchemeRules::parse(recipe.scheme, recipe.overrides);
  if (!rules)
    return rules.takeError();
  llvm::Expected<OwningOpRef<ModuleOp>> network = rewrite(floatStage, recipe, calibration);
  if (!network)
    return network.takeError();
  llvm::Expected<const CalibrationTable *> table = calibration.get(**network, recipe);
  if (!table)
    return table.takeError();
  OwningOpRef<ModuleOp> observed = cast<ModuleOp>((*network)->clone());
  if (failed(runPipeline(*observed, buildObservedPipeline)))
    return llvm::createStringError("the model cannot be quantized: it has no layers to measure");
  std::vector<std::string> all;
  std::vector<Layer> layers = listQuantizableLayers(*observed, *rules, all);
  if (layers.empty())
    return llvm::createStringError("no layer of the model is quantized: there is nothing to measure");

  llvm::Expected<OutputMeter> meter = createMeter(floatStage, data, options);
  if (!meter)
    return meter.takeError();
  SensitivityReport report;
  report.samples = meter->samples();
  report.calibrationSamples = (*table)->samples;
  auto measure = [&](const Recipe &variant, bool strict,
                     ArrayRef<std::string> required) -> llvm::Expected<Fidelity> {
    llvm::Expected<Built> built =
        build(**network, variant, calibration, {strict, options.requantize}, required);
    if (!built)
      return built.takeError();
    llvm::Expected<OutputSums> sums = meter->measure(*built->model);
    if (!sums)
      return sums.takeError();
    return sums->device;
  };
  Progress progress("measuring", "models", 1 + 2 * layers.size());
  llvm::Expected<Fidelity> whole = measure(recipe, options.strict, {});
  if (!whole)
    return whole.takeError();
  report.all = *whole;
  progress.advance();
  auto keepFloat = [](Recipe &variant, const std::string &id) {
    variant.overrides.push_back(llvm::Regex::escape(id) + "=float");
  };
  for (const Layer &layer : layers) {
    SensitivityRow row{layer.ids.front(), layer.op, {}, {}, {}};
    Recipe only = recipe, kept = recipe;
    for (const std::string &id : all)
      if (!llvm::is_contained(layer.ids, id) && !llvm::is_contained(layer.moves, id))
        keepFloat(only, id);
    for (const std::string &id : layer.ids)
      keepFloat(kept, id);
    auto take = [&](const Recipe &variant, ArrayRef<std::string> required, std::optional<Fidelity> &result) {
      llvm::Expected<Fidelity> measured = measure(variant, /*strict=*/false, required);
      if (measured)
        result = *measured;
      else
        row.error += (row.error.empty() ? "" : "; ") + llvm::toString(measured.takeError());
      progress.advance();
    };
    take(only, layer.ids, row.only);
    take(kept, {}, row.kept);
    report.layers.push_back(std::move(row));
  }
  return report;
}
