//===- TableReader.cpp - Tables from JSON ---------------------------------===//
#include "ForeignTable.h"
#include "JSONReader.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Support/JSONText.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

static constexpr StringRef originFields[] = {"from", "ops", "content"};

/// The histogram of an entry; its fields are those of `object`.
static numerics::Histogram readHistogram(ObjectReader &reader, MinMax range, int64_t count) {
  numerics::Histogram histogram;
  reader.allowOnly({"exponent", "first_bin", "counts"});
  histogram.exponent = static_cast<int>(reader.integer("exponent", -149, 127));
  histogram.firstBin = reader.integer("first_bin", INT32_MIN, INT32_MAX);
  histogram.min = range.min;
  histogram.max = range.max;
  ArrayRef<json::Value> counts = reader.array("counts");
  if (counts.size() > numerics::Histogram::maxBins)
    reader.failField("counts", Twine(counts.size()) + " bins, at most " +
                                   Twine(numerics::Histogram::maxBins) + " are possible");
  if (reader.failed())
    return histogram;
  int64_t total = 0;
  for (int64_t value : reader.integers("counts", 0)) {
    if (__builtin_add_overflow(total, value, &total))
      reader.failField("counts", "the sum is too large");
    histogram.counts.push_back(static_cast<uint64_t>(value));
  }
  if (reader.failed())
    return histogram;
  if (total != count)
    reader.failField("counts", "they add up to " + Twine(total) + ", 'count' is " + Twine(count));
  else if (const char *why = histogram.check())
    reader.fail(why);
  return histogram;
}

/// Sums that cannot come from `count` values in `range` are an error. A mean
/// rounded to a double may exceed the range in its last bit.
static bool plausible(const ExactSums &sums, MinMax range, int64_t count) {
  double n = static_cast<double>(count), slack = 1e-12;
  double largest = std::max(std::fabs(double{range.min}), std::fabs(double{range.max}));
  double mean = sums.sum() / n, square = sums.sumOfSquares() / n;
  return mean >= range.min - slack * largest && mean <= range.max + slack * largest &&
         square <= largest * largest * (1 + slack) && square >= mean * mean * (1 - slack);
}

/// A table that names its model has the origins of its tensors; one written by hand may have some of them.
static Origin readOrigin(ObjectReader &reader, const json::Object &object, bool isRequired) {
  Origin origin;
  if (!isRequired && llvm::none_of(originFields, [&](StringRef key) { return object.get(key); }))
    return origin;
  origin.from = reader.strings("from");
  origin.ops = reader.string("ops");
  origin.content = reader.string("content");
  return origin;
}

static void readInputs(ObjectReader &reader, StringRef name, CalibrationTable &table, std::string &error) {
  for (const json::Value &value : reader.array("inputs")) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return reader.failField("inputs", "expected objects");
    ObjectReader input(*object, ("'" + name + "': inputs").str(), error);
    input.allowOnly({"name", "shape"});
    std::string inputName = input.string("name");
    table.inputs.push_back({std::move(inputName), input.integers("shape", 1)});
  }
}

static void readOutputs(ObjectReader &reader, StringRef name, CalibrationTable &table, std::string &error) {
  for (const json::Value &value : reader.array("outputs")) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return reader.failField("outputs", "expected objects");
    ObjectReader output(*object, ("'" + name + "': outputs").str(), error);
    output.allowOnly({"name", "from", "ops", "content"});
    std::string outputName = output.string("name");
    table.outputs.push_back({std::move(outputName), readOrigin(output, *object, /*isRequired=*/true)});
  }
}

