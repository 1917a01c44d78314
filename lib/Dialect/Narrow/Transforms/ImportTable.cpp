//===- ImportTable.cpp - narrow-import-table ------------------------------===//
#include "Masks.h"
#include "Notes.h"
#include "SteepFunctions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Numerics/Signs.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWIMPORTTABLE
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;
using numerics::CodeSpec;
using numerics::Interval;
using numerics::RangeMethod;

/// The interval that the ops which compute `value` bound it to, if any does; one end may be
/// infinite.
static std::optional<Interval> getBounds(Value value) {
  std::optional<Interval> known;
  for (Operation *op : getMergedProducers(value)) {
    // An op that stays float has its bounds too.
    auto quantizable = dyn_cast<QuantizableOpInterface>(op);
    auto range = quantizable ? quantizable.getKnownRange() : std::nullopt;
    if (isa<SoftmaxOp>(op)) // Has no integer form, so it has no interface.
      range = {0.0, 1.0};
    if (!range)
      continue;
    if (!known)
      known = Interval{range->first, range->second};
    // A later clamp cuts what an earlier op yields: the list begins with the
    // last.
    known = Interval{std::clamp(range->first, known->lo, known->hi),
                     std::clamp(range->second, known->lo, known->hi)};
  }
  return known;
}

/// The codes that the range is for: those of the scheme, or 8 bits.
static CodeSpec getCodeSpec(ObserveOp op) {
  SchemeAttr scheme = op.getSchemeAttr();
  if (!scheme)
    return {CodeRange::signedBits(8, /*restricted=*/false),
            /*symmetric=*/false};
  return {getUniformCodes(scheme), scheme.getSymmetric()};
}

static int64_t getBits(ObserveOp op) { return op.getSchemeAttr() ? op.getSchemeAttr().getBits() : 8; }

namespace {
/// Ranges from one table.
struct Import {
  const CalibrationTable &table;
  StringRef name; ///< of the table, in errors
  RangeRules &rules;
  bool useKnownRanges;

  LogicalResult importTable(ModuleOp module);
  bool takeKnownRange(ObserveOp op, const RangeRules::Match &method);
  LogicalResult importRange(ObserveOp op, const TableEntry &entry);
  LogicalResult importForeign(ModuleOp module, const ForeignRanges &foreign, ArrayRef<ObserveOp> observers);
  void importForeignWeights(ModuleOp module, const ForeignRanges &foreign, llvm::StringSet<> &used,
                            SmallVectorImpl<StringRef> &otherBits, int64_t &bits);
};
} // namespace

/// Ops that move codes keep the type of what they read, so a number that one of them pads with has to have a
/// code too. One beyond all others that maxima (minima) leave out takes the code at the end, as numbers
/// beyond any code do.
static void includePadding(Value value, Interval &range) {
  for (Operation *reader : value.getUsers()) {
    if (!movesCodes(reader))
      continue;
    if (auto pad = dyn_cast<tosa::PadOp>(reader))
      if (auto number = getFloats(pad.getPadConst()); number && std::abs(number->front()) < 1e30f) {
        double v = number->front();
        if ((v < range.lo && !isPaddingForExtrema(pad, 1)) || (v > range.hi && !isPaddingForExtrema(pad, -1)))
          range = {std::min(range.lo, v), std::max(range.hi, v)};
      }
    includePadding(reader->getResult(0), range);
  }
}

/// Sets the range that follows from the function, if there is one and no rule names the
/// tensor: who names a tensor means it. Bounds as large as masks are none of what is computed.
bool Import::takeKnownRange(ObserveOp op, const RangeRules::Match &method) {
  if (!useKnownRanges || !method.rule.empty())
    return false;
  std::optional<Interval> known = getBounds(op.getInput());
  if (!known || known->lo <= kMaskNumber || known->hi >= -kMaskNumber)
    return false;
  includePadding(op.getOutput(), *known);
  op.setRangeAttr(RangeAttr::get(op.getContext(), {known->lo}, {known->hi}, RangeOrigin::Known));
  return true;
}

