//===- ReportComparison.cpp - Measures quantization on samples ------------===//
#include "ReportStages.h"
#include "SampleBatches.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Pipelines/DataWarnings.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/Progress.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow;
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
  split.merge(other.split);
  (void)histogram.merge(other.histogram);
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

/// A module that can be run, unless it is not needed.
struct Prepared {
  std::optional<Evaluator> evaluator;
  const Probes *probes = nullptr;
};

class Comparison {
public:
  Comparison(StagedModel &stages, const Dataset &data)
      : floatStage(*stages.network.module), stages(stages), data(data), inputs(getModelInputs(floatStage)) {}

  llvm::Error prepare();
  /// The batch that begins with sample `first`. May run in several threads.
  llvm::Error run(int64_t first, BatchResult &result) const;
  int64_t batchSize() const { return getBatch(inputs); }
  /// Elements of the first output that belong to one sample; 0 if they do not
  /// divide.
  int64_t classes() const { return numClasses; }
  std::vector<std::string> outputNames;
  std::vector<int64_t> labels; ///< of all samples; empty: not known

private:
  /// Adds what tells whether the range of `layer` was chosen well.
  void measureRange(unsigned layer, ArrayRef<float> values, LayerSums &sums) const;

  using Outputs = SmallVector<Tensor>;
  llvm::Error evaluate(const Prepared &prepared, ArrayRef<Tensor> arguments, Outputs &outputs,
                       llvm::function_ref<void(unsigned layer, std::vector<float> &)> see) const;

  ModuleOp floatStage;
  StagedModel &stages;
  const Dataset &data;
  std::vector<ModelInput> inputs;
  Prepared network, simulation, device, exactFunctions, original;
  const Probes noProbes;
  std::array<Prepared, 3> sources;
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
    auto name = main.getResultAttrOfType<StringAttr>(i, attrs::name);
    outputNames.push_back(name ? name.str() : "output" + std::to_string(i));
  }
  for (Type type : main.getArgumentTypes())
    if (!isa<RankedTensorType>(type) || !cast<RankedTensorType>(type).hasStaticShape() ||
        !getElementTypeOrSelf(type).isF32())
      return llvm::createStringError("the model's inputs must be f32 tensors of static shape: give --shape");
  for (const ModelInput &input : inputs)
    if (input.shape.empty() || input.shape[0] != batchSize())
      return llvm::createStringError("the inputs of the model have different batches");
  if (main.getNumResults() == 0)
    return llvm::createStringError("the model has no outputs");
  int64_t count = cast<RankedTensorType>(main.getResultTypes()[0]).getNumElements();
  numClasses = count % batchSize() == 0 ? count / batchSize() : 0;
  auto prepare = [](ProbedModule &probed, Prepared &prepared) -> llvm::Error {
    if (!probed.module)
      return llvm::Error::success();
    FailureOr<Evaluator> made = Evaluator::create(*probed.module);
    if (failed(made))
      return llvm::createStringError("a stage of the model cannot be evaluated");
    prepared.evaluator = std::move(*made);
    prepared.probes = &probed.probes;
    return llvm::Error::success();
  };
  llvm::Error error = llvm::Error::success();
  for (auto [probed, prepared] :
       {std::pair(&stages.network, &network), std::pair(&stages.simulation, &simulation),
        std::pair(&stages.device, &device), std::pair(&stages.sources[0], &sources[0]),
        std::pair(&stages.sources[1], &sources[1]), std::pair(&stages.sources[2], &sources[2]),
        std::pair(&stages.exactFunctions, &exactFunctions)})
    error = llvm::joinErrors(std::move(error), prepare(*probed, *prepared));
  if (stages.original && !error) {
    FailureOr<Evaluator> made = Evaluator::create(*stages.original);
    if (failed(made))
      return llvm::createStringError("the float model cannot be evaluated");
    original.evaluator = std::move(*made);
    original.probes = &noProbes;
  }
  return error;
}

