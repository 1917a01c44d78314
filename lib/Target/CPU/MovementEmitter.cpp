//===- MovementEmitter.cpp - Copies, borders, softmax ---------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

//===----------------------------------------------------------------------===//
// Runs and regions
//===----------------------------------------------------------------------===//

void KernelEmitter::fillRun(const Buffer &buffer, Value offset, int64_t count, double value) {
  Type element = buffer.layout.element;
  auto constant = [&](int64_t n) -> Value {
    auto type = lanes(n, element);
    return isa<FloatType>(element) ? splatFloat(type, static_cast<float>(value))
                                   : splat(type, static_cast<int64_t>(value));
  };
  int64_t width = target.lanes * 4 / buffer.layout.elementBytes(), whole = count / width * width;
  loop(0, whole, width, [&](Value i) { storeVector(buffer, add(offset, i), constant(width), width); });
  if (whole < count)
    storeVector(buffer, add(offset, whole), constant(width), count - whole);
}

void KernelEmitter::fillBorder(const Buffer &buffer) {
  const BufferLayout &layout = buffer.layout;
  if (layout.tail)
    fillRun(buffer, index(layout.size), layout.tail, layout.borderValue);
  if (!layout.hasBorder())
    return;
  auto [top, bottom, left, right] = layout.border;
  int64_t row = layout.strides[1], pixel = layout.strides[2], height = layout.shape[1];
  loop(0, layout.shape[0], 1, [&](Value n) {
    Value start = mul(n, layout.strides[0]);
    fillRun(buffer, start, top * row + left * pixel, layout.borderValue);
    // The right border of a row and the left one of the next are neighbours.
    Value rowEnd = add(start, top * row + (left + layout.shape[2]) * pixel);
    if (left + right)
      loop(0, height - 1, 1, [&](Value h) {
        fillRun(buffer, add(rowEnd, mul(h, row)), (left + right) * pixel, layout.borderValue);
      });
    fillRun(buffer, add(rowEnd, (height - 1) * row), right * pixel + bottom * row, layout.borderValue);
  });
}

