//===- Quantization.cpp - QuantizeLinear and DequantizeLinear -------------===//
#include "Registry.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include <cmath>

using namespace mlir;
using namespace narrow::onnx_import;

/// Scales and zero points of either operator (inputs 1 and 2) for codes of type
/// `codes`, checked against the shape of the tensor.
static FailureOr<QuantizationParameters> getParameters(OpContext &ctx, ElementType codes) {
  ArrayRef<int64_t> shape = ctx.input(0).getShape();
  FailureOr<ConstantTensor> scale = ctx.constant(1);
  if (failed(scale))
    return failure();
  if (int64_t block = ctx.getInt("block_size", 0); block != 0)
    return ctx.unsupported("block_size", Twine(block), "quantize per tensor or per axis");
  if (!scale->isFloat() || scale->getRank() > 1 || scale->size() == 0)
    return ctx.error() << "the scale must be a FLOAT or a vector of them, has shape "
                       << toString(scale->getShape());
  QuantizationParameters result;
  for (auto [i, value] : llvm::enumerate(scale->getFloats())) {
    if (!std::isfinite(value) || value <= 0)
      return ctx.error() << "scale " << i << " is " << value << ", it must be positive and finite";
    result.scales.push_back(value);
  }
  result.zeroPoints.assign(result.scales.size(), 0);
  if (ctx.has(2)) {
    FailureOr<ConstantTensor> zeroPoint = ctx.constant(2);
    if (failed(zeroPoint))
      return failure();
    if (zeroPoint->isFloat() || zeroPoint->size() != scale->size())
      return ctx.error() << "the zero point must hold " << scale->size() << " integers, as many as the scale";
    auto [least, greatest] = getRange(codes);
    for (auto [i, value] : llvm::enumerate(zeroPoint->getIntegers())) {
      if (value < least || value > greatest)
        return ctx.error() << "zero point " << value << " is no " << getName(codes);
      result.zeroPoints[i] = value;
    }
  }
  if (!result.isPerAxis())
    return result;
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", 1), shape.size());
  if (failed(axis))
    return failure();
  if (shape[*axis] != scale->size())
    return ctx.error() << "axis " << *axis << " has " << shape[*axis] << " channels, but there are "
                       << scale->size() << " scales";
  result.axis = *axis;
  return result;
}

/// The element type of QuantizeLinear's result.
static FailureOr<ElementType> getCodeType(OpContext &ctx) {
  ElementType type = ElementType::U8;
  if (int64_t dataType = ctx.getInt("output_dtype", 0); dataType != 0) {
    std::optional<ElementType> given = getElementType(static_cast<int>(dataType));
    if (!given)
      return ctx.unsupported("output_dtype", getDataTypeName(static_cast<int>(dataType)),
                             "use INT8 or UINT8");
    type = *given;
  } else if (ctx.has(2)) {
    FailureOr<ConstantTensor> zeroPoint = ctx.constant(2);
    if (failed(zeroPoint))
      return failure();
    type = zeroPoint->getType();
  }
  if (type != ElementType::U8 && type != ElementType::I8)
    return ctx.error() << "codes of type " << getName(type) << " are not supported, use int8 or uint8";
  return type;
}

static LogicalResult importQuantize(OpContext &ctx) {
  FailureOr<ElementType> codes = getCodeType(ctx);
  if (failed(codes))
    return failure();
  FailureOr<QuantizationParameters> parameters = getParameters(ctx, *codes);
  FailureOr<Value> x = ctx.value(0);
  if (failed(parameters) || failed(x))
    return failure();
  Type type = getQuantizedType([&] { return ctx.error(); }, ctx.builder.getContext(), *codes, *parameters);
  if (!type)
    return failure();
  auto resultType = RankedTensorType::get(ctx.input(0).getShape(), type);
  ctx.setResult(0, Tensor(narrow::QuantizeOp::create(ctx.builder, ctx.loc, resultType, *x).getResult()));
  return success();
}

