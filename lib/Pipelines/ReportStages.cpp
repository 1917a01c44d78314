//===- ReportStages.cpp - Matches tensors between stages ------------------===//
#include "ReportStages.h"
#include "ReportSources.h"
#include "narrow/Analysis/ContentHash.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Pipelines.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

bool Decoder::decode(const reference::Tensor &tensor, std::vector<float> &values) const {
  if (scales.empty()) {
    ArrayRef<float> floats = tensor.values<float>();
    values.assign(floats.begin(), floats.end());
    return tensor.kind == reference::ElementKind::F32;
  }
  return reference::dispatch(tensor.kind, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, bool>) {
      return false;
    } else {
      ArrayRef<T> codes = tensor.values<T>();
      values.resize(codes.size());
      if (scales.size() == 1) {
        // As rule N5 does: the difference in integers, the product in f32.
        float scale = static_cast<float>(scales.front());
        for (size_t i = 0; i < codes.size(); ++i)
          values[i] = scale * static_cast<float>(static_cast<int64_t>(codes[i]) - zeroPoint);
      } else {
        for (size_t i = 0; i < codes.size(); ++i)
          values[i] =
              static_cast<float>(scales[i % scales.size()] * static_cast<double>(codes[i] - zeroPoint));
      }
      return true;
    }
  });
}

namespace {

/// The decoder of a per-tensor type; codes are `moved` lower in the IR.
std::optional<Decoder> getDecoder(Type type, int64_t moved = 0) {
  if (auto uniform = dyn_cast_if_present<quant::UniformQuantizedType>(type))
    return Decoder{{uniform.getScale()}, uniform.getZeroPoint() - moved};
  return std::nullopt;
}

ArrayRef<int64_t> getShape(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor ? tensor.getShape() : ArrayRef<int64_t>();
}

class StageBuilder {
public:
  explicit StageBuilder(StagedModel &model) : model(model) {}
  void listLayers(func::FuncOp main);
  /// Which option decides each op's scheme, and the weights.
  void readNetwork(ModuleOp observed, SchemeRules &rules, const Recipe &recipe);
  void readAnnotations(ModuleOp annotated, const CalibrationTable &table, RangeRules &rules,
                       const Recipe &recipe);
  void probeFloats(ProbedModule &probed);
  void probeSimulation();
  void probeDevice();
  std::vector<std::string> functions; ///< ids of the nonlinear functions that are quantized

private:
  /// Candidates for one layer: the better one wins, of equals the last.
  struct Choice {
    int rank = -1;
    Value value;
    Decoder decoder;
  };
  void choose(std::vector<Choice> &choices, StringRef id, int rank, Value value, Decoder decoder);
  void take(const std::vector<Choice> &choices, Probes &probes);
  /// The layer whose tensor, or a part of whose computation, is called `id`.
  LayerReport *findMember(StringRef id) {
    auto it = members.find(id);
    return it == members.end() ? nullptr : &model.layers[it->second];
  }
  void addFloatReason(Operation *op, const std::vector<Choice> *integers);

  StagedModel &model;
  llvm::StringMap<unsigned> rows, members;
  std::vector<quant::QuantizedType> types; ///< of each layer, in the quantized stage
  std::vector<SmallVector<double>> accumulatorScales;
};

} // namespace

