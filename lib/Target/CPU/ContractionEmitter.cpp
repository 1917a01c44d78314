//===- ContractionEmitter.cpp - Convolution as an implicit GEMM -----------===//
//
// A register tile is `rows * cols` output pixels by `vectors` vectors of output
// channels. The input is read in place: its border holds the padding, and the
// elements of one kernel row are contiguous in NHWC, so the reduction is a loop
// over kernel rows and a loop over runs. Weights are packed when compiling:
// [group][channel block][run][k / G][vector][lane][G], G the products that one
// dot instruction adds; where several weights share an element (WeightPacking.h)
// some vectors lie on each other. Input zero point and storage offset are folded
// into the initial value of the accumulators.
//
// Signs, 32 to a word, take the same road (SignContraction.cpp).
//
//===----------------------------------------------------------------------===//
#include "DotProduct.h"
#include "ContractionEmitter.h"
#include "KernelModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace narrow;

LogicalResult narrow::emitContraction(Operation *op, KernelEmitter &k) {
  return ContractionEmitter(k, op).emit();
}

//===----------------------------------------------------------------------===//
// What is computed
//===----------------------------------------------------------------------===//

LogicalResult ContractionEmitter::readAttributes() {
  for (auto [name, list] : {std::pair{"pad", &pad}, {"stride", &stride}, {"dilation", &dilation}})
    *list = llvm::to_vector(op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef());
  if (auto grouped = dyn_cast<Conv2DOp>(op)) {
    groups = grouped.getGroup();
    inputZp = grouped.getInputZp();
  }
  real = isFloat(result);
  signs = dyn_cast<XnorConv2DOp>(op);
  dotGroup = real || signs ? 1 : target.group();
  input = k.findInput(op->getOperand(0));
  if (!input)
    return emitUnsupported(op) << "its input is a constant";
  if (isa<tosa::Conv2DOp>(op) && !real) {
    auto inputs = getIntegers(op->getOperand(3)), weightPoints = getIntegers(op->getOperand(4));
    if (!inputs || !weightPoints)
      return emitUnsupported(op) << "zero points must be constants";
    inputZp = inputs->front(), weightZp = weightPoints->front();
  }
  for (unsigned side = 0; side < 4; ++side)
    if (pad[side] > input->layout.border[side])
      return emitUnsupported(op) << "its input has no border";
  ArrayRef<int64_t> out = shapeOf(result), kernel = shapeOf(op->getOperand(1));
  batch = out[0], height = out[1], width = out[2], channels = out[3] / groups;
  kernelH = kernel[1], kernelW = kernel[2], inChannels = kernel[3];
  return success();
}

LogicalResult ContractionEmitter::readConstants() {
  ElementsAttr weightAttr = getConstant(op->getOperand(1)), biasAttr = getConstant(op->getOperand(2));
  if (!weightAttr || !biasAttr)
    return emitUnsupported(op) << "weights and bias must be constants";
  size_t total = channels * groups;
  auto broadcast = [&](auto &values) {
    if (values.size() == 1)
      values.assign(total, values.front());
  };
  if (real) {
    auto w = getFloats(weightAttr), c = getFloats(biasAttr);
    if (!w || !c)
      return emitUnsupported(op) << "f32 weights and bias are needed";
    floatWeights = std::move(*w), floatBias = std::move(*c);
    broadcast(floatBias);
    return success();
  }
  auto w = getIntegers(weightAttr), c = getIntegers(biasAttr);
  if (!w || !c)
    return emitUnsupported(op) << "integer weights and bias are needed";
  weights = std::move(*w), bias = std::move(*c);
  broadcast(bias);
  if (signs) {
    makeEdges(signs);
    return success();
  }
  int64_t limit = target.mostWeight();
  for (int64_t &weight : weights)
    if (weight -= weightZp; weight > limit || weight < -limit - 1)
      return emitUnsupported(op) << "weights minus their zero point need more than 8 bits";
  int64_t perOutput = kernelH * kernelW * inChannels;
  int64_t reach = std::max(std::abs(-128 - inputZp), std::abs(127 - inputZp)), most = 0;
  for (size_t o = 0; o < total; ++o) {
    int64_t sum = 0, magnitudeSum = 0;
    for (int64_t i = 0; i < perOutput; ++i)
      sum += weights[o * perOutput + i], magnitudeSum += std::abs(weights[o * perOutput + i]);
    most = std::max(most, magnitudeSum * reach + std::abs(bias[o]));
    bias[o] = static_cast<int32_t>(bias[o] - (inputZp + input->layout.codeOffset) * sum);
  }
  k.setBound(result, most);
  return success();
}

