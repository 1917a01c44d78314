//===- TargetDescription.cpp - What kernels need to know of a CPU ---------===//
#include "narrow/Target/CPU/TargetDescription.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
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

TargetAttr narrow::getTarget(ModuleOp module) { return module->getAttrOfType<TargetAttr>(attrs::target); }

FailureOr<TargetDescription> TargetDescription::get(ModuleOp module) {
  TargetAttr target = getTarget(module);
  if (!target)
    return module.emitError(
        "does not say what code is for; run --narrow-set-target=isa=<instruction set> first");
  if (std::optional<TargetDescription> found = lookup(target.getIsa(), target.getPopcount()))
    return *found;
  InFlightDiagnostic diagnostic = module.emitError()
                                  << "unknown instruction set '" << target.getIsa() << "'; known are";
  for (const TargetDescription &description : all())
    diagnostic << ' ' << description.isa;
  return diagnostic;
}
