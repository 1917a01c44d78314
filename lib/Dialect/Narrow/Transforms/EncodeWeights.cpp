//===- EncodeWeights.cpp - narrow-encode-weights --------------------------===//
//
// Weights become numbers of their format, as multiples of a scale for each channel: what
// follows rounds them to exactly these codes and need not know the format.
//
//===----------------------------------------------------------------------===//
#include "BiasFit.h"
#include "CodeGrid.h"
#include "ObservedTypes.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

namespace narrow {
#define GEN_PASS_DEF_NARROWENCODEWEIGHTS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;
using numerics::Levels;
using numerics::ScaledCodes;
using numerics::ScaleSearch;

/// The largest code of `count` weights: very long reductions have no room for 16 bits.
static int32_t getLimit(size_t count) {
  return getCodeSumLimit(count) > static_cast<double>(numerics::kNarrowLimit) * static_cast<double>(count)
             ? numerics::kWideLimit
             : numerics::kNarrowLimit;
}

namespace {

/// The weights that share a scale, in stored order, and where they are.
struct Channel {
  std::vector<float> weights;
  std::vector<int64_t> places;
};

/// The codes of a channel and those that it could have.
struct Encoded : ScaledCodes {
  std::vector<int32_t> groups; ///< list of each group, in the encoder's table; empty if nobody asks
};

/// Encodes one channel after the other.
class Encoder {
public:
  /// `keepLists`: fills Encoded::groups.
  Encoder(SchemeAttr scheme, ScaleSearch search, bool keepLists)
      : scheme(scheme), search(search), keepLists(keepLists) {}

  /// Looks at the whole weight, where its channels share a codebook.
  void prepare(ArrayRef<Channel> channels);
  Encoded encode(ArrayRef<float> weights);
  /// Replaces the codes of a channel, and those that it could have, by `change` of them, which
  /// must be monotonic.
  void transform(Encoded &channel, llvm::function_ref<int32_t(int32_t)> change);
  const Levels &getList(int32_t index) const { return lists[index]; }
  /// How many weights of a channel of `size` share a list.
  int64_t getGroup(int64_t size) const;

  /// Weights that the format could express but their codes cannot.
  size_t getRounded() const { return rounded; }

private:
  Encoded encodeGroups(ArrayRef<float> weights, const Levels &levels, int32_t maxGroupScale);
  Encoded encodeBlocks(ArrayRef<float> weights, const numerics::ElementFormat &format);
  Encoded encodePairs(ArrayRef<float> weights, unsigned mantissaBits);
  ScaledCodes takeLattice(std::vector<double> values);
  /// All weights of the channel have the same list.
  Encoded withLevels(ScaledCodes codes, const Levels &levels);
  /// Halves codes of 16 bits until an i32 holds their sums.
  Encoded fit(Encoded codes);

  SchemeAttr scheme;
  ScaleSearch search;
  bool keepLists;
  CodeListTable lists;
  Levels codebook;
  size_t rounded = 0;
};

struct EncodeWeights : narrow::impl::NarrowEncodeWeightsBase<EncodeWeights> {
  using NarrowEncodeWeightsBase::NarrowEncodeWeightsBase;

  void runOnOperation() override {
    if (failed(requireQuantizationStage(getOperation(), {Stage::Observed, Stage::Annotated})))
      return signalPassFailure();
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) {
      if (op.getWeight() && !op->hasAttr(attrs::floatReason) && op.getSchemeAttr() &&
          !op.getSchemeAttr().isUniform())
        observers.push_back(op);
    });
    for (ObserveOp op : observers)
      if (failed(encode(op)))
        return signalPassFailure();
    auto tell = [&](const auto &methods, StringRef what) {
      for (auto &[method, ids] : methods)
        getOperation().emitRemark() << "method '" << method << "' " << what << ", as of '" << ids.front()
                                    << "'"
                                    << (ids.size() > 1 ? " and " + std::to_string(ids.size() - 1) + " more"
                                                       : "");
    };
    tell(unused, "is not used for weights whose format fixes their scales");
    tell(replaced,
         "is for uniform codes: scales of least squared error are taken for weights of other formats");
  }

private:
  LogicalResult encode(ObserveOp op);
  ScaleSearch chooseScales(ObserveOp op);
  LogicalResult fitBias(ObserveOp op, Encoder &encoder, MutableArrayRef<Encoded> channels);

