//===- ArithmeticFolds.cpp - Element-wise operators on constants ----------===//
//
// Shapes are computed with these operators, and some exporters leave the
// preprocessing of weights in the graph.
//
//===----------------------------------------------------------------------===//
#include "Registry.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

/// Both tensors broadcast to a common shape.
static FailureOr<std::pair<ConstantTensor, ConstantTensor>> broadcast(OpContext &ctx, const ConstantTensor &a,
                                                                      const ConstantTensor &b) {
  if (failed(ctx.checkBroadcast(a.getShape(), b.getShape())))
    return failure();
  Shape shape = *broadcastShapes(a.getShape(), b.getShape());
  if (std::optional<int64_t> count = countElements(shape);
      !count || *count > std::max({foldLimit, a.size(), b.size()}))
    return ctx.error() << "a constant of shape " << toString(shape) << " is too large";
  return std::make_pair(a.broadcastTo(shape), b.broadcastTo(shape));
}

static FailureOr<std::pair<ConstantTensor, ConstantTensor>> getOperands(OpContext &ctx) {
  FailureOr<ConstantTensor> a = ctx.constant(0), b = ctx.constant(1);
  if (failed(a) || failed(b))
    return failure();
  return broadcast(ctx, *a, *b);
}

template <typename OnFloats, typename OnIntegers>
static FailureOr<ConstantTensor> combine(OpContext &ctx, const ConstantTensor &left,
                                         const ConstantTensor &right, OnFloats onFloats,
                                         OnIntegers onIntegers) {
  auto operands = broadcast(ctx, left, right);
  if (failed(operands))
    return failure();
  auto &[a, b] = *operands;
  if (a.getType() != b.getType())
    return ctx.error() << "operands have element types " << getName(a.getType()) << " and "
                       << getName(b.getType());
  Shape shape(a.getShape());
  if (a.isFloat()) {
    std::vector<float> values(a.size());
    for (auto [out, x, y] : llvm::zip_equal(values, a.getFloats(), b.getFloats()))
      out = onFloats(x, y);
    return ConstantTensor(shape, std::move(values));
  }
  std::vector<int64_t> values(a.size());
  for (auto [out, x, y] : llvm::zip_equal(values, a.getIntegers(), b.getIntegers()))
    out = onIntegers(x, y);
  return ConstantTensor(a.getType(), shape, std::move(values));
}

template <typename OnFloats, typename OnIntegers>
static LogicalResult foldBinary(OpContext &ctx, OnFloats onFloats, OnIntegers onIntegers) {
  FailureOr<ConstantTensor> a = ctx.constant(0), b = ctx.constant(1);
  if (failed(a) || failed(b))
    return failure();
  FailureOr<ConstantTensor> result = combine(ctx, *a, *b, onFloats, onIntegers);
  if (failed(result))
    return failure();
  ctx.setResult(0, Tensor(*result));
  return success();
}

// Integers wrap around, since their values come from a file.
static int64_t wrappingAdd(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
}
static int64_t wrappingSubtract(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
}
static int64_t wrappingMultiply(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) * static_cast<uint64_t>(b);
}
static int64_t divide(int64_t a, int64_t b) { return b == 0 ? 0 : b == -1 ? wrappingSubtract(0, a) : a / b; }
static int64_t remainder(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }

static int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  int64_t result = 1;
  for (; exponent; exponent >>= 1, base = wrappingMultiply(base, base))
    if (exponent & 1)
      result = wrappingMultiply(result, base);
  return result;
}

static LogicalResult foldAdd(OpContext &ctx) {
  return foldBinary(ctx, [](float a, float b) { return a + b; }, wrappingAdd);
}
static LogicalResult foldSub(OpContext &ctx) {
  return foldBinary(ctx, [](float a, float b) { return a - b; }, wrappingSubtract);
}
static LogicalResult foldMul(OpContext &ctx) {
  return foldBinary(ctx, [](float a, float b) { return a * b; }, wrappingMultiply);
}

static LogicalResult foldDiv(OpContext &ctx) {
  FailureOr<ConstantTensor> divisor = ctx.constant(1);
  if (failed(divisor))
    return failure();
  if (!divisor->isFloat() && llvm::is_contained(divisor->getIntegers(), 0))
    return ctx.error() << "divides by zero";
  return foldBinary(ctx, [](float a, float b) { return a / b; }, divide);
}

/// Python's remainder (sign of the divisor), or C's with fmod.
static LogicalResult foldMod(OpContext &ctx) {
  bool fmod = ctx.getInt("fmod", 0) != 0;
  FailureOr<ConstantTensor> divisor = ctx.constant(1);
  if (failed(divisor))
    return failure();
  if (!divisor->isFloat() && llvm::is_contained(divisor->getIntegers(), 0))
    return ctx.error() << "divides by zero";
  return foldBinary(
      ctx, [](float a, float b) { return std::fmod(a, b); },
      [fmod](int64_t a, int64_t b) {
        int64_t result = remainder(a, b);
        return !fmod && result != 0 && (result < 0) != (b < 0) ? result + b : result;
      });
}

