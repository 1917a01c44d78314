//===- Normalization.cpp - BatchNormalization, Softmax, LayerNormalization ===//
#include "Registry.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

static LogicalResult importBatchNorm(OpContext &ctx) {
  if (ctx.getInt("training_mode", 0) != 0)
    return ctx.unsupported("training_mode", "1", "export the model for inference");
  if (ctx.getInt("spatial", 1) != 1)
    return ctx.unsupported("spatial", "0");
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  if (shape.size() < 2)
    return ctx.error() << "needs an input with a channel axis, got shape " << toString(shape);
  Value operands[5];
  for (unsigned i = 0; i < 5; ++i) {
    Tensor input = ctx.input(i);
    if (i > 0 && input.constant) // Factors and offsets will be folded, so they must be real numbers.
      input.constant = input.constant->dequantized();
    FailureOr<Value> value = ctx.value(input, ctx.getInputName(i));
    if (failed(value))
      return failure();
    if (i > 0 && ctx.input(i).getShape() != shape.slice(1, 1))
      return ctx.error() << "input " << i << " ('" << ctx.getInputName(i) << "') has shape "
                         << toString(ctx.input(i).getShape()) << ", expected [" << shape[1] << "]";
    operands[i] = *value;
  }
  float epsilon = ctx.getFloat("epsilon", 1e-5f);
  if (!(epsilon >= 0) || std::isinf(epsilon))
    return ctx.unsupported("epsilon", Twine(std::to_string(epsilon)));
  ctx.setResult(0,
                Tensor(narrow::BatchNormOp::create(ctx.builder, ctx.loc, operands[0].getType(), operands[0],
                                                   operands[1], operands[2], operands[3], operands[4],
                                                   /*axis=*/1, APFloat(epsilon))
                           .getResult()));
  return success();
}

/// Before opset 13, all axes from `axis` on are normalized together.
template <typename Build>
static LogicalResult buildSoftmax(OpContext &ctx, Build build) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  bool together = ctx.getOpset() < 13;
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", together ? 1 : -1), shape.size());
  if (failed(axis))
    return failure();
  if (!together || *axis + 1 == static_cast<int64_t>(shape.size())) {
    ctx.setResult(0, Tensor(build(*x, *axis)));
    return success();
  }
  Value flat =
      ctx.reshape(*x, {*countElements(shape.take_front(*axis)), *countElements(shape.drop_front(*axis))});
  ctx.setResult(0, Tensor(ctx.reshape(build(flat, 1), shape)));
  return success();
}

static LogicalResult importSoftmax(OpContext &ctx) {
  return buildSoftmax(ctx, [&](Value x, int64_t axis) -> Value {
    return narrow::SoftmaxOp::create(ctx.builder, ctx.loc, x.getType(), x, axis);
  });
}

static Value reduceLast(OpContext &ctx, Value x, int64_t axis, bool isMax) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape[axis] = 1;
  auto index = static_cast<uint32_t>(axis);
  if (isMax)
    return tosa::ReduceMaxOp::create(ctx.builder, ctx.loc, ctx.type(shape), x, index);
  return tosa::ReduceSumOp::create(ctx.builder, ctx.loc, ctx.type(shape), x, index);
}

/// x - max - log(sum(exp(x - max)))
static LogicalResult importLogSoftmax(OpContext &ctx) {
  return buildSoftmax(ctx, [&](Value x, int64_t axis) -> Value {
    Value shifted = ctx.subtract(x, reduceLast(ctx, x, axis, /*isMax=*/true));
    Value sum = reduceLast(ctx, ctx.unary<tosa::ExpOp>(shifted), axis, /*isMax=*/false);
    return ctx.subtract(shifted, ctx.unary<tosa::LogOp>(sum));
  });
}

/// (x - mean) * rsqrt(variance + epsilon) * scale + bias over the axes from
/// `axis` on.
static LogicalResult importLayerNorm(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0), scale = ctx.value(1);
  if (failed(x) || failed(scale))
    return failure();
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  int64_t rank = shape.size();
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", -1), rank);
  if (failed(axis) || failed(ctx.checkBroadcast(shape, ctx.input(1).getShape())))
    return failure();
  int64_t count = 1;
  for (int64_t i = *axis; i < rank; ++i)
    count *= shape[i];
  auto getMean = [&](Value value) {
    for (int64_t i = *axis; i < rank; ++i)
      value = reduceLast(ctx, value, i, /*isMax=*/false);
    return ctx.multiply(value, ctx.splat(1.0f / static_cast<float>(count), rank));
  };
  Value mean = getMean(*x), centered = ctx.subtract(*x, mean);
  Value variance = getMean(ctx.multiply(centered, centered));
  Value deviation = ctx.add(variance, ctx.splat(ctx.getFloat("epsilon", 1e-5f), rank));
  Value inverse = ctx.unary<tosa::RsqrtOp>(deviation);
  Value result = ctx.multiply(ctx.multiply(centered, inverse), *scale);
  if (ctx.has(2)) {
    FailureOr<Value> bias = ctx.value(2);
    if (failed(bias) || failed(ctx.checkBroadcast(shape, ctx.input(2).getShape())))
      return failure();
    result = ctx.add(result, *bias);
  }
  ctx.setResult(0, Tensor(result));
  ctx.setResult(1, Tensor(mean));
  ctx.setResult(2, Tensor(inverse));
  return success();
}

void narrow::onnx_import::registerNormalizations(Registry &registry) {
  registry["BatchNormalization"] = {5, 5, importBatchNorm, nullptr, 7, "inference: one output"};
  registry["Softmax"] = {1,       1, importSoftmax,
                         nullptr, 7, "before opset 13 the axes from `axis` on are normalized together"};
  registry["LogSoftmax"] = {1, 1, importLogSoftmax};
  registry["LayerNormalization"] = {2, 3, importLayerNorm, nullptr, 17};
}
