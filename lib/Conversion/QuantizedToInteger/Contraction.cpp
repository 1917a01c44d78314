//===- Contraction.cpp - Convolutions in integers -------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/Bias.h"
#include "narrow/Numerics/Rounding.h"
#include "narrow/Numerics/Tokens.h"
#include "narrow/Numerics/Words.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

namespace {

/// Weights ready for an integer convolution.
struct Weights {
  std::vector<int64_t> codes;
  SmallVector<double> scales; ///< one per output channel
  int64_t zeroPoint = 0;
  /// 16-bit codes: two convolutions. The zero point is 0.
  bool wide = false;
};

/// An 8-bit part of 16-bit numbers, in units of 2^place. Each part of the activations is
/// multiplied by each part of the weights.
struct InputPlane {
  int place;
  Value codes;
  int64_t zeroPoint;
};
struct WeightPlane {
  int place;
  std::vector<int64_t> codes;
};

} // namespace

/// The codes with one scale per output channel and one zero point for all,
/// which is 0 if the differences fit 8 bits.
static std::optional<Weights> getWeights(Lowering &lowering, Operation *op, const ConstantCodes &constant,
                                         const WeightChannels &channels, ArrayRef<int64_t> channelAxes) {
  bool perAxis = constant.scales.size() > 1;
  if (perAxis && !llvm::is_contained(channelAxes, constant.axis))
    return lowering.refuse(op, "its weights have a scale for each index of axis " + Twine(constant.axis) +
                                   ", which is summed over");
  Weights weights;
  weights.scales.assign(channels.size(), constant.scales.front());
  std::vector<int64_t> centered(constant.codes.size());
  bool fits = true;
  for (int64_t i = 0, e = constant.codes.size(); i != e; ++i) {
    int64_t s = perAxis ? channels.coordinate(i, constant.axis) : 0;
    weights.scales[channels.channelOf(i)] = constant.scales[s];
    centered[i] = constant.codes[i] - constant.zeroPoints[s];
    fits &= centered[i] >= -128 && centered[i] <= 127;
  }
  if (fits) {
    weights.codes = std::move(centered);
    return weights;
  }
  if (llvm::all_of(constant.zeroPoints, [](int64_t zeroPoint) { return zeroPoint == 0; }) &&
      llvm::all_of(centered, [](int64_t code) {
        return code >= numerics::leastWideWeight && code <= numerics::mostWideWeight;
      })) {
    weights.codes = std::move(centered);
    weights.wide = true;
    return weights;
  }
  if (!llvm::all_of(constant.codes, [](int64_t code) { return code >= -128 && code <= 127; }))
    return lowering.refuse(op,
                           "its weights have codes of more than 16 bits, or a zero point and more than 8");
  if (!llvm::all_equal(constant.zeroPoints))
    return lowering.refuse(op, "the zero points of its weights differ by "
                               "channel and do not fit 8 bits");
  weights.codes = constant.codes;
  weights.zeroPoint = constant.zeroPoints.front();
  return weights;
}

