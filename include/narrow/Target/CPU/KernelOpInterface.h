//===- KernelOpInterface.h - What code generation asks of an op -*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_KERNELOPINTERFACE_H
#define NARROW_TARGET_CPU_KERNELOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "narrow/Target/CPU/KernelEmitter.h"
#include "narrow/Target/CPU/KernelOps.h"
#include <array>

namespace narrow {

class StorageEmitter;

/// What a window reads beside its operand.
struct Padding {
  std::array<int64_t, 4> border; ///< top, bottom, left, right
  int64_t value;                 ///< as the IR has it
  bool isCode = true;            ///< the target's storage moves it as it moves codes
};

/// Attaches KernelOpInterface to the ops of tosa, quant and narrow as external
/// models, when their dialects are loaded.
void registerKernelModels(DialectRegistry &registry);

} // namespace narrow

#include "narrow/Target/CPU/KernelOpInterface.h.inc"

#endif
