//===- TargetDescription.cpp - What kernels need to know of a CPU ---------===//
#include "narrow/Target/CPU/TargetDescription.h"

using namespace narrow;

llvm::ArrayRef<TargetDescription> TargetDescription::all() {
  static const TargetDescription descriptions[] = {
      // isa          lanes regs dot                    fma  tiles popcount
      {"amx", 16, 32, DotKind::Vpdpbusd, true, true},
      {"avx512vnni", 16, 32, DotKind::Vpdpbusd, true},
      {"avx512", 16, 32, DotKind::Pmaddwd, true, false, 8},
      {"avxvnni", 8, 16, DotKind::Vpdpbusd, true},
      {"avx2", 8, 16, DotKind::Pmaddwd, true, false, 8},
      {"neon-dotprod", 4, 32, DotKind::Sdot, true, false, 1},
      {"portable", 4, 16, DotKind::GenericPairs, false, false, 12},
  };
  return descriptions;
}

std::optional<TargetDescription> TargetDescription::lookup(llvm::StringRef isa, bool countsBits) {
  for (TargetDescription description : all())
    if (description.isa == isa) {
      if (countsBits)
        description.popcount = 1;
      return description;
    }
  return std::nullopt;
}