/// The bias in units of the accumulator. If a channel's bias leaves no room for
/// the sum (its weights, hence their scale, are tiny), the unit of the weights
/// is raised: what they lose is far below one code of the bias.
static std::optional<std::vector<int64_t>> getBias(Lowering &lowering, Operation *op, Value bias,
                                                   double inputScale, Weights &weights,
                                                   const WeightChannels &channels) {
  auto reals = getConstantReals(bias);
  if (!reals)
    return lowering.refuse(op, "its bias is no constant");
  if (reals->size() == 1)
    reals->resize(channels.size(), reals->front());
  if (static_cast<int64_t>(reals->size()) != channels.size())
    return lowering.refuse(op, "its bias has " + Twine(reals->size()) + " elements for " +
                                   Twine(channels.size()) + " output channels");
  constexpr int64_t limit = int64_t{1} << 30;
  std::vector<int64_t> codes;
  SmallVector<int64_t> shifts(channels.size(), 0);
  for (auto [channel, real] : llvm::enumerate(*reals)) {
    double &scale = weights.scales[channel];
    if (!std::isfinite(real))
      return lowering.error(op, "the bias of channel " + Twine(channel) + " is not finite");
    if (!(inputScale * scale > 0))
      return lowering.error(op, "the scales of its input and of channel " + Twine(channel) +
                                    " have the product 0; raise the scale of the weights");
    while (std::abs(real) > limit * inputScale * scale) {
      scale *= 2;
      ++shifts[channel];
    }
    codes.push_back(
        static_cast<int64_t>(numerics::round(real / (inputScale * scale), numerics::Rounding::HalfEven)));
  }
  if (llvm::all_of(shifts, [](int64_t shift) { return shift == 0; }))
    return codes;
  for (int64_t i = 0, e = weights.codes.size(); i != e; ++i)
    if (int64_t shift = shifts[channels.channelOf(i)]) {
      double value =
          std::ldexp(static_cast<double>(weights.codes[i] - weights.zeroPoint), -static_cast<int>(shift));
      weights.codes[i] =
          static_cast<int64_t>(numerics::round(value, numerics::Rounding::HalfEven)) + weights.zeroPoint;
    }
  return codes;
}

/// Adds the padding of a tosa.pad with real zeros around the plane to `pad`
/// (top, bottom, left, right) and returns the unpadded input: a convolution
/// itself pads with its input's zero point.
static Value absorbPadding(Value input, int64_t zeroPoint, SmallVectorImpl<int64_t> &pad) {
  auto op = input.getDefiningOp<tosa::PadOp>();
  if (!op || pad.size() != 4)
    return input;
  auto amounts = getShapeDims(op.getPadding());
  auto value = getIntegers(op.getPadConst());
  if (!amounts || amounts->size() != 8 || !value || value->size() != 1 || value->front() != zeroPoint)
    return input;
  ArrayRef<int64_t> a(*amounts);
  if (a[0] || a[1] || a[6] || a[7])
    return input;
  for (int i = 0; i != 4; ++i)
    pad[i] += a[2 + i];
  return op.getInput1();
}

namespace {

/// Per-token quantization and its inverse (N73, N74).
struct Tokens {
  int64_t largest; ///< the largest code
  int shift;       ///< of N74
  Value maxima;

  static Tokens choose(RoundTokensOp op, Value bias, double inputScale, const Weights &weights,
                       const WeightChannels &channels);
  Codes quantize(OpBuilder &builder, Location loc, Codes wide);
  Value rescale(OpBuilder &builder, Location loc, Value sums, ArrayRef<int64_t> bias) const;
};

} // namespace

/// The exponent k of the unit 2^k in which the sums of the planes are added. Only 16-bit
/// activations need one: 16-bit weights were chosen so that their sums fit.
static std::optional<int> getPlaneShift(const Weights &weights, ArrayRef<int64_t> bias,
                                        const WeightChannels &channels) {
  std::vector<std::vector<int64_t>> ofChannel(channels.size());
  for (auto [index, code] : llvm::enumerate(weights.codes))
    ofChannel[channels.channelOf(index)].push_back(code - weights.zeroPoint);
  std::vector<numerics::PlaneBounds> bounds;
  for (auto [codes, offset] : llvm::zip_equal(ofChannel, bias))
    bounds.push_back(numerics::planeBounds(codes, weights.wide, offset));
  return numerics::planeShift(bounds);
}

