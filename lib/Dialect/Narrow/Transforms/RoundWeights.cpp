//===- RoundWeights.cpp - narrow-round-weights ----------------------------===//
//
// Chooses the code of every weight and writes the number that the code stands for in place
// of the weight. Layers are rounded in the order of the network: what one reads comes from
// layers that are rounded already.
//
//===----------------------------------------------------------------------===//
#include "BiasFit.h"
#include "CodeGrid.h"
#include "LayerInputs.h"
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

/// A contraction and its weight. Matrices are one a group, of the group's outputs and columns.
struct Layer {
  QuantizableOpInterface op;
  ObserveOp weight;
  ContractionShape shape;
  quant::QuantizedType type;
  std::vector<float> values; ///< in the order of the IR
  std::vector<float> bias;   ///< one an output
  std::vector<float> scales; ///< one an output
  CodeRange codes;
  std::optional<CodeGrid> format;      ///< if not every integer is a code
  std::optional<ChannelLayout> layout; ///< goes with it
  bool scalePerOutput = false;
  float lowest = -std::numeric_limits<float>::infinity(), highest = std::numeric_limits<float>::infinity();

  RowPlan plan{1, 1, 0, 0};
  std::vector<std::vector<float>> inputs, targets; ///< of each group: rows x columns, rows x outputs
  std::vector<Gram> grams;

  StringRef getId() { return getTensorId(op->getResult(0)); }
  /// For the rows that are kept of its inputs.
  void makeRoom() { inputs.assign(shape.groups, std::vector<float>(plan.getNumRows() * shape.getDepth())); }
  /// The weights of some outputs of a group, a row each.
  std::vector<float> getMatrix(int64_t g, int64_t first, int64_t count) const {
    std::vector<float> matrix;
    matrix.reserve(count * shape.getDepth());
    for (int64_t o = first; o < first + count; ++o)
      for (int64_t k = 0; k < shape.getDepth(); ++k)
        matrix.push_back(values[shape.getWeightIndex(g, o, k)]);
    return matrix;
  }
  /// What the outputs [first, first + count) of group `g` can become.
  WeightGrid getGrid(int64_t g, int64_t first, int64_t count) const;
  /// The codes of the weight at `index` of the tensor; for layers with a format.
  ArrayRef<int32_t> getAllowed(int64_t index) const {
    return format->lists[format->groups[format->getGroup(*layout, index)]];
  }
  int32_t getNearest(int64_t index, float scale, Rounding ties) const {
    return format ? roundNearest(values[index], scale, getAllowed(index))
                  : roundNearest(values[index], scale, codes, ties);
  }
  /// The outputs [first, first + count) of group `g` of numbers that are one an output.
  ArrayRef<float> getOutputs(const std::vector<float> &of, int64_t g, int64_t first, int64_t count) const {
    return ArrayRef(of).slice(g * shape.groupOutputs + first, count);
  }
};

/// What has been chosen for a layer.
struct Choice {
  std::vector<int32_t> codes; ///< in the order of the IR
  std::vector<float> scales, bias;
};

WeightGrid Layer::getGrid(int64_t g, int64_t first, int64_t count) const {
  ArrayRef<float> own = getOutputs(scales, g, first, count);
  WeightGrid grid{{own.begin(), own.end()}, codes, {}};
  if (!format)
    return grid;
  // Groups are columns of a row if the row's weights follow each other in their channel and begin
  // with a group; otherwise each column has a list.
  int64_t depth = shape.getDepth();
  bool areColumns = llvm::all_of(llvm::seq(first, first + count), [&](int64_t o) {
    int64_t begin = layout->getPosition(shape.getWeightIndex(g, o, 0));
    return begin % format->group == 0 &&
           layout->getPosition(shape.getWeightIndex(g, o, depth - 1)) == begin + depth - 1;
  });
  CodeLists &allowed = grid.allowed;
  allowed.lists = format->lists;
  allowed.columns = areColumns ? std::clamp<int64_t>(depth, 1, format->group) : 1;
  allowed.perRow = llvm::divideCeil(depth, allowed.columns);
  for (int64_t o = first; o < first + count; ++o)
    for (int64_t k = 0; k < depth; k += allowed.columns)
      allowed.groups.push_back(format->groups[format->getGroup(*layout, shape.getWeightIndex(g, o, k))]);
  return grid;
}