static std::optional<TableEntry> readEntry(const json::Value &value, StringRef name, size_t index,
                                           const CalibrationTable &table, std::string &error) {
  std::string where = ("'" + name + "': tensor " + Twine(index)).str();
  const json::Object *object = value.getAsObject();
  if (!object) {
    error = where + ": expected an object";
    return std::nullopt;
  }
  TableEntry entry;
  entry.tensor.id = ObjectReader(*object, where, error).string("id");
  where = ("'" + name + "': tensor '" + entry.tensor.id + "'").str();
  ObjectReader reader(*object, where, error);
  SmallVector<StringRef> fields{"id",          "shape", "count",          "min",      "max", "channel_min",
                                "channel_max", "sum",   "sum_of_squares", "histogram"};
  if (table.averaging)
    fields.append({"average_min", "average_max"});
  if (table.version > 1)
    llvm::append_range(fields, originFields);
  reader.allowOnly(fields);
  if (table.version > 1)
    entry.origin = readOrigin(reader, *object, /*isRequired=*/!table.model.empty());
  entry.tensor.shape = reader.integers("shape", 1);
  int64_t count = reader.integer("count", 1), expected = 0;
  std::optional<int64_t> size = countElements(entry.tensor.shape);
  if (!size || __builtin_mul_overflow(*size, table.samples, &expected))
    reader.failField("shape", "too large");
  else if (count != expected)
    reader.failField("count", Twine(count) + ", expected " + Twine(expected) + ": " + Twine(table.samples) +
                                  " samples of shape " + formatShape(entry.tensor.shape));

  MinMax range{reader.number("min"), reader.number("max")};
  if (range.empty())
    reader.failField("min", "is larger than 'max'");
  if (table.averaging && !reader.failed()) {
    // Averages of numbers in a range are in that range, except for rounding.
    double slack = 1e-12 * std::max(std::fabs(range.min), std::fabs(range.max));
    entry.average.min = reader.real("average_min", range.min - slack, range.max + slack);
    entry.average.max = reader.real("average_max", entry.average.min, range.max + slack);
    entry.average.empty = false;
  }
  std::vector<float> low = reader.floats("channel_min"), high = reader.floats("channel_max");
  for (auto [key, list] :
       {std::pair(StringRef("channel_min"), &low), std::pair(StringRef("channel_max"), &high)})
    if (static_cast<int64_t>(list->size()) != entry.tensor.channels())
      reader.failField(key,
                       Twine(list->size()) + " values for " + Twine(entry.tensor.channels()) + " channels");
  if (reader.failed())
    return std::nullopt;
  std::vector<MinMax> ranges;
  MinMax whole;
  for (auto [min, max] : llvm::zip_equal(low, high)) {
    ranges.push_back({min, max});
    if (ranges.back().empty())
      reader.failField("channel_min",
                       "channel " + Twine(ranges.size() - 1) + " is larger than in 'channel_max'");
    whole.merge(ranges.back());
  }
  if (!(whole == range))
    reader.failField(whole.min == range.min ? "max" : "min", "is not that of the channels");

  std::optional<ExactSums> sums = ExactSums::fromHex(reader.string("sum"), reader.string("sum_of_squares"));
  if (!sums)
    reader.failField("sum", "'sum' and 'sum_of_squares' must be hexadecimal integers like \"-0x1f\"");
  else if (!plausible(*sums, range, count))
    reader.failField("sum", "'sum' and 'sum_of_squares' contradict 'count', 'min' and 'max'");

  const json::Object *histogramObject = reader.nested("histogram");
  if (reader.failed())
    return std::nullopt;
  ObjectReader histogramReader(*histogramObject, where + ": histogram", error);
  numerics::Histogram histogram = readHistogram(histogramReader, range, count);
  if (reader.failed())
    return std::nullopt;
  entry.statistics = TensorStatistics::fromParts(count, std::move(ranges), std::move(histogram), *sums);
  return entry;
}

static void readPreprocessing(ObjectReader &reader, StringRef name, CalibrationTable &table,
                              std::string &error) {
  for (const json::Value &value : reader.array("preprocessing")) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return reader.failField("preprocessing", "expected objects");
    ObjectReader input(*object, ("'" + name + "': preprocessing").str(), error);
    input.allowOnly({"input", "mean", "std"});
    InputPreprocessing entry{input.string("input"), {input.floats("mean"), input.floats("std")}};
    if (entry.values.mean.empty() || entry.values.mean.size() != entry.values.std.size())
      input.fail("'mean' and 'std' need the same number of values, at least one");
    if (llvm::any_of(entry.values.std, [](float value) { return !(value > 0); }))
      input.failField("std", "expected positive numbers");
    if (reader.failed())
      return;
    table.preprocessing.push_back(std::move(entry));
  }
}

static void readAveraging(ObjectReader &reader, StringRef name, CalibrationTable &table, std::string &error) {
  const json::Object *object = reader.nested("moving_average");
  if (!object)
    return;
  ObjectReader nested(*object, ("'" + name + "': moving_average").str(), error);
  nested.allowOnly({"momentum", "batch"});
  Averaging averaging{nested.real("momentum", 0, 1), nested.integer("batch", 1)};
  if (!nested.failed() && (averaging.momentum == 0 || averaging.momentum == 1))
    nested.failField("momentum", "expected a number between 0 and 1");
  table.averaging = averaging;
}

