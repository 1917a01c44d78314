//===- JSONReader.h - Fields of JSON objects --------------------*- C++ -*-===//
#ifndef NARROW_LIB_CALIBRATION_JSONREADER_H
#define NARROW_LIB_CALIBRATION_JSONREADER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace narrow {
namespace json = llvm::json;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

/// An integer, nullopt for anything else. Value::getAsInteger alone converts the
/// double 2^63, which is undefined; integers that round to it are rejected too.
inline std::optional<int64_t> toInteger(const json::Value &value) {
  std::optional<double> number = value.getAsNumber();
  if (!number || !(std::fabs(*number) < 0x1p63))
    return std::nullopt;
  return value.getAsInteger();
}

/// One object of the table: its fields by name, with errors that say where. The
/// first error is kept; afterwards every getter returns a neutral value.
class ObjectReader {
public:
  ObjectReader(const json::Object &object, std::string where, std::string &error)
      : object(object), where(std::move(where)), error(error) {}

  bool failed() const { return !error.empty(); }
  void fail(const Twine &message) {
    if (error.empty())
      error = (Twine(where) + ": " + message).str();
  }
  void failField(StringRef key, const Twine &message) { fail("field '" + key + "': " + message); }

  /// Fails if the object has a field that is not in `keys`.
  void allowOnly(ArrayRef<StringRef> keys) {
    std::vector<StringRef> unknown;
    for (const auto &field : object)
      if (!llvm::is_contained(keys, StringRef(field.first)))
        unknown.push_back(field.first);
    if (unknown.empty())
      return;
    llvm::sort(unknown);
    fail("unknown field '" + unknown.front() + "'");
  }

  const json::Value *value(StringRef key) {
    const json::Value *found = object.get(key);
    if (!found)
      fail("field '" + key + "' is missing");
    return found;
  }
  std::string string(StringRef key) {
    const json::Value *found = value(key);
    auto text = found ? found->getAsString() : std::nullopt;
    if (found && (!text || text->empty()))
      failField(key, "expected a text that is not empty");
    return text ? text->str() : std::string();
  }
  int64_t integer(StringRef key, int64_t min, int64_t max = INT64_MAX) {
    const json::Value *found = value(key);
    return found ? asInteger(*found, key, min, max) : 0;
  }
  float number(StringRef key) {
    const json::Value *found = value(key);
    return found ? asFloat(*found, key) : 0;
  }
  /// A finite double within [min, max].
  double real(StringRef key, double min, double max) {
    const json::Value *found = value(key);
    std::optional<double> number = found ? found->getAsNumber() : std::nullopt;
    if (found && !number)
      failField(key, "expected a number");
    else if (number && !(*number >= min && *number <= max))
      failField(key,
                "expected a number from " + Twine(std::to_string(min)) + " to " + Twine(std::to_string(max)));
    return number.value_or(0);
  }
  std::vector<float> floats(StringRef key) {
    std::vector<float> result;
    for (const json::Value &element : array(key))
      result.push_back(asFloat(element, key));
    return result;
  }
  std::vector<int64_t> integers(StringRef key, int64_t min) {
    std::vector<int64_t> result;
    for (const json::Value &element : array(key))
      result.push_back(asInteger(element, key, min, INT64_MAX));
    return result;
  }
  std::vector<std::string> strings(StringRef key) {
    std::vector<std::string> result;
    for (const json::Value &element : array(key)) {
      std::optional<StringRef> text = element.getAsString();
      if (!text || text->empty())
        failField(key, "expected texts that are not empty");
      result.push_back(text.value_or("").str());
    }
    return result;
  }
  /// The elements of a list; none after an error.
  ArrayRef<json::Value> array(StringRef key) {
    const json::Value *found = value(key);
    const json::Array *list = found ? found->getAsArray() : nullptr;
    if (found && !list)
      failField(key, "expected a list");
    return list ? ArrayRef<json::Value>(list->data(), list->size()) : ArrayRef<json::Value>();
  }
  /// Null after an error.
  const json::Object *nested(StringRef key) {
    const json::Value *found = value(key);
    const json::Object *result = found ? found->getAsObject() : nullptr;
    if (found && !result)
      failField(key, "expected an object");
    return result;
  }

private:
  int64_t asInteger(const json::Value &value, StringRef key, int64_t min, int64_t max) {
    std::optional<int64_t> number = toInteger(value);
    if (!number)
      failField(key, "expected an integer below 2^63");
    else if (*number < min || *number > max)
      failField(key, Twine(*number) + " is out of range");
    else
      return *number;
    return 0;
  }
  float asFloat(const json::Value &value, StringRef key) {
    std::optional<double> number = value.getAsNumber();
    // Adding +0 turns -0 into the zero that tables have. Below this bound a
    // double rounds to a finite float; the shortest text of the largest float
    // is slightly above that float.
    if (number && std::fabs(*number) < 0x1.ffffffp+127)
      return static_cast<float>(*number) + 0.0f;
    failField(key, "expected a finite number of f32");
    return 0;
  }

  const json::Object &object;
  std::string where;
  std::string &error;
};
} // namespace narrow

#endif
