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
// Signs, 32 to a word, take the same road: the dot instruction counts the bits that differ. What
// the border, which is plus one, adds to outputs at the edge is taken off their initial value.
//
//===----------------------------------------------------------------------===//
#include "DotProduct.h"
#include "KernelModels.h"
#include "Tile.h"
#include "TileProduct.h"
#include "WeightPacking.h"
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

namespace narrow {

class ContractionEmitter {
public:
  ContractionEmitter(KernelEmitter &kernel, Operation *op)
      : k(kernel), b(kernel.getBuilder()), loc(kernel.getLoc()), target(kernel.getTarget()), op(op),
        result(op->getResult(0)) {}
  LogicalResult emit();

private:
  /// Neighbouring blocks of the same form, and their weights.
  struct Blocks {
    ChannelBlock form;
    int64_t first, count; ///< channels before them; how many
    Value weights;
    unsigned perVector; ///< dot operands in one vector of weights
    Value edgeBias;     ///< biases of one class of edges behind those of another; null if all are alike
  };
  /// Where a tile begins.
  struct Position {
    Value n, oh, ow, group, block;
  };

  LogicalResult readAttributes();
  LogicalResult readConstants();
  void joinRows();
  void chooseReduction();
  void choosePacking();
  unsigned choosePack(unsigned parts, int64_t first) const;
  SmallVector<Blocks> makeBlocks(const Tile &tile);
  void packWeights(Blocks &blocks);
  bool takesPixelsFirst(const SmallVector<Blocks> &blocks) const;
  void forPixels(const Tile &tile,
                 function_ref<void(Value n, Value oh, Value ow, int64_t rows, int64_t cols)>);
  void emitTile(const Blocks &blocks, const Position &at, int64_t rows, int64_t cols);
  SmallVector<Value> emitReduction(const Blocks &blocks, Value start, Value panel, SmallVector<Value> sums,
                                   int64_t rows, int64_t cols);
  void makeEdges(XnorConv2DOp op);
  Value makeEdgeBias(const ChannelBlock &form);
  Parts loadInit(const Blocks &blocks, const Point &point);
  Parts finishCounts(ArrayRef<Value> counts, const Blocks &blocks, const Point &point);
  SmallVector<Value> emitStep(const Blocks &blocks, Value data, Value panel, ValueRange sums, int64_t rows,
                              int64_t cols);
  void chooseTileProduct(Tile &tile);
  void emitTiledProduct(const Blocks &blocks, const Position &at, Value channel, Value start, Value panel,
                        ArrayRef<Value> init, int64_t rows, int64_t cols);
  SmallVector<Value> emitTiledStep(const Blocks &blocks, Value data, Value panel, ValueRange sums,
                                   int64_t rows, int64_t cols);

  void prefetchWeights(const Blocks &blocks, Value panel);

  int64_t runStart(int64_t run) const {
    int64_t kh = wholeRows ? run : run / kernelW, kw = wholeRows ? 0 : run % kernelW;
    return kh * dilation[0] * input->layout.strides[1] + kw * dilation[1] * input->layout.strides[2];
  }
  /// Elements of weights for one dot instruction of each vector; for one block.
  int64_t stepSize(const Blocks &blocks) const {
    return blocks.form.channels() * dotGroup / blocks.perVector;
  }
  int64_t panelSize(const Blocks &blocks) const { return runs * runGroups * stepSize(blocks); }

