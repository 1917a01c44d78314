//===- RoundWeights.cpp - narrow-round-weights ----------------------------===//
//
// Chooses the code of every weight and writes the number that the code stands for in place
// of the weight. Layers are rounded in the order of the network: what one reads comes from
// layers that are rounded already.
//
//===----------------------------------------------------------------------===//
#include "WeightLayer.h"
#include "ObservedTypes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Threading.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "LayerInputFile.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/AdaptiveRounding.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Support/Progress.h"
#include "llvm/ADT/DenseSet.h"
#include <atomic>
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWROUNDWEIGHTS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using namespace narrow::numerics;

/// Bounds of memory: rows that are kept of a layer, numbers that are kept of all layers that are
/// rounded together and of the rows that arrive at once; rows that a Gram matrix sums.
static constexpr int64_t kMostRows = 8192, kMostNumbers = int64_t{1} << 26, kChunkNumbers = int64_t{1} << 24,
                         kMostGramRows = 32768;
/// Output channels that are learned together.
static constexpr int64_t kOutputBlock = 32;

namespace {

struct RoundWeights : narrow::impl::NarrowRoundWeightsBase<RoundWeights> {
  using NarrowRoundWeightsBase::NarrowRoundWeightsBase;
  /// Passes are cloned before they run.
  RoundWeights(const RoundWeights &other) : NarrowRoundWeightsBase(other) {}

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Annotated})))
      return signalPassFailure();
    std::unique_ptr<SampleSource> file;
    if (needsData() && !inputs.empty()) {
      llvm::Expected<std::unique_ptr<SampleSource>> opened = openLayerInputs(inputs);
      if (!opened) {
        getOperation().emitError(llvm::toString(opened.takeError()));
        return signalPassFailure();
      }
      file = std::move(*opened);
    }
    if (needsData())
      source = file ? file.get() : requireSamples(getOperation(), getArgument());
    if (needsData() && !source)
      return signalPassFailure();
    if (failed(needsData() ? roundWithData() : roundWithoutData()))
      signalPassFailure();
  }

private:
  SampleSource *source = nullptr;
  /// The module as it was, with weights that are not rounded, and where its ops are.
  OwningOpRef<ModuleOp> original;
  IRMapping toOriginal;

  /// Whether the method is known for codes that are not all integers of an interval.
  bool takesFormats() const {
    return method == WeightRounding::Gptq || method == WeightRounding::AdaRound ||
           method == WeightRounding::Stochastic;
  }
  bool needsData() const { return method != WeightRounding::Nearest && method != WeightRounding::Stochastic; }
  uint32_t getSeed(WeightLayer &layer) const { return seedFor(seed, layer.getId()); }

  FailureOr<std::vector<WeightLayer>> getLayers();
  LogicalResult roundWithoutData();
  LogicalResult roundWithData();
  SmallVector<size_t> findGroups(ArrayRef<WeightLayer> layers, ArrayRef<int64_t> sizes);
  LogicalResult collectTargets(MutableArrayRef<WeightLayer> layers);
  LogicalResult roundTogether(MutableArrayRef<WeightLayer> layers, Progress &progress);
  using Consume = llvm::function_ref<void(WeightLayer &, int64_t group, int64_t firstRow, MatrixRef rows)>;
  LogicalResult collect(MutableArrayRef<WeightLayer> layers, bool simulate, Consume consume);
  void apply(WeightLayer &layer, Choice &choice);
};

} // namespace

