//===- EvaluateConstants.cpp - TOSA ops on constants ----------------------===//
//
// The arithmetic is that of one f32 op: add, sub, mul and reciprocal round once;
// functions of the math library are computed in double and rounded once, which
// is the nearest f32 on every machine but for the rarest of ties.
//
//===----------------------------------------------------------------------===//
#include "EvaluateConstants.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace narrow;

namespace {

using Result = std::optional<ConstantData>;

template <typename T>
T load(const ConstantData &data, int64_t index) {
  T value;
  std::memcpy(&value, data.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void store(ConstantData &data, int64_t index, T value) {
  std::memcpy(data.bytes.data() + index * sizeof(T), &value, sizeof(T));
}

bool isF32(const ConstantData &data) { return data.elementType.isF32(); }
bool isI32(const ConstantData &data) { return data.elementType.isInteger(32); }

RankedTensorType resultType(Operation *op) { return cast<RankedTensorType>(op->getResult(0).getType()); }

Result unary(const ConstantData &x, function_ref<double(double)> function) {
  if (!isF32(x))
    return std::nullopt;
  ConstantData out = x.like(x.shape);
  for (int64_t i = 0, e = x.size(); i < e; ++i)
    store<float>(out, i, static_cast<float>(function(load<float>(x, i))));
  return out;
}

/// `real` and `integer` compute one element; a null function means that the
/// type is not supported. Integers wrap, so they are computed without sign.
Result binary(Operation *op, ArrayRef<ConstantData> operands, function_ref<float(float, float)> real,
              function_ref<uint32_t(uint32_t, uint32_t)> integer) {
  ArrayRef<int64_t> shape = resultType(op).getShape();
  Result a = broadcast(operands[0], shape), b = broadcast(operands[1], shape);
  if (!a || !b)
    return std::nullopt;
  ConstantData out = a->like(shape);
  if (isF32(*a) && isF32(*b) && real) {
    for (int64_t i = 0, e = out.size(); i < e; ++i)
      store<float>(out, i, real(load<float>(*a, i), load<float>(*b, i)));
    return out;
  }
  if (isI32(*a) && isI32(*b) && integer) {
    for (int64_t i = 0, e = out.size(); i < e; ++i)
      store<uint32_t>(out, i, integer(load<uint32_t>(*a, i), load<uint32_t>(*b, i)));
    return out;
  }
  return std::nullopt;
}

Result multiply(tosa::MulOp op, ArrayRef<ConstantData> operands) {
  // The shift is for integers; only products without one are evaluated.
  if (llvm::any_of(operands[2].bytes, [](char byte) { return byte != 0; }))
    return std::nullopt;
  return binary(
      op, operands, [](float a, float b) { return a * b; }, [](uint32_t a, uint32_t b) { return a * b; });
}

template <typename Op>
Result extremum(Op op, ArrayRef<ConstantData> operands, bool maximum) {
  if (op.getNanMode() != tosa::NanPropagationMode::PROPAGATE)
    return std::nullopt;
  auto pick = [&](auto a, auto b) { return (maximum ? a > b : a < b) ? a : b; };
  return binary(
      op, operands, [&](float a, float b) { return std::isnan(a)   ? a
                                                   : std::isnan(b) ? b
                                                                   : pick(a, b); },
      [&](uint32_t a, uint32_t b) {
        return static_cast<uint32_t>(pick(static_cast<int32_t>(a), static_cast<int32_t>(b)));
      });
}

Result clamp(tosa::ClampOp op, const ConstantData &x) {
  auto low = dyn_cast<FloatAttr>(op.getMinValAttr()), high = dyn_cast<FloatAttr>(op.getMaxValAttr());
  if (!low || !high || op.getNanMode() != tosa::NanPropagationMode::PROPAGATE)
    return std::nullopt;
  double min = low.getValueAsDouble(), max = high.getValueAsDouble();
  return unary(x, [&](double v) { return v < min ? min : v > max ? max : v; });
}

Result convert(tosa::CastOp op, const ConstantData &x) {
  Type from = x.elementType, to = resultType(op).getElementType();
  if (from == to)
    return x;
  ConstantData out = x.like(x.shape);
  out.elementType = to;
  out.width = to.isIntOrFloat() ? to.getIntOrFloatBitWidth() / 8 : 0;
  out.bytes.resize(x.size() * out.width);
  int64_t size = x.size();
  if (from.isF32() && to.isInteger(32)) { // Ties to even, saturates, NaN is 0.
    for (int64_t i = 0; i < size; ++i) {
      double value = std::nearbyint(static_cast<double>(load<float>(x, i)));
      double bounded = std::isnan(value) ? 0 : std::fmin(std::fmax(value, INT32_MIN), INT32_MAX);
      store<int32_t>(out, i, static_cast<int32_t>(bounded));
    }
    return out;
  }
  if (from.isInteger(32) && to.isF32()) {
    for (int64_t i = 0; i < size; ++i)
      store<float>(out, i, static_cast<float>(load<int32_t>(x, i)));
    return out;
  }
  if ((from.isF16() || from.isBF16()) && to.isF32()) {
    const llvm::fltSemantics &semantics = cast<FloatType>(from).getFloatSemantics();
    for (int64_t i = 0; i < size; ++i)
      store<float>(out, i, APFloat(semantics, APInt(16, load<uint16_t>(x, i))).convertToFloat());
    return out;
  }
  return std::nullopt;
}

template <typename T>
ConstantData reduceAs(const ConstantData &x, int64_t axis, ArrayRef<int64_t> shape,
                      function_ref<T(T, T)> combine) {
  ConstantData out = x.like(shape);
  int64_t count = x.shape[axis], step = x.strides()[axis], next = 0;
  SmallVector<int64_t> strides = x.strides();
  strides[axis] = 0;
  forEachOffset(shape, strides, [&](int64_t offset) {
    T value = load<T>(x, offset);
    for (int64_t k = 1; k < count; ++k)
      value = combine(value, load<T>(x, offset + k * step));
    store<T>(out, next++, value);
  });
  return out;
}

Result reduce(Operation *op, const ConstantData &x, int64_t axis, function_ref<float(float, float)> real,
              function_ref<uint32_t(uint32_t, uint32_t)> integer) {
  if (axis < 0 || axis >= x.rank() || x.shape[axis] < 1)
    return std::nullopt;
  SmallVector<int64_t> shape = x.shape;
  shape[axis] = 1;
  if (isF32(x) && real)
    return reduceAs<float>(x, axis, shape, real);
  if (isI32(x) && integer)
    return reduceAs<uint32_t>(x, axis, shape, integer);
  return std::nullopt;
}

Result concat(tosa::ConcatOp op, ArrayRef<ConstantData> operands) {
  ConstantData out = operands[0].like(resultType(op).getShape());
  SmallVector<int64_t> start(out.rank(), 0);
  int64_t axis = op.getAxis();
  for (const ConstantData &part : operands) {
    SmallVector<int64_t> shape = out.shape;
    if (part.rank() != out.rank() || axis < 0 || axis >= out.rank() || part.elementType != out.elementType)
      return std::nullopt;
    shape[axis] = part.shape[axis];
    if (shape != part.shape || start[axis] + shape[axis] > out.shape[axis])
      return std::nullopt;
    out.insert(part, start);
    start[axis] += shape[axis];
  }
  return out;
}

Result pad(tosa::PadOp op, ArrayRef<ConstantData> operands) {
  auto amounts = getShapeDims(op.getPadding());
  const ConstantData &x = operands[0];
  if (!amounts || static_cast<int64_t>(amounts->size()) != 2 * x.rank() || operands[1].size() != 1)
    return std::nullopt;
  SmallVector<int64_t> start, shape;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    if ((*amounts)[2 * dim] < 0 || (*amounts)[2 * dim + 1] < 0)
      return std::nullopt;
    start.push_back((*amounts)[2 * dim]);
    shape.push_back(x.shape[dim] + (*amounts)[2 * dim] + (*amounts)[2 * dim + 1]);
  }
  ConstantData out = x.like(shape);
  out.fill(operands[1].bytes);
  out.insert(x, start);
  return out;
}

Result slice(tosa::SliceOp op, const ConstantData &x) {
  auto start = getShapeDims(op.getStart()), size = getShapeDims(op.getSize());
  if (!start || !size || static_cast<int64_t>(start->size()) != x.rank() || start->size() != size->size())
    return std::nullopt;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    if ((*start)[dim] < 0 || (*size)[dim] < 0 || (*start)[dim] + (*size)[dim] > x.shape[dim])
      return std::nullopt;
  return x.slice(*start, *size);
}

Result tile(tosa::TileOp op, const ConstantData &x) {
  auto counts = getShapeDims(op.getMultiples());
  if (!counts || static_cast<int64_t>(counts->size()) != x.rank() ||
      llvm::any_of(*counts, [](int64_t c) { return c < 1; }))
    return std::nullopt;
  SmallVector<int64_t> step;
  for (auto [dim, count] : llvm::zip(x.shape, *counts))
    step.push_back(dim * count);
  ConstantData out = x.like(step);
  SmallVector<int64_t> copy(x.rank(), 0);
  while (true) {
    SmallVector<int64_t> start;
    for (auto [index, dim] : llvm::zip(copy, x.shape))
      start.push_back(index * dim);
    out.insert(x, start);
    int64_t dim = x.rank() - 1;
    for (; dim >= 0 && ++copy[dim] == (*counts)[dim]; --dim)
      copy[dim] = 0;
    if (dim < 0)
      return out;
  }
}

Result reverse(tosa::ReverseOp op, const ConstantData &x) {
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.rank())
    return std::nullopt;
  ConstantData out = x.like(x.shape);
  SmallVector<int64_t> size = x.shape, from(x.rank(), 0), to(x.rank(), 0);
  size[axis] = 1;
  for (int64_t i = 0, e = x.shape[axis]; i < e; ++i) {
    from[axis] = i;
    to[axis] = e - 1 - i;
    out.insert(x.slice(from, size), to);
  }
  return out;
}

Result reshape(Operation *op, const ConstantData &x) {
  ConstantData out = x;
  out.shape = llvm::to_vector(resultType(op).getShape());
  return out.size() == x.size() ? Result(out) : std::nullopt;
}

} // namespace

