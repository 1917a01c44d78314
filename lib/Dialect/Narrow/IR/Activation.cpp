//===- Activation.cpp - The functions of narrow.activation ----------------===//
#include "ScalarCode.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Activation.h"

using namespace mlir;
using namespace narrow;

double ActivationOp::evaluateScalar(ArrayRef<double> operands) {
  double x = operands[0], alpha = getAlpha().convertToFloat(), beta = getBeta().convertToFloat();
  switch (getKind()) {
  case ActivationKind::LeakyRelu:
    return numerics::leakyRelu(x, alpha);
  case ActivationKind::Elu:
    return numerics::elu(x, alpha);
  case ActivationKind::HardSigmoid:
    return numerics::hardSigmoid(x, alpha, beta);
  case ActivationKind::HardSwish:
    return numerics::hardSwish(x);
  case ActivationKind::Silu:
    return numerics::silu(x);
  case ActivationKind::Gelu:
    return numerics::gelu(x);
  case ActivationKind::GeluTanh:
    return numerics::geluTanh(x);
  case ActivationKind::Softplus:
    return numerics::softplus(x);
  case ActivationKind::Mish:
    return numerics::mish(x);
  case ActivationKind::Sign:
    return numerics::sign(x);
  case ActivationKind::Binarize:
    return numerics::binarize(x);
  case ActivationKind::Sqrt:
    return numerics::sqrt(x);
  }
  return x;
}

Value ActivationOp::emitScalar(OpBuilder &builder, Location loc, ValueRange operands) {
  Value x = operands[0];
  ScalarCode code(builder, loc, x.getType());
  float alpha = getAlpha().convertToFloat(), beta = getBeta().convertToFloat();
  auto c = [&](float value) { return code.constant(value); };
  auto clamp01 = [&](Value y) {
    return code.select(code.below(y, c(0)), c(0), code.select(code.below(c(1), y), c(1), y));
  };
  auto sigmoid = [&](Value y) { return code.div(c(1), code.add(c(1), code.exp(code.sub(c(0), y)))); };
  // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): no overflow.
  auto softplus = [&](Value y) {
    Value magnitude = code.abs(y);
    return code.add(code.select(code.below(y, c(0)), c(0), y),
                    code.log(code.add(code.exp(code.sub(c(0), magnitude)), c(1))));
  };
  switch (getKind()) {
  case ActivationKind::LeakyRelu:
    return code.select(code.below(x, c(0)), code.mul(x, c(alpha)), x);
  case ActivationKind::Elu:
    return code.select(code.below(x, c(0)), code.mul(c(alpha), code.sub(code.exp(x), c(1))), x);
  case ActivationKind::HardSigmoid:
    return clamp01(code.add(code.mul(x, c(alpha)), c(beta)));
  case ActivationKind::HardSwish:
    return code.mul(x, clamp01(code.add(code.mul(x, c(1.0f / 6)), c(0.5f))));
  case ActivationKind::Silu:
    return code.mul(x, sigmoid(x));
  case ActivationKind::Gelu:
    return code.mul(code.mul(x, c(0.5f)), code.add(c(1), code.erf(code.mul(x, c(0.70710678f)))));
  case ActivationKind::GeluTanh: {
    Value cubic = code.add(x, code.mul(c(0.044715f), code.mul(x, code.mul(x, x))));
    return code.mul(code.mul(x, c(0.5f)), code.add(c(1), code.tanh(code.mul(cubic, c(0.79788456f)))));
  }
  case ActivationKind::Softplus:
    return softplus(x);
  case ActivationKind::Mish:
    return code.mul(x, code.tanh(softplus(x)));
  case ActivationKind::Sign: // A zero and a NaN are not changed.
    return code.select(code.below(x, c(0)), c(-1), code.select(code.below(c(0), x), c(1), x));
  case ActivationKind::Binarize:
    return code.select(code.below(x, c(0)), c(-1),
                       code.select(code.compare(arith::CmpFPredicate::OGE, x, c(0)), c(1), x));
  case ActivationKind::Sqrt:
    return code.sqrt(x);
  }
  return {};
}