void StageBuilder::listLayers(func::FuncOp main) {
  SmallVector<Value> values; // of the rows
  auto add = [&](Value value, StringRef op, bool isInput) {
    LayerReport layer;
    layer.id = getTensorId(value).str();
    if (layer.id.empty() || !isFloatTensor(value.getType()))
      return false;
    layer.op = op.str();
    layer.shape.assign(getShape(value).begin(), getShape(value).end());
    layer.isInput = isInput;
    unsigned row = model.layers.size();
    if (!rows.try_emplace(layer.id, row).second)
      return false;
    members[layer.id] = row;
    model.network.probes[value] = {row, {}};
    values.push_back(value);
    model.layers.push_back(std::move(layer));
    return true;
  };
  for (BlockArgument argument : main.getArguments())
    add(argument, "input", /*isInput=*/true);
  for (Operation &op : main.getOps()) {
    if (op.getNumResults() != 1 || !op.hasAttr(attrs::id))
      continue;
    Value result = op.getResult(0);
    if (result.hasOneUse() && isMergedClamp(*result.user_begin()))
      continue; // The clamp's row is the op's.
    SmallVector<Operation *> producers = getMergedProducers(result);
    std::string name;
    for (Operation *producer : llvm::reverse(producers))
      name += (name.empty() ? "" : "+") + producer->getName().stripDialect().str();
    if (!add(result, name, /*isInput=*/false))
      continue;
    for (Operation *producer : producers)
      if (StringRef id = getTensorId(producer->getResult(0)); !id.empty())
        members.try_emplace(id, model.layers.size() - 1);
  }
  types.resize(model.layers.size());
  accumulatorScales.resize(model.layers.size());
  model.limits.resize(model.layers.size());
  for (auto [row, value] : llvm::enumerate(values)) {
    auto kept = rows.find(getTensorId(getKeptValue(value)));
    model.keptBy.push_back(kept == rows.end() ? row : kept->second);
  }
}

void StageBuilder::readNetwork(ModuleOp observed, SchemeRules &rules, const Recipe &recipe) {
  auto decide = [&](ArrayRef<StringRef> ids) {
    SchemeRules::Match match = rules.match(ids);
    for (StringRef id : ids)
      if (LayerReport *layer = findMember(id))
        layer->schemeRule = match.override.empty() ? "--scheme=" + recipe.scheme
                                                   : "--override '" + match.override.str() + "'";
    return match;
  };
  observed.walk([&](ObserveOp observe) { decide(observe.getId()); });
  observed.walk([&](QuantizableOpInterface op) {
    if (!getQuantizable(op))
      return;
    SmallVector<StringRef> ids = getIds(op);
    SchemeRules::Match match = decide(ids);
    if (op.getQuantizationKind() == QuantizationKind::Elementwise && !match.scheme.keepFloat)
      if (StringRef id = getTensorId(op->getResult(0)); !id.empty())
        functions.push_back(id.str());
    std::optional<unsigned> weight = op.getWeightOperand();
    LayerReport *layer = ids.empty() ? nullptr : findMember(ids.front());
    if (!weight || !layer)
      return;
    if (std::optional<std::vector<float>> values = getFloats(op->getOperand(*weight)))
      if (!layer->weights.add(*values))
        layer->weights = {};
  });
}

/// "8 bits, symmetric, …" of `#narrow.scheme<8 bits, symmetric, …>`.
static std::string formatScheme(SchemeAttr scheme) {
  std::string text;
  llvm::raw_string_ostream(text) << scheme;
  StringRef inner = text;
  inner.consume_front("#narrow.scheme<");
  inner.consume_back(">");
  return inner.str();
}

/// Which option decided the range of what `observe` observes.
static std::string describeRange(ObserveOp observe, RangeRules &rules, const Recipe &recipe) {
  RangeAttr range = observe.getRangeAttr();
  if (range.getOrigin() == RangeOrigin::Known)
    return "known from the function";
  StringRef rule = rules.match(observe).rule,
            given = observe.getWeight() ? recipe.weightMethod : recipe.method;
  if (SchemeAttr scheme = observe.getSchemeAttr(); rule.empty() && scheme && scheme.isPerToken())
    return "minmax, for scales of tokens";
  if (SchemeAttr scheme = observe.getSchemeAttr(); observe.getWeight() && scheme && !scheme.isUniform()) {
    return range.getOrigin() == RangeOrigin::Format   ? "scales of the format"
           : range.getOrigin() == RangeOrigin::Search ? "scales of least squared error"
                                                      : "scales of the largest weights";
  }
  std::string text = !rule.empty() ? "--range '" + rule.str() + "'"
                                   : (observe.getWeight() ? "--weight-method=" : "--method=") + given.str();
  // Methods that choose among others say which.
  StringRef chosen = range.getOrigin() == RangeOrigin::Aligned ? "aligned" : range.getSource();
  if (!chosen.empty() && !StringRef(text).split('=').second.rtrim('\'').starts_with(chosen))
    text += (": " + chosen).str();
  return text;
}

