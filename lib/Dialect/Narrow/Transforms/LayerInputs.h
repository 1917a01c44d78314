//===- LayerInputs.h - What the products of a contraction read --*- C++ -*-===//
//
// A contraction as a matrix product (im2col): each output pixel is one row of inputs, in
// the order of the weight's kernel row, kernel column, input channel. Padding is 0.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_LAYERINPUTS_H
#define NARROW_TRANSFORMS_LAYERINPUTS_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Support/LLVM.h"
#include <optional>

namespace narrow {

/// Sizes of a convolution. Output channel g * groupOutputs + o reads the input channels
/// [g * depth, (g + 1) * depth). A depthwise convolution has a group for each input channel.
struct ContractionShape {
  int64_t batch, height, width, channels;
  int64_t outHeight, outWidth;
  int64_t kernelHeight, kernelWidth;
  int64_t padTop, padLeft, strideY, strideX, dilationY, dilationX;
  int64_t groups, depth, groupOutputs;
  bool isDepthwise; ///< its weight is [KH, KW, C, M], of others [O, KH, KW, C / groups]

  /// nullopt for an op that is none of the convolutions.
  static std::optional<ContractionShape> get(Operation *op);

  int64_t getNumTaps() const { return kernelHeight * kernelWidth; }
  int64_t getNumPixels() const { return batch * outHeight * outWidth; }
  int64_t getNumOutputs() const { return groups * groupOutputs; }
  int64_t getInputSize() const { return batch * height * width * channels; }
  /// Numbers of a row: those of all groups.
  int64_t getRowSize() const { return getNumTaps() * channels; }
  /// Columns of the matrix of one group.
  int64_t getDepth() const { return getNumTaps() * depth; }
  /// The place in the weight of column `k` of output `o` of group `g`.
  int64_t getWeightIndex(int64_t g, int64_t o, int64_t k) const;
  /// The place in a row of column `k` of group `g`.
  int64_t getRowIndex(int64_t g, int64_t k) const { return k / depth * channels + g * depth + k % depth; }
  /// Writes the row of output pixel `pixel`, getRowSize() numbers.
  void gather(ArrayRef<float> input, int64_t pixel, MutableArrayRef<float> row) const;
};

/// Which pixels of which runs are looked at: `rows` of them, spread evenly over the runs, and at
/// random over the pixels of a run. The same for equal arguments.
class RowPlan {
public:
  RowPlan(int64_t runs, int64_t pixels, int64_t most, uint32_t seed)
      : runs(runs), pixels(pixels), rows(std::min(most, runs * pixels)), seed(seed) {}
  int64_t getNumRows() const { return rows; }
  /// The first row that a run contributes.
  int64_t getFirst(int64_t run) const {
    return static_cast<int64_t>(static_cast<__int128>(run) * rows / runs);
  }
  int64_t getPixel(int64_t run, int64_t row) const;

private:
  int64_t runs, pixels, rows;
  uint32_t seed;
};

/// A copy of the annotated `module` that computes what `contractions` read and has an observer on
/// the activation of each, in their order. `simulate`: activations are rounded to codes
/// and back, as in the quantized network; otherwise they are float. Weights are those of `module`.
OwningOpRef<ModuleOp> observeInputs(ModuleOp module, ArrayRef<Operation *> contractions, bool simulate);

} // namespace narrow

#endif