LogicalResult Import::importRange(ObserveOp op, const TableEntry &entry) {
  RangeRules::Match method = rules.match(op);
  if (takeKnownRange(op, method))
    return success();
  CodeSpec spec = getCodeSpec(op);
  // The outliers are what scales for tokens are for: nothing is clipped before.
  if (method.rule.empty() && op.getSchemeAttr() && op.getSchemeAttr().isPerToken())
    method.options.method = RangeMethod::MinMax;
  RangeMethod chosen = method.options.method;
  std::optional<Interval> range;
  if (chosen == RangeMethod::MovingAverage) {
    if (entry.average.empty)
      return op.emitError() << "method 'ema' needs moving averages, and '" << name
                            << "' has none: calibrate with narrow-calibrate --moving-average=0.95";
    range = Interval{entry.average.min, entry.average.max};
    if (spec.symmetric) {
      double amax = std::max(std::abs(range->lo), std::abs(range->hi));
      range = Interval{-amax, amax};
    }
  } else {
    range = numerics::estimateRange(entry.statistics.histogram(), spec, method.options, &chosen);
  }
  if (!range)
    return op.emitError() << "method '" << numerics::rangeMethodName(method.options.method)
                          << "' finds no range for '" << op.getId() << "'";
  // [-a, a] cut to what there is tells more and gives the same scale.
  if (spec.symmetric) {
    MinMax seen = entry.statistics.range();
    range = Interval{std::clamp<double>(seen.min, range->lo, range->hi),
                     std::clamp<double>(seen.max, range->lo, range->hi)};
  }
  includePadding(op.getOutput(), *range);
  // Every code set includes 0, and a ReLU's range begins there exactly.
  op.setRangeAttr(RangeAttr::get(op.getContext(), {std::min(range->lo, 0.0)}, {std::max(range->hi, 0.0)}));
  setRangeMethod(op, chosen);
  return success();
}

/// Whether the last axis of what `op` observes is that of the channels: it is for all
/// that the network computes, but inputs have the layout of the source model.
static bool hasChannels(ObserveOp op) {
  return !isa<BlockArgument>(op.getInput()) || llvm::none_of(op->getUsers(), movesCodes);
}

/// The channel that is so much larger than all others that their values have no codes
/// in a range that includes it; a huge bias makes one.
static std::optional<int64_t> findOutlier(ArrayRef<MinMax> ranges) {
  constexpr double factor = 0x1p20;
  double largest = 0, second = 0;
  int64_t channel = 0;
  for (auto [index, range] : llvm::enumerate(ranges)) {
    double magnitude = std::max(std::abs(range.min), std::abs(range.max));
    if (magnitude > largest)
      second = largest, largest = magnitude, channel = static_cast<int64_t>(index);
    else
      second = std::max(second, magnitude);
  }
  return second > 0 && largest > factor * second ? std::optional(channel) : std::nullopt;
}

/// Constant tensors and channels and outliers are no errors (N8), but worth knowing. The
/// table shows them; ranges do not, which include zero and may be those of the function.
static void noteOddities(ObserveOp op, const TableEntry &entry) {
  Notes notes;
  auto note = [&](MinMax range, auto... channel) {
    if (range.min == range.max)
      notes.add(range.min == 0 ? kAllZero : kAllEqual, channel...);
  };
  const TensorStatistics &statistics = entry.statistics;
  MinMax whole = statistics.range();
  if (statistics.count() > 1)
    note(whole);
  if (whole.min != whole.max && statistics.count() > statistics.channels() && hasChannels(op))
    for (auto [channel, range] : llvm::enumerate(statistics.ranges()))
      note(range, static_cast<int64_t>(channel));
  if (hasChannels(op) && op.getRangeAttr().getOrigin() != RangeOrigin::Known)
    if (std::optional<int64_t> channel = findOutlier(statistics.ranges()))
      notes.add(kOutlier, *channel);
  notes.set(op, statistics.channels());
}

/// The name of the source model's initializer that a weight is, if narrow-assign-ids found one.
static StringRef getInitializerName(ObserveOp op) {
  Operation *constant = op.getInput().getDefiningOp();
  auto name = constant ? constant->getAttrOfType<StringAttr>(attrs::name) : StringAttr();
  return name ? name.getValue() : StringRef();
}

