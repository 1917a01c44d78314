//===- PatternRules.cpp - Values for ops by pattern -----------------------===//
#include "narrow/Dialect/Narrow/Transforms/PatternRules.h"

using namespace mlir;
using namespace mlir::narrow;

llvm::Expected<RuleText> mlir::narrow::parseRuleText(RuleNames names, StringRef text) {
  // The last '=' separates: a regular expression may have others.
  auto [pattern, value] = text.rsplit('=');
  if (pattern.empty() || value.empty())
    return llvm::createStringError(names.rule + " '" + text + "' is not of the form regex=" + names.value);
  llvm::Regex regex(("^(" + pattern + ")$").str());
  std::string reason;
  if (!regex.isValid(reason))
    return llvm::createStringError(names.rule + " '" + text +
                                   "': the regular expression is not valid: " + reason);
  return RuleText{std::move(regex), value.trim()};
}

llvm::Error mlir::narrow::makeRuleError(RuleNames names, StringRef text, llvm::Error error) {
  return llvm::createStringError(names.rule + " '" + text + "': " + llvm::toString(std::move(error)));
}
