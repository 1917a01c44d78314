//===- Contraction.cpp - Convolutions and matrix products -----------------===//
#include "ContractionKernels.h"
#include "Window.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

namespace {

/// A tensor's elements minus a zero point, as accumulator type T; those of an
/// f32 tensor are used in place.
template <typename T>
struct Widened {
  std::vector<T> storage;
  ArrayRef<T> values;

  Widened(const Tensor &tensor, int64_t zeroPoint) {
    if constexpr (std::is_same_v<T, float>) {
      values = tensor.values<float>();
    } else {
      storage.resize(tensor.getNumElements());
      dispatch(tensor.kind, [&](auto zero) {
        for (auto [from, to] : llvm::zip(tensor.values<decltype(zero)>(), storage))
          to = static_cast<T>(static_cast<int64_t>(from) - zeroPoint);
      });
      values = storage;
    }
  }
  Widened(const Widened &) = delete;
};

/// One group of a convolution's outputs, ready for the kernels.
template <typename T>
struct Group {
  PackedWeights<T> weights;
  /// One per output of the weights, padded to whole blocks.
  std::vector<T> bias;
};

} // namespace

/// Calls f(T()) with the accumulator type of a contraction, or emits an error.
template <typename F>
static LogicalResult withAccumulator(const Call &call, F &&f) {
  auto isNarrow = [](const Tensor &tensor) {
    return tensor.kind == ElementKind::I8 || tensor.kind == ElementKind::I16;
  };
  ElementKind result = call.result().kind;
  if (result == ElementKind::F32 && call.operand(0).kind == result && call.operand(1).kind == result)
    return f(float());
  if (isNarrow(call.operand(0)) && isNarrow(call.operand(1))) {
    if (result == ElementKind::I32)
      return f(uint32_t());
    if (result == ElementKind::I64)
      return f(uint64_t());
  }
  return rejectKinds(call);
}

/// The result as the kernels write it.
template <typename T>
static T *getAccumulators(Tensor &tensor) {
  return reinterpret_cast<T *>(tensor.bytes.data());
}

/// `count` values of operand `i`, which has that many or a single one for all.
template <typename T>
static FailureOr<std::vector<T>> getBias(const Call &call, unsigned i, int64_t count) {
  const Tensor &tensor = call.operand(i);
  if (tensor.kind != call.result().kind)
    return call.error() << "bias has another element type than the result";
  Widened<T> bias(tensor, 0);
  if (static_cast<int64_t>(bias.values.size()) == count)
    return std::vector<T>(bias.values.begin(), bias.values.end());
  if (bias.values.size() == 1)
    return std::vector<T>(count, bias.values[0]);
  return call.error() << "bias has " << bias.values.size() << " elements, expected " << count;
}

/// Data that depend only on the weights, kept across evaluations if possible.
template <typename V, typename F>
static const V &getPrepared(const Call &call, V &local, F &&make) {
  if (call.prepared)
    return call.prepared->get<V>(make);
  local = make();
  return local;
}

/// Computes the outputs of one group at every pixel. `locate(pixel, tap)`
/// points to the first input channel, or is null in the padding.
template <typename T, typename F>
static void contract(int64_t pixels, const Group<T> &group, F &&locate, T *out, int64_t outStride) {
  const auto &kernels = ContractionKernels<T>::native();
  const PackedWeights<T> &weights = group.weights;
  std::vector<T> padding(weights.depth);
  std::vector<const T *> rows(weights.taps * tilePixels);
  T tile[tilePixels * tileOutputs];
  for (int64_t first = 0; first < pixels; first += tilePixels) {
    int64_t count = std::min(tilePixels, pixels - first);
    for (int64_t tap = 0; tap < weights.taps; ++tap)
      for (int64_t p = 0; p < tilePixels; ++p) {
        const T *row = p < count ? locate(first + p, tap) : nullptr;
        rows[tap * tilePixels + p] = row ? row : padding.data();
      }
    for (int64_t block = 0; block < weights.getNumBlocks(); ++block) {
      kernels.tile(rows.data(), weights.taps, weights.depth, &weights.values[block * weights.getBlockSize()],
                   &group.bias[block * tileOutputs], tile);
      int64_t outputs = std::min(tileOutputs, weights.outputs - block * tileOutputs);
      for (int64_t p = 0; p < count; ++p)
        std::copy_n(tile + p * tileOutputs, outputs, out + (first + p) * outStride + block * tileOutputs);
    }
  }
}