/// Keeps a part of what group `g` reads.
void keepInputs(Layer &layer, int64_t g, int64_t firstRow, MatrixRef rows) {
  std::vector<float> &inputs = layer.inputs[g];
  std::copy_n(rows.data, rows.rows * rows.cols, inputs.data() + firstRow * rows.cols);
}

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
  uint32_t getSeed(Layer &layer) const { return seedFor(seed, layer.getId()); }

  FailureOr<Layer> getLayer(QuantizableOpInterface op, ObserveOp weight, std::optional<CodeGrid> format);
  FailureOr<std::vector<Layer>> getLayers();
  LogicalResult roundWithoutData();
  LogicalResult roundWithData();
  SmallVector<size_t> findGroups(ArrayRef<Layer> layers, ArrayRef<int64_t> sizes);
  LogicalResult collectTargets(MutableArrayRef<Layer> layers);
  LogicalResult roundTogether(MutableArrayRef<Layer> layers, Progress &progress);
  using Consume = llvm::function_ref<void(Layer &, int64_t group, int64_t firstRow, MatrixRef rows)>;
  LogicalResult collect(MutableArrayRef<Layer> layers, bool simulate, Consume consume);
  void apply(Layer &layer, Choice &choice);
};

} // namespace

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// The bounds of the clamps that merge into `op`.
static void findActivation(Layer &layer) {
  Value result = layer.op->getResult(0);
  while (result.hasOneUse() && isMergedClamp(*result.user_begin())) {
    auto clamp = dyn_cast<tosa::ClampOp>(*result.user_begin());
    if (!clamp)
      return;
    if (std::optional<ClampBounds> bounds = getActivationBounds(clamp)) {
      layer.lowest = std::max(layer.lowest, static_cast<float>(bounds->lowest));
      layer.highest = std::min(layer.highest, static_cast<float>(bounds->highest));
    }
    result = clamp.getResult();
  }
}

FailureOr<Layer> RoundWeights::getLayer(QuantizableOpInterface op, ObserveOp weight,
                                        std::optional<CodeGrid> format) {
  auto fail = [&](const Twine &what) {
    return op->emitError() << "the weight of '" << getTensorId(op->getResult(0)) << "' " << what;
  };
  if (!weight.getQuantizedType())
    return fail("has no type; run --narrow-assign-scales first");
  auto type = cast<quant::QuantizedType>(*weight.getQuantizedType());
  SmallVector<double> scales = getScales(type);
  if (scales.empty())
    return fail("has a type whose codes are not evenly spaced: it is rounded by what made the type");
  std::optional<ContractionShape> shape = ContractionShape::get(op);
  if (!shape)
    return fail("cannot be rounded: this is known of convolutions and fully connected layers");
  bool symmetric = true;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type))
    symmetric = uniform.getZeroPoint() == 0;
  else
    symmetric = llvm::all_of(cast<quant::UniformQuantizedPerAxisType>(type).getZeroPoints(),
                             [](int64_t z) { return z == 0; });
  if (!symmetric)
    return fail("has a zero point other than 0, which is not supported");
  Layer layer;
  layer.op = op, layer.weight = weight, layer.shape = *shape, layer.type = type;
  std::optional<std::vector<float>> values = format ? getFloats(weight.getUnroundedAttr())
                                                    : getFloats(weight.getInput()),
                                    bias;
  if (!values ||
      static_cast<int64_t>(values->size()) != cast<RankedTensorType>(weight.getType()).getNumElements())
    return fail("cannot be read: it is no constant, or its data are missing");
  layer.values = std::move(*values);
  SmallVector<int64_t> indices = getWeightScaleIndices(op, type);
  int64_t outputs = shape->getNumOutputs();
  if (static_cast<int64_t>(indices.size()) != outputs)
    return fail("has scales that do not fit its output channels");
  for (int64_t index : indices)
    layer.scales.push_back(static_cast<float>(scales[index]));
  layer.scalePerOutput = static_cast<int64_t>(scales.size()) == outputs &&
                         llvm::equal(indices, llvm::seq<int64_t>(0, outputs)) &&
                         isa<quant::UniformQuantizedPerAxisType>(type);
  // Powers of two and scales that clusters share stay what they are.
  if (SchemeAttr scheme = weight.getSchemeAttr())
    layer.scalePerOutput &=
        scheme.getFormat() == CodeFormat::Uniform && scheme.getGranularity() != GranularityKind::PerCluster;
  layer.codes = {type.getStorageTypeMin(), type.getStorageTypeMax()};
  if (op.getBiasOperand())
    bias = getFloats(op->getOperand(*op.getBiasOperand()));
  layer.bias = bias.value_or(std::vector<float>{0.0f});
  if (layer.bias.size() == 1)
    layer.bias.resize(outputs, layer.bias.front());
  if (static_cast<int64_t>(layer.bias.size()) != outputs)
    return fail("goes with a bias of another number of output channels");
  findActivation(layer);
  if (format)
    layer.layout = getChannelLayout(weight);
  layer.format = std::move(format);
  return layer;
}

