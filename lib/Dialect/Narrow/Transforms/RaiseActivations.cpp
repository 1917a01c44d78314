//===- RaiseActivations.cpp - Written-out functions of one element --------===//
#include "RaisePatterns.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace narrow;

std::optional<double> narrow::getScalar(Value value) {
  ElementsAttr attr = getConstant(value);
  if (!attr || !attr.getElementType().isF32() || attr.getNumElements() == 0)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr); dense && dense.isSplat())
    return dense.getSplatValue<float>();
  if (attr.getNumElements() != 1)
    return std::nullopt;
  auto values = getFloats(attr);
  return values ? std::optional<double>(values->front()) : std::nullopt;
}

bool narrow::isClose(double value, double expected) {
  return std::fabs(value - expected) <= 1e-5 * std::max(1e-3, std::fabs(expected));
}

static void collectFactors(Value value, unsigned depth, Product &product) {
  auto mul = value.getDefiningOp<tosa::MulOp>();
  if (std::optional<double> scalar = getScalar(value))
    product.constant *= *scalar;
  else if (!mul || depth == 0)
    product.factors.push_back(value);
  else
    for (Value operand : {mul.getInput1(), mul.getInput2()})
      collectFactors(operand, depth - 1, product);
}

Product narrow::collectFactors(Value value) {
  Product product;
  ::collectFactors(value, /*depth=*/6, product);
  return product;
}

namespace {

/// value == x + constant.
struct Shifted {
  Value x;
  double constant;
};

std::optional<Shifted> matchShifted(Value value) {
  if (auto add = value.getDefiningOp<tosa::AddOp>()) {
    if (auto c = getScalar(add.getInput2()))
      return Shifted{add.getInput1(), *c};
    if (auto c = getScalar(add.getInput1()))
      return Shifted{add.getInput2(), *c};
  }
  if (auto sub = value.getDefiningOp<tosa::SubOp>())
    if (auto c = getScalar(sub.getInput2()))
      return Shifted{sub.getInput1(), -*c};
  return std::nullopt;
}

/// The operand of `Op` in 1 + Op(u).
template <typename Op>
Value matchOnePlus(Value value) {
  auto sum = matchShifted(value);
  auto op = sum && isClose(sum->constant, 1) ? sum->x.getDefiningOp<Op>() : Op();
  return op ? op->getOperand(0) : Value();
}

/// The bounds of a clamp.
std::optional<std::pair<double, double>> getBounds(tosa::ClampOp clamp) {
  auto low = clamp ? dyn_cast<FloatAttr>(clamp.getMinValAttr()) : FloatAttr();
  auto high = clamp ? dyn_cast<FloatAttr>(clamp.getMaxValAttr()) : FloatAttr();
  if (!low || !high)
    return std::nullopt;
  return std::make_pair(low.getValueAsDouble(), high.getValueAsDouble());
}

/// `gate` is the non-linear factor g(x) of the function x * g(x) * constant.
std::optional<ActivationKind> matchGated(Value x, Value gate, double constant) {
  auto isX = [&](Value value, double scale) {
    Product product = collectFactors(value);
    return product.factors.size() == 1 && product.factors[0] == x && isClose(product.constant, scale);
  };
  if (auto sigmoid = gate.getDefiningOp<tosa::SigmoidOp>();
      sigmoid && sigmoid.getInput() == x && isClose(constant, 1))
    return ActivationKind::Silu;
  if (auto activation = gate.getDefiningOp<ActivationOp>();
      activation && activation.getKind() == ActivationKind::HardSigmoid && activation.getInput() == x &&
      isClose(activation.getAlpha().convertToFloat(), 1.0 / 6) &&
      isClose(activation.getBeta().convertToFloat(), 0.5) && isClose(constant, 1))
    return ActivationKind::HardSwish;
  if (auto clamp = gate.getDefiningOp<tosa::ClampOp>()) {
    auto bounds = getBounds(clamp);
    auto sum = matchShifted(clamp.getInput());
    if (bounds && sum && sum->x == x && isClose(sum->constant, 3) && isClose(bounds->first, 0) &&
        isClose(bounds->second, 6) && isClose(constant, 1.0 / 6))
      return ActivationKind::HardSwish;
  }
  if (Value u = matchOnePlus<tosa::ErfOp>(gate); u && isX(u, std::sqrt(0.5)) && isClose(constant, 0.5))
    return ActivationKind::Gelu;
  if (Value u = matchOnePlus<tosa::TanhOp>(gate); u && isClose(constant, 0.5)) {
    // u = sqrt(2 / pi) * (x + 0.044715 * x^3)
    Product outer = collectFactors(u);
    auto add = outer.factors.size() == 1 ? outer.factors[0].getDefiningOp<tosa::AddOp>() : tosa::AddOp();
    if (!add || !isClose(outer.constant, std::sqrt(2 / M_PI)))
      return std::nullopt;
    for (auto [linear, cubic] :
         {std::pair(add.getInput1(), add.getInput2()), std::pair(add.getInput2(), add.getInput1())}) {
      Product cube = collectFactors(cubic);
      auto pow = cube.factors.size() == 1 ? cube.factors[0].getDefiningOp<tosa::PowOp>() : tosa::PowOp();
      auto exponent = pow ? getScalar(pow.getInput2()) : std::nullopt;
      bool third = (cube.factors.size() == 3 && llvm::all_equal(cube.factors) && cube.factors[0] == x) ||
                   (exponent && isClose(*exponent, 3) && pow.getInput1() == x);
      if (linear == x && third && isClose(cube.constant, 0.044715))
        return ActivationKind::GeluTanh;
    }
  }
  if (auto tanh = gate.getDefiningOp<tosa::TanhOp>(); tanh && isClose(constant, 1)) {
    auto softplus = tanh.getInput().getDefiningOp<ActivationOp>();
    if (softplus && softplus.getKind() == ActivationKind::Softplus && softplus.getInput() == x)
      return ActivationKind::Mish;
  }
  return std::nullopt;
}

struct RaisePattern : RewritePattern {
  RaisePattern(StringRef root, MLIRContext *context, Pass::Statistic &raised)
      : RewritePattern(root, /*benefit=*/1, context), raised(raised) {}