/// A convolution with weights [O, KH, KW, C/groups]; `locate(pixel, tap)` is
/// the index of an input pixel or -1.
template <typename F>
static LogicalResult convolve(Call &call, int64_t pixels, int64_t numGroups, int64_t inputZp,
                              int64_t weightZp, F &&locate) {
  const Tensor &input = call.operand(0), &weight = call.operand(1);
  int64_t channels = input.shape[3], outputs = weight.shape[0], taps = weight.shape[1] * weight.shape[2];
  if (numGroups < 1 || channels % numGroups || outputs % numGroups)
    return call.error() << numGroups << " groups must divide " << channels << " input and " << outputs
                        << " output channels";
  int64_t depth = channels / numGroups, groupOutputs = outputs / numGroups;
  if (weight.shape[3] != depth)
    return call.error() << "weight has " << weight.shape[3] << " input channels, expected " << depth;
  if (call.result().shape[3] != outputs)
    return call.error() << "result has " << call.result().shape[3] << " channels, the weight " << outputs;

  return withAccumulator(call, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    auto bias = getBias<T>(call, 2, outputs);
    if (failed(bias))
      return failure();
    std::vector<Group<T>> local;
    const auto &groups = getPrepared(call, local, [&] {
      std::vector<Group<T>> packed(numGroups);
      Widened<T> values(weight, weightZp);
      size_t next = 0;
      for (int64_t g = 0; g < numGroups; ++g) {
        packed[g].weights = {taps, depth, groupOutputs};
        packed[g].bias.resize(packed[g].weights.getNumBlocks() * tileOutputs);
        std::copy_n(bias->begin() + g * groupOutputs, groupOutputs, packed[g].bias.begin());
        for (int64_t o = 0; o < groupOutputs; ++o)
          for (int64_t tap = 0; tap < taps; ++tap)
            for (int64_t c = 0; c < depth; ++c)
              packed[g].weights.at(o, tap, c) = values.values[next++];
      }
      return packed;
    });
    Widened<T> x(input, inputZp);
    for (auto [g, group] : llvm::enumerate(groups)) {
      auto getRow = [&, offset = g * depth](int64_t pixel, int64_t tap) -> const T * {
        int64_t at = locate(pixel, tap);
        return at < 0 ? nullptr : x.values.data() + at * channels + offset;
      };
      contract<T>(pixels, group, getRow, getAccumulators<T>(call.result()) + g * groupOutputs, outputs);
    }
    return success();
  });
}

static LogicalResult checkWeights(const Call &call) {
  if (call.operand(0).getRank() == 4 && call.operand(1).getRank() == 4 && call.result().getRank() == 4)
    return success();
  return call.error() << "needs input, weight and result of rank 4";
}

static LogicalResult evalConv2D(tosa::Conv2DOp op, Call &call) {
  if (failed(checkWeights(call)))
    return failure();
  auto window = Window::get(call, ArrayRef(call.operand(1).shape).slice(1, 2), op.getPad(), op.getStride(),
                            op.getDilation());
  auto inputZp = getZeroPoint(call, 3), weightZp = getZeroPoint(call, 4);
  if (failed(window) || failed(inputZp) || failed(weightZp))
    return failure();
  return convolve(call, window->getNumPixels(), 1, *inputZp, *weightZp,
                  [&](int64_t pixel, int64_t tap) { return window->locate(pixel, tap); });
}

static LogicalResult evalGroupedConv2D(Conv2DOp op, Call &call) {
  if (failed(checkWeights(call)))
    return failure();
  auto window = Window::get(call, ArrayRef(call.operand(1).shape).slice(1, 2), op.getPad(), op.getStride(),
                            op.getDilation());
  if (failed(window))
    return failure();
  return convolve(call, window->getNumPixels(), op.getGroup(), op.getInputZp(), 0,
                  [&](int64_t pixel, int64_t tap) { return window->locate(pixel, tap); });
}

static LogicalResult evalTransposeConv2D(tosa::TransposeConv2DOp op, Call &call) {
  if (failed(checkWeights(call)))
    return failure();
  auto inputZp = getZeroPoint(call, 3), weightZp = getZeroPoint(call, 4);
  if (failed(inputZp) || failed(weightZp))
    return failure();
  ArrayRef<int64_t> pad = op.getOutPad(), stride = op.getStride();
  ArrayRef<int64_t> in = call.operand(0).shape, kernel = call.operand(1).shape, out = call.result().shape;
  if (pad.size() != 4 || stride.size() != 2 || stride[0] < 1 || stride[1] < 1)
    return call.error() << "needs out_pad of 4 and stride of 2 numbers of at least 1";
  if (in[0] != out[0])
    return call.error() << "result has batch " << out[0] << ", the input " << in[0];
  // Input pixel i adds to output i * stride + k + pad. An output reads input pixels in
  // the order of the kernel's taps; taps without a pixel read padding.
  auto locate = [&](int64_t pixel, int64_t tap) -> int64_t {
    int64_t row = pixel / out[2] % out[1] - pad[0] - tap / kernel[2];
    int64_t col = pixel % out[2] - pad[2] - tap % kernel[2];
    if (row < 0 || col < 0 || row % stride[0] || col % stride[1])
      return -1;
    row /= stride[0], col /= stride[1];
    return row < in[1] && col < in[2] ? (pixel / (out[1] * out[2]) * in[1] + row) * in[2] + col : -1;
  };
  return convolve(call, out[0] * out[1] * out[2], 1, *inputZp, *weightZp, locate);
}

