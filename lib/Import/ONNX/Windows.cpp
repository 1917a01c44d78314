//===- Windows.cpp - Strides and padding of convolutions and pools --------===//
#include "Windows.h"

using namespace mlir;
using namespace narrow::onnx_import;

/// Larger strides, dilations and pads occur only in broken files; the limit
/// keeps the arithmetic below from overflowing.
constexpr int64_t limit = int64_t(1) << 30;

/// The attribute as one number per spatial axis (two for pads).
static FailureOr<SmallVector<int64_t>> getNumbers(OpContext &ctx, StringRef name, size_t count,
                                                  int64_t byDefault, int64_t least) {
  auto values = ctx.getInts(name);
  if (!values)
    return SmallVector<int64_t>(count, byDefault);
  if (values->size() != count)
    return ctx.error() << "attribute '" << name << "' has " << values->size() << " numbers, expected "
                       << count;
  for (int64_t value : *values)
    if (value < least || value > limit)
      return ctx.unsupported(name, toString(*values));
  return *values;
}

FailureOr<SmallVector<WindowAxis>> narrow::onnx_import::getWindows(OpContext &ctx, ArrayRef<int64_t> spatial,
                                                                   ArrayRef<int64_t> kernel, bool ceilMode) {
  size_t rank = spatial.size();
  if (auto shape = ctx.getInts("kernel_shape"); shape && ArrayRef<int64_t>(*shape) != kernel)
    return ctx.error() << "attribute 'kernel_shape' is " << toString(*shape)
                       << ", but the kernel has the shape " << toString(kernel);
  for (int64_t size : kernel)
    if (size < 1 || size > limit)
      return ctx.error() << "a kernel of shape " << toString(kernel) << " is not possible";
  auto strides = getNumbers(ctx, "strides", rank, 1, 1);
  auto dilations = getNumbers(ctx, "dilations", rank, 1, 1);
  auto pads = getNumbers(ctx, "pads", 2 * rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  StringRef autoPad = ctx.getString("auto_pad", "NOTSET");
  if (autoPad.empty())
    autoPad = "NOTSET";
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (!same && autoPad != "NOTSET" && autoPad != "VALID")
    return ctx.unsupported("auto_pad", "'" + autoPad + "'", "use NOTSET, VALID, SAME_UPPER or SAME_LOWER");

  SmallVector<WindowAxis> axes;
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis axis{spatial[i], kernel[i], (*strides)[i], (*dilations)[i]};
    if (axis.dilation > limit / axis.kernel || axis.input > limit)
      return ctx.error() << "the window along spatial axis " << i << " is too large";
    if (autoPad == "NOTSET") {
      axis.padBefore = (*pads)[i];
      axis.padAfter = (*pads)[rank + i];
    } else if (same) {
      axis.output = (axis.input + axis.stride - 1) / axis.stride;
      int64_t total = std::max<int64_t>(axis.getNeeded() - axis.input, 0);
      axis.padBefore = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      axis.padAfter = total - axis.padBefore;
    }
    int64_t padded = axis.input + axis.padBefore + axis.padAfter, room = padded - axis.getExtent();
    if (room < 0)
      return ctx.error() << "the kernel spans " << axis.getExtent() << " positions along spatial axis " << i
                         << ", but the padded input has " << padded;
    axis.output = room / axis.stride + 1;
    // A partial last window counts if it starts within the input or the start padding.
    if (ceilMode && room % axis.stride && axis.output * axis.stride < axis.input + axis.padBefore)
      ++axis.output;
    axes.push_back(axis);
  }
  return axes;
}

FailureOr<Value> narrow::onnx_import::makeExact(OpContext &ctx, Value nhwc,
                                                MutableArrayRef<WindowAxis> axes) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(nhwc.getType()).getShape());
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t after = axis.getNeeded() - axis.input - axis.padBefore;
    axis.padAfter = std::max<int64_t>(after, 0);
    if (after >= 0)
      continue;
    axis.input += after;
    if (axis.input < 1)
      return ctx.error() << "all windows along spatial axis " << i
                         << " lie in the padding, which is not supported";
    shape[1 + i] = axis.input;
  }
  return ctx.slice(Tensor(nhwc), SmallVector<int64_t>(shape.size(), 0), shape).value;
}

SmallVector<int64_t> narrow::onnx_import::getPad(ArrayRef<WindowAxis> axes) {
  SmallVector<int64_t> result;
  for (const WindowAxis &axis : axes)
    result.append({axis.padBefore, axis.padAfter});
  return result;
}

SmallVector<int64_t> narrow::onnx_import::getStride(ArrayRef<WindowAxis> axes) {
  return llvm::map_to_vector(axes, [](const WindowAxis &axis) { return axis.stride; });
}

SmallVector<int64_t> narrow::onnx_import::getDilation(ArrayRef<WindowAxis> axes) {
  return llvm::map_to_vector(axes, [](const WindowAxis &axis) { return axis.dilation; });
}

SmallVector<int64_t> narrow::onnx_import::getKernel(ArrayRef<WindowAxis> axes) {
  return llvm::map_to_vector(axes, [](const WindowAxis &axis) { return axis.kernel; });
}