/// Gives weights the intervals that another tool chose; narrow-assign-granularity takes or refuses them.
void Import::importForeignWeights(ModuleOp module, const ForeignRanges &foreign, llvm::StringSet<> &used,
                                  SmallVectorImpl<StringRef> &otherBits, int64_t &bits) {
  module.walk([&](ObserveOp op) {
    if (!op.getWeight())
      return;
    std::optional<NamedWeight> weight = foreign.findWeight(getInitializerName(op));
    if (!weight)
      return;
    used.insert(weight->name);
    if (weight->bits != getBits(op)) {
      otherBits.push_back(op.getId());
      bits = weight->bits;
    }
    op.setRangeAttr(
        RangeAttr::get(op.getContext(), weight->min, weight->max, RangeOrigin::Tool, foreign.tool));
  });
  SmallVector<StringRef> unused;
  for (const NamedWeight &weight : foreign.weights)
    if (!used.contains(weight.name))
      unused.push_back(weight.name);
  if (!unused.empty())
    module.emitRemark() << "'" << name << "', a table of " << foreign.tool << ", has scales of "
                        << unused.size() << " of " << foreign.weights.size()
                        << " weights that are not used: " << listNames(unused);
}

/// Numbers all over the range of `op`, for want of data.
static numerics::Histogram countEvenly(ObserveOp op) {
  constexpr int steps = 4096;
  double lo = op.getRangeAttr().getMin().front(), hi = op.getRangeAttr().getMax().front();
  std::vector<float> values;
  for (int i = 0; i <= steps; ++i)
    values.push_back(static_cast<float>(lo + (hi - lo) * i / steps));
  numerics::Histogram histogram;
  histogram.add(values);
  return histogram;
}

static void keepMasks(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    keepMasksFloat(function, MaskSource::Ranges);
}

/// Ranges of another tool, by the names of tensors in the source model, which ids are.
LogicalResult Import::importForeign(ModuleOp module, const ForeignRanges &foreign,
                                    ArrayRef<ObserveOp> observers) {
  std::string of = ("'" + name + "', a table of " + foreign.tool).str(), what = of + ",";
  SmallVector<StringRef> missing, unscaled, otherBits, unused;
  llvm::StringSet<> used;
  int64_t bits = 0;
  for (ObserveOp op : observers) {
    SmallVector<const NamedRange *, 1> found = foreign.find(op.getId());
    for (const NamedRange *range : found)
      used.insert(range->name);
    RangeRules::Match method = rules.match(op);
    if (takeKnownRange(op, method) || op->hasAttr(attrs::floatReason))
      continue;
    if (method.options.method != RangeMethod::MinMax)
      return op.emitError() << "method '" << numerics::rangeMethodName(method.options.method)
                            << "' needs statistics of '" << op.getId() << "', and " << what
                            << " has ranges only: leave the method out, or calibrate with narrow-calibrate";
    if (found.size() > 1)
      return op.emitError() << what << " has two ranges for '" << op.getId() << "': '" << found[0]->name
                            << "' and '" << found[1]->name << "'";
    if (found.empty()) {
      bool known = std::binary_search(foreign.unscaled.begin(), foreign.unscaled.end(), op.getId());
      (known ? unscaled : missing).push_back(op.getId());
      continue;
    }
    const NamedRange &range = *found.front();
    CodeSpec spec = getCodeSpec(op);
    if (range.bits && range.bits != getBits(op)) {
      otherBits.push_back(op.getId());
      bits = range.bits;
    }
    Interval interval =
        spec.symmetric ? Interval{-range.magnitude, range.magnitude} : Interval{range.min, range.max};
    // A symmetric range does not know that a ReLU's begins at 0.
    if (std::optional<Interval> bounds = getBounds(op.getInput()))
      interval = {std::clamp(interval.lo, bounds->lo, bounds->hi),
                  std::clamp(interval.hi, bounds->lo, bounds->hi)};
    op.setRangeAttr(RangeAttr::get(op.getContext(), {std::min(interval.lo, 0.0)},
                                   {std::max(interval.hi, 0.0)}, RangeOrigin::Tool, foreign.tool));
  }
  importForeignWeights(module, foreign, used, otherBits, bits);
  for (const NamedRange &range : foreign.ranges)
    if (!used.contains(range.name))
      unused.push_back(range.name);
  if (!missing.empty()) {
    InFlightDiagnostic error = module.emitError() << what << " has no range for " << listNames(missing)
                                                  << " of " << observers.size() << " tensors";
    if (!unused.empty())
      error << "; " << unused.size() << " of its " << foreign.ranges.size()
            << " names are not used: " << listNames(unused);
    return error << ". Its names must be those of the tensors of the model: make it for this model, or "
                    "calibrate with narrow-calibrate";
  }
  if (!unscaled.empty())
    return module.emitError() << what << " has the scale 0 for " << listNames(unscaled) << ": "
                              << foreign.tool
                              << " does not quantize them. Keep the ops around them float (an override "
                                 "'<id>=float'), or calibrate with narrow-calibrate";
  for (const std::string &note : foreign.notes)
    module.emitRemark() << of << ": " << note;
  if (!unused.empty())
    module.emitRemark() << what << " has ranges of " << unused.size() << " of " << foreign.ranges.size()
                        << " tensors that are not quantized or have the codes of another: "
                        << listNames(unused);
  if (!otherBits.empty())
    module.emitWarning() << what << " has ranges that were chosen for " << bits
                         << " bits, not for the bits of the scheme: " << listNames(otherBits);
  keepMasks(module);
  keepSteepFunctionsFloat(module, countEvenly);
  return success();
}

