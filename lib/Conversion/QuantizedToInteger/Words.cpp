//===- Words.cpp - 16-bit codes for 8-bit ops -----------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

/// The low bytes of x >> 8 and x ^ 128, both computed in i16.
std::pair<Value, Value> narrow::splitCodes(OpBuilder &builder, Location loc, Value codes) {
  auto type = cast<RankedTensorType>(codes.getType());
  SmallVector<int64_t> scalar(type.getRank(), 1);
  auto constant = [&](int64_t value) {
    return createConstant(builder, loc, scalar, ArrayRef<int64_t>(value),
                          cast<IntegerType>(builder.getI16Type()));
  };
  auto lowByte = [&](Value words) -> Value {
    return tosa::CastOp::create(builder, loc, type.clone(builder.getI8Type()), words);
  };
  Value high = tosa::ArithmeticRightShiftOp::create(builder, loc, type, codes, constant(8), /*round=*/false);
  Value low = tosa::BitwiseXorOp::create(builder, loc, type, codes, constant(128));
  return {lowByte(high), lowByte(low)};
}
