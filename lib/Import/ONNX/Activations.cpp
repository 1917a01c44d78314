//===- Activations.cpp - Element-wise functions of one tensor -------------===//
#include "Registry.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace narrow::onnx_import;
using narrow::ActivationKind;

static constexpr float greatest = std::numeric_limits<float>::max();

template <typename Op>
static LogicalResult importUnary(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  ctx.setResult(0, Tensor(ctx.unary<Op>(*x)));
  return success();
}

static LogicalResult buildActivation(OpContext &ctx, ActivationKind kind, float alpha = 0, float beta = 0) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  if (!std::isfinite(alpha) || !std::isfinite(beta))
    return ctx.error() << "attributes 'alpha' and 'beta' must be finite";
  ctx.setResult(0, Tensor(narrow::ActivationOp::create(ctx.builder, ctx.loc, x->getType(), kind, *x,
                                                       APFloat(alpha), APFloat(beta))
                              .getResult()));
  return success();
}

static LogicalResult importRelu(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  ctx.setResult(0, Tensor(ctx.clamp(*x, 0.0f, greatest)));
  return success();
}

/// Clip of a constant. A missing bound leaves that side open.
static LogicalResult foldClip(OpContext &ctx) {
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(x))
    return failure();
  auto clip = [&](auto values, auto lowest, auto highest, auto getBound) -> LogicalResult {
    for (unsigned i : {1, 2}) {
      if (ctx.getOpset() < 11 || !ctx.has(i))
        continue;
      const ConstantTensor &bound = *ctx.input(i).constant;
      if (bound.size() != 1 || bound.getType() != x->getType())
        return ctx.error() << "input " << i << " must be a single number of the type of input 0";
      (i == 1 ? lowest : highest) = getBound(bound);
    }
    for (auto &value : values)
      value = std::min(std::max(value, lowest), highest);
    Shape shape(x->getShape());
    if constexpr (std::is_same_v<decltype(lowest), float>)
      ctx.setResult(0, Tensor(ConstantTensor(shape, std::move(values))));
    else
      ctx.setResult(0, Tensor(ConstantTensor(x->getType(), shape, std::move(values))));
    return success();
  };
  if (!x->isFloat())
    return clip(std::vector<int64_t>(x->getIntegers().begin(), x->getIntegers().end()),
                std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                [](const ConstantTensor &bound) { return bound.getIntegers()[0]; });
  bool attributes = ctx.getOpset() < 11;
  return clip(std::vector<float>(x->getFloats().begin(), x->getFloats().end()),
              attributes ? ctx.getFloat("min", -greatest) : -greatest,
              attributes ? ctx.getFloat("max", greatest) : greatest,
              [](const ConstantTensor &bound) { return bound.getFloats()[0]; });
}

/// Clip with bounds that are attributes (before opset 11), constants, or
/// computed (then by maximum and minimum).
static LogicalResult importClip(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  float bounds[] = {-greatest, greatest};
  Value result = *x;
  bool isConstant = true;
  if (ctx.getOpset() < 11) {
    bounds[0] = ctx.getFloat("min", bounds[0]);
    bounds[1] = ctx.getFloat("max", bounds[1]);
  } else {
    for (unsigned i : {1, 2}) {
      if (!ctx.has(i))
        continue;
      if (ctx.input(i).isFoldable()) {
        FailureOr<double> bound = ctx.scalar(i);
        if (failed(bound))
          return failure();
        bounds[i - 1] = static_cast<float>(*bound);
        continue;
      }
      FailureOr<Value> bound = ctx.value(i);
      if (failed(bound))
        return failure();
      if (countElements(ctx.input(i).getShape()) != 1)
        return ctx.error() << "input " << i << " must be a single number";
      isConstant = false;
    }
  }
  if (std::isnan(bounds[0]) || std::isnan(bounds[1]))
    return ctx.error() << "a bound is NaN";
  for (float &bound : bounds)
    bound = std::clamp(bound, -greatest, greatest);
  // ONNX: where the bounds cross, the upper one wins.
  bounds[0] = std::min(bounds[0], bounds[1]);
  if (isConstant) {
    ctx.setResult(0, Tensor(ctx.clamp(result, bounds[0], bounds[1])));
    return success();
  }
  auto getBound = [&](unsigned i) -> Value {
    return ctx.has(i) && !ctx.input(i).isFoldable() ? ctx.input(i).value
                                                    : ctx.splat(bounds[i - 1], ctx.input(0).getRank());
  };
  result = ctx.binary<tosa::MaximumOp>(result, getBound(1));
  ctx.setResult(0, Tensor(ctx.binary<tosa::MinimumOp>(result, getBound(2))));
  return success();
}

