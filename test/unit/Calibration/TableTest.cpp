//===- TableTest.cpp - The calibration table ------------------------------===//
#include "narrow/Calibration/Table.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace narrow;

static const std::vector<ObservedTensor> tensors = {
    {"conv \"1\"/\xc3\xa9", {1, 2, 2, 3}}, {"a", {1, 4}}, {"scalar", {}}};
static const std::vector<InputPreprocessing> preprocessing = {{"x", {{0.485f, 0.1f}, {0.229f, 1.0f}}}};

/// A model that has these tensors, each computed from the one before it.
static const ModelContent model = {"hash12",
                                   {{"x", {2, 1, 4}}},
                                   {{"y", {{"scalar"}, "o4", "c4"}}},
                                   {{tensors[0], {{"x"}, "o1", "c1"}},
                                    {tensors[1], {{tensors[0].id}, "o2", "c2"}},
                                    {tensors[2], {{"a"}, "o3", "c3"}}}};

/// The statistics of samples [begin, end).
static CalibrationTable tableOf(int64_t begin, int64_t end) {
  Collector collector(tensors);
  for (int64_t i = begin; i < end; ++i) {
    std::mt19937 random(static_cast<uint32_t>(i));
    std::normal_distribution<float> normal(0.3f, 2.0f);
    collector.beginRun(i);
    for (size_t t = 0; t < tensors.size(); ++t) {
      std::vector<float> values(static_cast<size_t>(tensors[t].sampleSize()));
      for (float &value : values)
        value = t == 1 ? std::max(0.0f, normal(random)) : normal(random);
      collector.collect(static_cast<int32_t>(t), values.data(), static_cast<int64_t>(values.size()));
    }
    llvm::cantFail(collector.endRun());
  }
  llvm::cantFail(collector.finish());
  return CalibrationTable::create(model, preprocessing, collector);
}

static std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "success";
}
static std::string parseMessage(llvm::StringRef text) {
  auto table = parseTable(text, "t.json");
  return table ? "success" : llvm::toString(table.takeError());
}
static void expectMessage(const std::string &message, llvm::StringRef part) {
  EXPECT_NE(message.find(part), std::string::npos) << "message: " << message << "\nexpected: " << part.str();
}

