//===- MovementKernels.cpp - Ops that copy elements to other places -------===//
#include "CopyEmitter.h"
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

namespace {

/// A kernel that copies from one operand to its result.
struct Move {
  KernelEmitter &k;
  const Buffer &from, &to;
  CopyEmitter copy{k};
  const BufferLayout &in = from.layout, &out = to.layout;
  Value fromStart = k.index(in.origin), toStart = k.index(out.origin);
};

} // namespace

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

static LogicalResult emitMove(tosa::IdentityOp, Move m) {
  m.copy.copyRegion(m.to, m.toStart, m.out.strides, m.from, m.fromStart, m.in.strides, m.out.shape);
  return success();
}

static LogicalResult emitMove(tosa::ReshapeOp, Move m) {
  const BufferLayout &in = m.in, &out = m.out;
  if (!out.hasBorder()) {
    m.copy.copyRegion(m.to, m.toStart, rowMajorStrides(in.shape), m.from, m.fromStart, in.strides, in.shape);
    return success();
  }
  if (!in.hasBorder() && in.isDense()) {
    m.copy.copyRegion(m.to, m.toStart, out.strides, m.from, m.fromStart, rowMajorStrides(out.shape),
                      out.shape);
    return success();
  }
  // Two borders, or a border and gaps: element by element.
  OpBuilder &b = m.k.getBuilder();
  Location loc = m.k.getLoc();
  auto offset = [&](const BufferLayout &layout, Value linear) {
    Value at = m.k.index(layout.origin);
    for (auto [dim, stride, inner] : llvm::zip(layout.shape, layout.strides, rowMajorStrides(layout.shape))) {
      Value i = arith::RemUIOp::create(b, loc, arith::DivUIOp::create(b, loc, linear, m.k.index(inner)),
                                       m.k.index(dim));
      at = m.k.add(at, m.k.mul(i, stride));
    }
    return at;
  };
  static constexpr int64_t one[] = {1};
  m.k.loop(0, out.numElements(), 1,
           [&](Value i) { m.copy.copyRegion(m.to, offset(out, i), one, m.from, offset(in, i), one, one); });
  return success();
}

static LogicalResult emitMove(tosa::TransposeOp op, Move m) {
  SmallVector<int64_t> strides;
  for (int32_t perm : op.getPerms())
    strides.push_back(m.in.strides[perm]);
  m.copy.copyRegion(m.to, m.toStart, m.out.strides, m.from, m.fromStart, strides, m.out.shape);
  return success();
}

static LogicalResult emitMove(tosa::SliceOp op, Move m) {
  auto start = getShapeDims(op.getStart());
  if (!start)
    return emitUnsupported(op) << "a start that is not constant";
  int64_t move = 0;
  for (auto [s, stride] : llvm::zip(*start, m.in.strides))
    move += s * stride;
  m.copy.copyRegion(m.to, m.toStart, m.out.strides, m.from, m.k.add(m.fromStart, move), m.in.strides,
                    m.out.shape);
  return success();
}

static LogicalResult emitMove(tosa::PadOp op, Move m) {
  auto padding = getShapeDims(op.getPadding());
  if (!padding)
    return emitUnsupported(op) << "padding that is not constant";
  double value = 0;
  if (auto integers = getIntegers(op.getPadConst()))
    value = static_cast<double>(integers->front() + m.out.codeOffset);
  else if (auto floats = getFloats(op.getPadConst()))
    value = floats->front();
  else
    return emitUnsupported(op) << "padding with what is not constant";
  // Everything, then the middle.
  SmallVector<int64_t> outer(m.out.shape);
  int64_t run = outer.pop_back_val();
  std::function<void(size_t, Value)> fill = [&](size_t axis, Value at) {
    if (axis == outer.size())
      return m.copy.fillRun(m.to, at, run, value);
    m.k.loop(0, outer[axis], 1,
             [&](Value i) { fill(axis + 1, m.k.add(at, m.k.mul(i, m.out.strides[axis]))); });
  };
  fill(0, m.toStart);
  int64_t move = 0;
  for (size_t axis = 0; axis < m.out.strides.size(); ++axis)
    move += (*padding)[2 * axis] * m.out.strides[axis];
  m.copy.copyRegion(m.to, m.k.add(m.toStart, move), m.out.strides, m.from, m.fromStart, m.in.strides,
                    m.in.shape);
  return success();
}

