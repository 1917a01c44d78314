//===- AssignBitWidth.cpp - narrow-assign-bit-width -----------------------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
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
  return SchemeAttr::get(context, scheme.activationBits, /*symmetric=*/false,
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

/// Whether `op` is computed in i32 of operands of any width.
static bool addsWideCodes(Operation *op) {
  return isa<tosa::AddOp, tosa::SubOp, tosa::MaximumOp, tosa::MinimumOp>(op);
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
    DenseMap<Operation *, unsigned> tokenBits; // Looked up only, never iterated.
    for (auto [op, match] : llvm::zip_equal(ops, matches))
      if (getQuantizable(op) && op.getQuantizationKind() == QuantizationKind::Contraction &&
          match.scheme.activationsPerToken)
        tokenBits[op] = match.scheme.activationBits;
    for (QuantizableOpInterface op : ops)
      if (tokenBits.contains(op) && failed(assignTokens(op, tokenBits)))
        return signalPassFailure(); // Of one scheme for all: one error.
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
      scheme.activationBits = 8;
    op.setSchemeAttr(getActivationScheme(op.getContext(), scheme));
    // Float for an argument or the result of an op without integer form: it is
    // not quantized for its readers.
    if (match.scheme.keepFloat && !getQuantizable(op.getInput().getDefiningOp()))
      keepFloat(op, match);
  }

  /// Makes the codes of what `op` reads 16 bits, of which each token gets codes of its own.
  LogicalResult assignTokens(QuantizableOpInterface op, const DenseMap<Operation *, unsigned> &tokenBits) {
    auto fail = [&](const Twine &why) {
      return op->emitError()
             << "'" << getTensorId(op->getResult(0)) << "' cannot have activations per token (a<bits>t): " << why
             << "; supported are fully connected layers and 1x1 convolutions of one group without stride and "
                "padding that read an input of the network, what stays float, or the result of a contraction, "
                "an addition, subtraction, maximum or minimum and its clamps, through reshape, transpose and "
                "slice; choose activations without t for the op by an override";
    };
    if (!readsTokens(op))
      return fail("it does not multiply whole rows along the last axis of its input");
    Value value = op->getOperand(op.getActivationOperands().front());
    for (; value.getDefiningOp() && movesCodes(value.getDefiningOp()); value = value.getDefiningOp()->getOperand(0))
      if (!movesWideCodes(value.getDefiningOp()))
        return fail("its input comes through " + value.getDefiningOp()->getName().getStringRef());
    auto observe = value.getDefiningOp<ObserveOp>();
    if (!observe || observe.getWeight())
      return fail("its input is a constant");
    if (observe->hasAttr(kFloatReasonAttr))
      return success(); // So is the op.
    std::string id = "'" + observe.getId().str() + "'";
    SmallVector<Operation *> producers = getMergedProducers(observe.getInput());
    if (auto producer = producers.empty() ? QuantizableOpInterface() : getQuantizable(producers.back()))
      if (producer.getQuantizationKind() != QuantizationKind::Contraction && !addsWideCodes(producer))
        return fail("its input " + id + " is computed by " + producer->getName().getStringRef() +
                    ", which has only 8-bit codes to give");
    for (Operation *reader : getReaders(observe.getOutput())) {
      auto quantizable = getQuantizable(reader);
      if (!quantizable || addsWideCodes(reader))
        continue;
      auto bits = tokenBits.find(reader);
      if (bits == tokenBits.end())
        return fail("its input " + id + " is also read by '" + getTensorId(reader->getResult(0)) + "' (" +
                    reader->getName().getStringRef() + "), which needs one scale for all tokens");
      if (bits->second != tokenBits.lookup(op))
        return fail("its input " + id + " is also read by '" + getTensorId(reader->getResult(0)) + "' in " +
                    Twine(bits->second) + " bits, not " + Twine(tokenBits.lookup(op)));
    }
    observe.setSchemeAttr(SchemeAttr::get(op->getContext(), tokenBits.lookup(op), /*symmetric=*/true,
                                          /*restricted=*/true, GranularityKind::PerToken, /*axis=*/-1,
                                          /*group=*/0));
    ++numTokens;
    return success();
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
