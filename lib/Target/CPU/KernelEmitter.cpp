//===- KernelEmitter.cpp - Generates the code of one kernel ---------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "narrow/Target/CPU/KernelOps.h"

using namespace mlir;
using namespace narrow;

memref::GlobalOp GlobalTables::get(StringRef prefix, ArrayRef<char> bytes) {
  auto [it, isNew] = known.try_emplace(std::string(bytes.begin(), bytes.end()));
  if (!isNew)
    return it->second;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto type = RankedTensorType::get({static_cast<int64_t>(bytes.size())}, builder.getI8Type());
  // An i8 array whatever it holds: LLVM is slow on large arrays of anything else.
  auto attr = DenseElementsAttr::getFromRawBuffer(type, bytes);
  it->second = memref::GlobalOp::create(builder, module.getLoc(), (prefix + "_" + Twine(counter++)).str(),
                                        builder.getStringAttr("private"),
                                        MemRefType::get(type.getShape(), type.getElementType()), attr,
                                        /*constant=*/true, builder.getI64IntegerAttr(64));
  return it->second;
}

KernelEmitter::KernelEmitter(OpBuilder &builder, GlobalTables &tables, const TargetDescription &target,
                             KernelOp kernel, ArrayRef<Buffer> inputs, ArrayRef<Buffer> outputs)
    : b(builder), tables(tables), target(target), kernel(kernel), inputs(inputs), outputs(outputs),
      loc(kernel.getLoc()) {}

LogicalResult KernelEmitter::emit() {
  for (const Buffer &output : outputs)
    fillBorder(output);
  for (Operation &op : kernel.getBody().front()) {
    switch (getKernelRole(&op)) {
    case KernelRole::Contraction:
      if (auto depthwise = dyn_cast<tosa::DepthwiseConv2DOp>(op))
        return emitDepthwise(depthwise);
      return emitContraction(&op);
    case KernelRole::Movement:
      kind = "copy";
      return emitMovement(&op);
    case KernelRole::Window:
      kind = isa<tosa::ResizeOp>(op) ? "resize" : "pool";
      break;
    case KernelRole::Reduction:
      kind = "reduction";
      break;
    default:
      break;
    }
  }
  return emitElementwise();
}

const Buffer *KernelEmitter::findInput(Value value) {
  for (auto [argument, buffer] : llvm::zip(kernel.getBody().getArguments(), inputs))
    if (argument == value)
      return &buffer;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Indices and loops
//===----------------------------------------------------------------------===//

Value KernelEmitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value KernelEmitter::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }

Value KernelEmitter::mul(Value x, int64_t y) {
  if (y == 1)
    return x;
  return b.createOrFold<arith::MulIOp>(loc, x, index(y));
}

Value KernelEmitter::offsetOf(const BufferLayout &layout, ArrayRef<Value> point) {
  Value offset = index(layout.origin);
  for (auto [i, stride, dim] : llvm::zip(point, layout.strides, layout.shape))
    if (dim != 1) // A size of one is broadcast: its index is always 0.
      offset = add(offset, mul(i, stride));
  return offset;
}

void KernelEmitter::loop(int64_t lower, int64_t upper, int64_t step, function_ref<void(Value)> body) {
  if (lower >= upper)
    return;
  if (lower + step >= upper)
    return body(index(lower));
  auto loop = scf::ForOp::create(b, loc, index(lower), index(upper), index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void KernelEmitter::dynamicLoop(Value lower, Value upper, function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> KernelEmitter::reduce(Value lower, Value upper, ValueRange init,
                                         function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty()) // A loop that carries nothing has its terminator already.
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}
