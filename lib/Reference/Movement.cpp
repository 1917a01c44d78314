//===- Movement.cpp - Ops that move elements ------------------------------===//
//
// Each of them is one copy between strided views.
//
//===----------------------------------------------------------------------===//
#include "Ops.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

namespace {
/// Where a copy starts in a tensor and how far apart its elements are.
struct View {
  int64_t offset = 0;
  SmallVector<int64_t> strides;
};
} // namespace

/// Copies a block of `shape` between tensors of the same kind; the views must
/// be within them.
static void copy(const Tensor &from, const View &source, Tensor &to, const View &target,
                 ArrayRef<int64_t> shape) {
  int64_t length = shape.empty() ? 1 : shape.back();
  int64_t readStep = shape.empty() ? 1 : source.strides.back();
  int64_t writeStep = shape.empty() ? 1 : target.strides.back();
  dispatch(from.kind, [&](auto zero) {
    using T = decltype(zero);
    const T *reads = from.values<T>().data() + source.offset;
    T *writes = to.values<T>().data() + target.offset;
    forEachRow<2>(shape, {source.strides, target.strides}, [&](std::array<int64_t, 2> offset) {
      const T *read = reads + offset[0];
      T *write = writes + offset[1];
      if (readStep == 1 && writeStep == 1) {
        std::copy_n(read, length, write);
        return;
      }
      for (int64_t i = 0; i < length; ++i)
        write[i * writeStep] = read[i * readStep];
    });
  });
}

/// Whether operand 0 and the result have the same kind and, with `sameRank`,
/// the same rank.
static LogicalResult checkAlike(const Call &call, bool sameRank = true) {
  if (call.operand(0).kind != call.result().kind)
    return rejectKinds(call);
  if (sameRank && call.operand(0).getRank() != call.result().getRank())
    return call.error() << "operand has rank " << call.operand(0).getRank() << ", the result "
                        << call.result().getRank();
  return success();
}

/// The elements of shape operand `i`, of which there must be `count`.
static FailureOr<ArrayRef<int64_t>> getShape(const Call &call, unsigned i, int64_t count) {
  auto values = call.operand(i).values<int64_t>();
  if (static_cast<int64_t>(values.size()) != count)
    return call.error() << "operand " << i << " must hold " << count << " numbers";
  return values;
}

/// Reshapes and identities: the same bytes.
static LogicalResult evalSameElements(Call &call) {
  if (failed(checkAlike(call, /*sameRank=*/false)))
    return failure();
  if (call.operand(0).getNumElements() != call.result().getNumElements())
    return call.error() << "operand has " << call.operand(0).getNumElements() << " elements, the result "
                        << call.result().getNumElements();
  call.result().bytes = call.operand(0).bytes;
  return success();
}

static LogicalResult evalTranspose(tosa::TransposeOp op, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  ArrayRef<int32_t> perms = op.getPerms();
  SmallVector<bool> seen(input.getRank(), false);
  if (static_cast<int64_t>(perms.size()) != input.getRank())
    return call.error() << "perms must hold " << input.getRank() << " axes";
  SmallVector<int64_t> inputStrides = getStrides(input.shape);
  View source;
  for (auto [axis, perm] : llvm::enumerate(perms)) {
    if (perm < 0 || perm >= input.getRank() || seen[perm])
      return call.error() << "perms is no permutation of the axes";
    seen[perm] = true;
    if (result.shape[axis] != input.shape[perm])
      return call.error() << "result has " << result.shape[axis] << " elements along axis " << axis
                          << ", expected " << input.shape[perm];
    source.strides.push_back(inputStrides[perm]);
  }
  copy(input, source, result, {0, getStrides(result.shape)}, result.shape);
  return success();
}

static LogicalResult evalSlice(tosa::SliceOp, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  auto start = getShape(call, 1, input.getRank()), size = getShape(call, 2, input.getRank());
  if (failed(start) || failed(size))
    return failure();
  View source{0, getStrides(input.shape)};
  for (int64_t axis = 0; axis < input.getRank(); ++axis) {
    int64_t first = (*start)[axis], count = result.shape[axis];
    if (first < 0 || first > input.shape[axis] || count > input.shape[axis] - first || (*size)[axis] != count)
      return call.error() << "slice of " << (*size)[axis] << " elements from " << first << " along axis "
                          << axis << " does not fit the operand's " << input.shape[axis]
                          << " and the result's " << count;
    source.offset += first * source.strides[axis];
  }
  copy(input, source, result, {0, getStrides(result.shape)}, result.shape);
  return success();
}

static LogicalResult evalPad(tosa::PadOp, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  auto padding = getShape(call, 1, 2 * input.getRank());
  if (failed(padding))
    return failure();
  if (call.operand(2).kind != result.kind || call.operand(2).getNumElements() != 1)
    return call.error() << "needs one padding value of the result's element type";
  View target{0, getStrides(result.shape)};
  for (int64_t axis = 0; axis < input.getRank(); ++axis) {
    int64_t before = (*padding)[2 * axis], after = (*padding)[2 * axis + 1];
    int64_t room = result.shape[axis] - input.shape[axis];
    if (before < 0 || after < 0 || before > room || after != room - before)
      return call.error() << "padding " << before << ", " << after << " along axis " << axis
                          << " does not make " << input.shape[axis] << " elements " << result.shape[axis];
    target.offset += before * target.strides[axis];
  }
  View value{0, SmallVector<int64_t>(result.getRank(), 0)};
  copy(call.operand(2), value, result, {0, getStrides(result.shape)}, result.shape);
  copy(input, {0, getStrides(input.shape)}, result, target, input.shape);
  return success();
}

