//===- StorageEmitter.cpp - Codes that are not widened ------------------===//
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Target/CPU/KernelOpInterface.h"

using namespace mlir;
using namespace narrow;

bool StorageEmitter::staysInStorage(Value value) {
  if (!isCode(value))
    return false;
  if (const Buffer *buffer = findInput(value)) // not a channel for all
    return buffer->layout.isCode && buffer->layout.shape.back() == k.getOutputs()[0].layout.shape.back();
  auto op = value.getDefiningOp<KernelOpInterface>();
  return op && op.staysInStorage(*this);
}

Value StorageEmitter::evaluateStored(Value value, const Point &point, int64_t valid, unsigned width) {
  if (const Buffer *buffer = findInput(value))
    return convertStored(loadVector(*buffer, offsetOf(buffer->layout, point), valid, width), buffer->layout,
                         storageForm());
  return value.getDefiningOp<KernelOpInterface>().emitStored(*this, point, valid, width);
}

Value StorageEmitter::maxStored(Value x, Value y) {
  return storageForm().isUnsigned ? Value(arith::MaxUIOp::create(b, loc, x, y))
                                  : Value(arith::MaxSIOp::create(b, loc, x, y));
}

Value StorageEmitter::clampStored(Value stored, int64_t lo, int64_t hi) {
  BufferLayout form = storageForm();
  auto type = cast<VectorType>(stored.getType());
  bool isByte = type.getElementType().isInteger(8); // of which all are codes
  if (lo > -128 || !isByte)
    stored = maxStored(stored, splat(type, lo + form.codeOffset));
  Value most = splat(type, hi + form.codeOffset);
  if (hi < 127 || !isByte)
    stored = form.isUnsigned ? Value(arith::MinUIOp::create(b, loc, stored, most))
                             : Value(arith::MinSIOp::create(b, loc, stored, most));
  return stored;
}

void StorageEmitter::emitRow(Point point) {
  const Buffer &output = k.getOutputs().front();
  int64_t channels = output.layout.shape.back();
  auto emitBlock = [&](Value channel, int64_t valid, unsigned width) {
    point.push_back(channel);
    Value stored =
        convertStored(evaluateStored(k.yielded(), point, valid, width), storageForm(), output.layout);
    storeVector(output, offsetOf(output.layout, point), stored, valid);
    point.pop_back();
  };
  // A table in memory alone takes one code after the other.
  Block &body = k.getKernel().getBody().front();
  bool single = !hasByteShuffle() && llvm::any_of(body, llvm::IsaPred<tosa::TableOp>) &&
                llvm::none_of(body, llvm::IsaPred<tosa::RescaleOp, tosa::MaxPool2dOp>);
  int64_t width = single ? 1 : target.lanes * 4, whole = channels / width * width;
  loop(0, whole, width, [&](Value c) { emitBlock(c, width, width); });
  constexpr uint64_t least = 16; // elements of the smallest vectors
  if (int64_t rest = channels - whole)
    emitBlock(index(whole), rest, std::max(least, llvm::PowerOf2Ceil(rest)));
}

/// `emit` for pieces of the size of a register, its results joined again.
Value StorageEmitter::inRegisters(ArrayRef<Value> operands, function_ref<Value(ArrayRef<Value>)> emit) {
  auto type = cast<VectorType>(operands[0].getType());
  int64_t n = type.getNumElements(), each = target.lanes * 32 / type.getElementTypeBitWidth();
  if (n <= each)
    return emit(operands);
  Value result = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  for (int64_t first = 0; first < n; first += each) {
    SmallVector<Value> pieces;
    for (Value operand : operands)
      pieces.push_back(vector::ExtractStridedSliceOp::create(b, loc, operand, ArrayRef<int64_t>{first},
                                                             ArrayRef<int64_t>{each}, ArrayRef<int64_t>{1}));
    result = vector::InsertStridedSliceOp::create(b, loc, emit(pieces), result, ArrayRef<int64_t>{first},
                                                  ArrayRef<int64_t>{1});
  }
  return result;
}
