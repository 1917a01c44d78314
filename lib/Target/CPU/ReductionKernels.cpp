//===- ReductionKernels.cpp - Sums, products, extrema of an axis --------===//
#include "KernelModels.h"
#include "StorageEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace narrow;

static FailureOr<Parts> emitReduction(Operation *op, KernelEmitter &k, const Point &point,
                                      const ChannelBlock &block) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  if (block.pack) {
    StorageEmitter s(k);
    return s.emitPlaneSum(*s.matchPlaneSum(op), point, block);
  }
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
  Value input = op->getOperand(0);
  int64_t size = shapeOf(input)[axis];
  bool real = isFloat(input);
  auto type = k.lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
  auto constant = [&](double value) {
    return real ? k.splatFloat(type, value) : k.splat(type, static_cast<int64_t>(value));
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  double start = isa<tosa::ReduceSumOp>(op) ? 0 : isa<tosa::ReduceProductOp>(op) ? 1 : 0;
  if (isa<tosa::ReduceMaxOp>(op))
    start = real ? -infinity : std::numeric_limits<int32_t>::min();
  if (isa<tosa::ReduceMinOp>(op))
    start = real ? infinity : std::numeric_limits<int32_t>::max();
  Parts init(block.parts, constant(start));
  auto saved = k.getTables();
  bool ok = true;
  Parts result =
      k.reduce(k.index(0), k.index(size), init, [&](Value i, ValueRange acc) -> SmallVector<Value> {
        Point at = point;
        at[axis] = i;
        FailureOr<Parts> x = k.evaluate(input, at, block);
        ok &= succeeded(x);
        if (!ok)
          return llvm::to_vector(acc);
        SmallVector<Value> next;
        for (auto [a, v] : llvm::zip(acc, *x)) {
          if (isa<tosa::ReduceSumOp>(op))
            next.push_back(real ? Value(arith::AddFOp::create(b, loc, a, v))
                                : Value(arith::AddIOp::create(b, loc, a, v)));
          else if (isa<tosa::ReduceProductOp>(op))
            next.push_back(real ? Value(arith::MulFOp::create(b, loc, a, v))
                                : Value(arith::MulIOp::create(b, loc, a, v)));
          else if (real)
            next.push_back(arith::SelectOp::create(
                b, loc,
                arith::CmpFOp::create(
                    b, loc,
                    isa<tosa::ReduceMaxOp>(op) ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, v, a),
                v, a));
          else
            next.push_back(isa<tosa::ReduceMaxOp>(op) ? Value(arith::MaxSIOp::create(b, loc, a, v))
                                                      : Value(arith::MinSIOp::create(b, loc, a, v)));
        }
        return next;
      });
  k.setTables(saved); // What was loaded inside of the loop is not visible here.
  if (!ok)
    return failure();
  return result;
}

namespace {
template <typename Op>
struct ReductionModel : KernelOpInterface::ExternalModel<ReductionModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Reduction; }
  StringRef getKernelKind(Operation *) const { return "reduction"; }
  FailureOr<Parts> emitLanes(Operation *op, KernelEmitter &k, const Point &point,
                             const ChannelBlock &block) const {
    return emitReduction(op, k, point, block);
  }
};
} // namespace

void narrow::registerReductionKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::ReduceSumOp::attachInterface<ReductionModel<tosa::ReduceSumOp>>(*context);
    tosa::ReduceMaxOp::attachInterface<ReductionModel<tosa::ReduceMaxOp>>(*context);
    tosa::ReduceMinOp::attachInterface<ReductionModel<tosa::ReduceMinOp>>(*context);
    tosa::ReduceProductOp::attachInterface<ReductionModel<tosa::ReduceProductOp>>(*context);
  });
}
