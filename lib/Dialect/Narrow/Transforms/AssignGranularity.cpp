//===- AssignGranularity.cpp - narrow-assign-granularity ------------------===//
#include "mlir/IR/Threading.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include <cmath>
#include <map>
#include <span>

namespace narrow {
#define GEN_PASS_DEF_NARROWASSIGNGRANULARITY
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;
using numerics::CodeSpec;
using numerics::Interval;
using numerics::RangeMethod;

namespace {

/// Values of the observed constant, those of one channel after the other.
struct Channels {
  std::vector<float> values;
  size_t size; ///< of a channel
  size_t count() const { return values.size() / size; }
  std::span<const float> operator[](size_t channel) const {
    return std::span<const float>(values).subspan(channel * size, size);
  }
};

/// The range that another tool chose for a weight, an interval for each channel.
struct Given {
  SmallVector<double> lo, hi;
  bool fullCodes; ///< -128 is one of them
};

struct AssignGranularity : narrow::impl::NarrowAssignGranularityBase<AssignGranularity> {
  using NarrowAssignGranularityBase::NarrowAssignGranularityBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    auto fail = [&](llvm::Error error) {
      getOperation().emitError(llvm::toString(std::move(error)));
      signalPassFailure();
    };
    llvm::Expected<SchemeRules> schemes = SchemeRules::parse(scheme, overrides);
    if (!schemes)
      return fail(schemes.takeError());
    llvm::Expected<RangeRules> methods = RangeRules::parse(weightMethod, ranges, percentile);
    if (!methods)
      return fail(methods.takeError());
    if (failed(methods->verifyMatched(getOperation())))
      return signalPassFailure();
    refused.clear();
    // What is wrong with one weight is often wrong with all.
    WalkResult result = getOperation().walk([&](ObserveOp op) {
      return op.getWeight() && failed(assign(op, *schemes, *methods)) ? WalkResult::interrupt()
                                                                      : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (auto [tool, count] : refused)
      getOperation().emitRemark() << "scales that " << tool << " chose for " << count
                                  << (count == 1 ? " weight" : " weights")
                                  << " are not used: groups, formats and --weight-method choose "
                                     "their own, or the number of channels is another";
  }

private:
  std::map<StringRef, size_t> refused; ///< tools, and how many of their ranges are not taken
  LogicalResult assign(ObserveOp op, SchemeRules &schemes, RangeRules &methods);
};

} // namespace

/// The tool whose table has a range of the weight; empty: none.
static StringRef getGivenBy(ObserveOp op) {
  RangeAttr range = op.getRangeAttr();
  return range && range.getOrigin() == RangeOrigin::Tool ? range.getSource() : StringRef();
}

/// What a table has, for `channels` scales of `bits`.
static std::optional<Given> readGiven(RangeAttr range, size_t channels, bool symmetric, int64_t bits) {
  Given given{{}, {}, /*fullCodes=*/false};
  for (auto [min, max] : llvm::zip_equal(range.getMin(), range.getMax())) {
    double lo = min, hi = max;
    if (symmetric) {
      // [-8 s, 7 s] are the 16 codes of 4 bits, of which the last one below has no counterpart.
      double scale = (max - min) / (std::ldexp(1, static_cast<int>(bits)) - 1), excess = -min - max;
      given.fullCodes |= excess > 0.5 * scale && excess < 1.5 * scale;
      bool isCentred = excess > -0.5 * scale && excess < 1.5 * scale;
      hi = isCentred ? std::min(-min, max) : std::max(std::abs(min), std::abs(max));
      lo = -hi;
    }
    given.lo.push_back(lo);
    given.hi.push_back(hi);
  }
  if (given.lo.size() == channels)
    return given;
  if (given.lo.size() != 1 && channels != 1)
    return std::nullopt;
  given.lo.assign(channels, *llvm::min_element(given.lo));
  given.hi.assign(channels, *llvm::max_element(given.hi));
  return given;
}

/// The channels along `axis`; one if there is no axis.
static FailureOr<Channels> readChannels(ObserveOp op, std::optional<int64_t> axis) {
  auto type = cast<RankedTensorType>(op.getType());
  auto fail = [&](const Twine &what) { return op.emitError() << "constant '" << op.getId() << "' " << what; };
  if (!type.hasStaticShape() || type.getNumElements() == 0)
    return fail("has no elements to take a range of");
  if (!getConstant(op.getInput()))
    return fail("is no constant, though its observer is marked weight");
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!values || static_cast<int64_t>(values->size()) != type.getNumElements())
    return fail("cannot be read: its data are missing");
  for (auto [index, value] : llvm::enumerate(*values))
    if (!std::isfinite(value))
      return fail("has the value " + Twine(std::isnan(value) ? "NaN" : "Inf") + " at element " +
                  Twine(index));
  if (!axis)
    return Channels{*values, values->size()};
  size_t channels = type.getDimSize(*axis), inner = 1;
  for (int64_t dim : type.getShape().drop_front(*axis + 1))
    inner *= dim;
  Channels result{{}, values->size() / channels};
  result.values.reserve(values->size());
  for (size_t channel = 0; channel < channels; ++channel)
    for (size_t outer = 0; outer < result.size / inner; ++outer) {
      auto row = values->begin() + static_cast<ptrdiff_t>((outer * channels + channel) * inner);
      result.values.insert(result.values.end(), row, row + static_cast<ptrdiff_t>(inner));
    }
  return result;
}

LogicalResult AssignGranularity::assign(ObserveOp op, SchemeRules &schemes, RangeRules &methods) {
  SchemeAttr scheme = op.getSchemeAttr();
  if (!scheme)
    return op.emitError() << "observer '" << op.getId()
                          << "' has no scheme; run --narrow-assign-bit-width first";
  // A constant activation has one scale.
  std::optional<int64_t> axis;
  auto granularity = GranularityKind::PerTensor;
  int64_t group = 0;
  if (auto contraction = getObservedContraction(op)) {
    Scheme match = schemes.match(getIds(contraction)).scheme;
    granularity = match.weightGranularity;
    group = match.weightGroup;
    if (granularity != GranularityKind::PerTensor && !(axis = getWeightScaleAxis(contraction)))
      return op.emitError() << "the weight of " << contraction->getName() << " has no output channel axis";
  }
  FailureOr<Channels> channels = readChannels(op, axis);
  if (failed(channels))
    return failure();

  RangeRules::Match method = methods.match(op);
  if (method.options.method == RangeMethod::MovingAverage)
    return op.emitError() << "weight '" << op.getId() << "' cannot have the method 'ema'"
                          << (method.rule.empty() ? "" : " of the range '" + method.rule.str() + "'")
                          << ": it averages over batches of samples, and weights have none";
  bool restricted = scheme.getRestricted() && !needsFullCodes(method.options.method);
  auto setScheme = [&](bool restricted) {
    op.setSchemeAttr(SchemeAttr::get(op.getContext(), scheme.getBits(), scheme.getSymmetric(), restricted,
                                     granularity, axis.value_or(-1), group, scheme.getFormat()));
  };
  if (StringRef tool = getGivenBy(op); !tool.empty()) {
    // Who names a method means it.
    bool asked = !method.rule.empty() || method.options.method != RangeMethod::MinMax;
    bool hasOwn = !scheme.isUniform() ||
                  (granularity != GranularityKind::PerTensor && granularity != GranularityKind::PerChannel);
    std::optional<Given> given;
    if (!asked && !hasOwn)
      given = readGiven(op.getRangeAttr(), channels->count(), scheme.getSymmetric(), scheme.getBits());
    if (given) {
      op.setRangeAttr(RangeAttr::get(op.getContext(), given->lo, given->hi, RangeOrigin::Tool, tool));
      setScheme(scheme.getRestricted() && !given->fullCodes);
      return success();
    }
    ++refused[tool];
  }
  // Codes of a format are not those of its bits; narrow-encode-weights has its own search.
  unsigned bits = scheme.isUniform() ? scheme.getBits() : 8;
  CodeSpec spec{CodeRange::signedBits(bits, scheme.getSymmetric() && restricted), scheme.getSymmetric()};
  std::vector<std::optional<Interval>> found(channels->count());
  std::vector<RangeMethod> chosen(channels->count());
  parallelFor(op.getContext(), 0, found.size(), [&](size_t i) {
    found[i] = numerics::estimateRange((*channels)[i], spec, method.options, &chosen[i]);
  });
  SmallVector<double> lo, hi;
  for (auto [channel, range] : llvm::enumerate(found)) {
    if (!range)
      return op.emitError() << "method '" << numerics::rangeMethodName(method.options.method)
                            << "' finds no range for '" << op.getId() << "', channel " << channel;
    if (!scheme.getSymmetric()) {
      lo.push_back(range->lo);
      hi.push_back(range->hi);
      continue;
    }
    // [-a, a] cut to what there is tells more and gives the same scale.
    auto [min, max] = std::minmax_element((*channels)[channel].begin(), (*channels)[channel].end());
    lo.push_back(std::clamp<double>(*min, range->lo, range->hi));
    hi.push_back(std::clamp<double>(*max, range->lo, range->hi));
  }
  op.setRangeAttr(RangeAttr::get(op.getContext(), lo, hi));
  setScheme(restricted);
  // What was chosen for codes of 8 bits says nothing of a format; narrow-encode-weights wants to know what
  // was asked.
  bool decides = op.getSchemeAttr().isUniform() && llvm::all_equal(chosen);
  setRangeMethod(op, decides ? chosen.front() : method.options.method);
  return success();
}
