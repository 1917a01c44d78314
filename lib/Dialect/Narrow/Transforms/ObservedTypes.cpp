//===- ObservedTypes.cpp - What types observers are to have ---------------===//
#include "ObservedTypes.h"
#include "CodeGrid.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "narrow/Numerics/Formats.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow;
using numerics::CodeRange;
using numerics::QuantParams;
using numerics::RangeNote;

static InFlightDiagnostic emitFault(ObserveOp op) {
  return op.emitError() << "observer '" << op.getId() << "' ";
}

CodeRange narrow::getCodes(SchemeAttr scheme) {
  if (!scheme.isUniform())
    return CodeRange::signedBits(8, /*restricted=*/true);
  return getUniformCodes(scheme);
}

/// How many intervals and scales the scheme of `op` asks for.
static int64_t getNumChannels(ObserveOp op) {
  int64_t axis = op.getSchemeAttr().getAxis();
  return axis < 0 ? 1 : cast<RankedTensorType>(op.getType()).getDimSize(axis);
}

/// Whether range and scheme of `op` go together and can be served.
static LogicalResult verifyScheme(ObserveOp op) {
  auto fail = [&](const Twine &what) -> LogicalResult { return emitFault(op) << what; };
  SchemeAttr scheme = op.getSchemeAttr();
  if (!scheme)
    return fail("has no scheme; run --narrow-assign-bit-width first");
  RangeAttr range = op.getRangeAttr();
  if (!range)
    return fail(op.getWeight() ? "has no range; run --narrow-assign-granularity first"
                               : "has no range; run --narrow-import-table first");
  bool isWords = scheme.getBits() == kWordBits && !getObservedContraction(op);
  if (scheme.isUniform() && (scheme.getBits() < 2 || scheme.getBits() > 8) && !isWords)
    return fail("has a scheme of " + Twine(scheme.getBits()) +
                " bits; 2 to 8 are supported, and 16 for activations");
  if (getObservedContraction(op) && !scheme.getSymmetric())
    return fail("has an asymmetric scheme; those of weights are symmetric");
  if (isWords && !scheme.getSymmetric())
    return fail("has an asymmetric scheme of 16 bits; these codes are symmetric");
  bool shares = scheme.getGranularity() == GranularityKind::PerTensor ||
                scheme.getGranularity() == GranularityKind::PerChannel;
  if (op.getWeight() && scheme.isPerToken())
    return fail("has a per_token scheme, which is for activations only");
  if (!op.getWeight() && !shares && !scheme.isPerToken())
    return fail("has a " + stringifyGranularityKind(scheme.getGranularity()) +
                " scheme, which is for weights only");
  if (int64_t channels = getNumChannels(op); static_cast<int64_t>(range.getMin().size()) != channels)
    return fail("has " + Twine(range.getMin().size()) + " intervals in its range, but its scheme asks for " +
                Twine(channels) + (op.getWeight() ? "; run --narrow-assign-granularity" : ""));
  return success();
}

static quant::QuantizedType makeType(ObserveOp op, ArrayRef<QuantParams> params) {
  auto emitError = [&] { return emitFault(op) << "has no type: "; };
  SchemeAttr scheme = op.getSchemeAttr();
  CodeRange codes = getCodes(scheme);
  Type storage = IntegerType::get(op.getContext(), codes.max > 127 ? 16 : 8);
  Type expressed = cast<RankedTensorType>(op.getType()).getElementType();
  if (scheme.getAxis() < 0)
    return quant::UniformQuantizedType::getChecked(emitError, quant::QuantizationFlags::Signed, storage,
                                                   expressed, params.front().scale, params.front().zeroPoint,
                                                   codes.min, codes.max);
  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints;
  for (QuantParams p : params) {
    scales.push_back(p.scale);
    zeroPoints.push_back(p.zeroPoint);
  }
  return quant::UniformQuantizedPerAxisType::getChecked(emitError, quant::QuantizationFlags::Signed, storage,
                                                        expressed, scales, zeroPoints, scheme.getAxis(),
                                                        codes.min, codes.max);
}

