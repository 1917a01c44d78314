//===- ContractionEmitter.cpp - Convolution as an implicit GEMM -----------===//
//
// A register tile is `rows * cols` output pixels by `vectors` vectors of output
// channels. The input is read in place: its border holds the padding, and the
// elements of one kernel row are contiguous in NHWC, so the reduction is a loop
// over kernel rows and a loop over runs. Weights are packed when compiling:
// [group][channel block][run][k / G][vector][lane][G], G the products that one
// dot instruction adds. Input zero point and storage offset are folded into the
// initial value of the accumulators.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Target/CPU/KernelOps.h"

using namespace mlir;
using namespace mlir::narrow;

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

/// acc + sum over G of data * weights, lane by lane. For Vpdpbusd the data are
/// u8; everything else is signed.
Value KernelEmitter::dot(Value acc, Value data, Value weights, unsigned width) {
  auto type = cast<VectorType>(acc.getType());
  auto call = [&](StringRef name, ValueRange operands) -> Value {
    return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), operands).getResult(0);
  };
  switch (target.dot) {
  case DotKind::Vpdpbusd:
    return call(width == 16  ? "llvm.x86.avx512.vpdpbusd.512"
                : width == 8 ? "llvm.x86.avx512.vpdpbusd.256"
                             : "llvm.x86.avx512.vpdpbusd.128",
                {acc, data, weights});
  case DotKind::Sdot:
    return call("llvm.aarch64.neon.sdot.v4i32.v16i8", {acc, data, weights});
  case DotKind::Pmaddwd: {
    Value products = call(width == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                          : width == 8 ? "llvm.x86.avx2.pmadd.wd"
                                       : "llvm.x86.sse2.pmadd.wd",
                          {data, weights});
    return arith::AddIOp::create(b, loc, acc, products);
  }
  case DotKind::GenericPairs: {
    // Pairs as i32 lanes: products of sign-extended 16-bit numbers, which LLVM
    // knows to be cheap (pmaddwd on any x86). Little endian.
    auto half = [&](Value v, int64_t odd) -> Value {
      Value pair = vector::BitCastOp::create(b, loc, type, v), sixteen = splat(type, 16);
      if (!odd)
        pair = arith::ShLIOp::create(b, loc, pair, sixteen);
      return arith::ShRSIOp::create(b, loc, pair, sixteen);
    };
    Value even = arith::MulIOp::create(b, loc, half(data, 0), half(weights, 0));
    Value odd = arith::MulIOp::create(b, loc, half(data, 1), half(weights, 1));
    return arith::AddIOp::create(b, loc, acc, arith::AddIOp::create(b, loc, even, odd));
  }
  }
  return acc;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

