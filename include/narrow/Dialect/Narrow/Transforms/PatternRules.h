//===- PatternRules.h - Values for ops by pattern ---------------*- C++ -*-===//
//
// Lists of `<regex>=<value>`: overrides of schemes, methods of ranges. The whole
// id has to match, so that 'conv1' does not mean 'conv10' too, and the last rule
// that matches decides. Who applies rules asks for those that matched nothing, so
// that a misspelt name does not go unnoticed.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_PATTERNRULES_H
#define NARROW_TRANSFORMS_PATTERNRULES_H

#include "narrow/Support/LLVM.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Regex.h"
#include <optional>
#include <string>

namespace narrow {

/// What a list of rules is called in errors: {"override", "scheme"} for a list of
/// overrides of the form regex=scheme.
struct RuleNames {
  llvm::StringRef rule, value;
};

/// `<regex>=<value>` taken apart.
struct RuleText {
  llvm::Regex pattern; ///< of whole ids
  llvm::StringRef value;
};
llvm::Expected<RuleText> parseRuleText(RuleNames names, llvm::StringRef text);
/// `error` with the rule that it is about.
llvm::Error makeRuleError(RuleNames names, llvm::StringRef text, llvm::Error error);

/// Of the ids that the pattern of `rule` could have meant up to three: " (near: 'conv1', 'conv2')"; nothing
/// if there are none.
std::string suggestIds(llvm::StringRef rule, llvm::ArrayRef<llvm::StringRef> ids);

template <typename T>
class PatternRules {
public:
  /// Fails if a rule has not the form, its pattern is none, or `parseValue`
  /// does; the error names the rule.
  static llvm::Expected<PatternRules>
  parse(RuleNames names, llvm::ArrayRef<std::string> texts,
        llvm::function_ref<llvm::Expected<T>(llvm::StringRef)> parseValue) {
    PatternRules rules;
    for (const std::string &text : texts) {
      llvm::Expected<RuleText> parts = parseRuleText(names, text);
      if (!parts)
        return parts.takeError();
      llvm::Expected<T> value = parseValue(parts->value);
      if (!value)
        return makeRuleError(names, text, value.takeError());
      rules.rules.push_back({text, std::move(parts->pattern), std::move(*value)});
    }
    return rules;
  }

  struct Match {
    T value;
    llvm::StringRef text; ///< of the rule, valid as long as the rules are
  };
  /// What the rules say of something with any of these ids.
  std::optional<Match> match(llvm::ArrayRef<llvm::StringRef> ids) {
    std::optional<Match> result;
    for (Rule &rule : rules) {
      if (!llvm::any_of(ids, [&](llvm::StringRef id) { return rule.pattern.match(id); }))
        continue;
      rule.matched = true;
      result = Match{rule.value, rule.text};
    }
    return result;
  }

  /// The rules that no id has matched so far.
  llvm::SmallVector<llvm::StringRef> getUnmatched() const {
    llvm::SmallVector<llvm::StringRef> unmatched;
    for (const Rule &rule : rules)
      if (!rule.matched)
        unmatched.push_back(rule.text);
    return unmatched;
  }

private:
  struct Rule {
    std::string text;
    llvm::Regex pattern;
    T value;
    bool matched = false;
  };
  std::vector<Rule> rules;
};

} // namespace narrow

#endif
