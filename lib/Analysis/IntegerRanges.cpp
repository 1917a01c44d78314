//===- IntegerRanges.cpp - Intervals of the integer stage -----------------===//
#include "narrow/Analysis/IntegerRanges.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "narrow/Analysis/IntegerRangeOpInterface.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include <algorithm>

using namespace mlir;
using namespace narrow;

#include "narrow/Analysis/IntegerRangeOpInterface.cpp.inc"

IntegerInterval narrow::getFullRange(Type type) {
  Type element = getElementTypeOrSelf(type);
  unsigned bits = element.isIntOrFloat() ? std::min(element.getIntOrFloatBitWidth(), 48u) : 48u;
  return {-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

IntegerInterval narrow::hull(IntegerInterval a, IntegerInterval b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

IntegerInterval narrow::hull(ArrayRef<IntegerInterval> intervals) {
  IntegerInterval whole = intervals.front();
  for (IntegerInterval interval : intervals)
    whole = hull(whole, interval);
  return whole;
}

IntegerInterval narrow::saturateTo(IntegerInterval interval, IntegerInterval to) {
  return {std::clamp(interval.min, to.min, to.max), std::clamp(interval.max, to.min, to.max)};
}

ArrayRef<IntegerInterval> IntegerRanges::get(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  // compute() queries operands, which may move the map's entries.
  IntegerIntervals ranges = compute(value);
  return known.try_emplace(value, std::move(ranges)).first->second;
}

IntegerInterval IntegerRanges::getWhole(Value value) { return hull(get(value)); }

IntegerIntervals narrow::inferAccumulatorRanges(Operation *op, IntegerRanges &ranges) {
  IntegerIntervals intervals;
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable || quantizable.getQuantizationKind() != QuantizationKind::Contraction)
    return intervals;
  if (auto bounds = getAccumulatorBounds(op, ranges.getWhole(getContractionInput(op))))
    for (const AccumulatorBounds &bound : *bounds)
      intervals.push_back({bound.min, bound.max});
  return intervals;
}

bool narrow::hasIntegerElements(Operation *op) {
  return llvm::all_of(llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()), [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isInteger(8) || element.isInteger(16) || element.isInteger(32);
  });
}

IntegerIntervals IntegerRanges::compute(Value value) {
  IntegerInterval full = getFullRange(value.getType());
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || !type || !isa<IntegerType>(type.getElementType()))
    return {full};
  if (getConstant(value)) {
    auto elements = getIntegers(value);
    if (!elements || elements->empty())
      return {full};
    auto [min, max] = std::minmax_element(elements->begin(), elements->end());
    return {{*min, *max}};
  }
  auto inferable = dyn_cast<IntegerRangeOpInterface>(op);
  IntegerIntervals ranges = inferable ? inferable.inferIntegerRanges(*this) : IntegerIntervals();
  return ranges.empty() ? IntegerIntervals{full} : ranges;
}
