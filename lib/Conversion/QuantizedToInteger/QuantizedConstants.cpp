//===- QuantizedConstants.cpp - Constants of the quantized stage ----------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

std::optional<ConstantCodes> narrow::getConstantCodesOfStorage(Value quantized) {
  auto shaped = dyn_cast<RankedTensorType>(quantized.getType());
  auto type = shaped ? dyn_cast<quant::QuantizedType>(shaped.getElementType()) : quant::QuantizedType();
  if (!type || !shaped.hasStaticShape())
    return std::nullopt;
  ConstantCodes constant;
  constant.shape.assign(shaped.getShape().begin(), shaped.getShape().end());
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(type)) {
    constant.scales = {uniform.getScale()};
    constant.zeroPoints = {uniform.getZeroPoint()};
  } else if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    constant.scales.assign(perAxis.getScales().begin(), perAxis.getScales().end());
    constant.zeroPoints.assign(perAxis.getZeroPoints().begin(), perAxis.getZeroPoints().end());
    constant.axis = perAxis.getQuantizedDimension();
    if (constant.axis >= shaped.getRank() ||
        shaped.getDimSize(constant.axis) != static_cast<int64_t>(constant.scales.size()))
      return std::nullopt;
  } else {
    return std::nullopt;
  }

  unsigned bits = type.getStorageTypeIntegralWidth();
  if (auto cast = quantized.getDefiningOp<quant::StorageCastOp>()) {
    auto codes = getIntegers(cast.getInput());
    if (!codes)
      return std::nullopt;
    constant.codes = std::move(*codes);
    if (!type.isSigned()) // The codes were read as two's complement.
      for (int64_t &code : constant.codes)
        code &= (int64_t{1} << bits) - 1;
  } else if (auto quantize = quantized.getDefiningOp<QuantizeOp>()) {
    auto values = getFloats(quantize.getInput());
    if (!values)
      return std::nullopt;
    WeightChannels channels(constant.shape, constant.axis);
    numerics::CodeRange range{type.getStorageTypeMin(), type.getStorageTypeMax()};
    for (auto [index, value] : llvm::enumerate(*values)) {
      size_t s = constant.scales.size() == 1 ? 0 : channels.coordinate(index, constant.axis);
      constant.codes.push_back(
          numerics::quantize(value, {static_cast<float>(constant.scales[s]), constant.zeroPoints[s]}, range));
    }
  } else {
    return std::nullopt;
  }
  if (!type.isSigned() && bits == 8) {
    for (int64_t &code : constant.codes)
      code -= 128;
    for (int64_t &zeroPoint : constant.zeroPoints)
      zeroPoint -= 128;
  }
  return constant;
}

std::optional<ConstantCodes> narrow::getConstantCodes(Value real) {
  auto dequantize = real.getDefiningOp<DequantizeOp>();
  return dequantize ? getConstantCodesOfStorage(dequantize.getInput()) : std::nullopt;
}

std::optional<std::vector<double>> narrow::getConstantReals(Value real) {
  if (auto floats = getFloats(real))
    return std::vector<double>(floats->begin(), floats->end());
  std::optional<ConstantCodes> constant = getConstantCodes(real);
  if (!constant)
    return std::nullopt;
  WeightChannels channels(constant->shape, constant->axis);
  std::vector<double> reals;
  reals.reserve(constant->codes.size());
  for (int64_t i = 0, e = constant->codes.size(); i != e; ++i)
    reals.push_back(
        constant->getReal(i, constant->scales.size() == 1 ? 0 : channels.coordinate(i, constant->axis)));
  return reals;
}

std::optional<double> narrow::getSplat(Value real) {
  auto reals = getConstantReals(real);
  if (!reals || reals->empty() || !llvm::all_equal(*reals))
    return std::nullopt;
  return reals->front();
}

std::pair<double, double> narrow::getClampBounds(Operation *op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  auto clamp = dyn_cast<tosa::ClampOp>(op);
  if (!clamp)
    return {-infinity, infinity};
  auto bound = [](Attribute attr, double otherwise) {
    auto value = dyn_cast<FloatAttr>(attr);
    // A NaN bound compares false with everything, so it is no bound.
    return value && !value.getValue().isNaN() ? value.getValueAsDouble() : otherwise;
  };
  return {bound(clamp.getMinValAttr(), -infinity), bound(clamp.getMaxValAttr(), infinity)};
}
