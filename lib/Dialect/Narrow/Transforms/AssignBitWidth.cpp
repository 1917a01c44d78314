//===- AssignBitWidth.cpp - narrow-assign-bit-width -----------------------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWASSIGNBITWIDTH
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

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

/// The contractions whose input has a scale for each token: what they read becomes
/// `per_token`, with 16-bit codes, and what that is a sum of or is clamped from as well.
class TokenCodes {
public:
  void add(QuantizableOpInterface contraction, unsigned bits) { contractions.insert({contraction, bits}); }
  size_t size() const { return contractions.size(); }
  LogicalResult assign() {
    for (auto [op, bits] : contractions) {
      user = cast<QuantizableOpInterface>(op);
      if (!readsTokens(user))
        return fail("it does not multiply whole rows along the last axis of its input");
      if (failed(widen(user->getOperand(user.getActivationOperands().front()))))
        return failure();
    }
    return success();
  }

private:
  LogicalResult fail(const Twine &why) {
    return user->emitError()
           << "'" << getTensorId(user->getResult(0))
           << "' cannot have activations per token (a<bits>t): " << why
           << "; supported are fully connected layers and 1x1 convolutions of one group without stride and "
              "padding whose input is an input of the network, or comes from an op that stays float, or is "
              "made of these and of results of contractions by addition, subtraction, maximum, minimum, "
              "clamps, reshape, transpose and slice; give the op activations without t by an override";
  }
  LogicalResult widen(Value value);
  LogicalResult widenProducer(ObserveOp observe);
  FailureOr<unsigned> getBits(ObserveOp observe);

  llvm::MapVector<Operation *, unsigned> contractions;
  QuantizableOpInterface user; ///< for which the others are made wide
  DenseSet<Operation *> wide;
};

} // namespace

/// `value`, which is read as 16-bit codes, gets such.
LogicalResult TokenCodes::widen(Value value) {
  for (Operation *op = value.getDefiningOp(); op && movesCodes(op); op = value.getDefiningOp()) {
    if (!movesWideCodes(op))
      return fail("its input comes through " + op->getName().getStringRef());
    value = op->getOperand(0);
  }
  if (getConstant(value) || isFusedAccumulator(value))
    return success();
  auto observe = value.getDefiningOp<ObserveOp>();
  if (!observe)
    return fail("its input has no observer");
  // What stays float keeps its readers float, and constants have codes of their own.
  if (observe.getWeight() || observe->hasAttr(attrs::floatReason) || !wide.insert(observe).second)
    return success();
  if (failed(widenProducer(observe)))
    return failure();
  FailureOr<unsigned> bits = getBits(observe);
  if (failed(bits))
    return failure();
  observe.setSchemeAttr(SchemeAttr::get(observe.getContext(), *bits, /*symmetric=*/true, /*restricted=*/true,
                                        GranularityKind::PerToken, /*axis=*/-1, /*group=*/0));
  return success();
}

LogicalResult TokenCodes::widenProducer(ObserveOp observe) {
  SmallVector<Operation *> producers = getMergedProducers(observe.getInput());
  auto producer = producers.empty() ? QuantizableOpInterface() : getQuantizable(producers.back());
  if (!producer || producer.getQuantizationKind() == QuantizationKind::Contraction)
    return success();
  if (producer.getQuantizationKind() != QuantizationKind::Clamp && !addsWideCodes(producer))
    return fail("its input is made of '" + observe.getId() + "', which " +
                producer->getName().getStringRef() + " computes from 8-bit codes");
  for (unsigned index : producer.getActivationOperands())
    if (failed(widen(producer->getOperand(index))))
      return failure();
  return success();
}

/// The bits that contractions read `observe` in, if all who read it can work with wide codes.
FailureOr<unsigned> TokenCodes::getBits(ObserveOp observe) {
  std::optional<unsigned> bits;
  SmallVector<Value> worklist{observe.getOutput()};
  while (!worklist.empty())
    for (Operation *reader : worklist.pop_back_val().getUsers()) {
      auto quantizable = getQuantizable(reader);
      if (!quantizable || addsWideCodes(reader) || joinsCodes(reader) ||
          quantizable.getQuantizationKind() == QuantizationKind::Clamp)
        continue;
      if (movesWideCodes(reader)) {
        worklist.push_back(reader->getResult(0));
        continue;
      }
      std::string name = "its input is made of '" + observe.getId().str() + "', which '" +
                         getTensorId(reader->getResult(0)).str() + "' (" +
                         reader->getName().getStringRef().str() + ") reads ";
      auto it = contractions.find(reader);
      if (it == contractions.end())
        return fail(name + "with one scale for all tokens");
      if (bits && *bits != it->second)
        return fail(name + "in " + Twine(it->second) + " bits, and another op in " + Twine(*bits));
      bits = it->second;
    }
  return bits.value_or(8);
}

namespace {

struct AssignBitWidth : narrow::impl::NarrowAssignBitWidthBase<AssignBitWidth> {
  using NarrowAssignBitWidthBase::NarrowAssignBitWidthBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
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
    llvm::StringSet<> effective; // overrides
    SmallVector<StringRef> ids;
    getOperation().walk([&](ObserveOp op) {
      ids.push_back(op.getId());
      if (op.getWeight())
        return;
      SchemeRules::Match match = rules->match(op.getId());
      effective.insert(match.override);
      assignActivation(op, match);
    });
    for (QuantizableOpInterface op : ops)
      llvm::append_range(ids, getIds(op));
    for (StringRef text : rules->getUnmatched()) {
      getOperation().emitError()
          << "override '" << text
          << "' matches no id of the network; it has to match the whole id, the name of a "
             "tensor"
          << suggestIds(text, ids);
      signalPassFailure();
    }
    for (auto [op, match] : llvm::zip_equal(ops, matches))
      if (match.scheme.keepFloat || !movesCodes(op))
        effective.insert(match.override);
    for (auto [op, match] : llvm::zip_equal(ops, matches))
      if (effective.insert(match.override).second)
        getOperation().emitWarning() << "override '" << match.override << "' has no effect: '"
                                     << getTensorId(op->getResult(0))
                                     << "' moves codes, and has those of what it reads";
    for (auto [op, match] : llvm::zip_equal(ops, matches)) {
      if (match.scheme.keepFloat)
        keepFloat(op, match);
      else if (failed(observeConstants(op, match.scheme)))
        signalPassFailure();
    }
    TokenCodes tokens;
    for (auto [op, match] : llvm::zip_equal(ops, matches)) {
      if (!getQuantizable(op) || op.getQuantizationKind() != QuantizationKind::Contraction)
        continue;
      if (match.scheme.activationsPerToken)
        tokens.add(op, match.scheme.activationBits);
      if (match.scheme.activationsBinary)
        op->setAttr(attrs::binaryInput, UnitAttr::get(&getContext()));
    }
    // A scheme of all ops has one error, not one for each.
    if (failed(tokens.assign()))
      signalPassFailure();
    numTokens += tokens.size();
  }

private:
  void keepFloat(Operation *op, const SchemeRules::Match &match) {
    op->setAttr(attrs::floatReason,
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
