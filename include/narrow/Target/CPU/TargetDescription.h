//===- TargetDescription.h - What kernels need to know of a CPU -*- C++ -*-===//
//
// Kernels are generated from these figures alone: a new instruction set is a
// new description.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TARGET_CPU_TARGETDESCRIPTION_H
#define NARROW_TARGET_CPU_TARGETDESCRIPTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::narrow {

/// The instruction that multiplies codes and adds neighbouring products.
enum class DotKind {
  Pmaddwd,      ///< 2 products of i16 into i32, x86 vpmaddwd (SSE2, AVX2, AVX512BW)
  GenericPairs, ///< the same from plain vector code, any CPU
  Vpdpbusd,     ///< 4 products of u8 and i8 into i32 (AVX512-VNNI, AVX-VNNI)
  Sdot,         ///< 4 products of i8 into i32 (AArch64 dotprod)
};

/// How an 8-bit code of a tensor is held in memory.
enum class CodeStorage {
  I16, ///< sign-extended, for pairs of i16
  U8,  ///< code + 128, for vpdpbusd
  I8,  ///< as it is, for sdot
};

struct TargetDescription {
  llvm::StringRef isa;     ///< name in --isa
  unsigned lanes = 4;      ///< i32 or f32 elements of one vector register
  unsigned registers = 16; ///< vector registers
  DotKind dot = DotKind::GenericPairs;
  bool fma = false;   ///< has fused multiply-add; else mul and add
  bool tiles = false; ///< has tile registers that multiply u8 and i8 (AMX-INT8) besides

  CodeStorage storage() const {
    return dot == DotKind::Vpdpbusd ? CodeStorage::U8
           : dot == DotKind::Sdot   ? CodeStorage::I8
                                    : CodeStorage::I16;
  }
  /// Neighbouring products that one dot instruction adds; also how many stored
  /// codes fit where one i32 does, 4 / sizeof(code).
  unsigned group() const { return storage() == CodeStorage::I16 ? 2 : 4; }
  /// What storage adds to a code.
  int64_t codeOffset() const { return storage() == CodeStorage::U8 ? 128 : 0; }

  /// The description named `isa`, or null.
  static const TargetDescription *lookup(llvm::StringRef isa);
  static llvm::ArrayRef<TargetDescription> all();
};

} // namespace mlir::narrow

#endif
