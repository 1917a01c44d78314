//===- Elementwise.cpp - Arithmetic, comparison, selection, conversion ----===//
//
// Integers wrap in two's complement where TOSA leaves overflow undefined, as
// upstream's lowering does.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Numerics/Rounding.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

std::pair<int64_t, int64_t> narrow::reference::getIntegerRange(Type type, bool isUnsigned) {
  type = getElementTypeOrSelf(type);
  if (auto quantized = dyn_cast<quant::QuantizedType>(type))
    return {quantized.getStorageTypeMin(), quantized.getStorageTypeMax()};
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  if (width >= 64)
    return {INT64_MIN, INT64_MAX};
  if (width == 1)
    return {0, 1};
  if (isUnsigned || type.isUnsignedInteger())
    return {0, (int64_t{1} << width) - 1};
  return {-(int64_t{1} << (width - 1)), (int64_t{1} << (width - 1)) - 1};
}

//===----------------------------------------------------------------------===//
// Functors for float and int64_t, the latter for every integer type
//===----------------------------------------------------------------------===//

namespace {
struct Add {
  float operator()(float a, float b) const { return a + b; }
  int64_t operator()(int64_t a, int64_t b) const {
    return static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
  }
};
struct Sub {
  float operator()(float a, float b) const { return a - b; }
  int64_t operator()(int64_t a, int64_t b) const {
    return static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
  }
};
struct And {
  int64_t operator()(int64_t a, int64_t b) const { return a & b; }
};
struct Or {
  int64_t operator()(int64_t a, int64_t b) const { return a | b; }
};
struct Xor {
  int64_t operator()(int64_t a, int64_t b) const { return a ^ b; }
};
} // namespace

/// A binary op whose operands and result have the same kind.
template <typename Op>
static LogicalResult evalBinary(Call &call) {
  ElementKind kind = call.result().kind;
  if (call.operand(0).kind != kind || call.operand(1).kind != kind)
    return rejectKinds(call);
  return dispatch(kind, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    using Wide = std::conditional_t<std::is_same_v<T, float>, float, int64_t>;
    if constexpr (std::is_same_v<decltype(Op()(Wide(), Wide())), Wide>)
      return mapBinary<T, T>(call, [](T a, T b) { return static_cast<T>(Op()(Wide(a), Wide(b))); });
    else
      return rejectKinds(call);
  });
}

template <typename OpT, bool isMax>
static LogicalResult evalExtremum(OpT op, Call &call) {
  ElementKind kind = call.result().kind;
  if (call.operand(0).kind != kind || call.operand(1).kind != kind)
    return rejectKinds(call);
  bool ignoreNaN = op.getNanMode() == tosa::NanPropagationMode::IGNORE;
  return dispatch(kind, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    return mapBinary<T, T>(call, [&](T a, T b) -> T {
      if constexpr (std::is_same_v<T, float>)
        if (ignoreNaN && (std::isnan(a) || std::isnan(b)))
          return std::isnan(a) ? b : a;
      return isMax ? maximum(a, b) : minimum(a, b);
    });
  });
}

template <typename Compare>
static LogicalResult evalCompare(Call &call) {
  if (call.operand(0).kind != call.operand(1).kind || call.result().kind != ElementKind::I1)
    return rejectKinds(call);
  return dispatch(call.operand(0).kind, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    return mapBinary<bool, T>(call, [](T a, T b) { return Compare()(a, b); });
  });
}

static LogicalResult evalMul(tosa::MulOp op, Call &call) {
  ElementKind in = call.operand(0).kind, out = call.result().kind;
  if (call.operand(1).kind != in)
    return rejectKinds(call);
  if (in == ElementKind::F32 && out == in)
    return mapBinary<float, float>(call, [](float a, float b) { return a * b; });
  if (call.operands.size() < 3 || call.operand(2).getNumElements() != 1)
    return call.error() << "needs a shift of one element";
  int64_t shift = getInteger(call.operand(2), 0);
  if (shift < 0 || shift > 62)
    return call.error() << "shift is " << shift << ", expected 0 to 62";
  if (in == ElementKind::F32 || in == ElementKind::I1 || out == ElementKind::F32)
    return rejectKinds(call);
  return dispatch(in, [&](auto inZero) {
    return dispatch(out, [&](auto outZero) -> LogicalResult {
      using In = decltype(inZero);
      using Out = decltype(outZero);
      return mapBinary<Out, In>(call, [&](In a, In b) {
        int64_t product = static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
        return static_cast<Out>(shift ? numerics::roundingShiftRight(product, shift) : product);
      });
    });
  });
}

