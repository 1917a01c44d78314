//===- DataMovement.cpp - Transpose, Concat, Expand, Tile, Cast, Identity -===//
#include "Registry.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

static LogicalResult importIdentity(OpContext &ctx) {
  ctx.setResult(0, ctx.input(0));
  return success();
}

static LogicalResult importDropout(OpContext &ctx) {
  if (ctx.has(2)) {
    FailureOr<double> training = ctx.scalar(2);
    if (failed(training))
      return failure();
    if (*training != 0)
      return ctx.error() << "training mode is not supported; export the model for inference";
  }
  ctx.setResult(0, ctx.input(0));
  return success();
}

static LogicalResult importTranspose(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  if (failed(tensor))
    return failure();
  int64_t rank = tensor->getRank();
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (auto perm = ctx.getInts("perm")) {
    FailureOr<SmallVector<int64_t>> axes = ctx.normalizeAxes(*perm, rank);
    if (failed(axes))
      return failure();
    if (static_cast<int64_t>(axes->size()) != rank)
      return ctx.error() << "attribute 'perm' has " << axes->size() << " axes, the input " << rank;
    permutation = *axes;
  }
  ctx.setResult(0, ctx.transpose(*tensor, permutation));
  return success();
}

static LogicalResult importConcat(OpContext &ctx) {
  if (!ctx.hasAttribute("axis"))
    return ctx.error() << "attribute 'axis' is missing";
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", 0), ctx.input(0).getRank());
  if (failed(axis))
    return failure();
  SmallVector<Tensor> tensors;
  for (unsigned i = 0; i < ctx.getNumInputs(); ++i) {
    if (!ctx.has(i))
      return ctx.error() << "input " << i << " is missing";
    FailureOr<Tensor> tensor = ctx.movable(i);
    if (failed(tensor))
      return failure();
    tensors.push_back(*tensor);
  }
  FailureOr<Tensor> result = ctx.concat(tensors, *axis);
  if (failed(result))
    return failure();
  ctx.setResult(0, *result);
  return success();
}

/// Repeats `tensor` after checking that the size of the result is possible.
static LogicalResult buildTile(OpContext &ctx, const Tensor &tensor, ArrayRef<int64_t> multiples) {
  SmallVector<int64_t> shape;
  std::optional<int64_t> count = countElements(multiples);
  for (auto [dim, multiple] : llvm::zip_equal(tensor.getShape(), multiples))
    shape.push_back(count ? dim * multiple : -1);
  if (count)
    count = countElements(shape);
  if (!count || (tensor.isFoldable() && *count > foldLimit))
    return ctx.error() << "a result of " << toString(tensor.getShape()) << " repeated " << toString(multiples)
                       << " times is not possible";
  ctx.setResult(0, ctx.tile(tensor, multiples));
  return success();
}

static LogicalResult importExpand(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  FailureOr<SmallVector<int64_t>> wanted = ctx.integers(1);
  if (failed(tensor) || failed(wanted))
    return failure();
  std::optional<Shape> shape = broadcastShapes(tensor->getShape(), *wanted);
  if (shape && !countElements(*shape))
    return ctx.error() << "a result of shape " << toString(*wanted) << " is too large";
  if (!shape)
    return ctx.error() << "shape " << toString(tensor->getShape()) << " does not broadcast to "
                       << toString(*wanted);
  SmallVector<int64_t> raised(shape->size() - tensor->getRank(), 1), multiples;
  llvm::append_range(raised, tensor->getShape());
  for (auto [dim, target] : llvm::zip_equal(raised, *shape))
    multiples.push_back(dim == target ? 1 : target);
  return buildTile(ctx, ctx.reshape(*tensor, raised), multiples);
}

static LogicalResult importTile(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  FailureOr<SmallVector<int64_t>> repeats = ctx.integers(1);
  if (failed(tensor) || failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != tensor->getRank())
    return ctx.error() << "has " << repeats->size() << " repeats for rank " << tensor->getRank();
  return buildTile(ctx, *tensor, *repeats);
}

/// Conversion as in C; saturates where C leaves the result undefined.
static int64_t toInteger(float value, ElementType type) {
  auto [least, greatest] = getRange(type);
  if (type == ElementType::Bool)
    return value != 0;
  if (std::isnan(value))
    return 0;
  double truncated = std::trunc(static_cast<double>(value));
  if (truncated <= static_cast<double>(least))
    return least;
  return truncated >= static_cast<double>(greatest) ? greatest : static_cast<int64_t>(truncated);
}

static int64_t wrap(int64_t value, ElementType type) {
  switch (type) {
  case ElementType::I32:
    return static_cast<int32_t>(value);
  case ElementType::I16:
    return static_cast<int16_t>(value);
  case ElementType::I8:
    return static_cast<int8_t>(value);
  case ElementType::U16:
    return static_cast<uint16_t>(value);
  case ElementType::U8:
    return static_cast<uint8_t>(value);
  case ElementType::Bool:
    return value != 0;
  default:
    return value;
  }
}

static LogicalResult importCast(OpContext &ctx) {
  int64_t to = ctx.getInt("to", 0);
  std::optional<ElementType> target = getElementType(static_cast<int>(to));
  if (!target)
    return ctx.unsupported("to", getDataTypeName(static_cast<int>(to)));
  const Tensor &tensor = ctx.input(0);
  if (!tensor.isFoldable()) {
    if (to != onnx::TensorProto::FLOAT)
      return ctx.unsupported("to", getDataTypeName(static_cast<int>(to)),
                             "the network computes in FLOAT alone");
    FailureOr<Value> value = ctx.value(0);
    if (failed(value))
      return failure();
    ctx.setResult(0, Tensor(*value));
    return success();
  }
  const ConstantTensor &constant = *tensor.constant;
  Shape shape(constant.getShape());
  if (*target == ElementType::F32) {
    if (constant.isFloat()) {
      ctx.setResult(0, tensor);
      return success();
    }
    auto values = constant.getIntegers();
    ctx.setResult(0, Tensor(ConstantTensor(shape, {values.begin(), values.end()})));
    return success();
  }
  std::vector<int64_t> values;
  values.reserve(constant.size());
  if (constant.isFloat())
    for (float value : constant.getFloats())
      values.push_back(toInteger(value, *target));
  else
    for (int64_t value : constant.getIntegers())
      values.push_back(wrap(value, *target));
  ctx.setResult(0, Tensor(ConstantTensor(*target, shape, std::move(values))));
  return success();
}

void narrow::onnx_import::registerDataMovement(Registry &registry) {
  registry["Identity"] = {1, 1, importIdentity, importIdentity};
  registry["Dropout"] = {1, 3, importDropout, nullptr, 7, "inference; no output mask"};
  registry["Transpose"] = {1, 1, importTranspose, importTranspose};
  registry["Concat"] = {1, anyNumber, importConcat, importConcat};
  registry["Expand"] = {2, 2, importExpand, importExpand, 8};
  registry["Tile"] = {2, 2, importTile, importTile};
  registry["Cast"] = {1, 1, importCast, importCast, 7, "constants, and FLOAT to FLOAT"};
}
