//===- DataWarnings.cpp - Calibration data that cannot be right -----------===//
#include "narrow/Pipelines/DataWarnings.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

StringRef narrow::describePixels(double min, double max, bool integral) {
  if (!integral || min < 0 || max <= 16 || max > 255)
    return "";
  return ": these look like pixels without the preprocessing of the training (give them as uint8 with --mean "
         "and --std)";
}

static std::string print(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.4g", value);
  return text;
}

/// --mean and --std are for pixels from 0 to 1.
static std::string describePreprocessing(const Preprocessing &values) {
  auto [mean, std] = std::pair(ArrayRef(values.mean), ArrayRef(values.std));
  bool isPlausible = llvm::all_of(mean, [](float value) { return value >= 0 && value <= 1; }) &&
                     llvm::all_of(std, [](float value) { return value <= 1; });
  if (isPlausible)
    return "";
  auto join = [](ArrayRef<float> values, float divisor) {
    // One for all channels was given as one.
    if (llvm::all_equal(values))
      values = values.take_front();
    std::string text;
    for (float value : values)
      text += (text.empty() ? "" : ",") + print(value / divisor);
    return text;
  };
  std::string text = ": --mean " + join(mean, 1) + " and --std " + join(std, 1) +
                     " are not those of pixels from 0 to 1, which they are used for";
  if (llvm::all_of(mean, [](float value) { return value >= 0 && value <= 255; }))
    text += "; those of pixels from 0 to 255 are divided by 255: --mean " + join(mean, 255) + " --std " +
            join(std, 255);
  return text;
}

/// What is wrong with the values of one input, in [range.min, range.max].
static std::string describeValues(MinMax range, const Preprocessing &preprocessing) {
  if (range.min == range.max)
    return " is " + print(range.min) + " in all samples: is this the right array?";
  if (preprocessing.empty()) {
    bool integral = range.min == std::floor(range.min) && range.max == std::floor(range.max);
    StringRef pixels = describePixels(range.min, range.max, integral);
    return pixels.empty() ? ""
                          : llvm::formatv(" was calibrated on values from {0:f0} to {1:f0}{2}", range.min,
                                          range.max, pixels)
                                .str();
  }
  if (std::string wrong = describePreprocessing(preprocessing); !wrong.empty())
    return llvm::formatv(" was calibrated on values from {0:f3} to {1:f3}", range.min, range.max).str() +
           wrong;
  // The largest pixel: (p / 255 - mean) / std of some channel.
  float largest = 0;
  for (auto [mean, std] : llvm::zip(preprocessing.mean, preprocessing.std))
    largest = std::max(largest, (range.max * std + mean) * 255);
  if (largest < 1.5)
    return " has no pixel above 1 of 255: were they divided before they were stored as uint8?";
  return "";
}

/// Whether the first samples, as many as are looked at, are one and the same.
static bool areEqual(const Dataset &data, int64_t count) {
  for (size_t input = 0; input < data.inputCount(); ++input) {
    std::vector<char> first(data.sampleSize(input) * data.elementSize(input)), other(first.size());
    for (int64_t sample = 0; sample < count; ++sample) {
      if (llvm::Error error = data.read(sample, input, sample ? other.data() : first.data())) {
        llvm::consumeError(std::move(error)); // Who calibrated has reported it.
        return false;
      }
      if (sample && first != other)
        return false;
    }
  }
  return true;
}

std::vector<std::string> narrow::findDataFaults(const CalibrationTable &table, ArrayRef<ModelInput> inputs,
                                                const Dataset *data) {
  std::vector<std::string> faults;
  if (table.foreign) // Says nothing of its data.
    return faults;
  if (table.samples < 32)
    faults.push_back("the ranges come from " + std::to_string(table.samples) +
                     (table.samples == 1 ? " sample" : " samples") + " only: calibrate on more");
  bool isConstant = false;
  for (const ModelInput &input : inputs) {
    const TableEntry *entry = table.find(input.name);
    if (!entry)
      continue; // It is not quantized.
    auto known = llvm::find_if(table.preprocessing, [&](auto &other) { return other.input == input.name; });
    MinMax range = entry->statistics.range();
    isConstant |= range.min == range.max;
    std::string fault =
        describeValues(range, known == table.preprocessing.end() ? Preprocessing() : known->values);
    if (!fault.empty())
      faults.push_back("input '" + input.name + "'" + fault);
  }
  int64_t looked = std::min<int64_t>(table.samples, 8);
  if (data && !isConstant && looked > 1 && areEqual(*data, looked))
    faults.push_back("the first " + std::to_string(looked) +
                     " samples are all the same: calibrate on different ones");
  return faults;
}