/// The sum of `sums`, each in units of 2^place, in units of 2^shift (N81).
static std::optional<Value> addPlanes(Lowering &lowering, Operation *op, int shift,
                                      ArrayRef<std::pair<int, Value>> sums) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op->getLoc();
  auto i32 = cast<IntegerType>(builder.getI32Type());
  Value total;
  for (auto [place, sum] : sums) {
    Value term = sum;
    auto type = cast<RankedTensorType>(sum.getType());
    if (place > shift) {
      SmallVector<int64_t> scalar(type.getRank(), 1);
      Value unit = createConstant(builder, loc, scalar, ArrayRef(int64_t{1} << (place - shift)), i32);
      Value none = createConstant(builder, loc, {1}, ArrayRef<int64_t>(0), builder.getI8Type());
      term = tosa::MulOp::create(builder, loc, type, sum, unit, none);
    } else if (place < shift) {
      std::optional<Value> rounded = lowering.rescale(sum, 0, i32, 0, std::ldexp(1.0, place - shift), op);
      if (!rounded)
        return std::nullopt;
      term = *rounded;
      // The id belongs to the tensor of the codes.
      term.getDefiningOp()->removeAttr(attrs::id);
    }
    total = total ? tosa::AddOp::create(builder, loc, type, total, term) : term;
  }
  return total;
}

/// The sums of the products of `input` and `weights` in units of 2^shift, plane by plane if either
/// has 16 bits.
static std::optional<Value> multiply(Lowering &lowering, Operation *op, const Codes &input,
                                     ArrayRef<int64_t> weightShape, const Weights &weights,
                                     const std::vector<int64_t> &bias, int shift) {
  OpBuilder &builder = lowering.getBuilder();
  Location loc = op->getLoc();
  auto contraction = cast<IntegerLoweringOpInterface>(op);
  auto i8 = cast<IntegerType>(builder.getI8Type()), i32 = cast<IntegerType>(builder.getI32Type());
  SmallVector<int64_t> pad = contraction.getZeroPadding();
  Value source = absorbPadding(input.value, input.type.getZeroPoint(), pad);
  SmallVector<InputPlane> inputs;
  if (isWide(input.type)) {
    auto [high, low] = splitCodes(builder, op->getLoc(), source);
    inputs = {{8, high, 0}, {0, low, numerics::lowByteZeroPoint}};
  } else {
    inputs = {{0, source, input.type.getZeroPoint()}};
  }
  SmallVector<WeightPlane> parts;
  if (weights.wide) {
    parts = {{8, {}}, {0, {}}};
    for (int64_t code : weights.codes) {
      numerics::Bytes bytes = numerics::splitWeight(code);
      parts[0].codes.push_back(bytes.high);
      parts[1].codes.push_back(bytes.low);
    }
  } else {
    parts = {{0, weights.codes}};
  }

  auto type = cast<RankedTensorType>(op->getResult(0).getType()).clone(i32);
  std::vector<int64_t> none(bias.size(), 0);
  // The sums of the largest unit come first; the bias is in the last one.
  SmallVector<std::pair<int, Value>> sums;
  for (int place : {16, 8, 0})
    for (const InputPlane &plane : inputs)
      for (const WeightPlane &part : parts) {
        if (plane.place + part.place != place)
          continue;
        Value weight = createConstant(builder, loc, weightShape, part.codes, i8);
        Value added =
            createConstant(builder, loc, static_cast<int64_t>(bias.size()), place ? none : bias, i32);
        Value sum = contraction.createIntegerContraction(
            lowering, {type, plane.codes, plane.zeroPoint, weight, weights.zeroPoint, added, pad});
        if (!sum)
          return lowering.refuse(op, op->getName().getStringRef() + " has no integer form");
        sums.push_back({place, sum});
      }
  std::optional<Value> total = addPlanes(lowering, op, shift, sums);
  if (total && sums.size() > 1) // Distinguishes the accumulator from its parts.
    total->getDefiningOp()->setAttr(attrs::accumulatorShift, builder.getI32IntegerAttr(shift));
  return total;
}