void StageBuilder::readAnnotations(ModuleOp annotated, const CalibrationTable &table, RangeRules &rules,
                                   const Recipe &recipe) {
  annotated.walk([&](ObserveOp observe) {
    StringRef id = observe.getId();
    bool weight = observe.getWeight() && id.consume_back("/weight");
    LayerReport *layer = weight ? findMember(id) : rows.count(id) ? &model.layers[rows.lookup(id)] : nullptr;
    if (!layer || observe->hasAttr(attrs::floatReason))
      return;
    if (auto scheme = observe.getSchemeAttr()) {
      (weight ? layer->weightBits : layer->bits) = scheme.getBits();
      (weight ? layer->weightScheme : layer->scheme) = formatScheme(scheme);
    }
    if (auto range = observe.getRangeAttr(); range && !range.getMin().empty()) {
      if (weight) {
        layer->weightRangeRule = describeRange(observe, rules, recipe);
        layer->weightRange = {*llvm::min_element(range.getMin()), *llvm::max_element(range.getMax())};
      } else {
        layer->range = {range.getMin().front(), range.getMax().front()};
        layer->rangeRule = describeRange(observe, rules, recipe);
      }
    }
    if (weight) {
      if (auto type = dyn_cast_if_present<quant::QuantizedType>(observe.getQuantizedType().value_or(Type())))
        layer->weightScales = getScales(type).size();
    } else if (const TableEntry *entry = table.find(id)) {
      layer->calibrated = entry->statistics.histogram();
    }
    if (auto notes = observe->getAttrOfType<ArrayAttr>(attrs::notes))
      for (auto note : notes.getAsRange<StringAttr>())
        layer->notes.push_back((weight ? "weight: " : "") + note.str());
  });
}

void StageBuilder::choose(std::vector<Choice> &choices, StringRef id, int rank, Value value,
                          Decoder decoder) {
  auto it = rows.find(id);
  if (it == rows.end() || ArrayRef<int64_t>(model.layers[it->second].shape) != getShape(value))
    return;
  Choice &choice = choices[it->second];
  if (rank >= choice.rank)
    choice = {rank, value, std::move(decoder)};
}

void StageBuilder::take(const std::vector<Choice> &choices, Probes &probes) {
  for (auto [row, choice] : llvm::enumerate(choices))
    if (choice.rank >= 0)
      probes[choice.value] = {static_cast<unsigned>(row), choice.decoder};
}

void StageBuilder::addFloatReason(Operation *op, const std::vector<Choice> *integers) {
  auto reason = op->getAttrOfType<StringAttr>(attrs::floatReason);
  auto it = reason && op->getNumResults() ? members.find(getTensorId(op->getResult(0))) : members.end();
  if (it == members.end() || !model.layers[it->second].floatReason.empty() ||
      (integers && (*integers)[it->second].rank == 2))
    return;
  model.layers[it->second].floatReason = reason.str();
}