namespace {

/// The reduction of one output: `runs` stretches of `length` contiguous elements.
struct Reduction {
  int64_t runs, length, groups; ///< groups = ceil(length / G)
  int64_t total() const { return runs * groups; }
};

struct Tile {
  int64_t rows = 1, cols = 1;
  unsigned vectors = 1;
};

/// Estimated cycles; only the order of candidates matters.
double costOf(const Tile &tile, int64_t height, int64_t width, int64_t vectorCount, int64_t k, bool packed) {
  auto one = [&](int64_t pixels, int64_t vectors) {
    double dots = pixels * vectors / 2.0, loads = (pixels + vectors) / 2.0;
    constexpr double chain = 4; // cycles until an accumulator can be used again
    return k * std::max({dots, loads, chain}) + pixels * vectors * (packed ? 7 : 10) + 15;
  };
  auto spatial = [&](int64_t vectors) {
    int64_t fullRows = height / tile.rows, restRows = height % tile.rows;
    int64_t fullCols = width / tile.cols, restCols = width % tile.cols;
    double cost = fullRows * fullCols * one(tile.rows * tile.cols, vectors);
    if (restCols)
      cost += fullRows * one(tile.rows * restCols, vectors);
    if (restRows)
      cost += fullCols * one(restRows * tile.cols, vectors);
    if (restRows && restCols)
      cost += one(restRows * restCols, vectors);
    return cost;
  };
  int64_t whole = vectorCount / tile.vectors, rest = vectorCount % tile.vectors;
  return whole * spatial(tile.vectors) + (rest ? spatial(rest) : 0);
}

Tile chooseTile(const TargetDescription &target, int64_t height, int64_t width, int64_t channels, int64_t k,
                bool mayPack, unsigned group) {
  Tile best;
  double bestCost = std::numeric_limits<double>::infinity();
  int64_t vectorCount = llvm::divideCeil(channels, target.lanes);
  int64_t registers = target.dot == DotKind::GenericPairs ? target.registers - 4 : target.registers - 1;
  for (unsigned vectors = 1; vectors <= 4 && vectors <= vectorCount; ++vectors) {
    int64_t pixels = (registers - vectors) / vectors;
    if (target.dot != DotKind::Vpdpbusd && target.dot != DotKind::Sdot)
      pixels = (registers - 1 - vectors) / vectors; // the product needs a register
    for (int64_t cols = 1; cols <= std::min(pixels, width); ++cols) {
      int64_t mostRows = cols == width ? std::min(pixels / cols, height) : 1;
      for (int64_t rows = 1; rows <= mostRows; ++rows) {
        Tile tile{rows, cols, vectors};
        double cost = costOf(tile, height, width, vectorCount, k, mayPack && vectors % group == 0);
        if (cost < bestCost)
          best = tile, bestCost = cost;
      }
    }
  }
  return best;
}

/// What tosa.conv2d and narrow.conv2d have in common.
struct Convolution {
  SmallVector<int64_t> pad, stride, dilation;
  int64_t groups = 1, inputZp = 0, weightZp = 0;
};

} // namespace