static LogicalResult evalShiftRight(tosa::ArithmeticRightShiftOp op, Call &call) {
  ElementKind kind = call.result().kind;
  if (kind == ElementKind::F32 || call.operand(0).kind != kind || call.operand(1).kind != kind)
    return rejectKinds(call);
  bool inRange = true;
  auto shiftRight = [&](int64_t value, int64_t shift) -> int64_t {
    if (shift < 0 || shift > 62) {
      inRange = false;
      return 0;
    }
    return op.getRound() && shift ? numerics::roundingShiftRight(value, shift) : value >> shift;
  };
  LogicalResult mapped = dispatch(kind, [&](auto zero) -> LogicalResult {
    using T = decltype(zero);
    return mapBinary<T, T>(call, [&](T a, T b) { return static_cast<T>(shiftRight(a, b)); });
  });
  if (succeeded(mapped) && !inRange)
    return call.error() << "shift is outside of 0 to 62";
  return mapped;
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

static LogicalResult evalClamp(tosa::ClampOp op, Call &call) {
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  if (call.result().kind == ElementKind::F32) {
    auto lo = dyn_cast<FloatAttr>(op.getMinVal()), hi = dyn_cast<FloatAttr>(op.getMaxVal());
    if (!lo || !hi)
      return call.error() << "needs float bounds for float elements";
    float low = lo.getValue().convertToFloat(), high = hi.getValue().convertToFloat();
    bool ignoreNaN = op.getNanMode() == tosa::NanPropagationMode::IGNORE;
    mapUnary<float, float>(
        call, [&](float x) { return ignoreNaN && std::isnan(x) ? low : minimum(maximum(x, low), high); });
    return success();
  }
  auto lo = dyn_cast<IntegerAttr>(op.getMinVal()), hi = dyn_cast<IntegerAttr>(op.getMaxVal());
  if (!lo || !hi)
    return call.error() << "needs integer bounds for integer elements";
  auto getBound = [](IntegerAttr attr) {
    return attr.getType().isUnsignedInteger() ? static_cast<int64_t>(attr.getValue().getZExtValue())
                                              : attr.getValue().getSExtValue();
  };
  int64_t low = getBound(lo), high = getBound(hi);
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    mapUnary<T, T>(
        call, [&](T x) { return static_cast<T>(numerics::saturate(static_cast<int64_t>(x), low, high)); });
  });
  return success();
}

static LogicalResult evalNegate(tosa::NegateOp op, Call &call) {
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  if (call.result().kind == ElementKind::F32) {
    mapUnary<float, float>(call, [](float x) { return -x; });
    return success();
  }
  auto inputZp = getZeroPoint(call, 1), outputZp = getZeroPoint(call, 2);
  if (failed(inputZp) || failed(outputZp))
    return failure();
  auto [low, high] = getIntegerRange(op.getType());
  // -(x - input_zp) + output_zp; 32-bit elements have no zero points and
  // saturate in the same way.
  dispatch(call.result().kind, [&, low = low, high = high](auto zero) {
    using T = decltype(zero);
    mapUnary<T, T>(call, [&](T x) {
      int64_t sum =
          static_cast<int64_t>(static_cast<uint64_t>(*inputZp + *outputZp) - static_cast<uint64_t>(x));
      return static_cast<T>(numerics::saturate(sum, low, high));
    });
  });
  return success();
}

static LogicalResult evalAbs(Call &call) {
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    mapUnary<T, T>(call, [](T x) -> T {
      if constexpr (std::is_same_v<T, float>)
        return std::fabs(x);
      else
        return x < T(0) ? static_cast<T>(-static_cast<uint64_t>(x)) : x;
    });
  });
  return success();
}