void StageBuilder::probeSimulation() {
  std::vector<Choice> choices(model.layers.size());
  model.simulation.module->walk([&](Operation *op) {
    if (op->getNumResults() != 1)
      return;
    Value result = op->getResult(0);
    StringRef id = getTensorId(result);
    if (id.empty())
      return;
    // Codes stand for the tensor; without any it is the float op's.
    if (isa<QuantizeOp>(op)) {
      auto it = rows.find(id);
      std::optional<Decoder> decoder = getDecoder(getElementTypeOrSelf(result.getType()));
      if (it == rows.end() || !decoder)
        return;
      auto type = cast<quant::UniformQuantizedType>(getElementTypeOrSelf(result.getType()));
      types[it->second] = type;
      model.layers[it->second].ownsParameters = true;
      if (unsigned kept = model.keptBy[it->second]; kept != it->second)
        model.layers[it->second].notes.push_back("its range covers what '" + model.layers[kept].id +
                                                 "' keeps");
      model.limits[it->second] = {type.getScale(), type.getZeroPoint(), type.getStorageTypeMin(),
                                  type.getStorageTypeMax()};
      choose(choices, id, 2, result, *decoder);
      return;
    }
    if (!isFloatTensor(result.getType()))
      return;
    choose(choices, id, 1, result, {});
    auto it = rows.find(id);
    if (it == rows.end())
      return;
    if (!types[it->second])
      types[it->second] = getParameterType(result);
    if (auto quantizable = dyn_cast<QuantizableOpInterface>(op);
        quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction)
      if (std::optional<unsigned> bias = quantizable.getBiasOperand())
        if (quant::QuantizedType type = getParameterType(op->getOperand(*bias)))
          accumulatorScales[it->second] = getScales(type);
  });
  take(choices, model.simulation.probes);
  for (auto [layer, type] : llvm::zip(model.layers, types))
    if (auto uniform = dyn_cast_if_present<quant::UniformQuantizedType>(type)) {
      layer.scale = uniform.getScale();
      layer.zeroPoint = uniform.getZeroPoint();
      layer.bits = layer.bits ? *layer.bits : uniform.getStorageTypeIntegralWidth();
    }
}

/// What has one scale for all tokens of the sums that a contraction yields, and how much a unit of it
/// is in units of 16-bit codes times weights.
static std::pair<Value, double> getSums(Value accumulator) {
  auto rescale =
      accumulator.hasOneUse() ? dyn_cast<RescaleTokensOp>(*accumulator.user_begin()) : RescaleTokensOp();
  if (!rescale)
    return {accumulator, 1};
  double factor = std::ldexp(1.0, static_cast<int>(rescale.getShift()));
  for (Operation *user : rescale.getMaxima().getUsers())
    if (auto tokens = dyn_cast<QuantizeTokensOp>(user)) {
      factor /= static_cast<double>(tokens.getLargest());
      break;
    }
  Value sums = rescale.getOutput();
  if (sums.hasOneUse())
    if (auto bias = dyn_cast<tosa::AddOp>(*sums.user_begin()); bias && getConstant(bias.getInput2()))
      sums = bias.getOutput();
  return {sums, factor};
}