/// The parameters of each interval of the range; nullopt, after an error, if one gives none.
static std::optional<SmallVector<QuantParams>> computeParams(ObserveOp op, Notes *notes) {
  if (failed(verifyScheme(op)))
    return std::nullopt;
  SchemeAttr scheme = op.getSchemeAttr();
  CodeRange codes = getCodes(scheme);
  SmallVector<QuantParams> params;
  for (auto [channel, lo, hi] : llvm::enumerate(op.getRangeAttr().getMin(), op.getRangeAttr().getMax())) {
    RangeNote note = RangeNote::None;
    params.push_back(scheme.getSymmetric()
                         ? numerics::symmetricParams(std::max(std::abs(lo), std::abs(hi)), codes, &note)
                         : numerics::asymmetricParams(lo, hi, codes, &note));
    if (note == RangeNote::Invalid) {
      emitFault(op) << "has an interval " << llvm::formatv("[{0}, {1}]", lo, hi).str()
                    << " that gives no scale";
      return std::nullopt;
    }
    if (scheme.getFormat() == CodeFormat::PowerOfTwo)
      params.back() = numerics::powerOfTwoParams(params.back(), lo, codes, scheme.getSymmetric());
    if (!notes)
      continue;
    // One weight equals itself.
    if (lo == hi && lo != 0 &&
        (!op.getWeight() || cast<RankedTensorType>(op.getType()).getNumElements() > getNumChannels(op)))
      note = RangeNote::Constant;
    if (note == RangeNote::AllZero)
      notes->add(kAllZero, channel);
    else if (note == RangeNote::Constant)
      notes->add(kAllEqual, channel);
    else if (note == RangeNote::Widened && lo <= 0 &&
             hi >= 0) // Adding 0 to the interval is the rule, not news.
      notes->add("scale raised to the smallest normal number", channel);
  }
  return params;
}

quant::QuantizedType narrow::computeType(ObserveOp op, Notes *notes) {
  std::optional<SmallVector<QuantParams>> params = computeParams(op, notes);
  return params ? makeType(op, *params) : quant::QuantizedType();
}

static bool isZero(RangeAttr range, size_t channel) {
  return range.getMin()[channel] == 0 && range.getMax()[channel] == 0;
}

void narrow::setScales(ObserveOp op, ArrayRef<float> scales) {
  auto type = cast<quant::QuantizedType>(*op.getQuantizedType());
  SmallVector<double> before = getScales(type), chosen(scales.begin(), scales.end());
  if (RangeAttr range = op.getRangeAttr()) {
    SmallVector<double> min(range.getMin()), max(range.getMax());
    for (auto [channel, old, scale] : llvm::enumerate(before, chosen)) {
      if (old == scale || isZero(range, channel))
        continue;
      max[channel] = scale * static_cast<double>(type.getStorageTypeMax());
      min[channel] = -max[channel];
    }
    RangeAttr covered = RangeAttr::get(op.getContext(), min, max, range.getOrigin(), range.getSource());
    op.setRangeAttr(covered == range ? range : covered.withOrigin(RangeOrigin::Learned));
  }
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
    type = quant::UniformQuantizedPerAxisType::get(
        type.getFlags(), type.getStorageType(), type.getExpressedType(), chosen, perAxis.getZeroPoints(),
        perAxis.getQuantizedDimension(), type.getStorageTypeMin(), type.getStorageTypeMax());
  else
    type = quant::UniformQuantizedType::get(type.getFlags(), type.getStorageType(), type.getExpressedType(),
                                            chosen.front(),
                                            cast<quant::UniformQuantizedType>(type).getZeroPoint(),
                                            type.getStorageTypeMin(), type.getStorageTypeMax());
  op.setQuantizedTypeAttr(TypeAttr::get(type));
}