static LogicalResult evalLogicalNot(Call &call) {
  if (call.operand(0).kind != ElementKind::I1 || call.result().kind != ElementKind::I1)
    return rejectKinds(call);
  mapUnary<bool, bool>(call, [](bool x) { return !x; });
  return success();
}

/// Round half to even, saturate, NaN becomes 0 (rule N1 and TOSA's cast).
static int64_t castToInteger(float x, int64_t low, int64_t high) {
  if (std::isnan(x))
    return 0;
  double rounded = numerics::round(x, numerics::Rounding::HalfEven);
  if (rounded <= static_cast<double>(low))
    return low;
  if (rounded >= static_cast<double>(high))
    return high;
  return static_cast<int64_t>(rounded);
}

static LogicalResult evalCast(tosa::CastOp op, Call &call) {
  auto [low, high] =
      call.result().kind == ElementKind::F32 ? std::pair<int64_t, int64_t>() : getIntegerRange(op.getType());
  dispatch(call.operand(0).kind, [&, low = low, high = high](auto inZero) {
    dispatch(call.result().kind, [&](auto outZero) {
      using In = decltype(inZero);
      using Out = decltype(outZero);
      mapUnary<Out, In>(call, [&](In x) -> Out {
        if constexpr (std::is_same_v<Out, bool>)
          return x != In(0);
        else if constexpr (std::is_same_v<In, float> && !std::is_same_v<Out, float>)
          return static_cast<Out>(castToInteger(x, low, high));
        else
          return static_cast<Out>(x);
      });
    });
  });
  return success();
}

static LogicalResult evalSelect(Call &call) {
  if (call.operand(0).kind != ElementKind::I1 || call.operand(1).kind != call.result().kind ||
      call.operand(2).kind != call.result().kind)
    return rejectKinds(call);
  std::array<SmallVector<int64_t>, 3> strides;
  if (failed(getBroadcastStrides(call, strides)))
    return failure();
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    auto condition = call.operand(0).values<bool>();
    auto a = call.operand(1).values<T>(), b = call.operand(2).values<T>();
    auto out = call.result().template values<T>();
    ArrayRef<int64_t> shape = call.result().shape;
    int64_t length = shape.empty() ? 1 : shape.back(), next = 0;
    auto at = [&](unsigned i, int64_t offset, int64_t column) {
      return offset + (shape.empty() ? 0 : strides[i].back() * column);
    };
    forEachRow(shape, strides, [&](std::array<int64_t, 3> offset) {
      for (int64_t i = 0; i < length; ++i)
        out[next++] = condition[at(0, offset[0], i)] ? a[at(1, offset[1], i)] : b[at(2, offset[2], i)];
    });
  });
  return success();
}

void narrow::reference::registerElementwise(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::AddOp, evalBinary<Add>>(context);
    attach<tosa::SubOp, evalBinary<Sub>>(context);
    attach<tosa::MulOp, evalMul>(context);
    attach<tosa::MaximumOp, evalExtremum<tosa::MaximumOp, true>>(context);
    attach<tosa::MinimumOp, evalExtremum<tosa::MinimumOp, false>>(context);
    attach<tosa::BitwiseAndOp, evalBinary<And>>(context);
    attach<tosa::BitwiseOrOp, evalBinary<Or>>(context);
    attach<tosa::BitwiseXorOp, evalBinary<Xor>>(context);
    attach<tosa::LogicalAndOp, evalBinary<And>>(context);
    attach<tosa::LogicalOrOp, evalBinary<Or>>(context);
    attach<tosa::LogicalXorOp, evalBinary<Xor>>(context);
    attach<tosa::LogicalNotOp, evalLogicalNot>(context);
    attach<tosa::ArithmeticRightShiftOp, evalShiftRight>(context);
    attach<tosa::EqualOp, evalCompare<std::equal_to<>>>(context);
    attach<tosa::GreaterOp, evalCompare<std::greater<>>>(context);
    attach<tosa::GreaterEqualOp, evalCompare<std::greater_equal<>>>(context);
    attach<tosa::SelectOp, evalSelect>(context);
    attach<tosa::ClampOp, evalClamp>(context);
    attach<tosa::NegateOp, evalNegate>(context);
    attach<tosa::AbsOp, evalAbs>(context);
    attach<tosa::CastOp, evalCast>(context);
  });
}
