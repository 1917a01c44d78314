//===- RangeRules.h - Which method chooses a range --------------*- C++ -*-===//
//
// A method for all tensors and others by pattern, `regex=method`. The names of
// methods are those of narrow/Numerics/Estimators.h.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_RANGERULES_H
#define NARROW_TRANSFORMS_RANGERULES_H

#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/PatternRules.h"
#include "narrow/Numerics/Estimators.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

class RangeRules {
public:
  /// `percentile` in percent serves methods that name none.
  static llvm::Expected<RangeRules> parse(llvm::StringRef method, llvm::ArrayRef<std::string> rules,
                                          double percentile = 99.99);

  struct Match {
    numerics::RangeOptions options;
    /// Text of the rule that decided, empty for the method of all.
    llvm::StringRef rule;
  };
  /// The method for what `op` observes. An activation answers to the id of its
  /// observer and to those of the ops that compute it (a convolution and the
  /// clamp that merges into it); a weight to such ids with "/weight" after them.
  Match match(ObserveOp op);

  /// Fails, with an error for each, if there are rules that match no observer
  /// of `module`.
  LogicalResult verifyMatched(Operation *module);

private:
  numerics::RangeOptions fallback;
  PatternRules<numerics::RangeOptions> rules;
};

/// Notes in the range of the observer that `method` chose it.
void setRangeMethod(ObserveOp op, numerics::RangeMethod method);

} // namespace narrow

#endif
