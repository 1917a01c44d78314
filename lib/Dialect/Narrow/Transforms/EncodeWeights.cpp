//===- EncodeWeights.cpp - narrow-encode-weights --------------------------===//
//
// Weights become numbers of their format, as multiples of a scale for each channel: what
// follows rounds them to exactly these codes and need not know the format.
//
//===----------------------------------------------------------------------===//
#include "BiasFit.h"
#include "Notes.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include <cmath>

namespace mlir::narrow {
#define GEN_PASS_DEF_NARROWENCODEWEIGHTS
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"
} // namespace mlir::narrow

using namespace mlir;
using namespace mlir::narrow;
namespace numerics = ::narrow::numerics;
using numerics::Levels;
using numerics::ScaledCodes;
using numerics::ScaleSearch;

/// What the magnitudes of `count` codes may add up to. Times that of an 8-bit activation
/// it leaves room for the bias in an i32, also in the sum of two planes, whose bounds are
/// those of each alone: 128 * 2 more for each code.
static double getSumLimit(size_t count) {
  return static_cast<double>(kBiasLimit) / 255 - 256 * static_cast<double>(count);
}

/// The largest code of `count` weights: very long reductions have no room for 16 bits.
static int32_t getLimit(size_t count) {
  return getSumLimit(count) > static_cast<double>(numerics::kNarrowLimit) * static_cast<double>(count)
             ? numerics::kWideLimit
             : numerics::kNarrowLimit;
}

namespace {

/// The weights that share a scale, in stored order, and where they are.
struct Channel {
  std::vector<float> weights;
  std::vector<int64_t> places;
};

/// Encodes one channel after the other.
class Encoder {
public:
  Encoder(SchemeAttr scheme, ScaleSearch search) : scheme(scheme), search(search) {}

  /// Looks at the whole weight, where its channels share a codebook.
  void prepare(ArrayRef<Channel> channels);
  ScaledCodes encode(ArrayRef<float> weights);

  /// Weights that the format could express but their codes cannot.
  size_t getRounded() const { return rounded; }

private:
  ScaledCodes encodeGroups(ArrayRef<float> weights, const Levels &levels, int32_t maxGroupScale) const;
  ScaledCodes takeLattice(std::vector<double> values);
  /// Halves codes of 16 bits until an i32 holds their sums.
  ScaledCodes fit(ScaledCodes codes);

  SchemeAttr scheme;
  ScaleSearch search;
  Levels codebook;
  size_t rounded = 0;
};

struct EncodeWeights : mlir::narrow::impl::NarrowEncodeWeightsBase<EncodeWeights> {
  using NarrowEncodeWeightsBase::NarrowEncodeWeightsBase;

  void runOnOperation() override {
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) {
      if (op.getWeight() && !op->hasAttr(kFloatReasonAttr) && op.getSchemeAttr() &&
          !op.getSchemeAttr().isUniform())
        observers.push_back(op);
    });
    for (ObserveOp op : observers)
      if (failed(encode(op)))
        return signalPassFailure();
  }

private:
  LogicalResult encode(ObserveOp op);
  LogicalResult fitBias(ObserveOp op, MutableArrayRef<ScaledCodes> channels);
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

ScaledCodes Encoder::encodeGroups(ArrayRef<float> weights, const Levels &levels,
                                  int32_t maxGroupScale) const {
  while (true) {
    ScaledCodes codes = numerics::encodeGroups(weights, levels, scheme.getGroup(), maxGroupScale, search);
    double sum = 0;
    for (int32_t code : codes.codes)
      sum += std::abs(code);
    double limit = getSumLimit(weights.size());
    if (sum <= limit || maxGroupScale <= numerics::narrowGroupScale(levels))
      return codes;
    // Long reductions leave fewer bits to the group scales.
    maxGroupScale =
        std::max(numerics::narrowGroupScale(levels), static_cast<int32_t>(maxGroupScale * limit / sum) - 1);
  }
}

ScaledCodes Encoder::takeLattice(std::vector<double> values) {
  int32_t limit = getLimit(values.size());
  numerics::LatticeCodes codes = numerics::latticeCodes(
      values, limit, limit == numerics::kWideLimit ? getSumLimit(values.size()) : INFINITY);
  rounded += codes.rounded;
  return codes;
}

ScaledCodes Encoder::fit(ScaledCodes codes) {
  int32_t limit = getLimit(codes.codes.size());
  auto fits = [&] {
    double sum = 0;
    int32_t largest = 0;
    for (int32_t code : codes.codes)
      sum += std::abs(code), largest = std::max(largest, std::abs(code));
    return largest <= numerics::kNarrowLimit || (largest <= limit && sum <= getSumLimit(codes.codes.size()));
  };
  while (!fits()) {
    codes.scale *= 2;
    for (int32_t &code : codes.codes) {
      rounded += code % 2 != 0;
      code = static_cast<int32_t>(numerics::round(code / 2.0, numerics::Rounding::HalfEven));
    }
  }
  return codes;
}

