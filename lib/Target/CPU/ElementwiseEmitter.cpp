//===- ElementwiseEmitter.cpp - Element-wise ops in lanes -----------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Target/CPU/KernelOps.h"

using namespace mlir;
using namespace narrow;

std::string KernelEmitter::keyOf(Value value, StringRef suffix) {
  return (Twine(reinterpret_cast<uintptr_t>(value.getAsOpaquePointer())) + suffix).str();
}

Parts KernelEmitter::map(ArrayRef<Parts> operands, function_ref<Value(ArrayRef<Value>)> combine) {
  Parts out;
  for (size_t p = 0; p < operands.front().size(); ++p) {
    SmallVector<Value> lanes;
    for (const Parts &operand : operands)
      lanes.push_back(operand[p]);
    out.push_back(combine(lanes));
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

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
    return loadTable(keyOf(value, "i"), *integers, 32, point.empty() ? Value() : point.back(), block);
  return loadBroadcast(constantBuffer(value, b.getI32Type()), point, block);
}

//===----------------------------------------------------------------------===//
// Element-wise ops
//===----------------------------------------------------------------------===//

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
  FailureOr<Parts> result = failure();
  auto intType = lanes(block.width, b.getI32Type());
  bool real = isFloat(op->getOperand(0));
  auto unary = [&](function_ref<Value(Value)> fn) {
    result = evaluate(op->getOperand(0), point, block);
    if (succeeded(result))
      *result = map({*result}, [&](ArrayRef<Value> x) { return fn(x[0]); });
  };
  auto binary = [&](function_ref<Value(Value, Value)> fn) {
    FailureOr<Parts> x = evaluate(op->getOperand(0), point, block),
                     y = evaluate(op->getOperand(1), point, block);
    if (succeeded(x) && succeeded(y))
      result = map({*x, *y}, [&](ArrayRef<Value> v) { return fn(v[0], v[1]); });
  };

  if (auto quantize = dyn_cast<QuantizeOp>(op)) {
    result = evaluateQuantize(quantize, point, block);
  } else if (auto dequantize = dyn_cast<DequantizeOp>(op)) {
    result = evaluateDequantize(dequantize, point, block);
  } else if (isa<quant::StorageCastOp>(op)) {
    result = evaluate(op->getOperand(0), point, block);
  } else if (auto maxima = dyn_cast<TokenMaximaOp>(op)) {
    result = evaluateTokenMaxima(maxima, point, block);
  } else if (auto tokens = dyn_cast<QuantizeTokensOp>(op)) {
    result = evaluateQuantizeTokens(tokens, point, block);
  } else if (auto tokens = dyn_cast<RescaleTokensOp>(op)) {
    result = evaluateRescaleTokens(tokens, point, block);
  } else if (getKernelRole(op) == KernelRole::Reduction) {
    result = evaluateReduction(op, point, block);
  } else if (auto resize = dyn_cast<tosa::ResizeOp>(op)) {
    result = evaluateResize(resize, point, block);
  } else if (getKernelRole(op) == KernelRole::Window) {
    result = evaluateWindow(op, point, block);
  } else if (auto function = dyn_cast<ScalarFunctionOpInterface>(op); function && real) {
    result = emitFunction(function, point, block);
  } else if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
    int64_t lo = cast<IntegerAttr>(clamp.getMinValAttr()).getInt(),
            hi = cast<IntegerAttr>(clamp.getMaxValAttr()).getInt();
    unary([&](Value x) -> Value {
      x = arith::MaxSIOp::create(b, loc, x, splat(intType, lo));
      return arith::MinSIOp::create(b, loc, x, splat(intType, hi));
    });
  } else if (isa<tosa::AddOp>(op)) {
    binary([&](Value x, Value y) -> Value { return arith::AddIOp::create(b, loc, x, y); });
  } else if (isa<tosa::SubOp>(op)) {
    binary([&](Value x, Value y) -> Value { return arith::SubIOp::create(b, loc, x, y); });
  } else if (auto mul = dyn_cast<tosa::MulOp>(op)) {
    auto shift = getIntegers(mul.getShift());
    if (!shift || shift->front() != 0)
      return emitUnsupported(op) << "an integer product with a shift", failure();
    binary([&](Value x, Value y) -> Value { return arith::MulIOp::create(b, loc, x, y); });
  } else if (isa<tosa::MaximumOp>(op)) {
    binary([&](Value x, Value y) -> Value { return arith::MaxSIOp::create(b, loc, x, y); });
  } else if (isa<tosa::MinimumOp>(op)) {
    binary([&](Value x, Value y) -> Value { return arith::MinSIOp::create(b, loc, x, y); });
  } else if (auto table = dyn_cast<tosa::TableOp>(op)) {
    auto entries = getIntegers(table.getTable());
    if (!entries || entries->size() != 256)
      return emitUnsupported(op) << "a table that is not a constant of 256 codes", failure();
    if (block.pack && hasByteShuffle())
      return evaluateTable(table, point, block, offset);
    std::vector<int32_t> wide(entries->begin(), entries->end());
    Value memref =
        globalBytes("lookup", {reinterpret_cast<const char *>(wide.data()), wide.size() * 4}, b.getI32Type());
    result = evaluate(op->getOperand(0), point, block);
    if (failed(result))
      return failure();
    // What is in lanes without a channel is no code: it may lie anywhere outside of the table.
    for (auto [part, x] : llvm::enumerate(*result)) {
      SmallVector<bool> exists;
      for (unsigned lane = 0; lane < block.width; ++lane)
        exists.push_back(block.channelOf(part * block.width + lane) < block.valid);
      auto maskType = lanes(block.width, b.getI1Type());
      Value mask = arith::ConstantOp::create(b, loc, maskType, DenseElementsAttr::get(maskType, exists));
      Value at = arith::AddIOp::create(b, loc, x, splat(intType, 128));
      x = vector::GatherOp::create(b, loc, intType, memref, ValueRange{index(0)}, at, mask,
                                   splat(intType, 0));
    }
  } else if (auto shift = dyn_cast<tosa::ArithmeticRightShiftOp>(op)) {
    if (shift.getRound())
      return emitUnsupported(op) << "a rounding shift", failure();
    binary([&](Value x, Value y) -> Value { return arith::ShRSIOp::create(b, loc, x, y); });
  } else if (isa<tosa::BitwiseXorOp>(op)) {
    binary([&](Value x, Value y) -> Value { return arith::XOrIOp::create(b, loc, x, y); });
  } else if (isa<tosa::CastOp>(op) && !real && getElementTypeOrSelf(op->getResult(0)).isInteger(8)) {
    // The low byte, as a signed number.
    unary([&](Value x) -> Value {
      Value upper = splat(intType, 24);
      return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, x, upper), upper);
    });
  } else if (isa<tosa::AbsOp>(op)) {
    unary([&](Value x) -> Value { return math::AbsIOp::create(b, loc, x); });
  } else {
    return emitUnsupported(op) << "no code for it on " << op->getOperand(0).getType(), failure();
  }
  if (succeeded(result) && offset)
    *result = map({*result}, [&](ArrayRef<Value> x) -> Value {
      return arith::AddIOp::create(b, loc, x[0], splat(intType, offset));
    });
  return result;
}

//===----------------------------------------------------------------------===//
// Kernels without a contraction
//===----------------------------------------------------------------------===//

bool KernelEmitter::epilogueAllowsPacked() {
  for (const Buffer &buffer : llvm::concat<Buffer>(inputs, outputs))
    if (!buffer.layout.isCode || !buffer.layout.hasSlack)
      return false;
  for (Operation &op : kernel.getBody().front()) {
    KernelRole role = getKernelRole(&op);
    if (role == KernelRole::Window || (role == KernelRole::Reduction && !matchPlaneSum(&op)))
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
    // Tokens of one element are tokens still.
    flat &= role != KernelRole::Reduction && role != KernelRole::Window && !isa<QuantizeTokensOp>(op);
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
  bool packed = epilogueAllowsPacked(), stored = staysInStorage(yielded());
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
      return emitStoredRow(point);
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
