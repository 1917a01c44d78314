//===- ObservedTypes.h - What types observers are to have -------*- C++ -*-===//
//
// The type of an observer follows from its range and its scheme. A pass that chooses another
// scale (for the bias, by learning) writes the range that this scale covers, and where a format
// decides (narrow-encode-weights) the range is that of the numbers. So IR that was edited by
// hand can be told from IR that passes have written.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TRANSFORMS_OBSERVEDTYPES_H
#define NARROW_LIB_TRANSFORMS_OBSERVEDTYPES_H

#include "Notes.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// The codes of `scheme`. Those of a format are chosen later; 8 bits are the widest that one plane has.
numerics::CodeRange getCodes(SchemeAttr scheme);

/// The type that follows from range and scheme of `op` (rules N6 to N8). Null, after an error, if
/// there is none: they are missing, or do not go together. `notes`: what happened to ranges.
quant::QuantizedType computeType(ObserveOp op, Notes *notes = nullptr);

/// Gives the weight `op`, whose type is symmetric, other scales. Where one differs from what it was, the
/// range becomes what the codes cover at the new one; channels of zeros keep theirs.
void setScales(ObserveOp op, ArrayRef<float> scales);

/// Sets the range of a weight to that of its numbers, channel by channel.
LogicalResult setRangeOfNumbers(ObserveOp op);

/// The observer of the result of the concat that alone reads `op`; null if there is none.
ObserveOp getJoinResult(ObserveOp op);

/// Whether `op`, a tensor that only a concat reads, may have the codes of `other`, the concat's result.
bool admitsType(ObserveOp op, ObserveOp other);

/// Whether narrow-encode-weights has made the weight numbers of its scheme, with scales of their own.
bool isEncoded(ObserveOp op);

/// The weight is to be encoded again, or no more. One that narrow-encode-weights=code-grid has kept comes
/// back; otherwise warns that its numbers are those of the scheme that it was encoded for.
void forgetEncoding(ObserveOp op);

/// What is wrong with the numbers of a weight with a format, and what to run; nullopt if nothing is.
std::optional<std::string> findEncodingFault(ObserveOp op);

/// Whether the type of `op` is what range, scheme and, with a format, its weights ask for; else reports what
/// is wrong and what to run. True of observers that stay float or have no range or no scheme.
LogicalResult verifyType(ObserveOp op);

} // namespace narrow

#endif
