//===- CopyEmitter.cpp - Copies and borders -----------------------------===//
#include "CopyEmitter.h"

using namespace mlir;
using namespace narrow;

void CopyEmitter::fillRun(const Buffer &buffer, Value offset, int64_t count, double value) {
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

void CopyEmitter::fillBorder(const Buffer &buffer) {
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

void CopyEmitter::copyRegion(const Buffer &to, Value toStart, ArrayRef<int64_t> toStrides, const Buffer &from,
                             Value fromStart, ArrayRef<int64_t> fromStrides, ArrayRef<int64_t> shape) {
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