/// The extrema of each channel of the constant that `op` observes.
static std::optional<std::pair<SmallVector<double>, SmallVector<double>>> getExtrema(ObserveOp op) {
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  auto type = cast<RankedTensorType>(op.getType());
  if (!values || static_cast<int64_t>(values->size()) != type.getNumElements())
    return std::nullopt;
  ChannelLayout layout(type, op.getSchemeAttr().getAxis());
  SmallVector<double> min(layout.count, INFINITY), max(layout.count, -INFINITY);
  for (auto [index, value] : llvm::enumerate(*values)) {
    int64_t channel = layout.getChannel(static_cast<int64_t>(index));
    min[channel] = std::min<double>(min[channel], value);
    max[channel] = std::max<double>(max[channel], value);
  }
  return std::pair(min, max);
}

LogicalResult narrow::setRangeOfNumbers(ObserveOp op) {
  auto extrema = getExtrema(op);
  if (!extrema)
    return emitFault(op) << "cannot be read: its data are missing";
  RangeAttr range = op.getRangeAttr();
  op.setRangeAttr(range ? RangeAttr::get(op.getContext(), extrema->first, extrema->second, range.getOrigin(),
                                         range.getSource())
                        : RangeAttr::get(op.getContext(), extrema->first, extrema->second));
  return success();
}

bool narrow::admitsType(ObserveOp op, ObserveOp other) {
  auto type = cast<quant::QuantizedType>(*other.getQuantizedType());
  CodeRange codes = getCodes(op.getSchemeAttr());
  return type.getStorageTypeMin() >= codes.min && type.getStorageTypeMax() <= codes.max &&
         op.getSchemeAttr().getSymmetric() == other.getSchemeAttr().getSymmetric() &&
         (op.getSchemeAttr().getFormat() == CodeFormat::Uniform ||
          op.getSchemeAttr().getFormat() == other.getSchemeAttr().getFormat());
}

ObserveOp narrow::getJoinResult(ObserveOp op) {
  SmallVector<Operation *> readers = getReaders(op.getOutput());
  if (readers.empty() || !llvm::all_equal(readers) || !joinsCodes(readers.front()))
    return {};
  Value joined = readers.front()->getResult(0);
  return joined.hasOneUse() ? dyn_cast<ObserveOp>(*joined.user_begin()) : ObserveOp();
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static std::string print(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream(text) << attr;
  return text;
}

static std::string describeElement(float value, size_t index) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value) << " (element " << index << ')';
  return text;
}

bool narrow::isEncoded(ObserveOp op) {
  auto encoded = op->getAttrOfType<SchemeAttr>(attrs::encoded);
  return encoded && encoded == op.getSchemeAttr() && op.getQuantizedType() && op.getRangeAttr();
}

void narrow::forgetEncoding(ObserveOp op) {
  Attribute encoded = op->removeAttr(attrs::encoded);
  if (!encoded)
    return;
  auto grid = op->getAttrOfType<DictionaryAttr>(attrs::codeGrid);
  op->removeAttr(attrs::codeGrid);
  auto weight = grid ? grid.getAs<ElementsAttr>("weight") : ElementsAttr();
  if (!weight || weight.getShapedType() != op.getType()) {
    op.emitWarning() << "the weights of '" << op.getId() << "' are numbers of the scheme " << print(encoded)
                     << ", and are rounded once more: the observed stage has them as they were";
    return;
  }
  OpBuilder builder(op);
  Operation *before = op.getInput().getDefiningOp();
  op.getInputMutable().assign(tosa::ConstOp::create(builder, before->getLoc(), op.getType(), weight));
  if (before->use_empty())
    before->erase();
}

