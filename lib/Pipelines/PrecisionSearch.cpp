//===- PrecisionSearch.cpp - A scheme for each layer ----------------------===//
#include "narrow/Pipelines/PrecisionSearch.h"
#include "ReportStages.h"
#include "SampleBatches.h"
#include "narrow/Analysis/ContentHash.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Pipelines/ChoiceSolver.h"
#include "narrow/Pipelines/KernelProfile.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/OutputMeter.h"
#include "narrow/Support/Progress.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Regex.h"
#include "llvm/TargetParser/Triple.h"
#include <set>

using namespace mlir;
using namespace narrow;

StringRef narrow::stringifyCost(CostKind kind) {
  switch (kind) {
  case CostKind::Size:
    return "size";
  case CostKind::BitOps:
    return "bops";
  case CostKind::Latency:
    return "latency";
  }
  return "";
}

llvm::Expected<Budget> narrow::parseBudget(StringRef text) {
  auto [name, number] = text.split('=');
  for (CostKind kind : costKinds)
    if (double fraction = 0;
        name == stringifyCost(kind) && llvm::to_float(number, fraction) && fraction > 0 && fraction <= 1)
      return Budget{kind, fraction};
  return llvm::createStringError(
      "budget '" + text +
      "' is not supported; accepted: size=, bops= or latency= and a fraction above "
      "0 and at most 1 of what the first choice costs, as in size=0.5");
}

namespace {

/// "w4v16a8" is what it says of weights, "w4v16", and of activations, "a8".
std::pair<std::string, std::string> splitScheme(StringRef scheme) {
  std::string lower = scheme.lower();
  for (size_t i = lower.size(); i-- > 1;)
    if (lower[i] == 'a' && i + 1 < lower.size() && llvm::isDigit(lower[i + 1]))
      return {lower.substr(0, i), lower.substr(i)};
  return {lower, ""};
}

struct Layer {
  std::string id;              ///< what overrides call it
  std::string input;           ///< the observer of what it reads; empty: none
  std::optional<Scheme> fixed; ///< what an override of the recipe says
  int64_t products = 0;
};

/// The layers of the observed stage, in its order.
std::vector<Layer> listLayers(ModuleOp observed, SchemeRules &rules) {
  std::vector<Layer> layers;
  observed.walk([&](QuantizableOpInterface op) {
    if (!getQuantizable(op) || op.getQuantizationKind() != QuantizationKind::Contraction)
      return;
    Layer layer;
    Value result = getMergedResult(op);
    auto own = result.hasOneUse() ? dyn_cast<ObserveOp>(*result.user_begin()) : ObserveOp();
    layer.id = own ? own.getId().str() : getTensorId(op->getResult(0)).str();
    Value source = getParameterSource(op->getOperand(op.getActivationOperands().front()));
    if (auto observer = source.getDefiningOp<ObserveOp>())
      layer.input = observer.getId().str();
    if (SchemeRules::Match match = rules.match(getIds(op)); !match.override.empty())
      layer.fixed = match.scheme;
    layer.products = countProducts(op);
    layers.push_back(std::move(layer));
  });
  return layers;
}

class Search {
public:
  Search(ModuleOp network, CalibrationSource &calibration, const Dataset &data, const SearchOptions &options,
         SearchState &state, llvm::function_ref<llvm::Error(const SearchState &)> save)
      : network(network), calibration(calibration), data(data), options(options), state(state), save(save) {}

  llvm::Error run();

private:
  using Assignment = std::vector<size_t>; ///< a choice for each layer

  struct Compiled {
    std::unique_ptr<CompiledModel> model;
    double cycles = 0, bytes = 0;
  };
  llvm::Error prepare();
  llvm::Expected<Compiled> compile(ModuleOp module);
  llvm::Expected<Compiled> compile(const Assignment &assignment);
  llvm::Expected<SearchState::Measured> measureAlone(const Assignment &assignment);
  llvm::Error measureSensitivity();
  llvm::Error findCandidates();
  std::vector<std::string> getOverrides(const Assignment &assignment) const;
  double getBitOps(size_t layer, size_t choice) const;
  llvm::Error checkBitOps() const;
  std::string describeLeast(const ChoiceProblem &problem) const;
  PackWeights getPacking() const;
  SearchState::Measured getBase() const { return state.sensitivity.at("").at(options.choices[0]); }
  ChoiceProblem makeProblem(double step) const;
  double getBitOps(const Assignment &assignment) const;

