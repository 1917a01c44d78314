//===- ChannelTables.cpp - Numbers that differ from channel to channel --===//
#include "narrow/Target/CPU/KernelEmitter.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace narrow;

std::string KernelEmitter::keyOf(Value value, StringRef suffix) {
  return (Twine(reinterpret_cast<uintptr_t>(value.getAsOpaquePointer())) + suffix).str();
}

Parts KernelEmitter::loadTable(StringRef key, ArrayRef<int64_t> perChannel, Value channel,
                               const ChannelBlock &block) {
  auto type = lanes(block.width, b.getI32Type());
  if (llvm::all_equal(perChannel))
    return Parts(block.parts, splat(type, perChannel.front()));
  auto [it, isNew] = loaded.try_emplace(key.str());
  if (!isNew)
    return it->second;
  std::vector<int32_t> narrow(perChannel.begin(), perChannel.end());
  Value table = globalTable("table", orderTable<int32_t>(narrow, block));
  Parts parts;
  for (unsigned p = 0; p < block.parts; ++p)
    parts.push_back(vector::LoadOp::create(b, loc, type, table, add(channel, int64_t(p) * block.width)));
  return it->second = parts;
}

Parts KernelEmitter::loadFloatTable(StringRef key, ArrayRef<float> perChannel, Value channel,
                                    const ChannelBlock &block) {
  auto type = lanes(block.width, b.getF32Type());
  if (llvm::all_equal(perChannel))
    return Parts(block.parts, splatFloat(type, perChannel.front()));
  auto [it, isNew] = loaded.try_emplace(key.str());
  if (!isNew)
    return it->second;
  std::vector<float> ordered = orderTable<float>(perChannel, block);
  Value table =
      globalBytes("table", {reinterpret_cast<const char *>(ordered.data()), ordered.size() * sizeof(float)},
                  b.getF32Type());
  Parts parts;
  for (unsigned p = 0; p < block.parts; ++p)
    parts.push_back(vector::LoadOp::create(b, loc, type, table, add(channel, int64_t(p) * block.width)));
  return it->second = parts;
}