Tokens Tokens::choose(RoundTokensOp op, Value bias, double inputScale, const Weights &weights,
                      const WeightChannels &channels) {
  int64_t largest = op.getLargest(), largestSum = 0;
  std::vector<int64_t> centered(weights.codes);
  for (int64_t &code : centered)
    code -= weights.zeroPoint;
  for (const AccumulatorBounds &bound :
       computeAccumulatorBounds(centered, channels, /*bias=*/{}, {-largest, largest}))
    largestSum = std::max({largestSum, -bound.min, bound.max});
  double largestBias = 0;
  if (auto reals = getConstantReals(bias))
    for (auto [channel, real] : llvm::enumerate(*reals))
      for (size_t c = channel; c < weights.scales.size(); c += reals->size())
        if (double unit = inputScale * weights.scales[c]; std::isfinite(real) && unit > 0)
          largestBias = std::max(largestBias, std::abs(real) / unit);
  return {largest, numerics::tokenShift(largestSum, largestBias, static_cast<int32_t>(largest)), Value()};
}

Codes Tokens::quantize(OpBuilder &builder, Location loc, Codes wide) {
  auto shape = cast<RankedTensorType>(wide.value.getType());
  SmallVector<int64_t> rows(shape.getShape());
  rows.back() = 1;
  maxima = TokenMaximaOp::create(builder, loc, RankedTensorType::get(rows, builder.getI32Type()), wide.value);
  Value codes = QuantizeTokensOp::create(builder, loc, shape.clone(builder.getI8Type()), wide.value, maxima,
                                         builder.getI64IntegerAttr(largest));
  // There is no common scale; readers use only the zero point.
  auto type = CodeType::get(quant::QuantizationFlags::Signed, builder.getI8Type(),
                            wide.type.getExpressedType(), wide.type.getScale(), 0, -largest, largest);
  return {codes, type};
}

Value Tokens::rescale(OpBuilder &builder, Location loc, Value sums, ArrayRef<int64_t> bias) const {
  auto type = cast<RankedTensorType>(sums.getType());
  Value products =
      RescaleTokensOp::create(builder, loc, type, sums, maxima, builder.getI64IntegerAttr(shift));
  if (llvm::all_of(bias, [](int64_t code) { return code == 0; }))
    return products;
  SmallVector<int64_t> shape(type.getRank(), 1);
  shape.back() = static_cast<int64_t>(bias.size());
  Value constant = createConstant(builder, loc, shape, bias, cast<IntegerType>(builder.getI32Type()));
  return tosa::AddOp::create(builder, loc, type, products, constant);
}

std::optional<Value> Lowering::requantizeContraction(Operation *op, const QuantizationGoal &goal) {
  std::optional<Accumulator> accumulator = getAccumulator(op);
  if (!accumulator)
    return std::nullopt;
  builder.setInsertionPoint(op);
  return requantize(accumulator->value, accumulator->scales, goal, op);
}