static void readProgress(ObjectReader &reader, StringRef name, CalibrationTable &table, std::string &error) {
  const json::Object *object = reader.nested("progress");
  if (!object)
    return;
  ObjectReader nested(*object, ("'" + name + "': progress").str(), error);
  nested.allowOnly({"data", "total", "done"});
  CalibrationProgress progress;
  progress.data = nested.string("data");
  progress.total = nested.integer("total", 1);
  int64_t processed = 0, last = -1;
  for (const json::Value &value : nested.array("done")) {
    const json::Array *pair = value.getAsArray();
    std::optional<int64_t> begin, end;
    if (pair && pair->size() == 2) {
      begin = toInteger((*pair)[0]);
      end = toInteger((*pair)[1]);
    }
    if (!begin || !end || *begin <= last || *begin < 0 || *end <= *begin || *end > progress.total)
      return nested.failField("done", "expected sorted, separate ranges [begin, end] within the samples");
    progress.done.push_back({*begin, *end});
    processed += *end - *begin;
    last = *end;
  }
  if (processed != table.samples)
    nested.failField("done", "the ranges have " + Twine(processed) + " samples, 'samples' is " +
                                 Twine(table.samples));
  table.progress = std::move(progress);
}

Expected<CalibrationTable> narrow::parseTable(StringRef text, StringRef name) {
  auto fail = [&](const Twine &message) { return createStringError("'" + name + "': " + message); };
  StringRef trimmed = text.trim();
  if (trimmed.empty())
    return fail("is empty, expected a calibration table");
  constexpr StringRef foreign = " of ONNX Runtime, TensorRT, AIMET or tpu-mlir";
  if (!trimmed.starts_with("{")) {
    Expected<std::optional<ForeignRanges>> ranges = parseForeignText(text, name);
    if (!ranges)
      return ranges.takeError();
    if (!*ranges)
      return fail("is not a calibration table: it is no JSON object, and no table" + foreign);
    CalibrationTable table;
    table.foreign = std::move(**ranges);
    return table;
  }
  if (std::string problem = findJSONFault(trimmed); !problem.empty())
    return fail(problem);
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return fail("is not JSON: " + llvm::toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  if (!object)
    return fail("is not a calibration table: it is no JSON object");

  if (!object->get("format")) {
    Expected<std::optional<ForeignRanges>> ranges = parseForeignObject(*object, name);
    if (!ranges)
      return ranges.takeError();
    if (*ranges) {
      CalibrationTable table;
      table.foreign = std::move(**ranges);
      return table;
    }
  }
  std::string error;
  ObjectReader reader(*object, ("'" + name + "'").str(), error);
  if (object->getString("format") != StringRef("narrow-calibration-table"))
    return fail(
        "is not a calibration table: field 'format' is not \"narrow-calibration-table\", and it is no "
        "table" +
        foreign);
  CalibrationTable table;
  table.version = reader.integer("version", 1);
  if (!reader.failed() && table.version > CalibrationTable::newestVersion)
    return fail("has version " + Twine(table.version) + " of the format, this program reads versions 1 to " +
                Twine(CalibrationTable::newestVersion) + "; calibrate anew");
  SmallVector<StringRef> fields{"format",  "version",        "model",    "preprocessing", "rewrites",
                                "samples", "moving_average", "progress", "tensors"};
  if (table.version > 1)
    fields.append({"inputs", "outputs"});
  reader.allowOnly(fields);
  bool namesModel = table.version == 1 || object->get("model");
  if (namesModel)
    table.model = reader.string("model");
  if (table.version > 1 && (namesModel || object->get("inputs")))
    readInputs(reader, name, table, error);
  if (table.version > 1 && (namesModel || object->get("outputs")))
    readOutputs(reader, name, table, error);
  table.samples = reader.integer("samples", 1);
  readPreprocessing(reader, name, table, error);
  if (object->get("rewrites"))
    table.rewrites = reader.string("rewrites");
  if (object->get("moving_average"))
    readAveraging(reader, name, table, error);
  if (object->get("progress"))
    readProgress(reader, name, table, error);
  ArrayRef<json::Value> tensors = reader.array("tensors");
  for (size_t i = 0; i < tensors.size() && !reader.failed(); ++i)
    if (std::optional<TableEntry> entry = readEntry(tensors[i], name, i, table, error))
      table.entries.push_back(std::move(*entry));
  if (reader.failed())
    return createStringError(error);

  llvm::sort(table.entries,
             [](const TableEntry &a, const TableEntry &b) { return a.tensor.id < b.tensor.id; });
  for (size_t i = 1; i < table.entries.size(); ++i)
    if (table.entries[i].tensor.id == table.entries[i - 1].tensor.id)
      return fail("has two tensors '" + table.entries[i].tensor.id + "'");
  return table;
}

Expected<CalibrationTable> narrow::readTable(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path + "': " + buffer.getError().message());
  return parseTable((*buffer)->getBuffer(), path);
}
