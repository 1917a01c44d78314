//===- OwnOps.cpp - Ops of a plugin that are quantized and compiled -------===//
#include "OwnOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include <cmath>

using namespace mlir;
using narrow::Codes;
using narrow::Lowering;
using narrow::QuantizationGoal;
using narrow::QuantizationKind;

#include "OwnOpsDialect.cpp.inc"
#define GET_OP_CLASSES
#include "OwnOps.cpp.inc"

void own::OwnDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "OwnOps.cpp.inc"
      >();
}

static Value splat(OpBuilder &builder, Location loc, Type type, float value) {
  TypedAttr number = builder.getF32FloatAttr(value);
  if (auto vector = dyn_cast<VectorType>(type))
    number = SplatElementsAttr::get(vector, cast<Attribute>(number));
  return arith::ConstantOp::create(builder, loc, number);
}

//===----------------------------------------------------------------------===//
// A function of one element: nothing is said of its integer form, it becomes a table.
//===----------------------------------------------------------------------===//

QuantizationKind own::SoftsignOp::getQuantizationKind() { return QuantizationKind::Elementwise; }

std::optional<std::pair<double, double>> own::SoftsignOp::getKnownRange() {
  return std::make_pair(-1.0, 1.0);
}

double own::SoftsignOp::evaluateScalar(ArrayRef<double> x) {
  return std::isinf(x[0]) ? std::copysign(1.0, x[0]) : x[0] / (1 + std::abs(x[0]));
}

Value own::SoftsignOp::emitScalar(OpBuilder &builder, Location loc, ValueRange x) {
  Value divisor = arith::AddFOp::create(builder, loc, splat(builder, loc, x[0].getType(), 1),
                                        math::AbsFOp::create(builder, loc, x[0]));
  return arith::DivFOp::create(builder, loc, x[0], divisor);
}

//===----------------------------------------------------------------------===//
// Two activations, whose codes are brought to one scale and added.
//===----------------------------------------------------------------------===//

QuantizationKind own::BlendOp::getQuantizationKind() { return QuantizationKind::Arithmetic; }

llvm::SmallVector<unsigned> own::BlendOp::getActivationOperands() { return {0, 1}; }

unsigned own::BlendOp::getNumScalarOperands() { return 2; }

double own::BlendOp::evaluateScalar(ArrayRef<double> x) {
  double share = getShare().convertToFloat();
  return share * x[0] + (1 - share) * x[1];
}

Value own::BlendOp::emitScalar(OpBuilder &builder, Location loc, ValueRange x) {
  float share = getShare().convertToFloat();
  auto part = [&](Value value, float factor) -> Value {
    return arith::MulFOp::create(builder, loc, value, splat(builder, loc, value.getType(), factor));
  };
  return arith::AddFOp::create(builder, loc, part(x[0], share), part(x[1], 1 - share));
}

std::optional<Value> own::BlendOp::lowerToInteger(Lowering &lowering, const QuantizationGoal &goal) {
  double share = getShare().convertToFloat();
  double shares[] = {share, 1 - share};
  // Sums have more bits than the codes of the result: what two roundings lose is next to nothing.
  double scale = std::ldexp(goal.type.getScale(), narrow::isWide(goal.type) ? -6 : -12), largest = 0;
  Codes operands[2];
  for (unsigned i : {0, 1}) {
    std::optional<Codes> codes = lowering.getCodes((*this)->getOperand(i));
    if (!codes)
      return lowering.refuse(*this, "an operand is not quantized to 8 or 16 bits");
    operands[i] = *codes;
    largest +=
        std::abs(shares[i]) * codes->type.getScale() / scale * (narrow::isWide(codes->type) ? 0x1p15 : 0x1p8);
  }
  if (!(largest < 0x1p30))
    return lowering.refuse(*this, "its operands mean far more than the codes of its result");
  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(*this);
  Type i32 = builder.getI32Type();
  SmallVector<Value> terms;
  for (unsigned i : {0, 1}) {
    std::optional<Value> term =
        lowering.rescale(operands[i].value, operands[i].type.getZeroPoint(), i32, /*outputZp=*/0,
                         shares[i] * operands[i].type.getScale() / scale, *this);
    if (!term)
      return std::nullopt;
    terms.push_back(*term);
  }
  Value sum = tosa::AddOp::create(builder, getLoc(), terms[0].getType(), terms[0], terms[1]);
  return lowering.requantize(sum, scale, goal, *this);
}

extern "C" ::mlir::DialectPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "OwnOps", "1",
          [](DialectRegistry *registry) { registry->insert<own::OwnDialect>(); }};
}
