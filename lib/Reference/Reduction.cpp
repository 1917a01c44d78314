//===- Reduction.cpp - Reductions along one axis --------------------------===//
#include "Elementwise.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace narrow::reference;

/// Checks the axis and the result's shape: that of the operand, with size 1 on
/// the reduced axis or without that axis.
static LogicalResult checkReduction(const Call &call, int64_t axis, bool keepsAxis) {
  const Tensor &input = call.operand(0);
  if (axis < 0 || axis >= input.getRank())
    return call.error() << "axis " << axis << " is outside of rank " << input.getRank();
  SmallVector<int64_t> expected = input.shape;
  if (keepsAxis)
    expected[axis] = 1;
  else
    expected.erase(expected.begin() + axis);
  if (call.result().shape != expected)
    return call.error() << "result shape should be [" << ArrayRef<int64_t>(expected) << "]";
  return success();
}

/// Calls combine(result element, input element, position along the axis) in
/// ascending order of the positions.
template <typename In, typename Out, typename F>
static void reduce(const Call &call, int64_t axis, F &&combine) {
  ArrayRef<int64_t> shape = call.operand(0).shape;
  int64_t before = 1, after = 1;
  for (int64_t dim : shape.take_front(axis))
    before *= dim;
  for (int64_t dim : shape.drop_front(axis + 1))
    after *= dim;
  const In *x = call.operand(0).values<In>().data();
  Out *y = call.result().values<Out>().data();
  for (int64_t o = 0; o < before; ++o, y += after)
    for (int64_t a = 0; a < shape[axis]; ++a, x += after)
      for (int64_t i = 0; i < after; ++i)
        combine(y[i], x[i], a);
}

static LogicalResult evalReduceSum(tosa::ReduceSumOp op, Call &call) {
  if (failed(checkReduction(call, op.getAxis(), true)))
    return failure();
  if (call.operand(0).kind != call.result().kind || call.result().kind == ElementKind::I1)
    return rejectKinds(call);
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    reduce<T, T>(call, op.getAxis(), [](T &sum, T value, int64_t) {
      if constexpr (std::is_same_v<T, float>)
        sum += value;
      else // Wraps, like tosa.add.
        sum = static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(value));
    });
  });
  return success();
}

static LogicalResult evalReduceProduct(tosa::ReduceProductOp op, Call &call) {
  if (failed(checkReduction(call, op.getAxis(), true)))
    return failure();
  if (call.operand(0).kind != ElementKind::F32 || call.result().kind != ElementKind::F32)
    return rejectKinds(call);
  llvm::fill(call.result().values<float>(), 1.0f);
  reduce<float, float>(call, op.getAxis(), [](float &product, float value, int64_t) { product *= value; });
  return success();
}

template <typename OpT, bool isMax>
static LogicalResult evalReduceExtremum(OpT op, Call &call) {
  if (failed(checkReduction(call, op.getAxis(), true)))
    return failure();
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  bool ignoreNaN = op.getNanMode() == tosa::NanPropagationMode::IGNORE;
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    reduce<T, T>(call, op.getAxis(), [&](T &best, T value, int64_t position) {
      if constexpr (std::is_same_v<T, float>)
        if (ignoreNaN && (std::isnan(value) || std::isnan(best)) && position != 0) {
          best = std::isnan(best) ? value : best;
          return;
        }
      best = position == 0 ? value : isMax ? maximum(best, value) : minimum(best, value);
    });
  });
  return success();
}

/// reduce_any, reduce_all.
template <typename OpT, bool isAll>
static LogicalResult evalReduceLogical(OpT op, Call &call) {
  if (failed(checkReduction(call, op.getAxis(), true)))
    return failure();
  if (call.operand(0).kind != ElementKind::I1 || call.result().kind != ElementKind::I1)
    return rejectKinds(call);
  llvm::fill(call.result().values<bool>(), isAll);
  reduce<bool, bool>(call, op.getAxis(),
                     [](bool &all, bool value, int64_t) { all = isAll ? all && value : all || value; });
  return success();
}

/// The first of the largest elements; in PROPAGATE mode the first NaN.
static LogicalResult evalArgMax(tosa::ArgMaxOp op, Call &call) {
  if (failed(checkReduction(call, op.getAxis(), false)))
    return failure();
  if (call.result().kind != ElementKind::I32)
    return rejectKinds(call);
  bool ignoreNaN = op.getNanMode() == tosa::NanPropagationMode::IGNORE;
  dispatch(call.operand(0).kind, [&](auto zero) {
    using T = decltype(zero);
    SmallVector<T, 0> best(call.result().getNumElements());
    const int32_t *first = call.result().values<int32_t>().data();
    reduce<T, int32_t>(call, op.getAxis(), [&](int32_t &index, T value, int64_t position) {
      T &largest = best[&index - first];
      bool wins = position == 0 || value > largest;
      if constexpr (std::is_same_v<T, float>) {
        if (std::isnan(largest) && position != 0)
          wins = ignoreNaN;
        else if (std::isnan(value) && position != 0)
          wins = !ignoreNaN;
      }
      if (wins) {
        largest = value;
        index = static_cast<int32_t>(position);
      }
    });
  });
  return success();
}

void narrow::reference::registerReduction(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::ReduceSumOp, evalReduceSum>(context);
    attach<tosa::ReduceProductOp, evalReduceProduct>(context);
    attach<tosa::ReduceMaxOp, evalReduceExtremum<tosa::ReduceMaxOp, true>>(context);
    attach<tosa::ReduceMinOp, evalReduceExtremum<tosa::ReduceMinOp, false>>(context);
    attach<tosa::ReduceAllOp, evalReduceLogical<tosa::ReduceAllOp, true>>(context);
    attach<tosa::ReduceAnyOp, evalReduceLogical<tosa::ReduceAnyOp, false>>(context);
    attach<tosa::ArgMaxOp, evalArgMax>(context);
  });
}
