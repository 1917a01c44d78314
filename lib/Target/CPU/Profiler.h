//===- Profiler.h - Counts the cycles of kernels ----------------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_PROFILER_H
#define NARROW_LIB_TARGET_CPU_PROFILER_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"

namespace narrow {

/// Adds up the time stamp counter's cycles of every kernel, in counters behind
/// the arena's tensors. The first counter is that of a loop that does nothing
/// but multiply and add: what the CPU can do at most, measured in the same run.
class Profiler {
public:
  /// `module` has all its kernels; the counters begin `offset` bytes into the arena.
  Profiler(ModuleOp module, const TargetDescription &target, int64_t offset);

  /// Bytes of the arena.
  int64_t getSize() const;
  /// Runs and counts the loop of the peak.
  void countPeak(OpBuilder &builder, Value arena);
  /// Emits `call`, which runs `kernel`, and counts it. `kind` says how it was compiled,
  /// `cycles` how long it should take.
  void count(OpBuilder &builder, KernelOp kernel, StringRef kind, int64_t cycles, Value arena,
             function_ref<void()> call);
  /// Says on the module what was counted where.
  void setAttributes();

private:
  /// Adds the cycles of `work` to counter `slot`.
  void addCycles(OpBuilder &builder, Location loc, Value arena, int64_t slot, function_ref<void()> work);
  DictionaryAttr makeEntry(StringRef name, StringRef kind, int64_t macs, int64_t bytes, int64_t cycles);

  ModuleOp module;
  const TargetDescription &target;
  int64_t offset, counters = 1;
  bool isInteger = false;
  SmallVector<Attribute> counted; ///< what each counter counts
};

} // namespace narrow

#endif