std::optional<Accumulator> Lowering::contract(Operation *op) {
  Lowering &lowering = *this;
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable || quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return std::nullopt;
  std::optional<unsigned> weightOperand = quantizable.getWeightOperand(),
                          biasOperand = quantizable.getBiasOperand();
  if (!weightOperand || !biasOperand)
    return lowering.refuse(op, op->getName().getStringRef() + " has no integer form");
  Value real = op->getOperand(quantizable.getActivationOperands().front());
  auto tokens = real.getDefiningOp<RoundTokensOp>();
  std::optional<Codes> input = lowering.getCodes(tokens ? tokens.getInput() : real);
  bool hasWords = input && isWide(input->type);
  if (tokens && (!hasWords || !readsTokens(quantizable)))
    return lowering.error(op, !hasWords
                                  ? "a scale for each token needs an input of 16-bit codes with zero point 0"
                                  : "a scale for each token needs a contraction over the last axis alone, "
                                    "without windows, strides, padding and groups");
  if (!input)
    return lowering.refuse(op, "its input is not quantized to 8 or 16 bits");
  std::optional<ConstantCodes> constant = getConstantCodes(op->getOperand(*weightOperand));
  if (!constant)
    return lowering.refuse(op, "its weights are no quantized constant");
  SmallVector<int64_t> axes = quantizable.getWeightChannelAxes();
  WeightChannels channels(constant->shape, axes);
  std::optional<Weights> weights = getWeights(lowering, op, *constant, channels, axes);
  if (!weights)
    return std::nullopt;
  double inputScale = input->type.getScale();
  std::optional<Tokens> perToken;
  if (tokens) {
    perToken = Tokens::choose(tokens, op->getOperand(*biasOperand), inputScale, *weights, channels);
    inputScale = std::ldexp(inputScale, perToken->shift) / perToken->largest;
  }
  auto bias = getBias(lowering, op, op->getOperand(*biasOperand), inputScale, *weights, channels);
  if (!bias)
    return std::nullopt;

  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(op);
  // With tokens, the bias is added after their rescale: before it each token has its own scale.
  std::vector<int64_t> none(bias->size(), 0);
  const std::vector<int64_t> &added = perToken ? none : *bias;
  if (perToken)
    input = perToken->quantize(builder, op->getLoc(), *input);
  std::optional<int> shift = isWide(input->type) ? getPlaneShift(*weights, added, channels) : 0;
  if (!shift)
    return lowering.error(op,
                          "the sums of the products of 8-bit parts of its input and its weights need more "
                          "than 31 bits; quantize its weights to fewer bits");
  std::optional<Value> total = multiply(lowering, op, *input, constant->shape, *weights, added, *shift);
  if (!total)
    return std::nullopt;
  if (perToken)
    total = perToken->rescale(builder, op->getLoc(), *total, *bias);
  Accumulator accumulator{*total, {}};
  for (double scale : weights->scales)
    accumulator.scales.push_back(std::ldexp(inputScale * scale, *shift));
  return accumulator;
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {

template <typename OpT>
struct TosaConvolution : IntegerLoweringOpInterface::ExternalModel<TosaConvolution<OpT>, OpT> {
  SmallVector<int64_t> getZeroPadding(Operation *op) const { return llvm::to_vector(cast<OpT>(op).getPad()); }
  Value createIntegerContraction(Operation *op, Lowering &lowering, const IntegerContraction &parts) const {
    OpBuilder &builder = lowering.getBuilder();
    auto conv = cast<OpT>(op);
    auto scalar = [&](int64_t value) {
      return createConstant(builder, op->getLoc(), {1}, ArrayRef<int64_t>(value),
                            cast<IntegerType>(builder.getI8Type()));
    };
    // In this order, whatever the compiler does with the arguments of a call.
    Value inputZp = scalar(parts.inputZeroPoint), weightZp = scalar(parts.weightZeroPoint);
    return OpT::create(builder, op->getLoc(), parts.type, parts.input, parts.weights, parts.bias, inputZp,
                       weightZp, parts.pad, conv.getStride(), conv.getDilation(), builder.getI32Type());
  }
};

struct GroupedConvolution : IntegerLoweringOpInterface::ExternalModel<GroupedConvolution, Conv2DOp> {
  SmallVector<int64_t> getZeroPadding(Operation *op) const {
    return llvm::to_vector(cast<Conv2DOp>(op).getPad());
  }
  Value createIntegerContraction(Operation *op, Lowering &lowering, const IntegerContraction &parts) const {
    if (parts.weightZeroPoint) {
      lowering.refuse(op, "its weights have a zero point other than 0, which narrow.conv2d has no place for");
      return {};
    }
    auto conv = cast<Conv2DOp>(op);
    return Conv2DOp::create(lowering.getBuilder(), op->getLoc(), parts.type, parts.input, parts.weights,
                            parts.bias, conv.getGroup(), parts.pad, conv.getStride(), conv.getDilation(),
                            parts.inputZeroPoint);
  }
};

} // namespace

void narrow::registerContractionLowering(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::Conv2DOp::attachInterface<TosaConvolution<tosa::Conv2DOp>>(*context);
    tosa::DepthwiseConv2DOp::attachInterface<TosaConvolution<tosa::DepthwiseConv2DOp>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    Conv2DOp::attachInterface<GroupedConvolution>(*context);
  });
}
