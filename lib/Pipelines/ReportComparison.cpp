//===- ReportComparison.cpp - Measures quantization on samples ------------===//
#include "ReportStages.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <cmath>

using namespace mlir;
using namespace mlir::narrow;
using reference::Evaluator;
using reference::Tensor;

/// Share of a tensor's values without a code that is worth a warning.
static constexpr double kClipWarning = 0.01;

void Fidelity::add(ArrayRef<float> reference, ArrayRef<float> values) {
  for (auto [x, y] : llvm::zip_equal(reference, values)) {
    double a = x, b = y;
    signal += a * a;
    noise += (a - b) * (a - b);
    power += b * b;
    product += a * b;
  }
  count += reference.size();
}

void Fidelity::merge(const Fidelity &other) {
  count += other.count;
  signal += other.signal;
  noise += other.noise;
  power += other.power;
  product += other.product;
}

std::optional<double> Fidelity::sqnr() const {
  double ratio = signal / noise;
  return ratio > 0 && std::isfinite(ratio) ? std::optional(10 * std::log10(ratio)) : std::nullopt;
}

std::optional<double> Fidelity::cosine() const {
  double value = product / (std::sqrt(signal) * std::sqrt(power));
  return std::isfinite(value) ? std::optional(std::min(value, 1.0)) : std::nullopt;
}

void LayerSums::merge(const LayerSums &other) {
  simulation.merge(other.simulation);
  device.merge(other.device);
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  values += other.values;
  below += other.below;
  above += other.above;
  integral &= other.integral;
}

std::optional<double> LayerReport::clipRate() const {
  if (!ownsParameters || sums.values == 0)
    return std::nullopt;
  return static_cast<double>(sums.below + sums.above) / static_cast<double>(sums.values);
}

namespace {

/// What one batch adds to the report.
struct BatchResult {
  std::vector<LayerSums> layers;
  std::vector<OutputReport> outputs;
  Top1 top1;
};

class Comparison {
public:
  Comparison(ModuleOp floatStage, StagedModel &stages, const ::narrow::Dataset &data)
      : floatStage(floatStage), stages(stages), data(data), inputs(getModelInputs(floatStage)) {}

  llvm::Error prepare();
  /// The batch that begins with sample `first`. May run in several threads.
  llvm::Error run(int64_t first, BatchResult &result) const;
  int64_t batchSize() const {
    return inputs.empty() || inputs[0].shape.empty() ? 1 : std::max<int64_t>(1, inputs[0].shape[0]);
  }
  /// Elements of the first output that belong to one sample; 0 if they do not
  /// divide.
  int64_t classes() const { return numClasses; }
  std::vector<std::string> outputNames;
  std::vector<int64_t> labels; ///< of all samples; empty: not known

private:
  void measureFloat(const Probe &probe, ArrayRef<float> values, LayerSums &sums) const;

  ModuleOp floatStage;
  StagedModel &stages;
  const ::narrow::Dataset &data;
  std::vector<::narrow::ModelInput> inputs;
  std::optional<Evaluator> evaluators[3];
  int64_t numClasses = 0;
};

} // namespace

llvm::Error Comparison::prepare() {
  auto main = floatStage.lookupSymbol<func::FuncOp>("main");
  for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
    if (!isa<RankedTensorType>(type) || !cast<RankedTensorType>(type).hasStaticShape() ||
        !getElementTypeOrSelf(type).isF32())
      return llvm::createStringError("result " + llvm::Twine(i) +
                                     " of the model is no f32 tensor of static shape");
    auto name = main.getResultAttrOfType<StringAttr>(i, NarrowDialect::getNameAttrName());
    outputNames.push_back(name ? name.str() : "output" + std::to_string(i));
  }
  for (Type type : main.getArgumentTypes())
    if (!isa<RankedTensorType>(type) || !cast<RankedTensorType>(type).hasStaticShape() ||
        !getElementTypeOrSelf(type).isF32())
      return llvm::createStringError("the model's inputs must be f32 tensors of static shape: give --shape");
  for (const ::narrow::ModelInput &input : inputs)
    if (input.shape.empty() || input.shape[0] != batchSize())
      return llvm::createStringError("the inputs of the model have different batches");
  if (main.getNumResults() == 0)
    return llvm::createStringError("the model has no outputs");
  int64_t count = cast<RankedTensorType>(main.getResultTypes()[0]).getNumElements();
  numClasses = count % batchSize() == 0 ? count / batchSize() : 0;
  for (auto [module, evaluator] :
       llvm::zip(ArrayRef<ModuleOp>{floatStage, *stages.simulation, *stages.device}, evaluators)) {
    FailureOr<Evaluator> made = Evaluator::create(module);
    if (failed(made))
      return llvm::createStringError("a stage of the model cannot be evaluated");
    evaluator = std::move(*made);
  }
  return llvm::Error::success();
}