llvm::Error Comparison::evaluate(const Prepared &prepared, ArrayRef<Tensor> arguments, Outputs &outputs,
                                 llvm::function_ref<void(unsigned, std::vector<float> &)> see) const {
  LogicalResult done = prepared.evaluator->run(
      arguments, outputs, "main", [&](Operation *, Value value, const Tensor &tensor) {
        auto it = prepared.probes->find(value);
        std::vector<float> values;
        if (it != prepared.probes->end() && it->second.decoder.decode(tensor, values))
          see(it->second.layer, values);
      });
  return succeeded(done) ? llvm::Error::success() : llvm::createStringError("it could not be evaluated");
}

/// The sum of the squares of `a - b`; nullopt if they have different sizes.
static std::optional<double> distance(ArrayRef<float> a, ArrayRef<float> b) {
  if (a.size() != b.size())
    return std::nullopt;
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += (static_cast<double>(x) - y) * (static_cast<double>(x) - y);
  return sum;
}

void Comparison::measureRange(unsigned layer, ArrayRef<float> values, LayerSums &sums) const {
  const std::optional<CodeLimits> &limits = stages.limits[layer];
  sums.values += values.size();
  if (stages.layers[layer].range)
    (void)sums.histogram.add(std::span(values.data(), values.size()));
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
  // Tensors of this batch are kept while others are measured against them:
  // those of the float network, of the simulation, and of the device with exact functions.
  size_t numLayers = stages.layers.size();
  result.layers.resize(numLayers);
  using Kept = std::vector<std::vector<float>>;
  Kept reals(numLayers), simulated(numLayers), exact(numLayers);
  auto split = [&](unsigned layer) -> ErrorSplit & { return result.layers[layer].split; };
  auto noise = [](ErrorSplit &split, ErrorSource source) -> std::optional<double> & {
    return split.noise[static_cast<unsigned>(source)];
  };
  auto run = [&](const Prepared &prepared, Outputs &outputs,
                 llvm::function_ref<void(unsigned, std::vector<float> &)> see) -> llvm::Error {
    if (llvm::Error error = evaluate(prepared, arguments, outputs, see))
      return llvm::createStringError("sample " + llvm::Twine(first) + ": " +
                                     llvm::toString(std::move(error)));
    return llvm::Error::success();
  };
  Outputs real, given, simulatedOutputs, exactOutputs, deviceOutputs;
  if (llvm::Error error = run(network, real, [&](unsigned layer, std::vector<float> &values) {
        for (float value : values)
          split(layer).signal += static_cast<double>(value) * value;
        for (auto [owner, kept] : llvm::enumerate(stages.keptBy))
          if (kept == layer)
            measureRange(owner, values, result.layers[owner]);
        reals[layer] = std::move(values);
      }))
    return error;
  for (size_t i = 0; i < real.size(); ++i) {
    OutputReport output{outputNames[i], {}, {}, {}, {}};
    for (float value : real[i].values<float>())
      output.split.signal += static_cast<double>(value) * value;
    result.outputs.push_back(std::move(output));
  }
  for (auto [i, prepared] : llvm::enumerate(sources)) {
    Outputs outputs;
    ErrorSource source = static_cast<ErrorSource>(i);
    if (llvm::Error error = run(prepared, outputs, [&](unsigned layer, std::vector<float> &values) {
          noise(split(layer), source) = distance(values, reals[layer]);
        }))
      return error;
    for (auto [output, value, reference] : llvm::zip_equal(result.outputs, outputs, real))
      noise(output.split, source) = distance(value.values<float>(), reference.values<float>());
  }
  auto measure = [&](unsigned layer, ArrayRef<float> values, Fidelity LayerSums::*which) {
    if (values.size() == reals[layer].size())
      (result.layers[layer].*which).add(reals[layer], values);
  };
  if (llvm::Error error = run(simulation, simulatedOutputs, [&](unsigned layer, std::vector<float> &values) {
        measure(layer, values, &LayerSums::simulation);
        simulated[layer] = std::move(values);
      }))
    return error;
  bool hasFunctions = exactFunctions.evaluator.has_value();
  if (hasFunctions)
    if (llvm::Error error =
            run(exactFunctions, exactOutputs, [&](unsigned layer, std::vector<float> &values) {
              noise(split(layer), ErrorSource::Requantization) = distance(values, simulated[layer]);
              exact[layer] = std::move(values);
            }))
      return error;
  if (llvm::Error error = run(device, deviceOutputs, [&](unsigned layer, std::vector<float> &values) {
        measure(layer, values, &LayerSums::device);
        if (values.size() != reals[layer].size())
          return;
        split(layer).count = values.size();
        split(layer).total = *distance(values, reals[layer]);
        if (hasFunctions) {
          noise(split(layer), ErrorSource::Approximation) = distance(values, exact[layer]);
        } else {
          noise(split(layer), ErrorSource::Requantization) = distance(values, simulated[layer]);
          noise(split(layer), ErrorSource::Approximation) = 0;
        }
      }))
    return error;

  if (original.evaluator)
    if (llvm::Error error = run(original, given, [](unsigned, std::vector<float> &) {}))
      return error;
  for (size_t i = 0; i < real.size(); ++i) {
    OutputReport &output = result.outputs[i];
    ArrayRef<float> network = real[i].values<float>();
    ArrayRef<float> values[] = {given.empty() ? network : given[i].values<float>(),
                                simulatedOutputs[i].values<float>(), deviceOutputs[i].values<float>()};
    if (values[1].size() != values[0].size() || values[2].size() != values[0].size())
      return llvm::createStringError("output '" + outputNames[i] + "' differs in shape between the stages");
    output.simulation.add(values[0], values[1]);
    output.device.add(values[0], values[2]);
    output.split.count = values[0].size();
    output.split.total = *distance(values[2], network);
    if (!given.empty())
      output.rewritten.add(values[0], network);
    ArrayRef<float> beforeFunctions = hasFunctions ? exactOutputs[i].values<float>() : values[2];
    noise(output.split, ErrorSource::Requantization) = distance(beforeFunctions, values[1]);
    noise(output.split, ErrorSource::Approximation) = distance(values[2], beforeFunctions);
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
    output.rewritten.merge(other.rewritten);
    output.split.merge(other.split);
  }
  report.top1.floatRight += batch.top1.floatRight;
  report.top1.simulationRight += batch.top1.simulationRight;
  report.top1.deviceRight += batch.top1.deviceRight;
  report.top1.simulationAgrees += batch.top1.simulationAgrees;
  report.top1.deviceAgrees += batch.top1.deviceAgrees;
}

