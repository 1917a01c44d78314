//===- AssignBitWidth.cpp - narrow-assign-bit-width -----------------------===//
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"

namespace mlir::narrow {
#define GEN_PASS_DEF_NARROWASSIGNBITWIDTH
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace mlir::narrow

using namespace mlir;
using namespace mlir::narrow;

static SchemeAttr getActivationScheme(MLIRContext *context, const Scheme &scheme) {
  bool symmetric = scheme.activationBits == kWordBits;
  return SchemeAttr::get(context, scheme.activationBits, symmetric,
                         /*restricted=*/false, GranularityKind::PerTensor,
                         /*axis=*/-1, /*group=*/0, scheme.activationFormat);
}

static SchemeAttr getWeightScheme(MLIRContext *context, const Scheme &scheme) {
  return SchemeAttr::get(context, scheme.weightBits, /*symmetric=*/true,
                         /*restricted=*/true, GranularityKind::PerTensor,
                         /*axis=*/-1, /*group=*/0, scheme.weightFormat);
}

/// Whether nothing computes with the codes of `op`: it leaves the network.
static bool isResult(ObserveOp op) {
  return llvm::none_of(getReaders(op.getOutput()), [](Operation *reader) { return getQuantizable(reader); });
}

/// Whether what `op` observes is looked up in a table, which has 8-bit entries.
static bool isLookedUp(ObserveOp op) {
  SmallVector<Operation *> producers = getMergedProducers(op.getInput());
  auto quantizable = producers.empty() ? QuantizableOpInterface() : getQuantizable(producers.back());
  return quantizable && quantizable.getQuantizationKind() == QuantizationKind::Elementwise;
}

/// Puts a weight observer on an operand, or takes the one that is there.
static ObserveOp observeConstant(OpOperand &operand, const Twine &id) {
  if (auto existing = operand.get().getDefiningOp<ObserveOp>())
    return existing;
  Operation *user = operand.getOwner();
  OpBuilder builder(user);
  auto observe = ObserveOp::create(builder, user->getLoc(), operand.get(), id.str(),
                                   /*weight=*/true, RangeAttr(), SchemeAttr(), TypeAttr());
  operand.set(observe.getOutput());
  return observe;
}

namespace {

struct AssignBitWidth : mlir::narrow::impl::NarrowAssignBitWidthBase<AssignBitWidth> {
  using NarrowAssignBitWidthBase::NarrowAssignBitWidthBase;

  void runOnOperation() override {
    llvm::Expected<SchemeRules> rules = SchemeRules::parse(scheme, overrides);
    if (!rules) {
      getOperation().emitError(llvm::toString(rules.takeError()));
      return signalPassFailure();
    }
    SmallVector<QuantizableOpInterface> ops;
    getOperation().walk([&](QuantizableOpInterface op) {
      if (getQuantizable(op))
        ops.push_back(op);
    });
    // All ids are looked up before an op is kept float, which dissolves its
    // merged clamps.
    SmallVector<SchemeRules::Match> matches;
    for (QuantizableOpInterface op : ops)
      matches.push_back(rules->match(getIds(op)));
    getOperation().walk([&](ObserveOp op) {
      if (!op.getWeight())
        assignActivation(op, rules->match(op.getId()));
    });
    for (StringRef text : rules->getUnmatched()) {
      getOperation().emitError() << "override '" << text
                                 << "' matches no id of the network; it has to match the whole id";
      signalPassFailure();
    }
    for (auto [op, match] : llvm::zip_equal(ops, matches)) {
      if (match.scheme.keepFloat)
        keepFloat(op, match);
      else if (failed(observeConstants(op, match.scheme)))
        signalPassFailure();
    }
  }

private:
  void keepFloat(Operation *op, const SchemeRules::Match &match) {
    op->setAttr(kFloatReasonAttr,
                StringAttr::get(op->getContext(), "kept float by override '" + match.override + "'"));
    ++numFloat;
  }

  void assignActivation(ObserveOp op, const SchemeRules::Match &match) {
    Scheme scheme = match.scheme;
    // Few bits are for the sake of the op that computes with them: a result that no op
    // reads keeps 8 unless it is meant by name.
    if (match.override.empty() && isResult(op))
      scheme.activationBits = std::max(scheme.activationBits, 8u);
    if (scheme.activationBits > 8 && !scheme.keepFloat && isLookedUp(op)) {
      scheme.activationBits = 8;
      if (!match.override.empty())
        op.emitRemark() << "'" << op.getId() << "' has 8 bits, not " << kWordBits << " as override '"
                        << match.override << "' asks: it is looked up in a table of 8-bit codes";
    }
    op.setSchemeAttr(getActivationScheme(op.getContext(), scheme));
    // Float for an argument or the result of an op without integer form: it is
    // not quantized for its readers.
    if (match.scheme.keepFloat && !getQuantizable(op.getInput().getDefiningOp()))
      keepFloat(op, match);
  }

  LogicalResult observeConstants(QuantizableOpInterface op, const Scheme &scheme) {
    StringRef id = getTensorId(op->getResult(0));
    auto observe = [&](unsigned index, const Twine &name, SchemeAttr attr) -> LogicalResult {
      OpOperand &operand = op->getOpOperand(index);
      if (!getConstant(operand.get()))
        return success(); // Activations, and weights of a model that came
                          // quantized.
      if (id.empty())
        return op->emitError("its constant is to be observed but it has no id; "
                             "run --narrow-assign-ids first");
      observeConstant(operand, id + name).setSchemeAttr(attr);
      ++numWeights;
      return success();
    };
    if (op.getQuantizationKind() == QuantizationKind::Contraction)
      return observe(*op.getWeightOperand(), "/weight", getWeightScheme(op->getContext(), scheme));
    // A concat of float values stays float, its constants too.
    if (joinsCodes(op) && getMissingPoint(op, QuantizationStage::Observed))
      return success();
    for (unsigned index : op.getActivationOperands())
      if (failed(observe(index, "/operand" + Twine(index), getActivationScheme(op->getContext(), scheme))))
        return failure();
    return success();
  }
};

} // namespace