/// The exponent's type may differ from the base's.
static LogicalResult foldPow(OpContext &ctx) {
  auto operands = getOperands(ctx);
  if (failed(operands))
    return failure();
  auto &[a, b] = *operands;
  auto exponent = [&](size_t i) {
    return b.isFloat() ? b.getFloats()[i] : static_cast<double>(b.getIntegers()[i]);
  };
  Shape shape(a.getShape());
  if (a.isFloat()) {
    std::vector<float> values(a.size());
    for (auto [i, x] : llvm::enumerate(a.getFloats()))
      values[i] = static_cast<float>(std::pow(static_cast<double>(x), exponent(i)));
    ctx.setResult(0, Tensor(ConstantTensor(shape, std::move(values))));
    return success();
  }
  std::vector<int64_t> values(a.size());
  for (auto [i, x] : llvm::enumerate(a.getIntegers())) {
    if (b.isFloat() && std::trunc(exponent(i)) != exponent(i))
      return ctx.error() << "an integer with a fractional exponent is not supported";
    values[i] =
        power(x, b.isFloat() ? static_cast<int64_t>(std::clamp(exponent(i), -1e9, 1e9)) : b.getIntegers()[i]);
  }
  ctx.setResult(0, Tensor(ConstantTensor(a.getType(), shape, std::move(values))));
  return success();
}

/// Max and Min of any number of tensors.
template <typename Choose>
static LogicalResult foldChoice(OpContext &ctx, Choose choose) {
  FailureOr<ConstantTensor> result = ctx.constant(0);
  for (unsigned i = 1; succeeded(result) && i < ctx.getNumInputs(); ++i) {
    if (!ctx.has(i))
      return ctx.error() << "input " << i << " is missing";
    result = combine(ctx, *result, *ctx.input(i).constant, choose, choose);
  }
  if (failed(result))
    return failure();
  ctx.setResult(0, Tensor(*result));
  return success();
}

template <typename OnFloats, typename OnIntegers>
static LogicalResult foldUnary(OpContext &ctx, OnFloats onFloats, OnIntegers onIntegers) {
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(x))
    return failure();
  Shape shape(x->getShape());
  if (x->isFloat()) {
    std::vector<float> values(x->size());
    llvm::transform(x->getFloats(), values.begin(), onFloats);
    ctx.setResult(0, Tensor(ConstantTensor(shape, std::move(values))));
  } else {
    std::vector<int64_t> values(x->size());
    llvm::transform(x->getIntegers(), values.begin(), onIntegers);
    ctx.setResult(0, Tensor(ConstantTensor(x->getType(), shape, std::move(values))));
  }
  return success();
}

/// Functions defined only for real numbers.
template <float (*function)(float)>
static LogicalResult foldReal(OpContext &ctx) {
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(x))
    return failure();
  if (!x->isFloat())
    return ctx.error() << "is defined for real numbers, got " << getName(x->getType());
  return foldUnary(ctx, function, [](int64_t value) { return value; });
}

static float exponential(float x) { return std::exp(x); }
static float logarithm(float x) { return std::log(x); }
static float squareRoot(float x) { return std::sqrt(x); }
static float reciprocal(float x) { return 1.0f / x; }
static float roundDown(float x) { return std::floor(x); }
static float roundUp(float x) { return std::ceil(x); }
static float roundEven(float x) { return std::nearbyint(x); }

void narrow::onnx_import::registerArithmeticFolds(Registry &registry) {
  registry["Add"].fold = foldAdd;
  registry["Sub"].fold = foldSub;
  registry["Mul"].fold = foldMul;
  registry["Div"].fold = foldDiv;
  registry["Pow"].fold = foldPow;
  registry["Mod"] = {2, 2, nullptr, foldMod, 10};
  registry["Max"].fold = [](OpContext &ctx) {
    return foldChoice(ctx, [](auto a, auto b) { return std::max(a, b); });
  };
  registry["Min"].fold = [](OpContext &ctx) {
    return foldChoice(ctx, [](auto a, auto b) { return std::min(a, b); });
  };
  registry["Neg"].fold = [](OpContext &ctx) {
    return foldUnary(ctx, [](float x) { return -x; }, [](int64_t x) { return wrappingSubtract(0, x); });
  };
  registry["Abs"].fold = [](OpContext &ctx) {
    return foldUnary(
        ctx, [](float x) { return std::fabs(x); },
        [](int64_t x) { return x < 0 ? wrappingSubtract(0, x) : x; });
  };
  registry["Exp"].fold = foldReal<exponential>;
  registry["Log"].fold = foldReal<logarithm>;
  registry["Sqrt"].fold = foldReal<squareRoot>;
  registry["Reciprocal"].fold = foldReal<reciprocal>;
  registry["Floor"].fold = foldReal<roundDown>;
  registry["Ceil"].fold = foldReal<roundUp>;
  registry["Round"] = {1, 1, nullptr, foldReal<roundEven>, 11};
}
