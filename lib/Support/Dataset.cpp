//===- Dataset.cpp - Samples of a model's inputs --------------------------===//
#include "narrow/Support/Dataset.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include <algorithm>
#include <charconv>
#include <cmath>

using namespace narrow;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

/// The shape that an array should have: "[N, 3, 224, 224]".
static std::string expectedShape(ArrayRef<int64_t> sampleShape) {
  std::string text = formatShape(sampleShape);
  return "[N" + (sampleShape.empty() ? "]" : ", " + text.substr(1));
}

Expected<Dataset> Dataset::open(StringRef path, ArrayRef<ModelInput> inputs, const DatasetOptions &options) {
  if (path.ends_with_insensitive(".npy"))
    return createStringError("'" + path +
                             "' is a single array; expected an .npz archive with an array for every "
                             "input of the model (numpy.savez)");
  if (inputs.empty())
    return createStringError("the model has no inputs");
  std::string allInputs;
  llvm::raw_string_ostream stream(allInputs);
  llvm::StringSet<> inputNames;
  for (const ModelInput &input : inputs) {
    stream << (inputNames.empty() ? "" : ", ") << input.name << " " << formatShape(input.shape);
    inputNames.insert(input.name);
  }
  llvm::StringMap<std::string> arrayOf;
  for (const auto &[input, array] : options.inputNames) {
    if (!inputNames.contains(input))
      return createStringError("--input-name " + Twine(input) + "=" + array + ": the model has no input '" +
                               input + "'; its inputs are " + allInputs);
    if (!arrayOf.try_emplace(input, array).second)
      return createStringError("--input-name: input '" + Twine(input) + "' is named twice");
  }

  Expected<NpzFile> file = NpzFile::open(path);
  if (!file)
    return file.takeError();
  if (Error error = checkPreprocessing(options.preprocessing))
    return error;
  Dataset dataset(std::move(*file));
  for (const ModelInput &input : inputs) {
    auto found = arrayOf.find(input.name);
    std::string arrayName = found == arrayOf.end() ? input.name : found->second;
    if (found == arrayOf.end() && inputs.size() == 1 && !dataset.file.contains(arrayName)) {
      Expected<std::string> fitting = dataset.findArray(input, options, allInputs);
      if (!fitting)
        return fitting.takeError();
      arrayName = std::move(*fitting);
    }
    if (Error error = dataset.addInput(input, arrayName, options, allInputs))
      return error;
  }
  return dataset;
}

/// The shape of a sample as stored.
static std::vector<int64_t> storedShapeOf(ArrayRef<int64_t> modelShape, DataLayout layout) {
  std::vector<int64_t> shape(modelShape.drop_front().begin(), modelShape.end());
  if (modelShape.size() >= 3 && layout == DataLayout::Nhwc)
    std::rotate(shape.begin(), shape.begin() + 1, shape.end());
  return shape;
}

Expected<std::string> Dataset::findArray(const ModelInput &model, const DatasetOptions &options,
                                         StringRef allInputs) {
  std::vector<std::string> fitting, described;
  for (const std::string &name : file.names()) {
    Expected<NpzArray> array = file.openArray(name);
    if (!array)
      return array.takeError();
    described.push_back(name + " " + nameOf(array->dtype).str() + formatShape(array->shape));
    if (!model.shape.empty() && !array->shape.empty() &&
        (isFloat(array->dtype) || array->dtype == DType::U1) &&
        ArrayRef<int64_t>(array->shape).drop_front() ==
            ArrayRef<int64_t>(storedShapeOf(model.shape, options.layout)))
      fitting.push_back(name);
  }
  if (fitting.size() != 1)
    return createStringError(
        "'" + file.path() + "' has no array '" + model.name + "' for an input of the model" +
        (fitting.empty() ? "" : ", and several that would fit") + "; it has " + llvm::join(described, ", ") +
        "; the model's inputs are " + allInputs + " (--input-name input=array maps names)");
  notesList.push_back("'" + file.path() + "': array '" + fitting.front() + "' is taken for input '" +
                      model.name + "', which no other array fits");
  return fitting.front();
}