void StageBuilder::probeDevice() {
  std::vector<Choice> choices(model.layers.size());
  model.device.module->walk([&](Operation *op) {
    if (op->getNumResults() != 1)
      return;
    Value result = op->getResult(0);
    auto tensor = dyn_cast<RankedTensorType>(result.getType());
    if (!tensor)
      return;
    StringRef id = getTensorId(result);
    if (op->hasAttr(attrs::id)) {
      if (std::optional<Decoder> decoder = getDecoder(tensor.getElementType())) {
        choose(choices, id, 2, result, *decoder);
      } else if (quant::QuantizedType type = rows.count(id) ? types[rows.lookup(id)] : quant::QuantizedType();
                 type && tensor.getElementType().isInteger(type.getStorageTypeIntegralWidth())) {
        // Unsigned codes are moved by 128: activations are i8.
        if (std::optional<Decoder> codes = getDecoder(type, !type.isSigned() ? 128 : 0))
          choose(choices, id, 2, result, *codes);
      } else if (tensor.getElementType().isF32()) {
        choose(choices, id, 1, result, {});
      }
    }
    // A sum of the products of parts stands for the products, which come before it.
    auto shift = op->getAttrOfType<IntegerAttr>(attrs::accumulatorShift);
    auto quantizable = dyn_cast<QuantizableOpInterface>(op);
    bool isContraction = quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction;
    if ((!isContraction && !shift) || !tensor.getElementType().isInteger(32))
      return;
    // An accumulator is named after the tensor that it becomes.
    if (!op->hasAttr(attrs::id))
      for (Operation *user : op->getUsers())
        if (user->hasAttr(attrs::id) && user->getNumResults() == 1) {
          id = getTensorId(user->getResult(0));
          break;
        }
    LayerReport *layer = findMember(id);
    if (!layer)
      return;
    if (auto bits = op->getAttrOfType<IntegerAttr>(attrs::accumulatorBits))
      layer->accumulatorBits = std::max<unsigned>(layer->accumulatorBits.value_or(0), bits.getInt());
    if (auto it = rows.find(id); it != rows.end()) {
      ArrayRef<double> scales = accumulatorScales[it->second];
      if (!scales.empty() && tensor.getRank() &&
          (scales.size() == 1 ||
           static_cast<int64_t>(scales.size()) == tensor.getDimSize(tensor.getRank() - 1))) {
        auto [sums, factor] = getSums(result);
        factor *= std::ldexp(1.0, shift ? static_cast<int>(shift.getInt()) : 0);
        SmallVector<double, 1> units(scales);
        for (double &unit : units)
          unit *= factor;
        choose(choices, id, 0, sums, {units, 0});
      }
    }
  });
  take(choices, model.device.probes);
  for (auto [layer, choice] : llvm::zip(model.layers, choices))
    layer.isAccumulator = choice.rank == 0;
  // What the integer stage says counts; the quantized stage's word is the
  // reason where the op has vanished into something float.
  model.device.module->walk([&](Operation *op) { addFloatReason(op, nullptr); });
  model.simulation.module->walk([&](Operation *op) { addFloatReason(op, &choices); });
}

void StageBuilder::probeFloats(ProbedModule &probed) {
  // Of the ops with one id the last shows what its readers see.
  std::vector<Choice> choices(model.layers.size());
  auto main = probed.module->lookupSymbol<func::FuncOp>("main");
  auto see = [&](Value value) {
    if (StringRef id = getTensorId(value); !id.empty() && isFloatTensor(value.getType()))
      choose(choices, id, 1, value, {});
  };
  for (BlockArgument argument : main.getArguments())
    see(argument);
  probed.module->walk([&](Operation *op) {
    if (op->getNumResults() == 1 && op->hasAttr(attrs::id))
      see(op->getResult(0));
  });
  take(choices, probed.probes);
}

llvm::Expected<OwningOpRef<ModuleOp>> narrow::rewrite(ModuleOp floatStage, const Recipe &recipe,
                                                      CalibrationSource &calibration) {
  OwningOpRef<ModuleOp> network = cast<ModuleOp>(floatStage->clone());
  calibration.attach(network->getContext());
  if (llvm::Error error = rewriteFloat(*network, recipe))
    return std::move(error);
  return network;
}

/// Passes have said what is wrong, unless `error` does.
static llvm::Error explain(llvm::Error error) {
  std::string message = llvm::toString(std::move(error));
  return llvm::createStringError(message.empty() ? "the model cannot be quantized" : message);
}

/// From the annotated stage on.
static llvm::Expected<Quantized> lower(OwningOpRef<ModuleOp> module, const LoweringOptions &lowering,
                                       bool allStages) {
  Quantized stages;
  auto keep = [&] { return allStages ? cast<ModuleOp>((*module)->clone()) : OwningOpRef<ModuleOp>(); };
  stages.annotated = keep();
  if (failed(runPipeline(*module, buildQuantizedPipeline)))
    return explain(alreadyReported());
  stages.simulation = keep();
  IntegerPipelineOptions integer;
  integer.strict = lowering.strict;
  integer.requantize = lowering.requantize;
  if (failed(runPipeline(*module, [&](OpPassManager &pm) { buildIntegerPipeline(pm, integer); })))
    return explain(alreadyReported());
  stages.device = std::move(module);
  return stages;
}