  ModuleOp network;
  CalibrationSource &calibration;
  const Dataset &data;
  const SearchOptions &options;
  SearchState &state;
  llvm::function_ref<llvm::Error(const SearchState &)> save;

  TargetSpec target;
  std::vector<Layer> layers;
  std::vector<Scheme> schemes;       ///< of the choices
  std::set<std::string> fixedInputs; ///< observers that an override of the recipe names
  std::optional<OutputMeter> meter;
};

} // namespace

llvm::Error Search::prepare() {
  for (const std::string &choice : options.choices) {
    llvm::Expected<Scheme> scheme = parseScheme(choice);
    if (!scheme)
      return scheme.takeError();
    // Overrides give activations to who computes them, and these to who reads them.
    if (scheme->activationsPerToken || scheme->activationsBinary)
      return llvm::createStringError(
          "--choices: '" + choice + "' has " +
          (scheme->activationsBinary ? "binary activations" : "activations per token") +
          ", which a search cannot choose; give schemes without " + (scheme->activationsBinary ? "ab" : "t"));
    schemes.push_back(*scheme);
  }
  if (schemes.size() < 2)
    return llvm::createStringError("--choices takes two schemes or more, as in w8a8,w4a8");
  if (schemes[0].keepFloat)
    return llvm::createStringError("--choices begins with the most precise scheme, of which budgets are "
                                   "fractions: it cannot be float");
  llvm::Expected<TargetSpec> native = resolveTarget({"native", "", "", "native"});
  if (!native)
    return native.takeError();
  target = std::move(*native);

  OwningOpRef<ModuleOp> observed = cast<ModuleOp>(network->clone());
  if (failed(runPipeline(*observed, buildObservedPipeline)))
    return llvm::createStringError("no observers could be inserted");
  llvm::Expected<SchemeRules> rules = SchemeRules::parse(options.choices[0], options.recipe.overrides);
  if (!rules)
    return rules.takeError();
  layers = listLayers(*observed, *rules);
  if (layers.empty())
    return llvm::createStringError("the model has no layer with weights that could get a scheme of its own");
  if (llvm::all_of(layers, [](const Layer &layer) { return layer.fixed.has_value(); }))
    return llvm::createStringError("--override names all layers with weights: there is nothing to search");
  for (const Layer &layer : layers)
    if (!rules->match(StringRef(layer.input)).override.empty())
      fixedInputs.insert(layer.input);
  if (llvm::Error error = checkBitOps())
    return error;

  llvm::Expected<int64_t> samples =
      countBatchedSamples(data, options.samples, getBatch(getModelInputs(network)));
  if (!samples)
    return samples.takeError();
  std::string hash = hashModel(network);
  llvm::Expected<std::string> fingerprint = data.fingerprint(*samples);
  if (!fingerprint)
    return fingerprint.takeError();
  std::string recipe = toCommandLine(options.recipe);
  if (getPacking() == PackWeights::Always)
    recipe += " --pack-weights=always";
  recipe += (" --isa=" + target.getKernelISA()).str(); // whose costs they are
  if (state.model.empty()) {
    state.model = hash, state.samples = *fingerprint, state.choices = options.choices, state.recipe = recipe;
  } else if (state.model != hash || state.samples != *fingerprint || state.choices != options.choices ||
             state.recipe != recipe) {
    return llvm::createStringError("the search to resume is of another model, other samples, choices, "
                                   "options or instruction set: remove its file to start anew");
  }

  llvm::Expected<OutputMeter> made = OutputMeter::create(network, data, *samples, /*threads=*/0);
  if (!made)
    return made.takeError();
  meter.emplace(std::move(*made));
  return llvm::Error::success();
}

/// Whoever wants a small network compiles it with --pack-weights=always.
PackWeights Search::getPacking() const {
  bool wantsSize =
      llvm::any_of(options.budgets, [](const Budget &budget) { return budget.kind == CostKind::Size; });
  return wantsSize ? PackWeights::Always : PackWeights::Auto;
}