static LogicalResult importPRelu(OpContext &ctx) {
  const Tensor &slope = ctx.input(1);
  if (slope.isFoldable() && slope.constant->isFloat() && slope.constant->size() == 1)
    return buildActivation(ctx, ActivationKind::LeakyRelu, slope.constant->getFloats()[0]);
  FailureOr<Value> x = ctx.value(0), slopes = ctx.value(1);
  if (failed(x) || failed(slopes))
    return failure();
  if (broadcastShapes(ctx.input(0).getShape(), slope.getShape()) != Shape(ctx.input(0).getShape()))
    return ctx.error() << "the slope of shape " << toString(slope.getShape()) << " does not broadcast to "
                       << toString(ctx.input(0).getShape());
  Value positive = ctx.clamp(*x, 0, greatest), negative = ctx.clamp(*x, -greatest, 0);
  ctx.setResult(0, Tensor(ctx.add(positive, ctx.multiply(negative, *slopes))));
  return success();
}

static LogicalResult importGelu(OpContext &ctx) {
  StringRef approximate = ctx.getString("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return ctx.unsupported("approximate", "'" + approximate + "'", "use 'none' or 'tanh'");
  return buildActivation(ctx, approximate == "tanh" ? ActivationKind::GeluTanh : ActivationKind::Gelu);
}

static LogicalResult importSqrt(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  ctx.setResult(0, Tensor(ctx.unary<tosa::ReciprocalOp>(ctx.unary<tosa::RsqrtOp>(*x))));
  return success();
}

static LogicalResult importNeg(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  Value zero = ctx.splat(0);
  ctx.setResult(
      0, Tensor(tosa::NegateOp::create(ctx.builder, ctx.loc, x->getType(), *x, zero, zero).getResult()));
  return success();
}

static LogicalResult importSoftsign(OpContext &ctx) {
  FailureOr<Value> x = ctx.value(0);
  if (failed(x))
    return failure();
  Value denominator = ctx.add(ctx.unary<tosa::AbsOp>(*x), ctx.splat(1.0f, ctx.input(0).getRank()));
  ctx.setResult(0, Tensor(ctx.multiply(*x, ctx.unary<tosa::ReciprocalOp>(denominator))));
  return success();
}

void narrow::onnx_import::registerActivations(Registry &registry) {
  registry["Relu"] = {1, 1, importRelu};
  registry["Clip"] = {1, 3, importClip, foldClip};
  registry["PRelu"] = {2, 2, importPRelu};
  registry["Sigmoid"] = {1, 1, importUnary<tosa::SigmoidOp>};
  registry["Tanh"] = {1, 1, importUnary<tosa::TanhOp>};
  registry["Erf"] = {1, 1, importUnary<tosa::ErfOp>, nullptr, 9};
  registry["Exp"] = {1, 1, importUnary<tosa::ExpOp>};
  registry["Log"] = {1, 1, importUnary<tosa::LogOp>};
  registry["Abs"] = {1, 1, importUnary<tosa::AbsOp>};
  registry["Floor"] = {1, 1, importUnary<tosa::FloorOp>};
  registry["Ceil"] = {1, 1, importUnary<tosa::CeilOp>};
  registry["Reciprocal"] = {1, 1, importUnary<tosa::ReciprocalOp>};
  registry["Sqrt"] = {1, 1, importSqrt};
  registry["Neg"] = {1, 1, importNeg};
  registry["Softsign"] = {1, 1, importSoftsign};
  registry["LeakyRelu"] = {1, 1, [](OpContext &ctx) {
                             return buildActivation(ctx, ActivationKind::LeakyRelu,
                                                    ctx.getFloat("alpha", 0.01f));
                           }};
  registry["Elu"] = {1, 1, [](OpContext &ctx) {
                       return buildActivation(ctx, ActivationKind::Elu, ctx.getFloat("alpha", 1.0f));
                     }};
  registry["HardSigmoid"] = {1, 1, [](OpContext &ctx) {
                               return buildActivation(ctx, ActivationKind::HardSigmoid,
                                                      ctx.getFloat("alpha", 0.2f),
                                                      ctx.getFloat("beta", 0.5f));
                             }};
  registry["HardSwish"] = {
      1, 1, [](OpContext &ctx) { return buildActivation(ctx, ActivationKind::HardSwish); }, nullptr, 14};
  registry["Softplus"] = {1, 1,
                          [](OpContext &ctx) { return buildActivation(ctx, ActivationKind::Softplus); }};
  registry["Mish"] = {1, 1, [](OpContext &ctx) { return buildActivation(ctx, ActivationKind::Mish); },
                      nullptr, 18};
  registry["Sign"] = {1, 1, [](OpContext &ctx) { return buildActivation(ctx, ActivationKind::Sign); },
                      nullptr, 9};
  registry["Gelu"] = {1, 1, importGelu, nullptr, 20};
}
