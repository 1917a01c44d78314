//===- QuantizeKernels.cpp - Quantize and dequantize in lanes (rules N4, N5) ===//
#include "KernelModels.h"
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace narrow;

namespace {

/// What a quantized type means, for lanes.
struct UniformParams {
  std::vector<float> scales;
  std::vector<int64_t> zeroPoints;
  int64_t lo, hi;
};

} // namespace

static std::optional<UniformParams> getParams(Type type) {
  UniformParams params;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type)) {
    params.scales = {static_cast<float>(uniform.getScale())};
    params.zeroPoints = {uniform.getZeroPoint()};
  } else if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    params.scales.assign(perAxis.getScales().begin(), perAxis.getScales().end());
    params.zeroPoints.assign(perAxis.getZeroPoints().begin(), perAxis.getZeroPoints().end());
  } else {
    return std::nullopt;
  }
  params.lo = cast<quant::QuantizedType>(type).getStorageTypeMin();
  params.hi = cast<quant::QuantizedType>(type).getStorageTypeMax();
  return params;
}

static FailureOr<Parts> emitQuantize(QuantizeOp op, KernelEmitter &k, const Point &point,
                                     const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  auto params = getParams(getElementTypeOrSelf(op.getOutput().getType()));
  if (!params || params->hi - params->lo > 65535 || params->hi > 32767)
    return emitUnsupported(op) << "codes of type " << op.getOutput().getType(), failure();
  FailureOr<Parts> input = k.evaluate(op.getInput(), point, block);
  if (failed(input))
    return failure();
  auto floatType = k.lanes(block.width, b.getF32Type());
  auto type = k.lanes(block.width, b.getI32Type());
  Value channel = point.empty() ? Value() : point.back();
  Parts scales = k.loadFloatTable(k.keyOf(op.getOutput(), "s"), params->scales, channel, block);
  Parts zeroPoints = k.loadTable(k.keyOf(op.getOutput(), "z"), params->zeroPoints, channel, block);
  std::vector<float> lows, highs;
  for (int64_t z : params->zeroPoints) {
    lows.push_back(static_cast<float>(params->lo - z));
    highs.push_back(static_cast<float>(params->hi - z));
  }
  Parts low = k.loadFloatTable(k.keyOf(op.getOutput(), "l"), lows, channel, block);
  Parts high = k.loadFloatTable(k.keyOf(op.getOutput(), "h"), highs, channel, block);
  // 1.5 * 2^23 makes the addition round to an integer, ties to even; the
  // clamp before it keeps |t| far below 2^22 and gives the same codes.
  Value magic = k.splatFloat(floatType, 12582912.0f);
  for (auto [p, x] : llvm::enumerate(*input)) {
    Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
    Value t = arith::DivFOp::create(b, loc, x, scales[p]);
    t = arith::SelectOp::create(b, loc, isNan, k.splatFloat(floatType, 0), t);
    t = arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, t, low[p]),
                                low[p], t);
    t = arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, t, high[p]),
                                high[p], t);
    t = arith::SubFOp::create(b, loc, arith::AddFOp::create(b, loc, t, magic), magic);
    x = arith::AddIOp::create(b, loc, arith::FPToSIOp::create(b, loc, type, t), zeroPoints[p]);
  }
  return *input;
}

static FailureOr<Parts> emitDequantize(DequantizeOp op, KernelEmitter &k, const Point &point,
                                       const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  auto params = getParams(getElementTypeOrSelf(op.getInput().getType()));
  if (!params)
    return emitUnsupported(op) << "codes of type " << op.getInput().getType(), failure();
  FailureOr<Parts> input = k.evaluate(op.getInput(), point, block);
  if (failed(input))
    return failure();
  auto floatType = k.lanes(block.width, b.getF32Type());
  Value channel = point.empty() ? Value() : point.back();
  Parts scales = k.loadFloatTable(k.keyOf(op.getOutput(), "s"), params->scales, channel, block);
  Parts zeroPoints = k.loadTable(k.keyOf(op.getOutput(), "z"), params->zeroPoints, channel, block);
  for (auto [p, x] : llvm::enumerate(*input)) {
    x = arith::SIToFPOp::create(b, loc, floatType, arith::SubIOp::create(b, loc, x, zeroPoints[p]));
    x = arith::MulFOp::create(b, loc, x, scales[p]);
  }
  return *input;
}

namespace {

struct QuantizeModel : KernelOpInterface::ExternalModel<QuantizeModel, QuantizeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitQuantize(cast<QuantizeOp>(op), k, point, block);
  }
};

struct DequantizeModel : KernelOpInterface::ExternalModel<DequantizeModel, DequantizeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitDequantize(cast<DequantizeOp>(op), k, point, block);
  }
};

/// Codes and what they mean are the same lanes.
struct StorageCastModel : KernelOpInterface::ExternalModel<StorageCastModel, quant::StorageCastOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return k.evaluate(op->getOperand(0), point, block);
  }
  bool staysInStorage(Operation *op, StorageEmitter &s) const { return s.staysInStorage(op->getOperand(0)); }
  Value emitStored(Operation *op, StorageEmitter &s, const Point &point, int64_t valid,
                   unsigned width) const {
    return s.evaluateStored(op->getOperand(0), point, valid, width);
  }
};

} // namespace

void narrow::registerQuantizeKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    QuantizeOp::attachInterface<QuantizeModel>(*context);
    DequantizeOp::attachInterface<DequantizeModel>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, quant::QuantDialect *) {
    quant::StorageCastOp::attachInterface<StorageCastModel>(*context);
  });
}