TEST(Table, RoundTrip) {
  CalibrationTable table = tableOf(0, 20);
  std::string text = formatTable(table);
  auto read = parseTable(text, "t.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == table);
  EXPECT_EQ(formatTable(*read), text);
  EXPECT_EQ(messageOf(checkTable(*read, "t.json", model)), "success");
  ASSERT_NE(read->find("a"), nullptr);
  EXPECT_EQ(read->find("a")->statistics.count(), 80);
  EXPECT_EQ(read->find("b"), nullptr);
}

TEST(Table, ExtremeValues) {
  for (std::vector<float> values : {std::vector<float>{0, -0.0f},
                                    {3.4028235e38f, -3.4028235e38f},
                                    {1e-45f, 0},
                                    {-7, -7},
                                    {1e-45f, 3.4028235e38f},
                                    {0.1f, 16777217.0f},
                                    {1.17549435e-38f, 1e-40f}}) {
    Collector collector(std::vector<ObservedTensor>{{"t", {2}}});
    collector.beginRun(0);
    collector.collect(0, values.data(), 2);
    ASSERT_FALSE(bool(collector.endRun()));
    ASSERT_FALSE(bool(collector.finish()));
    CalibrationTable table = CalibrationTable::create({}, {}, collector);
    auto read = parseTable(formatTable(table), "t.json");
    ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
    EXPECT_TRUE(*read == table);
  }
}

TEST(Table, MergeEqualsOneRun) {
  std::string whole = formatTable(tableOf(0, 20));
  CalibrationTable merged = tableOf(13, 20);
  ASSERT_EQ(messageOf(mergeTable(merged, "a", tableOf(0, 5), "b")), "success");
  ASSERT_EQ(messageOf(mergeTable(merged, "a", tableOf(5, 13), "c")), "success");
  EXPECT_EQ(formatTable(merged), whole);

  CalibrationTable other = tableOf(0, 5);
  other.model = "hash13";
  expectMessage(messageOf(mergeTable(merged, "a", other, "b")), "'a' and 'b' are tables of different models");
  other = tableOf(0, 5);
  other.preprocessing.clear();
  expectMessage(messageOf(mergeTable(merged, "a", other, "b")), "different preprocessing");
  other = tableOf(0, 5);
  other.entries.pop_back();
  EXPECT_EQ(messageOf(mergeTable(merged, "a", other, "b")),
            "'a' and 'b' are tables of different models: only in 'a': 'scalar'");
  other = tableOf(0, 5);
  other.model = "hash13";
  other.entries[0].origin.content = "c9";
  EXPECT_EQ(messageOf(mergeTable(merged, "a", other, "b")),
            "'a' and 'b' are tables of different models: other weights before: 'a'");
  // Of version 1 are both or none.
  other = tableOf(0, 5);
  other.version = 1;
  EXPECT_EQ(
      messageOf(mergeTable(merged, "a", other, "b")),
      "'a' has version 2 of the format, 'b' version 1: they know models by different hashes; calibrate anew "
      "the samples of the one that has version 1");
  other = tableOf(0, 5);
  other.progress.emplace();
  expectMessage(messageOf(mergeTable(merged, "a", other, "b")),
                "'b' is the state of an unfinished calibration");
  other = tableOf(0, 5);
  other.samples = INT64_MAX;
  expectMessage(messageOf(mergeTable(merged, "a", other, "b")), "too many samples");
  EXPECT_EQ(formatTable(merged), whole);
}

TEST(Table, InterruptedAndResumed) {
  CalibrationTable fresh;
  fresh.setContent(model);
  fresh.preprocessing = preprocessing;
  fresh.progress = CalibrationProgress{"xxh3:ab", 20, {}};

  CalibrationTable state = fresh;
  state.addSamples(tableOf(8, 11), SampleRange{8, 11});
  state.addSamples(tableOf(0, 4), SampleRange{0, 4});
  auto read = parseTable(formatTable(state), "s.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == state);
  EXPECT_EQ(messageOf(checkResume(*read, "s.json", fresh, model)), "success");
  expectMessage(messageOf(checkTable(*read, "s.json", model)), "unfinished calibration");
  EXPECT_EQ(read->progress->remaining(), (std::vector<SampleRange>{{4, 8}, {11, 20}}));
  for (SampleRange range : read->progress->remaining())
    read->addSamples(tableOf(range.begin, range.end), range);
  EXPECT_EQ(read->progress->done, (std::vector<SampleRange>{{0, 20}}));
  EXPECT_TRUE(read->progress->remaining().empty());
  read->progress.reset();
  EXPECT_EQ(formatTable(*read), formatTable(tableOf(0, 20)));

  CalibrationTable other = fresh;
  other.progress->data = "xxh3:cd";
  expectMessage(messageOf(checkResume(state, "s.json", other, model)), "made with other data");
  other = fresh;
  other.progress->total = 21;
  expectMessage(messageOf(checkResume(state, "s.json", other, model)),
                "made for 20 samples, this run has 21");
  other = fresh;
  other.preprocessing.clear();
  expectMessage(messageOf(checkResume(state, "s.json", other, model)), "other preprocessing");
  expectMessage(messageOf(checkResume(tableOf(0, 2), "s.json", fresh, model)), "it is a finished table");
}

TEST(Table, MovingAverages) {
  CalibrationTable fresh = tableOf(0, 0);
  fresh.averaging = Averaging{0.75, 4};
  fresh.progress = CalibrationProgress{"xxh3:ab", 10, {}};
  CalibrationTable table = fresh, state = fresh;
  for (SampleRange range : {SampleRange{0, 4}, {4, 8}, {8, 10}})
    table.addSamples(tableOf(range.begin, range.end), range);
  auto extrema = [](int64_t begin, int64_t end) { return tableOf(begin, end).find("a")->statistics.range(); };
  double max = extrema(0, 4).max;
  max = 0.75 * max + 0.25 * extrema(4, 8).max;
  max = 0.75 * max + 0.25 * extrema(8, 10).max;
  EXPECT_NEAR(table.find("a")->average.max, max, 1e-12);
  EXPECT_EQ(table.find("a")->average.min, 0);

  // What it knows besides is that of a table without.
  state.addSamples(tableOf(0, 4), SampleRange{0, 4});
  auto read = parseTable(formatTable(state), "s.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == state);
  EXPECT_EQ(messageOf(checkResume(*read, "s.json", fresh, model)), "success");
  for (SampleRange range : {SampleRange{4, 8}, {8, 10}})
    read->addSamples(tableOf(range.begin, range.end), range);
  EXPECT_EQ(formatTable(*read), formatTable(table));
  CalibrationTable other = fresh;
  other.averaging = Averaging{0.75, 5};
  expectMessage(messageOf(checkResume(state, "s.json", other, model)), "another --moving-average or");
  other.averaging.reset();
  expectMessage(messageOf(checkResume(state, "s.json", other, model)), "another --moving-average or");

  // The order matters: no merging.
  table.progress.reset();
  CalibrationTable plain = tableOf(0, 3);
  expectMessage(
      messageOf(mergeTable(plain, "a", table, "b")),
      "'b' cannot be merged: it has moving averages (--moving-average, method ema), which depend on "
      "the order of all samples");
  expectMessage(messageOf(mergeTable(table, "a", plain, "b")), "'a' cannot be merged");
  EXPECT_TRUE(plain == tableOf(0, 3));

  std::string text = formatTable(table);
  auto with = [&](std::string from, std::string to) {
    std::string changed = text;
    size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return parseMessage(changed.replace(at, from.size(), to));
  };
  EXPECT_EQ(parseMessage(text), "success");
  expectMessage(with("\"momentum\": 0.75", "\"momentum\": 1"),
                "field 'momentum': expected a number between 0 and 1");
  expectMessage(with("\"momentum\": 0.75", "\"momentum\": \"1\""), "field 'momentum': expected a number");
  expectMessage(with("\"batch\": 4", "\"batch\": 0"), "field 'batch': 0 is out of range");
  expectMessage(with("\"average_min\": 0,", "\"average_min\": 99,"),
                "field 'average_min': expected a number from");
  expectMessage(with("\"average_max\": ", "\"average_max\": -"),
                "field 'average_max': expected a number from");
  expectMessage(with("\"average_min\": 0,", ""), "field 'average_min' is missing");
  size_t begin = text.find("  \"moving_average\""), end = text.find('\n', begin);
  expectMessage(parseMessage(std::string(text).erase(begin, end - begin + 1)), "unknown field 'average_max'");
}

/// How a table of `model` is refused by another.
static std::string checkMessage(const ModelContent &other, CalibrationTable table = tableOf(0, 3)) {
  std::string message = messageOf(checkTable(table, "t.json", other));
  llvm::StringRef text = message;
  if (text.consume_front("'t.json' is the table of another model or of another version of it: ") &&
      text.consume_back("; calibrate this model with narrow-calibrate"))
    return text.str();
  return message;
}

TEST(Table, SaysHowTheModelDiffers) {
  EXPECT_EQ(checkMessage(model), "success");
  auto with = [](llvm::function_ref<void(ModelContent &)> edit) {
    ModelContent other = model;
    other.hash = "hash13";
    edit(other);
    return checkMessage(other);
  };
  EXPECT_EQ(with([](ModelContent &) {}), "only names of tensors that have no statistics differ");
  EXPECT_EQ(with([](ModelContent &m) { m.tensors[1].origin.content = "c9"; }), "other weights before: 'a'");
  EXPECT_EQ(with([](ModelContent &m) { m.tensors[1].origin.ops = "o9"; }), "other ops before: 'a'");
  EXPECT_EQ(with([](ModelContent &m) { m.tensors[1].origin.from = {"x"}; }), "other ops before: 'a'");
  EXPECT_EQ(with([](ModelContent &m) { m.tensors[1].tensor.shape = {1, 5}; }),
            "other shapes: 'a' ([1, 5], not [1, 4])");
  EXPECT_EQ(with([](ModelContent &m) { m.inputs[0].shape = {4, 1, 4}; }),
            "other inputs: 'x' ([4, 1, 4], not [2, 1, 4])");
  EXPECT_EQ(with([](ModelContent &m) { m.inputs.push_back({"z", {1}}); }), "other inputs: 2, not 1");
  EXPECT_EQ(with([](ModelContent &m) {
              m.outputs[0].name = "z";
              m.outputs.push_back(m.outputs[0]);
            }),
            "other outputs: 2, not 1");
  EXPECT_EQ(with([](ModelContent &m) { m.outputs[0].origin.content = "c9"; }), "other outputs: 'y'");
  // Renamed is what the same computes from the same, whatever that is called.
  EXPECT_EQ(with([](ModelContent &m) {
              m.inputs[0].name = "in";
              m.tensors[0].tensor.id = "first";
              m.tensors[0].origin.from = {"in"};
              m.tensors[1].tensor.id = "second";
              m.tensors[1].origin.from = {"first"};
              m.tensors[2].origin.from = {"second"};
            }),
            "renamed: 'x' to 'in', 'conv \"1\"/\xc3\xa9' to 'first', 'a' to 'second'");
  EXPECT_EQ(with([](ModelContent &m) {
              m.tensors[1].tensor.id = "second";
              m.tensors[1].origin.content = "c9";
              m.tensors[2].origin.from = {"second"};
            }),
            "renamed: 'a' to 'second'; other weights before: 'second'");
  EXPECT_EQ(with([](ModelContent &m) {
              m.tensors[1].tensor.id = "second";
              m.tensors[1].origin.ops = "o9";
              m.tensors[2].origin.from = {"second"};
            }),
            "only in the model: 'second'; only in the table: 'a'; other ops before: 'scalar'");
  // All at once, the first few of each.
  EXPECT_EQ(with([](ModelContent &m) {
              m.inputs[0].shape = {4, 1, 4};
              m.tensors[0].origin.content = "c9";
              m.tensors[1].tensor.shape = {2};
              m.tensors[2].tensor.id = "s";
              m.tensors[2].tensor.shape = {7};
              for (int i = 0; i < 4; ++i)
                m.tensors.push_back({{"new" + std::to_string(i), {1}}, {{"s"}, "o", "c"}});
              m.outputs[0].origin.from = {"new3"};
            }),
            "other inputs: 'x' ([4, 1, 4], not [2, 1, 4]); only in the model: 's', 'new0', 'new1' and 2 "
            "more; only in "
            "the table: 'scalar'; other shapes: 'a' ([2], not [1, 4]); other weights before: 'conv "
            "\"1\"/\xc3\xa9'; "
            "other outputs: 'y'");
  // Two tensors that are computed alike are told apart by what they are computed from.
  ModelContent twins = model;
  twins.tensors = {{{"a", {4}}, {{"x"}, "o1", "c1"}},
                   {{"b", {4}}, {{"a"}, "o2", "c2"}},
                   {{"c", {4}}, {{"b"}, "o2", "c2"}}};
  twins.outputs[0].origin.from = {"c"};
  ModelContent renamed = twins;
  renamed.hash = "hash13";
  renamed.tensors[1].tensor.id = "z";
  renamed.tensors[2].tensor.id = "y";
  renamed.tensors[2].origin.from = {"z"};
  renamed.outputs[0].origin.from = {"y"};
  EXPECT_EQ(describeDifferences(twins, renamed, "the table", "the model"), "renamed: 'b' to 'z', 'c' to 'y'");

  ModelContent same = model;
  same.tensors.push_back(same.tensors[0]);
  EXPECT_EQ(checkMessage(same), "two observers of the model have the id 'conv \"1\"/\xc3\xa9'");
  CalibrationTable rewritten = tableOf(0, 3);
  rewritten.rewrites = "--equalize";
  same = model;
  same.hash = "hash13";
  same.tensors[1].origin.content = "c9";
  EXPECT_EQ(checkMessage(same, rewritten), "other weights before: 'a'; it was made with --equalize");
}

// They know ids and shapes.
TEST(Table, Version1) {
  CalibrationTable old = tableOf(0, 3);
  old.version = 1;
  old.inputs.clear();
  old.outputs.clear();
  for (TableEntry &entry : old.entries)
    entry.origin = {};
  std::string text = formatTable(old);
  auto read = parseTable(text, "t.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == old);
  EXPECT_EQ(formatTable(*read), text);
  EXPECT_EQ(checkMessage(model, old), "success");
  ModelContent other = model;
  other.hash = "hash13";
  EXPECT_EQ(checkMessage(other, old),
            "its tensors have the same ids and shapes, so weights or ops differ, which a table of "
            "version 1 does not tell");
  other.tensors[1].tensor.shape = {3};
  other.tensors[2].tensor.id = "s";
  EXPECT_EQ(checkMessage(other, old),
            "only in the model: 's'; only in the table: 'scalar'; other shapes: 'a' ([3], not [1, 4])");
  // Merged they keep their version.
  CalibrationTable more = old;
  EXPECT_EQ(messageOf(mergeTable(more, "a", old, "b")), "success");
  EXPECT_EQ(more.version, 1);
  // A run goes on with a state of version 1.
  CalibrationTable fresh = tableOf(0, 0);
  fresh.progress = CalibrationProgress{"xxh3:ab", 20, {}};
  old.progress = CalibrationProgress{"xxh3:ab", 20, {{0, 3}}};
  EXPECT_EQ(messageOf(checkResume(old, "s.json", fresh, model)), "success");
  old.setContent(model);
  old.progress.reset();
  EXPECT_EQ(formatTable(old), formatTable(tableOf(0, 3)));
}

// Who writes a table by hand names no model: ids and shapes are checked then.
TEST(Table, OfAnyModel) {
  CalibrationTable table = tableOf(0, 3);
  table.setContent({});
  for (TableEntry &entry : table.entries)
    entry.origin = {};
  std::string text = formatTable(table);
  EXPECT_EQ(text.find("model"), std::string::npos);
  auto read = parseTable(text, "t.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == table);
  EXPECT_EQ(checkMessage(model, table), "success");
  ModelContent other = model;
  other.tensors[2].tensor.id = "s";
  EXPECT_EQ(checkMessage(other, table), "only in the model: 's'; only in the table: 'scalar'");
  // A model that it does not name is no other one, whatever else it knows.
  table = tableOf(0, 3);
  table.model.clear();
  table.entries[0].origin.content = "c9";
  read = parseTable(formatTable(table), "t.json");
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(checkMessage(model, *read), "success");
}

/// A table of one tensor with one thing changed.
static std::string changed(llvm::StringRef from, llvm::StringRef to) {
  static const std::string text = [] {
    Collector collector(std::vector<ObservedTensor>{{"t", {1, 2}}});
    float values[] = {-1.5f, 3.0f};
    collector.beginRun(0);
    collector.collect(0, values, 2);
    llvm::cantFail(collector.endRun());
    llvm::cantFail(collector.finish());
    ModelContent model{
        "m", {{"x", {1, 1, 2}}}, {{"y", {{"t"}, "o", "c"}}}, {{{"t", {1, 2}}, {{"x"}, "o", "c"}}}};
    return formatTable(CalibrationTable::create(model, {{"x", {{0.5f}, {0.25f}}}}, collector));
  }();
  std::string result = text;
  size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from.str() << " not in\n" << text;
  return at == std::string::npos ? result : result.replace(at, from.size(), to);
}

TEST(Table, MalformedText) {
  EXPECT_EQ(parseMessage(changed("{", "{")), "success");
  expectMessage(parseMessage(""), "'t.json': is empty");
  expectMessage(parseMessage("[]"), "it is no JSON object");
  expectMessage(parseMessage("{}"), "field 'format'");
  expectMessage(parseMessage("{\"a\":}"), "is not JSON");
  std::string whole = changed("{", "{");
  for (size_t length = 0; length + 1 < whole.size(); ++length)
    EXPECT_NE(parseMessage(llvm::StringRef(whole).take_front(length)), "success") << length;
  expectMessage(parseMessage(llvm::StringRef(whole).take_front(whole.size() / 2)), "is cut short");
  expectMessage(parseMessage(whole + "x"), "'t.json': has text after the closing '}'");
  expectMessage(parseMessage(whole + whole), "has text after the closing '}'");
  expectMessage(parseMessage(changed("\"version\"", "\"v\\u0065rsion\": 1,\n  \"version\"")),
                "has the field \"version\" twice in one object");
  expectMessage(parseMessage("{\"a\":" + std::string(100000, '[') + "}"), "nests too deep");
}

TEST(Table, MalformedFields) {
  struct Case {
    const char *from, *to, *message;
  } cases[] = {
      {"\"version\": 2", "\"version\": 3", "has version 3 of the format, this program reads versions 1 to 2"},
      {"\"version\": 2", "\"version\": 0", "field 'version': 0 is out of range"},
      {"\"version\": 2", "\"version\": 9223372036854775807.5",
       "field 'version': expected an integer below 2^63"},
      {"\"version\": 2", "\"version\": \"1\"", "field 'version': expected an integer"},
      {"\"version\": 2", "\"version\": 1", "unknown field 'inputs'"},
      {"\"inputs\": [{\"name\": \"x\", \"shape\": [1, 1, 2]}],\n  ", "", "field 'inputs' is missing"},
      {"\"inputs\": [", "\"inputs\": [1, ", "field 'inputs': expected objects"},
      {"\"inputs\": [{", "\"inputs\": [{\"z\": 1, ", "inputs: unknown field 'z'"},
      {"\"outputs\": [", "\"outputs\": [1, ", "field 'outputs': expected objects"},
      {"\"outputs\": [{\"name\": \"y\", ", "\"outputs\": [{", "outputs: field 'name' is missing"},
      {"\"from\": [\"t\"]", "\"from\": [\"t\", 1]",
       "outputs: field 'from': expected texts that are not empty"},
      {"\"from\": [\"x\"]", "\"from\": \"x\"", "tensor 't': field 'from': expected a list"},
      {"\"from\": [\"x\"],", "", "tensor 't': field 'from' is missing"},
      {"\"model\": \"m\"", "\"model\": \"\"", "field 'model': expected a text that is not empty"},
      {"\"samples\": 1", "\"samples\": 0", "field 'samples': 0 is out of range"},
      {"\"samples\": 1", "\"samples\": 2",
       "tensor 't': field 'count': 2, expected 4: 2 samples of shape [1, 2]"},
      {"\"samples\": 1", "\"samples\": 1, \"extra\": 0", "unknown field 'extra'"},
      {"\"std\": [0.25]", "\"std\": [0]", "preprocessing: field 'std': expected positive numbers"},
      {"\"std\": [0.25]", "\"std\": []", "need the same number of values"},
      {"\"tensors\": [", "\"tensors\": [1,", "tensor 0: expected an object"},
      {"\"id\": \"t\"", "\"id\": 3", "tensor 0: field 'id': expected a text"},
      {"\"shape\": [1, 2]", "\"shape\": [-1, 2]", "tensor 't': field 'shape': -1 is out of range"},
      {"\"shape\": [1, 2]", "\"shape\": [4294967296, 4294967296]", "tensor 't': field 'shape': too large"},
      {"\"shape\": [1, 2]", "\"shape\": [2, 1]", "field 'channel_min': 2 values for 1 channels"},
      {"\"shape\": [1, 2]", "\"shape\": 2", "field 'shape': expected a list"},
      {"\"count\": 2", "\"count\": -2", "field 'count': -2 is out of range"},
      {"\"count\": 2", "\"count\": 2.5", "field 'count': expected an integer"},
      {"\"min\": -1.5", "\"min\": 4", "field 'min': is larger than 'max'"},
      {"\"min\": -1.5", "\"min\": -1", "field 'min': is not that of the channels"},
      {"\"max\": 3", "\"max\": 1e39", "field 'max': expected a finite number"},
      {"\"max\": 3", "\"max\": null", "field 'max': expected a finite number"},
      {"\"channel_max\": [-1.5, 3]", "\"channel_max\": [-2, 3]", "channel 0 is larger than in 'channel_max'"},
      {"\"sum\": \"0x", "\"sum\": \"0xg", "must be hexadecimal integers"},
      {"\"sum\": \"0x", "\"sum\": \"0xfff", "contradict 'count', 'min' and 'max'"},
      {"\"sum_of_squares\": \"0x", "\"sum_of_squares\": \"-0x", "must be hexadecimal integers"},
      {"\"sum_of_squares\": \"0x", "\"sum_of_squares\": \"0x1", "contradict"},
      {"\"exponent\": -", "\"exponent\": -1", "tensor 't': histogram: the grid is not"},
      {"\"first_bin\": -", "\"first_bin\": -1", "tensor 't': histogram: the grid is not"},
      {"\"counts\": [1", "\"counts\": [2", "field 'counts': they add up to 3, 'count' is 2"},
      {"\"counts\": [1", "\"counts\": [-1", "field 'counts': -1 is out of range"},
      {"\"counts\": [1, 0", "\"counts\": [0, 1", "the bin of min or max is empty"},
      {"\"counts\": [1", "\"counts\": [9000000000000000000, 9000000000000000000", "the sum is too large"},
      {"\"histogram\": {", "\"histogram\": {\"x\": 1, ", "histogram: unknown field 'x'"},
  };
  for (const Case &c : cases) {
    std::string message = parseMessage(changed(c.from, c.to));
    expectMessage(message, c.message);
    EXPECT_EQ(message.rfind("'t.json'", 0), 0u) << message;
  }
  std::string text = changed("{", "{");
  size_t begin = text.find("    {\n"), end = text.rfind("\n  ]");
  std::string twice = text;
  twice.insert(end, ",\n" + text.substr(begin, end - begin));
  expectMessage(parseMessage(twice), "has two tensors 't'");
}

TEST(Table, MalformedProgress) {
  auto with = [](llvm::StringRef progress) {
    return parseMessage(changed("\"samples\": 1", ("\"samples\": 1, \"progress\": " + progress).str()));
  };
  EXPECT_EQ(with("{\"data\": \"d\", \"total\": 4, \"done\": [[2, 3]]}"), "success");
  expectMessage(with("{\"data\": \"d\", \"total\": 4, \"done\": [[2, 4]]}"),
                "the ranges have 2 samples, 'samples' is 1");
  for (const char *done : {"[[3, 2]]", "[[-1, 0]]", "[[4, 5]]", "[[0, 1], [0, 1]]", "[[0, 1], [1, 2]]",
                           "[[0]]", "[0]", "[[0, 1.5]]"})
    expectMessage(with("{\"data\": \"d\", \"total\": 4, \"done\": " + std::string(done) + "}"),
                  "progress: field 'done'");
  expectMessage(with("[]"), "field 'progress': expected an object");
}

TEST(Table, Files) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("table", "json", path));
  CalibrationTable table = tableOf(0, 3);
  EXPECT_EQ(messageOf(writeTable(path, table)), "success");
  auto read = readTable(path);
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(*read == table);
  auto merged = mergeTables({path.str().str(), path.str().str()});
  ASSERT_TRUE(bool(merged)) << llvm::toString(merged.takeError());
  EXPECT_EQ(merged->samples, 6);
  CalibrationTable empty = table;
  empty.samples = 0;
  expectMessage(messageOf(writeTable(path, empty)), "no samples were processed");
  table.entries[0].tensor.id = "\xff";
  expectMessage(messageOf(writeTable(path, table)), "is not UTF-8");
  llvm::sys::fs::remove(path);
  auto missing = readTable(path);
  expectMessage(missing ? "success" : llvm::toString(missing.takeError()), "cannot read '");
}
