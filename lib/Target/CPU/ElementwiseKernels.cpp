//===- ElementwiseKernels.cpp - Integers element by element ---------------===//
//
// What functions of one element compute with floats, they say themselves
// (ScalarFunctionOpInterface).
//
//===----------------------------------------------------------------------===//
#include "KernelModels.h"
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

/// One op of lanes with as many operands as there are lanes of.
static FailureOr<Parts> emitEach(ValueRange operands, KernelEmitter &k, const Point &point,
                                 const ChannelBlock &block, function_ref<Value(ArrayRef<Value>)> combine) {
  SmallVector<Parts> lanes;
  for (Value operand : operands) {
    FailureOr<Parts> parts = k.evaluate(operand, point, block);
    if (failed(parts))
      return failure();
    lanes.push_back(std::move(*parts));
  }
  return LaneEmitter::map(lanes, combine);
}

static bool isInteger(Operation *op) { return !isFloat(op->getOperand(0)); }

static FailureOr<Parts> emitNone(Operation *op) {
  return emitUnsupported(op) << "no code for it on " << op->getOperand(0).getType(), failure();
}

namespace {

template <typename Op>
struct ElementwiseModel {
  template <typename Model>
  struct Base : KernelOpInterface::ExternalModel<Model, Op> {
    KernelRole getKernelRole(Operation *) const { return KernelRole::Elementwise; }
  };
};

/// Two i32 operands and an op of arith.
template <typename Op, typename ArithOp>
struct BinaryModel : ElementwiseModel<Op>::template Base<BinaryModel<Op, ArithOp>> {
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    if (!isInteger(op))
      return emitNone(op);
    return emitEach(op->getOperands().take_front(2), k, point, block, [&](ArrayRef<Value> x) -> Value {
      return ArithOp::create(k.getBuilder(), k.getLoc(), x[0], x[1]);
    });
  }
};

struct MulModel : ElementwiseModel<tosa::MulOp>::Base<MulModel> {
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    auto shift = getIntegers(cast<tosa::MulOp>(op).getShift());
    if (!isInteger(op) || !shift || shift->front() != 0)
      return emitUnsupported(op) << "an integer product with a shift", failure();
    return BinaryModel<tosa::MulOp, arith::MulIOp>().emitLanes(op, k, point, block);
  }
};

struct ShiftModel : ElementwiseModel<tosa::ArithmeticRightShiftOp>::Base<ShiftModel> {
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    if (cast<tosa::ArithmeticRightShiftOp>(op).getRound())
      return emitUnsupported(op) << "a rounding shift", failure();
    return BinaryModel<tosa::ArithmeticRightShiftOp, arith::ShRSIOp>().emitLanes(op, k, point, block);
  }
};

struct AbsModel : ElementwiseModel<tosa::AbsOp>::Base<AbsModel> {
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitEach(op->getOperands(), k, point, block, [&](ArrayRef<Value> x) -> Value {
      return math::AbsIOp::create(k.getBuilder(), k.getLoc(), x[0]);
    });
  }
};

struct CastModel : ElementwiseModel<tosa::CastOp>::Base<CastModel> {
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    if (!isInteger(op) || !getElementTypeOrSelf(op->getResult(0)).isInteger(8))
      return emitNone(op);
    OpBuilder &b = k.getBuilder();
    auto type = k.lanes(block.width, b.getI32Type());
    // The low byte, as a signed number.
    return emitEach(op->getOperands(), k, point, block, [&](ArrayRef<Value> x) -> Value {
      Value upper = k.splat(type, 24);
      return arith::ShRSIOp::create(b, k.getLoc(), arith::ShLIOp::create(b, k.getLoc(), x[0], upper), upper);
    });
  }
};

struct ClampModel : ElementwiseModel<tosa::ClampOp>::Base<ClampModel> {
  static std::pair<int64_t, int64_t> getBounds(Operation *op) {
    auto clamp = cast<tosa::ClampOp>(op);
    return {cast<IntegerAttr>(clamp.getMinValAttr()).getInt(),
            cast<IntegerAttr>(clamp.getMaxValAttr()).getInt()};
  }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    OpBuilder &b = k.getBuilder();
    Location loc = k.getLoc();
    auto [lo, hi] = getBounds(op);
    auto type = k.lanes(block.width, b.getI32Type());
    return emitEach(op->getOperands(), k, point, block, [&, lo = lo, hi = hi](ArrayRef<Value> x) -> Value {
      Value above = arith::MaxSIOp::create(b, loc, x[0], k.splat(type, lo));
      return arith::MinSIOp::create(b, loc, above, k.splat(type, hi));
    });
  }
  bool staysInStorage(Operation *op, StorageEmitter &s) const { return s.staysInStorage(op->getOperand(0)); }
  Value emitStored(Operation *op, StorageEmitter &s, const Point &point, int64_t valid,
                   unsigned width) const {
    auto [lo, hi] = getBounds(op);
    return s.clampStored(s.evaluateStored(op->getOperand(0), point, valid, width), lo, hi);
  }
};

