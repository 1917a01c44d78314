//===- Functions.cpp - Real functions and float composites ----------------===//
//
// Functions of one element are evaluated in double (rule N16) and rounded to
// f32.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Activation.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

/// Whether operands and result are f32; emits an error if not.
static LogicalResult checkFloats(const Call &call) {
  for (const Tensor *operand : call.operands)
    if (operand->kind != ElementKind::F32)
      return rejectKinds(call);
  return call.result().kind == ElementKind::F32 ? success() : rejectKinds(call);
}

template <double (*function)(double)>
static LogicalResult evalFunction(Call &call) {
  if (failed(checkFloats(call)))
    return failure();
  mapUnary<float, float>(call, [](float x) { return static_cast<float>(function(x)); });
  return success();
}

static double sine(double x) { return std::sin(x); }
static double cosine(double x) { return std::cos(x); }

LogicalResult narrow::reference::evaluateScalarFunction(Call &call) {
  auto function = cast<ScalarFunctionOpInterface>(call.op);
  unsigned arity = function.getNumScalarOperands();
  if (failed(checkFloats(call)))
    return failure();
  if (arity == 1)
    return mapUnary<float, float>(call,
                                  [&](double x) { return static_cast<float>(function.evaluateScalar(x)); }),
           success();
  if (arity == 2)
    return mapBinary<float, float>(
        call, [&](double x, double y) { return static_cast<float>(function.evaluateScalar({x, y})); });
  return call.error() << "is a function of " << arity << " tensors; the evaluator knows those of one or two";
}

/// Sizes before, along and after `axis`, so that element (o, a, i) is at
/// (o * along + a) * after + i.
struct AxisSplit {
  int64_t before = 1, along = 1, after = 1;
  AxisSplit(ArrayRef<int64_t> shape, int64_t axis) : along(shape[axis]) {
    for (int64_t dim : shape.take_front(axis))
      before *= dim;
    for (int64_t dim : shape.drop_front(axis + 1))
      after *= dim;
  }
};

static LogicalResult evalBatchNorm(BatchNormOp op, Call &call) {
  if (failed(checkFloats(call)))
    return failure();
  AxisSplit split(call.result().shape, op.getAxis());
  for (unsigned i = 1; i < 5; ++i)
    if (call.operand(i).getNumElements() != split.along)
      return call.error() << "operand " << i << " must have " << split.along << " elements";
  auto x = call.operand(0).values<float>(), scale = call.operand(1).values<float>();
  auto bias = call.operand(2).values<float>(), mean = call.operand(3).values<float>();
  auto variance = call.operand(4).values<float>();
  auto y = call.result().values<float>();
  float epsilon = op.getEpsilon().convertToFloat();
  size_t next = 0;
  for (int64_t o = 0; o < split.before; ++o)
    for (int64_t c = 0; c < split.along; ++c) {
      float deviation = std::sqrt(variance[c] + epsilon);
      for (int64_t i = 0; i < split.after; ++i, ++next)
        y[next] = (x[next] - mean[c]) / deviation * scale[c] + bias[c];
    }
  return success();
}

static LogicalResult evalSoftmax(SoftmaxOp op, Call &call) {
  if (failed(checkFloats(call)))
    return failure();
  AxisSplit split(call.result().shape, op.getAxis());
  auto x = call.operand(0).values<float>();
  auto y = call.result().values<float>();
  for (int64_t o = 0; o < split.before; ++o)
    for (int64_t i = 0; i < split.after; ++i) {
      auto at = [&](int64_t a) { return (o * split.along + a) * split.after + i; };
      float largest = -INFINITY, sum = 0.0f;
      for (int64_t a = 0; a < split.along; ++a)
        largest = maximum(largest, x[at(a)]);
      for (int64_t a = 0; a < split.along; ++a)
        sum += y[at(a)] = static_cast<float>(numerics::exp(x[at(a)] - largest));
      for (int64_t a = 0; a < split.along; ++a)
        y[at(a)] /= sum;
    }
  return success();
}

void narrow::reference::registerFunctions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::SigmoidOp, evaluateScalarFunction>(context);
    attach<tosa::TanhOp, evaluateScalarFunction>(context);
    attach<tosa::ErfOp, evaluateScalarFunction>(context);
    attach<tosa::ExpOp, evaluateScalarFunction>(context);
    attach<tosa::LogOp, evaluateScalarFunction>(context);
    attach<tosa::RsqrtOp, evaluateScalarFunction>(context);
    attach<tosa::ReciprocalOp, evaluateScalarFunction>(context);
    attach<tosa::CeilOp, evaluateScalarFunction>(context);
    attach<tosa::FloorOp, evaluateScalarFunction>(context);
    attach<tosa::SinOp, evalFunction<sine>>(context);
    attach<tosa::CosOp, evalFunction<cosine>>(context);
    attach<tosa::PowOp, evaluateScalarFunction>(context);
  });
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    attach<ActivationOp, evaluateScalarFunction>(context);
    attach<BatchNormOp, evalBatchNorm>(context);
    attach<SoftmaxOp, evalSoftmax>(context);
  });
}
