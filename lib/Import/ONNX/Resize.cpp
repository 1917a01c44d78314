//===- Resize.cpp - Resize, Upsample --------------------------------------===//
#include "Registry.h"
#include <cmath>

using namespace mlir;
using namespace mlir::narrow::onnx_import;

/// Where the mode and the rounding take element `i` of an axis enlarged by `factor` from.
static std::optional<double> findSource(StringRef mode, StringRef rounding, int64_t i, int64_t factor) {
  double x = 0;
  if (mode == "asymmetric")
    x = static_cast<double>(i) / factor;
  else if (mode == "half_pixel" || mode == "pytorch_half_pixel" || mode == "half_pixel_symmetric")
    x = (i + 0.5) / factor - 0.5;
  else
    return std::nullopt;
  if (rounding == "floor")
    return std::floor(x);
  if (rounding == "ceil")
    return std::ceil(x);
  if (rounding == "round_prefer_floor")
    return std::ceil(x - 0.5);
  if (rounding == "round_prefer_ceil")
    return std::floor(x + 0.5);
  return std::nullopt;
}

/// Repeats each element of every axis as often as `factors` says: a reshape adds an axis
/// of one element behind it, which is tiled.
static LogicalResult buildRepeat(OpContext &ctx, const Tensor &tensor, ArrayRef<int64_t> factors) {
  SmallVector<int64_t> split, multiples, shape;
  for (auto [dim, factor] : llvm::zip_equal(tensor.getShape(), factors)) {
    split.push_back(dim);
    multiples.push_back(1);
    if (factor > 1) {
      split.push_back(1);
      multiples.push_back(factor);
    }
    shape.push_back(dim * factor);
  }
  ctx.setResult(0, ctx.reshape(ctx.tile(ctx.reshape(tensor, split), multiples), shape));
  return success();
}

/// The factors of all axes, from what Resize or Upsample says of `axes`.
template <typename GetFactor>
static FailureOr<SmallVector<int64_t>> getFactors(OpContext &ctx, ArrayRef<int64_t> shape,
                                                  ArrayRef<int64_t> axes, GetFactor getFactor) {
  constexpr int64_t greatest = 1 << 16;
  SmallVector<int64_t> factors(shape.size(), 1);
  for (auto [index, axis] : llvm::enumerate(axes)) {
    double factor = getFactor(index, shape[axis]);
    if (!(factor >= 1 && factor <= greatest) || factor != std::floor(factor))
      return ctx.error() << "enlarges axis " << axis << " by " << factor
                         << ", which is not supported; only whole factors are";
    factors[axis] = static_cast<int64_t>(factor);
  }
  return factors;
}

static LogicalResult importResize(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  if (failed(tensor))
    return failure();
  bool simple = ctx.getOpType() == "Upsample" || ctx.getOpset() < 11;
  Shape shape(tensor->getShape());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(shape.size()));
  if (std::optional<SmallVector<int64_t>> given = ctx.getInts("axes")) {
    FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(*given, shape.size());
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  if (StringRef policy = ctx.getString("keep_aspect_ratio_policy", "stretch"); policy != "stretch")
    return ctx.unsupported("keep_aspect_ratio_policy", "'" + policy + "'");

  FailureOr<SmallVector<int64_t>> factors = failure();
  auto checkCount = [&](size_t count) -> LogicalResult {
    if (count == axes.size())
      return success();
    return ctx.error() << "has " << count << " scales or sizes for " << axes.size() << " axes";
  };
  unsigned scalesInput = simple ? 1 : 2;
  if (!simple && ctx.has(3)) {
    FailureOr<SmallVector<int64_t>> sizes = ctx.integers(3);
    if (failed(sizes) || failed(checkCount(sizes->size())))
      return failure();
    factors = getFactors(ctx, shape, axes, [&](size_t index, int64_t dim) {
      return static_cast<double>((*sizes)[index]) / static_cast<double>(dim);
    });
  } else {
    SmallVector<float> scales;
    if (ctx.getOpType() == "Upsample" && ctx.getOpset() < 9) {
      if (const onnx::AttributeProto *attribute = ctx.find("scales"))
        scales.assign(attribute->floats().begin(), attribute->floats().end());
    } else {
      if (!ctx.has(scalesInput))
        return ctx.error() << "has neither scales nor sizes";
      FailureOr<ConstantTensor> constant = ctx.constant(scalesInput);
      if (failed(constant))
        return failure();
      if (!constant->isFloat())
        return ctx.error() << "scales must be numbers with a fraction";
      llvm::append_range(scales, constant->getFloats());
    }
    if (failed(checkCount(scales.size())))
      return failure();
    factors = getFactors(ctx, shape, axes,
                         [&](size_t index, int64_t) { return static_cast<double>(scales[index]); });
  }
  if (failed(factors))
    return failure();
  if (llvm::all_of(*factors, [](int64_t factor) { return factor == 1; })) {
    ctx.setResult(0, *tensor);
    return success();
  }

  if (StringRef mode = ctx.getString("mode", "nearest"); mode != "nearest")
    return ctx.unsupported("mode", "'" + mode + "'", "only 'nearest' is");
  StringRef mode = simple ? "asymmetric" : ctx.getString("coordinate_transformation_mode", "half_pixel");
  StringRef rounding = simple ? "floor" : ctx.getString("nearest_mode", "round_prefer_floor");
  SmallVector<int64_t> larger;
  for (auto [dim, factor] : llvm::zip_equal(shape, *factors)) {
    // The pattern is that of the first elements; the ends are limited to the axis.
    for (int64_t i = factor == 1 ? 0 : factor, end = 2 * i; i < end; ++i)
      if (findSource(mode, rounding, i, factor) != 1.0)
        return ctx.unsupported("coordinate_transformation_mode", "'" + mode + "'",
                               "with nearest_mode '" + rounding + "' it does not repeat elements");
    larger.push_back(dim * factor);
  }
  if (!countElements(larger))
    return ctx.error() << "a result of shape " << toString(larger) << " is too large";
  return buildRepeat(ctx, *tensor, *factors);
}

void mlir::narrow::onnx_import::registerResizes(Registry &registry) {
  registry["Resize"] = {1, 4, importResize, nullptr, 10, "nearest, by whole factors"};
  registry["Upsample"] = {1, 2, importResize, nullptr, 7, "nearest, by whole factors"};
}
