//===- Table.cpp - Making, checking and merging tables --------------------===//
#include "narrow/Calibration/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <algorithm>

using namespace narrow;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

void CalibrationProgress::add(SampleRange range) {
  if (range.begin >= range.end)
    return;
  done.push_back(range);
  llvm::sort(done, [](SampleRange a, SampleRange b) { return a.begin < b.begin; });
  std::vector<SampleRange> joined;
  for (SampleRange next : done) {
    if (!joined.empty() && next.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, next.end);
    else
      joined.push_back(next);
  }
  done = std::move(joined);
}

std::vector<SampleRange> CalibrationProgress::remaining() const {
  std::vector<SampleRange> result;
  int64_t begin = 0;
  for (SampleRange range : done) {
    if (begin < range.begin)
      result.push_back({begin, range.begin});
    begin = range.end;
  }
  if (begin < total)
    result.push_back({begin, total});
  return result;
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

CalibrationTable CalibrationTable::create(const ModelContent &model,
                                          std::vector<InputPreprocessing> preprocessing,
                                          const Collector &collector) {
  CalibrationTable table;
  table.preprocessing = std::move(preprocessing);
  table.samples = collector.sampleCount();
  for (auto [tensor, statistics] : llvm::zip_equal(collector.tensors(), collector.statistics()))
    table.entries.push_back({tensor, {}, statistics});
  llvm::sort(table.entries,
             [](const TableEntry &a, const TableEntry &b) { return a.tensor.id < b.tensor.id; });
  table.setContent(model);
  return table;
}

ModelContent CalibrationTable::getContent() const {
  ModelContent content{model, inputs, outputs, {}};
  for (const TableEntry &entry : entries)
    content.tensors.push_back({entry.tensor, entry.origin});
  return content;
}

void CalibrationTable::setContent(const ModelContent &content) {
  version = newestVersion;
  model = content.hash;
  inputs = content.inputs;
  outputs = content.outputs;
  llvm::StringMap<const Origin *> origins;
  for (const TensorContent &tensor : content.tensors)
    origins[tensor.tensor.id] = &tensor.origin;
  for (TableEntry &entry : entries)
    if (const Origin *origin = origins.lookup(entry.tensor.id))
      entry.origin = *origin;
}

std::string narrow::describeRewrites(StringRef rewrites) {
  return rewrites.empty() ? "no rewrites" : rewrites.str();
}

const TableEntry *CalibrationTable::find(StringRef id) const {
  auto found = llvm::lower_bound(
      entries, id, [](const TableEntry &entry, StringRef id) { return StringRef(entry.tensor.id) < id; });
  return found != entries.end() && found->tensor.id == id ? &*found : nullptr;
}

void CalibrationTable::addSamples(const CalibrationTable &part, ArrayRef<SampleRange> ranges) {
  if (entries.empty())
    entries = part.entries;
  else
    for (auto [entry, other] : llvm::zip(entries, part.entries))
      entry.statistics.merge(other.statistics);
  if (averaging)
    for (auto [entry, other] : llvm::zip(entries, part.entries)) {
      MinMax extrema = other.statistics.range();
      entry.average.add(extrema.min, extrema.max, averaging->momentum);
    }
  samples += part.samples;
  if (progress)
    for (SampleRange range : ranges)
      progress->add(range);
}

/// Fails for a table of another tool.
static Error checkStatistics(const CalibrationTable &table, StringRef name) {
  if (!table.foreign)
    return Error::success();
  return createStringError("'" + name + "' is a table of " + table.foreign->tool +
                           ", which has ranges and no statistics; make one with narrow-calibrate");
}

static Error checkFinished(const CalibrationTable &table, StringRef name) {
  if (Error error = checkStatistics(table, name))
    return error;
  if (!table.progress)
    return Error::success();
  return createStringError("'" + name +
                           "' is the state of an unfinished calibration; finish it with --resume");
}

static Error checkMergeable(const CalibrationTable &table, StringRef name) {
  if (!table.averaging)
    return Error::success();
  return createStringError("'" + name +
                           "' cannot be merged: it has moving averages (--moving-average, method ema), which "
                           "depend on the order of all samples; calibrate without --moving-average, or with "
                           "all samples at once");
}

/// Fails unless model and tensors are those of `model`.
static Error checkModel(const CalibrationTable &table, StringRef name, const ModelContent &model) {
  llvm::StringSet<> ids;
  for (const auto &[tensor, origin] : model.tensors)
    if (!ids.insert(tensor.id).second)
      return createStringError("two observers of the model have the id '" + tensor.id + "'");
  bool isOther = !table.model.empty() && table.model != model.hash;
  ModelContent content = table.getContent();
  if (!isOther) {
    // The table was edited by hand; hashes of tensors only help with tables of another model.
    content.inputs.clear();
    content.outputs.clear();
    for (TensorContent &tensor : content.tensors)
      tensor.origin = {};
  }
  std::string differences = describeDifferences(content, model, "the table", "the model");
  if (!isOther && differences.empty())
    return Error::success();
  if (differences.empty())
    differences =
        table.version == 1
            ? "its tensors have the same ids and shapes, so weights or ops differ, which a table of "
              "version 1 does not tell"
            : "only names of tensors that have no statistics differ";
  std::string made = table.rewrites.empty() ? "" : "; it was made with " + table.rewrites;
  return createStringError("'" + name + "' is the table of another model or of another version of it: " +
                           differences + made + "; calibrate this model with narrow-calibrate");
}

Error narrow::checkTable(const CalibrationTable &table, StringRef name, const ModelContent &model) {
  if (Error error = checkFinished(table, name))
    return error;
  return checkModel(table, name, model);
}

Error narrow::checkResume(const CalibrationTable &state, StringRef name, const CalibrationTable &fresh,
                          const ModelContent &model) {
  auto fail = [&](const Twine &why) {
    return createStringError("'" + name + "' cannot be resumed: " + why + "; remove it to start anew");
  };
  if (state.foreign)
    return fail("it is a table of " + state.foreign->tool);
  if (!state.progress || !fresh.progress)
    return fail("it is a finished table");
  if (state.rewrites != fresh.rewrites)
    return fail("it was made with " + describeRewrites(state.rewrites) + ", this run has " +
                describeRewrites(fresh.rewrites));
  if (Error error = checkModel(state, name, model))
    return error;
  if (state.preprocessing != fresh.preprocessing)
    return fail("it was made with other preprocessing");
  if (state.averaging != fresh.averaging)
    return fail("it was made with another --moving-average or, with that, another --batch");
  if (state.progress->total != fresh.progress->total)
    return fail("it was made for " + Twine(state.progress->total) + " samples, this run has " +
                Twine(fresh.progress->total));
  if (state.progress->data != fresh.progress->data)
    return fail("it was made with other data");
  return Error::success();
}

Error narrow::mergeTable(CalibrationTable &into, StringRef intoName, const CalibrationTable &from,
                         StringRef fromName) {
  if (Error error = checkFinished(into, intoName))
    return error;
  if (Error error = checkFinished(from, fromName))
    return error;
  if (Error error = checkMergeable(into, intoName))
    return error;
  if (Error error = checkMergeable(from, fromName))
    return error;
  auto made = [](const CalibrationTable &table, StringRef name) {
    return "'" + name.str() + "' was made with " + describeRewrites(table.rewrites);
  };
  if (into.rewrites != from.rewrites)
    return createStringError(made(into, intoName) + ", " + made(from, fromName) +
                             ": these options change the network that a table is of");
  if (into.version != from.version)
    return createStringError("'" + intoName + "' has version " + Twine(into.version) + " of the format, '" +
                             fromName + "' version " + Twine(from.version) +
                             ": they know models by different hashes; calibrate anew the samples of the one "
                             "that has version " +
                             Twine(std::min(into.version, from.version)));
  if (into.preprocessing != from.preprocessing)
    return createStringError("'" + intoName + "' and '" + fromName +
                             "' were made with different preprocessing");
  auto haveSameTensors = llvm::equal(into.entries, from.entries,
                                     [](const auto &a, const auto &b) { return a.tensor == b.tensor; });
  if (into.model != from.model || !haveSameTensors) {
    std::string differences = describeDifferences(into.getContent(), from.getContent(),
                                                  ("'" + intoName + "'").str(), ("'" + fromName + "'").str());
    return createStringError("'" + intoName + "' and '" + fromName + "' are tables of different models" +
                             (differences.empty() ? "" : ": " + differences));
  }
  // All counts of a table are at most samples * size, so one check covers all.
  int64_t samples;
  if (__builtin_add_overflow(into.samples, from.samples, &samples))
    return createStringError("'" + intoName + "' and '" + fromName + "': too many samples");
  for (const TableEntry &entry : into.entries) {
    int64_t count;
    if (__builtin_mul_overflow(samples, entry.tensor.sampleSize(), &count))
      return createStringError("'" + intoName + "' and '" + fromName + "': tensor '" + entry.tensor.id +
                               "' has too many values");
  }
  into.samples = samples;
  for (auto [entry, other] : llvm::zip_equal(into.entries, from.entries))
    entry.statistics.merge(other.statistics);
  return Error::success();
}

Expected<CalibrationTable> narrow::mergeTables(ArrayRef<std::string> paths) {
  if (paths.empty())
    return createStringError("no tables to merge");
  Expected<CalibrationTable> result = readTable(paths.front());
  if (!result)
    return result;
  if (Error error = checkFinished(*result, paths.front()))
    return error;
  if (Error error = checkMergeable(*result, paths.front()))
    return error;
  for (const std::string &path : paths.drop_front()) {
    Expected<CalibrationTable> next = readTable(path);
    if (!next)
      return next;
    if (Error error = mergeTable(*result, paths.front(), *next, path))
      return error;
  }
  return result;
}