FailureOr<std::vector<WeightLayer>> RoundWeights::getLayers() {
  std::vector<WeightLayer> layers;
  ObserveOp encoded;
  WalkResult walk = getOperation().walk([&](QuantizableOpInterface op) {
    if (!getQuantizable(op) || op.getQuantizationKind() != QuantizationKind::Contraction)
      return WalkResult::advance();
    auto weight = op->getOperand(*op.getWeightOperand()).getDefiningOp<ObserveOp>();
    if (!weight || weight->hasAttr(attrs::floatReason))
      return WalkResult::advance();
    FailureOr<std::optional<CodeGrid>> format = getCodeGrid(weight);
    if (failed(format))
      return WalkResult::interrupt();
    SchemeAttr scheme = weight.getSchemeAttr();
    if (scheme && !scheme.isUniform() && (!*format || !takesFormats())) {
      encoded = weight; // Its codes are those that narrow-encode-weights chose.
      return WalkResult::advance();
    }
    FailureOr<WeightLayer> layer = WeightLayer::get(op, weight, std::move(*format));
    if (failed(layer))
      return WalkResult::interrupt();
    layers.push_back(std::move(*layer));
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  if (!encoded)
    return layers;
  StringRef why = takesFormats() ? "run --narrow-encode-weights=code-grid before"
                                 : "gptq, adaround and stochastic round them, and nearest with ties to even";
  if (layers.empty())
    return encoded.emitError() << "'" << encoded.getId()
                               << "' and all other weights have formats or groups of scales, which this "
                                  "rounding is not for: "
                               << why;
  encoded.emitRemark() << "'" << encoded.getId()
                       << "' and what else has a format or groups of scales keeps the nearest codes: " << why;
  return layers;
}

/// Replaces the weight by the numbers that the codes stand for, and what else was chosen.
void RoundWeights::apply(WeightLayer &layer, Choice &choice) {
  layer.limitSums(choice.codes);
  OpBuilder builder(layer.weight);
  ObserveOp weight = layer.weight;
  const ContractionShape &shape = layer.shape;
  std::vector<float> values(layer.values.size());
  for (int64_t g = 0; g < shape.groups; ++g)
    for (int64_t o = 0; o < shape.groupOutputs; ++o)
      for (int64_t k = 0; k < shape.getDepth(); ++k) {
        int64_t index = shape.getWeightIndex(g, o, k), output = g * shape.groupOutputs + o;
        values[index] = dequantize(choice.codes[index], {choice.scales[output], 0});
        numMoved += choice.codes[index] != layer.getNearest(index, layer.scales[output], Rounding::HalfEven);
      }
  weight->removeAttr(attrs::codeGrid);
  auto type = cast<RankedTensorType>(weight.getType());
  Value old = weight.getInput();
  if (!weight.getUnroundedAttr())
    weight.setUnroundedAttr(getConstant(old));
  weight.getInputMutable().assign(createConstant(builder, old.getLoc(), type.getShape(), values));
  if (old.use_empty())
    old.getDefiningOp()->erase();
  if (isEncoded(weight))
    (void)setRangeOfNumbers(weight);
  else if (choice.scales != layer.scales) // One scale for each output.
    setScales(weight, choice.scales);
  if (choice.bias != layer.bias) {
    OpOperand &operand = layer.op->getOpOperand(*layer.op.getBiasOperand());
    Operation *constant = operand.get().getDefiningOp();
    operand.set(
        createConstant(builder, constant->getLoc(), static_cast<int64_t>(choice.bias.size()), choice.bias));
    if (constant->use_empty())
      constant->erase();
  }
  ++numWeights;
}

LogicalResult RoundWeights::roundWithoutData() {
  FailureOr<std::vector<WeightLayer>> layers = getLayers();
  if (failed(layers))
    return failure();
  Rounding rule = ties;
  for (WeightLayer &layer : *layers) {
    Choice choice{std::vector<int32_t>(layer.values.size()), layer.scales, layer.bias};
    const ContractionShape &shape = layer.shape;
    uint32_t own = getSeed(layer);
    for (int64_t g = 0; g < shape.groups; ++g)
      for (int64_t o = 0; o < shape.groupOutputs; ++o)
        for (int64_t k = 0; k < shape.getDepth(); ++k) {
          int64_t index = shape.getWeightIndex(g, o, k);
          float scale = layer.scales[g * shape.groupOutputs + o];
          auto random = [&](auto codes) {
            return roundStochastic(layer.values[index], scale, codes, own, static_cast<uint32_t>(index));
          };
          if (method == WeightRounding::Nearest)
            choice.codes[index] = layer.getNearest(index, scale, rule);
          else
            choice.codes[index] = layer.format ? random(std::span<const int32_t>(layer.getAllowed(index)))
                                               : random(layer.codes);
        }
    apply(layer, choice);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// What layers read
//===----------------------------------------------------------------------===//

/// Runs the network and gives `consume` the rows of each group of each layer, in ascending order.
LogicalResult RoundWeights::collect(MutableArrayRef<WeightLayer> layers, bool simulate, Consume consume) {
  SmallVector<Operation *> ops;
  int64_t runs = source->getNumRuns(), numbersPerRun = 1;
  for (WeightLayer &layer : layers) {
    ops.push_back(simulate ? layer.op.getOperation() : toOriginal.lookup(layer.op.getOperation()));
    numbersPerRun += llvm::divideCeil(layer.plan.getNumRows(), runs) * layer.shape.getRowSize();
  }
  int64_t chunk = std::clamp<int64_t>(kChunkNumbers / numbersPerRun, 1, runs);
  std::vector<std::vector<float>> buffers(layers.size());
  for (auto [layer, buffer] : llvm::zip(layers, buffers)) {
    int64_t most = 0;
    for (int64_t begin = 0; begin < runs; begin += chunk)
      most = std::max(most, layer.plan.getFirst(std::min(begin + chunk, runs)) - layer.plan.getFirst(begin));
    buffer.resize(most * layer.shape.getRowSize());
  }
  std::atomic<int64_t> received = 0;
  // Each row has its place, so that it does not matter which thread comes first.
  auto receive = [&](size_t index, int64_t run, ArrayRef<float> values) {
    WeightLayer &layer = layers[index];
    const ContractionShape &shape = layer.shape;
    int64_t begin = layer.plan.getFirst(run / chunk * chunk),
            rows = layer.plan.getFirst(std::min((run / chunk + 1) * chunk, runs)) - begin,
            depth = shape.getDepth();
    std::vector<float> pixel(shape.getRowSize());
    for (int64_t row = layer.plan.getFirst(run); row < layer.plan.getFirst(run + 1); ++row) {
      shape.gather(values, layer.plan.getPixel(run, row), pixel);
      for (int64_t g = 0; g < shape.groups; ++g) {
        float *out = buffers[index].data() + (g * rows + row - begin) * depth;
        for (int64_t k = 0; k < depth; ++k)
          out[k] = pixel[shape.getRowIndex(g, k)];
      }
    }
    ++received;
  };
  auto finish = [&](int64_t begin, int64_t end) {
    for (auto [index, layer] : llvm::enumerate(layers)) {
      int64_t first = layer.plan.getFirst(begin), rows = layer.plan.getFirst(end) - first,
              depth = layer.shape.getDepth();
      parallelFor(&getContext(), 0, layer.shape.groups, [&, index = index](size_t g) {
        const float *data = buffers[index].data() + static_cast<int64_t>(g) * rows * depth;
        consume(layers[index], static_cast<int64_t>(g), first, {data, rows, depth});
      });
    }
  };
  OwningOpRef<ModuleOp> observed = observeInputs(simulate ? getOperation() : *original, ops, simulate);
  if (llvm::Error error = source->run(*observed, {chunk, 1, ""}, receive, finish))
    return getOperation().emitError(llvm::toString(std::move(error)));
  if (received != runs * static_cast<int64_t>(layers.size()))
    return getOperation().emitError("the network reported ")
           << received.load() << " inputs of layers instead of "
           << runs * static_cast<int64_t>(layers.size());
  return success();
}

//===----------------------------------------------------------------------===//
// Methods that look at data
//===----------------------------------------------------------------------===//

LogicalResult RoundWeights::roundWithData() {
  FailureOr<std::vector<WeightLayer>> found = getLayers();
  if (failed(found))
    return failure();
  std::vector<WeightLayer> &layers = *found;
  int64_t runs = source->getNumRuns();
  if (layers.empty())
    return success();
  if (runs < 1)
    return getOperation().emitError("there are no samples to round the weights with");
  bool isGptq = method == WeightRounding::Gptq;
  SmallVector<int64_t> sizes;
  for (WeightLayer &layer : layers) {
    const ContractionShape &shape = layer.shape;
    int64_t most =
        isGptq ? kMostGramRows
               : std::clamp<int64_t>(kMostNumbers / std::max<int64_t>(1, shape.getRowSize()), 1, kMostRows);
    layer.plan = RowPlan(runs, shape.getNumPixels(), most, getSeed(layer));
    sizes.push_back(isGptq ? 2 * shape.groups * shape.getDepth() * shape.getDepth()
                           : layer.plan.getNumRows() * (shape.getRowSize() + shape.getNumOutputs()));
  }

  toOriginal.clear();
  original = cast<ModuleOp>(getOperation()->clone(toOriginal));
  for (WeightLayer &layer : layers) { // Weights of formats are encoded already.
    if (!layer.format)
      continue;
    auto weight = cast<ObserveOp>(toOriginal.lookup(layer.weight.getOperation()));
    OpBuilder builder(weight);
    weight.getInputMutable().assign(
        tosa::ConstOp::create(builder, weight.getLoc(), weight.getType(), weight.getUnroundedAttr()));
  }
  Progress progress("rounding weights", "layers", layers.size());
  size_t first = 0, haveTargets = 0;
  for (size_t end : findGroups(layers, sizes)) {
    // The float network is compiled once for as many layers as memory has room for.
    if (!isGptq && end > haveTargets) {
      int64_t taken = 0;
      haveTargets = first;
      auto fits = [&](WeightLayer &layer) {
        taken += layer.plan.getNumRows() * layer.shape.getNumOutputs();
        return haveTargets < end || (!floatInputs && taken <= kMostNumbers);
      };
      while (haveTargets < layers.size() && fits(layers[haveTargets]))
        ++haveTargets;
      if (failed(collectTargets(MutableArrayRef(layers).slice(first, haveTargets - first))))
        return failure();
    }
    if (failed(roundTogether(MutableArrayRef(layers).slice(first, end - first), progress)))
      return failure();
    first = end;
  }
  return success();
}

/// The ends of groups of layers that are rounded together: none reads what another one computes (unless
/// all read what the float network computes), and memory has room for what is kept of them.
SmallVector<size_t> RoundWeights::findGroups(ArrayRef<WeightLayer> layers, ArrayRef<int64_t> sizes) {
  SmallVector<size_t> ends;
  llvm::DenseSet<Operation *> depends; // On a layer of the group.
  size_t next = 0;
  int64_t taken = 0;
  getOperation().walk([&](Operation *op) {
    bool dependent = llvm::any_of(op->getOperands(), [&](Value operand) {
      return operand.getDefiningOp() && depends.contains(operand.getDefiningOp());
    });
    if (next < layers.size() && layers[next].op == op) {
      if ((dependent && !floatInputs) || (taken && taken + sizes[next] > kMostNumbers)) {
        ends.push_back(next);
        taken = 0;
        depends.clear();
      }
      taken += sizes[next++];
      dependent = true;
    }
    if (dependent)
      depends.insert(op);
  });
  ends.push_back(layers.size());
  return ends;
}

/// What the float network computes in `layers`, and what it reads there if that is wanted.
LogicalResult RoundWeights::collectTargets(MutableArrayRef<WeightLayer> layers) {
  for (WeightLayer &layer : layers)
    layer.targets.assign(layer.shape.groups,
                         std::vector<float>(layer.plan.getNumRows() * layer.shape.groupOutputs));
  if (floatInputs)
    for (WeightLayer &layer : layers)
      layer.makeRoom();
  return collect(layers, /*simulate=*/false,
                 [&](WeightLayer &layer, int64_t g, int64_t firstRow, MatrixRef rows) {
                   int64_t outputs = layer.shape.groupOutputs;
                   std::vector<float> weights = layer.getMatrix(g, 0, outputs);
                   layerOutputs(rows, {weights.data(), outputs, layer.shape.getDepth()},
                                layer.getOutputs(layer.bias, g, 0, outputs),
                                layer.targets[g].data() + firstRow * outputs);
                   if (floatInputs)
                     layer.keepInputs(g, firstRow, rows);
                 });
}

/// Rounds layers that do not read each other's results. They have targets, unless the method is gptq.
LogicalResult RoundWeights::roundTogether(MutableArrayRef<WeightLayer> layers, Progress &progress) {
  bool isGptq = method == WeightRounding::Gptq;
  LogicalResult collected = success();
  if (isGptq) {
    for (WeightLayer &layer : layers)
      layer.grams.assign(layer.shape.groups, Gram(layer.shape.getDepth()));
    collected =
        collect(layers, /*simulate=*/!floatInputs,
                [](WeightLayer &layer, int64_t g, int64_t, MatrixRef rows) { layer.grams[g].add(rows); });
  } else if (!floatInputs) {
    for (WeightLayer &layer : layers)
      layer.makeRoom();
    collected = collect(layers, /*simulate=*/true,
                        [](WeightLayer &layer, int64_t g, int64_t firstRow, MatrixRef rows) {
                          layer.keepInputs(g, firstRow, rows);
                        });
  }
  if (failed(collected))
    return failure();

  // Parts that can be rounded at the same time. They do not depend on the number of threads.
  struct Part {
    size_t layer;
    int64_t group, first, count;
  };
  std::vector<Part> parts;
  std::vector<Choice> choices;
  std::vector<std::atomic<int64_t>> left(layers.size()); // parts of each layer
  for (auto [i, layer] : llvm::enumerate(layers)) {
    choices.push_back({std::vector<int32_t>(layer.values.size()), layer.scales, layer.bias});
    int64_t outputs = layer.shape.groupOutputs, block = isGptq ? outputs : kOutputBlock;
    for (int64_t g = 0; g < layer.shape.groups; ++g)
      for (int64_t first = 0; first < outputs; first += block)
        parts.push_back({i, g, first, std::min(block, outputs - first)}), ++left[i];
  }
  parallelFor(&getContext(), 0, parts.size(), [&](size_t i) {
    auto [index, g, first, count] = parts[i];
    WeightLayer &layer = layers[index];
    Choice &choice = choices[index];
    int64_t depth = layer.shape.getDepth(), offset = g * layer.shape.groupOutputs + first;
    std::vector<float> weights = layer.getMatrix(g, first, count);
    WeightGrid grid = layer.getGrid(g, first, count);
    RoundedLayer rounded;
    MatrixRef matrix{weights.data(), count, depth};
    if (isGptq) {
      rounded.codes =
          roundGptq(matrix, grid, layer.grams[g].mean(), {.damping = damping, .actOrder = actOrder});
    } else {
      int64_t rows = layer.plan.getNumRows(), outputs = layer.shape.groupOutputs;
      std::vector<float> targets;
      targets.reserve(rows * count);
      for (int64_t row = 0; row < rows; ++row)
        targets.insert(targets.end(), layer.targets[g].begin() + row * outputs + first,
                       layer.targets[g].begin() + row * outputs + first + count);
      LayerTask task{.weights = matrix,
                     .bias = layer.getOutputs(layer.bias, g, first, count),
                     .grid = grid,
                     .inputs = {layer.inputs[g].data(), rows, depth},
                     .targets = {targets.data(), rows, count},
                     .lowest = layer.lowest,
                     .highest = layer.highest,
                     .learnScales = layer.scalePerOutput,
                     .period = layer.shape.depth};
      AdaptiveOptions options{.iterations = iterations, .seed = getSeed(layer)};
      rounded = method == WeightRounding::AdaRound   ? roundAdaRound(task, options)
                : method == WeightRounding::AdaQuant ? roundAdaQuant(task, options)
                                                     : roundFlexRound(task, options);
    }
    auto input = dyn_cast_or_null<quant::UniformQuantizedType>(
        getParameterType(layer.op->getOperand(layer.op.getActivationOperands().front())));
    for (int64_t o = 0; o < count; ++o) {
      int64_t output = offset + o;
      // A new scale or bias must leave the bias its 32 bits, as narrow-assign-scales saw to.
      bool fits = isGptq || !input ||
                  biasCode(rounded.bias[o], input.getScale(), rounded.scales[o], biasCodeLimit).has_value();
      if (!isGptq && fits) {
        choice.scales[output] = rounded.scales[o];
        choice.bias[output] = rounded.bias[o];
      }
      for (int64_t k = 0; k < depth; ++k) {
        int64_t index = layer.shape.getWeightIndex(g, first + o, k);
        choice.codes[index] = fits ? rounded.codes[o * depth + k]
                                   : layer.getNearest(index, layer.scales[output], Rounding::HalfEven);
      }
    }
    if (--left[index] == 0)
      progress.advance();
  });
  for (auto [layer, choice] : llvm::zip(layers, choices)) {
    apply(layer, choice);
    layer.inputs.clear();
    layer.targets.clear();
    layer.grams.clear();
  }
  return success();
}
