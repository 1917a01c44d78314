//===- TosaScalarFunctions.cpp - ScalarFunctionOpInterface of TOSA's ops --===//
#include "ScalarCode.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.h"
#include "narrow/Numerics/Activation.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace narrow;

#include "narrow/Dialect/Narrow/IR/ScalarFunctionOpInterface.cpp.inc"

namespace {

/// `emit` takes (ScalarCode &, Value), or is null.
template <typename OpT, double (*function)(double), Value (*emit)(ScalarCode &, Value)>
struct UnaryModel : ScalarFunctionOpInterface::ExternalModel<UnaryModel<OpT, function, emit>, OpT> {
  double evaluateScalar(Operation *, ArrayRef<double> x) const { return function(x[0]); }
  Value emitScalar(Operation *, OpBuilder &builder, Location loc, ValueRange x) const {
    if constexpr (emit == nullptr)
      return {};
    ScalarCode code(builder, loc, x[0].getType());
    return emit(code, x[0]);
  }
};

template <typename OpT, double (*function)(double, double), Value (*emit)(ScalarCode &, Value, Value)>
struct BinaryModel : ScalarFunctionOpInterface::ExternalModel<BinaryModel<OpT, function, emit>, OpT> {
  unsigned getNumScalarOperands(Operation *) const { return 2; }
  double evaluateScalar(Operation *, ArrayRef<double> x) const { return function(x[0], x[1]); }
  Value emitScalar(Operation *, OpBuilder &builder, Location loc, ValueRange x) const {
    if constexpr (emit == nullptr)
      return {};
    ScalarCode code(builder, loc, x[0].getType());
    return emit(code, x[0], x[1]);
  }
};

struct ClampModel : ScalarFunctionOpInterface::ExternalModel<ClampModel, tosa::ClampOp> {
  double evaluateScalar(Operation *op, ArrayRef<double> x) const {
    auto clamp = cast<tosa::ClampOp>(op);
    double lowest = cast<FloatAttr>(clamp.getMinValAttr()).getValueAsDouble(),
           highest = cast<FloatAttr>(clamp.getMaxValAttr()).getValueAsDouble();
    return x[0] < lowest ? lowest : x[0] > highest ? highest : x[0]; // A NaN passes, and is no bound.
  }
  Value emitScalar(Operation *op, OpBuilder &builder, Location loc, ValueRange operands) const {
    auto clamp = cast<tosa::ClampOp>(op);
    float lowest = cast<FloatAttr>(clamp.getMinValAttr()).getValue().convertToFloat(),
          highest = cast<FloatAttr>(clamp.getMaxValAttr()).getValue().convertToFloat();
    Value x = operands[0];
    ScalarCode code(builder, loc, x.getType());
    // A NaN passes.
    if (lowest > -std::numeric_limits<float>::max())
      x = code.select(code.below(x, code.constant(lowest)), code.constant(lowest), x);
    if (highest < std::numeric_limits<float>::max())
      x = code.select(code.compare(arith::CmpFPredicate::OGT, x, code.constant(highest)),
                      code.constant(highest), x);
    return x;
  }
};

} // namespace

static double add(double x, double y) { return x + y; }
static double sub(double x, double y) { return x - y; }
static double mul(double x, double y) { return x * y; }
static double maximum(double x, double y) { return std::max(x, y); }
static double minimum(double x, double y) { return std::min(x, y); }
static double power(double x, double y) { return std::pow(x, y); }
static double absolute(double x) { return std::abs(x); }
static double negate(double x) { return -x; }
static double ceiling(double x) { return std::ceil(x); }
static double flooring(double x) { return std::floor(x); }

static Value emitAdd(ScalarCode &code, Value x, Value y) { return code.add(x, y); }
static Value emitSub(ScalarCode &code, Value x, Value y) { return code.sub(x, y); }
static Value emitMul(ScalarCode &code, Value x, Value y) { return code.mul(x, y); }
static Value emitMaximum(ScalarCode &code, Value x, Value y) {
  return code.select(code.compare(arith::CmpFPredicate::OGT, x, y), x, y);
}
static Value emitMinimum(ScalarCode &code, Value x, Value y) { return code.select(code.below(x, y), x, y); }
static Value emitAbs(ScalarCode &code, Value x) { return code.abs(x); }
static Value emitNegate(ScalarCode &code, Value x) { return code.negate(x); }
static Value emitSigmoid(ScalarCode &code, Value x) {
  Value one = code.constant(1);
  return code.div(one, code.add(one, code.exp(code.negate(x))));
}
static Value emitTanh(ScalarCode &code, Value x) { return code.tanh(x); }
static Value emitErf(ScalarCode &code, Value x) { return code.erf(x); }
static Value emitExp(ScalarCode &code, Value x) { return code.exp(x); }
static Value emitLog(ScalarCode &code, Value x) { return code.log(x); }
static Value emitRsqrt(ScalarCode &code, Value x) { return code.div(code.constant(1), code.sqrt(x)); }
static Value emitReciprocal(ScalarCode &code, Value x) { return code.div(code.constant(1), x); }

void narrow::registerTosaScalarFunctionModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::AddOp::attachInterface<BinaryModel<tosa::AddOp, add, emitAdd>>(*context);
    tosa::SubOp::attachInterface<BinaryModel<tosa::SubOp, sub, emitSub>>(*context);
    tosa::MulOp::attachInterface<BinaryModel<tosa::MulOp, mul, emitMul>>(*context);
    tosa::MaximumOp::attachInterface<BinaryModel<tosa::MaximumOp, maximum, emitMaximum>>(*context);
    tosa::MinimumOp::attachInterface<BinaryModel<tosa::MinimumOp, minimum, emitMinimum>>(*context);
    tosa::PowOp::attachInterface<BinaryModel<tosa::PowOp, power, nullptr>>(*context);
    tosa::ClampOp::attachInterface<ClampModel>(*context);
    tosa::AbsOp::attachInterface<UnaryModel<tosa::AbsOp, absolute, emitAbs>>(*context);
    tosa::NegateOp::attachInterface<UnaryModel<tosa::NegateOp, negate, emitNegate>>(*context);
    tosa::CeilOp::attachInterface<UnaryModel<tosa::CeilOp, ceiling, nullptr>>(*context);
    tosa::FloorOp::attachInterface<UnaryModel<tosa::FloorOp, flooring, nullptr>>(*context);
    tosa::SigmoidOp::attachInterface<UnaryModel<tosa::SigmoidOp, numerics::sigmoid, emitSigmoid>>(*context);
    tosa::TanhOp::attachInterface<UnaryModel<tosa::TanhOp, numerics::tanh, emitTanh>>(*context);
    tosa::ErfOp::attachInterface<UnaryModel<tosa::ErfOp, numerics::erf, emitErf>>(*context);
    tosa::ExpOp::attachInterface<UnaryModel<tosa::ExpOp, numerics::exp, emitExp>>(*context);
    tosa::LogOp::attachInterface<UnaryModel<tosa::LogOp, numerics::log, emitLog>>(*context);
    tosa::RsqrtOp::attachInterface<UnaryModel<tosa::RsqrtOp, numerics::rsqrt, emitRsqrt>>(*context);
    tosa::ReciprocalOp::attachInterface<UnaryModel<tosa::ReciprocalOp, numerics::reciprocal, emitReciprocal>>(
        *context);
  });
}