/// How many of the tensors reach further in `more` than in `less`, by a share of their width that matters.
namespace {
struct Growth {
  uint64_t tensors = 0, grown = 0;
  double most = 0;
  std::string worst;

  void add(StringRef id, double lessMin, double lessMax, double moreMin, double moreMax) {
    constexpr double matters = 0.1;
    double width = lessMax - lessMin, grows = std::max(lessMin - moreMin, moreMax - lessMax);
    if (!(width > 0))
      return;
    ++tensors;
    if (grows <= matters * width)
      return;
    ++grown;
    if (grows / width > most) {
      most = grows / width;
      worst = id.str();
    }
  }
  bool matters() const { return grown * 10 > tensors; }
  std::string describe() const {
    return llvm::formatv(
        "{0} of {1} tensors reach further by more than 10 % of their range, '{2}' by {3:f0} %", grown,
        tensors, worst, 100 * most);
  }
};
} // namespace

static void warnOfCalibration(std::vector<std::string> &warnings, const ComparisonReport &report,
                              const CalibrationTable &table, const CalibrationTable *firstHalf,
                              const Dataset &data, const Dataset *calibrationData,
                              ArrayRef<ModelInput> inputs) {
  if (table.foreign) // Says nothing of its data.
    return;
  llvm::append_range(warnings, findDataFaults(table, inputs, calibrationData));
  if (firstHalf) {
    Growth growth;
    for (const TableEntry &entry : table.entries)
      if (const TableEntry *half = firstHalf->find(entry.tensor.id)) {
        MinMax less = half->statistics.range(), more = entry.statistics.range();
        growth.add(entry.tensor.id, less.min, less.max, more.min, more.max);
      }
    if (growth.matters())
      warnings.push_back("the ranges still grow with the calibration data: in all samples, compared with the "
                         "first half, " +
                         growth.describe() + ": calibrate on more, or choose a --method that cuts tails");
  }
  Growth growth;
  for (const LayerReport &layer : report.layers)
    if (const TableEntry *entry = table.find(layer.id); entry && layer.sums.values) {
      MinMax known = entry->statistics.range();
      growth.add(layer.id, known.min, known.max, layer.sums.min, layer.sums.max);
    }
  if (growth.matters())
    warnings.push_back("in these " + std::to_string(report.samples) +
                       " samples, compared with the calibration data, " + growth.describe() +
                       ": the calibration data are too few or of another kind");
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto known = llvm::find_if(table.preprocessing, [&](auto &other) { return other.input == input.name; });
    bool calibratedRaw = known == table.preprocessing.end();
    if (!calibratedRaw && data.preprocessing(i).empty())
      warnings.push_back(
          "input '" + input.name +
          "' was calibrated on uint8 with --mean and --std, and these samples are used as they are");
    else if (!calibratedRaw && !(known->values == data.preprocessing(i)))
      warnings.push_back("input '" + input.name +
                         "' was calibrated with another --mean and --std than these samples");
  }
}

