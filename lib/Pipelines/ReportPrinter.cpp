//===- ReportPrinter.cpp - Reports as text and as JSON --------------------===//
#include "narrow/Pipelines/Report.h"
#include "narrow/Runtime/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <cmath>

using namespace mlir;
using namespace mlir::narrow;
using llvm::formatv;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

static StringRef getTypeName(int32_t type) {
  static constexpr StringLiteral names[] = {"none", "f32", "f64", "i8", "u8", "i16", "u16", "i32", "i64"};
  return type >= 0 && type < static_cast<int32_t>(std::size(names)) ? StringRef(names[type]) : "unknown";
}

static std::string formatShape(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t dim) { return std::to_string(dim); }), "x");
}

/// Four digits, whatever the magnitude.
static std::string formatShort(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// Strings of files may hold anything; JSON is UTF-8.
static std::string fixText(StringRef text) { return json::isUTF8(text) ? text.str() : json::fixUTF8(text); }

static json::Array toJSON(ArrayRef<ArtifactTensor> tensors) {
  json::Array array;
  for (const ArtifactTensor &tensor : tensors) {
    json::Object object{{"name", fixText(tensor.name)},
                        {"layout", fixText(tensor.layout)},
                        {"shape", json::Array(tensor.shape)},
                        {"type", getTypeName(tensor.type)}};
    if (tensor.codeType != NARROW_NONE) {
      object["code_type"] = getTypeName(tensor.codeType);
      if (tensor.scale > 0) {
        object["scale"] = tensor.scale;
        object["zero_point"] = tensor.zeroPoint;
      }
    }
    array.push_back(std::move(object));
  }
  return array;
}

json::Object mlir::narrow::toJSON(const ArtifactReport &report) {
  json::Object object{{"report", "artifact"},
                      {"file", fixText(report.path)},
                      {"kind", report.isLibrary ? "library" : "object"},
                      {"architecture", report.architecture},
                      {"file_bytes", report.fileSize},
                      {"code_bytes", report.codeSize},
                      {"weights_bytes", report.weightsSize},
                      {"arena_bytes", report.arenaSize},
                      {"arena_alignment", report.arenaAlignment},
                      {"prefix", fixText(report.prefix)},
                      {"name", fixText(report.name)},
                      {"compiler", fixText(report.compiler)},
                      {"triple", fixText(report.triple)},
                      {"cpu", fixText(report.cpu)},
                      {"isa", fixText(report.isa)},
                      {"features", fixText(report.features)},
                      {"inputs", ::toJSON(report.inputs)},
                      {"outputs", ::toJSON(report.outputs)}};
  if (!report.observers.empty())
    object["observers"] = json::Array(report.observers);
  if (report.accumulatorBits)
    object["accumulator_bits"] = *report.accumulatorBits;
  if (report.floatInstructions) {
    json::Object functions;
    for (const auto &[function, count] : report.floatFunctions)
      functions[fixText(function)] = count;
    object["integer_part"] = json::Object{{"functions", report.checkedFunctions},
                                          {"instructions", report.checkedInstructions},
                                          {"float_instructions", *report.floatInstructions},
                                          {"float_functions", std::move(functions)}};
  } else {
    object["integer_part"] = json::Object{{"error", fixText(report.floatError)}};
  }
  if (llvm::Expected<json::Value> manifest = json::parse(report.manifest))
    object["manifest"] = std::move(*manifest);
  else {
    llvm::consumeError(manifest.takeError());
    object["manifest"] = fixText(report.manifest);
  }
  return object;
}

void mlir::narrow::printReport(llvm::raw_ostream &os, const ArtifactReport &report) {
  auto line = [&](StringRef key) -> llvm::raw_ostream & { return os << "  " << llvm::left_justify(key, 13); };
  os << report.path << ": " << (report.isLibrary ? "shared library" : "object") << " for "
     << report.architecture << ", " << report.fileSize << " bytes\n";
  line("model") << report.name << ", compiled by " << report.compiler << '\n';
  line("functions") << report.prefix << "_info, " << report.prefix << "_run, " << report.prefix
                    << "_run_codes\n";
  line("target") << report.triple << ", CPU " << (report.cpu.empty() ? "generic" : report.cpu) << ", ISA "
                 << report.isa << '\n';
  line("features") << (report.features.empty() ? "none" : report.features) << '\n';
  auto tensors = [&](StringRef key, ArrayRef<ArtifactTensor> list) {
    for (const ArtifactTensor &tensor : list) {
      line(key) << '\'' << tensor.name << "' " << getTypeName(tensor.type) << '[' << formatShape(tensor.shape)
                << ']' << (tensor.layout.empty() ? "" : " ") << tensor.layout;
      if (tensor.codeType != NARROW_NONE && tensor.scale > 0)
        os << formatv("; codes {0}, scale {1}, zero point {2}", getTypeName(tensor.codeType),
                      formatShort(tensor.scale), tensor.zeroPoint);
      os << '\n';
    }
  };
  tensors("input", report.inputs);
  tensors("output", report.outputs);
  if (!report.observers.empty())
    line("observers") << report.observers.size() << " (compiled for calibration)\n";
  line("weights") << report.weightsSize << " bytes\n";
  line("arena") << report.arenaSize << " bytes, aligned to " << report.arenaAlignment;
  if (report.arenaLowerBound)
    os << "; any plan needs " << *report.arenaLowerBound;
  os << '\n';
  line("code") << report.codeSize << " bytes\n";
  if (report.accumulatorBits)
    line("accumulators") << *report.accumulatorBits << " of 31 bits\n";
  if (report.floatInstructions) {
    line("integer part") << *report.floatInstructions << " float arithmetic instructions among "
                         << report.checkedInstructions << " in " << report.checkedFunctions << " functions\n";
    for (const auto &[function, count] : report.floatFunctions)
      line("") << function << ": " << count << '\n';
  } else {
    line("integer part") << "not checked: " << report.floatError << '\n';
  }
  if (!report.manifest.empty())
    line("manifest") << report.manifest << '\n';
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

static json::Value number(std::optional<double> value) {
  return value && std::isfinite(*value) ? json::Value(*value) : json::Value(nullptr);
}

/// Null if the tensor was not measured.
static json::Value toJSON(const Fidelity &fidelity) {
  if (fidelity.count == 0)
    return nullptr;
  return json::Object{{"sqnr_db", number(fidelity.sqnr())},
                      {"exact", fidelity.exact()},
                      {"cosine", number(fidelity.cosine())}};
}

static double percent(int64_t part, int64_t whole) { return whole ? 100.0 * part / whole : 0; }

json::Object mlir::narrow::toJSON(const ComparisonReport &report) {
  json::Array layers, outputs;
  for (const LayerReport &layer : report.layers) {
    json::Object object{{"id", fixText(layer.id)},
                        {"op", layer.op},
                        {"shape", json::Array(layer.shape)},
                        {"float_min", number(layer.sums.min)},
                        {"float_max", number(layer.sums.max)},
                        {"simulation", ::toJSON(layer.sums.simulation)},
                        {"device", ::toJSON(layer.sums.device)}};
    if (layer.isAccumulator)
      object["device_measured_on"] = "accumulator";
    if (layer.range)
      object["range"] = json::Array{layer.range->first, layer.range->second};
    if (layer.scale) {
      object["scale"] = *layer.scale;
      object["zero_point"] = layer.zeroPoint;
    }
    if (layer.bits)
      object["bits"] = *layer.bits;
    if (layer.weightBits)
      object["weight_bits"] = *layer.weightBits;
    if (layer.accumulatorBits)
      object["accumulator_bits"] = *layer.accumulatorBits;
    if (std::optional<double> rate = layer.clipRate()) {
      object["clip_rate"] = *rate;
      object["clipped_below"] = layer.sums.below;
      object["clipped_above"] = layer.sums.above;
    }
    if (!layer.notes.empty())
      object["notes"] = json::Array(layer.notes);
    if (!layer.floatReason.empty())
      object["float_reason"] = fixText(layer.floatReason);
    layers.push_back(std::move(object));
  }
  for (const OutputReport &output : report.outputs)
    outputs.push_back(json::Object{{"name", fixText(output.name)},
                                   {"simulation", ::toJSON(output.simulation)},
                                   {"device", ::toJSON(output.device)}});
  json::Object object{{"report", "comparison"},
                      {"samples", report.samples},
                      {"calibration_samples", report.calibrationSamples},
                      {"stages", json::Object{{"float", "float stage, reference evaluator"},
                                              {"simulation", "quantized stage, reference evaluator"},
                                              {"device", "integer stage, reference evaluator"},
                                              {"clip_rate", "values of the float stage"},
                                              {"range", "annotated stage"},
                                              {"accumulator_bits", "proven on the integer stage"}}},
                      {"layers", std::move(layers)},
                      {"outputs", std::move(outputs)},
                      {"warnings", json::Array(report.warnings)}};
  if (report.hasClasses)
    object["agreement"] = json::Object{{"simulation", percent(report.top1.simulationAgrees, report.samples)},
                                       {"device", percent(report.top1.deviceAgrees, report.samples)}};
  if (report.hasLabels)
    object["top1"] = json::Object{{"float", percent(report.top1.floatRight, report.samples)},
                                  {"simulation", percent(report.top1.simulationRight, report.samples)},
                                  {"device", percent(report.top1.deviceRight, report.samples)}};
  return object;
}

static std::string formatSqnr(const Fidelity &fidelity) {
  if (fidelity.count == 0)
    return "-";
  if (fidelity.exact())
    return "exact";
  std::optional<double> sqnr = fidelity.sqnr();
  return sqnr ? formatv("{0:f1}", *sqnr).str() : "undefined";
}

static std::string formatCosine(const Fidelity &fidelity) {
  std::optional<double> cosine = fidelity.count ? fidelity.cosine() : std::nullopt;
  return cosine ? formatv("{0:f5}", *cosine).str() : "-";
}

static std::string formatOptional(std::optional<unsigned> value) {
  return value ? std::to_string(*value) : "-";
}

namespace {
/// Columns as wide as their widest cell; numbers stand to the right.
class TextTable {
public:
  static constexpr size_t numColumns = 15;
  using Row = std::array<std::string, numColumns>;
  void add(Row row) { rows.push_back(std::move(row)); }
  void print(llvm::raw_ostream &os) const {
    std::array<size_t, numColumns> widths{};
    for (const Row &row : rows)
      for (size_t i = 0; i < numColumns; ++i)
        widths[i] = std::max(widths[i], row[i].size());
    for (const Row &row : rows) {
      std::string line;
      for (size_t i = 0; i < numColumns; ++i) {
        bool left = i < 3 || i + 1 == numColumns;
        line += i ? "  " : "";
        line += left ? llvm::formatv("{0}", llvm::left_justify(row[i], widths[i])).str()
                     : llvm::formatv("{0}", llvm::right_justify(row[i], widths[i])).str();
      }
      os << StringRef(line).rtrim() << '\n';
    }
  }

private:
  std::vector<Row> rows;
};
} // namespace

void mlir::narrow::printReport(llvm::raw_ostream &os, const ComparisonReport &report) {
  os << formatv("Measured on {0} samples in the reference evaluator; ranges from {1} samples.\n",
                report.samples, report.calibrationSamples)
     << "  range, bits  decided in the annotated stage; scale and zero point are those of the quantized "
        "stage\n"
        "  acc          bits of the accumulator, of 31, proven on the integer stage for any data\n"
        "  sim          quantized stage (simulation in floats) against the float stage: SQNR in dB, cosine\n"
        "  dev          integer stage (what the compiled code computes) against the float stage\n"
        "  clip         values of the float stage that have no code\n\n";
  TextTable table;
  table.add({"id", "op", "shape", "range", "scale", "zero", "bits", "w", "acc", "sim dB", "sim cos", "dev dB",
             "dev cos", "clip %", "notes"});
  for (const LayerReport &layer : report.layers) {
    std::vector<std::string> notes = layer.notes;
    if (!layer.floatReason.empty())
      notes.insert(notes.begin(), "float: " + layer.floatReason);
    if (layer.isAccumulator)
      notes.push_back("added as its accumulator");
    std::optional<double> clip = layer.clipRate();
    table.add(
        {layer.id, layer.op, formatShape(layer.shape),
         layer.range ? "[" + formatShort(layer.range->first) + ", " + formatShort(layer.range->second) + "]"
                     : "-",
         layer.scale ? formatShort(*layer.scale) : "-", layer.scale ? std::to_string(layer.zeroPoint) : "-",
         formatOptional(layer.bits), formatOptional(layer.weightBits), formatOptional(layer.accumulatorBits),
         formatSqnr(layer.sums.simulation), formatCosine(layer.sums.simulation),
         formatSqnr(layer.sums.device), formatCosine(layer.sums.device),
         clip ? formatv("{0:f3}", 100 * *clip).str() : "-", llvm::join(notes, "; ")});
  }
  table.print(os);
  os << '\n';
  for (const OutputReport &output : report.outputs)
    os << formatv("output '{0}'  simulation {1} dB, cosine {2}; device {3} dB, cosine {4}\n", output.name,
                  formatSqnr(output.simulation), formatCosine(output.simulation), formatSqnr(output.device),
                  formatCosine(output.device));
  if (report.hasLabels)
    os << formatv("top-1      float {0:f2} %, simulation {1:f2} %, device {2:f2} %\n",
                  percent(report.top1.floatRight, report.samples),
                  percent(report.top1.simulationRight, report.samples),
                  percent(report.top1.deviceRight, report.samples));
  if (report.hasClasses)
    os << formatv("agreement  with float's top-1: simulation {0:f2} %, device {1:f2} %\n",
                  percent(report.top1.simulationAgrees, report.samples),
                  percent(report.top1.deviceAgrees, report.samples));
  for (const std::string &warning : report.warnings)
    os << "warning: " << warning << '\n';
}