void KernelEmitter::copyRegion(const Buffer &to, Value toStart, ArrayRef<int64_t> toStrides,
                               const Buffer &from, Value fromStart, ArrayRef<int64_t> fromStrides,
                               ArrayRef<int64_t> shape) {
  // Axes that are contiguous in both become one.
  SmallVector<int64_t> dims, toSteps, fromSteps;
  for (auto [dim, t, f] : llvm::zip(shape, toStrides, fromStrides)) {
    if (dim == 1)
      continue;
    if (!dims.empty() && toSteps.back() == t * dim && fromSteps.back() == f * dim) {
      dims.back() *= dim, toSteps.back() = t, fromSteps.back() = f;
      continue;
    }
    dims.push_back(dim), toSteps.push_back(t), fromSteps.push_back(f);
  }
  if (dims.empty())
    dims = {1}, toSteps = {1}, fromSteps = {1};
  bool sameStorage =
      to.layout.element == from.layout.element && to.layout.codeOffset == from.layout.codeOffset;
  unsigned bytes = std::min(to.layout.elementBytes(), from.layout.elementBytes());
  auto copy = [&](Value toAt, Value fromAt, unsigned width, int64_t valid) {
    Value stored = loadVector(from, fromAt, valid, width);
    storeVector(to, toAt, sameStorage ? stored : convertStored(stored, from.layout, to.layout), valid);
  };
  // An axis that is contiguous on one side only, and another on the other side: a transposition.
  auto contiguous = [](ArrayRef<int64_t> steps) { return llvm::find(steps, 1) - steps.begin(); };
  size_t last = dims.size(), column = contiguous(fromSteps), row = contiguous(toSteps);
  bool transposes = column < last && row < last && column != row;
  std::function<void(size_t, Value, Value)> nest = [&](size_t axis, Value toAt, Value fromAt) {
    if (transposes && axis == last)
      return copyTransposed(to, toAt, from, fromAt,
                            {dims[row], dims[column], fromSteps[row], toSteps[column]});
    if (transposes && (axis == row || axis == column))
      return nest(axis + 1, toAt, fromAt);
    if (axis + 1 < last || transposes) {
      loop(0, dims[axis], 1, [&](Value i) {
        nest(axis + 1, add(toAt, mul(i, toSteps[axis])), add(fromAt, mul(i, fromSteps[axis])));
      });
      return;
    }
    int64_t count = dims[axis];
    if (toSteps[axis] != 1 || fromSteps[axis] != 1) {
      loop(0, count, 1, [&](Value i) {
        copy(add(toAt, mul(i, toSteps[axis])), add(fromAt, mul(i, fromSteps[axis])), 1, 1);
      });
      return;
    }
    unsigned width = target.lanes * 4 / bytes;
    int64_t whole = count / width * width;
    loop(0, whole, width, [&](Value i) { copy(add(toAt, i), add(fromAt, i), width, width); });
    if (whole < count)
      copy(add(toAt, whole), add(fromAt, whole), width, count - whole);
  };
  nest(0, toStart, fromStart);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Where an operand lies: in a buffer of the kernel, or a constant as the IR has it; else nullopt.
std::optional<Buffer> KernelEmitter::findOperand(Value value) {
  if (const Buffer *input = findInput(value))
    return *input;
  ElementsAttr constant = getConstant(value);
  if (!constant || (!getFloats(constant) && !getIntegers(constant)))
    return std::nullopt;
  return constantBuffer(value, BufferLayout::plain(cast<RankedTensorType>(value.getType())).element);
}

LogicalResult KernelEmitter::emitMovement(Operation *op) {
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return emitSoftmax(softmax);
  if (auto signs = dyn_cast<PackSignsOp>(op))
    return emitPackSigns(signs);
  const Buffer &to = outputs[0];
  const BufferLayout &out = to.layout;
  Value toStart = index(out.origin);

  if (auto concat = dyn_cast<tosa::ConcatOp>(op)) {
    int64_t axis = concat.getAxis(), done = 0;
    for (Value operand : concat->getOperands()) {
      std::optional<Buffer> from = findOperand(operand);
      if (!from)
        return emitUnsupported(op) << "an operand that is neither computed nor a constant of numbers";
      copyRegion(to, add(toStart, done * out.strides[axis]), out.strides, *from, index(from->layout.origin),
                 from->layout.strides, from->layout.shape);
      done += from->layout.shape[axis];
    }
    return success();
  }

  std::optional<Buffer> from = findOperand(op->getOperand(0));
  if (!from)
    return emitUnsupported(op) << "an operand that is neither computed nor a constant of numbers";
  const BufferLayout &in = from->layout;
  Value fromStart = index(in.origin);

  if (isa<tosa::IdentityOp>(op)) {
    copyRegion(to, toStart, out.strides, *from, fromStart, in.strides, out.shape);
  } else if (isa<tosa::ReshapeOp>(op)) {
    if (!out.hasBorder()) {
      copyRegion(to, toStart, rowMajorStrides(in.shape), *from, fromStart, in.strides, in.shape);
    } else if (!in.hasBorder() && in.isDense()) {
      copyRegion(to, toStart, out.strides, *from, fromStart, rowMajorStrides(out.shape), out.shape);
    } else {
      // Two borders, or a border and gaps: element by element.
      int64_t total = 1;
      for (int64_t dim : out.shape)
        total *= dim;
      auto offset = [&](const BufferLayout &layout, Value linear) {
        Value at = index(layout.origin);
        for (auto [dim, stride, inner] :
             llvm::zip(layout.shape, layout.strides, rowMajorStrides(layout.shape))) {
          Value i = arith::RemUIOp::create(b, loc, arith::DivUIOp::create(b, loc, linear, index(inner)),
                                           index(dim));
          at = add(at, mul(i, stride));
        }
        return at;
      };
      static constexpr int64_t one[] = {1};
      loop(0, total, 1,
           [&](Value i) { copyRegion(to, offset(out, i), one, *from, offset(in, i), one, one); });
    }
  } else if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
    SmallVector<int64_t> strides;
    for (int32_t perm : transpose.getPerms())
      strides.push_back(in.strides[perm]);
    copyRegion(to, toStart, out.strides, *from, fromStart, strides, out.shape);
  } else if (auto slice = dyn_cast<tosa::SliceOp>(op)) {
    auto start = getShapeDims(slice.getStart());
    if (!start)
      return emitUnsupported(op) << "a start that is not constant";
    int64_t move = 0;
    for (auto [s, stride] : llvm::zip(*start, in.strides))
      move += s * stride;
    copyRegion(to, toStart, out.strides, *from, add(fromStart, move), in.strides, out.shape);
  } else if (auto pad = dyn_cast<tosa::PadOp>(op)) {
    auto padding = getShapeDims(pad.getPadding());
    if (!padding)
      return emitUnsupported(op) << "padding that is not constant";
    double value = 0;
    if (auto integers = getIntegers(pad.getPadConst()))
      value = static_cast<double>(integers->front() + out.codeOffset);
    else if (auto floats = getFloats(pad.getPadConst()))
      value = floats->front();
    else
      return emitUnsupported(op) << "padding with what is not constant";
    // Everything, then the middle.
    Buffer whole = to;
    SmallVector<int64_t> outer(out.shape);
    int64_t run = outer.back();
    outer.pop_back();
    std::function<void(size_t, Value)> fill = [&](size_t axis, Value at) {
      if (axis == outer.size())
        return fillRun(to, at, run, value);
      loop(0, outer[axis], 1, [&](Value i) { fill(axis + 1, add(at, mul(i, out.strides[axis]))); });
    };
    fill(0, toStart);
    int64_t move = 0;
    for (size_t axis = 0; axis < out.strides.size(); ++axis)
      move += (*padding)[2 * axis] * out.strides[axis];
    copyRegion(to, add(toStart, move), out.strides, *from, fromStart, in.strides, in.shape);
  } else if (auto tile = dyn_cast<tosa::TileOp>(op)) {
    SmallVector<int64_t> repeats;
    for (auto [o, i] : llvm::zip(out.shape, in.shape))
      repeats.push_back(o / i);
    std::function<void(size_t, Value)> nest = [&](size_t axis, Value at) {
      if (axis == repeats.size())
        return copyRegion(to, at, out.strides, *from, fromStart, in.strides, in.shape);
      loop(0, repeats[axis], 1,
           [&](Value r) { nest(axis + 1, add(at, mul(r, in.shape[axis] * out.strides[axis]))); });
    };
    nest(0, toStart);
  } else if (auto reverse = dyn_cast<tosa::ReverseOp>(op)) {
    SmallVector<int64_t> strides(in.strides);
    int64_t axis = reverse.getAxis();
    strides[axis] = -strides[axis];
    copyRegion(to, toStart, out.strides, *from, add(fromStart, (in.shape[axis] - 1) * in.strides[axis]),
               strides, out.shape);
  } else {
    return emitUnsupported(op) << "no code for it";
  }
  return success();
}