/// What the numbers say about the data and the ranges.
static void addWarnings(ComparisonReport &report) {
  std::vector<std::string> &warnings = report.warnings;
  for (const LayerReport &layer : report.layers) {
    const LayerSums &sums = layer.sums;
    if (layer.isInput && sums.values)
      if (StringRef pixels = describePixels(sums.min, sums.max, sums.integral); !pixels.empty())
        warnings.push_back("input '" + layer.id + "' has whole numbers from " +
                           llvm::formatv("{0:f0} to {1:f0}", sums.min, sums.max).str() + pixels.str());
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
}

llvm::Expected<ComparisonReport> narrow::compareStages(ModuleOp floatStage, CalibrationSource &calibration,
                                                       Dataset &data, const ComparisonOptions &options) {
  llvm::Expected<StagedModel> stages = makeStages(floatStage, calibration, options);
  if (!stages)
    return stages.takeError();
  llvm::Expected<const CalibrationTable *> table = calibration.get(*stages->network.module, options.recipe);
  if (!table)
    return table.takeError();
  llvm::Expected<const CalibrationTable *> half =
      calibration.getFirstHalf(*stages->network.module, options.recipe);
  if (!half)
    return half.takeError();
  Comparison comparison(*stages, data);
  if (llvm::Error error = comparison.prepare())
    return std::move(error);

  ComparisonReport report;
  report.layers = stages->layers;
  for (const std::string &name : comparison.outputNames)
    report.outputs.push_back({name, {}, {}, {}, {}});
  report.calibrationSamples = (*table)->samples;
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
  llvm::Expected<int64_t> total = countBatchedSamples(data, options.samples, batch);
  if (!total)
    return total.takeError();
  if (llvm::Error error = data.fingerprint(*total).takeError()) // Finds damage.
    return std::move(error);
  report.samples = *total;

  Progress progress("comparing", "samples", *total);
  llvm::Error error = forEachBatch<BatchResult>(
      *total, batch, options.threads,
      [&](int64_t first, BatchResult &result) {
        llvm::Error error = comparison.run(first, result);
        progress.advance(batch);
        return error;
      },
      [&](BatchResult &result) { merge(report, result); });
  if (error)
    return std::move(error);
  warnOfCalibration(report.warnings, report, **table, *half, data, calibration.getData(),
                    getModelInputs(floatStage));
  addWarnings(report);
  if (!stages->unsplit.empty())
    report.warnings.push_back("the constants of " + std::to_string(stages->unsplit.size()) +
                              " ops are not known before they were quantized: their error counts for every "
                              "source ('" +
                              llvm::join(stages->unsplit, "', '") + "')");
  return report;
}
