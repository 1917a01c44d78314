//===- Arithmetic.cpp - Element-wise operators of several tensors ---------===//
#include "Registry.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

/// Both operands as values whose shapes broadcast.
static FailureOr<std::pair<Value, Value>> getOperands(OpContext &ctx) {
  if (failed(ctx.checkBroadcast(ctx.input(0).getShape(), ctx.input(1).getShape())))
    return failure();
  FailureOr<Value> a = ctx.value(0), b = ctx.value(1);
  if (failed(a) || failed(b))
    return failure();
  return std::make_pair(*a, *b);
}

static LogicalResult importAdd(OpContext &ctx) {
  auto operands = getOperands(ctx);
  if (failed(operands))
    return failure();
  ctx.setResult(0, Tensor(ctx.add(operands->first, operands->second)));
  return success();
}

static LogicalResult importSub(OpContext &ctx) {
  auto operands = getOperands(ctx);
  if (failed(operands))
    return failure();
  ctx.setResult(0, Tensor(ctx.subtract(operands->first, operands->second)));
  return success();
}

static LogicalResult importMul(OpContext &ctx) {
  auto operands = getOperands(ctx);
  if (failed(operands))
    return failure();
  ctx.setResult(0, Tensor(ctx.multiply(operands->first, operands->second)));
  return success();
}

/// Whether x / value == x * (1 / value) for every x: true for powers of two.
static bool hasExactReciprocal(float value) {
  int exponent;
  return std::fabs(std::frexp(value, &exponent)) == 0.5f && std::isnormal(value) &&
         std::isnormal(1.0f / value);
}

static LogicalResult importDiv(OpContext &ctx) {
  if (failed(ctx.checkBroadcast(ctx.input(0).getShape(), ctx.input(1).getShape())))
    return failure();
  FailureOr<Value> a = ctx.value(0);
  if (failed(a))
    return failure();
  const Tensor &divisor = ctx.input(1);
  if (divisor.isFoldable() && divisor.constant->isFloat() &&
      llvm::all_of(divisor.constant->getFloats(), hasExactReciprocal)) {
    std::vector<float> reciprocals = divisor.constant->getFloats().vec();
    for (float &value : reciprocals)
      value = 1.0f / value;
    FailureOr<Value> factor =
        ctx.value(Tensor(ConstantTensor(Shape(divisor.getShape()), std::move(reciprocals))), "");
    if (failed(factor))
      return failure();
    ctx.setResult(0, Tensor(ctx.multiply(*a, *factor)));
    return success();
  }
  FailureOr<Value> b = ctx.value(1);
  if (failed(b))
    return failure();
  ctx.setResult(0, Tensor(ctx.multiply(*a, ctx.unary<tosa::ReciprocalOp>(*b))));
  return success();
}

static LogicalResult importPow(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  const Tensor &exponent = ctx.input(1);
  // Unlike all other operands here, the exponent may be an integer tensor.
  if (exponent.isFoldable() && exponent.constant->size() == 1 &&
      exponent.getRank() <= ctx.input(0).getRank()) {
    double power = *ctx.scalar(1);
    Value result;
    if (power == 1)
      result = *x;
    else if (power == 2)
      result = ctx.multiply(*x, *x);
    else if (power == 3)
      result = ctx.multiply(ctx.multiply(*x, *x), *x);
    else if (power == -1)
      result = ctx.unary<tosa::ReciprocalOp>(*x);
    else if (power == 0.5)
      result = ctx.unary<tosa::ReciprocalOp>(ctx.unary<tosa::RsqrtOp>(*x));
    else if (power == -0.5)
      result = ctx.unary<tosa::RsqrtOp>(*x);
    else if (!std::isfinite(power))
      return ctx.error() << "the exponent is not finite";
    else
      result = ctx.binary<tosa::PowOp>(*x, ctx.splat(static_cast<float>(power), ctx.input(0).getRank()));
    ctx.setResult(0, Tensor(result));
    return success();
  }
  if (failed(ctx.checkBroadcast(ctx.input(0).getShape(), exponent.getShape())))
    return failure();
  Tensor floats = exponent;
  if (exponent.isFoldable() && !exponent.constant->isFloat()) {
    ArrayRef<int64_t> values = exponent.constant->getIntegers();
    floats = Tensor(ConstantTensor(Shape(exponent.getShape()), {values.begin(), values.end()}));
  }
  FailureOr<Value> powers = ctx.value(floats, ctx.getInputName(1));
  if (failed(powers))
    return failure();
  ctx.setResult(0, Tensor(ctx.binary<tosa::PowOp>(*x, *powers)));
  return success();
}

/// Max, Min, Sum and Mean of any number of tensors.
template <typename Op>
static FailureOr<Value> buildChain(OpContext &ctx) {
  FailureOr<Value> result = ctx.value(0);
  if (failed(result))
    return failure();
  for (unsigned i = 1; i < ctx.getNumInputs(); ++i) {
    if (!ctx.has(i))
      return ctx.error() << "input " << i << " is missing";
    FailureOr<Value> next = ctx.value(i);
    if (failed(next) || failed(ctx.checkBroadcast(cast<RankedTensorType>(result->getType()).getShape(),
                                                  ctx.input(i).getShape())))
      return failure();
    result = ctx.binary<Op>(*result, *next);
  }
  return result;
}

template <typename Op>
static LogicalResult importChain(OpContext &ctx) {
  FailureOr<Value> result = buildChain<Op>(ctx);
  if (failed(result))
    return failure();
  ctx.setResult(0, Tensor(*result));
  return success();
}

static LogicalResult importMean(OpContext &ctx) {
  FailureOr<Value> sum = buildChain<tosa::AddOp>(ctx);
  if (failed(sum))
    return failure();
  int64_t rank = cast<RankedTensorType>(sum->getType()).getRank();
  ctx.setResult(0, Tensor(ctx.multiply(*sum, ctx.splat(1.0f / ctx.getNumInputs(), rank))));
  return success();
}

void narrow::onnx_import::registerArithmetic(Registry &registry) {
  registry["Add"] = {2, 2, importAdd};
  registry["Sub"] = {2, 2, importSub};
  registry["Mul"] = {2, 2, importMul};
  registry["Div"] = {2, 2, importDiv};
  registry["Pow"] = {2, 2, importPow};
  registry["Max"] = {1, anyNumber, importChain<tosa::MaximumOp>};
  registry["Min"] = {1, anyNumber, importChain<tosa::MinimumOp>};
  registry["Sum"] = {1, anyNumber, importChain<tosa::AddOp>};
  registry["Mean"] = {1, anyNumber, importMean};
}
