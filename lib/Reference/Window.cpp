//===- Window.cpp - Sliding windows of convolutions and pools -------------===//
#include "Window.h"

using namespace mlir;
using namespace narrow::reference;

/// Keeps sums and products of sizes far from overflow.
static constexpr int64_t maxSize = int64_t{1} << 24;

FailureOr<Window> Window::get(const Call &call, ArrayRef<int64_t> kernel, ArrayRef<int64_t> pad,
                              ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation) {
  const Tensor &input = call.operand(0), &output = call.result();
  if (input.getRank() != 4 || output.getRank() != 4)
    return call.error() << "needs input and output of rank 4";
  if (kernel.size() != 2 || pad.size() != 4 || stride.size() != 2 || dilation.size() != 2)
    return call.error() << "needs kernel, stride and dilation of 2 and pad of 4 numbers";
  auto within = [](ArrayRef<int64_t> values, int64_t lowest) {
    return llvm::all_of(values, [&](int64_t value) { return value >= lowest && value < maxSize; });
  };
  if (!within(kernel, 1) || !within(pad, 0) || !within(stride, 1) || !within(dilation, 1))
    return call.error() << "needs kernel, stride and dilation of at least 1 "
                           "and pad of at least 0, all below "
                        << maxSize;
  for (int axis : {0, 1}) {
    int64_t room =
        input.shape[1 + axis] + pad[2 * axis] + pad[2 * axis + 1] - dilation[axis] * (kernel[axis] - 1) - 1;
    int64_t expected = room < 0 ? 0 : room / stride[axis] + 1;
    if (output.shape[1 + axis] != expected)
      return call.error() << "result has " << output.shape[1 + axis] << " elements along axis " << 1 + axis
                          << ", expected " << expected;
  }
  if (output.shape[0] != input.shape[0])
    return call.error() << "result has batch " << output.shape[0] << ", the input " << input.shape[0];
  return Window{input.shape[0], input.shape[1], input.shape[2], output.shape[1], output.shape[2],
                kernel[0],      kernel[1],      pad[0],         pad[2],          stride[0],
                stride[1],      dilation[0],    dilation[1]};
}