/// KernelEmitter computes its lanes, with what is behind it.
struct RescaleModel : ElementwiseModel<tosa::RescaleOp>::Base<RescaleModel> {
  bool staysInStorage(Operation *op, StorageEmitter &s) const {
    return s.matchCodeSum(cast<tosa::RescaleOp>(op)).has_value();
  }
  Value emitStored(Operation *op, StorageEmitter &s, const Point &point, int64_t valid,
                   unsigned width) const {
    return s.emitCodeSum(*s.matchCodeSum(cast<tosa::RescaleOp>(op)), point, valid, width);
  }
};

struct TableModel : ElementwiseModel<tosa::TableOp>::Base<TableModel> {
  static std::optional<std::vector<int64_t>> getEntries(Operation *op) {
    auto entries = getIntegers(cast<tosa::TableOp>(op).getTable());
    if (entries && entries->size() != 256)
      entries.reset();
    return entries;
  }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    OpBuilder &b = k.getBuilder();
    Location loc = k.getLoc();
    auto entries = getEntries(op);
    if (!entries)
      return emitUnsupported(op) << "a table that is not a constant of 256 codes", failure();
    auto type = k.lanes(block.width, b.getI32Type());
    Value memref = k.globalTable("lookup", std::vector<int32_t>(entries->begin(), entries->end()));
    FailureOr<Parts> result = k.evaluate(op->getOperand(0), point, block);
    if (failed(result))
      return failure();
    // What is in lanes without a channel is not a code: it may lie anywhere outside of the table.
    for (auto [part, x] : llvm::enumerate(*result)) {
      SmallVector<bool> exists;
      for (unsigned lane = 0; lane < block.width; ++lane)
        exists.push_back(block.channelOf(part * block.width + lane) < block.valid);
      auto maskType = k.lanes(block.width, b.getI1Type());
      Value mask = arith::ConstantOp::create(b, loc, maskType, DenseElementsAttr::get(maskType, exists));
      Value at = arith::AddIOp::create(b, loc, x, k.splat(type, 128));
      x = vector::GatherOp::create(b, loc, type, memref, ValueRange{k.index(0)}, at, mask, k.splat(type, 0));
    }
    return result;
  }
  bool staysInStorage(Operation *op, StorageEmitter &s) const {
    return getEntries(op) && s.staysInStorage(op->getOperand(0));
  }
  Value emitStored(Operation *op, StorageEmitter &s, const Point &point, int64_t valid,
                   unsigned width) const {
    return s.lookUp(s.evaluateStored(op->getOperand(0), point, valid, width), *getEntries(op), valid);
  }
};

template <typename Op, typename ArithOp>
void attachBinary(MLIRContext *context) {
  Op::template attachInterface<BinaryModel<Op, ArithOp>>(*context);
}

} // namespace

void narrow::registerElementwiseKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attachBinary<tosa::AddOp, arith::AddIOp>(context);
    attachBinary<tosa::SubOp, arith::SubIOp>(context);
    attachBinary<tosa::MaximumOp, arith::MaxSIOp>(context);
    attachBinary<tosa::MinimumOp, arith::MinSIOp>(context);
    attachBinary<tosa::BitwiseXorOp, arith::XOrIOp>(context);
    tosa::MulOp::attachInterface<MulModel>(*context);
    tosa::ArithmeticRightShiftOp::attachInterface<ShiftModel>(*context);
    tosa::AbsOp::attachInterface<AbsModel>(*context);
    tosa::CastOp::attachInterface<CastModel>(*context);
    tosa::ClampOp::attachInterface<ClampModel>(*context);
    tosa::RescaleOp::attachInterface<RescaleModel>(*context);
    tosa::TableOp::attachInterface<TableModel>(*context);
  });
}