  using IdsOfMethods = llvm::MapVector<StringRef, SmallVector<std::string>>;
  IdsOfMethods unused, replaced; ///< methods that are not what was done
};

} // namespace

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

void Encoder::prepare(ArrayRef<Channel> channels) {
  bool optimal = scheme.getFormat() == CodeFormat::Codebook,
       balanced = scheme.getFormat() == CodeFormat::Balanced;
  if (!optimal && !balanced)
    return;
  // Channels share the codebook at their own scales; an error counts at that scale.
  std::vector<numerics::WeightedValue> values;
  std::vector<double> plain;
  for (const Channel &channel : channels) {
    double largest = 0;
    for (float w : channel.weights)
      largest = std::max<double>(largest, std::abs(w));
    if (largest == 0)
      continue;
    for (float w : channel.weights)
      if (optimal)
        values.push_back({w / largest, largest * largest});
      else
        plain.push_back(w / largest);
  }
  codebook = numerics::centersToLevels(
      optimal ? numerics::optimalCenters(std::move(values), size_t{1} << scheme.getBits())
              : numerics::balancedCenters(std::move(plain), scheme.getBits()));
  if (codebook.empty())
    codebook = {0};
}

int64_t Encoder::getGroup(int64_t size) const {
  switch (scheme.getFormat()) {
  case CodeFormat::SMX9:
  case CodeFormat::SMX6:
  case CodeFormat::SMX4:
    return 2;
  default:
    return scheme.getGroup() > 0 ? scheme.getGroup() : std::max<int64_t>(size, 1);
  }
}

void Encoder::transform(Encoded &channel, llvm::function_ref<int32_t(int32_t)> change) {
  for (int32_t &code : channel.codes)
    code = change(code);
  for (int32_t &group : channel.groups) {
    Levels changed;
    for (int32_t code : lists[group])
      changed.push_back(change(code));
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    group = lists.add(std::move(changed));
  }
}

Encoded Encoder::withLevels(ScaledCodes codes, const Levels &levels) {
  Encoded result{std::move(codes), {}};
  if (keepLists)
    result.groups.push_back(lists.add(levels));
  return result;
}

Encoded Encoder::encodeGroups(ArrayRef<float> weights, const Levels &levels, int32_t maxGroupScale) {
  auto withScales = [&](numerics::GroupedCodes codes) {
    Encoded result;
    for (int32_t scale : codes.groupScales) {
      if (!keepLists)
        break;
      Levels scaled = levels;
      for (int32_t &level : scaled)
        level *= scale;
      result.groups.push_back(lists.add(std::move(scaled)));
    }
    static_cast<ScaledCodes &>(result) = std::move(codes);
    return result;
  };
  while (true) {
    numerics::GroupedCodes codes =
        numerics::encodeGroups(weights, levels, scheme.getGroup(), maxGroupScale, search);
    double sum = 0;
    for (int32_t code : codes.codes)
      sum += std::abs(code);
    double limit = getCodeSumLimit(weights.size());
    if (sum <= limit || maxGroupScale <= numerics::narrowGroupScale(levels))
      return withScales(std::move(codes));
    // Long reductions leave fewer bits to the group scales.
    maxGroupScale =
        std::max(numerics::narrowGroupScale(levels), static_cast<int32_t>(maxGroupScale * limit / sum) - 1);
  }
}

ScaledCodes Encoder::takeLattice(std::vector<double> values) {
  int32_t limit = getLimit(values.size());
  numerics::LatticeCodes codes = numerics::latticeCodes(
      values, limit, limit == numerics::kWideLimit ? getCodeSumLimit(values.size()) : INFINITY);
  rounded += codes.rounded;
  return codes;
}

Encoded Encoder::encodeBlocks(ArrayRef<float> weights, const numerics::ElementFormat &format) {
  size_t size = scheme.getGroup();
  Encoded result{takeLattice(numerics::roundToBlocks(weights, format, size)), {}};
  for (ArrayRef<float> rest = weights; keepLists && !rest.empty();
       rest = rest.drop_front(std::min(size, rest.size())))
    result.groups.push_back(lists.add(numerics::elementLevels(
        format, numerics::sharedExponent(rest.take_front(size), format), result.scale)));
  return result;
}