static LogicalResult emitMove(tosa::TileOp, Move m) {
  SmallVector<int64_t> repeats;
  for (auto [o, i] : llvm::zip(m.out.shape, m.in.shape))
    repeats.push_back(o / i);
  std::function<void(size_t, Value)> nest = [&](size_t axis, Value at) {
    if (axis == repeats.size())
      return m.copy.copyRegion(m.to, at, m.out.strides, m.from, m.fromStart, m.in.strides, m.in.shape);
    m.k.loop(0, repeats[axis], 1, [&](Value r) {
      nest(axis + 1, m.k.add(at, m.k.mul(r, m.in.shape[axis] * m.out.strides[axis])));
    });
  };
  nest(0, m.toStart);
  return success();
}

static LogicalResult emitMove(tosa::ReverseOp op, Move m) {
  SmallVector<int64_t> strides(m.in.strides);
  int64_t axis = op.getAxis();
  strides[axis] = -strides[axis];
  m.copy.copyRegion(m.to, m.toStart, m.out.strides, m.from,
                    m.k.add(m.fromStart, (m.in.shape[axis] - 1) * m.in.strides[axis]), strides, m.out.shape);
  return success();
}

static constexpr const char *neither = "an operand that is neither computed nor a constant of numbers";

static LogicalResult emitConcat(tosa::ConcatOp op, KernelEmitter &k) {
  const Buffer &to = k.getOutputs().front();
  ArrayRef<int64_t> strides = to.layout.strides;
  int64_t axis = op.getAxis(), done = 0;
  CopyEmitter copy(k);
  Value start = k.index(to.layout.origin);
  for (Value operand : op->getOperands()) {
    std::optional<Buffer> from = k.findOperand(operand);
    if (!from)
      return emitUnsupported(op) << neither;
    const BufferLayout &in = from->layout;
    Value at = k.add(start, done * strides[axis]);
    copy.copyRegion(to, at, strides, *from, k.index(in.origin), in.strides, in.shape);
    done += in.shape[axis];
  }
  return success();
}

static bool isViewOf(tosa::ReshapeOp, const BufferLayout &operand, BufferLayout &) {
  return !operand.hasBorder() && operand.isRowMajor();
}

static bool isViewOf(tosa::SliceOp op, const BufferLayout &operand, BufferLayout &result) {
  auto start = getShapeDims(op.getStart());
  if (!start || start->size() != operand.strides.size())
    return false;
  result.strides = operand.strides;
  result.origin = operand.origin;
  for (auto [first, stride] : llvm::zip(*start, operand.strides))
    result.origin += first * stride;
  result.size = operand.size;
  return true;
}

template <typename Op>
static bool isViewOf(Op, const BufferLayout &, BufferLayout &) {
  return false;
}

namespace {

template <typename Op>
struct MoveModel : KernelOpInterface::ExternalModel<MoveModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Custom; }
  StringRef getKernelKind(Operation *) const { return "copy"; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const {
    std::optional<Buffer> from = k.findOperand(op->getOperand(0));
    if (!from)
      return emitUnsupported(op) << neither;
    return emitMove(cast<Op>(op), Move{k, *from, k.getOutputs().front()});
  }
  bool isView(Operation *op, const BufferLayout &operand, BufferLayout &result) const {
    return isViewOf(cast<Op>(op), operand, result);
  }
};

struct ConcatModel : KernelOpInterface::ExternalModel<ConcatModel, tosa::ConcatOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Custom; }
  StringRef getKernelKind(Operation *) const { return "copy"; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const {
    return emitConcat(cast<tosa::ConcatOp>(op), k);
  }
};

template <typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<MoveModel<Ops>>(*context), ...);
}

} // namespace

void narrow::registerMovementKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<tosa::IdentityOp, tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp, tosa::PadOp, tosa::TileOp,
           tosa::ReverseOp>(context);
    tosa::ConcatOp::attachInterface<ConcatModel>(*context);
  });
}
