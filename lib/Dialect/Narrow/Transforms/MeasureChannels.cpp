//===- MeasureChannels.cpp - narrow-measure-channels ----------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWMEASURECHANNELS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

/// Sums over the values of each channel.
struct Moments {
  std::vector<double> sum, squares;
  std::vector<float> maximum; ///< of magnitudes
  int64_t count = 0;

  void add(ArrayRef<float> values, int64_t channels) {
    sum.resize(channels), squares.resize(channels), maximum.resize(channels);
    count += values.size() / channels;
    for (size_t row = 0; row < values.size(); row += channels)
      for (int64_t c = 0; c < channels; ++c) {
        double value = values[row + c];
        sum[c] += value;
        squares[c] += value * value;
        maximum[c] = std::max(maximum[c], std::fabs(values[row + c]));
      }
  }
  void merge(const Moments &other) {
    sum.resize(other.sum.size()), squares.resize(other.sum.size()), maximum.resize(other.sum.size());
    count += other.count;
    for (size_t c = 0; c < other.sum.size(); ++c) {
      sum[c] += other.sum[c];
      squares[c] += other.squares[c];
      maximum[c] = std::max(maximum[c], other.maximum[c]);
    }
  }
  bool isFinite() const {
    return llvm::all_of(squares, [](double value) { return std::isfinite(value); });
  }
  SmallVector<float> mean() const {
    return llvm::map_to_vector(sum, [&](double s) { return static_cast<float>(s / count); });
  }
  SmallVector<float> deviation() const {
    SmallVector<float> result;
    for (auto [s, q] : llvm::zip_equal(sum, squares))
      result.push_back(static_cast<float>(std::sqrt(std::max(q / count - s / count * (s / count), 0.0))));
    return result;
  }
};

struct MeasureChannels : narrow::impl::NarrowMeasureChannelsBase<MeasureChannels> {
  using NarrowMeasureChannelsBase::NarrowMeasureChannelsBase;

  void runOnOperation() override {
    bool ofErrors = statistics == "errors";
    if (!ofErrors && statistics != "distributions" && statistics != "maxima") {
      getOperation().emitError("narrow-measure-channels: statistics '")
          << statistics << "' are not known; accepted: distributions, maxima, errors";
      return signalPassFailure();
    }
    if (failed(requireQuantizationStage(getOperation(), {ofErrors ? Stage::Annotated : Stage::Float})))
      return signalPassFailure();
    samples = requireSamples(getOperation(), getArgument());
    if (!samples || failed(ofErrors                        ? measureErrors()
                           : statistics == "distributions" ? measureDistributions()
                                                           : measureMaxima()))
      signalPassFailure();
  }

private:
  LogicalResult measureDistributions();
  LogicalResult measureMaxima();
  LogicalResult measureErrors();
  /// Ops in program order.
  using Choose = llvm::function_ref<SmallVector<Operation *>(ModuleOp)>;
  LogicalResult measureValues(StringRef what, Choose choose,
                              function_ref<void(Operation *, const Moments &)> set);
  FailureOr<std::vector<Moments>> measure(ModuleOp observed, ArrayRef<Operation *> ops, StringRef what);

  SampleSource *samples = nullptr;
};

bool isContraction(Operation *op) {
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  return quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction &&
         computesFloat(op);
}

/// Observes `value` under `id`.
void observeValue(Value value, StringRef id) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  auto observe = ObserveOp::create(builder, value.getLoc(), value, id, /*weight=*/false);
  value.replaceAllUsesExcept(observe.getOutput(), observe);
}

} // namespace

/// The moments of each observed tensor of `observed`, which is consumed, in program order; they are of the
/// results of `ops`. Moments are added up in pieces of a fixed number of samples: the number of threads does
/// not change a bit.
FailureOr<std::vector<Moments>> MeasureChannels::measure(ModuleOp observed, ArrayRef<Operation *> ops,
                                                         StringRef what) {
  SmallVector<int64_t> channels;
  observed.walk([&](ObserveOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    channels.push_back(type.getRank() ? type.getShape().back() : 1);
  });
  constexpr int64_t samplesOfPiece = 16;
  int64_t runs = samples->getNumRuns(), piece = llvm::divideCeil(samplesOfPiece, samples->getBatch());
  if (runs == 0) {
    emitError(UnknownLoc::get(&getContext()))
        << "the data have fewer samples than the " << samples->getBatch() << " that the model takes at once";
    return failure();
  }
  std::vector<std::vector<Moments>> pieces(llvm::divideCeil(runs, piece),
                                           std::vector<Moments>(channels.size()));
  auto receive = [&](size_t tensor, int64_t run, ArrayRef<float> values) {
    pieces[run / piece][tensor].add(values, channels[tensor]);
  };
  if (llvm::Error error =
          samples->run(observed, {runs, piece, what.str()}, receive, [](int64_t, int64_t) {})) {
    emitError(UnknownLoc::get(&getContext())) << llvm::toString(std::move(error));
    return failure();
  }
  std::vector<Moments> result(channels.size());
  for (auto [tensor, moments] : llvm::enumerate(result)) {
    for (const std::vector<Moments> &part : pieces)
      moments.merge(part[tensor]);
    if (!moments.isFinite()) {
      emitError(UnknownLoc::get(&getContext()))
          << "tensor '" << getTensorId(ops[tensor]->getResult(0))
          << "' becomes NaN or Inf: the model cannot be calibrated with these samples";
      return failure();
    }
  }
  return result;
}