/// Without padding and stride a plane is one long row, in every tensor alike.
void ContractionEmitter::joinRows() {
  bool joins = kernelH == 1 && kernelW == 1 && llvm::all_of(stride, [](int64_t s) { return s == 1; });
  for (const Buffer &buffer : llvm::concat<Buffer>(k.getInputs(), k.getOutputs()))
    joins &= buffer.layout.shape.size() == 4 && buffer.layout.shape[1] == height &&
             buffer.layout.shape[2] == width && buffer.layout.strides[1] == width * buffer.layout.strides[2];
  for (Operation &constant : k.getKernel().getBody().front())
    if (ElementsAttr attr =
            getKernelRole(&constant) == KernelRole::Constant && constant.getResult(0) != op->getOperand(1)
                ? getConstant(constant.getResult(0))
                : nullptr)
      joins &= attr.isSplat() || attr.getShapedType().getRank() < 4 ||
               attr.getNumElements() == attr.getShapedType().getShape().back();
  if (!joins)
    return;
  width *= height;
  height = 1;
  for (MutableArrayRef<Buffer> buffers : {k.getInputs(), k.getOutputs()})
    for (Buffer &buffer : buffers) {
      buffer.layout.shape[1] = height;
      buffer.layout.shape[2] = width;
    }
}

