//===- ReportPrinter.cpp - Reports as text and as JSON --------------------===//
#include "ReportFormat.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Runtime/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <cmath>

using namespace mlir;
using namespace narrow;
using llvm::formatv;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

static StringRef getTypeName(int32_t type) {
  static constexpr StringLiteral names[] = {"none", "f32", "f64", "i8", "u8", "i16", "u16", "i32", "i64"};
  return type >= 0 && type < static_cast<int32_t>(std::size(names)) ? StringRef(names[type]) : "unknown";
}

static std::string joinShape(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t dim) { return std::to_string(dim); }), "x");
}

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

json::Object narrow::toJSON(const ArtifactReport &report) {
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

void narrow::printReport(llvm::raw_ostream &os, const ArtifactReport &report) {
  auto line = [&](StringRef key) -> llvm::raw_ostream & { return os << "  " << llvm::left_justify(key, 13); };
  os << report.path << ": " << (report.isLibrary ? "shared library" : "object") << " for "
     << report.architecture << ", " << report.fileSize << " bytes\n";
  line("model") << report.name << ", compiled by " << report.compiler << '\n';
  line("functions") << report.prefix << "_info, " << report.prefix << "_run, " << report.prefix
                    << "_run_codes\n";
  line("target") << report.triple << ", CPU " << (report.cpu.empty() ? "generic" : report.cpu) << ", ISA "
                 << report.isa;
  os << (report.emulatedISA.empty() ? "" : ", emulating " + printable(report.emulatedISA)) << '\n';
  line("features") << (report.features.empty() ? "none" : report.features) << '\n';
  auto tensors = [&](StringRef key, ArrayRef<ArtifactTensor> list) {
    for (const ArtifactTensor &tensor : list) {
      line(key) << '\'' << tensor.name << "' " << getTypeName(tensor.type) << '[' << joinShape(tensor.shape)
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

static double percent(int64_t part, int64_t whole) { return whole ? 100.0 * part / whole : 0; }

static json::Value toJSON(const ErrorSplit &split) {
  if (split.count == 0)
    return nullptr;
  json::Object object{{"total", toNumber(split.totalShare())},
                      {"interaction", toNumber(split.interaction())}};
  for (unsigned i = 0; i < kNumErrorSources; ++i)
    object[getName(static_cast<ErrorSource>(i))] = toNumber(split.share(static_cast<ErrorSource>(i)));
  return object;
}

namespace {
/// A histogram as it is shown: bins of equal width over [min, max].
struct Bins {
  double min = 0, max = 0;
  std::vector<uint64_t> counts;
};
} // namespace

static Bins resample(const numerics::Histogram &histogram, size_t count) {
  Bins bins{histogram.min, histogram.max, std::vector<uint64_t>(count)};
  if (bins.max <= bins.min) { // One value: a bin around it.
    double margin = std::max(std::abs(bins.min) * 0.01, 1e-6);
    bins.min -= margin, bins.max += margin;
  }
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    double place = (histogram.center(i) - bins.min) / (bins.max - bins.min) * static_cast<double>(count);
    bins.counts[static_cast<size_t>(std::clamp<double>(place, 0, static_cast<double>(count - 1)))] +=
        histogram.counts[i];
  }
  return bins;
}

static json::Value toJSON(const numerics::Histogram &histogram) {
  Bins bins = resample(histogram, 96);
  return json::Object{{"min", bins.min}, {"max", bins.max}, {"counts", json::Array(bins.counts)}};
}

static json::Array toJSON(std::pair<double, double> range) { return json::Array{range.first, range.second}; }

/// Notes and reasons name ops of the model.
static json::Array toJSON(const std::vector<std::string> &texts) {
  json::Array array;
  for (const std::string &text : texts)
    array.push_back(fixText(text));
  return array;
}

json::Object narrow::toJSON(const ComparisonReport &report) {
  json::Array layers, outputs, latencies;
  for (const LayerReport &layer : report.layers) {
    json::Object object{{"id", fixText(layer.id)},
                        {"op", layer.op},
                        {"shape", json::Array(layer.shape)},
                        {"float_min", toNumber(layer.sums.min)},
                        {"float_max", toNumber(layer.sums.max)},
                        {"simulation", toJSON(layer.sums.simulation)},
                        {"device", toJSON(layer.sums.device)}};
    if (layer.isAccumulator)
      object["device_measured_on"] = "accumulator";
    if (layer.range) {
      object["range"] = ::toJSON(*layer.range);
      object["range_rule"] = fixText(layer.rangeRule);
    }
    if (!layer.schemeRule.empty())
      object["scheme_rule"] = fixText(layer.schemeRule);
    if (!layer.scheme.empty())
      object["activation_scheme"] = layer.scheme;
    if (!layer.weightScheme.empty()) {
      object["weight_scheme"] = layer.weightScheme;
      object["weight_scales"] = layer.weightScales;
    }
    if (layer.weightRange) {
      object["weight_range"] = ::toJSON(*layer.weightRange);
      object["weight_range_rule"] = fixText(layer.weightRangeRule);
    }
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
    object["error"] = ::toJSON(layer.sums.split);
    json::Object histograms;
    for (auto [key, histogram] :
         {std::pair("calibration", &layer.calibrated), std::pair("samples", &layer.sums.histogram),
          std::pair("weights", &layer.weights)})
      if (!histogram->empty())
        histograms[key] = ::toJSON(*histogram);
    if (!histograms.empty())
      object["histograms"] = std::move(histograms);
    if (std::optional<double> rate = layer.clipRate()) {
      object["clip_rate"] = *rate;
      object["clipped_below"] = layer.sums.below;
      object["clipped_above"] = layer.sums.above;
    }
    if (!layer.notes.empty())
      object["notes"] = ::toJSON(layer.notes);
    if (!layer.floatReason.empty())
      object["float_reason"] = fixText(layer.floatReason);
    layers.push_back(std::move(object));
  }
  for (const OutputReport &output : report.outputs)
    outputs.push_back(json::Object{{"name", fixText(output.name)},
                                   {"simulation", toJSON(output.simulation)},
                                   {"device", toJSON(output.device)},
                                   {"rewritten", toJSON(output.rewritten)},
                                   {"error", ::toJSON(output.split)}});
  for (const LatencyReport &latency : report.latencies)
    latencies.push_back(json::Object{{"file", fixText(latency.path)},
                                     {"kind", latency.kind},
                                     {"isa", fixText(latency.isa)},
                                     {"median_ms", latency.medianMs},
                                     {"min_ms", latency.minMs},
                                     {"runs", latency.runs}});
  json::Object object{{"report", "comparison"},
                      {"model", fixText(report.model)},
                      {"recipe", fixText(report.recipe)},
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
                      {"warnings", ::toJSON(report.warnings)}};
  if (!latencies.empty())
    object["latency"] = std::move(latencies);
  if (report.hasClasses)
    object["agreement"] = json::Object{{"simulation", percent(report.top1.simulationAgrees, report.samples)},
                                       {"device", percent(report.top1.deviceAgrees, report.samples)}};
  if (report.hasLabels)
    object["top1"] = json::Object{{"float", percent(report.top1.floatRight, report.samples)},
                                  {"simulation", percent(report.top1.simulationRight, report.samples)},
                                  {"device", percent(report.top1.deviceRight, report.samples)}};
  return object;
}

static std::string formatOptional(std::optional<unsigned> value) {
  return value ? std::to_string(*value) : "-";
}

static std::string formatRange(std::optional<std::pair<double, double>> range) {
  return range ? "[" + formatShort(range->first) + ", " + formatShort(range->second) + "]" : "-";
}

static std::string formatShare(std::optional<double> share) {
  return share ? formatShort(100 * *share) : "-";
}

/// A line of blocks, one for each bin; logarithmic, so that tails show.
static std::string drawHistogram(const numerics::Histogram &histogram) {
  static constexpr StringRef blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  Bins bins = resample(histogram, 40);
  double most = std::log2(1.0 + static_cast<double>(*llvm::max_element(bins.counts)));
  std::string line;
  for (uint64_t count : bins.counts) {
    double height = std::log2(1.0 + static_cast<double>(count)) / most * 8;
    line += count ? blocks[std::clamp<int>(static_cast<int>(std::ceil(height)) - 1, 0, 7)] : StringRef(" ");
  }
  return line;
}

static void printSplit(llvm::raw_ostream &os, const ComparisonReport &report) {
  os << "Sources of the error, each alone, in % of the energy of the float tensor\n"
        "  weights      weights, biases and constants rounded; the rest is float\n"
        "  clipping     activations beyond the outermost codes clipped; the rest is float\n"
        "  rounding     activations between them rounded; the rest is float\n"
        "  requant      what integer arithmetic changes of the simulation\n"
        "  functions    what nonlinear functions in integers change\n"
        "  interaction  total without the sum of the above\n\n";
  TextTable table("lrrrrrrrl", {"id", "weights", "clipping", "rounding", "requant", "functions",
                                "interaction", "total", "largest"});
  auto add = [&](const std::string &id, const ErrorSplit &split) {
    if (split.count == 0)
      return;
    TextTable::Row row{id};
    for (unsigned i = 0; i < kNumErrorSources; ++i)
      row.push_back(formatShare(split.share(static_cast<ErrorSource>(i))));
    row.push_back(formatShare(split.interaction()));
    row.push_back(formatShare(split.totalShare()));
    std::optional<ErrorSource> largest = split.largest();
    row.push_back(largest ? getName(*largest).str() : "none");
    table.add(std::move(row));
  };
  for (const LayerReport &layer : report.layers)
    add(layer.id, layer.sums.split);
  for (const OutputReport &output : report.outputs)
    add("output '" + output.name + "'", output.split);
  table.print(os);
}

static void printDecisions(llvm::raw_ostream &os, const ComparisonReport &report) {
  os << "What was decided, and by which rule\n\n";
  TextTable table("lllllrl",
                  {"id", "scheme from", "range from", "weight range from", "weight", "scales", "activation"});
  for (const LayerReport &layer : report.layers)
    table.add({layer.id, layer.schemeRule.empty() ? "-" : layer.schemeRule,
               layer.rangeRule.empty() ? "-" : layer.rangeRule,
               layer.weightRangeRule.empty() ? "-" : layer.weightRangeRule,
               layer.weightScheme.empty() ? "-" : layer.weightScheme,
               layer.weightScales ? std::to_string(layer.weightScales) : "-",
               !layer.floatReason.empty() ? "float: " + layer.floatReason
               : !layer.scheme.empty()    ? layer.scheme
               : layer.scale              ? "codes of its operand"
                                          : "-"});
  table.print(os);
}

static void printHistograms(llvm::raw_ostream &os, const ComparisonReport &report) {
  os << "Histograms, logarithmic, from the smallest to the largest value\n\n";
  TextTable table("lllll", {"id", "of", "values", "codes cover", "histogram"});
  for (const LayerReport &layer : report.layers)
    for (auto [of, histogram, range] : {std::tuple("calibration", &layer.calibrated, &layer.range),
                                        std::tuple("samples", &layer.sums.histogram, &layer.range),
                                        std::tuple("weight", &layer.weights, &layer.weightRange)})
      if (!histogram->empty())
        table.add({layer.id, of, formatRange(std::pair<double, double>(histogram->min, histogram->max)),
                   formatRange(*range), drawHistogram(*histogram)});
  table.print(os);
}

void narrow::printReport(llvm::raw_ostream &os, const ComparisonReport &report) {
  os << formatv("Measured on {0} samples in the reference evaluator; ranges from {1}.\n", report.samples,
                formatCalibration(report.calibrationSamples))
     << "  range, bits  decided in the annotated stage; scale and zero point are those of the quantized "
        "stage\n"
        "  acc          bits of the accumulator, of 31, proven on the integer stage for any data\n"
        "  sim          quantized stage (simulation in floats) against the float stage: SQNR in dB, cosine\n"
        "  dev          integer stage (what the compiled code computes) against the float stage\n"
        "  clip         values of the float stage that have no code\n\n";
  TextTable table("lllrrrrrrrrrrrl", {"id", "op", "shape", "range", "scale", "zero", "bits", "w", "acc",
                                      "sim dB", "sim cos", "dev dB", "dev cos", "clip %", "notes"});
  for (const LayerReport &layer : report.layers) {
    std::vector<std::string> notes = layer.notes;
    if (!layer.floatReason.empty())
      notes.insert(notes.begin(), "float: " + layer.floatReason);
    if (layer.isAccumulator)
      notes.push_back("read as its accumulator");
    std::optional<double> clip = layer.clipRate();
    table.add({layer.id, layer.op, joinShape(layer.shape), formatRange(layer.range),
               layer.scale ? formatShort(*layer.scale) : "-",
               layer.scale ? std::to_string(layer.zeroPoint) : "-", formatOptional(layer.bits),
               formatOptional(layer.weightBits), formatOptional(layer.accumulatorBits),
               formatSqnr(layer.sums.simulation), formatCosine(layer.sums.simulation),
               formatSqnr(layer.sums.device), formatCosine(layer.sums.device),
               clip ? formatv("{0:f3}", 100 * *clip).str() : "-", llvm::join(notes, "; ")});
  }
  table.print(os);
  printSplit(os, report);
  printDecisions(os, report);
  printHistograms(os, report);
  for (const OutputReport &output : report.outputs)
    os << formatv("output '{0}'  simulation {1} dB, cosine {2}; device {3} dB, cosine {4}\n",
                  printable(output.name), formatSqnr(output.simulation), formatCosine(output.simulation),
                  formatSqnr(output.device), formatCosine(output.device));
  for (const OutputReport &output : report.outputs)
    if (output.rewritten.count)
      os << formatv("output '{0}'  rewritten float network {1} dB, cosine {2}\n", printable(output.name),
                    formatSqnr(output.rewritten), formatCosine(output.rewritten));
  if (report.hasLabels)
    os << formatv("top-1      float {0:f2} %, simulation {1:f2} %, device {2:f2} %\n",
                  percent(report.top1.floatRight, report.samples),
                  percent(report.top1.simulationRight, report.samples),
                  percent(report.top1.deviceRight, report.samples));
  if (report.hasClasses)
    os << formatv("agreement  with float's top-1: simulation {0:f2} %, device {1:f2} %\n",
                  percent(report.top1.simulationAgrees, report.samples),
                  percent(report.top1.deviceAgrees, report.samples));
  for (const LatencyReport &latency : report.latencies)
    os << formatv("latency    {0} ({1}, {2}): median {3} ms, fastest {4} ms of {5} runs\n", latency.path,
                  latency.kind, printable(latency.isa), formatShort(latency.medianMs),
                  formatShort(latency.minMs), latency.runs);
  for (const std::string &warning : report.warnings)
    os << "warning: " << printable(warning) << '\n';
}
