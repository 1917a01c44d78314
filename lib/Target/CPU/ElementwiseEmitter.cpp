//===- ElementwiseEmitter.cpp - Element-wise ops in lanes ---------------===//
#include "narrow/Target/CPU/KernelEmitter.h"
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Target/CPU/KernelOpInterface.h"

using namespace mlir;
using namespace narrow;

FailureOr<Parts> KernelEmitter::evaluate(Value value, const Point &point, const ChannelBlock &block,
                                         int64_t offset) {
  Parts parts;
  if (auto it = ready.find(value); it != ready.end()) {
    parts = it->second;
  } else if (const Buffer *buffer = findInput(value)) {
    parts = loadBroadcast(*buffer, point, block);
  } else {
    Operation *op = value.getDefiningOp();
    if (getKernelRole(op) != KernelRole::Constant)
      return evaluateOp(op, point, block, offset);
    FailureOr<Parts> constant = evaluateConstant(value, point, block);
    if (failed(constant))
      return failure();
    parts = *constant;
  }
  if (offset)
    for (Value &part : parts)
      part = arith::AddIOp::create(b, loc, part, splat(cast<VectorType>(part.getType()), offset));
  return parts;
}

/// The lanes of `block` at `point`; one channel is that of all lanes.
Parts KernelEmitter::loadBroadcast(const Buffer &buffer, const Point &point, const ChannelBlock &block) {
  Value start = offsetOf(buffer.layout, point);
  if (buffer.layout.shape.back() != 1 || block.valid <= 1)
    return load(buffer, start, block);
  ChannelBlock one{1, 1, 0, 1};
  Value single = load(buffer, start, one).front();
  auto type = lanes(block.width, cast<VectorType>(single.getType()).getElementType());
  Value scalar = vector::ExtractOp::create(b, loc, single, ArrayRef<int64_t>{0});
  return Parts(block.parts, vector::BroadcastOp::create(b, loc, type, scalar));
}

FailureOr<Parts> KernelEmitter::evaluateConstant(Value value, const Point &point, const ChannelBlock &block) {
  ElementsAttr attr = getConstant(value);
  ArrayRef<int64_t> shape = shapeOf(value);
  // Only the channels differ: a table.
  bool perChannel = attr && attr.getNumElements() == (shape.empty() ? 1 : shape.back());
  if (auto floats = getFloats(attr)) {
    if (perChannel || llvm::all_equal(*floats))
      return loadFloatTable(keyOf(value, "f"), *floats, point.empty() ? Value() : point.back(), block);
    return loadBroadcast(constantBuffer(value, b.getF32Type()), point, block);
  }
  auto integers = getIntegers(attr);
  if (!integers)
    return emitUnsupported(value.getDefiningOp()) << "a constant of type " << value.getType(), failure();
  if (perChannel || llvm::all_equal(*integers))
    return loadTable(keyOf(value, "i"), *integers, point.empty() ? Value() : point.back(), block);
  return loadBroadcast(constantBuffer(value, b.getI32Type()), point, block);
}

FailureOr<Parts> KernelEmitter::emitFunction(ScalarFunctionOpInterface op, const Point &point,
                                             const ChannelBlock &block) {
  SmallVector<Parts> operands;
  for (Value operand : op->getOperands().take_front(op.getNumScalarOperands())) {
    FailureOr<Parts> parts = evaluate(operand, point, block);
    if (failed(parts))
      return failure();
    operands.push_back(std::move(*parts));
  }
  Parts result = map(operands, [&](ArrayRef<Value> x) { return op.emitScalar(b, loc, x); });
  if (!llvm::all_of(result, [](Value part) { return part; }))
    return emitUnsupported(op) << "no code for it on " << op->getOperand(0).getType(), failure();
  return result;
}

FailureOr<Parts> KernelEmitter::evaluateOp(Operation *op, const Point &point, const ChannelBlock &block,
                                           int64_t offset) {
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return emitRescale(rescale, point, block, offset, /*saturate=*/true);
  if (auto table = dyn_cast<tosa::TableOp>(op); table && block.pack && hasByteShuffle())
    return StorageEmitter(*this).evaluateTable(table, point, block, offset);
  FailureOr<Parts> result = failure();
  if (auto function = dyn_cast<ScalarFunctionOpInterface>(op); function && isFloat(op->getOperand(0)))
    result = emitFunction(function, point, block);
  else if (auto member = dyn_cast<KernelOpInterface>(op))
    result = member.emitLanes(*this, point, block);
  else
    return emitUnsupported(op) << "no code for it on " << op->getOperand(0).getType(), failure();
  if (succeeded(result) && offset)
    *result = map({*result}, [&](ArrayRef<Value> x) -> Value {
      return arith::AddIOp::create(b, loc, x[0], splat(cast<VectorType>(x[0].getType()), offset));
    });
  return result;
}

