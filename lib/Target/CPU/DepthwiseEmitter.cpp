//===- DepthwiseEmitter.cpp - Depthwise convolution -----------------------===//
//
// One block of channels at a time. Taps are taken in groups of G, the products
// that one dot instruction adds: the codes of G taps are interleaved within
// 128-bit lanes, which leaves the channels in packed order.
//
// Where G = 4, a group holds taps of one kernel column and the loop slides along
// a row of outputs: each input column is interleaved once and added to all the
// outputs that it belongs to, whose accumulators the loop carries. Elsewhere an
// output is computed alone: pairs of taps waste less than half-empty columns,
// and 16 registers have no room for what would be carried.
//
//===----------------------------------------------------------------------===//
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

LogicalResult narrow::emitDepthwise(tosa::DepthwiseConv2DOp op, KernelEmitter &k) {
  OpBuilder &b = k.getBuilder();
  Location loc = k.getLoc();
  const TargetDescription &target = k.getTarget();
  Value result = op.getResult();
  const Buffer *input = k.findInput(op.getInput());
  ElementsAttr weightAttr = getConstant(op.getWeight()), biasAttr = getConstant(op.getBias());
  if (!input || !weightAttr || !biasAttr)
    return emitUnsupported(op) << "weights and bias must be constants";
  ArrayRef<int64_t> weightShape = weightAttr.getShapedType().getShape();
  if (weightShape[3] != 1)
    return emitUnsupported(op) << "a channel multiplier of " << weightShape[3]
                               << "; narrow.conv2d has groups";
  bool real = isa<FloatType>(getElementTypeOrSelf(result.getType()));
  ArrayRef<int64_t> pad = op.getPad(), stride = op.getStride(), dilation = op.getDilation();
  const BufferLayout &in = input->layout;
  for (unsigned side = 0; side < 4; ++side)
    if (pad[side] > in.border[side])
      return emitUnsupported(op) << "its input has no border";
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
      return emitUnsupported(op) << "f32 weights and bias are needed";
    floatWeights = std::move(*w), floatBias = std::move(*c);
    if (floatBias.size() == 1)
      floatBias.assign(channels, floatBias.front());
  } else {
    auto w = getIntegers(weightAttr), c = getIntegers(biasAttr), inputZp = getIntegers(op.getInputZp()),
         weightZp = getIntegers(op.getWeightZp());
    if (!w || !c || !inputZp || !weightZp)
      return emitUnsupported(op) << "integer weights, bias and zero points are needed";
    weights = std::move(*w), bias = std::move(*c);
    if (bias.size() == 1)
      bias.assign(channels, bias.front());
    int64_t limit = target.mostWeight();
    for (int64_t &weight : weights)
      if (weight -= weightZp->front(); weight > limit || weight < -limit - 1)
        return emitUnsupported(op) << "weights minus their zero point need more than 8 bits";
    int64_t zp = inputZp->front(), reach = std::max(std::abs(-128 - zp), std::abs(127 - zp)), most = 0;
    for (int64_t c = 0; c < channels; ++c) {
      int64_t sum = 0, magnitudeSum = 0;
      for (int64_t tap = 0; tap < taps; ++tap)
        sum += weights[tap * channels + c], magnitudeSum += std::abs(weights[tap * channels + c]);
      most = std::max(most, magnitudeSum * reach + std::abs(bias[c]));
      bias[c] = static_cast<int32_t>(bias[c] - (zp + in.codeOffset) * sum);
    }
    k.setBound(result, most);
  }
  bool packed = !real && k.epilogueAllowsPacked();
  unsigned group = target.group();
  if (packed)
    k.foldRounding(result, bias, {target.lanes, group, group, int64_t(target.lanes) * group});
  const Buffer &output = k.getOutputs().front();
  ArrayRef<int64_t> outShape = output.layout.shape;
  LogicalResult status = success();

  // Lanes of one pixel: `at` is the input offset of tap 0, `row` the position
  // of the block's first weight.
  auto floatPixel = [&](Value at, Value weightMemref, Value channel, const ChannelBlock &block,
                        int64_t padded) {
    auto type = k.lanes(block.width, b.getF32Type());
    Parts acc = k.loadFloatTable(k.keyOf(result, "bias"), floatBias, channel, block);
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value x = k.loadVector(*input, k.add(at, tapOffset(tap)), block.valid, block.width);
      Value w = vector::LoadOp::create(b, loc, type, weightMemref, k.add(channel, tap * padded));
      acc[0] = target.fma ? Value(math::FmaOp::create(b, loc, x, w, acc[0]))
                          : Value(arith::AddFOp::create(b, loc, acc[0], arith::MulFOp::create(b, loc, x, w)));
    }
    return acc;
  };
  // Natural order: every tap alone, products in i32 lanes.
  auto plainPixel = [&](Value at, Value weightMemref, Value channel, const ChannelBlock &block,
                        int64_t padded) {
    auto type = k.lanes(block.width, b.getI32Type());
    Parts acc = k.loadTable(k.keyOf(result, "bias"), bias, channel, block);
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value x = k.loadVector(*input, k.add(at, tapOffset(tap)), block.valid, block.width);
      x = in.isUnsigned ? Value(arith::ExtUIOp::create(b, loc, type, x))
                        : Value(arith::ExtSIOp::create(b, loc, type, x));
      Value w = vector::LoadOp::create(b, loc, type, weightMemref, k.add(channel, tap * padded));
      acc[0] = arith::AddIOp::create(b, loc, acc[0], arith::MulIOp::create(b, loc, x, w));
    }
    return acc;
  };
  // The taps of each group; -1 stands for none.
  bool slides = packed && group == 4 && dilation[1] == 1;
  k.setKind(slides ? "depthwise, sliding" : "depthwise");
  SmallVector<SmallVector<int64_t>> tapGroups;
  int64_t columnGroups = llvm::divideCeil(kernelH, group); // of one kernel column, if it slides
  if (slides)
    for (int64_t kw = 0; kw < kernelW; ++kw)
      for (int64_t kh = 0; kh < columnGroups * group; ++kh) {
        if (kh % group == 0)
          tapGroups.emplace_back();
        tapGroups.back().push_back(kh < kernelH ? kh * kernelW + kw : -1);
      }
  else
    for (int64_t tap = 0; tap < int64_t(llvm::alignTo(taps, group)); ++tap) {
      if (tap % group == 0)
        tapGroups.emplace_back();
      tapGroups.back().push_back(tap < taps ? tap : -1);
    }

  /// The operands of a dot, one for each part: `group` rows of codes, null for zeros, interleaved.
  auto interleave = [&](SmallVector<Value> x, VectorType type) -> SmallVector<Value> {
    int64_t width = type.getNumElements();
    for (Value &row : x)
      if (!row)
        row = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
    if (group == 2)
      return {k.unpackLanes(x[0], x[1], false, 8), k.unpackLanes(x[0], x[1], true, 8)};
    auto words = k.lanes(width / 2, b.getI16Type());
    auto asWords = [&](Value v) -> Value { return vector::BitCastOp::create(b, loc, words, v); };
    SmallVector<Value> mixed;
    for (bool high : {false, true}) {
      Value ab = asWords(k.unpackLanes(x[0], x[1], high, 16)),
            cd = asWords(k.unpackLanes(x[2], x[3], high, 16));
      for (bool upper : {false, true})
        mixed.push_back(vector::BitCastOp::create(b, loc, type, k.unpackLanes(ab, cd, upper, 8)));
    }
    return mixed;
  };
  /// Adds the products of tap group `g` to `acc`.
  auto addGroup = [&](Parts &acc, ArrayRef<Value> mixed, int64_t g, Value weightMemref, Value weightAt,
                      const ChannelBlock &block) {
    int64_t width = int64_t(block.width) * group;
    for (unsigned v = 0; v < group; ++v) {
      Value w = vector::LoadOp::create(b, loc, k.lanes(width, in.element), weightMemref,
                                       k.add(weightAt, (g * group + v) * width));
      acc[v] = k.dot(acc[v], mixed[v], w, block.width);
    }
  };
  auto packedPixel = [&](Value at, Value weightMemref, Value weightAt, Value channel,
                         const ChannelBlock &block) {
    unsigned width = block.width * group;
    Parts acc = k.loadTable(k.keyOf(result, "bias"), bias, channel, block);
    for (auto [g, members] : llvm::enumerate(tapGroups)) {
      SmallVector<Value> x;
      for (int64_t tap : members)
        x.push_back(tap < 0 ? Value() : k.loadVector(*input, k.add(at, tapOffset(tap)), block.valid, width));
      addGroup(acc, interleave(x, k.lanes(width, in.element)), g, weightMemref, weightAt, block);
    }
    return acc;
  };

  /// All outputs of one row: `rowStart` is the input offset of the first output's first tap, `store`
  /// takes a column and its lanes.
  auto packedRow = [&](Value rowStart, Value weightMemref, Value weightAt, Value channel,
                       const ChannelBlock &block, int64_t columns,
                       function_ref<void(Value, const Parts &)> store) {
    unsigned width = block.width * group;
    // How many outputs behind the current one share a column with it.
    int64_t step = stride[1], carried = (kernelW - 1) / step;
    // Adds column `column`, seen from output 0, to the outputs that it belongs to.
    auto addColumn = [&](Value at, int64_t column, MutableArrayRef<Parts> outputs) {
      for (int64_t g = 0; g < columnGroups; ++g) {
        SmallVector<Value> x;
        for (int64_t kh = g * group; kh < (g + 1) * group; ++kh)
          x.push_back(kh < kernelH
                          ? k.loadVector(*input,
                                         k.add(at, column * in.strides[2] + kh * dilation[0] * in.strides[1]),
                                         block.valid, width)
                          : Value());
        SmallVector<Value> mixed = interleave(x, k.lanes(width, in.element));
        for (auto [i, output] : llvm::enumerate(outputs))
          if (int64_t kw = column - int64_t(i) * step; kw >= 0 && kw < kernelW)
            addGroup(output, mixed, kw * columnGroups + g, weightMemref, weightAt, block);
      }
    };
    auto fresh = [&] { return k.loadTable(k.keyOf(result, "bias"), bias, channel, block); };
    k.forgetTables();
    int64_t newColumns = std::min(step, kernelW), oldColumns = kernelW - newColumns;
    SmallVector<Parts> sums(carried, fresh());
    for (int64_t column = 0; column < oldColumns; ++column)
      addColumn(rowStart, column, sums);
    SmallVector<Value> init;
    for (const Parts &parts : sums)
      init.append(parts.begin(), parts.end());
    k.reduce(k.index(0), k.index(columns), init, [&](Value ow, ValueRange state) {
      k.forgetTables();
      SmallVector<Parts> outputs;
      for (int64_t i = 0; i < carried; ++i)
        outputs.push_back(Parts(state.slice(i * group, group)));
      outputs.push_back(fresh());
      Value at = k.add(rowStart, k.mul(ow, step * in.strides[2]));
      for (int64_t column = oldColumns; column < kernelW; ++column)
        addColumn(at, column, outputs);
      store(ow, outputs.front());
      SmallVector<Value> next;
      for (const Parts &parts : ArrayRef(outputs).drop_front())
        next.append(parts.begin(), parts.end());
      return next;
    });
    k.forgetTables();
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
      weightMemref = k.globalBytes("weights", {reinterpret_cast<char *>(table.data()), table.size() * 4},
                                   b.getF32Type());
    } else if (!block.pack) {
      std::vector<int32_t> table(taps * padded);
      for (int64_t tap = 0; tap < taps; ++tap)
        std::copy_n(weights.begin() + tap * channels, channels, table.begin() + tap * padded);
      weightMemref = k.globalBytes("weights", {reinterpret_cast<char *>(table.data()), table.size() * 4},
                                   b.getI32Type());
    } else {
      // [block][tap group][part][lane][G]
      unsigned bytes = in.elementBytes();
      std::vector<char> table(count * tapGroups.size() * step * group * bytes);
      for (int64_t blk = 0; blk < count; ++blk)
        for (auto [g, members] : llvm::enumerate(tapGroups))
          for (int64_t slot = 0; slot < step; ++slot)
            for (auto [i, tap] : llvm::enumerate(members)) {
              int64_t channel = first + blk * step + block.channelOf(slot);
              if (tap < 0 || channel >= channels)
                continue;
              int64_t to = ((blk * int64_t(tapGroups.size()) + g) * step + slot) * group + i;
              int16_t code = weights[tap * channels + channel];
              if (bytes == 2)
                std::memcpy(&table[to * 2], &code, 2);
              else
                table[to] = static_cast<char>(code);
            }
      weightMemref = k.globalBytes("weights", table, in.element);
    }
    k.loop(0, count, 1, [&](Value blk) {
      Value channel = k.add(k.mul(blk, step), first);
      k.loop(0, outShape[0], 1, [&](Value n) {
        k.loop(0, outShape[1], 1, [&](Value oh) {
          Value rowStart = k.add(k.add(k.index(in.origin - pad[0] * in.strides[1] - pad[2] * in.strides[2]),
                                       k.mul(n, in.strides[0])),
                                 k.add(k.mul(oh, stride[0] * in.strides[1]), channel));
          Value weightAt = k.mul(blk, tapGroups.size() * step * group);
          auto store = [&](Value ow, const Parts &acc) {
            k.setLanes(result, acc);
            if (failed(k.storeResult(k.yielded(), output, {n, oh, ow, channel}, block)))
              status = failure();
            k.forgetLanes(result);
          };
          if (slides)
            return packedRow(rowStart, weightMemref, weightAt, channel, block, outShape[2], store);
          k.loop(0, outShape[2], 1, [&](Value ow) {
            k.forgetTables();
            Value at = k.add(rowStart, k.mul(ow, stride[1] * in.strides[2]));
            if (real)
              store(ow, floatPixel(at, weightMemref, channel, block, padded));
            else if (!block.pack)
              store(ow, plainPixel(at, weightMemref, channel, block, padded));
            else
              store(ow, packedPixel(at, weightMemref, weightAt, channel, block));
          });
        });
      });
    });
  };

  // Whole blocks of full vectors, then one of the narrowest vectors that hold the rest.
  unsigned parts = packed ? group : 1;
  int64_t whole = channels / (target.lanes * parts), done = whole * target.lanes * parts;
  if (whole)
    emitBlocks({target.lanes, parts, packed ? parts : 0, int64_t(target.lanes) * parts}, 0, whole);
  if (int64_t rest = channels - done) {
    unsigned width = 4;
    while (int64_t(width) * parts < rest)
      width *= 2;
    emitBlocks({width, parts, packed ? parts : 0, rest}, done, 1);
  }
  return status;
}
