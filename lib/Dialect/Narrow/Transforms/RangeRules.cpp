//===- RangeRules.cpp - Which method chooses a range ----------------------===//
#include "narrow/Dialect/Narrow/Transforms/RangeRules.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"

using namespace mlir;
using namespace narrow;
using numerics::RangeOptions;

llvm::Expected<RangeRules> RangeRules::parse(StringRef method, ArrayRef<std::string> texts,
                                             double percentile) {
  if (!(percentile > 50 && percentile <= 100))
    return llvm::createStringError("percentile must be above 50 and at most 100, got " +
                                   Twine(std::to_string(percentile)));
  RangeOptions defaults;
  defaults.percentile = percentile / 100;
  auto parseMethod = [&](StringRef name) -> llvm::Expected<RangeOptions> {
    std::string error;
    if (std::optional<RangeOptions> options = numerics::parseRangeMethod(name, defaults, error))
      return *options;
    return llvm::createStringError(error);
  };
  RangeRules rules;
  llvm::Expected<RangeOptions> fallback = parseMethod(method);
  if (!fallback)
    return fallback.takeError();
  rules.fallback = *fallback;
  auto parsed = PatternRules<RangeOptions>::parse({"range", "method"}, texts, parseMethod);
  if (!parsed)
    return parsed.takeError();
  rules.rules = std::move(*parsed);
  return rules;
}

RangeRules::Match RangeRules::match(ObserveOp op) {
  SmallVector<std::string> ids{op.getId().str()};
  if (QuantizableOpInterface contraction = getObservedContraction(op)) {
    for (StringRef id : getIds(contraction))
      ids.push_back((id + "/weight").str());
  } else if (!op.getWeight()) {
    for (Operation *producer : getMergedProducers(op.getInput()))
      ids.push_back(getTensorId(producer->getResult(0)).str());
  }
  SmallVector<StringRef> references(ids.begin(), ids.end());
  if (auto match = rules.match(references))
    return {match->value, match->text};
  return {fallback, {}};
}

LogicalResult RangeRules::verifyMatched(Operation *module) {
  SmallVector<StringRef> ids;
  module->walk([&](ObserveOp op) {
    match(op);
    ids.push_back(op.getId());
  });
  SmallVector<StringRef> unmatched = rules.getUnmatched();
  for (StringRef text : unmatched)
    module->emitError() << "range '" << text
                        << "' matches no id of an activation or weight; it has to match the whole id, which "
                           "of a weight ends in '/weight'"
                        << suggestIds(text, ids);
  return success(unmatched.empty());
}

void narrow::setRangeMethod(ObserveOp op, numerics::RangeMethod method) {
  RangeAttr range = op.getRangeAttr();
  op.setRangeAttr(method == numerics::RangeMethod::MinMax
                      ? range.withOrigin(RangeOrigin::Extrema)
                      : range.withOrigin(RangeOrigin::Method, numerics::rangeMethodName(method)));
}