  KernelEmitter &k;
  OpBuilder &b;
  Location loc;
  const TargetDescription &target;
  Operation *op;
  Value result;
  const Buffer *input = nullptr;
  bool real = false;
  XnorConv2DOp signs; ///< null unless words of signs are multiplied
  unsigned dotGroup = 1;
  SmallVector<int64_t> pad, stride, dilation;
  int64_t groups = 1, inputZp = 0, weightZp = 0;
  int64_t batch = 1, height = 1, width = 1, channels = 1; ///< of the output; channels of one group
  int64_t kernelH = 1, kernelW = 1, inChannels = 1;
  /// The reduction of one output: `runs` stretches of `runLength` contiguous
  /// elements, runGroups = ceil(runLength / dotGroup) dot instructions each.
  int64_t runs = 1, runLength = 1, runGroups = 1;
  bool wholeRows = false; ///< a run is a row of the kernel
  std::vector<float> floatWeights, floatBias;
  std::vector<int64_t> weights, bias;
  /// What is added to the bias of outputs at an edge: [class of row][class of column][channel].
  /// Rows (columns) of one class have the same rows of the kernel outside of the input.
  std::vector<std::vector<int64_t>> edges;
  std::vector<int64_t> rowClasses, colClasses; ///< one an output row, column
  int64_t numColClasses = 1;
  bool mayPack = false;
  std::optional<WeightPacking> packing;
  std::optional<TileProduct> product; ///< instead of dot instructions
  Value sumsMemory;                   ///< where the vector units get its results
  LogicalResult status = success();
};

} // namespace narrow

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

/// The bias becomes the sum of a whole window whose signs all agree.
void ContractionEmitter::makeEdges(XnorConv2DOp op) {
  ArrayRef<int64_t> factors = op.getFactors(), in = shapeOf(op.getInput());
  auto inputs = static_cast<int64_t>(op.getChannels());
  // The rows or columns of the kernel that are outside, for each output.
  auto classify = [&](unsigned axis, int64_t outputs, int64_t taps, std::vector<int64_t> &classes) {
    std::vector<std::vector<bool>> found;
    for (int64_t o = 0; o < outputs; ++o) {
      std::vector<bool> outside;
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = o * stride[axis] + tap * dilation[axis] - pad[2 * axis];
        outside.push_back(at < 0 || at >= in[1 + axis]);
      }
      auto it = llvm::find(found, outside);
      classes.push_back(it - found.begin());
      if (it == found.end())
        found.push_back(std::move(outside));
    }
    return found;
  };
  auto rows = classify(0, height, kernelH, rowClasses), cols = classify(1, width, kernelW, colClasses);
  numColClasses = cols.size();
  edges.assign(rows.size() * cols.size(), std::vector<int64_t>(channels));
  int64_t most = 0;
  for (int64_t o = 0; o < channels; ++o) {
    int64_t factor = factors[factors.size() == 1 ? 0 : o];
    for (int64_t kh = 0; kh < kernelH; ++kh)
      for (int64_t kw = 0; kw < kernelW; ++kw) {
        int64_t minus = 0;
        for (int64_t i = 0; i < inChannels; ++i)
          minus += llvm::popcount(
              static_cast<uint32_t>(weights[((o * kernelH + kh) * kernelW + kw) * inChannels + i]));
        for (size_t r = 0; r < rows.size(); ++r)
          for (size_t c = 0; c < cols.size(); ++c)
            if (rows[r][kh] || cols[c][kw])
              edges[r * cols.size() + c][o] -= factor * (inputs - 2 * minus);
      }
    int64_t whole = factor * inputs * kernelH * kernelW;
    most = std::max(most, std::abs(bias[o]) + whole);
    bias[o] = static_cast<int32_t>(bias[o] + whole);
  }
  if (edges.size() == 1)
    edges.clear();
  k.setBound(result, most);
}

/// One ordered table behind the other.
Value ContractionEmitter::makeEdgeBias(const ChannelBlock &form) {
  std::vector<int32_t> table;
  for (const std::vector<int64_t> &edge : edges) {
    std::vector<int32_t> one;
    for (auto [base, add] : llvm::zip_equal(bias, edge))
      one.push_back(static_cast<int32_t>(base + add));
    std::vector<int32_t> ordered = k.orderTable<int32_t>(one, form);
    table.insert(table.end(), ordered.begin(), ordered.end());
  }
  return k.globalTable("table", table);
}

