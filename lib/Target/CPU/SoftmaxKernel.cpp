//===- SoftmaxKernel.cpp - Softmax of floats ----------------------------===//
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace narrow;

static LogicalResult emitSoftmax(SoftmaxOp op, KernelEmitter &k) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  const Buffer *from = k.findInput(op.getInput());
  if (!from)
    return emitUnsupported(op) << "a constant operand";
  const Buffer &to = k.getOutputs().front();
  int64_t axis = op.getAxis(), size = from->layout.shape[axis];
  auto type = k.lanes(1, b.getF32Type());
  ChannelBlock one{1, 1, 0, 1};
  auto at = [&](const Buffer &buffer, Value base, Value i) {
    return k.add(base, k.mul(i, buffer.layout.strides[axis]));
  };
  auto row = [&](Value fromAt, Value toAt) {
    Value most =
        k.reduce(k.index(0), k.index(size), {k.splatFloat(type, -std::numeric_limits<float>::infinity())},
                 [&](Value i, ValueRange acc) -> SmallVector<Value> {
                   Value x = k.load(*from, at(*from, fromAt, i), one)[0];
                   Value greater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, acc[0]);
                   return {arith::SelectOp::create(b, loc, greater, x, acc[0])};
                 })[0];
    Value sum = k.reduce(k.index(0), k.index(size), {k.splatFloat(type, 0)},
                         [&](Value i, ValueRange acc) -> SmallVector<Value> {
                           Value x = k.load(*from, at(*from, fromAt, i), one)[0];
                           Value e = math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, x, most));
                           k.storeVector(to, at(to, toAt, i), e, 1);
                           return {arith::AddFOp::create(b, loc, acc[0], e)};
                         })[0];
    k.loop(0, size, 1, [&](Value i) {
      Value e = k.load(to, at(to, toAt, i), one)[0];
      k.storeVector(to, at(to, toAt, i), arith::DivFOp::create(b, loc, e, sum), 1);
    });
  };
  std::function<void(int64_t, Value, Value)> nest = [&](int64_t dim, Value fromAt, Value toAt) {
    if (dim == static_cast<int64_t>(from->layout.shape.size()))
      return row(fromAt, toAt);
    if (dim == axis)
      return nest(dim + 1, fromAt, toAt);
    k.loop(0, from->layout.shape[dim], 1, [&](Value i) {
      nest(dim + 1, k.add(fromAt, k.mul(i, from->layout.strides[dim])),
           k.add(toAt, k.mul(i, to.layout.strides[dim])));
    });
  };
  nest(0, k.index(from->layout.origin), k.index(to.layout.origin));
  return success();
}

namespace {
struct SoftmaxModel : KernelOpInterface::ExternalModel<SoftmaxModel, SoftmaxOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Custom; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const {
    return emitSoftmax(cast<SoftmaxOp>(op), k);
  }
};
} // namespace

void narrow::registerSoftmaxKernel(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, NarrowDialect *) { SoftmaxOp::attachInterface<SoftmaxModel>(*context); });
}