/// From the float or the integer stage to code for this machine.
llvm::Expected<Search::Compiled> Search::compile(ModuleOp module) {
  Compiled compiled;
  // Cycles are predicted where they can be counted.
  llvm::Expected<std::unique_ptr<CompiledModel>> model =
      compileForHost(module, "a candidate", {/*profile=*/llvm::Triple(target.triple).isX86(), getPacking()});
  if (!model)
    return model.takeError();
  compiled.model = std::move(*model);
  compiled.bytes = static_cast<double>(compiled.model->info().weights_size);
  for (const KernelProfile &kernel : describeProfile(module).kernels)
    compiled.cycles += static_cast<double>(kernel.predictedCycles);
  return std::move(compiled);
}

llvm::Expected<Search::Compiled> Search::compile(const Assignment &assignment) {
  // What happens to a scale is no news a hundred times.
  ScopedDiagnosticHandler quiet(network.getContext(), [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
  });
  Recipe recipe = options.recipe;
  recipe.scheme = options.choices[0];
  recipe.overrides = getOverrides(assignment);
  llvm::Expected<Quantized> stages = quantize(network, recipe, calibration, {}, /*allStages=*/false);
  if (!stages)
    return stages.takeError();
  return compile(*stages->device);
}

/// Noise of the outputs, in power of their signal.
static double getNoise(const OutputSums &sums) {
  return sums.device.signal > 0 ? sums.device.noise / sums.device.signal : sums.device.noise;
}

//===----------------------------------------------------------------------===//
// Layers alone
//===----------------------------------------------------------------------===//

/// A scheme's part for weights goes to the layer, its part for activations to what the
/// layer reads; of several readers the most precise one decides.
std::vector<std::string> Search::getOverrides(const Assignment &assignment) const {
  std::map<std::string, size_t> inputs; // observer to the choice of its activations
  for (auto [layer, choice] : llvm::zip_equal(layers, assignment)) {
    if (layer.fixed || layer.input.empty() || fixedInputs.count(layer.input) || schemes[choice].keepFloat)
      continue;
    auto [it, isNew] = inputs.try_emplace(layer.input, choice);
    if (!isNew && schemes[choice].activationBits > schemes[it->second].activationBits)
      it->second = choice;
  }
  std::map<std::string, std::string> texts;
  std::set<std::string> fixed;
  for (auto [layer, choice] : llvm::zip_equal(layers, assignment)) {
    if (layer.fixed) {
      fixed.insert(layer.id);
      continue;
    }
    auto result = inputs.find(layer.id);
    size_t activations = result == inputs.end() ? 0 : result->second;
    texts[layer.id] = schemes[choice].keepFloat ? "float"
                                                : splitScheme(options.choices[choice]).first +
                                                      splitScheme(options.choices[activations]).second;
  }
  for (auto [id, choice] : inputs)
    if (!fixed.count(id))
      texts.try_emplace(id,
                        splitScheme(options.choices[0]).first + splitScheme(options.choices[choice]).second);
  std::vector<std::string> overrides = options.recipe.overrides;
  for (auto &[id, text] : texts)
    if (text != options.choices[0])
      overrides.push_back(llvm::Regex::escape(id) + "=" + text);
  return overrides;
}

double Search::getBitOps(size_t layer, size_t choice) const {
  constexpr double floatBits = 32;
  const Scheme &scheme = layers[layer].fixed ? *layers[layer].fixed : schemes[choice];
  return static_cast<double>(layers[layer].products) * (scheme.keepFloat ? floatBits : scheme.weightBits) *
         (scheme.keepFloat ? floatBits : scheme.activationBits);
}

double Search::getBitOps(const Assignment &assignment) const {
  double sum = 0;
  for (auto [layer, choice] : llvm::enumerate(assignment))
    sum += getBitOps(layer, choice);
  return sum;
}