FailureOr<std::vector<Layer>> RoundWeights::getLayers() {
  std::vector<Layer> layers;
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
    FailureOr<Layer> layer = getLayer(op, weight, std::move(*format));
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

/// Codes of 16 bits leave room for the bias as long as their sum is limited. Outputs that have
/// become too large take the codes that narrow-encode-weights chose.
static void limitSums(const Layer &layer, std::vector<int32_t> &codes) {
  if (!layer.format || layer.codes.max <= kNarrowLimit)
    return;
  ObserveOp weight = layer.weight;
  std::optional<std::vector<float>> encoded = getFloats(weight.getInput());
  const ContractionShape &shape = layer.shape;
  for (int64_t g = 0; g < shape.groups; ++g)
    for (int64_t o = 0; o < shape.groupOutputs; ++o) {
      double sum = 0;
      for (int64_t k = 0; k < shape.getDepth(); ++k)
        sum += std::abs(codes[shape.getWeightIndex(g, o, k)]);
      if (!encoded || sum <= getCodeSumLimit(shape.getDepth()))
        continue;
      for (int64_t k = 0; k < shape.getDepth(); ++k) {
        int64_t index = shape.getWeightIndex(g, o, k);
        codes[index] = roundNearest((*encoded)[index], layer.scales[g * shape.groupOutputs + o], layer.codes,
                                    Rounding::HalfEven);
      }
    }
}

/// Replaces the weight by the numbers that the codes stand for, and what else was chosen.
void RoundWeights::apply(Layer &layer, Choice &choice) {
  limitSums(layer, choice.codes);
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
  FailureOr<std::vector<Layer>> layers = getLayers();
  if (failed(layers))
    return failure();
  Rounding rule = ties;
  for (Layer &layer : *layers) {
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
LogicalResult RoundWeights::collect(MutableArrayRef<Layer> layers, bool simulate, Consume consume) {
  SmallVector<Operation *> ops;
  int64_t runs = source->getNumRuns(), numbersPerRun = 1;
  for (Layer &layer : layers) {
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
    Layer &layer = layers[index];
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
  FailureOr<std::vector<Layer>> found = getLayers();
  if (failed(found))
    return failure();
  std::vector<Layer> &layers = *found;
  int64_t runs = source->getNumRuns();
  if (layers.empty())
    return success();
  if (runs < 1)
    return getOperation().emitError("there are no samples to round the weights with");
  bool isGptq = method == WeightRounding::Gptq;
  SmallVector<int64_t> sizes;
  for (Layer &layer : layers) {
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
  for (Layer &layer : layers) { // Weights of formats are encoded already.
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
      auto fits = [&](Layer &layer) {
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
SmallVector<size_t> RoundWeights::findGroups(ArrayRef<Layer> layers, ArrayRef<int64_t> sizes) {
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
LogicalResult RoundWeights::collectTargets(MutableArrayRef<Layer> layers) {
  for (Layer &layer : layers)
    layer.targets.assign(layer.shape.groups,
                         std::vector<float>(layer.plan.getNumRows() * layer.shape.groupOutputs));
  if (floatInputs)
    for (Layer &layer : layers)
      layer.makeRoom();
  return collect(layers, /*simulate=*/false, [&](Layer &layer, int64_t g, int64_t firstRow, MatrixRef rows) {
    int64_t outputs = layer.shape.groupOutputs;
    std::vector<float> weights = layer.getMatrix(g, 0, outputs);
    layerOutputs(rows, {weights.data(), outputs, layer.shape.getDepth()},
                 layer.getOutputs(layer.bias, g, 0, outputs), layer.targets[g].data() + firstRow * outputs);
    if (floatInputs)
      keepInputs(layer, g, firstRow, rows);
  });
}

/// Rounds layers that do not read each other's results. They have targets, unless the method is gptq.
LogicalResult RoundWeights::roundTogether(MutableArrayRef<Layer> layers, Progress &progress) {
  bool isGptq = method == WeightRounding::Gptq;
  LogicalResult collected = success();
  if (isGptq) {
    for (Layer &layer : layers)
      layer.grams.assign(layer.shape.groups, Gram(layer.shape.getDepth()));
    collected = collect(layers, /*simulate=*/!floatInputs,
                        [](Layer &layer, int64_t g, int64_t, MatrixRef rows) { layer.grams[g].add(rows); });
  } else if (!floatInputs) {
    for (Layer &layer : layers)
      layer.makeRoom();
    collected = collect(layers, /*simulate=*/true, keepInputs);
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
    Layer &layer = layers[index];
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