  LogicalResult replace(PatternRewriter &rewriter, Operation *op, Operation *created) const {
    copyId(op, created);
    rewriter.replaceOp(op, created);
    ++raised;
    return success();
  }

  /// Replaces `op` by the activation of `x`, if that has the same type.
  LogicalResult replace(PatternRewriter &rewriter, Operation *op, ActivationKind kind, Value x,
                        double alpha = 0, double beta = 0) const {
    if (x.getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "the function's operand is broadcast");
    return replace(rewriter, op,
                   ActivationOp::create(rewriter, op->getLoc(), x.getType(), kind, x,
                                        APFloat(static_cast<float>(alpha)),
                                        APFloat(static_cast<float>(beta))));
  }

  Pass::Statistic &raised;
};

/// x * g(x), and clamp(x + c) * k.
struct RaiseProduct : RaisePattern {
  RaiseProduct(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(tosa::MulOp::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Product product = collectFactors(op->getResult(0));
    if (product.factors.size() == 2)
      for (auto [x, gate] : {std::pair(product.factors[0], product.factors[1]),
                             std::pair(product.factors[1], product.factors[0])})
        if (auto kind = matchGated(x, gate, product.constant))
          return replace(rewriter, op, *kind, x);
    if (product.factors.size() != 1)
      return rewriter.notifyMatchFailure(op, "no product of an operand and a function of it");
    auto clamp = product.factors[0].getDefiningOp<tosa::ClampOp>();
    auto bounds = getBounds(clamp);
    auto sum = bounds ? matchShifted(clamp.getInput()) : std::nullopt;
    double k = product.constant;
    if (!sum || !(k > 0) || !isClose(bounds->first * k, 0) || !isClose(bounds->second * k, 1))
      return rewriter.notifyMatchFailure(op, "no clamped sum scaled to [0, 1]");
    return replace(rewriter, op, ActivationKind::HardSigmoid, sum->x, k, sum->constant * k);
  }
};

/// clamp(a * x + b, 0, 1).
struct RaiseHardSigmoid : RaisePattern {
  RaiseHardSigmoid(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(tosa::ClampOp::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto bounds = getBounds(cast<tosa::ClampOp>(op));
    if (!bounds || bounds->first != 0 || bounds->second != 1)
      return rewriter.notifyMatchFailure(op, "does not clamp to [0, 1]");
    auto sum = matchShifted(op->getOperand(0));
    Product product = sum ? collectFactors(sum->x) : Product();
    if (product.factors.size() != 1 || product.factors[0] == sum->x || !(product.constant > 0))
      return rewriter.notifyMatchFailure(op, "does not clamp a scaled and shifted operand");
    return replace(rewriter, op, ActivationKind::HardSigmoid, product.factors[0], product.constant,
                   sum->constant);
  }
};

/// log(1 + exp(x)).
struct RaiseSoftplus : RaisePattern {
  RaiseSoftplus(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(tosa::LogOp::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (Value x = matchOnePlus<tosa::ExpOp>(op->getOperand(0)))
      return replace(rewriter, op, ActivationKind::Softplus, x);
    return rewriter.notifyMatchFailure(op, "no log(1 + exp(x))");
  }
};

/// 1 / (1 + exp(-x)).
struct RaiseSigmoid : RaisePattern {
  RaiseSigmoid(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(tosa::ReciprocalOp::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Value u = matchOnePlus<tosa::ExpOp>(op->getOperand(0)), x;
    if (auto negate = u ? u.getDefiningOp<tosa::NegateOp>() : tosa::NegateOp())
      x = negate.getInput1();
    else if (Product product = u ? collectFactors(u) : Product();
             product.factors.size() == 1 && product.constant == -1)
      x = product.factors[0];
    if (!x || x.getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "no 1 / (1 + exp(-x))");
    return replace(rewriter, op, tosa::SigmoidOp::create(rewriter, op->getLoc(), x.getType(), x));
  }
};

/// 1 / rsqrt(x), which TOSA has for a root; 1 / sqrt(x), and 1 / (1 / x), of a quotient.
struct RaiseRoot : RaisePattern {
  RaiseRoot(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(tosa::ReciprocalOp::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    Operation *inner = op->getOperand(0).getDefiningOp();
    if (auto rsqrt = dyn_cast_if_present<tosa::RsqrtOp>(inner))
      return replace(rewriter, op, ActivationKind::Sqrt, rsqrt.getInput1());
    if (auto reciprocal = dyn_cast_if_present<tosa::ReciprocalOp>(inner)) {
      rewriter.replaceOp(op, reciprocal.getInput1());
      return success();
    }
    auto activation = dyn_cast_if_present<ActivationOp>(inner);
    if (!activation || activation.getKind() != ActivationKind::Sqrt)
      return rewriter.notifyMatchFailure(op, "no reciprocal of a root or of a reciprocal");
    Value x = activation.getInput();
    return replace(rewriter, op, tosa::RsqrtOp::create(rewriter, op->getLoc(), x.getType(), x));
  }
};

/// max(x, a * x), and an extremum with one constant.
template <typename Op>
struct RaiseExtremum : RaisePattern {
  RaiseExtremum(MLIRContext *context, Pass::Statistic &raised)
      : RaisePattern(Op::getOperationName(), context, raised) {}