Error Dataset::addInput(const ModelInput &model, StringRef arrayName, const DatasetOptions &options,
                        StringRef allInputs) {
  std::string what = ("'" + file.path() + "': array '" + arrayName + "'").str();
  if (!file.contains(arrayName))
    return createStringError("'" + file.path() + "' has no array '" + arrayName +
                             "' for an input of the model; it has " + llvm::join(file.names(), ", ") +
                             "; the model's inputs are " + allInputs +
                             " (--input-name input=array maps names)");
  if (model.shape.empty())
    return createStringError("input '" + model.name +
                             "' of the model has rank 0: no axis to count samples on");
  ArrayRef<int64_t> sampleShape = ArrayRef<int64_t>(model.shape).drop_front();
  std::optional<int64_t> sampleSize = countElements(sampleShape);
  if (!sampleSize || *sampleSize == 0)
    return createStringError("input '" + model.name + "' of the model has the shape " +
                             formatShape(model.shape) +
                             "; all dimensions but the first must be known and positive");

  Expected<NpzArray> array = file.openArray(arrayName);
  if (!array)
    return array.takeError();
  Input input;
  input.arrayName = arrayName.str();
  input.sampleSize = *sampleSize;

  // Channels are axis 1 of images, otherwise the last axis.
  bool pictures = model.shape.size() >= 3;
  if (!sampleShape.empty())
    input.channels = pictures ? sampleShape.front() : sampleShape.back();
  input.inner = pictures ? *sampleSize / input.channels : 1;
  input.transpose = pictures && options.layout == DataLayout::Nhwc;

  std::vector<int64_t> storedShape = storedShapeOf(model.shape, options.layout);
  if (array->shape.empty() ||
      ArrayRef<int64_t>(array->shape).drop_front() != ArrayRef<int64_t>(storedShape)) {
    std::string hint;
    if (!input.transpose && pictures && !array->shape.empty() &&
        ArrayRef<int64_t>(array->shape).drop_front() ==
            ArrayRef<int64_t>(storedShapeOf(model.shape, DataLayout::Nhwc)))
      hint = "; its channels are last: state --layout=nhwc";
    if (array->shape == storedShape)
      hint = "; a single sample needs a leading axis of 1";
    return createStringError(what + " has the shape " + formatShape(array->shape) + ", expected " +
                             expectedShape(storedShape) + " for input '" + model.name + "'" +
                             (input.transpose ? " with --layout=nhwc" : "") + hint);
  }
  if (array->shape[0] == 0)
    return createStringError(what + " has no samples");
  if (samples >= 0 && array->shape[0] != samples)
    return createStringError(what + " has " + Twine(array->shape[0]) + " samples, '" +
                             inputs.front().arrayName + "' has " + Twine(samples));

  const Preprocessing &preprocessing = options.preprocessing;
  input.takesPixels = model.takesPixels;
  if (model.takesPixels) {
    if (array->dtype != DType::U1)
      return createStringError(what + " has the dtype " + nameOf(array->dtype) + ", input '" + model.name +
                               "' needs uint8: the model was compiled with --fold-preprocessing");
    if (!preprocessing.empty())
      return createStringError("--mean and --std: input '" + model.name +
                               "' takes uint8, which the model normalizes itself (--fold-preprocessing)");
  } else if (array->dtype == DType::U1) {
    if (preprocessing.mean.empty() || preprocessing.std.empty())
      return createStringError(
          what + " has the dtype uint8, input '" + model.name +
          "' is float: state --mean and --std ((x / 255 - mean) / std, one value or one a channel; "
          "--mean 0 --std 1 for x / 255)");
    auto expand = [&](ArrayRef<float> values, StringRef option, std::vector<float> &out) -> Error {
      if (values.size() != 1 && static_cast<int64_t>(values.size()) != input.channels)
        return createStringError(option + " has " + Twine(values.size()) + " values, input '" + model.name +
                                 "' " + formatShape(model.shape) + " has " + Twine(input.channels) +
                                 " channels; state one value or one a channel");
      out.assign(values.size() == 1 ? input.channels : 0, values.front());
      if (values.size() != 1)
        out.assign(values.begin(), values.end());
      return Error::success();
    };
    if (Error error = expand(preprocessing.mean, "--mean", input.preprocessing.mean))
      return error;
    if (Error error = expand(preprocessing.std, "--std", input.preprocessing.std))
      return error;
  } else if (!isFloat(array->dtype)) {
    return createStringError(what + " has the dtype " + nameOf(array->dtype) + ", input '" + model.name +
                             "' needs float32 (or float16, float64, or uint8 with --mean and --std)");
  } else if (!preprocessing.empty()) {
    notesList.push_back(what + " is " + nameOf(array->dtype).str() +
                        " and is used as it is: --mean and --std apply to uint8 arrays only");
  }

  samples = array->shape[0];
  input.array = std::move(*array);
  inputs.push_back(std::move(input));
  return Error::success();
}

