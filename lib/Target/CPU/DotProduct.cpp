//===- DotProduct.cpp - The instruction that multiplies and adds ----------===//
#include "DotProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace narrow;

VectorType narrow::getDotOperandType(const TargetDescription &target, unsigned width, Builder &builder) {
  bool words = target.storage() == CodeStorage::I16;
  return VectorType::get({int64_t(width) * target.group()},
                         words ? builder.getI16Type() : builder.getI8Type());
}

Value narrow::emitDot(OpBuilder &b, Location loc, const TargetDescription &target, Value acc, Value data,
                      Value weights, unsigned width) {
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
  case DotKind::Pmaddubsw: {
    auto words = VectorType::get({2 * int64_t(width)}, b.getI16Type());
    StringRef name = width == 16  ? "llvm.x86.avx512.pmaddubs.w.512"
                     : width == 8 ? "llvm.x86.avx2.pmadd.ub.sw"
                                  : "llvm.x86.ssse3.pmadd.ub.sw.128";
    data = LLVM::CallIntrinsicOp::create(b, loc, words, b.getStringAttr(name), ValueRange{data, weights})
               .getResult(0);
    weights = arith::ConstantOp::create(b, loc, words, DenseElementsAttr::get(words, b.getI16IntegerAttr(1)));
    [[fallthrough]];
  }
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
      Value pair = vector::BitCastOp::create(b, loc, type, v),
            sixteen = arith::ConstantOp::create(b, loc, type,
                                                DenseElementsAttr::get(type, b.getI32IntegerAttr(16)));
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

Value narrow::emitCount(OpBuilder &b, Location loc, const TargetDescription &target, Value acc, Value bits,
                        unsigned width) {
  // Without an instruction for lanes, bytes are counted, and added by the dot product with ones.
  TargetDescription bytes = target;
  if (target.dot == DotKind::Pmaddwd && target.lanes >= 8)
    bytes.dot = DotKind::Pmaddubsw;
  if (bytes.dot != DotKind::Pmaddubsw && bytes.dot != DotKind::Sdot)
    return arith::AddIOp::create(b, loc, acc, math::CtPopOp::create(b, loc, bits));
  auto type = VectorType::get({4 * int64_t(width)}, b.getI8Type());
  Value counts = math::CtPopOp::create(b, loc, vector::BitCastOp::create(b, loc, type, bits));
  Value ones = arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, b.getI8IntegerAttr(1)));
  return emitDot(b, loc, bytes, acc, counts, ones, width);
}
