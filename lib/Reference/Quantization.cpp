//===- Quantization.cpp - Conversion of reals and codes -------------------===//
#include "Elementwise.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/QuantParams.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

namespace {
/// The parameters of each element of a tensor of quantized type.
struct ElementParams {
  SmallVector<numerics::QuantParams> channels;
  /// Number of consecutive elements in one channel.
  int64_t run = 1;
  numerics::CodeRange codes;

  const numerics::QuantParams &operator[](size_t i) const { return channels[i / run % channels.size()]; }
};
} // namespace

static FailureOr<ElementParams> getParams(const Call &call, Type type, ArrayRef<int64_t> shape) {
  Type element = getElementTypeOrSelf(type);
  ElementParams params;
  if (auto perTensor = dyn_cast<quant::UniformQuantizedType>(element)) {
    params.channels.push_back({static_cast<float>(perTensor.getScale()), perTensor.getZeroPoint()});
  } else if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(element)) {
    int64_t axis = perAxis.getQuantizedDimension();
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()) ||
        shape[axis] != static_cast<int64_t>(perAxis.getScales().size()))
      return call.error() << "needs one scale for each channel along axis " << axis << " of " << type;
    for (auto [scale, zeroPoint] : llvm::zip(perAxis.getScales(), perAxis.getZeroPoints()))
      params.channels.push_back({static_cast<float>(scale), zeroPoint});
    for (int64_t dim : shape.drop_front(axis + 1))
      params.run *= dim;
  } else {
    return call.error() << "needs a uniform quantized type per tensor or per axis, got " << type;
  }
  // Neither is used for a tensor without elements.
  params.run = std::max<int64_t>(params.run, 1);
  if (params.channels.empty())
    params.channels.push_back({});
  auto quantized = cast<quant::QuantizedType>(element);
  params.codes = {quantized.getStorageTypeMin(), quantized.getStorageTypeMax()};
  return params;
}

static LogicalResult evalQuantize(QuantizeOp op, Call &call) {
  auto params = getParams(call, op.getType(), call.result().shape);
  if (failed(params))
    return failure();
  if (call.operand(0).kind != ElementKind::F32 || call.operand(0).shape != call.result().shape)
    return rejectKinds(call);
  auto x = call.operand(0).values<float>();
  dispatch(call.result().kind, [&](auto zero) {
    using T = decltype(zero);
    auto codes = call.result().template values<T>();
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = static_cast<T>(numerics::quantize(x[i], (*params)[i], params->codes));
  });
  return success();
}

static LogicalResult evalDequantize(DequantizeOp op, Call &call) {
  auto params = getParams(call, op.getInput().getType(), call.operand(0).shape);
  if (failed(params))
    return failure();
  if (call.result().kind != ElementKind::F32 || call.operand(0).shape != call.result().shape)
    return rejectKinds(call);
  auto y = call.result().values<float>();
  dispatch(call.operand(0).kind, [&](auto zero) {
    using T = decltype(zero);
    auto codes = call.operand(0).values<T>();
    for (size_t i = 0; i < codes.size(); ++i)
      y[i] = numerics::dequantize(static_cast<int64_t>(codes[i]), (*params)[i]);
  });
  return success();
}

/// Codes to their storage type or back: the same bits.
static LogicalResult evalStorageCast(quant::StorageCastOp, Call &call) {
  if (call.operand(0).bytes.size() != call.result().bytes.size())
    return rejectKinds(call);
  call.result().bytes = call.operand(0).bytes;
  return success();
}

/// i8: 256 entries starting at code -128. i16: 513 entries for base and slope;
/// the result is an i32 with 7 fraction bits.
static LogicalResult evalTable(tosa::TableOp, Call &call) {
  const Tensor &input = call.operand(0), &table = call.operand(1);
  Tensor &result = call.result();
  if (input.shape != result.shape)
    return call.error() << "operand and result differ in shape";
  if (input.kind == ElementKind::I8 && table.kind == ElementKind::I8 && result.kind == ElementKind::I8) {
    auto entries = table.values<int8_t>();
    if (entries.size() != 256)
      return call.error() << "table has " << entries.size() << " entries, expected 256";
    mapUnary<int8_t, int8_t>(call, [&](int8_t code) { return entries[code + 128]; });
    return success();
  }
  if (input.kind == ElementKind::I16 && table.kind == ElementKind::I16 && result.kind == ElementKind::I32) {
    auto entries = table.values<int16_t>();
    if (entries.size() != 513)
      return call.error() << "table has " << entries.size() << " entries, expected 513";
    mapUnary<int32_t, int16_t>(call, [&](int16_t code) {
      int32_t index = (code + 32768) >> 7, fraction = code & 0x7f;
      int32_t base = entries[index], next = entries[index + 1];
      return base * 128 + (next - base) * fraction;
    });
    return success();
  }
  return rejectKinds(call);
}

void narrow::reference::registerQuantization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    attach<QuantizeOp, evalQuantize, Codes::Accept>(context);
    attach<DequantizeOp, evalDequantize, Codes::Accept>(context);
  });
  registry.addExtension(+[](MLIRContext *context, quant::QuantDialect *) {
    attach<quant::StorageCastOp, evalStorageCast, Codes::Accept>(context);
  });
  registry.addExtension(
      +[](MLIRContext *context, tosa::TosaDialect *) { attach<tosa::TableOp, evalTable>(context); });
}