Encoded Encoder::encodePairs(ArrayRef<float> weights, unsigned mantissaBits) {
  Encoded result{takeLattice(numerics::roundToMicroexponents(weights, mantissaBits)), {}};
  if (keepLists)
    for (Levels &levels : numerics::microexponentLevels(weights, mantissaBits, result.scale))
      result.groups.push_back(lists.add(std::move(levels)));
  return result;
}

Encoded Encoder::fit(Encoded codes) {
  int32_t limit = getLimit(codes.codes.size());
  auto fits = [&] {
    double sum = 0;
    int32_t largest = 0;
    for (int32_t code : codes.codes)
      sum += std::abs(code), largest = std::max(largest, std::abs(code));
    return largest <= numerics::kNarrowLimit ||
           (largest <= limit && sum <= getCodeSumLimit(codes.codes.size()));
  };
  while (!fits()) {
    codes.scale *= 2;
    rounded += llvm::count_if(codes.codes, [](int32_t code) { return code % 2 != 0; });
    transform(codes, [](int32_t code) {
      return static_cast<int32_t>(numerics::round(code / 2.0, numerics::Rounding::HalfEven));
    });
  }
  return codes;
}

Encoded Encoder::encode(ArrayRef<float> weights) {
  auto ofLevels = [&](const Levels &levels) {
    int32_t largest = std::max(-levels.front(), levels.back());
    switch (scheme.getGranularity()) {
    case GranularityKind::PerGroup:
      return encodeGroups(weights, levels,
                          std::max(getLimit(weights.size()) / largest, numerics::narrowGroupScale(levels)));
    case GranularityKind::PerVector:
      return encodeGroups(weights, levels, numerics::narrowGroupScale(levels));
    default:
      return fit(withLevels(numerics::encodeLevels(weights, levels, largest, search), levels));
    }
  };
  switch (scheme.getFormat()) {
  case CodeFormat::Uniform:
  case CodeFormat::PowerOfTwo:
    return ofLevels(numerics::uniformLevels(scheme.getBits()));
  case CodeFormat::NormalFloat:
    return ofLevels(numerics::normalFloatLevels(scheme.getBits()));
  case CodeFormat::LogSqrt:
    return ofLevels(numerics::logSqrtLevels(scheme.getBits()));
  case CodeFormat::Codebook:
  case CodeFormat::Balanced:
    return withLevels(
        numerics::encodeLevels(weights, codebook, numerics::kNarrowLimit, ScaleSearch::LargestWeight),
        codebook);
  case CodeFormat::Log:
    return fit(withLevels(numerics::encodeLog(weights, scheme.getBits(), search),
                          numerics::logLevels(scheme.getBits())));
  case CodeFormat::Ternary:
    return withLevels(numerics::encodeTernary(weights), {-1, 0, 1});
  case CodeFormat::Binary: {
    ScaledCodes codes = numerics::encodeBinary(weights);
    bool isZero = llvm::is_contained(codes.codes, 0);
    return withLevels(std::move(codes), isZero ? Levels{0} : Levels{-1, 1});
  }
  case CodeFormat::MXInt8:
    return encodeBlocks(weights, numerics::mx::int8);
  case CodeFormat::MXFP8E4M3:
    return encodeBlocks(weights, numerics::mx::e4m3);
  case CodeFormat::MXFP8E5M2:
    return encodeBlocks(weights, numerics::mx::e5m2);
  case CodeFormat::MXFP6E2M3:
    return encodeBlocks(weights, numerics::mx::e2m3);
  case CodeFormat::MXFP6E3M2:
    return encodeBlocks(weights, numerics::mx::e3m2);
  case CodeFormat::MXFP4:
    return encodeBlocks(weights, numerics::mx::e2m1);
  case CodeFormat::SMX9:
    return encodePairs(weights, 7);
  case CodeFormat::SMX6:
    return encodePairs(weights, 4);
  case CodeFormat::SMX4:
    return encodePairs(weights, 2);
  }
  llvm_unreachable("every format is a case");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static std::vector<Channel> getChannels(const ChannelLayout &layout, ArrayRef<float> values) {
  std::vector<Channel> channels(layout.count);
  for (auto [index, value] : llvm::enumerate(values)) {
    Channel &channel = channels[layout.getChannel(static_cast<int64_t>(index))];
    channel.weights.push_back(value);
    channel.places.push_back(static_cast<int64_t>(index));
  }
  return channels;
}

static bool isZero(const ScaledCodes &codes) {
  return llvm::all_of(codes.codes, [](int32_t code) { return code == 0; });
}

/// Scales below what the bias needs are raised, as narrow-assign-scales does.
LogicalResult EncodeWeights::fitBias(ObserveOp op, Encoder &encoder, MutableArrayRef<Encoded> channels) {
  auto type = cast<quant::QuantizedType>(*op.getQuantizedType());
  QuantizableOpInterface contraction = getObservedContraction(op);
  FailureOr<std::optional<BiasFit>> biases = getBiasFit(contraction, type);
  if (failed(biases) || !*biases)
    return failure(failed(biases));
  for (auto [channel, bound] : llvm::zip_equal(channels, (*biases)->largest)) {
    if (bound == 0)
      continue;
    std::optional<float> scale = numerics::widenWeightScale(static_cast<float>(bound), (*biases)->inputScale,
                                                            channel.scale, kBiasLimit);
    if (!scale)
      return op.emitError() << "'" << op.getId() << "': no scale makes the bias fit 32 bits (magnitude "
                            << bound << " at an input scale of " << (*biases)->inputScale << ")";
    if (*scale == channel.scale)
      continue;
    double ratio = static_cast<double>(channel.scale) / *scale;
    encoder.transform(channel, [&](int32_t code) {
      return static_cast<int32_t>(numerics::round(code * ratio, numerics::Rounding::HalfEven));
    });
    channel.scale = *scale;
  }
  return success();
}

/// The lists that channels have, without codes beyond `limit`, in the order in which they have them.
static CodeGrid getGrid(const Encoder &encoder, ArrayRef<Encoded> channels, int32_t limit) {
  CodeGrid grid;
  std::map<int32_t, int32_t> indices;
  for (const Encoded &channel : channels)
    for (int32_t group : channel.groups) {
      auto [it, isNew] = indices.try_emplace(group, static_cast<int32_t>(grid.lists.size()));
      if (isNew) {
        Levels list = encoder.getList(group);
        std::erase_if(list, [&](int32_t code) { return std::abs(code) > limit; });
        grid.lists.push_back(std::move(list));
      }
      grid.groups.push_back(it->second);
    }
  return grid;
}

/// Whether scales follow from the weights, whatever their range.
static bool fixesScales(CodeFormat format) {
  switch (format) {
  case CodeFormat::Uniform:
  case CodeFormat::PowerOfTwo:
  case CodeFormat::NormalFloat:
  case CodeFormat::Log:
  case CodeFormat::LogSqrt:
    return false;
  default:
    return true;
  }
}

/// Range methods are for uniform codes. Those that look for the least error mean to do so here too.
ScaleSearch EncodeWeights::chooseScales(ObserveOp op) {
  RangeAttr range = op.getRangeAttr();
  StringRef method = range ? range.getSource() : "";
  // Of a scale that was searched, or is the format's, before: it is asked for again.
  bool wasSearched = range && range.getOrigin() == RangeOrigin::Search;
  auto tell = [&](RangeOrigin origin) {
    if (range)
      op.setRangeAttr(range.withOrigin(origin));
  };
  bool takesLargest = (method.empty() && !wasSearched) || method == "absmax";
  if (fixesScales(op.getSchemeAttr().getFormat())) {
    if (!takesLargest && !method.empty())
      unused[method].push_back(op.getId().str());
    tell(RangeOrigin::Format);
    return ScaleSearch::LargestWeight;
  }
  if (!search && takesLargest) {
    tell(RangeOrigin::Extrema);
    return ScaleSearch::LargestWeight;
  }
  if (!method.empty() && !takesLargest && !llvm::is_contained({"mse", "sqnr", "octav", "auto"}, method))
    replaced[method].push_back(op.getId().str());
  tell(RangeOrigin::Search);
  return ScaleSearch::LeastError;
}

LogicalResult EncodeWeights::encode(ObserveOp op) {
  auto fail = [&](const Twine &what) { return op.emitError() << "observer '" << op.getId() << "' " << what; };
  SchemeAttr scheme = op.getSchemeAttr();
  auto type = dyn_cast_if_present<quant::QuantizedType>(op.getQuantizedType().value_or(Type()));
  if (!type)
    return fail("has no type; run --narrow-assign-scales first");
  if (!getObservedContraction(op))
    return fail("has a format of weights but observes none");
  if (isEncoded(op) && !findEncodingFault(op) && (!codeGrid || op->hasAttr(attrs::codeGrid)))
    return success();
  forgetEncoding(op);
  auto tensor = cast<RankedTensorType>(op.getType());
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!values || static_cast<int64_t>(values->size()) != tensor.getNumElements())
    return fail("cannot be read: its data are missing");

  ChannelLayout layout(tensor, scheme.getAxis());
  std::vector<Channel> channels = getChannels(layout, *values);
  SmallVector<double> scales = getScales(type);
  if (scales.size() != channels.size())
    return fail("has a type of " + Twine(scales.size()) + " scales for " + Twine(channels.size()) +
                " channels");
  Encoder encoder(scheme, chooseScales(op), codeGrid);
  encoder.prepare(channels);
  std::vector<Encoded> encoded;
  for (auto [channel, scale] : llvm::zip_equal(channels, scales)) {
    encoded.push_back(encoder.encode(channel.weights));
    if (isZero(encoded.back())) // Exact at every scale; the bias may have chosen this one.
      encoded.back().scale = static_cast<float>(scale);
  }
  if (failed(fitBias(op, encoder, encoded)))
    return failure();

  int64_t largest = 1;
  for (auto [channel, codes, scale] : llvm::zip_equal(channels, encoded, scales)) {
    for (auto [place, code] : llvm::zip_equal(channel.places, codes.codes)) {
      (*values)[place] = static_cast<float>(code) * codes.scale;
      largest = std::max<int64_t>(largest, std::abs(code));
    }
    scale = codes.scale;
  }
  bool wide = largest > numerics::kNarrowLimit;
  std::optional<CodeGrid> grid;
  if (codeGrid) {
    grid = getGrid(encoder, encoded, wide ? numerics::kWideLimit : numerics::kNarrowLimit);
    grid->group = encoder.getGroup(layout.size);
    for (const Levels &list : grid->lists)
      largest = std::max<int64_t>({largest, -list.front(), list.back()});
  }
  Type storage = IntegerType::get(op.getContext(), wide ? 16 : 8);
  if (wide)
    ++numWide;
  quant::QuantizedType result;
  if (scheme.getAxis() < 0)
    result = quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed, storage,
                                              type.getExpressedType(), scales.front(), 0, -largest, largest);
  else
    result = quant::UniformQuantizedPerAxisType::get(
        quant::QuantizationFlags::Signed, storage, type.getExpressedType(), scales,
        SmallVector<int64_t>(scales.size(), 0), scheme.getAxis(), -largest, largest);
  op.setQuantizedTypeAttr(TypeAttr::get(result));
  if (grid)
    setCodeGrid(op, *grid);

  OpBuilder builder(op);
  Operation *before = op.getInput().getDefiningOp();
  if (!op.getUnroundedAttr())
    op.setUnroundedAttr(getConstant(op.getInput()));
  op.getInputMutable().assign(
      createConstant(builder, before->getLoc(), tensor.getShape(), ArrayRef<float>(*values)));
  if (before->use_empty())
    before->erase();
  op->setAttr(attrs::encoded, scheme);
  if (failed(setRangeOfNumbers(op)))
    return failure();
  if (encoder.getRounded()) {
    Notes notes;
    notes.add(
        Twine(encoder.getRounded()) +
        " weights are so much smaller than the largest of their channel that their last bits are rounded");
    notes.report(op, channels.size());
  }
  ++numEncoded;
  return success();
}