ScaledCodes Encoder::encode(ArrayRef<float> weights) {
  auto blocks = [&](const numerics::ElementFormat &format) {
    return takeLattice(numerics::roundToBlocks(weights, format, scheme.getGroup()));
  };
  auto ofLevels = [&](const Levels &levels) {
    int32_t largest = std::max(-levels.front(), levels.back());
    switch (scheme.getGranularity()) {
    case GranularityKind::PerGroup:
      return encodeGroups(weights, levels,
                          std::max(getLimit(weights.size()) / largest, numerics::narrowGroupScale(levels)));
    case GranularityKind::PerVector:
      return encodeGroups(weights, levels, numerics::narrowGroupScale(levels));
    default:
      return fit(numerics::encodeLevels(weights, levels, largest, search));
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
    return numerics::encodeLevels(weights, codebook, numerics::kNarrowLimit, ScaleSearch::LargestWeight);
  case CodeFormat::Log:
    return fit(numerics::encodeLog(weights, scheme.getBits(), search));
  case CodeFormat::Ternary:
    return numerics::encodeTernary(weights);
  case CodeFormat::Binary:
    return numerics::encodeBinary(weights);
  case CodeFormat::MXInt8:
    return blocks(numerics::mx::int8);
  case CodeFormat::MXFP8E4M3:
    return blocks(numerics::mx::e4m3);
  case CodeFormat::MXFP8E5M2:
    return blocks(numerics::mx::e5m2);
  case CodeFormat::MXFP6E2M3:
    return blocks(numerics::mx::e2m3);
  case CodeFormat::MXFP6E3M2:
    return blocks(numerics::mx::e3m2);
  case CodeFormat::MXFP4:
    return blocks(numerics::mx::e2m1);
  case CodeFormat::SMX9:
    return takeLattice(numerics::roundToMicroexponents(weights, 7));
  case CodeFormat::SMX6:
    return takeLattice(numerics::roundToMicroexponents(weights, 4));
  case CodeFormat::SMX4:
    return takeLattice(numerics::roundToMicroexponents(weights, 2));
  }
  llvm_unreachable("every format is a case");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static std::vector<Channel> getChannels(RankedTensorType type, ArrayRef<float> values, int64_t axis) {
  int64_t count = axis < 0 ? 1 : type.getDimSize(axis), inner = 1;
  if (axis >= 0)
    for (int64_t dim : type.getShape().drop_front(axis + 1))
      inner *= dim;
  std::vector<Channel> channels(count);
  for (auto [index, value] : llvm::enumerate(values)) {
    Channel &channel = channels[index / inner % count];
    channel.weights.push_back(value);
    channel.places.push_back(index);
  }
  return channels;
}

static bool isZero(const ScaledCodes &codes) {
  return llvm::all_of(codes.codes, [](int32_t code) { return code == 0; });
}

/// Scales below what the bias needs are raised, as narrow-assign-scales does.
LogicalResult EncodeWeights::fitBias(ObserveOp op, MutableArrayRef<ScaledCodes> channels) {
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
    for (int32_t &code : channel.codes)
      code = static_cast<int32_t>(numerics::round(code * ratio, numerics::Rounding::HalfEven));
    channel.scale = *scale;
  }
  return success();
}

LogicalResult EncodeWeights::encode(ObserveOp op) {
  auto fail = [&](const Twine &what) { return op.emitError() << "observer '" << op.getId() << "' " << what; };
  SchemeAttr scheme = op.getSchemeAttr();
  auto type = dyn_cast_if_present<quant::QuantizedType>(op.getQuantizedType().value_or(Type()));
  if (!type)
    return fail("has no type; run --narrow-assign-scales first");
  if (!getObservedContraction(op))
    return fail("has a format of weights but observes none");
  auto tensor = cast<RankedTensorType>(op.getType());
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!values || static_cast<int64_t>(values->size()) != tensor.getNumElements())
    return fail("cannot be read: its data are missing");

  std::vector<Channel> channels = getChannels(tensor, *values, scheme.getAxis());
  SmallVector<double> scales = getScales(type);
  if (scales.size() != channels.size())
    return fail("has a type of " + Twine(scales.size()) + " scales for " + Twine(channels.size()) +
                " channels");
  // A range method searches on the grid of uniform codes; here it means to search too.
  Encoder encoder(scheme, search || op->hasAttr(kRangeMethodAttr) ? ScaleSearch::LeastError
                                                                  : ScaleSearch::LargestWeight);
  encoder.prepare(channels);
  std::vector<ScaledCodes> encoded;
  for (auto [channel, scale] : llvm::zip_equal(channels, scales)) {
    encoded.push_back(encoder.encode(channel.weights));
    if (isZero(encoded.back())) // Exact at every scale; the bias may have chosen this one.
      encoded.back().scale = static_cast<float>(scale);
  }
  if (failed(fitBias(op, encoded)))
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

  OpBuilder builder(op);
  Operation *before = op.getInput().getDefiningOp();
  op.getInputMutable().assign(
      createConstant(builder, before->getLoc(), tensor.getShape(), ArrayRef<float>(*values)));
  if (before->use_empty())
    before->erase();
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
