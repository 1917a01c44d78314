//===- WeightLayer.h - A layer whose weights are rounded -------*- C++ -*-===//
#ifndef NARROW_LIB_TRANSFORMS_WEIGHTLAYER_H
#define NARROW_LIB_TRANSFORMS_WEIGHTLAYER_H

#include "CodeGrid.h"
#include "LayerInputs.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Numerics/AdaptiveRounding.h"

namespace narrow {
using numerics::CodeRange;
using numerics::Gram;
using numerics::MatrixRef;
using numerics::Rounding;
using numerics::WeightGrid;

/// A contraction and its weight. Matrices are one a group, of the group's outputs and columns.
struct WeightLayer {
  QuantizableOpInterface op;
  ObserveOp weight;
  ContractionShape shape;
  quant::QuantizedType type;
  std::vector<float> values; ///< in the order of the IR
  std::vector<float> bias;   ///< one an output
  std::vector<float> scales; ///< one an output
  CodeRange codes;
  std::optional<CodeGrid> format;      ///< if not every integer is a code
  std::optional<ChannelLayout> layout; ///< goes with it
  bool scalePerOutput = false;
  float lowest = -std::numeric_limits<float>::infinity(), highest = std::numeric_limits<float>::infinity();

  RowPlan plan{1, 1, 0, 0};
  std::vector<std::vector<float>> inputs, targets; ///< of each group: rows x columns, rows x outputs
  std::vector<Gram> grams;

  /// That of `op`, whose weight `weight` observes, with the codes of `format` if it has one. Fails, after an
  /// error, if weights of this kind cannot be rounded.
  static FailureOr<WeightLayer> get(QuantizableOpInterface op, ObserveOp weight,
                                    std::optional<CodeGrid> format);

  StringRef getId() { return getTensorId(op->getResult(0)); }
  /// For the rows that are kept of its inputs.
  void makeRoom() { inputs.assign(shape.groups, std::vector<float>(plan.getNumRows() * shape.getDepth())); }
  /// Keeps a part of what group `g` reads.
  void keepInputs(int64_t g, int64_t firstRow, MatrixRef rows);
  /// Codes of 16 bits leave room for the bias as long as their sum is limited. Outputs that have
  /// become too large take the codes that narrow-encode-weights chose.
  void limitSums(std::vector<int32_t> &codes) const;
  /// The weights of some outputs of a group, a row each.
  std::vector<float> getMatrix(int64_t g, int64_t first, int64_t count) const {
    std::vector<float> matrix;
    matrix.reserve(count * shape.getDepth());
    for (int64_t o = first; o < first + count; ++o)
      for (int64_t k = 0; k < shape.getDepth(); ++k)
        matrix.push_back(values[shape.getWeightIndex(g, o, k)]);
    return matrix;
  }
  /// What the outputs [first, first + count) of group `g` can become.
  WeightGrid getGrid(int64_t g, int64_t first, int64_t count) const;
  /// The codes of the weight at `index` of the tensor; for layers with a format.
  ArrayRef<int32_t> getAllowed(int64_t index) const {
    return format->lists[format->groups[format->getGroup(*layout, index)]];
  }
  int32_t getNearest(int64_t index, float scale, Rounding ties) const {
    return format ? numerics::roundNearest(values[index], scale, getAllowed(index))
                  : numerics::roundNearest(values[index], scale, codes, ties);
  }
  /// The outputs [first, first + count) of group `g` of numbers that are one an output.
  ArrayRef<float> getOutputs(const std::vector<float> &of, int64_t g, int64_t first, int64_t count) const {
    return ArrayRef(of).slice(g * shape.groupOutputs + first, count);
  }
};

/// What has been chosen for a layer.
struct Choice {
  std::vector<int32_t> codes; ///< in the order of the IR
  std::vector<float> scales, bias;
};

} // namespace narrow

#endif
