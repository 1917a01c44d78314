//===- WeightPacking.h - Several weights in one element ---------*- C++ -*-===//
#ifndef NARROW_LIB_TARGET_CPU_WEIGHTPACKING_H
#define NARROW_LIB_TARGET_CPU_WEIGHTPACKING_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/TargetDescription.h"

namespace narrow {

/// How weights with few different values lie in memory: vectors of `getCount` dot operands
/// in one, each in some bits of every element. In registers they are taken apart by shifts
/// and become numbers by a table (vpshufb, tbl) or, in 16-bit elements, by sign extension.
class WeightPacking {
public:
  /// The form with the fewest bits that holds `weights`, zero, and `vectors` dot operands
  /// (or a part of them) in an element; empty if there is none.
  static std::optional<WeightPacking> choose(const TargetDescription &target, ArrayRef<int64_t> weights,
                                             int64_t vectors);

  /// Dot operands in one vector of memory, a power of two.
  unsigned getCount() const { return elementBits / bits; }
  unsigned getBits() const { return bits; }
  /// What stands for `weight` as operand number `index` of an element, among zeros.
  uint16_t encode(int64_t weight, unsigned index) const;
  /// Operand number `index` of a vector of memory.
  Value unpack(OpBuilder &b, Location loc, const TargetDescription &target, Value packed,
               unsigned index) const;
  /// Instructions for one operand, about.
  static constexpr double instructions = 2.5;

private:
  unsigned bits = 4, elementBits = 8;
  SmallVector<int8_t> values; ///< by code; empty: the code is the number
};

} // namespace narrow

#endif
