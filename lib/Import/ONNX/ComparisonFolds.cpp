//===- ComparisonFolds.cpp - Equal, Less, Where and logic on constants ----===//
#include "Registry.h"

using namespace mlir;
using namespace narrow::onnx_import;

template <typename Compare>
static LogicalResult foldComparison(OpContext &ctx, Compare compare) {
  FailureOr<ConstantTensor> left = ctx.constant(0), right = ctx.constant(1);
  if (failed(left) || failed(right) || failed(ctx.checkBroadcast(left->getShape(), right->getShape())))
    return failure();
  if (left->getType() != right->getType())
    return ctx.error() << "operands have element types " << getName(left->getType()) << " and "
                       << getName(right->getType());
  Shape shape = *broadcastShapes(left->getShape(), right->getShape());
  if (std::optional<int64_t> count = countElements(shape); !count || *count > foldLimit)
    return ctx.error() << "a constant of shape " << toString(shape) << " is too large";
  ConstantTensor a = left->broadcastTo(shape), b = right->broadcastTo(shape);
  std::vector<int64_t> values(a.size());
  if (a.isFloat())
    for (auto [out, x, y] : llvm::zip_equal(values, a.getFloats(), b.getFloats()))
      out = compare(x, y);
  else
    for (auto [out, x, y] : llvm::zip_equal(values, a.getIntegers(), b.getIntegers()))
      out = compare(x, y);
  ctx.setResult(0, Tensor(ConstantTensor(ElementType::Bool, shape, std::move(values))));
  return success();
}

static LogicalResult foldNot(OpContext &ctx) {
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(x))
    return failure();
  if (x->getType() != ElementType::Bool)
    return ctx.error() << "is defined for bool, got " << getName(x->getType());
  std::vector<int64_t> values(x->getIntegers());
  for (int64_t &value : values)
    value = !value;
  ctx.setResult(0, Tensor(ConstantTensor(ElementType::Bool, Shape(x->getShape()), std::move(values))));
  return success();
}

static LogicalResult foldWhere(OpContext &ctx) {
  FailureOr<ConstantTensor> condition = ctx.constant(0), yes = ctx.constant(1), no = ctx.constant(2);
  if (failed(condition) || failed(yes) || failed(no) ||
      failed(ctx.checkBroadcast(condition->getShape(), yes->getShape())))
    return failure();
  Shape shape = *broadcastShapes(condition->getShape(), yes->getShape());
  if (failed(ctx.checkBroadcast(shape, no->getShape())))
    return failure();
  shape = *broadcastShapes(shape, no->getShape());
  if (std::optional<int64_t> count = countElements(shape); !count || *count > foldLimit)
    return ctx.error() << "a constant of shape " << toString(shape) << " is too large";
  if (condition->getType() != ElementType::Bool || yes->getType() != no->getType())
    return ctx.error() << "needs a bool condition and operands of the same type";
  ConstantTensor mask = condition->broadcastTo(shape), a = yes->broadcastTo(shape),
                 b = no->broadcastTo(shape);
  if (a.isFloat()) {
    std::vector<float> values(mask.size());
    for (auto [i, chosen] : llvm::enumerate(mask.getIntegers()))
      values[i] = chosen ? a.getFloats()[i] : b.getFloats()[i];
    ctx.setResult(0, Tensor(ConstantTensor(shape, std::move(values))));
  } else {
    std::vector<int64_t> values(mask.size());
    for (auto [i, chosen] : llvm::enumerate(mask.getIntegers()))
      values[i] = chosen ? a.getIntegers()[i] : b.getIntegers()[i];
    ctx.setResult(0, Tensor(ConstantTensor(a.getType(), shape, std::move(values))));
  }
  return success();
}

void narrow::onnx_import::registerComparisonFolds(Registry &registry) {
  auto add = [&](const char *name, OpInfo::Folder fold, int64_t since = 7) {
    registry[name] = {2, 2, nullptr, fold, since};
  };
  add("Equal", [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a == b; }); });
  add("Less", [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a < b; }); });
  add("Greater", [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a > b; }); });
  add(
      "LessOrEqual",
      [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a <= b; }); }, 12);
  add(
      "GreaterOrEqual",
      [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a >= b; }); }, 12);
  add("And", [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a && b; }); });
  add("Or", [](OpContext &ctx) { return foldComparison(ctx, [](auto a, auto b) { return a || b; }); });
  registry["Not"] = {1, 1, nullptr, foldNot};
  registry["Where"] = {3, 3, nullptr, foldWhere, 9};
}
