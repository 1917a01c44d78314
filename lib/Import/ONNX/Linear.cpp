//===- Linear.cpp - Gemm and MatMul ---------------------------------------===//
//
// A product with constant weights is a 1x1 tosa.conv2d on [1, M, 1, K], the form
// that quantization handles; a product of two activations is tosa.matmul.
//
//===----------------------------------------------------------------------===//
#include "Registry.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow::onnx_import;

/// x [..., K] times weight [N, K] (constant) plus bias [N]; `rows` is the
/// product of the leading dimensions.
static FailureOr<Value> buildFullyConnected(OpContext &ctx, Value x, int64_t rows, const Tensor &weight,
                                            StringRef weightName, Value bias) {
  int64_t outputs = weight.getDim(0), depth = weight.getDim(1);
  FailureOr<Value> weights = ctx.value(ctx.reshape(weight, {outputs, 1, 1, depth}), weightName);
  if (failed(weights))
    return failure();
  if (!bias)
    bias = narrow::createConstant(ctx.builder, ctx.loc, {outputs}, std::vector<float>(outputs, 0.0f));
  Value input = ctx.reshape(x, {1, rows, 1, depth}), zero = ctx.splat(0);
  int64_t pad[] = {0, 0, 0, 0}, one[] = {1, 1};
  return tosa::Conv2DOp::create(ctx.builder, ctx.loc, ctx.type({1, rows, 1, outputs}), input, *weights, bias,
                                zero, zero, pad, one, one, ctx.builder.getF32Type())
      .getResult();
}

static Value buildMatMul(OpContext &ctx, Value a, Value b) {
  auto left = cast<RankedTensorType>(a.getType()), right = cast<RankedTensorType>(b.getType());
  Value zero = ctx.splat(0);
  auto type = ctx.type({left.getDimSize(0), left.getDimSize(1), right.getDimSize(2)});
  return tosa::MatMulOp::create(ctx.builder, ctx.loc, type, a, b, zero, zero);
}

/// Multiplies a weight by alpha. For quantized weights only the scales change, not the codes.
static Tensor scaleWeight(const Tensor &weight, float alpha) {
  ConstantTensor constant = *weight.constant;
  if (constant.quantization) {
    for (float &scale : constant.quantization->scales)
      scale *= alpha;
    return Tensor(constant);
  }
  std::vector<float> values = constant.getFloats().vec();
  for (float &value : values)
    value *= alpha;
  ConstantTensor scaled(Shape(constant.getShape()), std::move(values));
  scaled.name = constant.name;
  return Tensor(scaled);
}

/// Gemm's C as a bias of shape [N], or nullopt if it has another form.
static std::optional<Tensor> getBias(OpContext &ctx, int64_t outputs, float beta) {
  const Tensor &c = ctx.input(2);
  int64_t rank = c.getRank();
  if (!c.constant || rank > 2 || (rank == 2 && c.getDim(0) != 1))
    return std::nullopt;
  int64_t size = rank == 0 ? 1 : c.getDim(rank - 1);
  bool plain = !c.constant->quantization && c.constant->isFloat();
  if (size != outputs && (size != 1 || !plain))
    return std::nullopt;
  Tensor bias = ctx.reshape(c, {size});
  if (!bias.constant || (beta != 1.0f && !plain))
    return std::nullopt;
  if (size != outputs) {
    std::string name = c.constant->name;
    bias.constant = bias.constant->broadcastTo({outputs});
    bias.constant->name = name;
  }
  return beta == 1.0f ? bias : scaleWeight(bias, beta);
}

