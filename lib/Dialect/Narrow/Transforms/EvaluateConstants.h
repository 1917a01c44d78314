//===- EvaluateConstants.h - TOSA ops on constants --------------*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_EVALUATECONSTANTS_H
#define NARROW_TRANSFORMS_EVALUATECONSTANTS_H

#include "ConstantData.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// What `op` yields for these tensor operands (shape operands are read from the
/// op, and must be constants). Nothing if the op or its types are not supported.
std::optional<ConstantData> evaluate(Operation *op, ArrayRef<ConstantData> operands);

} // namespace narrow

#endif