llvm::Expected<Quantized> narrow::quantize(ModuleOp network, const Recipe &recipe,
                                           CalibrationSource &calibration, const LoweringOptions &lowering,
                                           bool allStages) {
  llvm::Expected<const CalibrationTable *> table = calibration.get(network, recipe);
  if (!table)
    return table.takeError();
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(network->clone()), observed;
  if (failed(runPipeline(*module, buildObservedPipeline)))
    return explain(alreadyReported());
  if (allStages)
    observed = cast<ModuleOp>((*module)->clone());
  calibration.attach(module->getContext(), *table);
  if (llvm::Error error = annotate(*module, recipe))
    return explain(std::move(error));
  llvm::Expected<Quantized> stages = lower(std::move(module), lowering, allStages);
  if (stages)
    stages->observed = std::move(observed);
  return stages;
}

/// Whether what `op` reads or yields has no integer form on the other side.
static bool isNextToFloat(Operation *op) {
  auto isFloat = [](Operation *other) {
    return !getQuantizable(other) || other->hasAttr(attrs::floatReason);
  };
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    while (producer && (isa<ObserveOp>(producer) || movesCodes(producer)))
      producer = producer->getOperand(0).getDefiningOp();
    if (producer && !producer->hasTrait<OpTrait::ConstantLike>() && isFloat(producer))
      return true;
  }
  for (Operation *user : op->getUsers())
    if (auto observe = dyn_cast<ObserveOp>(user))
      for (Operation *reader : getReaders(observe.getOutput()))
        if (!reader->hasTrait<OpTrait::IsTerminator>() && isFloat(reader))
          return true;
  return false;
}

llvm::Expected<StagedModel> narrow::makeStages(ModuleOp floatStage, CalibrationSource &calibration,
                                               const ComparisonOptions &options) {
  StagedModel model;
  StageBuilder builder(model);
  // Notes are part of the report: they are not remarked on as well.
  ScopedDiagnosticHandler quiet(floatStage.getContext(), [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
  });
  const Recipe &recipe = options.recipe;
  llvm::Expected<OwningOpRef<ModuleOp>> network = rewrite(floatStage, recipe, calibration);
  if (!network)
    return network.takeError();
  model.network.module = std::move(*network);
  if (hashModel(*model.network.module) != hashModel(floatStage))
    model.original = cast<ModuleOp>(floatStage->clone());
  auto main = model.network.module->lookupSymbol<func::FuncOp>("main");
  if (!main)
    return llvm::createStringError("the model has no function @main");
  builder.listLayers(main);
  llvm::Expected<SchemeRules> rules = SchemeRules::parse(recipe.scheme, recipe.overrides);
  if (!rules)
    return rules.takeError();
  llvm::Expected<RangeRules> rangeRules = RangeRules::parse(recipe.method, recipe.ranges, recipe.percentile);
  if (!rangeRules)
    return rangeRules.takeError();
  llvm::Expected<const CalibrationTable *> table = calibration.get(*model.network.module, recipe);
  if (!table)
    return table.takeError();
  llvm::Expected<Quantized> stages = quantize(*model.network.module, recipe, calibration,
                                              {options.strict, options.requantize}, /*allStages=*/true);
  if (!stages)
    return stages.takeError();
  builder.readNetwork(*stages->observed, *rules, recipe);
  builder.readAnnotations(*stages->annotated, **table, *rangeRules, recipe);
  model.simulation.module = std::move(stages->simulation);
  model.device.module = std::move(stages->device);
  for (auto [i, probed] : llvm::enumerate(model.sources)) {
    std::vector<std::string> unsplit;
    probed.module =
        isolateSource(*model.simulation.module, *stages->observed, static_cast<ErrorSource>(i), unsplit);
    if (unsplit.size() > model.unsplit.size())
      model.unsplit = std::move(unsplit);
    builder.probeFloats(probed);
  }
  builder.probeSimulation();
  builder.probeDevice();

  if (builder.functions.empty())
    return model;
  // The same decisions once more, but nonlinear functions stay float. What they read and yield is
  // quantized as before: tensors between two float ops would not be, so that functions next to one
  // keep their integer form.
  stages->annotated->walk([&](Operation *op) {
    if (op->getNumResults() && llvm::is_contained(builder.functions, getTensorId(op->getResult(0))) &&
        !isa<ObserveOp>(op) && !isNextToFloat(op))
      op->setAttr(attrs::floatReason, StringAttr::get(op->getContext(), "to measure its integer form"));
  });
  StagedModel other;
  StageBuilder exactBuilder(other);
  exactBuilder.listLayers(main);
  llvm::Expected<Quantized> exactStages =
      lower(std::move(stages->annotated), {/*strict=*/false, options.requantize}, /*allStages=*/true);
  if (!exactStages)
    return exactStages.takeError();
  other.simulation.module = std::move(exactStages->simulation);
  other.device.module = std::move(exactStages->device);
  exactBuilder.probeSimulation();
  exactBuilder.probeDevice();
  model.exactFunctions = std::move(other.device);
  return model;
}