/// Bit operations are known before anything is measured.
llvm::Error Search::checkBitOps() const {
  double least = 0;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    double cheapest = getBitOps(layer, 0);
    for (size_t choice = 1; choice < schemes.size() && !layers[layer].fixed; ++choice)
      cheapest = std::min(cheapest, getBitOps(layer, choice));
    least += cheapest;
  }
  double whole = getBitOps(Assignment(layers.size(), 0));
  for (const Budget &budget : options.budgets)
    if (budget.kind == CostKind::BitOps && least > budget.fraction * whole)
      return llvm::createStringError(
          llvm::formatv(
              "no choice of schemes is within bops={0}: --choices reach {1:p1}; raise the budget, or "
              "add a cheaper scheme to --choices",
              budget.fraction, least / whole)
              .str());
  return llvm::Error::success();
}

llvm::Expected<SearchState::Measured> Search::measureAlone(const Assignment &assignment) {
  llvm::Expected<Compiled> compiled = compile(assignment);
  if (!compiled)
    return compiled.takeError();
  llvm::Expected<OutputSums> sums = meter->measure(*compiled->model);
  if (!sums)
    return sums.takeError();
  SearchState::Measured result{getNoise(*sums), {}};
  result.costs[size_t(CostKind::Size)] = compiled->bytes;
  result.costs[size_t(CostKind::BitOps)] = getBitOps(assignment);
  result.costs[size_t(CostKind::Latency)] = compiled->cycles;
  return result;
}

llvm::Error Search::measureSensitivity() {
  int64_t searched = llvm::count_if(layers, [](const Layer &layer) { return !layer.fixed; });
  Progress progress("measuring sensitivity", "networks", searched * (schemes.size() - 1) + 1);
  auto fill = [&](const std::string &id, size_t layer, size_t choice) -> llvm::Error {
    auto &entries = state.sensitivity[id];
    if (entries.count(options.choices[choice])) {
      progress.skip(1);
      return llvm::Error::success();
    }
    Assignment assignment(layers.size(), 0);
    if (choice > 0)
      assignment[layer] = choice;
    llvm::Expected<SearchState::Measured> measured = measureAlone(assignment);
    if (!measured)
      return measured.takeError();
    entries[options.choices[choice]] = *measured;
    progress.advance();
    return save(state);
  };
  if (llvm::Error error = fill("", 0, 0)) // All layers with the first choice.
    return error;
  for (size_t layer = 0; layer < layers.size(); ++layer)
    for (size_t choice = 1; choice < schemes.size() && !layers[layer].fixed; ++choice)
      if (llvm::Error error = fill(layers[layer].id, layer, choice))
        return error;
  return save(state);
}

//===----------------------------------------------------------------------===//
// All layers
//===----------------------------------------------------------------------===//

/// Point `step` of [0, 1] between the budgets and what the first choice costs.
ChoiceProblem Search::makeProblem(double step) const {
  ChoiceProblem problem;
  SearchState::Measured base = getBase();
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    auto &choices = problem.items.emplace_back();
    for (size_t choice = 0; choice < (layers[layer].fixed ? 1 : schemes.size()); ++choice) {
      ChoiceProblem::Choice entry;
      const SearchState::Measured &measured =
          choice ? state.sensitivity.at(layers[layer].id).at(options.choices[choice]) : base;
      // Noise below that of the first choice is chance.
      entry.loss = std::max(0.0, measured.noise - base.noise);
      // What the network costs more or less than with the first choice.
      for (const Budget &budget : options.budgets)
        entry.costs.push_back(measured.costs[size_t(budget.kind)] - base.costs[size_t(budget.kind)]);
      choices.push_back(std::move(entry));
    }
  }
  for (const Budget &budget : options.budgets) {
    double fraction = budget.fraction + (1 - budget.fraction) * step;
    problem.limits.push_back((fraction - 1) * base.costs[size_t(budget.kind)]);
  }
  return problem;
}

/// What the cheapest schemes cost, each budget for itself.
std::string Search::describeLeast(const ChoiceProblem &problem) const {
  std::string text;
  for (auto [index, budget] : llvm::enumerate(options.budgets)) {
    double base = getBase().costs[size_t(budget.kind)], least = base;
    for (const std::vector<ChoiceProblem::Choice> &item : problem.items) {
      double cheapest = 0;
      for (const ChoiceProblem::Choice &choice : item)
        cheapest = std::min(cheapest, choice.costs[index]);
      least += cheapest;
    }
    text += llvm::formatv("{0}{1} {2:p1}", index ? ", " : "", stringifyCost(budget.kind), least / base).str();
  }
  return text;
}

