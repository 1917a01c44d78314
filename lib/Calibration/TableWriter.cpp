//===- TableWriter.cpp - Tables to JSON -----------------------------------===//
//
// Written by hand rather than by llvm::json: keys in a fixed order, floats in
// the shortest form that reads back as the same float, lists on one line.
//
//===----------------------------------------------------------------------===//
#include "narrow/Calibration/Table.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <charconv>
#include <cstdlib>

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::raw_ostream;
using llvm::StringRef;

static void writeString(raw_ostream &os, StringRef text) {
  os << llvm::json::Value(llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text));
}

static void writeFloat(raw_ostream &os, float value) {
  char text[64];
  *std::to_chars(text, text + sizeof text - 1, value).ptr = '\0';
  // JSON readers parse a double and round it to float. Where rounding twice
  // gives another float, the digits of the exact double are written.
  if (static_cast<float>(std::strtod(text, nullptr)) != value)
    *std::to_chars(text, text + sizeof text - 1, static_cast<double>(value)).ptr = '\0';
  os << text;
}

/// The fewest digits that read back as the same double.
static void writeDouble(raw_ostream &os, double value) {
  char text[64];
  *std::to_chars(text, text + sizeof text - 1, value + 0.0).ptr = '\0'; // -0 becomes 0.
  os << text;
}

template <typename List, typename Write>
static void writeList(raw_ostream &os, const List &list, Write write) {
  os << '[';
  StringRef separator;
  for (const auto &element : list) {
    os << separator;
    write(element);
    separator = ", ";
  }
  os << ']';
}

/// The fields of an origin, if known, each preceded by `separator`.
static void writeOrigin(raw_ostream &os, const Origin &origin, StringRef separator) {
  if (origin.ops.empty())
    return;
  os << separator << "\"from\": ";
  writeList(os, origin.from, [&](StringRef name) { writeString(os, name); });
  for (auto [key, hash] : {std::pair("ops", &origin.ops), std::pair("content", &origin.content)}) {
    os << separator << '"' << key << "\": ";
    writeString(os, *hash);
  }
}

static void writeEntry(raw_ostream &os, const TableEntry &entry) {
  const TensorStatistics &statistics = entry.statistics;
  auto number = [&](auto value) { os << value; };
  os << "    {\n      \"id\": ";
  writeString(os, entry.tensor.id);
  os << ",\n      \"shape\": ";
  writeList(os, entry.tensor.shape, number);
  writeOrigin(os, entry.origin, ",\n      ");
  os << ",\n      \"count\": " << statistics.count();
  MinMax range = statistics.range();
  os << ",\n      \"min\": ";
  writeFloat(os, range.min);
  os << ",\n      \"max\": ";
  writeFloat(os, range.max);
  if (!entry.average.empty) {
    os << ",\n      \"average_min\": ";
    writeDouble(os, entry.average.min);
    os << ",\n      \"average_max\": ";
    writeDouble(os, entry.average.max);
  }
  os << ",\n      \"channel_min\": ";
  writeList(os, statistics.ranges(), [&](const MinMax &channel) { writeFloat(os, channel.min); });
  os << ",\n      \"channel_max\": ";
  writeList(os, statistics.ranges(), [&](const MinMax &channel) { writeFloat(os, channel.max); });
  os << ",\n      \"sum\": \"" << statistics.sums().sumHex() << "\"";
  os << ",\n      \"sum_of_squares\": \"" << statistics.sums().squaresHex() << "\"";
  const numerics::Histogram &histogram = statistics.histogram();
  os << ",\n      \"histogram\": {\"exponent\": " << histogram.exponent
     << ", \"first_bin\": " << histogram.firstBin << ", \"counts\": ";
  writeList(os, histogram.counts, number);
  os << "}\n    }";
}

std::string narrow::formatTable(const CalibrationTable &table) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{\n  \"format\": \"narrow-calibration-table\",\n  \"version\": " << table.version;
  if (!table.model.empty()) {
    os << ",\n  \"model\": ";
    writeString(os, table.model);
  }
  bool namesModel = table.version > 1 && !table.model.empty();
  if (namesModel || !table.inputs.empty()) {
    os << ",\n  \"inputs\": ";
    writeList(os, table.inputs, [&](const ModelInput &input) {
      os << "{\"name\": ";
      writeString(os, input.name);
      os << ", \"shape\": ";
      writeList(os, input.shape, [&](int64_t dim) { os << dim; });
      os << "}";
    });
  }
  if (namesModel || !table.outputs.empty()) {
    os << ",\n  \"outputs\": ";
    writeList(os, table.outputs, [&](const OutputContent &output) {
      os << "{\"name\": ";
      writeString(os, output.name);
      writeOrigin(os, output.origin, ", ");
      os << "}";
    });
  }
  os << ",\n  \"preprocessing\": ";
  auto writeFloats = [&](const std::vector<float> &values) {
    writeList(os, values, [&](float value) { writeFloat(os, value); });
  };
  writeList(os, table.preprocessing, [&](const InputPreprocessing &input) {
    os << "{\"input\": ";
    writeString(os, input.input);
    os << ", \"mean\": ";
    writeFloats(input.values.mean);
    os << ", \"std\": ";
    writeFloats(input.values.std);
    os << "}";
  });
  if (!table.rewrites.empty()) {
    os << ",\n  \"rewrites\": ";
    writeString(os, table.rewrites);
  }
  os << ",\n  \"samples\": " << table.samples;
  if (table.averaging) {
    os << ",\n  \"moving_average\": {\"momentum\": ";
    writeDouble(os, table.averaging->momentum);
    os << ", \"batch\": " << table.averaging->batch << "}";
  }
  if (table.progress) {
    os << ",\n  \"progress\": {\"data\": ";
    writeString(os, table.progress->data);
    os << ", \"total\": " << table.progress->total << ", \"done\": ";
    writeList(os, table.progress->done,
              [&](SampleRange range) { os << "[" << range.begin << ", " << range.end << "]"; });
    os << "}";
  }
  os << ",\n  \"tensors\": [";
  StringRef separator = "\n";
  for (const TableEntry &entry : table.entries) {
    os << separator;
    writeEntry(os, entry);
    separator = ",\n";
  }
  os << (table.entries.empty() ? "]\n}\n" : "\n  ]\n}\n");
  return text;
}

Error narrow::writeTable(StringRef path, const CalibrationTable &table) {
  if (table.samples <= 0)
    return createStringError("cannot write '" + path + "': no samples were processed");
  for (const TableEntry &entry : table.entries)
    if (!llvm::json::isUTF8(entry.tensor.id))
      return createStringError("cannot write '" + path + "': the id '" +
                               llvm::json::fixUTF8(entry.tensor.id) + "' is not UTF-8");
  return writeOutputFile(path, formatTable(table));
}
