//===- Windows.h - Strides and padding of convolutions and pools -*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_WINDOWS_H
#define NARROW_LIB_IMPORT_ONNX_WINDOWS_H

#include "OpContext.h"
#include "narrow/Support/LLVM.h"

namespace narrow::onnx_import {

/// How a window moves along one spatial axis.
struct WindowAxis {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t padBefore = 0, padAfter = 0;
  int64_t output = 1;
  /// Positions that the dilated kernel spans.
  int64_t getExtent() const { return dilation * (kernel - 1) + 1; }
  /// The exact size, including padding, that `output` windows need.
  int64_t getNeeded() const { return (output - 1) * stride + getExtent(); }
};

/// Reads strides, dilations, pads, auto_pad (and ceil_mode if `ceilMode`) for
/// the given spatial sizes and kernel, and computes the output sizes.
/// Attributes must be those of the ONNX operator; all errors are reported.
FailureOr<SmallVector<WindowAxis>> getWindows(OpContext &ctx, ArrayRef<int64_t> spatial,
                                              ArrayRef<int64_t> kernel, bool ceilMode);

/// TOSA requires windows to fit exactly: lowers or raises the end padding, and
/// slices the NHWC input if there is no padding left to lower. Updates `axes`.
FailureOr<Value> makeExact(OpContext &ctx, Value nhwc, MutableArrayRef<WindowAxis> axes);

/// Permutations between the layout of ONNX and that of TOSA.
constexpr int64_t toNHWC[] = {0, 2, 3, 1};
constexpr int64_t toNCHW[] = {0, 3, 1, 2};

/// top, bottom, left, right
SmallVector<int64_t> getPad(ArrayRef<WindowAxis> axes);
SmallVector<int64_t> getStride(ArrayRef<WindowAxis> axes);
SmallVector<int64_t> getDilation(ArrayRef<WindowAxis> axes);
SmallVector<int64_t> getKernel(ArrayRef<WindowAxis> axes);

} // namespace narrow::onnx_import

#endif
