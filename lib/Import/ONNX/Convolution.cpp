//===- Convolution.cpp - Conv ---------------------------------------------===//
#include "Registry.h"
#include "Windows.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow::onnx_import;

/// The bias, or zeros for a convolution without a bias.
static FailureOr<Value> getBias(OpContext &ctx, int64_t outputs) {
  if (!ctx.has(2))
    return narrow::createConstant(ctx.builder, ctx.loc, {outputs}, std::vector<float>(outputs, 0.0f));
  if (ctx.input(2).getShape() != ArrayRef<int64_t>(outputs))
    return ctx.error() << "the bias has shape " << toString(ctx.input(2).getShape()) << ", expected ["
                       << outputs << "]";
  return ctx.value(2);
}

/// One-dimensional convolutions become two-dimensional ones of height 1.
static SmallVector<int64_t> insertHeight(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> result(shape);
  result.insert(result.begin() + 2, 1);
  return result;
}

static LogicalResult importConv(OpContext &ctx) {
  int64_t rank = ctx.input(0).getRank();
  if (rank != 3 && rank != 4)
    return ctx.error() << "only 1-D and 2-D convolutions are supported, the input has shape "
                       << toString(ctx.input(0).getShape());
  if (ctx.input(1).getRank() != rank)
    return ctx.error() << "input of shape " << toString(ctx.input(0).getShape()) << " and weight of shape "
                       << toString(ctx.input(1).getShape()) << " differ in rank";
  ArrayRef<int64_t> kernel = ctx.input(1).getShape().drop_front(2);
  FailureOr<SmallVector<WindowAxis>> windows =
      getWindows(ctx, ctx.input(0).getShape().drop_front(2), kernel, /*ceilMode=*/false);
  int64_t group = ctx.getInt("group", 1), channels = ctx.input(0).getDim(1), outputs = ctx.input(1).getDim(0);
  if (failed(windows))
    return failure();
  if (group < 1 || channels % group || outputs % group || outputs == 0)
    return ctx.error() << "group " << group << " does not divide " << channels << " input and " << outputs
                       << " output channels";
  if (ctx.input(1).getDim(1) != channels / group)
    return ctx.error() << "the weight has " << ctx.input(1).getDim(1) << " input channels, expected "
                       << channels / group;

  FailureOr<Value> input = ctx.value(0);
  Tensor weight = ctx.input(1);
  if (failed(input))
    return failure();
  if (rank == 3) {
    input = ctx.reshape(*input, insertHeight(ctx.input(0).getShape()));
    weight = ctx.reshape(weight, insertHeight(ctx.input(1).getShape()));
    windows->insert(windows->begin(), WindowAxis());
  }
  bool depthwise = group > 1 && group == channels && group == outputs;
  if (depthwise) // [C, 1, KH, KW] to [KH, KW, C, 1]
    weight = ctx.transpose(weight, {2, 3, 0, 1});
  else
    weight = ctx.transpose(weight, toNHWC);
  FailureOr<Value> weights = ctx.value(weight, ctx.getInputName(1)), bias = getBias(ctx, outputs);
  if (failed(weights) || failed(bias))
    return failure();
  FailureOr<Value> nhwc = makeExact(ctx, ctx.transpose(*input, toNHWC), *windows);
  if (failed(nhwc))
    return failure();

  auto type = ctx.type({ctx.input(0).getDim(0), (*windows)[0].output, (*windows)[1].output, outputs});
  SmallVector<int64_t> pad = getPad(*windows), stride = getStride(*windows), dilation = getDilation(*windows);
  Value result;
  if (group > 1 && !depthwise) {
    result = narrow::Conv2DOp::create(ctx.builder, ctx.loc, type, *nhwc, *weights, *bias, group, pad, stride,
                                      dilation);
  } else {
    Value zero = ctx.splat(0);
    auto build = [&]<typename Op>() -> Value {
      return Op::create(ctx.builder, ctx.loc, type, *nhwc, *weights, *bias, zero, zero, pad, stride, dilation,
                        ctx.builder.getF32Type());
    };
    result = depthwise ? build.operator()<tosa::DepthwiseConv2DOp>() : build.operator()<tosa::Conv2DOp>();
  }
  result = ctx.transpose(result, toNCHW);
  if (rank == 3)
    result = ctx.reshape(result, {type.getDimSize(0), outputs, type.getDimSize(2)});
  ctx.setResult(0, Tensor(result));
  return success();
}

void narrow::onnx_import::registerConvolutions(Registry &registry) {
  registry["Conv"] = {2, 3, importConv, nullptr, 7, "1-D and 2-D"};
}