/// Quantizes a constant, i.e. weights stored as float.
static LogicalResult foldQuantize(OpContext &ctx) {
  FailureOr<ElementType> codes = getCodeType(ctx);
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(codes) || failed(x))
    return failure();
  FailureOr<QuantizationParameters> parameters = getParameters(ctx, *codes);
  if (failed(parameters))
    return failure();
  if (!x->isFloat())
    return ctx.error() << "only FLOAT can be quantized";
  if (std::optional<int64_t> index = x->findNonFinite())
    return ctx.error() << "constant '" << x->name << "' contains " << x->getFloats()[*index] << " (element "
                       << *index << "); weights must be finite";
  auto [least, greatest] = getRange(*codes);
  int64_t stride = parameters->isPerAxis() ? getStrides(x->getShape())[parameters->axis] : 1;
  int64_t channels = parameters->scales.size();
  std::vector<int64_t> values(x->size());
  for (auto [i, value] : llvm::enumerate(x->getFloats())) {
    int64_t channel = static_cast<int64_t>(i) / stride % channels;
    double rounded = std::nearbyint(value / parameters->scales[channel]) +
                     static_cast<double>(parameters->zeroPoints[channel]);
    values[i] =
        static_cast<int64_t>(std::clamp(rounded, static_cast<double>(least), static_cast<double>(greatest)));
  }
  ConstantTensor result(*codes, Shape(x->getShape()), std::move(values));
  result.name = x->name;
  ctx.setResult(0, Tensor(std::move(result)));
  return success();
}

/// Constant codes stay codes: the tensor keeps their quantization and is
/// materialized when an op reads it.
static LogicalResult foldDequantize(OpContext &ctx) {
  FailureOr<ConstantTensor> x = ctx.constant(0);
  if (failed(x))
    return failure();
  ElementType codes = x->getType();
  if (codes != ElementType::I8 && codes != ElementType::U8 && codes != ElementType::I32)
    return ctx.error() << "codes of type " << getName(codes)
                       << " are not supported, use int8, uint8 or int32";
  FailureOr<QuantizationParameters> parameters = getParameters(ctx, codes);
  if (failed(parameters))
    return failure();
  // Reports parameters that the type rejects.
  if (!getQuantizedType([&] { return ctx.error(); }, ctx.builder.getContext(), codes, *parameters))
    return failure();
  x->quantization = std::move(*parameters);
  ctx.setResult(0, Tensor(std::move(*x)));
  return success();
}

static LogicalResult importDequantize(OpContext &ctx) {
  const Tensor &x = ctx.input(0);
  auto type =
      x.value ? dyn_cast<quant::QuantizedType>(getElementTypeOrSelf(x.value)) : quant::QuantizedType();
  if (!type)
    return ctx.error() << "input '" << ctx.getInputName(0)
                       << "' must be a constant or come from a QuantizeLinear";
  ElementType codes = type.isSigned() ? ElementType::I8 : ElementType::U8;
  FailureOr<QuantizationParameters> parameters = getParameters(ctx, codes);
  if (failed(parameters))
    return failure();
  Type wanted = getQuantizedType([&] { return ctx.error(); }, ctx.builder.getContext(), codes, *parameters);
  if (!wanted)
    return failure();
  Value value = x.value;
  auto shaped = cast<RankedTensorType>(value.getType());
  if (wanted != type) { // The same codes, interpreted with other parameters.
    value = quant::StorageCastOp::create(ctx.builder, ctx.loc, shaped.clone(type.getStorageType()), value);
    value = quant::StorageCastOp::create(ctx.builder, ctx.loc, shaped.clone(wanted), value);
  }
  ctx.setResult(
      0,
      Tensor(narrow::DequantizeOp::create(ctx.builder, ctx.loc, ctx.type(x.getShape()), value).getResult()));
  return success();
}

void narrow::onnx_import::registerQuantization(Registry &registry) {
  const char *notes =
      "int8 and uint8 codes (int32 in constants), per tensor and per axis; constant scale and zero "
      "point";
  registry["QuantizeLinear"] = {2, 3, importQuantize, foldQuantize, 10, notes};
  registry["DequantizeLinear"] = {2, 3, importDequantize, foldDequantize, 10, notes};
}