LogicalResult Import::importTable(ModuleOp module) {
  if (failed(verifyObserverIds(module)) || failed(rules.verifyMatched(module)))
    return failure();
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp op) {
    if (!op.getWeight())
      observers.push_back(op);
  });
  if (table.foreign)
    return importForeign(module, *table.foreign, observers);
  ModelContent content = getModelContent(module);
  if (table.version == 1)
    content.hash = hashPrintedModel(module);
  if (llvm::Error error = checkTable(table, name, content))
    return module.emitError(llvm::toString(std::move(error)));
  for (ObserveOp op : observers) {
    const TableEntry *entry = table.find(op.getId());
    if (!entry)
      return op.emitError() << "'" << name << "' has no entry for '" << op.getId() << "'";
    if (failed(importRange(op, *entry)))
      return failure();
    if (llvm::any_of(getReaders(op.getOutput()),
                     [](Operation *reader) { return reader->hasAttr(attrs::binaryInput); }))
      op->setAttr(
          attrs::meanMagnitude,
          Builder(op.getContext()).getF64FloatAttr(numerics::meanMagnitude(entry->statistics.histogram())));
    noteOddities(op, *entry);
  }
  keepMasks(module);
  keepSteepFunctionsFloat(module,
                          [&](ObserveOp op) { return table.find(op.getId())->statistics.histogram(); });
  return success();
}

namespace {

struct ImportTable : narrow::impl::NarrowImportTableBase<ImportTable> {
  using NarrowImportTableBase::NarrowImportTableBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    auto fail = [&](const Twine &what) {
      getOperation().emitError(what);
      signalPassFailure();
    };
    llvm::Expected<RangeRules> rules = RangeRules::parse(method, ranges, percentile);
    if (!rules)
      return fail(llvm::toString(rules.takeError()));
    const Calibration &calibration = getCalibration(&getContext());
    std::shared_ptr<const CalibrationTable> used = calibration.table;
    std::string name = calibration.name;
    if (!table.empty()) {
      llvm::Expected<CalibrationTable> read = readTable(table);
      if (!read)
        return fail(llvm::toString(read.takeError()));
      used = std::make_shared<CalibrationTable>(std::move(*read));
      name = table;
    }
    if (!used)
      return fail("narrow-import-table needs the option table=<file>, or samples that "
                  "narrow-collect-statistics has seen");
    Import import{*used, name, *rules, useKnownRanges};
    if (failed(import.importTable(getOperation())))
      signalPassFailure();
  }
};

} // namespace
