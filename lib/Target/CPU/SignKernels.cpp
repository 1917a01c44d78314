//===- SignKernels.cpp - Codes become words of signs --------------------===//
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Numerics/Signs.h"

using namespace mlir;
using namespace narrow;

static LogicalResult emitPackSigns(PackSignsOp op, KernelEmitter &k) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  constexpr int64_t perWord = numerics::signsPerWord;
  const Buffer *from = k.findInput(op.getInput());
  if (!from)
    return emitUnsupported(op) << "a constant operand";
  const Buffer &to = k.getOutputs().front();
  const BufferLayout &in = from->layout;
  auto word = k.lanes(1, b.getI32Type());
  Value threshold =
      k.splat(k.lanes(perWord, in.element), static_cast<int64_t>(op.getThreshold()) + in.codeOffset);
  auto predicate = in.isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  auto pack = [&](Value toAt, Value fromAt, int64_t valid) {
    Value codes = k.loadVector(*from, fromAt, valid, perWord);
    Value bits = arith::CmpIOp::create(b, loc, predicate, codes, threshold);
    bits = vector::BitCastOp::create(b, loc, word, bits);
    if (valid < perWord)
      bits = arith::AndIOp::create(b, loc, bits, k.splat(word, (int64_t{1} << valid) - 1));
    k.storeVector(to, toAt, bits, 1);
  };
  size_t last = in.shape.size() - 1;
  std::function<void(size_t, Value, Value)> nest = [&](size_t axis, Value toAt, Value fromAt) {
    if (axis < last) {
      k.loop(0, in.shape[axis], 1, [&](Value i) {
        nest(axis + 1, k.add(toAt, k.mul(i, to.layout.strides[axis])),
             k.add(fromAt, k.mul(i, in.strides[axis])));
      });
      return;
    }
    int64_t whole = in.shape[axis] / perWord;
    k.loop(0, whole, 1, [&](Value i) { pack(k.add(toAt, i), k.add(fromAt, k.mul(i, perWord)), perWord); });
    if (int64_t rest = in.shape[axis] - whole * perWord)
      pack(k.add(toAt, whole), k.add(fromAt, whole * perWord), rest);
  };
  nest(0, k.index(to.layout.origin), k.index(in.origin));
  return success();
}

namespace {
struct PackSignsModel : KernelOpInterface::ExternalModel<PackSignsModel, PackSignsOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Custom; }
  StringRef getKernelKind(Operation *) const { return "signs"; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const {
    return emitPackSigns(cast<PackSignsOp>(op), k);
  }
};
} // namespace

void narrow::registerSignKernels(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, NarrowDialect *) { PackSignsOp::attachInterface<PackSignsModel>(*context); });
}
