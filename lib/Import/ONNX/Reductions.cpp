//===- Reductions.cpp - ReduceMean, ReduceSum, ReduceMax, ReduceMin -------===//
#include "Registry.h"
#include "Windows.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace narrow::onnx_import;

namespace {
/// What all reductions have in common.
struct Reduction {
  SmallVector<int64_t> axes;
  /// The result's shape, with or without the reduced axes.
  SmallVector<int64_t> shape;
  int64_t count = 1;
};
} // namespace

/// `since` is the opset in which the axes became an input.
static FailureOr<Reduction> getReduction(OpContext &ctx, int64_t since) {
  ArrayRef<int64_t> source = ctx.input(0).getShape();
  auto axes = ctx.integersByOpset("axes", 1, since);
  if (failed(axes))
    return failure();
  Reduction result;
  bool keep = ctx.getInt("keepdims", 1) != 0;
  if (*axes && !(*axes)->empty()) {
    FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(**axes, source.size());
    if (failed(normalized))
      return failure();
    result.axes = *normalized;
    llvm::sort(result.axes);
  } else if (ctx.getInt("noop_with_empty_axes", 0) == 0) {
    result.axes = llvm::to_vector(llvm::seq<int64_t>(0, source.size()));
  }
  for (auto [i, dim] : llvm::enumerate(source)) {
    if (!llvm::is_contained(result.axes, static_cast<int64_t>(i))) {
      result.shape.push_back(dim);
      continue;
    }
    result.count *= dim;
    if (keep)
      result.shape.push_back(1);
  }
  return result;
}

template <typename Op>
static Value reduceAll(OpContext &ctx, Value value, ArrayRef<int64_t> axes) {
  for (int64_t axis : axes) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getShape());
    shape[axis] = 1;
    value = Op::create(ctx.builder, ctx.loc, ctx.type(shape), value, static_cast<uint32_t>(axis));
  }
  return value;
}

template <typename Op, int64_t Since>
static LogicalResult importReduce(OpContext &ctx) {
  FailureOr<Value> input = ctx.value(0);
  FailureOr<Reduction> reduction = getReduction(ctx, Since);
  if (failed(input) || failed(reduction))
    return failure();
  ctx.setResult(0, Tensor(ctx.reshape(reduceAll<Op>(ctx, *input, reduction->axes), reduction->shape)));
  return success();
}

/// A mean over the plane of an NCHW tensor becomes an average pool, the form
/// that quantization handles; other means are sums times a constant.
static LogicalResult importReduceMean(OpContext &ctx) {
  FailureOr<Value> input = ctx.value(0);
  FailureOr<Reduction> reduction = getReduction(ctx, 18);
  if (failed(input) || failed(reduction))
    return failure();
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  Value result;
  if (shape.size() == 4 && reduction->axes == ArrayRef<int64_t>{2, 3}) {
    Value zero = ctx.splat(0), nhwc = ctx.transpose(*input, toNHWC);
    int64_t kernel[] = {shape[2], shape[3]}, stride[] = {1, 1}, pad[] = {0, 0, 0, 0};
    result = tosa::AvgPool2dOp::create(ctx.builder, ctx.loc, ctx.type({shape[0], 1, 1, shape[1]}), nhwc, zero,
                                       zero, kernel, stride, pad, ctx.builder.getF32Type());
    result = ctx.transpose(result, toNCHW);
  } else {
    result = reduceAll<tosa::ReduceSumOp>(ctx, *input, reduction->axes);
    if (reduction->count != 1)
      result = ctx.multiply(result, ctx.splat(1.0f / static_cast<float>(reduction->count), shape.size()));
  }
  ctx.setResult(0, Tensor(ctx.reshape(result, reduction->shape)));
  return success();
}

/// Reductions of constants in integers or f32, one element at a time.
template <typename Combine>
static LogicalResult foldReduction(OpContext &ctx, int64_t since, double initial, Combine combine) {
  FailureOr<Reduction> reduction = getReduction(ctx, since);
  if (failed(reduction))
    return failure();
  const ConstantTensor &source = *ctx.input(0).constant;
  // Stride 0 along reduced axes maps every element to its place in the result.
  Shape kept(source.getShape()), strides;
  for (int64_t axis : reduction->axes)
    kept[axis] = 1;
  strides = getStrides(kept);
  for (int64_t axis : reduction->axes)
    strides[axis] = 0;
  int64_t size = *countElements(kept), next = 0;
  if (source.size() == 0)
    return ctx.error() << "the input has no elements";
  if (source.isFloat()) {
    std::vector<float> values(size, static_cast<float>(initial));
    forEachOffset(source.getShape(), strides, 0,
                  [&](int64_t place) { values[place] = combine(values[place], source.getFloats()[next++]); });
    ctx.setResult(0, Tensor(ConstantTensor(Shape(reduction->shape), std::move(values))));
    return success();
  }
  // The first visit sets an element, which avoids integer infinities.
  std::vector<int64_t> values(size, 0);
  std::vector<bool> visited(size, false);
  forEachOffset(source.getShape(), strides, 0, [&](int64_t place) {
    int64_t value = source.getIntegers()[next++];
    values[place] = visited[place] ? combine(values[place], value) : value;
    visited[place] = true;
  });
  ctx.setResult(0, Tensor(ConstantTensor(source.getType(), Shape(reduction->shape), std::move(values))));
  return success();
}

/// Wraps around as hardware does, since the values come from a file.
template <typename T>
static T wrappingAdd(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else
    return a + b;
}
template <typename T>
static T wrappingMultiply(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}

void narrow::onnx_import::registerReductions(Registry &registry) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  registry["ReduceMean"] = {1, 2, importReduceMean};
  registry["ReduceSum"] = {1, 2, importReduce<tosa::ReduceSumOp, 13>, [](OpContext &ctx) {
                             return foldReduction(ctx, 13, 0,
                                                  [](auto a, auto b) { return wrappingAdd(a, b); });
                           }};
  registry["ReduceMax"] = {1, 2, importReduce<tosa::ReduceMaxOp, 18>, [](OpContext &ctx) {
                             return foldReduction(ctx, 18, -infinity,
                                                  [](auto a, auto b) { return std::max(a, b); });
                           }};
  registry["ReduceMin"] = {1, 2, importReduce<tosa::ReduceMinOp, 18>, [](OpContext &ctx) {
                             return foldReduction(ctx, 18, infinity,
                                                  [](auto a, auto b) { return std::min(a, b); });
                           }};
  registry["ReduceProd"] = {1, 2, importReduce<tosa::ReduceProductOp, 18>, [](OpContext &ctx) {
                              return foldReduction(ctx, 18, 1,
                                                   [](auto a, auto b) { return wrappingMultiply(a, b); });
                            }};
}
