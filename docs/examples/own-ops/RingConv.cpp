//===- RingConv.cpp - A contraction of a plugin, with its kernel ----------===//
#include "OwnOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include <cstring>

using namespace mlir;
using namespace narrow;
using own::RingConvOp;

static ArrayRef<int64_t> getShape(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

LogicalResult RingConvOp::verify() {
  for (Value value : {getInput(), getWeight(), getBias(), getOutput()})
    if (auto type = dyn_cast<RankedTensorType>(value.getType()); !type || !type.hasStaticShape())
      return emitOpError("needs tensors of static shape");
  ArrayRef<int64_t> x = getShape(getInput()), w = getShape(getWeight()), y = getShape(getOutput());
  if (x[2] != w[2] || y != ArrayRef({x[0], x[1], w[0]}) || getShape(getBias())[0] != w[0])
    return emitOpError("needs an input [N, T, C], weights [O, K, C], a bias [O] and a result [N, T, O]");
  bool isReal = getElementTypeOrSelf(getInput()).isF32();
  Type sum = getElementTypeOrSelf(getOutput());
  if (getElementTypeOrSelf(getWeight()).isF32() != isReal || sum.isF32() != isReal ||
      getElementTypeOrSelf(getBias()) != sum)
    return emitOpError("mixes floats and codes");
  return success();
}

//===----------------------------------------------------------------------===//
// What quantization asks
//===----------------------------------------------------------------------===//

QuantizationKind RingConvOp::getQuantizationKind() { return QuantizationKind::Contraction; }

std::optional<unsigned> RingConvOp::getWeightOperand() { return 1; }

std::optional<unsigned> RingConvOp::getBiasOperand() { return 2; }

SmallVector<int64_t> RingConvOp::getWeightChannelAxes() { return {0}; }

SmallVector<int64_t> RingConvOp::getWeightReductionAxes() { return {1, 2}; }

Value RingConvOp::createIntegerContraction(Lowering &lowering, const IntegerContraction &parts) {
  if (parts.weightZeroPoint) {
    lowering.refuse(*this, "its weights have a zero point other than 0");
    return {};
  }
  return RingConvOp::create(lowering.getBuilder(), getLoc(), parts.type, parts.input, parts.weights,
                            parts.bias, parts.inputZeroPoint);
}

std::optional<ZeroPoints> RingConvOp::getZeroPoints() {
  return ZeroPoints{static_cast<int64_t>(getInputZp()), 0};
}

//===----------------------------------------------------------------------===//
// Its value
//===----------------------------------------------------------------------===//

template <typename Code, typename Sum>
static void convolve(const reference::Call &call, int64_t zeroPoint) {
  const reference::Tensor &x = call.operand(0), &w = call.operand(1);
  int64_t batch = x.shape[0], places = x.shape[1], channels = x.shape[2], outputs = w.shape[0],
          taps = w.shape[1];
  auto input = x.values<Code>(), weight = w.values<Code>();
  auto bias = call.operand(2).values<Sum>();
  auto result = call.result().values<Sum>();
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t t = 0; t < places; ++t)
      for (int64_t o = 0; o < outputs; ++o) {
        Sum sum = bias[o];
        for (int64_t k = 0; k < taps; ++k) {
          int64_t place = ((t + k - taps / 2) % places + places) % places;
          for (int64_t i = 0; i < channels; ++i)
            sum += static_cast<Sum>(weight[(o * taps + k) * channels + i]) *
                   static_cast<Sum>(input[(n * places + place) * channels + i] - static_cast<Sum>(zeroPoint));
        }
        result[(n * places + t) * outputs + o] = sum;
      }
}

LogicalResult RingConvOp::evaluate(reference::Call &call) {
  if (call.operand(0).kind == reference::ElementKind::F32)
    convolve<float, float>(call, 0);
  else
    convolve<int8_t, int32_t>(call, getInputZp());
  return success();
}

//===----------------------------------------------------------------------===//
// Its kernel: a vector of output channels at a time
//===----------------------------------------------------------------------===//

KernelRole RingConvOp::getKernelRole() { return KernelRole::Contraction; }

StringRef RingConvOp::getKernelKind() { return "ring convolution"; }

int64_t RingConvOp::countProducts() {
  ArrayRef<int64_t> w = getShape(getWeight()), y = getShape(getOutput());
  return y[0] * y[1] * y[2] * w[1] * w[2];
}

std::optional<int64_t> RingConvOp::getMostWeight() {
  if (getElementTypeOrSelf(getOutput()).isF32())
    return 0;
  auto codes = getIntegers(getWeight());
  if (!codes)
    return std::nullopt;
  int64_t most = 0;
  for (int64_t code : *codes)
    most = std::max(most, std::abs(code));
  return most;
}

