//===- ForeignTable.cpp - Reading the tables of other tools ---------------===//
#include "ForeignTable.h"
#include "JSONReader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <cfloat>

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

static constexpr StringRef kOnnxRuntime = "ONNX Runtime", kTensorRT = "TensorRT", kAimet = "AIMET",
                           kTpuMlir = "tpu-mlir";

/// Whether `text` ends in `_` and the name of an ONNX operator, as in tpu-mlir's tensor names.
static bool isOperatorSuffix(StringRef text) {
  return text.consume_front("_") && !text.empty() && llvm::isUpper(text.front()) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c); });
}

/// For searching lists sorted by name.
static constexpr auto isBelow = [](const auto &entry, StringRef name) {
  return StringRef(entry.name) < name;
};

SmallVector<const NamedRange *, 1> ForeignRanges::find(StringRef id) const {
  SmallVector<const NamedRange *, 1> found;
  auto it = llvm::lower_bound(ranges, id, isBelow);
  for (; it != ranges.end() && StringRef(it->name).starts_with(id); ++it) {
    if (it->name == id)
      return {&*it};
    if (namesEndInOp && isOperatorSuffix(StringRef(it->name).drop_front(id.size())))
      found.push_back(&*it);
  }
  return found;
}

std::optional<NamedWeight> ForeignRanges::findWeight(StringRef name) const {
  auto weight = llvm::lower_bound(weights, name, isBelow);
  if (weight != weights.end() && weight->name == name)
    return *weight;
  // A single scale of a weight looks like that of an activation (AIMET 2.0).
  auto range = llvm::lower_bound(ranges, name, isBelow);
  if (range != ranges.end() && range->name == name)
    return NamedWeight{range->name, {range->min}, {range->max}, range->bits};
  return std::nullopt;
}

/// What is wrong with an interval; empty if nothing is.
static std::string checkInterval(double min, double max) {
  if (!(std::fabs(min) <= FLT_MAX) || !(std::fabs(max) <= FLT_MAX))
    return "its range is not finite in f32";
  if (min > max)
    return "its minimum is above its maximum";
  return "";
}

/// "a value", "3 values"
static std::string count(size_t number, const char *what) {
  return number == 1 ? "1 " + std::string(what) : std::to_string(number) + " " + what + "s";
}

//===----------------------------------------------------------------------===//
// Text formats
//===----------------------------------------------------------------------===//

namespace {
struct Line {
  size_t number = 0; ///< from 1
  StringRef text;    ///< without white space at the ends; not empty
  bool ends = false; ///< whether a line break follows
};

/// Gathers the ranges of a file; errors name the line.
class LineReader {
public:
  LineReader(StringRef text, StringRef file, StringRef tool) : file(file) {
    result.tool = tool.str();
    lines = split(text);
  }
  static std::vector<Line> split(StringRef text) {
    std::vector<Line> lines;
    for (size_t number = 1; !text.empty(); ++number) {
      auto [line, rest] = text.split('\n');
      bool ends = line.size() < text.size();
      if (!line.trim().empty())
        lines.push_back({number, line.trim(), ends});
      text = rest;
    }
    return lines;
  }

  Error fail(const Line &line, const Twine &what) const {
    return createStringError("'" + file + "': " + unit + " " + Twine(line.number) + ": " + what);
  }
  Error add(const Line &line, NamedRange range) {
    if (range.name.empty())
      return fail(line, "the name of the tensor is missing");
    if (std::string problem = checkInterval(range.min, range.max); !problem.empty())
      return fail(line, "'" + Twine(range.name) + "': " + problem);
    auto [it, isNew] = seen.try_emplace(range.name, line.number);
    if (!isNew)
      return fail(line, "'" + Twine(range.name) + "' is in " + unit + " " + Twine(it->second) + " already");
    result.ranges.push_back(std::move(range));
    return Error::success();
  }
  Error addMagnitude(const Line &line, StringRef name, double magnitude) {
    return add(line, {name.str(), -magnitude, magnitude, magnitude, /*bits=*/0});
  }

  std::vector<Line> lines;
  StringRef unit = "line"; ///< what the numbers count
  ForeignRanges result;

private:
  StringRef file;
  llvm::StringMap<size_t> seen;
};
} // namespace

