//===- Pooling.cpp - MaxPool, AveragePool and the global pools ------------===//
#include "Registry.h"
#include "Windows.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include <limits>

using namespace mlir;
using namespace narrow::onnx_import;

namespace {
enum class PoolKind { Max, Average };
} // namespace

static constexpr float lowest = std::numeric_limits<float>::lowest();

static Value buildPool(OpContext &ctx, PoolKind kind, Value nhwc, RankedTensorType type,
                       ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride, ArrayRef<int64_t> pad) {
  if (kind == PoolKind::Max)
    return tosa::MaxPool2dOp::create(ctx.builder, ctx.loc, type, nhwc, kernel, stride, pad);
  Value zero = ctx.splat(0);
  return tosa::AvgPool2dOp::create(ctx.builder, ctx.loc, type, nhwc, zero, zero, kernel, stride, pad,
                                   ctx.builder.getF32Type());
}

/// [N, C, L] as [N, C, 1, L]; rank 4 unchanged. Other ranks are reported.
static FailureOr<Value> getPlanes(OpContext &ctx) {
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  FailureOr<Value> input = ctx.value(0);
  if (failed(input))
    return failure();
  if (shape.size() == 4)
    return *input;
  if (shape.size() == 3)
    return ctx.reshape(*input, {shape[0], shape[1], 1, shape[2]});
  return ctx.error() << "only 1-D and 2-D pooling are supported, the input has shape " << toString(shape);
}

/// Adds the padding of `axes` to the input itself, filled with `number`.
static FailureOr<Value> padExplicitly(OpContext &ctx, Value nhwc, MutableArrayRef<WindowAxis> axes,
                                      float number) {
  SmallVector<int64_t> before(4, 0), after(4, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    before[1 + i] = axis.padBefore;
    after[1 + i] = axis.padAfter;
    axis.input += axis.padBefore + axis.padAfter;
    axis.padBefore = axis.padAfter = 0;
  }
  FailureOr<Tensor> padded = ctx.pad(Tensor(nhwc), before, after, number);
  if (failed(padded))
    return failure();
  return padded->value;
}

static LogicalResult importPool(OpContext &ctx, PoolKind kind) {
  auto kernel = ctx.getInts("kernel_shape");
  int64_t rank = ctx.input(0).getRank();
  if (!kernel || static_cast<int64_t>(kernel->size()) + 2 != rank)
    return ctx.error()
           << "attribute 'kernel_shape' must have a number for each spatial axis of the input, whose "
              "shape is "
           << toString(ctx.input(0).getShape());
  FailureOr<Value> input = getPlanes(ctx);
  if (failed(input))
    return failure();
  FailureOr<SmallVector<WindowAxis>> windows =
      getWindows(ctx, ctx.input(0).getShape().drop_front(2), *kernel, ctx.getInt("ceil_mode", 0) != 0);
  if (failed(windows))
    return failure();
  if (llvm::any_of(*windows, [](const WindowAxis &axis) { return axis.dilation != 1; }))
    return ctx.unsupported("dilations", toString(getDilation(*windows)), "use pooling without dilation");
  if (ctx.getInt("storage_order", 0) != 0)
    return ctx.unsupported("storage_order", "1");
  if (rank == 3)
    windows->insert(windows->begin(), WindowAxis());

  Value nhwc = ctx.transpose(*input, toNHWC);
  bool padded = llvm::any_of(getPad(*windows), [](int64_t pad) { return pad != 0; });
  // Padding that counts toward the average becomes part of the input; padding
  // added for a partial last window does not count and stays with the pool.
  if (kind == PoolKind::Average && padded && ctx.getInt("count_include_pad", 0) != 0) {
    FailureOr<Value> explicitly = padExplicitly(ctx, nhwc, *windows, 0.0f);
    if (failed(explicitly))
      return failure();
    nhwc = *explicitly;
  }
  FailureOr<Value> exact = makeExact(ctx, nhwc, *windows);
  if (failed(exact))
    return failure();
  nhwc = *exact;
  // TOSA requires padding smaller than the kernel.
  if (llvm::any_of(*windows, [](const WindowAxis &axis) {
        return axis.padBefore >= axis.kernel || axis.padAfter >= axis.kernel;
      })) {
    if (kind == PoolKind::Average)
      return ctx.unsupported("pads", toString(getPad(*windows)), "windows in the padding have no average");
    FailureOr<Value> explicitly = padExplicitly(ctx, nhwc, *windows, lowest);
    if (failed(explicitly))
      return failure();
    nhwc = *explicitly;
  }
  int64_t batch = ctx.input(0).getDim(0), channels = ctx.input(0).getDim(1);
  auto type = ctx.type({batch, (*windows)[0].output, (*windows)[1].output, channels});
  Value result = buildPool(ctx, kind, nhwc, type, getKernel(*windows), getStride(*windows), getPad(*windows));
  result = ctx.transpose(result, toNCHW);
  if (rank == 3)
    result = ctx.reshape(result, {batch, channels, type.getDimSize(2)});
  ctx.setResult(0, Tensor(result));
  return success();
}

/// The global pools: a single window that covers the plane (all spatial axes as one).
static LogicalResult importGlobalPool(OpContext &ctx, PoolKind kind) {
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  if (shape.size() < 3)
    return ctx.error() << "needs spatial axes, the input has shape " << toString(shape);
  FailureOr<Value> input = ctx.value(0);
  if (failed(input))
    return failure();
  SmallVector<int64_t> planes(shape), resultShape(shape.take_front(2));
  resultShape.append(shape.size() - 2, 1);
  if (planes.size() != 4) {
    int64_t rest = *countElements(shape.drop_front(3));
    planes = {shape[0], shape[1], shape[2], rest};
  }
  Value nhwc = ctx.transpose(ctx.reshape(*input, planes), toNHWC);
  int64_t kernel[] = {planes[2], planes[3]}, stride[] = {1, 1}, pad[] = {0, 0, 0, 0};
  Value result = buildPool(ctx, kind, nhwc, ctx.type({shape[0], 1, 1, shape[1]}), kernel, stride, pad);
  ctx.setResult(0, Tensor(ctx.reshape(ctx.transpose(result, toNCHW), resultShape)));
  return success();
}

void narrow::onnx_import::registerPooling(Registry &registry) {
  registry["MaxPool"] = {1,       1, [](OpContext &ctx) { return importPool(ctx, PoolKind::Max); },
                         nullptr, 7, "1-D and 2-D, float, without dilation; no output Indices"};
  registry["AveragePool"] = {1,       1, [](OpContext &ctx) { return importPool(ctx, PoolKind::Average); },
                             nullptr, 7, "1-D and 2-D, without dilation"};
  registry["GlobalMaxPool"] = {1, 1, [](OpContext &ctx) { return importGlobalPool(ctx, PoolKind::Max); }};
  registry["GlobalAveragePool"] = {1, 1,
                                   [](OpContext &ctx) { return importGlobalPool(ctx, PoolKind::Average); }};
}
