//===- Elementwise.h - Loops over elements with broadcasting ----*- C++ -*-===//
#ifndef NARROW_LIB_REFERENCE_ELEMENTWISE_H
#define NARROW_LIB_REFERENCE_ELEMENTWISE_H

#include "Ops.h"
#include "narrow/Support/LLVM.h"
#include <cmath>

namespace narrow::reference {

/// result[i] = f(operand[i]).
template <typename Out, typename In, typename F>
void mapUnary(const Call &call, F &&f) {
  auto in = call.operand(0).values<In>();
  auto out = call.result().values<Out>();
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = f(in[i]);
}

/// Fails unless the first N operands broadcast to the result: equal ranks, each
/// size equal to the result's or 1. Sets the strides, 0 along broadcast axes.
template <size_t N>
LogicalResult getBroadcastStrides(const Call &call, std::array<SmallVector<int64_t>, N> &strides) {
  const Tensor &result = call.result();
  for (size_t i = 0; i < N; ++i) {
    const Tensor &operand = call.operand(i);
    if (operand.getRank() != result.getRank())
      return call.error() << "operand " << i << " has rank " << operand.getRank() << ", the result "
                          << result.getRank();
    strides[i] = getStrides(operand.shape);
    for (int64_t axis = 0; axis < result.getRank(); ++axis) {
      if (operand.shape[axis] == result.shape[axis])
        continue;
      if (operand.shape[axis] != 1)
        return call.error() << "operand " << i << " has " << operand.shape[axis] << " elements along axis "
                            << axis << " and cannot be broadcast to " << result.shape[axis];
      strides[i][axis] = 0;
    }
  }
  return success();
}

/// result[i] = f(a[i], b[i]), operands broadcast along axes of size 1.
template <typename Out, typename In, typename F>
LogicalResult mapBinary(const Call &call, F &&f) {
  std::array<SmallVector<int64_t>, 2> strides;
  if (failed(getBroadcastStrides(call, strides)))
    return failure();
  auto a = call.operand(0).values<In>(), b = call.operand(1).values<In>();
  auto out = call.result().values<Out>();
  ArrayRef<int64_t> shape = call.result().shape;
  int64_t length = shape.empty() ? 1 : shape.back(), next = 0;
  int64_t aStep = shape.empty() ? 0 : strides[0].back(), bStep = shape.empty() ? 0 : strides[1].back();
  forEachRow(shape, strides, [&](std::array<int64_t, 2> offset) {
    for (int64_t i = 0; i < length; ++i)
      out[next++] = f(a[offset[0] + i * aStep], b[offset[1] + i * bStep]);
  });
  return success();
}

/// IEEE 754 maximum and minimum, like arith.maximumf: NaN wins, -0 < +0.
inline float maximum(float a, float b) {
  if (a != a || b != b)
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
inline float minimum(float a, float b) {
  if (a != a || b != b)
    return a + b;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <typename T>
T maximum(T a, T b) {
  return a > b ? a : b;
}
template <typename T>
T minimum(T a, T b) {
  return a < b ? a : b;
}

/// The range of the integers that `type` (an integer or quantized type) can hold.
std::pair<int64_t, int64_t> getIntegerRange(Type type, bool isUnsigned = false);

} // namespace narrow::reference

#endif