/// Removes the last `n` fields, which must be numbers, from `text`. Empty if they are not
/// numbers; otherwise `text` is the rest without trailing white space.
static SmallVector<double, 3> takeNumbers(StringRef &text, size_t n) {
  SmallVector<double, 3> numbers;
  StringRef rest = text;
  while (numbers.size() < n) {
    size_t begin = rest.find_last_of(" \t");
    double number = 0;
    if (begin == StringRef::npos || rest.substr(begin + 1).getAsDouble(number))
      return {};
    numbers.insert(numbers.begin(), number);
    rest = rest.substr(0, begin).rtrim();
  }
  text = rest;
  return numbers;
}

/// "TRT-8401-EntropyCalibration2", then "name: 3c010a14": the bits of the f32 scale of codes
/// from -127 to 127, in hexadecimal.
static Error parseTensorRT(LineReader &reader) {
  std::vector<std::string> &unscaled = reader.result.unscaled;
  for (const Line &line : ArrayRef(reader.lines).drop_front()) {
    auto [name, digits] = line.text.rsplit(':');
    name = name.trim(), digits = digits.trim();
    uint32_t bits = 0;
    bool isHex = digits.size() <= 8 && !digits.getAsInteger(16, bits);
    // Leading zeros may be omitted, so a truncated number can be detected only in the last line.
    if (!isHex || (!line.ends && digits.size() < 8 && bits != 0))
      return reader.fail(line, "expected '<tensor>: <8 hexadecimal digits>', the bits of an f32");
    float scale = llvm::bit_cast<float>(bits);
    if (scale == 0) { // A tensor that TensorRT does not quantize.
      unscaled.push_back(name.str());
      continue;
    }
    if (!(scale >= FLT_MIN && std::isfinite(scale)))
      return reader.fail(line, "'" + name + "': the bits " + digits + " are no positive f32");
    if (Error error = reader.addMagnitude(line, name, 127.0 * scale))
      return error;
  }
  llvm::sort(unscaled);
  if (!unscaled.empty())
    reader.result.notes.push_back("not used: " + count(unscaled.size(), "tensor") + " without a scale");
  return Error::success();
}

/// "name threshold min max". Tables for mixed precision continue with "#int4_th" and the
/// same for 4 bits, then "#weight_scale" and scales of weights.
static Error parseTpuMlir(LineReader &reader) {
  enum { Ranges, Int4, Weights } section = Ranges;
  size_t int4 = 0, weights = 0;
  reader.result.namesEndInOp = true;
  for (const Line &line : reader.lines) {
    StringRef text = line.text;
    if (text.starts_with("#")) {
      if (text.contains("#int4_th"))
        section = Int4;
      else if (text.contains("#weight_scale"))
        section = Weights;
      continue;
    }
    if (section != Ranges) {
      ++(section == Int4 ? int4 : weights);
      continue;
    }
    SmallVector<double, 3> numbers = takeNumbers(text, 3);
    if (numbers.empty())
      return reader.fail(line, "expected '<tensor> <threshold> <min> <max>'");
    if (!(numbers[0] >= 0 && numbers[0] <= FLT_MAX))
      return reader.fail(line, "'" + text + "': its threshold is no positive f32");
    if (Error error = reader.add(line, {text.str(), numbers[1], numbers[2], numbers[0], /*bits=*/0}))
      return error;
  }
  if (int4)
    reader.result.notes.push_back("not used: " + count(int4, "threshold") + " for 4 bits (#int4_th)");
  if (weights)
    reader.result.notes.push_back("not used: scales of " + count(weights, "weight") + " (#weight_scale)");
  return Error::success();
}

/// calibration.cache and .flatbuffers: the largest value, for the range from its negative to it.
static Error addLargest(LineReader &reader, const Line &line, StringRef name, double largest) {
  if (largest < 0)
    return reader.fail(line, "'" + name +
                                 "': its largest value is negative, and the smallest is not in this "
                                 "file; give the calibration.json that ONNX Runtime wrote with it");
  return reader.addMagnitude(line, name, largest);
}

static void noteLargest(ForeignRanges &ranges) {
  ranges.notes.push_back("only the largest value of each tensor is in it, for the range from its "
                         "negative; calibration.json has both ends");
}

