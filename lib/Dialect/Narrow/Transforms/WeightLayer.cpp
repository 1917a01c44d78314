//===- WeightLayer.cpp - A layer whose weights are rounded ---------------===//
#include "WeightLayer.h"
#include "BiasFit.h"
#include "ObservedTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Bias.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::numerics;

/// The bounds of the clamps that merge into `op`.
static void findActivation(WeightLayer &layer) {
  Value result = layer.op->getResult(0);
  while (result.hasOneUse() && isMergedClamp(*result.user_begin())) {
    auto clamp = dyn_cast<tosa::ClampOp>(*result.user_begin());
    if (!clamp)
      return;
    if (std::optional<ClampBounds> bounds = getActivationBounds(clamp)) {
      layer.lowest = std::max(layer.lowest, static_cast<float>(bounds->lowest));
      layer.highest = std::min(layer.highest, static_cast<float>(bounds->highest));
    }
    result = clamp.getResult();
  }
}

FailureOr<WeightLayer> WeightLayer::get(QuantizableOpInterface op, ObserveOp weight,
                                        std::optional<CodeGrid> format) {
  auto fail = [&](const Twine &what) {
    return op->emitError() << "the weight of '" << getTensorId(op->getResult(0)) << "' " << what;
  };
  if (!weight.getQuantizedType())
    return fail("has no type; run --narrow-assign-scales first");
  auto type = cast<quant::QuantizedType>(*weight.getQuantizedType());
  SmallVector<double> scales = getScales(type);
  if (scales.empty())
    return fail("has a type whose codes are not evenly spaced: it is rounded by what made the type");
  std::optional<ContractionShape> shape = ContractionShape::get(op);
  if (!shape)
    return fail("cannot be rounded: this is known of convolutions and fully connected layers");
  bool symmetric = true;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type))
    symmetric = uniform.getZeroPoint() == 0;
  else
    symmetric = llvm::all_of(cast<quant::UniformQuantizedPerAxisType>(type).getZeroPoints(),
                             [](int64_t z) { return z == 0; });
  if (!symmetric)
    return fail("has a zero point other than 0, which is not supported");
  WeightLayer layer;
  layer.op = op, layer.weight = weight, layer.shape = *shape, layer.type = type;
  std::optional<std::vector<float>> values = format ? getFloats(weight.getUnroundedAttr())
                                                    : getFloats(weight.getInput()),
                                    bias;
  if (!values ||
      static_cast<int64_t>(values->size()) != cast<RankedTensorType>(weight.getType()).getNumElements())
    return fail("cannot be read: it is no constant, or its data are missing");
  layer.values = std::move(*values);
  SmallVector<int64_t> indices = getWeightScaleIndices(op, type);
  int64_t outputs = shape->getNumOutputs();
  if (static_cast<int64_t>(indices.size()) != outputs)
    return fail("has scales that do not fit its output channels");
  for (int64_t index : indices)
    layer.scales.push_back(static_cast<float>(scales[index]));
  layer.scalePerOutput = static_cast<int64_t>(scales.size()) == outputs &&
                         llvm::equal(indices, llvm::seq<int64_t>(0, outputs)) &&
                         isa<quant::UniformQuantizedPerAxisType>(type);
  // Powers of two and scales that clusters share stay what they are.
  if (SchemeAttr scheme = weight.getSchemeAttr())
    layer.scalePerOutput &=
        scheme.getFormat() == CodeFormat::Uniform && scheme.getGranularity() != GranularityKind::PerCluster;
  layer.codes = {type.getStorageTypeMin(), type.getStorageTypeMax()};
  if (op.getBiasOperand())
    bias = getFloats(op->getOperand(*op.getBiasOperand()));
  layer.bias = bias.value_or(std::vector<float>{0.0f});
  if (layer.bias.size() == 1)
    layer.bias.resize(outputs, layer.bias.front());
  if (static_cast<int64_t>(layer.bias.size()) != outputs)
    return fail("goes with a bias of another number of output channels");
  findActivation(layer);
  if (format)
    layer.layout = getChannelLayout(weight);
  layer.format = std::move(format);
  return layer;
}

WeightGrid WeightLayer::getGrid(int64_t g, int64_t first, int64_t count) const {
  ArrayRef<float> own = getOutputs(scales, g, first, count);
  WeightGrid grid{{own.begin(), own.end()}, codes, {}};
  if (!format)
    return grid;
  // Groups are columns of a row if the row's weights follow each other in their channel and begin
  // with a group; otherwise each column has a list.
  int64_t depth = shape.getDepth();
  bool areColumns = llvm::all_of(llvm::seq(first, first + count), [&](int64_t o) {
    int64_t begin = layout->getPosition(shape.getWeightIndex(g, o, 0));
    return begin % format->group == 0 &&
           layout->getPosition(shape.getWeightIndex(g, o, depth - 1)) == begin + depth - 1;
  });
  CodeLists &allowed = grid.allowed;
  allowed.lists = format->lists;
  allowed.columns = areColumns ? std::clamp<int64_t>(depth, 1, format->group) : 1;
  allowed.perRow = llvm::divideCeil(depth, allowed.columns);
  for (int64_t o = first; o < first + count; ++o)
    for (int64_t k = 0; k < depth; k += allowed.columns)
      allowed.groups.push_back(format->groups[format->getGroup(*layout, shape.getWeightIndex(g, o, k))]);
  return grid;
}

void WeightLayer::keepInputs(int64_t g, int64_t firstRow, MatrixRef rows) {
  std::copy_n(rows.data, rows.rows * rows.cols, inputs[g].data() + firstRow * rows.cols);
}

void WeightLayer::limitSums(std::vector<int32_t> &codes) const {
  if (!format || this->codes.max <= kNarrowLimit)
    return;
  std::optional<std::vector<float>> encoded = getFloats(ObserveOp(weight).getInput());
  for (int64_t g = 0; g < shape.groups; ++g)
    for (int64_t o = 0; o < shape.groupOutputs; ++o) {
      double sum = 0;
      for (int64_t k = 0; k < shape.getDepth(); ++k)
        sum += std::abs(codes[shape.getWeightIndex(g, o, k)]);
      if (!encoded || sum <= getCodeSumLimit(shape.getDepth()))
        continue;
      for (int64_t k = 0; k < shape.getDepth(); ++k) {
        int64_t index = shape.getWeightIndex(g, o, k);
        codes[index] = roundNearest((*encoded)[index], scales[g * shape.groupOutputs + o], this->codes,
                                    Rounding::HalfEven);
      }
    }
}
