//===- WeightPacking.cpp - Several weights in one element -----------------===//
#include "WeightPacking.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace narrow;

std::optional<WeightPacking> WeightPacking::choose(const TargetDescription &target, ArrayRef<int64_t> weights,
                                                   int64_t vectors) {
  constexpr size_t mostValues = 16;
  // Sorted. Zero stands behind the end of a reduction.
  SmallVector<int64_t, mostValues + 1> values{0};
  for (int64_t weight : weights) {
    auto *at = llvm::lower_bound(values, weight);
    if (at != values.end() && *at == weight)
      continue;
    if (values.size() == mostValues)
      return std::nullopt;
    values.insert(at, weight);
  }
  bool words = target.storage() == CodeStorage::I16;
  WeightPacking packing;
  packing.elementBits = words ? 16 : 8;
  for (unsigned bits : {2, 4}) {
    int64_t codes = int64_t{1} << bits;
    bool fits = words ? values.front() >= -codes / 2 && values.back() < codes / 2
                      : static_cast<int64_t>(values.size()) <= codes;
    packing.bits = bits;
    if (!fits || packing.getCount() > vectors)
      continue;
    if (!words)
      packing.values.assign(values.begin(), values.end());
    return packing;
  }
  return std::nullopt;
}

uint16_t WeightPacking::encode(int64_t weight, unsigned index) const {
  uint16_t code = values.empty() ? weight : llvm::find(values, static_cast<int8_t>(weight)) - values.begin();
  return (code & ((1 << bits) - 1)) << (bits * index);
}

/// The numbers of a table of at most 16 bytes that the bytes of `codes` count.
static Value lookUpBytes(OpBuilder &b, Location loc, const TargetDescription &target,
                         ArrayRef<int8_t> entries, Value codes) {
  auto type = cast<VectorType>(codes.getType());
  SmallVector<int8_t> bytes(type.getNumElements(), 0);
  for (auto [i, byte] : llvm::enumerate(bytes)) // every 128 bits the same
    if (i % 16 < entries.size())
      byte = entries[i % 16];
  Value table =
      arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes)));
  StringRef name = target.dot == DotKind::Sdot   ? "llvm.aarch64.neon.tbl1.v16i8"
                   : type.getNumElements() == 64 ? "llvm.x86.avx512.pshuf.b.512"
                   : type.getNumElements() == 32 ? "llvm.x86.avx2.pshuf.b"
                                                 : "llvm.x86.ssse3.pshuf.b.128";
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name), ValueRange{table, codes})
      .getResult(0);
}

Value WeightPacking::unpack(OpBuilder &b, Location loc, const TargetDescription &target, Value packed,
                            unsigned index) const {
  auto type = cast<VectorType>(packed.getType());
  auto constant = [&](int64_t value) -> Value {
    APInt number(type.getElementTypeBitWidth(), value);
    return arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, number));
  };
  if (values.empty()) {
    if (unsigned left = elementBits - bits * (index + 1))
      packed = arith::ShLIOp::create(b, loc, packed, constant(left));
    return arith::ShRSIOp::create(b, loc, packed, constant(elementBits - bits));
  }
  if (index)
    packed = arith::ShRUIOp::create(b, loc, packed, constant(bits * index));
  packed = arith::AndIOp::create(b, loc, packed, constant((1 << bits) - 1));
  return lookUpBytes(b, loc, target, values, packed);
}
