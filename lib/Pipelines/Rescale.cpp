//===- Rescale.cpp - What rescaling needs to know of the data -------------===//
#include "narrow/Pipelines/Rescale.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Pipelines/ObservedModel.h"
#include "narrow/Support/Progress.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <atomic>
#include <cmath>
#include <mutex>

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

} // namespace

/// Runs `observed`, which is used up, on all samples. Moments are added up in pieces of
/// a fixed number of samples: the number of threads does not change a bit.
static llvm::Expected<llvm::StringMap<Moments>> measure(ModuleOp observed, const CalibrationSamples &samples,
                                                        StringRef what) {
  llvm::Expected<std::unique_ptr<ObservedModel>> model = ObservedModel::compile(observed);
  if (!model)
    return model.takeError();
  ArrayRef<ObservedTensor> tensors = (*model)->tensors();
  int64_t batch = (*model)->batch(), piece = (16 + batch - 1) / batch * batch;
  int64_t total = samples.data.sampleCount() / batch * batch;
  if (total == 0)
    return llvm::createStringError("the model takes " + llvm::Twine(batch) +
                                   " samples at once, the data have " +
                                   llvm::Twine(samples.data.sampleCount()));
  std::vector<std::vector<Moments>> pieces((total + piece - 1) / piece);
  Progress progress(what.str(), "samples", total);
  std::mutex mutex;
  std::atomic<size_t> next = 0;
  llvm::Error failure = llvm::Error::success();
  auto work = [&] {
    ObservedModel::Runner runner(**model, samples.data);
    for (size_t i; (i = next++) < pieces.size();) {
      pieces[i].resize(tensors.size());
      for (int64_t first = i * piece; first < std::min<int64_t>((i + 1) * piece, total); first += batch) {
        llvm::Error error = runner.run(first, [&](size_t tensor, ArrayRef<float> values) {
          pieces[i][tensor].add(values, tensors[tensor].channels());
        });
        std::scoped_lock lock(mutex);
        progress.advance(batch);
        if (error) {
          failure = llvm::joinErrors(std::move(failure), std::move(error));
          next = pieces.size();
          return;
        }
      }
    }
  };
  {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency());
    for (size_t i = 0, e = std::min<size_t>(pool.getMaxConcurrency(), pieces.size()); i < e; ++i)
      pool.async(work);
    pool.wait();
  }
  if (failure)
    return std::move(failure);
  llvm::StringMap<Moments> result;
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    Moments &moments = result[tensors[tensor].id];
    for (const std::vector<Moments> &part : pieces)
      moments.merge(part[tensor]);
    if (llvm::any_of(moments.squares, [](double value) { return !std::isfinite(value); }))
      return llvm::createStringError(
          "tensor '" + tensors[tensor].id +
          "' becomes NaN or Inf: the model cannot be calibrated with these samples");
  }
  return result;
}

static bool isConvolution(Operation *op) {
  return isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(op) && computesFloat(op);
}

/// Observes `value` under `id`.
static void observeValue(Value value, StringRef id) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  auto observe = ObserveOp::create(builder, value.getLoc(), value.getType(), value, id, /*weight=*/false,
                                   RangeAttr(), SchemeAttr(), TypeAttr());
  value.replaceAllUsesExcept(observe.getOutput(), observe);
}

/// Measures the values of `floatStage` that `choose` picks, and lets `set` use them.
static llvm::Error measureValues(ModuleOp floatStage, const CalibrationSamples &samples, StringRef what,
                                 function_ref<SmallVector<Value>(ModuleOp)> choose,
                                 function_ref<void(Operation *, const Moments &)> set) {
  OwningOpRef<ModuleOp> copy = floatStage.clone();
  for (auto [index, value] : llvm::enumerate(choose(*copy)))
    observeValue(value, std::to_string(index));
  SmallVector<Value> chosen = choose(floatStage);
  if (chosen.empty())
    return llvm::Error::success();
  llvm::Expected<llvm::StringMap<Moments>> moments = measure(*copy, samples, what);
  if (!moments)
    return moments.takeError();
  for (auto [index, value] : llvm::enumerate(chosen))
    set(value.getDefiningOp(), moments->lookup(std::to_string(index)));
  return llvm::Error::success();
}