static LogicalResult evalConcat(tosa::ConcatOp op, Call &call) {
  Tensor &result = call.result();
  int64_t axis = op.getAxis(), at = 0;
  if (axis < 0 || axis >= result.getRank())
    return call.error() << "axis " << axis << " is outside of rank " << result.getRank();
  View target{0, getStrides(result.shape)};
  for (auto [i, operand] : llvm::enumerate(call.operands)) {
    if (operand->kind != result.kind)
      return rejectKinds(call);
    SmallVector<int64_t> expected = result.shape;
    if (operand->getRank() == result.getRank())
      expected[axis] = std::min(operand->shape[axis], result.shape[axis] - at);
    if (operand->shape != expected)
      return call.error() << "operand " << i << " does not fit the result";
    target.offset = at * target.strides[axis];
    copy(*operand, {0, getStrides(operand->shape)}, result, target, operand->shape);
    at += operand->shape[axis];
  }
  if (at != result.shape[axis])
    return call.error() << "operands have " << at << " elements along axis " << axis << ", the result "
                        << result.shape[axis];
  return success();
}

static LogicalResult evalTile(tosa::TileOp, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &input = call.operand(0);
  Tensor &result = call.result();
  auto multiples = getShape(call, 1, input.getRank());
  if (failed(multiples))
    return failure();
  // Each axis is split in two: the copies, which all read the same elements,
  // and the axis itself.
  SmallVector<int64_t> split;
  View source;
  SmallVector<int64_t> strides = getStrides(input.shape);
  for (int64_t axis = 0; axis < input.getRank(); ++axis) {
    int64_t size = input.shape[axis], times = (*multiples)[axis];
    if (times < 0 || (size && times > result.shape[axis] / size) || times * size != result.shape[axis])
      return call.error() << times << " times " << size << " elements along axis " << axis << " are not "
                          << result.shape[axis];
    split.append({times, size});
    source.strides.append({0, strides[axis]});
  }
  copy(input, source, result, {0, getStrides(split)}, split);
  return success();
}

static LogicalResult evalReverse(tosa::ReverseOp op, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &input = call.operand(0);
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= input.getRank() || input.shape != call.result().shape)
    return call.error() << "needs an axis of the operand and a result of its shape";
  View source{0, getStrides(input.shape)};
  source.offset = (input.shape[axis] - 1) * source.strides[axis];
  source.strides[axis] *= -1;
  copy(input, source, call.result(), {0, getStrides(input.shape)}, input.shape);
  return success();
}

static LogicalResult evalGather(tosa::GatherOp, Call &call) {
  if (failed(checkAlike(call)))
    return failure();
  const Tensor &values = call.operand(0), &indices = call.operand(1);
  Tensor &result = call.result();
  if (values.getRank() != 3 || indices.getRank() != 2 || indices.kind != ElementKind::I32 ||
      values.shape[0] != indices.shape[0] ||
      result.getShape() != ArrayRef<int64_t>({indices.shape[0], indices.shape[1], values.shape[2]}))
    return call.error() << "needs values [N, K, C], i32 indices [N, W] and a "
                           "result [N, W, C]";
  size_t row = values.shape[2] * getByteWidth(values.kind);
  auto index = indices.values<int32_t>();
  for (size_t i = 0; i < index.size(); ++i) {
    if (index[i] < 0 || index[i] >= values.shape[1])
      return call.error() << "index " << index[i] << " is outside of 0 to " << values.shape[1] - 1;
    int64_t batch = i / indices.shape[1];
    std::copy_n(values.bytes.data() + (batch * values.shape[1] + index[i]) * row, row,
                result.bytes.data() + i * row);
  }
  return success();
}

void narrow::reference::registerMovement(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::ReshapeOp, evalSameElements, Codes::Accept>(context);
    attach<tosa::IdentityOp, evalSameElements, Codes::Accept>(context);
    attach<tosa::TransposeOp, evalTranspose, Codes::Accept>(context);
    attach<tosa::SliceOp, evalSlice, Codes::Accept>(context);
    attach<tosa::PadOp, evalPad, Codes::Accept>(context);
    attach<tosa::ConcatOp, evalConcat, Codes::Accept>(context);
    attach<tosa::TileOp, evalTile, Codes::Accept>(context);
    attach<tosa::ReverseOp, evalReverse, Codes::Accept>(context);
    attach<tosa::GatherOp, evalGather, Codes::Accept>(context);
  });
  registry.addExtension(
      +[](MLIRContext *context, NarrowDialect *) { attach<ObserveOp, evalSameElements>(context); });
}