  LogicalResult matchAndRewrite(Operation *root, PatternRewriter &rewriter) const override {
    auto op = cast<Op>(root);
    constexpr bool maximum = std::is_same_v<Op, tosa::MaximumOp>;
    for (auto [x, other] :
         {std::pair(op.getInput1(), op.getInput2()), std::pair(op.getInput2(), op.getInput1())}) {
      if (x.getType() != op.getType())
        continue;
      if (auto bound = getScalar(other); bound && !getConstant(x)) {
        constexpr float largest = std::numeric_limits<float>::max();
        FloatAttr low = rewriter.getF32FloatAttr(maximum ? *bound : -largest);
        FloatAttr high = rewriter.getF32FloatAttr(maximum ? largest : *bound);
        if (!std::isfinite(*bound))
          return rewriter.notifyMatchFailure(root, "the bound is not finite");
        return replace(
            rewriter, root,
            tosa::ClampOp::create(rewriter, op.getLoc(), op.getType(), x, low, high, op.getNanModeAttr()));
      }
      Product product = collectFactors(other);
      if (maximum && product.factors.size() == 1 && product.factors[0] == x && product.constant > 0 &&
          product.constant < 1)
        return replace(rewriter, root, ActivationKind::LeakyRelu, x, product.constant);
    }
    return rewriter.notifyMatchFailure(root, "neither a constant nor a multiple of the other operand");
  }
};

} // namespace

void narrow::populateRaiseActivationPatterns(RewritePatternSet &patterns, Pass::Statistic &raised) {
  patterns.add<RaiseProduct, RaiseHardSigmoid, RaiseSoftplus, RaiseSigmoid, RaiseRoot,
               RaiseExtremum<tosa::MaximumOp>, RaiseExtremum<tosa::MinimumOp>>(patterns.getContext(), raised);
}