llvm::Error narrow::measureDistributions(ModuleOp floatStage, const CalibrationSamples &samples) {
  auto choose = [](ModuleOp module) {
    SmallVector<Value> values;
    module.walk([&](Operation *op) {
      if (isConvolution(op) && !op->hasAttr(attrs::channelMean))
        values.push_back(op->getResult(0));
    });
    return values;
  };
  return measureValues(
      floatStage, samples, "measuring means", choose, [](Operation *op, const Moments &moments) {
        Builder builder(op->getContext());
        op->setAttr(attrs::channelMean, builder.getDenseF32ArrayAttr(moments.mean()));
        op->setAttr(attrs::channelDeviation, builder.getDenseF32ArrayAttr(moments.deviation()));
      });
}

llvm::Error narrow::measureMaxima(ModuleOp floatStage, const CalibrationSamples &samples) {
  auto choose = [](ModuleOp module) {
    llvm::SetVector<Value> values;
    module.walk([&](Operation *op) {
      if (isConvolution(op) && op->getOperand(0).getDefiningOp())
        values.insert(op->getOperand(0));
    });
    return values.takeVector();
  };
  return measureValues(
      floatStage, samples, "measuring maxima", choose, [](Operation *op, const Moments &moments) {
        op->setAttr(attrs::channelMaximum, Builder(op->getContext()).getDenseF32ArrayAttr(moments.maximum));
      });
}

llvm::Error narrow::measureErrors(ModuleOp annotated, ModuleOp floatStage,
                                  const CalibrationSamples &samples) {
  llvm::StringMap<Operation *> layers;
  annotated.walk([&](Operation *op) {
    auto quantizable = getQuantizable(op);
    if (quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction)
      layers[getTensorId(op->getResult(0))] = op;
  });
  // Beside each layer of the float network one that computes with the errors of its weights
  // alone; its results are what rounding adds.
  OwningOpRef<ModuleOp> copy = floatStage.clone();
  SmallVector<Operation *> originals;
  copy->walk([&](Operation *op) {
    if (isConvolution(op))
      originals.push_back(op);
  });
  bool any = false;
  for (Operation *op : originals) {
    StringRef id = getTensorId(op->getResult(0));
    Operation *layer = layers.lookup(id);
    if (!layer)
      continue;
    std::optional<std::vector<float>> rounded = getRoundedWeights(cast<QuantizableOpInterface>(layer)),
                                      weights = getFloats(op->getOperand(1)),
                                      bias = getFloats(op->getOperand(2));
    if (!rounded || !weights || !bias || rounded->size() != weights->size())
      continue;
    for (auto [error, weight] : llvm::zip_equal(*rounded, *weights))
      error -= weight;
    OpBuilder builder(op);
    Operation *error = builder.clone(*op);
    builder.setInsertionPoint(error);
    auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
    error->setOperand(1, createConstant(builder, op->getLoc(), shapeOf(op->getOperand(1)), *rounded));
    error->setOperand(2, createConstant(builder, op->getLoc(), shapeOf(op->getOperand(2)),
                                        std::vector<float>(bias->size(), 0.0f)));
    error->setAttr(attrs::id, builder.getStringAttr(id + "/error"));
    observeValue(error->getResult(0), id);
    any = true;
  }
  if (!any)
    return llvm::Error::success();
  llvm::Expected<llvm::StringMap<Moments>> moments = measure(*copy, samples, "measuring errors");
  if (!moments)
    return moments.takeError();
  annotated.walk([&](Operation *op) {
    if (op->getNumResults() != 1 || !isConvolution(op))
      return;
    auto it = moments->find(getTensorId(op->getResult(0)));
    if (it != moments->end())
      op->setAttr(attrs::channelError, Builder(op->getContext()).getDenseF32ArrayAttr(it->second.mean()));
  });
  return llvm::Error::success();
}
