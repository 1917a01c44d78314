//===- Pooling.cpp - Average and maximum of windows, resizing -------------===//
#include "Elementwise.h"
#include "Window.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Numerics/Pool.h"
#include "narrow/Numerics/Rounding.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

/// Calls f(output pixel, its input pixels in the order of the kernel's taps).
template <typename F>
static void forEachWindow(const Window &window, F &&f) {
  SmallVector<int64_t> inputs;
  for (int64_t pixel = 0; pixel < window.getNumPixels(); ++pixel) {
    inputs.clear();
    for (int64_t tap = 0; tap < window.getNumTaps(); ++tap)
      if (int64_t at = window.locate(pixel, tap); at >= 0)
        inputs.push_back(at);
    f(pixel, ArrayRef<int64_t>(inputs));
  }
}

static LogicalResult checkChannels(const Call &call) {
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  if (call.operand(0).shape[3] != call.result().shape[3])
    return call.error() << "result has " << call.result().shape[3] << " channels, the input "
                        << call.operand(0).shape[3];
  return success();
}

static LogicalResult evalAvgPool(tosa::AvgPool2dOp op, Call &call) {
  auto window = Window::get(call, op.getKernel(), op.getPad(), op.getStride());
  auto inputZp = getZeroPoint(call, 1), outputZp = getZeroPoint(call, 2);
  if (failed(window) || failed(inputZp) || failed(outputZp) || failed(checkChannels(call)))
    return failure();
  int64_t channels = call.result().shape[3];

  if (call.result().kind == ElementKind::F32) {
    const float *x = call.operand(0).values<float>().data();
    float *y = call.result().values<float>().data();
    forEachWindow(*window, [&](int64_t pixel, ArrayRef<int64_t> inputs) {
      float *sum = y + pixel * channels; // Starts at 0.
      for (int64_t at : inputs)
        for (int64_t c = 0; c < channels; ++c)
          sum[c] += x[at * channels + c];
      float factor = 1.0f / static_cast<float>(inputs.size());
      for (int64_t c = 0; c < channels; ++c)
        sum[c] *= factor;
    });
    return success();
  }
  if (call.result().kind != ElementKind::I8 && call.result().kind != ElementKind::I16)
    return rejectKinds(call);
  auto [low, high] = getIntegerRange(op.getType());
  dispatch(call.result().kind, [&, low = low, high = high](auto zero) {
    using T = decltype(zero);
    auto x = call.operand(0).values<T>();
    auto y = call.result().template values<T>();
    std::vector<int32_t> sum(channels);
    forEachWindow(*window, [&](int64_t pixel, ArrayRef<int64_t> inputs) {
      std::fill(sum.begin(), sum.end(), 0);
      for (int64_t at : inputs)
        for (int64_t c = 0; c < channels; ++c)
          sum[c] += static_cast<int32_t>(x[at * channels + c] - *inputZp);
      for (int64_t c = 0; c < channels; ++c) {
        int64_t average = numerics::avgPoolDivide(sum[c], inputs.size());
        y[pixel * channels + c] = static_cast<T>(numerics::saturate(average + *outputZp, low, high));
      }
    });
  });
  return success();
}