llvm::Expected<std::unique_ptr<CalibrationSource>> CalibrationSource::open(StringRef table, StringRef data,
                                                                           ArrayRef<ModelInput> inputs,
                                                                           const DatasetOptions &options) {
  std::unique_ptr<CalibrationSource> source(new CalibrationSource(table.empty() ? data : table));
  if (!table.empty()) {
    llvm::Expected<CalibrationTable> read = readTable(table);
    if (!read)
      return read.takeError();
    source->given = std::move(*read);
    return source;
  }
  source->data = std::make_shared<DatasetSamples>(data.str(), options);
  if (llvm::Error error = source->data->open(inputs))
    return std::move(error);
  return source;
}

void CalibrationSource::attach(MLIRContext *context, const CalibrationTable *table) const {
  // Tables live as long as the source, which outlives what the context does with them.
  getCalibration(context) = {data, std::shared_ptr<const CalibrationTable>(std::shared_ptr<void>(), table),
                             name};
}

llvm::Expected<const CalibrationTable *> CalibrationSource::make(ModuleOp network, const Recipe &recipe,
                                                                 int64_t samples) {
  CalibrationOptions options;
  options.movingAverage = getMovingAverage(recipe);
  options.samples = samples;
  auto [it, isNew] = made.try_emplace({hashModel(network), samples, options.movingAverage});
  if (!isNew)
    return &it->second;
  llvm::Expected<CalibrationTable> table = calibrate(network, data->getData(), data->getInputs(), options);
  if (!table) {
    made.erase(it);
    return table.takeError();
  }
  it->second = std::move(*table);
  return &it->second;
}

llvm::Expected<const CalibrationTable *> CalibrationSource::get(ModuleOp network, const Recipe &recipe) {
  if (given) {
    if (llvm::Error error = checkRewrites(*given, name, recipe.rewrites))
      return std::move(error);
    return &*given;
  }
  return make(network, recipe, /*samples=*/0);
}

llvm::Expected<const CalibrationTable *> CalibrationSource::getFirstHalf(ModuleOp network,
                                                                         const Recipe &recipe) {
  if (given)
    return nullptr;
  ArrayRef<ModelInput> inputs = data->getInputs();
  int64_t half = data->getData().sampleCount() / 2;
  if (inputs.empty() || inputs[0].shape.empty() || half < std::max<int64_t>(1, inputs[0].shape[0]))
    return nullptr;
  return make(network, recipe, half);
}