llvm::Error Search::findCandidates() {
  SearchState::Measured base = getBase();
  std::vector<Candidate> known = std::move(state.candidates);
  state.candidates.clear();
  Progress progress("measuring candidates", "networks", options.points);
  for (unsigned point = 0; point < options.points; ++point) {
    ChoiceProblem problem = makeProblem(double(point) / options.points);
    std::optional<ChoiceSolution> solution = solveChoices(problem);
    if (!solution) {
      if (point + 1 < options.points)
        continue; // A larger budget may do.
      if (state.candidates.empty())
        return llvm::createStringError("no choice of schemes is within the budgets: of the first choice's, "
                                       "--choices reach " +
                                       describeLeast(problem) +
                                       "; raise the budgets, or add a cheaper scheme to --choices");
      break;
    }
    Candidate candidate;
    for (auto [layer, choice] : llvm::zip_equal(layers, solution->taken))
      if (!layer.fixed)
        candidate.assignment[layer.id] = options.choices[choice];
    auto sameAs = [&](const Candidate &other) { return other.assignment == candidate.assignment; };
    if (llvm::any_of(state.candidates, sameAs)) {
      progress.skip(1);
      continue;
    }
    if (auto it = llvm::find_if(known, sameAs); it != known.end()) {
      state.candidates.push_back(*it);
      state.candidates.back().overrides = getOverrides(solution->taken);
      progress.skip(1);
      continue;
    }
    candidate.overrides = getOverrides(solution->taken);
    candidate.isProven = solution->isProven;
    candidate.predictedNoise = base.noise + solution->loss;
    llvm::Expected<Compiled> compiled = compile(solution->taken);
    if (!compiled)
      return compiled.takeError();
    candidate.costs = {compiled->bytes, getBitOps(solution->taken), compiled->cycles};
    for (auto [cost, whole] : llvm::zip_equal(candidate.costs, base.costs))
      cost = whole > 0 ? cost / whole : 0;
    llvm::Expected<OutputSums> sums = meter->measure(*compiled->model);
    if (!sums)
      return sums.takeError();
    candidate.noise = getNoise(*sums);
    candidate.agreement = meter->hasClasses() ? double(sums->agrees) / double(meter->samples()) : 1;
    state.candidates.push_back(std::move(candidate));
    progress.advance();
    if (llvm::Error error = save(state))
      return error;
  }
  return save(state);
}

llvm::Error Search::run() {
  if (llvm::Error error = prepare())
    return error;
  if (!llvm::Triple(target.triple).isX86() &&
      llvm::any_of(options.budgets, [](const Budget &budget) { return budget.kind == CostKind::Latency; }))
    return llvm::createStringError("a budget of latency is not supported on " + target.triple +
                                   ": cycles are predicted for x86 only; use size or bops");
  if (llvm::Error error = measureSensitivity())
    return error;
  return findCandidates();
}