void Comparison::measureFloat(const Probe &probe, ArrayRef<float> values, LayerSums &sums) const {
  const std::optional<CodeLimits> &limits = stages.limits[probe.layer];
  sums.values += values.size();
  for (float value : values) {
    sums.min = std::min<double>(sums.min, value);
    sums.max = std::max<double>(sums.max, value);
    sums.integral &= value == std::floor(value);
    if (!limits)
      continue;
    // The code before it is clamped, as narrow.quantize rounds it.
    float code =
        std::nearbyint(value / static_cast<float>(limits->scale)) + static_cast<float>(limits->zeroPoint);
    sums.below += code < static_cast<float>(limits->min);
    sums.above += code > static_cast<float>(limits->max);
  }
}

llvm::Error Comparison::run(int64_t first, BatchResult &result) const {
  SmallVector<Tensor> arguments;
  int64_t batch = batchSize();
  for (auto [number, input] : llvm::enumerate(inputs)) {
    Tensor tensor(reference::ElementKind::F32, input.shape);
    for (int64_t i = 0; i < batch; ++i)
      if (llvm::Error error =
              data.read(first + i, number, tensor.values<float>().data() + i * data.sampleSize(number)))
        return error;
    arguments.push_back(std::move(tensor));
  }
  auto evaluate = [&](const Evaluator &evaluator, const Probes &probes, SmallVectorImpl<Tensor> &outputs,
                      llvm::function_ref<void(const Probe &, const Tensor &)> see) -> llvm::Error {
    LogicalResult done =
        evaluator.run(arguments, outputs, "main", [&](Operation *, Value value, const Tensor &tensor) {
          if (auto it = probes.find(value); it != probes.end())
            see(it->second, tensor);
        });
    return succeeded(done)
               ? llvm::Error::success()
               : llvm::createStringError("sample " + llvm::Twine(first) + " could not be evaluated");
  };

  // The float tensors of this batch alone are kept while the others are
  // measured against them.
  result.layers.resize(stages.layers.size());
  std::vector<std::vector<float>> reals(stages.layers.size());
  SmallVector<Tensor> outputs[3];
  if (llvm::Error error = evaluate(*evaluators[0], stages.floatProbes, outputs[0],
                                   [&](const Probe &probe, const Tensor &tensor) {
                                     probe.decoder.decode(tensor, reals[probe.layer]);
                                     measureFloat(probe, reals[probe.layer], result.layers[probe.layer]);
                                   }))
    return error;
  auto measure = [&](Fidelity LayerSums::*which) {
    return [&, which](const Probe &probe, const Tensor &tensor) {
      std::vector<float> values;
      if (probe.decoder.decode(tensor, values) && values.size() == reals[probe.layer].size())
        (result.layers[probe.layer].*which).add(reals[probe.layer], values);
    };
  };
  if (llvm::Error error =
          evaluate(*evaluators[1], stages.simulationProbes, outputs[1], measure(&LayerSums::simulation)))
    return error;
  if (llvm::Error error =
          evaluate(*evaluators[2], stages.deviceProbes, outputs[2], measure(&LayerSums::device)))
    return error;

  for (size_t i = 0; i < outputs[0].size(); ++i) {
    OutputReport output{outputNames[i], {}, {}};
    ArrayRef<float> values[3];
    for (int stage = 0; stage < 3; ++stage)
      values[stage] = outputs[stage][i].values<float>();
    if (values[1].size() != values[0].size() || values[2].size() != values[0].size())
      return llvm::createStringError("output '" + outputNames[i] + "' differs in shape between the stages");
    output.simulation.add(values[0], values[1]);
    output.device.add(values[0], values[2]);
    result.outputs.push_back(std::move(output));
    if (i != 0 || numClasses < 2)
      continue;
    for (int64_t sample = 0; sample < batch; ++sample) {
      int64_t best[3];
      for (int stage = 0; stage < 3; ++stage) {
        const float *scores = values[stage].data() + sample * numClasses;
        best[stage] = std::max_element(scores, scores + numClasses) - scores;
      }
      result.top1.simulationAgrees += best[1] == best[0];
      result.top1.deviceAgrees += best[2] == best[0];
      if (labels.empty())
        continue;
      int64_t label = labels[first + sample];
      result.top1.floatRight += best[0] == label;
      result.top1.simulationRight += best[1] == label;
      result.top1.deviceRight += best[2] == label;
    }
  }
  return llvm::Error::success();
}

static void merge(ComparisonReport &report, const BatchResult &batch) {
  for (auto [layer, sums] : llvm::zip_equal(report.layers, batch.layers))
    layer.sums.merge(sums);
  for (auto [output, other] : llvm::zip_equal(report.outputs, batch.outputs)) {
    output.simulation.merge(other.simulation);
    output.device.merge(other.device);
  }
  report.top1.floatRight += batch.top1.floatRight;
  report.top1.simulationRight += batch.top1.simulationRight;
  report.top1.deviceRight += batch.top1.deviceRight;
  report.top1.simulationAgrees += batch.top1.simulationAgrees;
  report.top1.deviceAgrees += batch.top1.deviceAgrees;
}

