//===- ContractionWeights.cpp - Blocks of channels and their weights ------===//
#include "ContractionEmitter.h"

using namespace mlir;
using namespace narrow;

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