/// "name value"
static Error parseCache(LineReader &reader) {
  for (const Line &line : reader.lines) {
    StringRef text = line.text;
    SmallVector<double, 3> numbers = takeNumbers(text, 1);
    if (numbers.empty())
      return reader.fail(line, "expected '<tensor> <largest value>'");
    if (Error error = addLargest(reader, line, text, numbers[0]))
      return error;
  }
  noteLargest(reader.result);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// calibration.flatbuffers
//===----------------------------------------------------------------------===//

namespace {
/// An untrusted flatbuffer: positions outside of it are nullopt.
class FlatBuffer {
public:
  explicit FlatBuffer(StringRef bytes) : bytes(bytes) {}

  std::optional<uint64_t> word(std::optional<uint64_t> at) const {
    if (!at || *at + 4 > bytes.size())
      return std::nullopt;
    return llvm::support::endian::read32le(bytes.data() + *at);
  }
  /// The position that the offset at `at` refers to.
  std::optional<uint64_t> follow(std::optional<uint64_t> at) const {
    std::optional<uint64_t> offset = word(at);
    return offset ? std::optional(*at + *offset) : std::nullopt;
  }
  /// Field `slot` of the table at `table`.
  std::optional<uint64_t> field(std::optional<uint64_t> table, uint64_t slot) const {
    std::optional<uint64_t> back = word(table);
    if (!back)
      return std::nullopt;
    uint64_t vtable = *table - static_cast<int64_t>(static_cast<int32_t>(*back)), entry = 4 + 2 * slot;
    std::optional<uint64_t> size = half(vtable), offset = half(vtable + entry);
    if (!size || entry + 2 > *size || !offset || *offset == 0)
      return std::nullopt;
    return *table + *offset;
  }
  std::optional<StringRef> string(std::optional<uint64_t> at) const {
    std::optional<uint64_t> begin = follow(at), size = word(begin);
    if (!size || *begin + 4 + *size > bytes.size())
      return std::nullopt;
    return bytes.substr(*begin + 4, *size);
  }

private:
  std::optional<uint64_t> half(uint64_t at) const {
    if (at > bytes.size() || at + 2 > bytes.size())
      return std::nullopt;
    return llvm::support::endian::read16le(bytes.data() + at);
  }
  StringRef bytes;
};
} // namespace

/// table TrtTable { dict: [KeyValue]; } table KeyValue { key: string; value: string; }
/// False if `bytes` is not such a table.
static Expected<bool> parseFlatBuffer(LineReader &reader, StringRef bytes) {
  reader.unit = "entry";
  FlatBuffer buffer(bytes);
  std::optional<uint64_t> list = buffer.follow(buffer.field(buffer.follow(0), 0)), size = buffer.word(list);
  if (!size || *size > bytes.size() / 4)
    return false;
  for (uint64_t i = 0; i < *size; ++i) {
    std::optional<uint64_t> pair = buffer.follow(*list + 4 + 4 * i);
    std::optional<StringRef> key = buffer.string(buffer.field(pair, 0)),
                             value = buffer.string(buffer.field(pair, 1));
    double largest = 0;
    if (!key || !value)
      return false;
    Line line{i + 1, *key, true};
    if (value->getAsDouble(largest))
      return reader.fail(line, "'" + *key + "': '" + *value + "' is no number");
    if (Error error = addLargest(reader, line, *key, largest))
      return std::move(error);
  }
  noteLargest(reader.result);
  return true;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// The fields of an object, sorted so that errors and results are the same in every run.
static std::vector<std::pair<StringRef, const json::Value *>> sortedFields(const json::Object &object) {
  std::vector<std::pair<StringRef, const json::Value *>> fields;
  for (const auto &[key, value] : object)
    fields.emplace_back(StringRef(key), &value);
  llvm::sort(fields, llvm::less_first());
  return fields;
}

/// All numbers in nested lists; false if there is anything else.
static bool collectNumbers(const json::Value &value, std::vector<double> &numbers) {
  if (std::optional<double> number = value.getAsNumber()) {
    numbers.push_back(*number);
    return true;
  }
  const json::Array *list = value.getAsArray();
  return list &&
         llvm::all_of(*list, [&](const json::Value &element) { return collectNumbers(element, numbers); });
}

/// One end of a range of ONNX Runtime: a number, a list (one number per channel) or a numpy array.
static std::vector<double> readEnd(ObjectReader &reader, StringRef key) {
  std::vector<double> numbers;
  const json::Value *value = reader.value(key);
  if (value && value->getAsObject())
    value = value->getAsObject()->get("data");
  if (!reader.failed() && (!value || !collectNumbers(*value, numbers) || numbers.empty()))
    reader.failField(key, "expected a number or an array of numbers");
  return numbers;
}

/// calibration.json: {tensor: {"lowest": …, "highest": …}}, alone or as "data" of a TensorsData;
/// before 1.16 {tensor: [lowest, highest]}.
static Expected<std::optional<ForeignRanges>> parseOnnxRuntime(const json::Object &object, StringRef file) {
  const json::Object *tensors = &object;
  if (object.getString("CLS") == StringRef("TensorsData"))
    tensors = object.getObject("data");
  if (!tensors)
    return createStringError("'" + file + "': field 'data' is missing or no object");
  // An entry of another kind may be an error in the file; if all entries are, it is not such a file.
  auto isRange = [](const auto &field) {
    const json::Object *range = field.second.getAsObject();
    return (range && range->get("lowest")) ||
           (field.second.getAsArray() && field.second.getAsArray()->size() == 2);
  };
  if (tensors == &object && llvm::none_of(object, isRange))
    return std::nullopt;
  ForeignRanges result;
  result.tool = kOnnxRuntime.str();
  std::string error;
  for (auto [name, value] : sortedFields(*tensors)) {
    std::vector<double> low, high;
    json::Object pair;
    const json::Object *range = value->getAsObject();
    if (const json::Array *ends = value->getAsArray(); ends && ends->size() == 2) {
      pair["lowest"] = (*ends)[0];
      pair["highest"] = (*ends)[1];
      range = &pair;
    }
    if (!range)
      return createStringError("'" + file + "': '" + name +
                               "': expected an object with 'lowest' and 'highest'");
    ObjectReader reader(*range, ("'" + file + "': '" + name + "'").str(), error);
    low = readEnd(reader, "lowest");
    high = readEnd(reader, "highest");
    if (!reader.failed() && low.size() != high.size())
      reader.failField("highest",
                       count(high.size(), "number") + " for " + count(low.size(), "number") + " of 'lowest'");
    if (reader.failed())
      return createStringError(error);
    for (auto [min, max] : llvm::zip_equal(low, high))
      if (std::string problem = checkInterval(min, max); !problem.empty())
        reader.fail(problem);
    if (reader.failed())
      return createStringError(error);
    NamedRange entry{name.str(), *llvm::min_element(low), *llvm::max_element(high), 0, 0};
    entry.magnitude = std::max(std::fabs(entry.min), std::fabs(entry.max));
    result.ranges.push_back(std::move(entry));
  }
  return result;
}

/// The number of bits of "int8", "uint16"; nullopt for floats.
static std::optional<int64_t> getIntegerBits(StringRef type, bool &isSigned) {
  isSigned = !type.consume_front("u");
  int64_t bits = 0;
  if (!type.consume_front("int") || type.getAsInteger(10, bits) || bits < 1 || bits > 32)
    return std::nullopt;
  return bits;
}

/// One number: itself, or the only element of a list.
static double readOne(ObjectReader &reader, const json::Object &object, StringRef key,
                      bool isOptional = false) {
  const json::Value *value = isOptional ? object.get(key) : reader.value(key);
  std::vector<double> numbers;
  if (value && !(collectNumbers(*value, numbers) && numbers.size() == 1))
    reader.failField(key, "expected one number");
  return numbers.size() == 1 ? numbers.front() : 0;
}

/// An AIMET encoding of any version: 0.6 has the range, 1.0 codes from 0 with a negative offset, 2.0
/// the parameters of QuantizeLinear. nullopt for a tensor that stays float.
static std::optional<NamedRange> readEncoding(ObjectReader &reader, const json::Object &object) {
  NamedRange range;
  double scale = 0, lowest = 0; // code of the minimum, relative to that of zero
  std::string type = object.get("y_scale") || object.get("output_dtype") ? reader.string("output_dtype") : "";
  if (!type.empty()) {
    if (StringRef(type).contains("float"))
      return std::nullopt;
    bool isSigned = false;
    std::optional<int64_t> bits = getIntegerBits(type, isSigned);
    if (!bits)
      reader.failField("output_dtype", "expected int<bits> or uint<bits>, got '" + type + "'");
    range.bits = bits.value_or(0);
    scale = readOne(reader, object, "y_scale");
    double least = isSigned ? -std::ldexp(1, static_cast<int>(range.bits) - 1) : 0,
           zeroPoint = readOne(reader, object, "y_zero_point", /*isOptional=*/true);
    if (!reader.failed() &&
        (zeroPoint < least || zeroPoint >= least + std::ldexp(1, static_cast<int>(range.bits))))
      reader.failField("y_zero_point", "no code of " + type);
    lowest = least - zeroPoint;
  } else {
    if (auto kind = object.getString("dtype"); kind && kind->equals_insensitive("float"))
      return std::nullopt;
    bool isList = object.get("bw");
    range.bits = reader.integer(isList ? "bw" : "bitwidth", 1, 32);
    if (!isList) {
      range.min = readOne(reader, object, "min");
      range.max = readOne(reader, object, "max");
    } else {
      scale = readOne(reader, object, "scale");
      lowest = readOne(reader, object, "offset") +
               readOne(reader, object, "zero_point_shift", /*isOptional=*/true);
    }
  }
  if (scale != 0 || object.get("y_scale") || object.get("bw")) {
    if (!reader.failed() && !(scale > 0))
      reader.failField(type.empty() ? "scale" : "y_scale", "expected a positive number");
    range.min = scale * lowest;
    range.max = scale * (lowest + std::ldexp(1, static_cast<int>(range.bits)) - 1);
  }
  if (std::string problem = checkInterval(range.min, range.max); !problem.empty())
    reader.fail(problem);
  range.magnitude = std::max(std::fabs(range.min), std::fabs(range.max));
  return range;
}

/// The per-channel encodings of a weight, which version 0.6 has as a list and the others as
/// lists of numbers in one encoding. Empty: scales of blocks, or no scales.
static std::vector<json::Object> splitChannels(const json::Value &value) {
  std::vector<json::Object> channels;
  if (const json::Array *list = value.getAsArray()) {
    for (const json::Value &channel : *list)
      if (const json::Object *object = channel.getAsObject())
        channels.push_back(*object);
    return channels;
  }
  const json::Object *object = value.getAsObject();
  if (!object || object->get("block_size"))
    return {};
  const json::Array *scales = object->getArray("y_scale");
  if (!scales)
    scales = object->getArray("scale");
  for (size_t i = 0; i < (scales ? scales->size() : 1); ++i) {
    json::Object &channel = channels.emplace_back(*object);
    for (auto &[key, field] : channel)
      if (const json::Array *list = field.getAsArray(); list && list->size() == (scales ? scales->size() : 0))
        field = json::Value((*list)[i]);
  }
  return channels;
}

namespace {
/// Encodings of AIMET: {tensor: [encoding]} (0.6) or [encoding with "name"].
class AimetReader {
public:
  explicit AimetReader(StringRef file) : file(file) { result.tool = kAimet.str(); }

  /// Reads the encodings under `key`. In version 2.0 weights and activations share one list.
  void read(const json::Object &object, StringRef key, bool weights);
  Expected<std::optional<ForeignRanges>> finish();

private:
  void addActivation(StringRef name, const json::Value &value);
  void addWeight(StringRef name, const json::Value &value);
  std::string where(StringRef name) const { return place + ": '" + name.str() + "'"; }
  void fail(const Twine &message) {
    if (error.empty())
      error = message.str();
  }

  StringRef file;
  std::string place, error;
  ForeignRanges result;
  size_t unusedWeights = 0, floats = 0;
};
} // namespace

void AimetReader::addActivation(StringRef name, const json::Value &value) {
  const json::Object *encoding = value.getAsObject();
  if (encoding && (encoding->get("input") || encoding->get("output")))
    return fail(where(name) + " is a module of PyTorch, and tensors of the ONNX model are needed: take the "
                              "encodings that AIMET exports with the ONNX file");
  if (const json::Array *list = value.getAsArray())
    encoding = list->size() == 1 ? list->front().getAsObject() : nullptr;
  if (!encoding)
    return fail(where(name) + ": expected a list with one encoding: an activation has one range");
  ObjectReader reader(*encoding, where(name), error);
  std::optional<NamedRange> range = readEncoding(reader, *encoding);
  if (!range) {
    ++floats;
    return;
  }
  range->name = name.str();
  result.ranges.push_back(std::move(*range));
}

void AimetReader::addWeight(StringRef name, const json::Value &value) {
  std::vector<json::Object> channels = splitChannels(value);
  NamedWeight weight{name.str(), {}, {}, 0};
  for (auto [index, channel] : llvm::enumerate(channels)) {
    std::string at = where(name) + (channels.size() > 1 ? ": channel " + std::to_string(index) : "");
    ObjectReader reader(channel, at, error);
    std::optional<NamedRange> range = readEncoding(reader, channel);
    if (!range)
      break;
    weight.min.push_back(range->min);
    weight.max.push_back(range->max);
    weight.bits = range->bits;
  }
  if (weight.min.empty() || weight.min.size() != channels.size())
    ++unusedWeights;
  else
    result.weights.push_back(std::move(weight));
}

void AimetReader::read(const json::Object &object, StringRef key, bool weights) {
  const json::Value *encodings = object.get(key);
  if (!encodings || !error.empty())
    return;
  place = ("'" + file + "': " + key).str();
  if (const json::Object *byName = encodings->getAsObject()) {
    for (auto [name, value] : sortedFields(*byName))
      weights ? addWeight(name, *value) : addActivation(name, *value);
    return;
  }
  const json::Array *list = encodings->getAsArray();
  if (!list)
    return fail(place + ": expected an object or a list");
  llvm::StringMap<size_t> seen;
  for (auto [index, value] : llvm::enumerate(*list)) {
    const json::Object *encoding = value.getAsObject();
    auto name = encoding ? encoding->getString("name") : std::nullopt;
    if (!name || name->empty())
      return fail(place + ": element " + Twine(index) + ": expected an object with a 'name'");
    if (!seen.try_emplace(*name, index).second)
      return fail(where(*name) + " is in it twice");
    // Scales along an axis are those of a weight.
    weights || encoding->get("axis") ? addWeight(*name, value) : addActivation(*name, value);
  }
}

Expected<std::optional<ForeignRanges>> AimetReader::finish() {
  if (!error.empty())
    return createStringError(error);
  llvm::sort(result.weights, [](const NamedWeight &a, const NamedWeight &b) { return a.name < b.name; });
  if (unusedWeights)
    result.notes.push_back("not used: encodings of " + count(unusedWeights, "weight") +
                           " (floats, or scales of blocks)");
  if (floats)
    result.notes.push_back("not used: " + count(floats, "tensor") + " of floats");
  return std::move(result);
}

static Expected<std::optional<ForeignRanges>> parseAimet(const json::Object &object, StringRef file) {
  AimetReader reader(file);
  reader.read(object, object.get("activation_encodings") ? "activation_encodings" : "encodings",
              /*weights=*/false);
  reader.read(object, "param_encodings", /*weights=*/true);
  return reader.finish();
}

//===----------------------------------------------------------------------===//

/// Sorts the ranges. A file without any is an error: it was truncated.
static Expected<std::optional<ForeignRanges>> finish(ForeignRanges ranges, StringRef file) {
  if (ranges.ranges.empty())
    return createStringError("'" + file + "' is a table of " + ranges.tool + " without a single range");
  llvm::sort(ranges.ranges, [](const NamedRange &a, const NamedRange &b) { return a.name < b.name; });
  return ranges;
}

Expected<std::optional<ForeignRanges>> narrow::parseForeignText(StringRef text, StringRef file) {
  if (text.contains('\0')) {
    LineReader reader("", file, kOnnxRuntime);
    Expected<bool> read = parseFlatBuffer(reader, text);
    if (!read)
      return read.takeError();
    if (!*read)
      return std::nullopt;
    return finish(std::move(reader.result), file);
  }
  std::vector<Line> lines = LineReader::split(text);
  if (lines.empty())
    return std::nullopt;
  StringRef first = lines.front().text, rest = first;
  Error (*parse)(LineReader &) = nullptr;
  StringRef tool = kTpuMlir;
  if (first.starts_with("TRT-"))
    parse = parseTensorRT, tool = kTensorRT;
  else if (first.starts_with("#") || !takeNumbers(rest, 3).empty())
    parse = parseTpuMlir;
  else if (!takeNumbers(rest, 1).empty())
    parse = parseCache, tool = kOnnxRuntime;
  if (!parse)
    return std::nullopt;
  LineReader reader(text, file, tool);
  if (Error error = parse(reader))
    return std::move(error);
  return finish(std::move(reader.result), file);
}

Expected<std::optional<ForeignRanges>> narrow::parseForeignObject(const json::Object &object,
                                                                  StringRef file) {
  bool isAimet = object.get("activation_encodings") || object.get("encodings");
  Expected<std::optional<ForeignRanges>> ranges =
      isAimet ? parseAimet(object, file) : parseOnnxRuntime(object, file);
  if (!ranges || !*ranges)
    return ranges;
  return finish(std::move(**ranges), file);
}
