//===- ScalarCode.h - Float code of functions of one element ----*- C++ -*-===//
#ifndef NARROW_LIB_DIALECT_NARROW_IR_SCALARCODE_H
#define NARROW_LIB_DIALECT_NARROW_IR_SCALARCODE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// Arithmetic on f32 or vectors of f32, of one type.
class ScalarCode {
public:
  ScalarCode(OpBuilder &builder, Location loc, Type type) : b(builder), loc(loc), type(type) {}

  Value constant(float value) {
    mlir::TypedAttr number = b.getF32FloatAttr(value);
    if (auto vector = dyn_cast<VectorType>(type))
      number = mlir::SplatElementsAttr::get(vector, cast<Attribute>(number));
    return arith::ConstantOp::create(b, loc, number);
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value negate(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value abs(Value x) { return mlir::math::AbsFOp::create(b, loc, x); }
  Value sqrt(Value x) { return mlir::math::SqrtOp::create(b, loc, x); }
  Value exp(Value x) { return mlir::math::ExpOp::create(b, loc, x); }
  Value log(Value x) { return mlir::math::LogOp::create(b, loc, x); }
  Value erf(Value x) { return mlir::math::ErfOp::create(b, loc, x); }
  Value tanh(Value x) { return mlir::math::TanhOp::create(b, loc, x); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, predicate, x, y);
  }
  Value below(Value x, Value y) { return compare(arith::CmpFPredicate::OLT, x, y); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }

private:
  OpBuilder &b;
  Location loc;
  Type type;
};

} // namespace narrow

#endif