static LogicalResult evalMaxPool(tosa::MaxPool2dOp op, Call &call) {
  auto window = Window::get(call, op.getKernel(), op.getPad(), op.getStride());
  if (failed(window) || failed(checkChannels(call)))
    return failure();
  int64_t channels = call.result().shape[3];
  bool ignoreNaN = op.getNanMode() == tosa::NanPropagationMode::IGNORE;
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    auto x = call.operand(0).values<T>();
    auto y = call.result().template values<T>();
    forEachWindow(*window, [&](int64_t pixel, ArrayRef<int64_t> inputs) {
      T *largest = y.data() + pixel * channels;
      std::fill_n(largest, channels, std::numeric_limits<T>::lowest());
      for (auto [i, at] : llvm::enumerate(inputs))
        for (int64_t c = 0; c < channels; ++c) {
          T value = x[at * channels + c];
          bool replace = i == 0;
          if constexpr (std::is_same_v<T, float>) {
            if (ignoreNaN && std::isnan(value))
              continue;
            replace |= ignoreNaN && std::isnan(largest[c]);
          }
          largest[c] = replace ? value : maximum(largest[c], value);
        }
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// resize
//===----------------------------------------------------------------------===//

static LogicalResult evalResize(tosa::ResizeOp op, Call &call) {
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  bool nearest = op.getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR;
  if (input.getRank() != 4 || result.getRank() != 4 || input.shape[0] != result.shape[0] ||
      input.shape[3] != result.shape[3] || input.getNumElements() == 0)
    return call.error() << "needs input and result of rank 4 with equal batch and channels";
  std::optional<ResizeAxes> axes = getResizeAxes(op);
  if (!axes)
    return call.error() << "needs a scale of 4 positive numbers and an offset "
                           "of 2, all below 2^20";
  bool isFloat = result.kind == ElementKind::F32;
  bool widens =
      (input.kind == ElementKind::I8 || input.kind == ElementKind::I16) && result.kind == ElementKind::I32;
  if (nearest ? input.kind != result.kind : !(isFloat && input.kind == result.kind) && !widens)
    return rejectKinds(call);

  int64_t channels = input.shape[3], height = axes->rows.numerator, width = axes->columns.numerator;
  size_t pixelSize = channels * getByteWidth(input.kind);
  for (int64_t pixel = 0; pixel < result.shape[0] * result.shape[1] * result.shape[2]; ++pixel) {
    int64_t y = pixel / result.shape[2] % result.shape[1], x = pixel % result.shape[2];
    ResizePosition row = axes->rows[y], col = axes->columns[x];
    int64_t batch = pixel / (result.shape[1] * result.shape[2]);
    auto at = [&](int64_t r, int64_t c) { return (batch * input.shape[1] + r) * input.shape[2] + c; };
    if (nearest) {
      int64_t from = at(axes->rows.nearest(y), axes->columns.nearest(x));
      std::copy_n(input.bytes.data() + from * pixelSize, pixelSize, result.bytes.data() + pixel * pixelSize);
      continue;
    }
    int64_t corners[] = {at(row.first, col.first), at(row.first, col.second), at(row.second, col.first),
                         at(row.second, col.second)};
    auto blend = [&](auto x, auto out, auto up, auto down, auto left, auto right) {
      for (int64_t c = 0; c < channels; ++c) {
        auto top = x[corners[0] * channels + c] * left + x[corners[1] * channels + c] * right;
        auto bottom = x[corners[2] * channels + c] * left + x[corners[3] * channels + c] * right;
        out[pixel * channels + c] =
            static_cast<std::remove_reference_t<decltype(out[0])>>(top * up + bottom * down);
      }
    };
    if (isFloat) {
      float dy = static_cast<float>(row.fraction) / static_cast<float>(height);
      float dx = static_cast<float>(col.fraction) / static_cast<float>(width);
      blend(input.values<float>(), result.values<float>(), 1.0f - dy, dy, 1.0f - dx, dx);
    } else if (input.kind == ElementKind::I8) {
      blend(input.values<int8_t>(), result.values<int32_t>(), height - row.fraction, row.fraction,
            width - col.fraction, col.fraction);
    } else {
      blend(input.values<int16_t>(), result.values<int32_t>(), height - row.fraction, row.fraction,
            width - col.fraction, col.fraction);
    }
  }
  return success();
}

void narrow::reference::registerPooling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::AvgPool2dOp, evalAvgPool>(context);
    attach<tosa::MaxPool2dOp, evalMaxPool, Codes::Accept>(context);
    attach<tosa::ResizeOp, evalResize>(context);
  });
}