static LogicalResult importGemm(OpContext &ctx) {
  float alpha = ctx.getFloat("alpha", 1.0f), beta = ctx.getFloat("beta", 1.0f);
  bool transA = ctx.getInt("transA", 0) != 0, transB = ctx.getInt("transB", 0) != 0;
  if (ctx.input(0).getRank() != 2 || ctx.input(1).getRank() != 2)
    return ctx.error() << "needs matrices, the inputs have the shapes " << toString(ctx.input(0).getShape())
                       << " and " << toString(ctx.input(1).getShape());
  FailureOr<Value> input = ctx.value(0);
  if (failed(input))
    return failure();
  Value a = transA ? ctx.transpose(*input, {1, 0}) : *input;
  ArrayRef<int64_t> shapeA = cast<RankedTensorType>(a.getType()).getShape();
  Tensor b = ctx.input(1);
  int64_t rows = shapeA[0], depth = shapeA[1];
  int64_t outputs = b.getDim(transB ? 0 : 1), depthB = b.getDim(transB ? 1 : 0);
  if (depth != depthB)
    return ctx.error() << "the inner dimensions differ: " << depth << " and " << depthB;
  if (ctx.has(2) && broadcastShapes(ctx.input(2).getShape(), {rows, outputs}) != Shape{rows, outputs})
    return ctx.error() << "C of shape " << toString(ctx.input(2).getShape()) << " does not broadcast to ["
                       << rows << ", " << outputs << "]";

  bool addC = ctx.has(2) && beta != 0.0f;
  Value result;
  if (b.constant && alpha > 0 && (b.constant->isFloat() || b.constant->quantization)) {
    Tensor weight = transB ? b : ctx.transpose(b, {1, 0});
    std::string name = ctx.getInputName(1).str();
    if (alpha != 1.0f) {
      weight = scaleWeight(weight, alpha);
      name += "/alpha"; // The values are no longer those of the initializer.
    }
    Value bias;
    if (addC)
      if (std::optional<Tensor> folded = getBias(ctx, outputs, beta)) {
        FailureOr<Value> value = ctx.value(*folded, ctx.getInputName(2));
        if (failed(value))
          return failure();
        bias = *value;
        addC = false;
      }
    FailureOr<Value> product = buildFullyConnected(ctx, a, rows, weight, name, bias);
    if (failed(product))
      return failure();
    result = ctx.reshape(*product, {rows, outputs});
  } else {
    FailureOr<Value> value = ctx.value(1);
    if (failed(value))
      return failure();
    Value right = transB ? ctx.transpose(*value, {1, 0}) : *value;
    result = buildMatMul(ctx, ctx.reshape(a, {1, rows, depth}), ctx.reshape(right, {1, depth, outputs}));
    result = ctx.reshape(result, {rows, outputs});
    if (alpha != 1.0f)
      result = ctx.multiply(result, ctx.splat(alpha, 2));
  }
  if (addC) {
    FailureOr<Value> c = ctx.value(2);
    if (failed(c))
      return failure();
    Value scaled = beta == 1.0f ? *c : ctx.multiply(*c, ctx.splat(beta, ctx.input(2).getRank()));
    result = ctx.add(result, scaled);
  }
  ctx.setResult(0, Tensor(result));
  return success();
}

/// Brings an operand of a batched product to rank 3 with `batch` leading.
static Value getBatch(OpContext &ctx, Value value, ArrayRef<int64_t> batch) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getShape());
  SmallVector<int64_t> multiples;
  shape.insert(shape.begin(), batch.size() + 2 - shape.size(), 1);
  value = ctx.reshape(value, shape);
  for (auto [dim, wanted] : llvm::zip(shape, batch))
    multiples.push_back(wanted / dim);
  multiples.append(2, 1);
  value = ctx.tile(Tensor(value), multiples).value;
  return ctx.reshape(value, {*countElements(batch), shape[shape.size() - 2], shape.back()});
}

static LogicalResult importMatMul(OpContext &ctx) {
  SmallVector<int64_t> left(ctx.input(0).getShape()), right(ctx.input(1).getShape());
  if (left.empty() || right.empty())
    return ctx.error() << "needs tensors of rank 1 or more";
  if (llvm::is_contained(left, 0) || llvm::is_contained(right, 0))
    return ctx.error() << "an operand has no elements";
  bool leftVector = left.size() == 1, rightVector = right.size() == 1;
  if (leftVector)
    left.insert(left.begin(), 1);
  if (rightVector)
    right.push_back(1);
  int64_t rows = left[left.size() - 2], depth = left.back(), outputs = right.back();
  if (depth != right[right.size() - 2])
    return ctx.error() << "the inner dimensions of " << toString(ctx.input(0).getShape()) << " and "
                       << toString(ctx.input(1).getShape()) << " differ";
  std::optional<Shape> batch = broadcastShapes(ArrayRef(left).drop_back(2), ArrayRef(right).drop_back(2));
  if (!batch)
    return ctx.error() << "the batch dimensions of " << toString(left) << " and " << toString(right)
                       << " do not broadcast";
  SmallVector<int64_t> shape(*batch);
  if (!leftVector)
    shape.push_back(rows);
  if (!rightVector)
    shape.push_back(outputs);

  FailureOr<Value> a = ctx.value(0);
  if (failed(a))
    return failure();
  Value result;
  const Tensor &b = ctx.input(1);
  if (b.constant && right.size() == 2 && (b.constant->isFloat() || b.constant->quantization)) {
    Tensor weight = ctx.transpose(ctx.reshape(b, right), {1, 0});
    int64_t allRows = *countElements(left) / depth;
    FailureOr<Value> product = buildFullyConnected(ctx, *a, allRows, weight, ctx.getInputName(1), {});
    if (failed(product))
      return failure();
    result = *product;
  } else {
    FailureOr<Value> value = ctx.value(1);
    if (failed(value))
      return failure();
    result = buildMatMul(ctx, getBatch(ctx, ctx.reshape(*a, left), *batch),
                         getBatch(ctx, ctx.reshape(*value, right), *batch));
  }
  ctx.setResult(0, Tensor(ctx.reshape(result, shape)));
  return success();
}

void narrow::onnx_import::registerLinear(Registry &registry) {
  registry["Gemm"] = {2, 3, importGemm};
  registry["MatMul"] = {2, 2, importMatMul};
}