/// What the numbers say about the data and the ranges.
static void addWarnings(ComparisonReport &report) {
  std::vector<std::string> &warnings = report.warnings;
  for (const LayerReport &layer : report.layers) {
    const LayerSums &sums = layer.sums;
    if (layer.isInput && sums.values && sums.integral && sums.min >= 0 && sums.max > 16 && sums.max <= 255)
      warnings.push_back("input '" + layer.id + "' has whole numbers from " +
                         llvm::formatv("{0:f0} to {1:f0}", sums.min, sums.max).str() +
                         ": these look like pixels without the preprocessing of the training (give them as "
                         "uint8 with --mean and --std)");
    if (layer.isInput && layer.range && sums.values) {
      double calibrated = layer.range->second - layer.range->first, here = sums.max - sums.min;
      if (here > 0 && here * 8 < calibrated)
        warnings.push_back(
            "input '" + layer.id + "' spans " +
            llvm::formatv("[{0:f3}, {1:f3}], its range [{2:f3}, {3:f3}]", sums.min, sums.max,
                          layer.range->first, layer.range->second)
                .str() +
            " is more than 8 times as wide: was the calibration data preprocessed differently?");
    }
    if (std::optional<double> rate = layer.clipRate(); rate && *rate > kClipWarning)
      warnings.push_back(
          (layer.isInput ? "input '" : "'") + layer.id +
          llvm::formatv("': {0:f2} % of its float values have no code ({1} below, {2} above): ", 100 * *rate,
                        sums.below, sums.above)
              .str() +
          (layer.isInput ? "is this data preprocessed like the calibration data?"
                         : "calibrate on more samples like these, or choose a wider range (--method)"));
  }
  if (report.calibrationSamples < 16)
    warnings.push_back("the ranges come from " + std::to_string(report.calibrationSamples) +
                       " samples only: calibrate on more");
}

llvm::Expected<ComparisonReport> mlir::narrow::compareStages(ModuleOp floatStage,
                                                             const ::narrow::CalibrationTable &table,
                                                             StringRef tableName, ::narrow::Dataset &data,
                                                             const ComparisonOptions &options) {
  llvm::Expected<StagedModel> stages = makeStages(floatStage, table, tableName, options);
  if (!stages)
    return stages.takeError();
  Comparison comparison(floatStage, *stages, data);
  if (llvm::Error error = comparison.prepare())
    return std::move(error);

  ComparisonReport report;
  report.layers = stages->layers;
  for (const std::string &name : comparison.outputNames)
    report.outputs.push_back({name, {}, {}});
  report.calibrationSamples = table.samples;
  report.hasClasses = comparison.classes() >= 2;
  if (!options.labels.empty() && !report.hasClasses)
    return llvm::createStringError(
        "--labels: the first output of the model has no classes to compare with labels");
  if (!options.labels.empty()) {
    llvm::Expected<std::vector<int64_t>> labels = data.readLabels(options.labels, comparison.classes());
    if (!labels)
      return labels.takeError();
    comparison.labels = std::move(*labels);
    report.hasLabels = true;
  }

  int64_t batch = comparison.batchSize();
  int64_t total = options.samples > 0 ? std::min(options.samples, data.sampleCount()) : data.sampleCount();
  total = total / batch * batch;
  if (total == 0)
    return llvm::createStringError("the model takes batches of " + llvm::Twine(batch) +
                                   ": give at least as many samples");
  if (llvm::Error error = data.fingerprint(total).takeError()) // Finds damage.
    return std::move(error);
  report.samples = total;

  // Sums of doubles depend on their order: batches are merged in the order of
  // the data, whichever thread ran them.
  ::narrow::Progress progress("comparing", "samples", total);
  unsigned threads = options.threads ? options.threads : llvm::hardware_concurrency().compute_thread_count();
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  for (int64_t first = 0; first < total; first += batch * threads) {
    std::vector<BatchResult> results(std::min<int64_t>(threads, (total - first) / batch));
    std::vector<std::string> failures(results.size());
    for (size_t i = 0; i < results.size(); ++i)
      pool.async([&, i] {
        if (llvm::Error error = comparison.run(first + i * batch, results[i]))
          failures[i] = llvm::toString(std::move(error));
        progress.advance(batch);
      });
    pool.wait();
    for (auto [result, failure] : llvm::zip_equal(results, failures)) {
      if (!failure.empty())
        return llvm::createStringError(failure);
      merge(report, result);
    }
  }
  addWarnings(report);
  return report;
}
