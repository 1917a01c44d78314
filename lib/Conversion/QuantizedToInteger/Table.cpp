//===- Table.cpp - Functions of one tensor of codes -----------------------===//
//
// Any expression of element-wise ops and constants that has one tensor of
// codes as its only input is a function of 256 arguments: one tosa.table.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "narrow/Dialect/Narrow/IR/Activation.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Numerics/Activation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

using Samples = std::vector<double>;

/// The function of a unary op, or null.
static std::function<double(double)> getUnary(Operation *op) {
  if (auto activation = dyn_cast<ActivationOp>(op))
    return [=, alpha = activation.getAlpha().convertToDouble(), beta = activation.getBeta().convertToDouble(),
            kind = activation.getKind()](double x) { return evaluateActivation(kind, x, alpha, beta); };
  if (isa<tosa::ClampOp>(op)) {
    auto bounds = getClampBounds(op);
    return [=](double x) { return std::isnan(x) ? x : std::max(bounds.first, std::min(x, bounds.second)); };
  }
  return llvm::TypeSwitch<Operation *, std::function<double(double)>>(op)
      .Case<tosa::SigmoidOp>([](auto) { return numerics::sigmoid; })
      .Case<tosa::TanhOp>([](auto) { return numerics::tanh; })
      .Case<tosa::ErfOp>([](auto) { return numerics::erf; })
      .Case<tosa::ExpOp>([](auto) { return numerics::exp; })
      .Case<tosa::LogOp>([](auto) { return numerics::log; })
      .Case<tosa::RsqrtOp>([](auto) { return numerics::rsqrt; })
      .Case<tosa::ReciprocalOp>([](auto) { return numerics::reciprocal; })
      .Case<tosa::AbsOp>([](auto) { return [](double x) { return std::abs(x); }; })
      .Case<tosa::NegateOp>([](auto) { return [](double x) { return -x; }; })
      .Case<tosa::CeilOp>([](auto) { return [](double x) { return std::ceil(x); }; })
      .Case<tosa::FloorOp>([](auto) { return [](double x) { return std::floor(x); }; })
      .Default([](Operation *) { return nullptr; });
}

/// The function of an op of two operands, or null.
static std::function<double(double, double)> getBinary(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::function<double(double, double)>>(op)
      .Case<tosa::AddOp>([](auto) { return [](double a, double b) { return a + b; }; })
      .Case<tosa::SubOp>([](auto) { return [](double a, double b) { return a - b; }; })
      .Case<tosa::MulOp>([](auto) { return [](double a, double b) { return a * b; }; })
      .Case<tosa::PowOp>([](auto) { return [](double a, double b) { return std::pow(a, b); }; })
      .Case<tosa::MaximumOp>([](auto) { return [](double a, double b) { return std::max(a, b); }; })
      .Case<tosa::MinimumOp>([](auto) { return [](double a, double b) { return std::min(a, b); }; })
      .Default([](Operation *) { return nullptr; });
}

namespace {

/// An expression over one tensor of codes.
class Expression {
public:
  explicit Expression(Lowering &lowering) : lowering(lowering) {}

  /// Finds the tensor; false if there is none or more than one, or an op that
  /// is not element-wise.
  bool collect(Value real, RankedTensorType type) {
    if (!visited.insert(real).second)
      return true;
    if (getSplat(real))
      return true;
    Operation *op = real.getDefiningOp();
    // A scalar operand broadcasts; anything else that does makes two tensors.
    if (!op || real.getType() != type)
      return false;
    // Codes of a clamp are better taken before it.
    if (!op->hasAttr(attrs::floatReason)) {
      if (getUnary(op) && collect(op->getOperand(0), type))
        return true;
      if (getBinary(op))
        return collect(op->getOperand(0), type) && collect(op->getOperand(1), type);
    }
    std::optional<Codes> codes = lowering.getCodes(real);
    if (!codes || (leaf && leaf != real))
      return false;
    leaf = real;
    leafCodes = *codes;
    return true;
  }

  /// The numbers that `real` has where the leaf has those of `arguments`.
  const Samples &evaluate(Value real, const Samples &arguments) {
    auto it = known.find(real);
    if (it != known.end())
      return *it->second;
    Samples result;
    if (real == leaf) {
      result = arguments;
    } else if (std::optional<double> splat = getSplat(real)) {
      result.assign(arguments.size(), *splat);
    } else if (auto unary = getUnary(real.getDefiningOp())) {
      for (double x : evaluate(real.getDefiningOp()->getOperand(0), arguments))
        result.push_back(unary(x));
    } else if (auto binary = getBinary(real.getDefiningOp())) {
      const Samples &lhs = evaluate(real.getDefiningOp()->getOperand(0), arguments);
      const Samples &rhs = evaluate(real.getDefiningOp()->getOperand(1), arguments);
      for (auto [a, b] : llvm::zip_equal(lhs, rhs))
        result.push_back(binary(a, b));
    }
    return *(known[real] = std::make_unique<Samples>(std::move(result)));
  }

  Value leaf;
  Codes leafCodes;

private:
  Lowering &lowering;
  llvm::DenseSet<Value> visited;
  DenseMap<Value, std::unique_ptr<Samples>> known;
};

} // namespace

std::optional<Value> narrow::lowerTable(Lowering &lowering, Value real, const Target &target) {
  auto type = cast<RankedTensorType>(real.getType());
  Expression expression(lowering);
  if (!expression.collect(real, type) || !expression.leaf || expression.leaf == real)
    return std::nullopt;
  Codes input = expression.leafCodes;
  if (!getStorage(input.type).isInteger(8) || !target.getStorage().isInteger(8))
    return std::nullopt;
  Samples arguments;
  for (int64_t code = -128; code != 128; ++code)
    arguments.push_back(numerics::dequantizeDouble(code, getParams(input.type)));
  numerics::CodeRange bounds = target.getBounds();
  SmallVector<int64_t> table;
  for (double y : expression.evaluate(real, arguments))
    table.push_back(numerics::quantizeDouble(y, getParams(target.type), bounds));

  Operation *op = real.getDefiningOp();
  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(op);
  auto i8 = cast<IntegerType>(builder.getI8Type());
  Operation *name = target.name ? target.name : op;
  Value entries = createConstant(builder, name->getLoc(), {256}, table, i8);
  Value codes = tosa::TableOp::create(builder, name->getLoc(), type.clone(i8), input.value, entries);
  if (Attribute id = name->getAttr(attrs::id))
    codes.getDefiningOp()->setAttr(attrs::id, id);
  return codes;
}