std::optional<ConstantData> narrow::broadcast(const ConstantData &data, ArrayRef<int64_t> shape) {
  if (ArrayRef<int64_t>(data.shape) == shape)
    return data;
  if (data.rank() != static_cast<int64_t>(shape.size()))
    return std::nullopt;
  SmallVector<int64_t> strides = data.strides();
  for (int64_t dim = 0; dim < data.rank(); ++dim) {
    if (data.shape[dim] != shape[dim] && data.shape[dim] != 1)
      return std::nullopt;
    if (data.shape[dim] == 1)
      strides[dim] = 0;
  }
  ConstantData out = data.like(shape);
  char *to = out.bytes.data();
  forEachOffset(shape, strides, [&](int64_t offset) {
    std::memcpy(to, data.bytes.data() + offset * data.width, data.width);
    to += data.width;
  });
  return out;
}

std::optional<ConstantData> narrow::evaluate(Operation *op, ArrayRef<ConstantData> in) {
  return llvm::TypeSwitch<Operation *, Result>(op)
      // Two operands.
      .Case([&](tosa::AddOp o) {
        return binary(
            o, in, [](float a, float b) { return a + b; }, [](uint32_t a, uint32_t b) { return a + b; });
      })
      .Case([&](tosa::SubOp o) {
        return binary(
            o, in, [](float a, float b) { return a - b; }, [](uint32_t a, uint32_t b) { return a - b; });
      })
      .Case([&](tosa::MulOp o) { return multiply(o, in); })
      .Case([&](tosa::PowOp o) {
        return binary(
            o, in, [](float a, float b) { return static_cast<float>(std::pow(double(a), double(b))); }, {});
      })
      .Case([&](tosa::MaximumOp o) { return extremum(o, in, true); })
      .Case([&](tosa::MinimumOp o) { return extremum(o, in, false); })
      // One operand.
      .Case([&](tosa::ClampOp o) { return clamp(o, in[0]); })
      .Case([&](tosa::ReciprocalOp) { return unary(in[0], [](double v) { return 1.0 / v; }); })
      .Case([&](tosa::RsqrtOp) { return unary(in[0], [](double v) { return 1.0 / std::sqrt(v); }); })
      .Case([&](tosa::AbsOp) { return unary(in[0], [](double v) { return std::fabs(v); }); })
      .Case([&](tosa::NegateOp) { return unary(in[0], [](double v) { return -v; }); })
      .Case([&](tosa::CeilOp) { return unary(in[0], [](double v) { return std::ceil(v); }); })
      .Case([&](tosa::FloorOp) { return unary(in[0], [](double v) { return std::floor(v); }); })
      .Case([&](tosa::ExpOp) { return unary(in[0], [](double v) { return std::exp(v); }); })
      .Case([&](tosa::LogOp) { return unary(in[0], [](double v) { return std::log(v); }); })
      .Case([&](tosa::SinOp) { return unary(in[0], [](double v) { return std::sin(v); }); })
      .Case([&](tosa::CosOp) { return unary(in[0], [](double v) { return std::cos(v); }); })
      .Case([&](tosa::ErfOp) { return unary(in[0], [](double v) { return std::erf(v); }); })
      .Case([&](tosa::TanhOp) { return unary(in[0], [](double v) { return std::tanh(v); }); })
      .Case(
          [&](tosa::SigmoidOp) { return unary(in[0], [](double v) { return 1.0 / (1.0 + std::exp(-v)); }); })
      .Case([&](tosa::CastOp o) { return convert(o, in[0]); })
      // Reductions.
      .Case([&](tosa::ReduceSumOp o) {
        return reduce(
            o, in[0], o.getAxis(), [](float a, float b) { return a + b; },
            [](uint32_t a, uint32_t b) { return a + b; });
      })
      .Case([&](tosa::ReduceProductOp o) {
        return reduce(o, in[0], o.getAxis(), [](float a, float b) { return a * b; }, {});
      })
      // Data movement.
      .Case([&](tosa::IdentityOp) { return Result(in[0]); })
      .Case([&](tosa::ReshapeOp o) { return reshape(o, in[0]); })
      .Case([&](tosa::TransposeOp o) { return Result(in[0].transpose(o.getPerms())); })
      .Case([&](tosa::ConcatOp o) { return concat(o, in); })
      .Case([&](tosa::PadOp o) { return pad(o, in); })
      .Case([&](tosa::SliceOp o) { return slice(o, in[0]); })
      .Case([&](tosa::TileOp o) { return tile(o, in[0]); })
      .Case([&](tosa::ReverseOp o) { return reverse(o, in[0]); })
      .Default([](Operation *) { return Result(); });
}