/// What the accumulators of one point begin with.
Parts ContractionEmitter::loadInit(const Blocks &blocks, const Point &point) {
  const ChannelBlock &form = blocks.form;
  if (!blocks.edgeBias)
    return k.loadTable(k.keyOf(result, "bias"), bias, point.back(), form);
  int64_t size = cast<MemRefType>(blocks.edgeBias.getType()).getNumElements() / edges.size();
  auto look = [&](ArrayRef<int64_t> classes, int64_t step, Value at) -> Value {
    if (llvm::all_equal(classes))
      return k.index(classes.front() * step);
    std::vector<int32_t> starts;
    for (int64_t c : classes)
      starts.push_back(static_cast<int32_t>(c * step));
    Value start = memref::LoadOp::create(b, loc, k.globalTable("edges", starts), at);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), start);
  };
  Value start = k.add(look(rowClasses, numColClasses * size, point[1]), look(colClasses, size, point[2]));
  Parts parts;
  for (unsigned p = 0; p < form.parts; ++p)
    parts.push_back(vector::LoadOp::create(b, loc, k.lanes(form.width, b.getI32Type()), blocks.edgeBias,
                                           k.add(k.add(start, point.back()), int64_t(p) * form.width)));
  return parts;
}

/// Sums of products from the numbers of signs that differ.
Parts ContractionEmitter::finishCounts(ArrayRef<Value> counts, const Blocks &blocks, const Point &point) {
  std::vector<int64_t> twice;
  for (int64_t factor : signs.getFactors())
    twice.push_back(2 * factor);
  Parts factors = k.loadTable(k.keyOf(result, "factor"), twice, point.back(), blocks.form),
        parts = loadInit(blocks, point);
  for (auto [part, count, factor] : llvm::zip_equal(parts, counts, factors))
    part = arith::SubIOp::create(b, loc, part, arith::MulIOp::create(b, loc, count, factor));
  return parts;
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
// Blocks of output channels
//===----------------------------------------------------------------------===//

/// Packed weights take less memory and more instructions. Where one instruction multiplies and adds
/// 64 codes, others have time for them. Elsewhere they pay off if weights come from far and each is
/// read for a pixel or two.
void ContractionEmitter::choosePacking() {
  constexpr int64_t fewPixels = 2, secondLevelBytes = 1 << 20;
  bool hasTime = target.dotInstructions() == 1 && target.lanes == 16 && !target.tiles;
  bool waits = batch * height * width <= fewPixels && static_cast<int64_t>(weights.size()) > secondLevelBytes;
  PackWeights policy = target.packWeights;
  if (real || signs || policy == PackWeights::Never || (policy == PackWeights::Auto && !hasTime && !waits))
    return;
  packing = WeightPacking::choose(target, weights, std::min<int64_t>(channels / target.lanes, mostVectors));
}

/// The most parts that make whole packed units, in every block of every group.
unsigned ContractionEmitter::choosePack(unsigned parts, int64_t first) const {
  unsigned pack = mayPack ? target.group() : 0;
  while (pack > 1 &&
         (parts % pack || first % (target.lanes * pack) || (groups > 1 && channels % (target.lanes * pack))))
    pack /= 2;
  return pack;
}

SmallVector<ContractionEmitter::Blocks> ContractionEmitter::makeBlocks(const Tile &tile) {
  SmallVector<Blocks> blocks;
  auto append = [&](unsigned parts, int64_t first, int64_t count, int64_t valid) {
    ChannelBlock form{target.lanes, parts, choosePack(parts, first), valid};
    unsigned perVector = packing && parts % packing->getCount() == 0 ? packing->getCount() : 1;
    packWeights(blocks.emplace_back(
        Blocks{form, first, count, Value(), perVector, edges.empty() ? Value() : makeEdgeBias(form)}));
  };
  int64_t step = int64_t(tile.vectors) * target.lanes, whole = channels / step;
  if (whole)
    append(tile.vectors, 0, whole, step);
  if (int64_t rest = channels - whole * step)
    append(llvm::divideCeil(rest, target.lanes), whole * step, 1, rest);
  return blocks;
}

/// From [O][KH][KW][I] to the order in which the loops read them.
void ContractionEmitter::packWeights(Blocks &blocks) {
  const ChannelBlock &form = blocks.form;
  int64_t step = stepSize(blocks), panel = panelSize(blocks), perOutput = kernelH * kernelW * inChannels;
  Type element = real ? Type(b.getF32Type()) : input->layout.element;
  unsigned bytes = element.getIntOrFloatBitWidth() / 8;
  std::vector<char> packed(groups * blocks.count * panel * bytes);
  // Also slots of channels that do not exist have codes of weights.
  if (blocks.perVector > 1) {
    uint16_t zeros = 0;
    for (unsigned i = 0; i < blocks.perVector; ++i)
      zeros |= packing->encode(0, i);
    for (size_t at = 0; at < packed.size(); at += bytes)
      std::memcpy(&packed[at], &zeros, bytes);
  }
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t block = 0; block < blocks.count; ++block)
      for (int64_t slot = 0; slot < form.channels(); ++slot) {
        int64_t channel = blocks.first + block * form.channels() + form.channelOf(slot);
        if (channel >= channels)
          continue;
        int64_t from = (g * channels + channel) * perOutput;
        int64_t part = slot / form.width, lane = slot % form.width;
        unsigned index = part % blocks.perVector;
        int64_t place = part / blocks.perVector * form.width + lane;
        for (int64_t run = 0; run < runs; ++run)
          for (int64_t i = 0; i < runLength; ++i, ++from) {
            int64_t to = (g * blocks.count + block) * panel + (run * runGroups + i / dotGroup) * step +
                         place * dotGroup + i % dotGroup;
            char *at = packed.data() + to * bytes;
            if (real) {
              std::memcpy(at, &floatWeights[from], 4);
              continue;
            }
            if (signs) {
              uint32_t word = weights[from];
              std::memcpy(at, &word, 4);
              continue;
            }
            uint16_t code = weights[from]; // little endian: the first byte is the i8
            if (blocks.perVector > 1) {
              code = 0;
              std::memcpy(&code, at, bytes);
              code ^= packing->encode(0, index) ^ packing->encode(weights[from], index);
            }
            std::memcpy(at, &code, bytes);
          }
      }
  blocks.weights = k.globalBytes("weights", packed, element);
}

