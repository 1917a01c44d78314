//===- TargetDescription.h - What kernels need to know of a CPU -*- C++ -*-===//
//
// Kernels are generated from these figures alone: a new instruction set is a
// new description.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TARGET_CPU_TARGETDESCRIPTION_H
#define NARROW_TARGET_CPU_TARGETDESCRIPTION_H

#include "narrow/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace narrow {
class TargetAttr;

/// The instruction that multiplies codes and adds neighbouring products.
enum class DotKind {
  Pmaddwd,      ///< 2 products of i16 into i32, x86 vpmaddwd (SSE2, AVX2, AVX512BW)
  GenericPairs, ///< the same from plain vector code, any CPU
  /// 4 products of u8 and i8 into i32, x86 vpmaddubsw and vpmaddwd: exact while two
  /// products together fit i16, as they do with weights in [-64, 64].
  Pmaddubsw,
  Vpdpbusd, ///< 4 products of u8 and i8 into i32 (AVX512-VNNI, AVX-VNNI)
  Sdot,     ///< 4 products of i8 into i32 (AArch64 dotprod)
};

/// How an 8-bit code of a tensor is held in memory.
enum class CodeStorage {
  I16, ///< sign-extended, for pairs of i16
  U8,  ///< code + 128, for vpdpbusd
  I8,  ///< as it is, for sdot
};

/// Where weights with at most 16 different values share bytes.
enum class PackWeights {
  Auto,   ///< where that is no slower
  Always, ///< wherever it is possible
  Never,
};

struct TargetDescription {
  llvm::StringRef isa;     ///< name in --isa
  unsigned lanes = 4;      ///< i32 or f32 elements of one vector register
  unsigned registers = 16; ///< vector registers
  DotKind dot = DotKind::GenericPairs;
  bool fma = false;   ///< has fused multiply-add; else mul and add
  bool tiles = false; ///< has tile registers that multiply u8 and i8 (AMX-INT8) besides
  /// Instructions that count the bits of each i32 lane; 0: products of signs are no slower
  /// as products of codes.
  unsigned popcount = 0;
  PackWeights packWeights = PackWeights::Auto;

  CodeStorage storage() const {
    switch (dot) {
    case DotKind::Pmaddubsw:
    case DotKind::Vpdpbusd:
      return CodeStorage::U8;
    case DotKind::Sdot:
      return CodeStorage::I8;
    case DotKind::Pmaddwd:
    case DotKind::GenericPairs:
      return CodeStorage::I16;
    }
  }
  /// Neighbouring products that one dot instruction adds; also how many stored
  /// codes fit where one i32 does, 4 / sizeof(code).
  unsigned group() const { return storage() == CodeStorage::I16 ? 2 : 4; }
  /// How many instructions one dot takes.
  unsigned dotInstructions() const {
    switch (dot) {
    case DotKind::Vpdpbusd:
    case DotKind::Sdot:
      return 1;
    case DotKind::Pmaddwd:
    case DotKind::GenericPairs:
      return 2;
    case DotKind::Pmaddubsw:
      return 3;
    }
  }
  /// The cycles of one, where two multiply in a cycle and three ports share what else there is.
  double dotCycles() const { return dotInstructions() == 1 ? 0.5 : dotInstructions() / 3.0; }
  /// The most that a weight's magnitude may be.
  int64_t mostWeight() const {
    return dot == DotKind::Pmaddubsw ? 64 : storage() == CodeStorage::I16 ? 32767 : 127;
  }
  /// Whether packing to codes has instructions that saturate (packssdw, packuswb).
  bool packsWithSaturation() const { return dot != DotKind::GenericPairs && dot != DotKind::Sdot; }
  /// What storage adds to a code.
  int64_t codeOffset() const { return storage() == CodeStorage::U8 ? 128 : 0; }

  /// The description named `isa`, if there is one, with an instruction that counts bits (AVX-512 VPOPCNTDQ)
  /// if the CPU has one besides.
  static std::optional<TargetDescription> lookup(llvm::StringRef isa, bool countsBits = false);
  /// That of narrow.target; fails, after an error, if the module has none or nobody knows it.
  static FailureOr<TargetDescription> get(ModuleOp module);
  static llvm::ArrayRef<TargetDescription> all();
};

/// narrow.target; null if the module has none.
TargetAttr getTarget(ModuleOp module);

} // namespace narrow

#endif
