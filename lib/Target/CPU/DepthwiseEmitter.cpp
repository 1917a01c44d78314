//===- DepthwiseEmitter.cpp - Depthwise convolution -----------------------===//
//
// One output pixel, one block of channels at a time. Taps are taken in groups
// of G, the products that one dot instruction adds: the codes of G taps are
// interleaved within 128-bit lanes, which leaves the channels in packed order.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace mlir::narrow;

LogicalResult KernelEmitter::emitDepthwise(tosa::DepthwiseConv2DOp op) {
  Value result = op.getResult();
  const Buffer *input = findInput(op.getInput());
  ElementsAttr weightAttr = getConstant(op.getWeight()), biasAttr = getConstant(op.getBias());
  if (!input || !weightAttr || !biasAttr)
    return unsupported(op) << "weights and bias must be constants";
  ArrayRef<int64_t> weightShape = weightAttr.getShapedType().getShape();
  if (weightShape[3] != 1)
    return unsupported(op) << "a channel multiplier of " << weightShape[3] << "; narrow.conv2d has groups";
  bool real = isa<FloatType>(getElementTypeOrSelf(result.getType()));
  ArrayRef<int64_t> pad = op.getPad(), stride = op.getStride(), dilation = op.getDilation();
  const BufferLayout &in = input->layout;
  for (unsigned side = 0; side < 4; ++side)
    if (pad[side] > in.border[side])
      return unsupported(op) << "its input has no border";
  int64_t kernelH = weightShape[0], kernelW = weightShape[1], channels = weightShape[2],
          taps = kernelH * kernelW;
  auto tapOffset = [&](int64_t tap) {
    return (tap / kernelW) * dilation[0] * in.strides[1] + (tap % kernelW) * dilation[1] * in.strides[2];
  };

  std::vector<float> floatWeights, floatBias;
  std::vector<int64_t> weights, bias;
  if (real) {
    auto w = getFloats(weightAttr), c = getFloats(biasAttr);
    if (!w || !c)
      return unsupported(op) << "f32 weights and bias are needed";
    floatWeights = std::move(*w), floatBias = std::move(*c);
    if (floatBias.size() == 1)
      floatBias.assign(channels, floatBias.front());
  } else {
    auto w = getIntegers(weightAttr), c = getIntegers(biasAttr), inputZp = getIntegers(op.getInputZp()),
         weightZp = getIntegers(op.getWeightZp());
    if (!w || !c || !inputZp || !weightZp)
      return unsupported(op) << "integer weights, bias and zero points are needed";
    weights = std::move(*w), bias = std::move(*c);
    if (bias.size() == 1)
      bias.assign(channels, bias.front());
    int64_t limit = target.storage() == CodeStorage::I16 ? 32767 : 127;
    for (int64_t &weight : weights)
      if (weight -= weightZp->front(); weight > limit || weight < -limit - 1)
        return unsupported(op) << "weights minus their zero point need more than 8 bits";
    int64_t zp = inputZp->front(), reach = std::max(std::abs(-128 - zp), std::abs(127 - zp)), most = 0;
    for (int64_t c = 0; c < channels; ++c) {
      int64_t sum = 0, magnitudeSum = 0;
      for (int64_t tap = 0; tap < taps; ++tap)
        sum += weights[tap * channels + c], magnitudeSum += std::abs(weights[tap * channels + c]);
      most = std::max(most, magnitudeSum * reach + std::abs(bias[c]));
      bias[c] = static_cast<int32_t>(bias[c] - (zp + in.codeOffset) * sum);
    }
    bounds[result] = std::min<int64_t>(most, int64_t{1} << 31);
  }
  bool packed = !real && epilogueAllowsPacked();
  unsigned group = target.group();
  const Buffer &output = outputs[0];
  ArrayRef<int64_t> outShape = output.layout.shape;
  LogicalResult status = success();

  // Lanes of one pixel: `at` is the input offset of tap 0, `row` the position
  // of the block's first weight.
  auto floatPixel = [&](Value at, Value weightMemref, Value channel, const ChannelBlock &block,
                        int64_t padded) {
    auto type = lanes(block.width, b.getF32Type());
    Parts acc = loadFloatTable(keyOf(result, "bias"), floatBias, channel, block);
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value x = loadVector(*input, add(at, tapOffset(tap)), block.valid, block.width);
      Value w = vector::LoadOp::create(b, loc, type, weightMemref, add(channel, tap * padded));
      acc[0] = target.fma ? Value(math::FmaOp::create(b, loc, x, w, acc[0]))
                          : Value(arith::AddFOp::create(b, loc, acc[0], arith::MulFOp::create(b, loc, x, w)));
    }
    return acc;
  };
  // Natural order: every tap alone, products in i32 lanes.
  auto plainPixel = [&](Value at, Value weightMemref, Value channel, const ChannelBlock &block,
                        int64_t padded) {
    auto type = lanes(block.width, b.getI32Type());
    Parts acc = loadTable(keyOf(result, "bias"), bias, 32, channel, block);
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value x = loadVector(*input, add(at, tapOffset(tap)), block.valid, block.width);
      x = in.isUnsigned ? Value(arith::ExtUIOp::create(b, loc, type, x))
                        : Value(arith::ExtSIOp::create(b, loc, type, x));
      Value w = vector::LoadOp::create(b, loc, type, weightMemref, add(channel, tap * padded));
      acc[0] = arith::AddIOp::create(b, loc, acc[0], arith::MulIOp::create(b, loc, x, w));
    }
    return acc;
  };
  int64_t tapGroups = llvm::divideCeil(taps, group);
  auto packedPixel = [&](Value at, Value weightMemref, Value weightAt, Value channel,
                         const ChannelBlock &block) {
    unsigned width = block.width * group;
    auto type = lanes(width, in.element);
    Parts acc = loadTable(keyOf(result, "bias"), bias, 32, channel, block);
    for (int64_t first = 0; first < taps; first += group) {
      SmallVector<Value> x;
      for (int64_t tap = first; tap < first + group; ++tap)
        x.push_back(tap < taps ? loadVector(*input, add(at, tapOffset(tap)), block.valid, width)
                               : Value(arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type))));
      SmallVector<Value> mixed; // one operand of a dot for each part
      if (group == 2) {
        mixed = {unpackLanes(x[0], x[1], false, 8), unpackLanes(x[0], x[1], true, 8)};
      } else {
        auto words = lanes(width / 2, b.getI16Type());
        auto asWords = [&](Value v) -> Value { return vector::BitCastOp::create(b, loc, words, v); };
        for (bool high : {false, true}) {
          Value ab = asWords(unpackLanes(x[0], x[1], high, 16)),
                cd = asWords(unpackLanes(x[2], x[3], high, 16));
          for (bool upper : {false, true})
            mixed.push_back(vector::BitCastOp::create(b, loc, type, unpackLanes(ab, cd, upper, 8)));
        }
      }
      for (unsigned v = 0; v < group; ++v) {
        int64_t at = ((first / group) * group + v) * width;
        Value w = vector::LoadOp::create(b, loc, type, weightMemref, add(weightAt, at));
        acc[v] = dot(acc[v], mixed[v], w, block.width);
      }
    }
    return acc;
  };

  /// Blocks of channels from `first`, `count` of them, for all pixels.
  auto emitBlocks = [&](const ChannelBlock &block, int64_t first, int64_t count) {
    int64_t step = block.channels();
    Value weightMemref;
    int64_t padded = llvm::alignTo(channels, target.lanes) + target.lanes;
    if (real) {
      std::vector<float> table(taps * padded);
      for (int64_t tap = 0; tap < taps; ++tap)
        std::copy_n(floatWeights.begin() + tap * channels, channels, table.begin() + tap * padded);
      weightMemref =
          globalBytes("weights", {reinterpret_cast<char *>(table.data()), table.size() * 4}, b.getF32Type());
    } else if (!block.packed) {
      std::vector<int32_t> table(taps * padded);
      for (int64_t tap = 0; tap < taps; ++tap)
        std::copy_n(weights.begin() + tap * channels, channels, table.begin() + tap * padded);
      weightMemref =
          globalBytes("weights", {reinterpret_cast<char *>(table.data()), table.size() * 4}, b.getI32Type());
    } else {
      // [block][tap group][part][lane][G]
      unsigned bytes = in.elementBytes();
      std::vector<char> table(count * tapGroups * step * group * bytes);
      for (int64_t blk = 0; blk < count; ++blk)
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t slot = 0; slot < step; ++slot) {
            int64_t v = slot / block.width, j = slot % block.width;
            int64_t channel = first + blk * step + (j / 4) * 4 * group + 4 * v + j % 4;
            if (channel >= channels)
              continue;
            int64_t to = ((blk * tapGroups + tap / group) * step + slot) * group + tap % group;
            int16_t code = weights[tap * channels + channel];
            if (bytes == 2)
              std::memcpy(&table[to * 2], &code, 2);
            else
              table[to] = static_cast<char>(code);
          }
      weightMemref = globalBytes("weights", table, in.element);
    }
    loop(0, count, 1, [&](Value blk) {
      Value channel = add(mul(blk, step), first);
      loop(0, outShape[0], 1, [&](Value n) {
        loop(0, outShape[1], 1, [&](Value oh) {
          loop(0, outShape[2], 1, [&](Value ow) {
            loaded.clear();
            Value at = add(
                add(index(in.origin - pad[0] * in.strides[1] - pad[2] * in.strides[2]),
                    mul(n, in.strides[0])),
                add(add(mul(oh, stride[0] * in.strides[1]), mul(ow, stride[1] * in.strides[2])), channel));
            if (real)
              ready[result] = floatPixel(at, weightMemref, channel, block, padded);
            else if (!block.packed)
              ready[result] = plainPixel(at, weightMemref, channel, block, padded);
            else
              ready[result] =
                  packedPixel(at, weightMemref, mul(blk, tapGroups * step * group), channel, block);
            if (failed(storeResult(yielded(), output, {n, oh, ow, channel}, block)))
              status = failure();
            ready.erase(result);
          });
        });
      });
    });
  };

  unsigned parts = packed ? group : 1;
  int64_t done = 0;
  for (unsigned width = target.lanes; width >= 4 && done < channels; width /= 2) {
    int64_t step = int64_t(width) * parts, count = (channels - done) / step;
    if (count)
      emitBlocks({width, parts, packed, step}, done, count);
    done += count * step;
    if (width == 4 && done < channels)
      emitBlocks({width, parts, packed, channels - done}, done, 1);
  }
  return status;
}