namespace {

/// Weights as [block of outputs][tap][step][output][code]: each step multiplies `group` input channels.
template <typename T>
std::vector<char> pack(ArrayRef<T> weights, ArrayRef<int64_t> shape, int64_t lanes, int64_t group,
                       unsigned bytes) {
  int64_t outputs = shape[0], taps = shape[1], channels = shape[2], steps = llvm::divideCeil(channels, group);
  std::vector<char> packed(llvm::divideCeil(outputs, lanes) * taps * steps * lanes * group * bytes);
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t k = 0; k < taps; ++k)
      for (int64_t i = 0; i < channels; ++i) {
        int64_t step = ((o / lanes) * taps + k) * steps + i / group;
        int64_t place = (step * lanes + o % lanes) * group + i % group;
        T weight = weights[(o * taps + k) * channels + i];
        std::memcpy(&packed[place * bytes], &weight, bytes); // Codes of one or two bytes, little endian.
      }
  return packed;
}

} // namespace

LogicalResult RingConvOp::emitKernel(KernelEmitter &k) {
  const Buffer *input = k.findInput(getInput());
  if (!input)
    return emitUnsupported(*this) << "its input is a constant";
  ArrayRef<int64_t> x = getShape(getInput()), w = getShape(getWeight());
  int64_t places = x[1], outputs = w[0], taps = w[1], lanes = k.getTarget().lanes;
  bool isReal = getElementTypeOrSelf(getOutput()).isF32();
  int64_t group = isReal ? 1 : k.getTarget().group(), steps = llvm::divideCeil(w[2], group);
  OpBuilder &b = k.getBuilder();
  Location loc = getLoc();

  Value weights;
  std::vector<float> realBias;
  std::vector<int64_t> bias;
  if (isReal) {
    auto values = getFloats(getWeight()), added = getFloats(getBias());
    if (!values || !added)
      return emitUnsupported(*this) << "weights and bias must be constants";
    weights = k.globalBytes("weights", pack(ArrayRef(*values), w, lanes, group, 4), b.getF32Type());
    realBias = *added;
  } else {
    auto codes = getIntegers(getWeight()), added = getIntegers(getBias());
    if (!codes || !added)
      return emitUnsupported(*this) << "weights and bias must be constants";
    weights = k.globalBytes("weights", pack(ArrayRef(*codes), w, lanes, group, input->layout.elementBytes()),
                            input->layout.element);
    // What is stored is code + codeOffset: it is subtracted with the zero point, once.
    bias = *added;
    int64_t offset = static_cast<int64_t>(getInputZp()) + input->layout.codeOffset;
    for (auto [i, code] : llvm::enumerate(*codes))
      bias[i / (taps * w[2])] -= offset * code;
    for (int64_t &sum : bias)
      sum = static_cast<int32_t>(sum);
  }

  ArrayRef<int64_t> strides = input->layout.strides;
  LogicalResult status = success();
  auto emitBlock = [&](Value n, Value t, Value blk, int64_t valid) {
    ChannelBlock block{static_cast<unsigned>(lanes), 1, /*pack=*/0, valid};
    Value channel = k.mul(blk, lanes);
    k.forgetTables();
    std::string key = k.keyOf(getOutput(), "bias");
    Parts init =
        isReal ? k.loadFloatTable(key, realBias, channel, block) : k.loadTable(key, bias, channel, block);
    KernelEmitter::Tables tables = k.getTables();
    Parts sums = k.reduce(k.index(0), k.index(taps), init, [&](Value tap, ValueRange acc) {
      // Not negative, however many taps there are.
      Value at = k.add(k.add(t, tap), (taps / 2 + places - 1) / places * places - taps / 2);
      Value place = arith::RemUIOp::create(b, loc, at, k.index(places));
      Value row = k.add(k.index(input->layout.origin), k.add(k.mul(n, strides[0]), k.mul(place, strides[1])));
      Value first = k.mul(k.add(k.mul(blk, taps), tap), steps);
      return k.reduce(
          k.index(0), k.index(steps), acc, [&](Value step, ValueRange inner) -> SmallVector<Value> {
            Value from = k.add(row, k.mul(step, group)), weightAt = k.mul(k.add(first, step), lanes * group);
            if (!isReal) {
              Value data = k.broadcastGroup(*input, from, lanes);
              Value weight = vector::LoadOp::create(b, loc, k.getDotOperandType(lanes), weights, weightAt);
              return {k.dot(inner[0], data, weight, lanes)};
            }
            auto type = cast<VectorType>(inner[0].getType());
            Value scalar = memref::LoadOp::create(b, loc, input->memref, from);
            Value data = vector::BroadcastOp::create(b, loc, type, scalar);
            Value weight = vector::LoadOp::create(b, loc, type, weights, weightAt);
            return {arith::AddFOp::create(b, loc, inner[0], arith::MulFOp::create(b, loc, data, weight))};
          });
    });
    k.setTables(tables);
    k.setLanes(getOutput(), sums);
    if (failed(k.storeResult(k.yielded(), k.getOutputs().front(), {n, t, channel}, block)))
      status = failure();
    k.forgetLanes(getOutput());
  };
  k.loop(0, x[0], 1, [&](Value n) {
    k.loop(0, places, 1, [&](Value t) {
      k.loop(0, outputs / lanes, 1, [&](Value blk) { emitBlock(n, t, blk, lanes); });
      if (int64_t rest = outputs % lanes)
        emitBlock(n, t, k.index(outputs / lanes), rest);
    });
  });
  return status;
}