/// A kernel row is contiguous when columns are neighbours.
void ContractionEmitter::chooseReduction() {
  wholeRows = groups == 1 && dilation[1] == 1 && input->layout.strides[2] == inChannels;
  runs = wholeRows ? kernelH : kernelH * kernelW;
  runLength = wholeRows ? kernelW * inChannels : inChannels;
  runGroups = llvm::divideCeil(runLength, dotGroup);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

LogicalResult ContractionEmitter::emit() {
  if (failed(readAttributes()) || failed(readConstants()))
    return failure();
  joinRows();
  chooseReduction();
  mayPack = !real && k.epilogueAllowsPacked() && (groups == 1 || channels % target.lanes == 0);
  choosePacking();
  ContractionShape shape{height, width, channels, runs * runGroups, mayPack};
  if (signs)
    shape.instructions = target.popcount + 2;
  if (packing)
    shape.vectorUnit = packing->getCount(), shape.unpacking = WeightPacking::instructions;
  Tile tile = chooseTile(target, shape);
  chooseTileProduct(tile);
  k.setCycles(batch * groups * estimateCycles(target, shape, tile));
  std::string kind = llvm::formatv("{0}{1}, tile {2}x{3}{4}", signs ? "xnor " : "",
                                   kernelH * kernelW == 1 ? "pointwise" : "convolution", tile.pixels(),
                                   tile.vectors * target.lanes, product ? ", amx" : "");
  if (packing)
    kind += llvm::formatv(", {0}-bit weights", packing->getBits());
  k.setKind(std::move(kind));
  SmallVector<Blocks> blocks = makeBlocks(tile);
  // All blocks are packed, or none.
  k.foldRounding(result, bias, blocks.front().form);
  k.loop(0, groups, 1, [&](Value g) {
    if (takesPixelsFirst(blocks)) {
      forPixels(tile, [&](Value n, Value oh, Value ow, int64_t rows, int64_t cols) {
        for (const Blocks &some : blocks)
          k.loop(0, some.count, 1, [&](Value block) { emitTile(some, {n, oh, ow, g, block}, rows, cols); });
      });
      return;
    }
    for (const Blocks &some : blocks)
      k.loop(0, some.count, 1, [&](Value block) {
        forPixels(tile, [&](Value n, Value oh, Value ow, int64_t rows, int64_t cols) {
          emitTile(some, {n, oh, ow, g, block}, rows, cols);
        });
      });
  });
  return status;
}

void ContractionEmitter::forPixels(
    const Tile &tile, function_ref<void(Value n, Value oh, Value ow, int64_t rows, int64_t cols)> body) {
  k.loop(0, batch, 1, [&](Value n) {
    auto columns = [&](Value oh, int64_t rows) {
      int64_t whole = width / tile.cols * tile.cols;
      k.loop(0, whole, tile.cols, [&](Value ow) { body(n, oh, ow, rows, tile.cols); });
      if (whole < width)
        body(n, oh, k.index(whole), rows, width - whole);
    };
    int64_t whole = height / tile.rows * tile.rows;
    k.loop(0, whole, tile.rows, [&](Value oh) { columns(oh, tile.rows); });
    if (whole < height)
      columns(k.index(whole), height - whole);
  });
}

void ContractionEmitter::emitTile(const Blocks &blocks, const Position &at, int64_t rows, int64_t cols) {
  const BufferLayout &in = input->layout;
  const ChannelBlock &form = blocks.form;
  k.forgetTables();
  Value channel = k.add(k.add(k.mul(at.group, channels), k.mul(at.block, form.channels())), blocks.first);
  Value panel = k.mul(k.add(k.mul(at.group, blocks.count), at.block), panelSize(blocks));
  Value corner =
      k.add(k.index(in.origin - pad[0] * in.strides[1] - pad[2] * in.strides[2]), k.mul(at.n, in.strides[0]));
  Value pixel = k.add(k.mul(at.oh, stride[0] * in.strides[1]), k.mul(at.ow, stride[1] * in.strides[2]));
  Value start = k.add(corner, k.add(pixel, k.mul(at.group, inChannels)));
  Parts init = real    ? k.loadFloatTable(k.keyOf(result, "bias"), floatBias, channel, form)
               : signs ? Parts(form.parts, k.splat(k.lanes(form.width, b.getI32Type()), 0))
                       : k.loadTable(k.keyOf(result, "bias"), bias, channel, form);
  if (product)
    return emitTiledProduct(blocks, at, channel, start, panel, init, rows, cols);
  SmallVector<Value> sums;
  SmallVector<Point> points;
  for (int64_t p = 0; p < rows * cols; ++p) {
    sums.append(init.begin(), init.end());
    points.push_back({at.n, k.add(at.oh, p / cols), k.add(at.ow, p % cols), channel});
  }
  auto saved = k.getTables(); // What is loaded inside of a loop is not visible behind it.
  sums = emitReduction(blocks, start, panel, std::move(sums), rows, cols);
  k.setTables(saved);
  auto prepare = [&](size_t p) {
    auto own = ArrayRef<Value>(sums).slice(p * form.parts, form.parts);
    k.setLanes(result, signs ? finishCounts(own, blocks, points[p]) : Parts(own));
  };
  if (failed(k.storeResult(k.yielded(), k.getOutputs().front(), points, form, prepare)))
    status = failure();
  k.forgetLanes(result);
}

SmallVector<Value> ContractionEmitter::emitReduction(const Blocks &blocks, Value start, Value panel,
                                                     SmallVector<Value> sums, int64_t rows, int64_t cols) {
  int64_t step = stepSize(blocks), runStep = runGroups * step;
  int64_t groupsPerStep = product ? product->bytes / dotGroup : 1;
  auto run = [&](Value data, Value weightsAt, ValueRange acc) {
    // Where an instruction multiplies and another adds, the loop's own instructions count.
    int64_t unroll = dotGroup == 2 && runGroups % 2 == 0 ? 2 : 1, perTurn = unroll * groupsPerStep;
    return k.reduce(k.index(0), k.index(runGroups / perTurn), acc, [&](Value i, ValueRange inner) {
      SmallVector<Value> next(inner);
      for (int64_t u = 0; u < unroll; ++u) {
        Value at = k.add(k.mul(i, perTurn), u * groupsPerStep);
        Value dataAt = k.add(data, k.mul(at, dotGroup)), panelAt = k.add(weightsAt, k.mul(at, step));
        next = product ? emitTiledStep(blocks, dataAt, panelAt, next, rows, cols)
                       : emitStep(blocks, dataAt, panelAt, next, rows, cols);
      }
      return next;
    });
  };
  if (runs == 1)
    return run(start, panel, sums);
  if (wholeRows || kernelW == 1 || kernelH == 1)
    return k.reduce(k.index(0), k.index(runs), sums, [&](Value r, ValueRange acc) {
      return run(k.add(start, k.mul(r, runStart(1))), k.add(panel, k.mul(r, runStep)), acc);
    });
  return k.reduce(k.index(0), k.index(kernelH), sums, [&](Value kh, ValueRange outer) {
    return k.reduce(k.index(0), k.index(kernelW), outer, [&](Value kw, ValueRange acc) {
      Value data = k.add(start, k.add(k.mul(kh, runStart(kernelW)), k.mul(kw, runStart(1))));
      return run(data, k.add(panel, k.add(k.mul(kh, kernelW * runStep), k.mul(kw, runStep))), acc);
    });
  });
}

/// A panel that does not stay in the first level cache is asked for some steps ahead.
void ContractionEmitter::prefetchWeights(const Blocks &blocks, Value panel) {
  constexpr int64_t firstLevelBytes = 24 << 10, stepsAhead = 8, lineBytes = 64;
  int64_t elementBytes = real ? 4 : input->layout.elementBytes();
  if (panelSize(blocks) * elementBytes <= firstLevelBytes)
    return;
  int64_t step = stepSize(blocks);
  for (int64_t byte = 0; byte < step * elementBytes; byte += lineBytes)
    memref::PrefetchOp::create(b, loc, blocks.weights,
                               ValueRange{k.add(panel, stepsAhead * step + byte / elementBytes)},
                               /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

/// One dot instruction for every vector of the tile: `data` and `panel` are the places
/// of the first pixel's codes and of the weights.
SmallVector<Value> ContractionEmitter::emitStep(const Blocks &blocks, Value data, Value panel,
                                                ValueRange sums, int64_t rows, int64_t cols) {
  const BufferLayout &in = input->layout;
  unsigned lanes = blocks.form.width, parts = blocks.form.parts;
  auto sumType = cast<VectorType>(sums[0].getType());
  VectorType operandType = real || signs ? sumType : k.getDotOperandType(lanes);
  SmallVector<Value> next(sums), rowOfWeights;
  prefetchWeights(blocks, panel);
  for (unsigned v = 0; v < parts; v += blocks.perVector) {
    Value at = k.add(panel, int64_t(v / blocks.perVector) * lanes * dotGroup);
    Value loaded = vector::LoadOp::create(b, loc, operandType, blocks.weights, at);
    if (blocks.perVector == 1)
      rowOfWeights.push_back(loaded);
    else
      for (unsigned i = 0; i < blocks.perVector; ++i)
        rowOfWeights.push_back(packing->unpack(b, loc, target, loaded, i));
  }
  for (int64_t p = 0; p < rows * cols; ++p) {
    int64_t shift = (p / cols) * stride[0] * in.strides[1] + (p % cols) * stride[1] * in.strides[2];
    Value at = k.add(data, shift), x;
    if (real || signs) {
      x = vector::BroadcastOp::create(b, loc, sumType, memref::LoadOp::create(b, loc, input->memref, at));
    } else {
      x = k.broadcastGroup(*input, at, lanes);
    }
    for (unsigned v = 0; v < parts; ++v) {
      Value &sum = next[p * parts + v];
      if (signs)
        sum = emitCount(b, loc, target, sum, arith::XOrIOp::create(b, loc, x, rowOfWeights[v]), lanes);
      else if (!real)
        sum = k.dot(sum, x, rowOfWeights[v], lanes);
      else if (target.fma)
        sum = math::FmaOp::create(b, loc, x, rowOfWeights[v], sum);
      else
        sum = arith::AddFOp::create(b, loc, sum, arith::MulFOp::create(b, loc, x, rowOfWeights[v]));
    }
  }
  return next;
}