bool KernelEmitter::epilogueAllowsPacked() {
  for (const Buffer &buffer : llvm::concat<Buffer>(inputs, outputs))
    if (!buffer.layout.isCode || !buffer.layout.hasSlack)
      return false;
  for (Operation &op : kernel.getBody().front()) {
    KernelRole role = getKernelRole(&op);
    if (role == KernelRole::Window ||
        (role == KernelRole::Reduction && !StorageEmitter(*this).matchPlaneSum(&op)))
      return false;
    // A constant tensor that is more than one value for each channel is read
    // in its own order.
    if (role == KernelRole::Elementwise)
      for (Value operand : op.getOperands())
        if (ElementsAttr attr = getConstant(operand); attr && !attr.isSplat() &&
                                                      shapeOf(operand).back() != 1 &&
                                                      attr.getNumElements() != shapeOf(operand).back())
          return false;
  }
  return true;
}

LogicalResult KernelEmitter::emitElementwise() {
  // Without borders, gaps, broadcasts and per-channel parameters a tensor is a line.
  bool flat = true;
  for (const Buffer &buffer : llvm::concat<Buffer>(inputs, outputs))
    flat &= !buffer.layout.hasBorder() && buffer.layout.shape == outputs[0].layout.shape &&
            buffer.layout.isDense();
  for (Operation &op : kernel.getBody().front()) {
    KernelRole role = getKernelRole(&op);
    auto member = dyn_cast<KernelOpInterface>(op);
    flat &=
        role != KernelRole::Reduction && role != KernelRole::Window && !(member && member.dependsOnShape());
    if (role == KernelRole::Constant && !isa<tosa::ConstShapeOp>(op)) {
      bool isTable = llvm::all_of(op.getUsers(), [](Operation *user) { return isa<tosa::TableOp>(user); });
      ElementsAttr attr = getConstant(op.getResult(0));
      flat &= isTable || (attr && (attr.isSplat() || attr.getNumElements() == 1));
    }
    for (Type type : op.getResultTypes())
      flat &= !isa<quant::UniformQuantizedPerAxisType>(getElementTypeOrSelf(type));
  }
  if (flat)
    for (SmallVector<Buffer> *buffers : {&inputs, &outputs})
      for (Buffer &buffer : *buffers) {
        buffer.layout.shape = {buffer.layout.numElements()};
        buffer.layout.strides = {1};
      }

  const Buffer &output = outputs[0];
  ArrayRef<int64_t> shape = output.layout.shape;
  int64_t channels = shape.back();
  StorageEmitter storage(*this);
  bool packed = epilogueAllowsPacked(), stored = storage.staysInStorage(yielded());
  LogicalResult status = success();
  Point point;
  std::function<void(size_t)> nest = [&](size_t axis) {
    if (axis + 1 < shape.size()) {
      loop(0, shape[axis], 1, [&](Value i) {
        point.push_back(i);
        nest(axis + 1);
        point.pop_back();
      });
      return;
    }
    if (stored)
      return storage.emitRow(point);
    auto emitBlock = [&](Value c, const ChannelBlock &block) {
      loaded.clear();
      point.push_back(c);
      if (failed(storeResult(yielded(), output, point, block)))
        status = failure();
      point.pop_back();
    };
    // Whole blocks, then ever smaller ones; in packed order one of which channels are missing.
    int64_t done = 0;
    unsigned pack = packed ? target.group() : 0, parts = std::max(pack, 1u);
    if (packed && kind == "reduction") // Whole cache lines: pixels may be 2^n bytes apart.
      parts *= std::max(1u, 64 / (target.lanes * pack));
    for (unsigned width = target.lanes; width >= 1 && done < channels; width /= 2) {
      int64_t step = int64_t(width) * parts, whole = done + (channels - done) / step * step;
      ChannelBlock block{width, parts, pack, step};
      loop(done, whole, step, [&](Value c) { emitBlock(c, block); });
      done = whole;
      if (packed && done < channels && (width == 4 || channels - done > step / 2)) {
        block.valid = channels - done;
        return emitBlock(index(done), block);
      }
    }
  };
  nest(0);
  return status;
}
