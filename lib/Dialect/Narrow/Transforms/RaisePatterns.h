//===- RaisePatterns.h - Patterns of narrow-raise-composites ----*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_RAISEPATTERNS_H
#define NARROW_TRANSFORMS_RAISEPATTERNS_H

#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Support/LLVM.h"

namespace narrow {

/// A product as its factors and one constant, in whatever order it is computed.
struct Product {
  double constant = 1;
  SmallVector<Value> factors;
};
Product collectFactors(Value value);

/// The number that all elements of an f32 constant have.
std::optional<double> getScalar(Value value);

/// Equal but for the rounding of constants by an exporter.
bool isClose(double value, double expected);

/// Functions of one element.
void populateRaiseActivationPatterns(RewritePatternSet &patterns, Pass::Statistic &raised);
/// Pooling and convolutions.
void populateRaiseWindowPatterns(RewritePatternSet &patterns, Pass::Statistic &raised);

} // namespace narrow

#endif