LogicalResult KernelEmitter::emitContraction(Operation *op) {
  Convolution conv;
  for (auto [name, list] :
       {std::pair{"pad", &conv.pad}, {"stride", &conv.stride}, {"dilation", &conv.dilation}})
    *list = llvm::to_vector(op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef());
  if (auto grouped = dyn_cast<Conv2DOp>(op)) {
    conv.groups = grouped.getGroup();
    conv.inputZp = grouped.getInputZp();
  }
  Value result = op->getResult(0);
  const Buffer *input = findInput(op->getOperand(0));
  ElementsAttr weightAttr = getConstant(op->getOperand(1));
  ElementsAttr biasAttr = getConstant(op->getOperand(2));
  if (!input || !weightAttr || !biasAttr)
    return unsupported(op) << "weights and bias must be constants";
  bool real = isa<FloatType>(getElementTypeOrSelf(result.getType()));
  if (isa<tosa::Conv2DOp>(op) && !real) {
    auto inputZp = getIntegers(op->getOperand(3)), weightZp = getIntegers(op->getOperand(4));
    if (!inputZp || !weightZp)
      return unsupported(op) << "zero points must be constants";
    conv.inputZp = inputZp->front(), conv.weightZp = weightZp->front();
  }
  const BufferLayout &in = input->layout;
  const Buffer &output = outputs[0];
  for (unsigned side = 0; side < 4; ++side)
    if (conv.pad[side] > in.border[side])
      return unsupported(op) << "its input has no border";

  ArrayRef<int64_t> outShape = shapeOf(result), weightShape = weightAttr.getShapedType().getShape();
  int64_t batch = outShape[0], height = outShape[1], width = outShape[2],
          channels = outShape[3] / conv.groups;
  int64_t kernelH = weightShape[1], kernelW = weightShape[2], inChannels = weightShape[3];
  unsigned group = real ? 1 : target.group(), lanesPerVector = target.lanes;

  // Without padding and stride a plane is one long row, in every tensor alike.
  bool pointwise = kernelH == 1 && kernelW == 1 && conv.stride == SmallVector<int64_t>{1, 1};
  for (const Buffer &buffer : llvm::concat<Buffer>(inputs, outputs))
    pointwise &= buffer.layout.shape.size() == 4 && buffer.layout.shape[1] == height &&
                 buffer.layout.shape[2] == width &&
                 buffer.layout.strides[1] == width * buffer.layout.strides[2];
  for (Operation &constant : kernel.getBody().front())
    if (ElementsAttr attr =
            getKernelRole(&constant) == KernelRole::Constant && constant.getResult(0) != op->getOperand(1)
                ? getConstant(constant.getResult(0))
                : nullptr)
      pointwise &= attr.isSplat() || attr.getShapedType().getRank() < 4 ||
                   attr.getNumElements() == attr.getShapedType().getShape().back();
  if (pointwise) {
    width *= height;
    height = 1;
    for (SmallVector<Buffer> *buffers : {&inputs, &outputs})
      for (Buffer &buffer : *buffers) {
        buffer.layout.shape[1] = height;
        buffer.layout.shape[2] = width;
      }
  }

  // Reduction: a kernel row is contiguous when columns are neighbours.
  bool wholeRows = conv.groups == 1 && conv.dilation[1] == 1 && in.strides[2] == inChannels;
  Reduction reduction;
  reduction.runs = wholeRows ? kernelH : kernelH * kernelW;
  reduction.length = wholeRows ? kernelW * inChannels : inChannels;
  reduction.groups = llvm::divideCeil(reduction.length, group);
  auto runStart = [&](int64_t run) {
    int64_t kh = wholeRows ? run : run / kernelW, kw = wholeRows ? 0 : run % kernelW;
    return kh * conv.dilation[0] * in.strides[1] + kw * conv.dilation[1] * in.strides[2];
  };

  // Weights [O][KH][KW][I] by output, run and position in the run.
  std::vector<float> floatWeights, floatBias;
  std::vector<int64_t> weights, bias;
  if (real) {
    auto w = getFloats(weightAttr), c = getFloats(biasAttr);
    if (!w || !c)
      return unsupported(op) << "f32 weights and bias are needed";
    floatWeights = std::move(*w), floatBias = std::move(*c);
  } else {
    auto w = getIntegers(weightAttr), c = getIntegers(biasAttr);
    if (!w || !c)
      return unsupported(op) << "integer weights and bias are needed";
    weights = std::move(*w), bias = std::move(*c);
    int64_t limit = target.storage() == CodeStorage::I16 ? 32767 : 127;
    for (int64_t &weight : weights)
      if (weight -= conv.weightZp; weight > limit || weight < -limit - 1)
        return unsupported(op) << "weights minus their zero point need more than 8 bits";
  }
  int64_t total = outShape[3];
  if (real ? floatBias.size() == 1 : bias.size() == 1) { // broadcast
    if (real)
      floatBias.assign(total, floatBias.front());
    else
      bias.assign(total, bias.front());
  }
  int64_t perOutput = kernelH * kernelW * inChannels;
  if (!real) {
    int64_t reach = std::max(std::abs(-128 - conv.inputZp), std::abs(127 - conv.inputZp)), most = 0;
    for (int64_t o = 0; o < total; ++o) {
      int64_t sum = 0, magnitudeSum = 0;
      for (int64_t k = 0; k < perOutput; ++k)
        sum += weights[o * perOutput + k], magnitudeSum += std::abs(weights[o * perOutput + k]);
      most = std::max(most, magnitudeSum * reach + std::abs(bias[o]));
      bias[o] = static_cast<int32_t>(bias[o] - (conv.inputZp + in.codeOffset) * sum);
    }
    bounds[result] = std::min<int64_t>(most, int64_t{1} << 31);
  }

  bool mayPack =
      !real && epilogueAllowsPacked() && (conv.groups == 1 || channels % (lanesPerVector * group) == 0);
  Tile tile = chooseTile(target, height, width, channels, reduction.total(), mayPack, group);

  Type weightType = real ? Type(b.getF32Type()) : in.element;
  unsigned weightBytes = weightType.getIntOrFloatBitWidth() / 8;
  LogicalResult status = success();

  // All blocks of `block.parts` vectors from channel `first` on, `count` of them.
  auto emitBlocks = [&](ChannelBlock block, int64_t first, int64_t count) {
    if (count == 0)
      return;
    int64_t step = block.channels(), panel = reduction.total() * step * group;
    std::vector<char> packed(conv.groups * count * panel * weightBytes);
    for (int64_t g = 0; g < conv.groups; ++g)
      for (int64_t blk = 0; blk < count; ++blk)
        for (int64_t slot = 0; slot < step; ++slot) {
          int64_t channel = slot;
          if (block.packed) {
            int64_t unit = int64_t(block.width) * group, v = slot % unit / block.width,
                    j = slot % block.width;
            channel = slot / unit * unit + (j / 4) * 4 * group + 4 * v + j % 4;
          }
          channel += first + blk * step;
          if (channel >= channels)
            continue;
          const int64_t base = (g * channels + channel) * perOutput;
          for (int64_t run = 0; run < reduction.runs; ++run)
            for (int64_t k = 0; k < reduction.length; ++k) {
              int64_t from = base + run * reduction.length + k;
              int64_t to = (g * count + blk) * panel +
                           ((run * reduction.groups + k / group) * step + slot) * group + k % group;
              char *at = packed.data() + to * weightBytes;
              if (real)
                std::memcpy(at, &floatWeights[from], 4);
              else if (weightBytes == 2) {
                int16_t code = weights[from];
                std::memcpy(at, &code, 2);
              } else
                *at = static_cast<char>(weights[from]);
            }
        }
    Value weightMemref = globalBytes("weights", packed, weightType);

    auto emitTile = [&](Value n, Value oh, Value ow, Value g, Value blk, int64_t rows, int64_t cols) {
      loaded.clear();
      Value channel = add(add(mul(g, channels), mul(blk, step)), first);
      Value panelStart = mul(add(mul(g, count), blk), panel);
      Value start =
          add(add(index(in.origin - conv.pad[0] * in.strides[1] - conv.pad[2] * in.strides[2]),
                  mul(n, in.strides[0])),
              add(add(mul(oh, conv.stride[0] * in.strides[1]), mul(ow, conv.stride[1] * in.strides[2])),
                  mul(g, inChannels)));
      int64_t pixels = rows * cols;
      auto accType = lanes(block.width, real ? Type(b.getF32Type()) : Type(b.getI32Type()));
      auto operandType = lanes(block.width * group, weightType);
      Parts init = real ? loadFloatTable(keyOf(result, "bias"), floatBias, channel, block)
                        : loadTable(keyOf(result, "bias"), bias, 32, channel, block);
      SmallVector<Value> accs;
      for (int64_t p = 0; p < pixels; ++p)
        accs.append(init.begin(), init.end());

      auto step1 = [&](Value data, Value panelAt, ValueRange acc) -> SmallVector<Value> {
        SmallVector<Value> next(acc), rowsOfWeights;
        for (unsigned v = 0; v < block.parts; ++v)
          rowsOfWeights.push_back(vector::LoadOp::create(b, loc, operandType, weightMemref,
                                                         add(panelAt, int64_t(v) * block.width * group)));
        for (int64_t p = 0; p < pixels; ++p) {
          int64_t shift =
              (p / cols) * conv.stride[0] * in.strides[1] + (p % cols) * conv.stride[1] * in.strides[2];
          Value at = add(data, shift), x;
          if (real) {
            x = vector::BroadcastOp::create(b, loc, accType,
                                            memref::LoadOp::create(b, loc, input->memref, at));
          } else {
            x = vector::LoadOp::create(b, loc, lanes(group, in.element), input->memref, at);
            x = vector::BitCastOp::create(b, loc, lanes(1, b.getI32Type()), x);
            x = vector::ExtractOp::create(b, loc, x, ArrayRef<int64_t>{0});
            x = vector::BroadcastOp::create(b, loc, accType, x);
            x = vector::BitCastOp::create(b, loc, operandType, x);
          }
          for (unsigned v = 0; v < block.parts; ++v) {
            Value &a = next[p * block.parts + v];
            if (!real)
              a = dot(a, x, rowsOfWeights[v], block.width);
            else if (target.fma)
              a = math::FmaOp::create(b, loc, x, rowsOfWeights[v], a);
            else
              a = arith::AddFOp::create(b, loc, a, arith::MulFOp::create(b, loc, x, rowsOfWeights[v]));
          }
        }
        return next;
      };
      auto run = [&](Value dataStart, Value panelAt, ValueRange acc) {
        return reduce(index(0), index(reduction.groups), acc, [&](Value k, ValueRange inner) {
          return step1(add(dataStart, mul(k, group)), add(panelAt, mul(k, step * group)), inner);
        });
      };
      int64_t runStep = reduction.groups * step * group;
      auto saved = loaded;
      if (reduction.runs == 1) {
        accs = run(start, panelStart, accs);
      } else if (wholeRows || kernelW == 1 || kernelH == 1) {
        int64_t distance = runStart(1);
        accs = reduce(index(0), index(reduction.runs), accs, [&](Value r, ValueRange acc) {
          return run(add(start, mul(r, distance)), add(panelStart, mul(r, runStep)), acc);
        });
      } else {
        accs = reduce(index(0), index(kernelH), accs, [&](Value kh, ValueRange outer) {
          return reduce(index(0), index(kernelW), outer, [&](Value kw, ValueRange acc) {
            Value at = add(start, add(mul(kh, runStart(kernelW)), mul(kw, runStart(1))));
            return run(at, add(panelStart, add(mul(kh, kernelW * runStep), mul(kw, runStep))), acc);
          });
        });
      }
      loaded = saved;
      for (int64_t p = 0; p < pixels; ++p) {
        ready[result] = Parts(ArrayRef<Value>(accs).slice(p * block.parts, block.parts));
        Point point{n, add(oh, p / cols), add(ow, p % cols), channel};
        if (failed(storeResult(yielded(), output, point, block)))
          status = failure();
      }
      ready.erase(result);
    };

    loop(0, conv.groups, 1, [&](Value g) {
      loop(0, count, 1, [&](Value blk) {
        loop(0, batch, 1, [&](Value n) {
          auto columns = [&](Value oh, int64_t rows) {
            int64_t whole = width / tile.cols * tile.cols;
            loop(0, whole, tile.cols, [&](Value ow) { emitTile(n, oh, ow, g, blk, rows, tile.cols); });
            if (whole < width)
              emitTile(n, oh, index(whole), g, blk, rows, width - whole);
          };
          int64_t whole = height / tile.rows * tile.rows;
          loop(0, whole, tile.rows, [&](Value oh) { columns(oh, tile.rows); });
          if (whole < height)
            columns(index(whole), height - whole);
        });
      });
    });
  };

  ChannelBlock block{lanesPerVector, tile.vectors, mayPack && tile.vectors % group == 0, 0};
  block.valid = block.channels();
  int64_t whole = channels / block.channels(), rest = channels - whole * block.channels();
  emitBlocks(block, 0, whole);
  if (rest) {
    ChannelBlock last{lanesPerVector, static_cast<unsigned>(llvm::divideCeil(rest, lanesPerVector)), false,
                      rest};
    last.packed = mayPack && last.parts % group == 0;
    emitBlocks(last, whole * block.channels(), 1);
  }
  return status;
}