Error narrow::checkPreprocessing(const Preprocessing &preprocessing) {
  for (float value : preprocessing.mean)
    if (!std::isfinite(value))
      return createStringError("--mean has the value " + llvm::formatv("{0}", value).str() +
                               "; it must be finite");
  for (float value : preprocessing.std)
    if (!std::isfinite(value) || !(value > 0))
      return createStringError("--std has the value " + llvm::formatv("{0}", value).str() +
                               "; it must be positive");
  return Error::success();
}

int64_t narrow::getBatch(ArrayRef<ModelInput> inputs) {
  return inputs.empty() || inputs[0].shape.empty() ? 1 : std::max<int64_t>(1, inputs[0].shape[0]);
}

Error Dataset::readBatch(int64_t first, int64_t batch, std::vector<std::vector<float>> &to) const {
  for (int64_t i = 0; i < batch; ++i)
    for (size_t input = 0; input < to.size(); ++input)
      if (Error error =
              read(first + i, input,
                   reinterpret_cast<char *>(to[input].data()) + i * sampleSize(input) * elementSize(input)))
        return error;
  return Error::success();
}

Error Dataset::read(int64_t sample, size_t index, void *to) const {
  if (index >= inputs.size() || sample < 0 || sample >= samples)
    return createStringError("'" + file.path() + "' has no sample " + Twine(sample) + " (it has " +
                             Twine(samples) + ")");
  const Input &input = inputs[index];
  Array stored{input.array.dtype, {}, std::vector<char>(sampleBytes(input))};
  if (Error error = input.array.read(sample * stored.bytes.size(), stored.bytes))
    return error;
  // Element i of the stored sample goes to out[target(i)].
  auto target = [&](int64_t i) {
    return input.transpose ? i % input.channels * input.inner + i / input.channels : i;
  };

  if (input.takesPixels) {
    for (int64_t i = 0; i < input.sampleSize; ++i)
      static_cast<char *>(to)[target(i)] = stored.bytes[i];
    return Error::success();
  }
  float *out = static_cast<float *>(to);
  if (stored.dtype == DType::U1) {
    // A channel has only 256 possible results: one table per channel.
    const uint8_t *data = reinterpret_cast<const uint8_t *>(stored.bytes.data());
    bool last = input.transpose || input.inner == 1;
    for (int64_t channel = 0; channel < input.channels; ++channel) {
      int64_t start = last ? channel : channel * input.inner, stride = last ? input.channels : 1;
      int64_t count = input.sampleSize / input.channels;
      auto convert = [&](uint8_t value) {
        return normalizePixel(value, input.preprocessing.mean[channel], input.preprocessing.std[channel]);
      };
      float *plane = out + (input.transpose ? channel * input.inner : start);
      int64_t toStride = input.transpose ? 1 : stride;
      if (count < 256) {
        for (int64_t i = 0; i < count; ++i)
          plane[i * toStride] = convert(data[start + i * stride]);
        continue;
      }
      float table[256];
      for (int value = 0; value < 256; ++value)
        table[value] = convert(static_cast<uint8_t>(value));
      for (int64_t i = 0; i < count; ++i)
        plane[i * toStride] = table[data[start + i * stride]];
    }
    return Error::success();
  }

  for (int64_t i = 0; i < input.sampleSize; ++i) {
    float value = stored.toFloat(i);
    if (!std::isfinite(value)) {
      bool tooLarge = stored.dtype == DType::F8 && std::isfinite(stored.as<double>()[i]);
      return createStringError("'" + file.path() + "': array '" + input.arrayName + "' has " +
                               (tooLarge            ? "a value beyond float32"
                                : std::isnan(value) ? "NaN"
                                                    : "Inf") +
                               " in sample " + Twine(sample) + ", element " + Twine(i));
    }
    out[target(i)] = value;
  }
  return Error::success();
}

