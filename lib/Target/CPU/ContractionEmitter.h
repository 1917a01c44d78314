//===- ContractionEmitter.h - Convolution as an implicit GEMM ---*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_CONTRACTIONEMITTER_H
#define NARROW_LIB_TARGET_CPU_CONTRACTIONEMITTER_H

#include "Tile.h"
#include "TileProduct.h"
#include "WeightPacking.h"
#include "narrow/Target/CPU/KernelEmitter.h"

namespace narrow {

/// The kernel of one convolution or matrix product; see ContractionEmitter.cpp.
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

#endif
