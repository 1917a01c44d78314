//===- Shapes.cpp - Reshape, Flatten, Squeeze, Unsqueeze ------------------===//
#include "Registry.h"

using namespace mlir;
using namespace narrow::onnx_import;

static LogicalResult setReshaped(OpContext &ctx, ArrayRef<int64_t> shape) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  if (failed(tensor))
    return failure();
  ctx.setResult(0, ctx.reshape(*tensor, shape));
  return success();
}

static LogicalResult importReshape(OpContext &ctx) {
  FailureOr<SmallVector<int64_t>> target = ctx.integers(1);
  if (failed(target))
    return failure();
  ArrayRef<int64_t> source = ctx.input(0).getShape();
  bool allowZero = ctx.getInt("allowzero", 0) != 0;
  SmallVector<int64_t> shape(*target);
  std::optional<size_t> inferred;
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (dim == 0 && !allowZero) {
      if (i >= source.size())
        return ctx.error() << "dimension " << i << " of the target " << toString(*target)
                           << " copies one that the input of shape " << toString(source) << " does not have";
      dim = source[i];
    } else if (dim == -1 && !inferred) {
      inferred = i;
    } else if (dim < 0) {
      return ctx.error() << "the target shape " << toString(*target) << " is not possible";
    }
  }
  std::optional<int64_t> count = countElements(source), known;
  if (inferred)
    shape[*inferred] = 1;
  known = countElements(shape);
  if (inferred && known && *known > 0)
    shape[*inferred] = *count / *known;
  if (!known || countElements(shape) != count)
    return ctx.error() << "cannot reshape " << toString(source) << " to " << toString(*target);
  return setReshaped(ctx, shape);
}

static LogicalResult importFlatten(OpContext &ctx) {
  ArrayRef<int64_t> source = ctx.input(0).getShape();
  int64_t axis = ctx.getInt("axis", 1), rank = source.size();
  if (axis < -rank || axis > rank)
    return ctx.error() << "axis " << axis << " is outside of rank " << rank;
  if (axis < 0)
    axis += rank;
  return setReshaped(ctx, {*countElements(source.take_front(axis)), *countElements(source.drop_front(axis))});
}

static LogicalResult importSqueeze(OpContext &ctx) {
  auto axes = ctx.integersByOpset("axes", 1, 13);
  if (failed(axes))
    return failure();
  ArrayRef<int64_t> source = ctx.input(0).getShape();
  SmallVector<int64_t> dropped, shape;
  if (*axes) {
    FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(**axes, source.size());
    if (failed(normalized))
      return failure();
    dropped = *normalized;
  } else {
    for (auto [i, dim] : llvm::enumerate(source))
      if (dim == 1)
        dropped.push_back(i);
  }
  for (auto [i, dim] : llvm::enumerate(source)) {
    if (!llvm::is_contained(dropped, static_cast<int64_t>(i)))
      shape.push_back(dim);
    else if (dim != 1)
      return ctx.error() << "axis " << i << " of shape " << toString(source) << " is not 1";
  }
  return setReshaped(ctx, shape);
}

static LogicalResult importUnsqueeze(OpContext &ctx) {
  auto axes = ctx.integersByOpset("axes", 1, 13);
  if (failed(axes))
    return failure();
  if (!*axes)
    return ctx.error() << "axes are missing";
  ArrayRef<int64_t> source = ctx.input(0).getShape();
  int64_t rank = source.size() + (*axes)->size();
  FailureOr<SmallVector<int64_t>> added = ctx.normalizeAxes(**axes, rank);
  if (failed(added))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < rank; ++i) {
    if (llvm::is_contained(*added, i)) {
      shape.push_back(1);
    } else {
      shape.push_back(source.front());
      source = source.drop_front();
    }
  }
  return setReshaped(ctx, shape);
}

void narrow::onnx_import::registerShapes(Registry &registry) {
  registry["Reshape"] = {2, 2, importReshape, importReshape};
  registry["Flatten"] = {1, 1, importFlatten, importFlatten};
  registry["Squeeze"] = {1, 2, importSqueeze, importSqueeze};
  registry["Unsqueeze"] = {1, 2, importUnsqueeze, importUnsqueeze};
}