/// Measures the results of the ops that `choose` picks, and lets `set` use them.
LogicalResult MeasureChannels::measureValues(StringRef what, Choose choose,
                                             function_ref<void(Operation *, const Moments &)> set) {
  SmallVector<Operation *> chosen = choose(getOperation());
  if (chosen.empty())
    return success();
  OwningOpRef<ModuleOp> copy = getOperation().clone();
  for (auto [number, op] : llvm::enumerate(choose(*copy)))
    observeValue(op->getResult(0), std::to_string(number));
  FailureOr<std::vector<Moments>> moments = measure(*copy, chosen, what);
  if (failed(moments))
    return failure();
  for (auto [op, of] : llvm::zip_equal(chosen, *moments))
    set(op, of);
  return success();
}

LogicalResult MeasureChannels::measureDistributions() {
  auto choose = [](ModuleOp module) {
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (isContraction(op) && !op->hasAttr(attrs::channelMean))
        ops.push_back(op);
    });
    return ops;
  };
  return measureValues("measuring means", choose, [](Operation *op, const Moments &moments) {
    Builder builder(op->getContext());
    op->setAttr(attrs::channelMean, builder.getDenseF32ArrayAttr(moments.mean()));
    op->setAttr(attrs::channelDeviation, builder.getDenseF32ArrayAttr(moments.deviation()));
  });
}

LogicalResult MeasureChannels::measureMaxima() {
  auto choose = [](ModuleOp module) {
    DenseSet<Operation *> inputs;
    module.walk([&](Operation *op) {
      if (!isContraction(op))
        return;
      unsigned input = cast<QuantizableOpInterface>(op).getActivationOperands().front();
      if (Operation *def = op->getOperand(input).getDefiningOp())
        inputs.insert(def);
    });
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (inputs.contains(op))
        ops.push_back(op);
    });
    return ops;
  };
  return measureValues("measuring maxima", choose, [](Operation *op, const Moments &moments) {
    op->setAttr(attrs::channelMaximum, Builder(op->getContext()).getDenseF32ArrayAttr(moments.maximum));
  });
}

/// Beside each layer of the float network a copy that computes with the errors of its weights
/// alone; its results are what rounding adds.
LogicalResult MeasureChannels::measureErrors() {
  IRMapping toCopy;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(getOperation()->clone(toCopy));
  SmallVector<Operation *> layers, measured; // of the module, in program order
  SmallVector<std::vector<float>> errors;
  getOperation().walk([&](Operation *op) {
    if (isContraction(op))
      layers.push_back(op);
  });
  for (Operation *op : layers) {
    auto layer = cast<QuantizableOpInterface>(op);
    std::optional<std::vector<float>> rounded = getRoundedWeights(layer),
                                      weights = getUnroundedWeights(layer);
    std::optional<std::vector<float>> bias =
        layer.getBiasOperand() ? getFloats(op->getOperand(*layer.getBiasOperand())) : std::nullopt;
    auto outputs = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
    if (!rounded || !weights || rounded->size() != weights->size() || !bias || outputs.empty() ||
        (bias->size() != 1 && static_cast<int64_t>(bias->size()) != outputs.back()))
      continue;
    for (auto [error, weight] : llvm::zip_equal(*rounded, *weights))
      error -= weight;
    measured.push_back(op);
    errors.push_back(std::move(*rounded));
  }
  if (measured.empty())
    return success();
  restoreWeights(*copy);
  removeObservers(*copy);
  for (auto [inModule, weights] : llvm::zip_equal(measured, errors)) {
    Operation *op = toCopy.lookup(inModule);
    StringRef id = getTensorId(op->getResult(0));
    auto layer = cast<QuantizableOpInterface>(op);
    OpBuilder builder(op);
    Operation *error = builder.clone(*op);
    builder.setInsertionPoint(error);
    auto replace = [&](unsigned operand, ArrayRef<float> values) {
      auto shape = cast<RankedTensorType>(op->getOperand(operand).getType()).getShape();
      error->setOperand(operand, createConstant(builder, op->getLoc(), shape, values));
    };
    replace(*layer.getWeightOperand(), weights);
    auto bias = cast<RankedTensorType>(op->getOperand(*layer.getBiasOperand()).getType());
    replace(*layer.getBiasOperand(), std::vector<float>(bias.getNumElements(), 0.0f));
    error->setAttr(attrs::id, builder.getStringAttr(id + "/error"));
    observeValue(error->getResult(0), id);
  }
  FailureOr<std::vector<Moments>> moments = measure(*copy, measured, "measuring errors");
  if (failed(moments))
    return failure();
  for (auto [op, of] : llvm::zip_equal(measured, *moments))
    op->setAttr(attrs::channelError, Builder(op->getContext()).getDenseF32ArrayAttr(of.mean()));
  return success();
}