Expected<std::vector<int64_t>> Dataset::readLabels(StringRef name, int64_t classes) {
  std::string what = ("'" + file.path() + "': labels '" + name + "'").str();
  Expected<Array> array = file.read(name);
  if (!array)
    return array.takeError();
  ArrayRef<int64_t> shape = array->shape;
  if (shape.empty() || shape[0] != samples || array->size() != samples)
    return createStringError(what + " have the shape " + formatShape(shape) + ", expected " +
                             formatShape({samples}) + ": one label a sample");
  if (isFloat(array->dtype))
    return createStringError(what + " have the dtype " + nameOf(array->dtype) + ", expected integers");
  std::vector<int64_t> labels(static_cast<size_t>(samples));
  for (int64_t i = 0; i < samples; ++i) {
    std::optional<int64_t> label = array->toInteger(i);
    if (!label || *label < 0)
      return createStringError(what + ": label " + Twine(i) + " is " +
                               (label ? "negative" : "larger than an int64"));
    if (*label >= classes)
      return createStringError(what + ": label " + Twine(*label) + " of sample " + Twine(i) +
                               " is no class of the model, which has " + Twine(classes) + " (0 to " +
                               Twine(classes - 1) + ")");
    labels[static_cast<size_t>(i)] = *label;
  }
  return labels;
}

static std::string hashOf(ArrayRef<char> bytes) {
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

Expected<std::string> Dataset::fingerprint(int64_t count) const {
  constexpr uint64_t pieceBytes = uint64_t{1} << 20;
  std::string summary;
  for (const Input &input : inputs) {
    summary += nameOf(input.array.dtype).str() + formatShape(input.array.shape);
    std::vector<char> piece(pieceBytes);
    for (uint64_t begin = 0, end = count * sampleBytes(input); begin < end; begin += piece.size()) {
      piece.resize(std::min(pieceBytes, end - begin));
      if (Error error = input.array.read(begin, piece))
        return error;
      // A hash of hashes, because LLVM's xxh3 has no incremental form.
      summary = hashOf(ArrayRef<char>(summary.data(), summary.size())) + hashOf(piece);
    }
    summary += ";";
  }
  return "xxh3:" + hashOf(ArrayRef<char>(summary.data(), summary.size()));
}

Expected<std::vector<float>> narrow::parseFloatList(StringRef text, StringRef optionName) {
  std::vector<float> values;
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    StringRef trimmed = part.trim();
    float value = 0;
    auto [end, ec] = std::from_chars(trimmed.begin(), trimmed.end(), value);
    if (ec != std::errc() || end != trimmed.end() || !std::isfinite(value))
      return createStringError(optionName + ": '" + part +
                               "' is not a number; expected numbers separated by commas");
    values.push_back(value);
  }
  return values;
}