llvm::Error narrow::searchPrecision(ModuleOp network, CalibrationSource &calibration, const Dataset &data,
                                    const SearchOptions &options, SearchState &state,
                                    llvm::function_ref<llvm::Error(const SearchState &)> save) {
  return Search(network, calibration, data, options, state, save).run();
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

/// 2: sizes are those of the code.
static constexpr int64_t kFormatVersion = 3;

llvm::json::Object narrow::toJSON(const SearchState &state) {
  using llvm::json::Array;
  using llvm::json::Object;
  Object sensitivity;
  for (auto &[id, choices] : state.sensitivity) {
    Object entries;
    for (auto &[choice, measured] : choices)
      entries[choice] = Object{{"noise", measured.noise}, {"costs", Array(measured.costs)}};
    sensitivity[id] = std::move(entries);
  }
  Array candidates;
  for (const Candidate &candidate : state.candidates) {
    Object assignment, costs;
    for (auto &[id, scheme] : candidate.assignment)
      assignment[id] = scheme;
    for (CostKind kind : costKinds)
      costs[stringifyCost(kind)] = candidate.costs[size_t(kind)];
    candidates.push_back(Object{{"assignment", std::move(assignment)},
                                {"overrides", Array(candidate.overrides)},
                                {"costs", std::move(costs)},
                                {"predicted_noise", candidate.predictedNoise},
                                {"noise", candidate.noise},
                                {"agreement", candidate.agreement},
                                {"proven", candidate.isProven}});
  }
  return Object{{"narrow_search", kFormatVersion},    {"model", state.model},
                {"samples", state.samples},           {"recipe", state.recipe},
                {"choices", Array(state.choices)},    {"sensitivity", std::move(sensitivity)},
                {"candidates", std::move(candidates)}};
}

llvm::Expected<SearchState> narrow::searchStateFromJSON(const llvm::json::Value &value) {
  SearchState state;
  auto fail = [](const llvm::Twine &what) {
    return llvm::createStringError("no file of narrow-search: " + what);
  };
  const llvm::json::Object *object = value.getAsObject();
  if (!object || object->getInteger("narrow_search") != kFormatVersion)
    return fail("it has no member narrow_search of version " + std::to_string(kFormatVersion));
  auto readText = [](const llvm::json::Object &from, StringRef key, std::string &to) {
    std::optional<StringRef> text = from.getString(key);
    if (text)
      to = text->str();
    return text.has_value();
  };
  auto readList = [](const llvm::json::Object &from, StringRef key, std::vector<std::string> &to) {
    const llvm::json::Array *list = from.getArray(key);
    for (size_t i = 0; list && i < list->size(); ++i) {
      std::optional<StringRef> text = (*list)[i].getAsString();
      if (!text)
        return false;
      to.push_back(text->str());
    }
    return list != nullptr;
  };
  const llvm::json::Object *sensitivity = object->getObject("sensitivity");
  const llvm::json::Array *candidates = object->getArray("candidates");
  if (!readText(*object, "model", state.model) || !readText(*object, "samples", state.samples) ||
      !readText(*object, "recipe", state.recipe) || !readList(*object, "choices", state.choices) ||
      !sensitivity || !candidates)
    return fail("a member is missing");
  for (auto &[id, entries] : *sensitivity) {
    const llvm::json::Object *choices = entries.getAsObject();
    if (!choices)
      return fail("sensitivity of '" + id.str() + "'");
    for (auto &[choice, entry] : *choices) {
      const llvm::json::Object *fields = entry.getAsObject();
      std::optional<double> noise = fields ? fields->getNumber("noise") : std::nullopt;
      const llvm::json::Array *costs = fields ? fields->getArray("costs") : nullptr;
      if (!noise || *noise < 0 || !costs || costs->size() != costKinds.size())
        return fail("sensitivity of '" + id.str() + "'");
      SearchState::Measured &measured = state.sensitivity[id.str()][choice.str()];
      measured.noise = *noise;
      for (auto [to, from] : llvm::zip_equal(measured.costs, *costs)) {
        to = from.getAsNumber().value_or(-1);
        if (to < 0)
          return fail("costs of '" + id.str() + "'");
      }
    }
  }
  for (const llvm::json::Value &entry : *candidates) {
    const llvm::json::Object *fields = entry.getAsObject();
    Candidate candidate;
    const llvm::json::Object *assignment = fields ? fields->getObject("assignment") : nullptr;
    const llvm::json::Object *costs = fields ? fields->getObject("costs") : nullptr;
    if (!assignment || !costs || !readList(*fields, "overrides", candidate.overrides))
      return fail("a candidate");
    for (auto &[id, scheme] : *assignment)
      candidate.assignment[id.str()] = scheme.getAsString().value_or("").str();
    bool isWhole = true;
    auto read = [&](const llvm::json::Object &from, StringRef key) {
      double number = from.getNumber(key).value_or(-1);
      isWhole &= number >= 0;
      return number;
    };
    for (CostKind kind : costKinds)
      candidate.costs[size_t(kind)] = read(*costs, stringifyCost(kind));
    candidate.predictedNoise = read(*fields, "predicted_noise");
    candidate.noise = read(*fields, "noise");
    candidate.agreement = read(*fields, "agreement");
    std::optional<bool> proven = fields->getBoolean("proven");
    if (!isWhole || !proven)
      return fail("a candidate");
    candidate.isProven = *proven;
    state.candidates.push_back(std::move(candidate));
  }
  return state;
}
