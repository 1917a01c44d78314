//===- Window.h - Sliding windows of convolutions and pools -----*- C++ -*-===//
#ifndef NARROW_LIB_REFERENCE_WINDOW_H
#define NARROW_LIB_REFERENCE_WINDOW_H

#include "Ops.h"
#include "narrow/Support/LLVM.h"

namespace narrow::reference {

/// Maps the output plane of an NHWC op to its input plane.
struct Window {
  int64_t batch, inRows, inCols, outRows, outCols, kernelRows, kernelCols;
  int64_t padTop, padLeft, rowStride, colStride, rowDilation, colDilation;

  /// Checks ranks and sizes of operand 0 and the result; `pad` is top, bottom,
  /// left, right.
  static FailureOr<Window> get(const Call &call, ArrayRef<int64_t> kernel, ArrayRef<int64_t> pad,
                               ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation = {1, 1});

  int64_t getNumPixels() const { return batch * outRows * outCols; }
  int64_t getNumTaps() const { return kernelRows * kernelCols; }

  /// The input pixel (counted over batch, rows and columns) under `tap` of the
  /// kernel at output `pixel`; -1 in the padding.
  int64_t locate(int64_t pixel, int64_t tap) const {
    int64_t row = pixel / outCols % outRows * rowStride + tap / kernelCols * rowDilation - padTop;
    int64_t col = pixel % outCols * colStride + tap % kernelCols * colDilation - padLeft;
    if (row < 0 || row >= inRows || col < 0 || col >= inCols)
      return -1;
    return (pixel / (outRows * outCols) * inRows + row) * inCols + col;
  }
};

} // namespace narrow::reference

#endif
