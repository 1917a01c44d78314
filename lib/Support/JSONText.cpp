//===- JSONText.cpp - Checks before a JSON text is parsed -----------------===//
#include "narrow/Support/JSONText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <vector>

using llvm::StringRef;

std::string narrow::findJSONFault(StringRef text) {
  constexpr size_t deepest = 32;
  struct Level {
    bool isObject;
    llvm::StringSet<> keys;
    std::string key; ///< the last
  };
  std::vector<Level> levels;
  char previous = 0; // The last character that is neither white space nor in a string.
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (llvm::isSpace(c))
      continue;
    if (c == '"') {
      size_t begin = i++;
      while (i < text.size() && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      if (levels.empty() || !levels.back().isObject || (previous != '{' && previous != ','))
        continue;
      StringRef key = text.slice(begin, i + 1);
      llvm::Expected<llvm::json::Value> unescaped = llvm::json::parse(key);
      if (!unescaped)
        llvm::consumeError(unescaped.takeError()); // The parser reports the position.
      else if (!levels.back().keys.insert(*unescaped->getAsString()).second)
        return ("has the field " + key + " twice in one object").str();
      else
        levels.back().key = unescaped->getAsString()->str();
      continue;
    }
    // Python writes words that are not JSON.
    if (StringRef rest = text.substr(i);
        rest.starts_with("NaN") || rest.starts_with("Infinity") || rest.starts_with("-Infinity")) {
      std::string place;
      for (const Level &level : levels)
        if (level.isObject)
          place += (place.empty() ? "" : "/") + level.key;
      return "has a number that is not finite: '" + place + "'";
    }
    if (c == '{' || c == '[')
      levels.push_back({c == '{', {}, {}});
    else if ((c == '}' || c == ']') && !levels.empty())
      levels.pop_back();
    if (levels.size() > deepest)
      return "nests too deep";
    if (levels.empty() && !text.substr(i + 1).trim().empty())
      return "has text after the closing '}'";
    previous = c;
  }
  return levels.empty() ? "" : "is cut short: the closing '}' is missing";
}