LogicalResult KernelEmitter::emitSoftmax(SoftmaxOp op) {
  const Buffer *from = findInput(op.getInput());
  if (!from)
    return emitUnsupported(op) << "a constant operand";
  const Buffer &to = outputs[0];
  int64_t axis = op.getAxis(), size = from->layout.shape[axis];
  auto type = lanes(1, b.getF32Type());
  ChannelBlock one{1, 1, 0, 1};
  auto at = [&](const Buffer &buffer, Value base, Value i) {
    return add(base, mul(i, buffer.layout.strides[axis]));
  };
  auto row = [&](Value fromAt, Value toAt) {
    Value most = reduce(index(0), index(size), {splatFloat(type, -std::numeric_limits<float>::infinity())},
                        [&](Value i, ValueRange acc) -> SmallVector<Value> {
                          Value x = load(*from, at(*from, fromAt, i), one)[0];
                          Value greater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, acc[0]);
                          return {arith::SelectOp::create(b, loc, greater, x, acc[0])};
                        })[0];
    Value sum = reduce(index(0), index(size), {splatFloat(type, 0)},
                       [&](Value i, ValueRange acc) -> SmallVector<Value> {
                         Value x = load(*from, at(*from, fromAt, i), one)[0];
                         Value e = math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, x, most));
                         storeVector(to, at(to, toAt, i), e, 1);
                         return {arith::AddFOp::create(b, loc, acc[0], e)};
                       })[0];
    loop(0, size, 1, [&](Value i) {
      Value e = load(to, at(to, toAt, i), one)[0];
      storeVector(to, at(to, toAt, i), arith::DivFOp::create(b, loc, e, sum), 1);
    });
  };
  std::function<void(int64_t, Value, Value)> nest = [&](int64_t dim, Value fromAt, Value toAt) {
    if (dim == static_cast<int64_t>(from->layout.shape.size()))
      return row(fromAt, toAt);
    if (dim == axis)
      return nest(dim + 1, fromAt, toAt);
    loop(0, from->layout.shape[dim], 1, [&](Value i) {
      nest(dim + 1, add(fromAt, mul(i, from->layout.strides[dim])),
           add(toAt, mul(i, to.layout.strides[dim])));
    });
  };
  nest(0, index(from->layout.origin), index(to.layout.origin));
  return success();
}