std::optional<std::string> narrow::findEncodingFault(ObserveOp op) {
  constexpr StringLiteral run = "; run --narrow-encode-weights";
  auto encoded = op->getAttrOfType<SchemeAttr>(attrs::encoded);
  if (!encoded)
    return ("has a format, but its weights are not encoded" + run).str();
  if (encoded != op.getSchemeAttr())
    return "has the scheme " + print(op.getSchemeAttr()) + ", but its weights are encoded as " +
           print(encoded) + run.str();
  auto type = dyn_cast_or_null<quant::QuantizedType>(op.getQuantizedType().value_or(Type()));
  auto tensor = cast<RankedTensorType>(op.getType());
  std::optional<ElementParams> params =
      type ? ElementParams::get(type, tensor.getShape()) : std::optional<ElementParams>();
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!params || !values || static_cast<int64_t>(values->size()) != tensor.getNumElements())
    return ("has no type of the scales and codes of its weights" + run).str();
  CodeRange codes{type.getStorageTypeMin(), type.getStorageTypeMax()};
  for (auto [index, value] : llvm::enumerate(*values))
    if (numerics::dequantize(numerics::quantize(value, (*params)[index], codes), (*params)[index]) != value)
      return "has a type without a code for its weight " + describeElement(value, index) + run.str();
  auto extrema = getExtrema(op);
  if (RangeAttr range = op.getRangeAttr();
      range && (range.getMin() != ArrayRef(extrema->first) || range.getMax() != ArrayRef(extrema->second)))
    return ("has a range that is not that of its weights, whose format decides" + run).str();
  return std::nullopt;
}

/// Weights that a range by minimum and maximum does not have: they were changed after it was taken.
static std::optional<std::string> findClippedWeight(ObserveOp op, quant::QuantizedType type) {
  RangeAttr range = op.getRangeAttr();
  bool coversAll = range && (range.getOrigin() == RangeOrigin::Extrema ||
                             range.getOrigin() == RangeOrigin::Learned);
  if (!op.getWeight() || !coversAll)
    return std::nullopt;
  auto tensor = cast<RankedTensorType>(op.getType());
  std::optional<ElementParams> params = ElementParams::get(type, tensor.getShape());
  std::optional<std::vector<float>> values = getFloats(op.getInput());
  if (!params || !values || static_cast<int64_t>(values->size()) != tensor.getNumElements())
    return std::nullopt; // narrow-quantize says so.
  for (auto [index, value] : llvm::enumerate(*values)) {
    const QuantParams &of = (*params)[index];
    double code = value / static_cast<double>(of.scale) + static_cast<double>(of.zeroPoint);
    if (code < static_cast<double>(type.getStorageTypeMin()) - 0.51 ||
        code > static_cast<double>(type.getStorageTypeMax()) + 0.51)
      return "has the weight " + describeElement(value, index) +
             ", outside of its range; run --narrow-assign-granularity and the passes behind it";
  }
  return std::nullopt;
}

LogicalResult narrow::verifyType(ObserveOp op) {
  RangeAttr range = op.getRangeAttr();
  SchemeAttr scheme = op.getSchemeAttr();
  auto type = dyn_cast_or_null<quant::QuantizedType>(op.getQuantizedType().value_or(Type()));
  if (!range || !scheme || !type || op->hasAttr(attrs::floatReason))
    return success();
  if (!scheme.isUniform()) {
    if (auto fault = findEncodingFault(op))
      return emitFault(op) << *fault;
    return success();
  }
  std::optional<SmallVector<QuantParams>> params = computeParams(op, /*notes=*/nullptr);
  if (!params)
    return failure();
  // Zeros are exact at every scale, which the bias has chosen then.
  SmallVector<double> scales = getScales(type);
  if (op.getWeight() && scales.size() == params->size())
    for (auto [channel, param, scale] : llvm::enumerate(*params, scales))
      if (isZero(range, channel))
        param.scale = static_cast<float>(scale);
  quant::QuantizedType expected = makeType(op, *params);
  if (!expected)
    return failure();
  ObserveOp joined = getJoinResult(op);
  if (joined && joined.getQuantizedType() == type && joined.getSchemeAttr() && admitsType(op, joined))
    return success();
  if (type != expected)
    return emitFault(op) << "has the type " << type << ", but its range and scheme ask for " << expected
                         << "; run --narrow-assign-scales";
  if (auto fault = findClippedWeight(op, type))
    return emitFault(op) << *fault;
  return success();
}