static LogicalResult evalDepthwise(tosa::DepthwiseConv2DOp op, Call &call) {
  if (failed(checkWeights(call)))
    return failure();
  const Tensor &input = call.operand(0),
               &weight = call.operand(1); // [KH, KW, C, M]
  auto window =
      Window::get(call, ArrayRef(weight.shape).take_front(2), op.getPad(), op.getStride(), op.getDilation());
  auto inputZp = getZeroPoint(call, 3), weightZp = getZeroPoint(call, 4);
  if (failed(window) || failed(inputZp) || failed(weightZp))
    return failure();
  int64_t channels = input.shape[3], multiplier = weight.shape[3], outputs = channels * multiplier;
  if (weight.shape[2] != channels || call.result().shape[3] != outputs)
    return call.error() << "expected " << channels << " channels in the weight and " << outputs
                        << " in the result";

  return withAccumulator(call, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    auto bias = getBias<T>(call, 2, outputs);
    if (failed(bias))
      return failure();
    std::vector<T> local;
    const auto &weights = getPrepared(call, local, [&] {
      Widened<T> values(weight, *weightZp);
      return std::vector<T>(values.values.begin(), values.values.end());
    });
    // If each input channel is repeated, output o reads channel o.
    Widened<T> narrow(input, *inputZp);
    ArrayRef<T> x = narrow.values;
    std::vector<T> repeated;
    if (multiplier != 1) {
      repeated.reserve(x.size() * multiplier);
      for (T value : x)
        repeated.insert(repeated.end(), multiplier, value);
      x = repeated;
    }
    const auto &kernels = ContractionKernels<T>::native();
    std::vector<T> padding(outputs);
    T *out = getAccumulators<T>(call.result());
    for (int64_t pixel = 0; pixel < window->getNumPixels(); ++pixel, out += outputs) {
      llvm::copy(*bias, out);
      for (int64_t tap = 0; tap < window->getNumTaps(); ++tap) {
        int64_t at = window->locate(pixel, tap);
        kernels.accumulate(at < 0 ? padding.data() : x.data() + at * outputs, weights.data() + tap * outputs,
                           outputs, out);
      }
    }
    return success();
  });
}

static LogicalResult evalMatMul(tosa::MatMulOp op, Call &call) {
  const Tensor &a = call.operand(0), &b = call.operand(1);
  auto aZp = getZeroPoint(call, 2), bZp = getZeroPoint(call, 3);
  if (failed(aZp) || failed(bZp))
    return failure();
  if (a.getRank() != 3 || b.getRank() != 3 || a.shape[0] != b.shape[0] || a.shape[2] != b.shape[1] ||
      call.result().getShape() != ArrayRef<int64_t>({a.shape[0], a.shape[1], b.shape[2]}))
    return call.error() << "needs [N, H, C] x [N, C, W] -> [N, H, W], got " << op.getA().getType() << " x "
                        << op.getB().getType() << " -> " << op.getType();
  int64_t batch = a.shape[0], rows = a.shape[1], depth = a.shape[2], columns = b.shape[2];
  return withAccumulator(call, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    std::vector<Group<T>> local;
    const auto &matrices = getPrepared(call, local, [&] {
      std::vector<Group<T>> packed(batch);
      Widened<T> values(b, *bZp);
      size_t next = 0;
      for (Group<T> &matrix : packed) {
        matrix.weights = {1, depth, columns};
        matrix.bias.resize(matrix.weights.getNumBlocks() * tileOutputs);
        for (int64_t c = 0; c < depth; ++c)
          for (int64_t o = 0; o < columns; ++o)
            matrix.weights.at(o, 0, c) = values.values[next++];
      }
      return packed;
    });
    Widened<T> x(a, *aZp);
    for (auto [n, matrix] : llvm::enumerate(matrices)) {
      const T *first = x.values.data() + n * rows * depth;
      contract<T>(
          rows, matrix, [&](int64_t row, int64_t) { return first + row * depth; },
          getAccumulators<T>(call.result()) + n * rows * columns, columns);
    }
    return success();
  });
}

void narrow::reference::registerContraction(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::Conv2DOp, evalConv2D>(context);
    attach<tosa::TransposeConv2DOp, evalTransposeConv2D>(context);
    attach<tosa::DepthwiseConv2DOp, evalDepthwise>(context);
    attach<tosa::MatMulOp, evalMatMul>(context);
  });
  registry.addExtension(
      +[](MLIRContext *context, NarrowDialect *) { attach<Conv2DOp, evalGroupedConv2D>(context); });
}
