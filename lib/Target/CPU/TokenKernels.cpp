//===- TokenKernels.cpp - A scale for each token in lanes ---------------===//
//
// Rules N73 and N74. The maximum of a token is one number for all lanes.
//
//===----------------------------------------------------------------------===//
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Numerics/Tokens.h"

using namespace mlir;
using namespace narrow;

/// One lane at `point`, whose last index is 0: the row's channels are read here.
static FailureOr<Parts> emitMaxima(TokenMaximaOp op, KernelEmitter &k, const Point &point,
                                   const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  const TargetDescription &target = k.getTarget();
  int64_t channels = shapeOf(op.getInput()).back(), done = 0;
  Value most = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
  auto saved = k.getTables();
  bool ok = true;
  // Whole vectors in lanes of their own, then ever shorter ones.
  for (unsigned width = target.lanes; width >= 1 && done < channels; width /= 2) {
    int64_t count = (channels - done) / width;
    if (count == 0)
      continue;
    ChannelBlock piece{width, 1, 0, width};
    auto type = k.lanes(width, b.getI32Type());
    Value lanesOfMost = k.reduce(k.index(0), k.index(count), k.splat(type, 1), [&](Value i, ValueRange acc) {
      Point at = point;
      at.back() = k.add(k.mul(i, width), done);
      k.forgetTables();
      FailureOr<Parts> x = k.evaluate(op.getInput(), at, piece);
      ok &= succeeded(x);
      if (!ok)
        return llvm::to_vector(acc);
      Value magnitude = math::AbsIOp::create(b, loc, x->front());
      return SmallVector<Value>{arith::MaxSIOp::create(b, loc, acc.front(), magnitude)};
    })[0];
    Value one = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXSI, lanesOfMost);
    most = arith::MaxSIOp::create(b, loc, most, one);
    done += count * width;
  }
  k.setTables(saved); // What was loaded inside of a loop is not visible here.
  if (!ok)
    return failure();
  return Parts(block.parts, vector::BroadcastOp::create(b, loc, k.lanes(block.width, b.getI32Type()), most));
}

static FailureOr<Parts> emitQuantized(QuantizeTokensOp op, KernelEmitter &k, const Point &point,
                                      const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  FailureOr<Parts> x = k.evaluate(op.getInput(), point, block);
  // One division for all lanes.
  FailureOr<Parts> maximum = k.evaluate(op.getMaxima(), point, {1, 1, 0, 1});
  if (failed(x) || failed(maximum))
    return failure();
  constexpr int64_t bits = numerics::tokenFractionBits;
  auto one = k.lanes(1, b.getI32Type()), type = k.lanes(block.width, b.getI32Type());
  Value quotient = arith::DivSIOp::create(b, loc, k.splat(one, op.getLargest() << bits), maximum->front());
  Value scalar = vector::ExtractOp::create(b, loc, quotient, ArrayRef<int64_t>{0});
  Value reciprocal = vector::BroadcastOp::create(b, loc, type, scalar);
  for (Value &lane : *x) { // All of it fits 32 bits.
    lane = arith::MulIOp::create(b, loc, lane, reciprocal);
    lane = arith::AddIOp::create(b, loc, lane, k.splat(type, int64_t{1} << (bits - 1)));
    lane = arith::ShRSIOp::create(b, loc, lane, k.splat(type, bits));
  }
  return *x;
}

static FailureOr<Parts> emitRescaled(RescaleTokensOp op, KernelEmitter &k, const Point &point,
                                     const ChannelBlock &block) {
  FailureOr<Parts> sums = k.evaluate(op.getSums(), point, block),
                   maxima = k.evaluate(op.getMaxima(), point, block);
  if (failed(sums) || failed(maxima))
    return failure();
  return k.map({*sums, *maxima},
               [&](ArrayRef<Value> x) { return k.shiftedProduct(x[0], x[1], op.getShift()); });
}

namespace {

struct TokenMaximaModel : KernelOpInterface::ExternalModel<TokenMaximaModel, TokenMaximaOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Reduction; }
  StringRef getKernelKind(Operation *) const { return "reduction"; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitMaxima(cast<TokenMaximaOp>(op), k, point, block);
  }
};

struct QuantizeTokensModel : KernelOpInterface::ExternalModel<QuantizeTokensModel, QuantizeTokensOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  // Tokens of one element are tokens still.
  bool dependsOnShape(Operation *) const { return true; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitQuantized(cast<QuantizeTokensOp>(op), k, point, block);
  }
};

struct RescaleTokensModel : KernelOpInterface::ExternalModel<RescaleTokensModel, RescaleTokensOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitRescaled(cast<RescaleTokensOp>(op), k, point, block);
  }
};

} // namespace

void narrow::registerTokenKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    TokenMaximaOp::attachInterface<TokenMaximaModel>(*context);
    QuantizeTokensOp::attachInterface<QuantizeTokensModel>(*context);
    RescaleTokensOp::attachInterface<RescaleTokensModel>(*context);
  });
}
