//===- PatternRules.cpp - Values for ops by pattern -----------------------===//
#include "narrow/Dialect/Narrow/Transforms/PatternRules.h"

using namespace mlir;
using namespace narrow;

llvm::Expected<RuleText> narrow::parseRuleText(RuleNames names, StringRef text) {
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

llvm::Error narrow::makeRuleError(RuleNames names, StringRef text, llvm::Error error) {
  return llvm::createStringError(names.rule + " '" + text + "': " + llvm::toString(std::move(error)));
}

std::string narrow::suggestIds(StringRef rule, ArrayRef<StringRef> ids) {
  StringRef pattern = rule.rsplit('=').first;
  std::vector<std::pair<unsigned, StringRef>> near;
  for (StringRef id : ids)
    near.push_back({pattern.edit_distance_insensitive(id), id});
  llvm::sort(near);
  near.erase(llvm::unique(near), near.end());
  std::string text;
  for (auto [distance, id] : ArrayRef(near).take_front(3))
    text += (text.empty() ? " (near: '" : ", '") + id.str() + "'";
  return text.empty() ? text : text + ")";
}