/// Whether all channels of a few pixels are computed before the next pixels. Results
/// are then written in whole cache lines and inputs read once, while the weights are read
/// again for every tile: good where they stay in the first level cache.
bool ContractionEmitter::takesPixelsFirst(const SmallVector<Blocks> &blocks) const {
  int64_t bytes = 0;
  for (const Blocks &some : blocks)
    bytes += some.count * panelSize(some) * (real ? 4 : input->layout.elementBytes());
  constexpr int64_t firstLevel = 16 << 10; // half of what is common
  return bytes <= firstLevel;
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

//===----------------------------------------------------------------------===//
// Tile registers
//===----------------------------------------------------------------------===//

void ContractionEmitter::chooseTileProduct(Tile &tile) {
  if (!target.tiles || real || signs || groups != 1 || packing)
    return;
  product = TileProduct::choose(target, {height, width, channels, runs * runGroups, mayPack}, runLength);
  if (!product)
    return;
  tile = product->outputs;
  // At the function's entry: behind the loops that fill borders it would be taken
  // from the stack at run time.
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(b.getInsertionBlock());
  auto type = MemRefType::get({tile.rows * tile.cols * int64_t(tile.vectors) * target.lanes}, b.getI32Type());
  sumsMemory = memref::AllocaOp::create(b, loc, type, b.getI64IntegerAttr(64));
}

SmallVector<Value> ContractionEmitter::emitTiledStep(const Blocks &blocks, Value data, Value panel,
                                                     ValueRange sums, int64_t rows, int64_t cols) {
  ArrayRef<int64_t> strides = input->layout.strides;
  unsigned parts = blocks.form.parts;
  SmallVector<Value> next(sums), rowOfWeights;
  for (unsigned v = 0; v < parts; ++v)
    rowOfWeights.push_back(loadTile(b, loc, product->bytes / dotGroup, TileProduct::registerBytes,
                                    blocks.weights, k.add(panel, v * TileProduct::registerBytes),
                                    parts * TileProduct::registerBytes));
  for (auto [p, piece] : llvm::enumerate(product->getPieces(rows, cols))) {
    int64_t shift = piece.row * stride[0] * strides[1] + piece.col * stride[1] * strides[2];
    Value x = loadTile(b, loc, product->pixels, product->bytes, input->memref, k.add(data, shift),
                       stride[1] * strides[2]);
    for (unsigned v = 0; v < parts; ++v)
      next[p * parts + v] = multiplyTiles(b, loc, *product, next[p * parts + v], x, rowOfWeights[v]);
  }
  return next;
}

/// The tiles of sums go through memory to the vector units, which add the bias and
/// do the rest.
void ContractionEmitter::emitTiledProduct(const Blocks &blocks, const Position &at, Value channel,
                                          Value start, Value panel, ArrayRef<Value> init, int64_t rows,
                                          int64_t cols) {
  const ChannelBlock &form = blocks.form;
  auto pieces = product->getPieces(rows, cols);
  SmallVector<Value> sums;
  for (size_t i = 0; i < pieces.size() * form.parts; ++i)
    sums.push_back(createZeroTile(b, loc, product->pixels, TileProduct::registerBytes));
  auto saved = k.getTables(); // What is loaded inside of a loop is not visible behind it.
  sums = emitReduction(blocks, start, panel, std::move(sums), rows, cols);
  for (auto [i, tile] : llvm::enumerate(sums)) {
    int64_t first = (i / form.parts * product->pixels * form.parts + i % form.parts) * form.width;
    storeTile(b, loc, product->pixels, TileProduct::registerBytes, sumsMemory, k.index(first),
              form.parts * TileProduct::registerBytes, tile);
  }

  for (auto [p, piece] : llvm::enumerate(pieces)) {
    auto finish = [&](Value first, int64_t count) {
      k.setTables(saved);
      SmallVector<Point> points;
      for (int64_t i = 0; i < count; ++i)
        points.push_back({at.n, k.add(at.oh, piece.row), k.add(k.add(at.ow, first), piece.col + i), channel});
      auto prepare = [&](size_t i) {
        Value from = k.mul(k.add(first, p * product->pixels + i), form.channels());
        Parts parts;
        for (auto [v, bias] : llvm::enumerate(init)) {
          Value sum = vector::LoadOp::create(b, loc, cast<VectorType>(bias.getType()), sumsMemory,
                                             k.add(from, int64_t(v) * form.width));
          parts.push_back(arith::AddIOp::create(b, loc, sum, bias));
        }
        k.setLanes(result, parts);
      };
      if (failed(k.storeResult(k.yielded(), k.getOutputs().front(), points, form, prepare)))
        status = failure();
      k.forgetLanes(result);
    };
    constexpr int64_t together = 4; // share one packing to codes
    int64_t whole = (product->pixels - piece.skip) / together * together;
    if (whole) {
      auto loop =
          scf::ForOp::create(b, loc, k.index(piece.skip), k.index(piece.skip + whole), k.index(together));
      loop->setAttr(attrs::sequential, b.getUnitAttr());
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      finish(loop.getInductionVar(), together);
    }
    if (int64_t rest = product->pixels - piece.skip - whole)
      finish(k.index(piece.skip + whole), rest);
    k.setTables(saved);
  }
}
