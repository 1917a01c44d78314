//===- Activation.cpp - The functions of narrow.activation ----------------===//
#include "narrow/Dialect/Narrow/IR/Activation.h"
#include "narrow/Numerics/Activation.h"

double narrow::evaluateActivation(ActivationKind kind, double x, double alpha, double beta) {
  switch (kind) {
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
