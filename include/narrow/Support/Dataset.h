//===- Dataset.h - Samples of a model's inputs ------------------*- C++ -*-===//
//
// Maps the arrays of an .npz archive to the inputs of a model and converts one
// sample at a time to f32. Samples are read on demand: memory does not grow
// with their number.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_SUPPORT_DATASET_H
#define NARROW_SUPPORT_DATASET_H

#include "narrow/Support/Npz.h"

namespace narrow {

/// An input of the model, in the model's layout. shape[0] is the batch and is
/// replaced by the samples of the data; the other dimensions are static.
struct ModelInput {
  std::string name;
  std::vector<int64_t> shape;
  bool takesPixels = false; ///< u8, which the model normalizes itself; otherwise f32
  bool operator==(const ModelInput &) const = default;
};

/// The number of samples in one run of a model: the first dimension of its first input.
int64_t getBatch(llvm::ArrayRef<ModelInput> inputs);

/// How a u8 value becomes f32: `(float(u8) / 255 - mean) / std`, each step
/// rounded to f32, as numpy does with float32 arrays. One value for all
/// channels, or one value per channel; empty: not specified.
struct Preprocessing {
  std::vector<float> mean, std;

  bool empty() const { return mean.empty() && std.empty(); }
  bool operator==(const Preprocessing &) const = default;
};

inline float normalizePixel(uint8_t value, float mean, float std) {
  return (static_cast<float>(value) / 255.0f - mean) / std;
}

/// Layout of arrays that have a channel axis (rank 3 and above).
enum class DataLayout {
  Model, ///< As in the model's input: channels are axis 1.
  Nhwc,  ///< Channels last; samples are transposed when they are read.
};

struct DatasetOptions {
  /// (model input, array in the archive); inputs not listed here use the array
  /// of their own name.
  std::vector<std::pair<std::string, std::string>> inputNames;
  DataLayout layout = DataLayout::Model;
  Preprocessing preprocessing;
};

class Dataset {
public:
  static llvm::Expected<Dataset> open(llvm::StringRef path, llvm::ArrayRef<ModelInput> inputs,
                                      const DatasetOptions &options = {});

  int64_t sampleCount() const { return samples; }
  size_t inputCount() const { return inputs.size(); }
  /// Elements of one sample of an input.
  int64_t sampleSize(size_t input) const { return inputs[input].sampleSize; }
  /// Bytes of one element as `read` writes it.
  size_t elementSize(size_t input) const { return inputs[input].takesPixels ? 1 : sizeof(float); }
  /// What `read` does to an input, one value per channel; empty if its values
  /// are used as they are.
  const Preprocessing &preprocessing(size_t input) const { return inputs[input].preprocessing; }

  /// Writes one sample of one input to `out`: sampleSize(input) f32 values (u8 if
  /// the input takes pixels) in the model's layout. NaN and Inf are errors. May be
  /// called from any thread.
  llvm::Error read(int64_t sample, size_t input, void *out) const;

  /// Writes the samples [first, first + batch) of every input to `to`, one vector per
  /// input, as large as a run needs; f32 or, in the vector's first bytes, u8.
  llvm::Error readBatch(int64_t first, int64_t batch, std::vector<std::vector<float>> &to) const;

  /// One class per sample, below `classes`, from another array of the archive.
  llvm::Expected<std::vector<int64_t>> readLabels(llvm::StringRef name, int64_t classes);

  /// Reads the first `count` samples once and returns an id for them (shapes,
  /// types and bytes of the arrays in use), so that an interrupted calibration
  /// is not continued on other data. Detects damage before any work is done;
  /// checksums are compared if these are all samples.
  llvm::Expected<std::string> fingerprint(int64_t count) const;

  /// Facts that the user should know but that are not errors.
  const std::vector<std::string> &notes() const { return notesList; }

private:
  struct Input {
    std::string arrayName;
    NpzArray array;
    int64_t sampleSize = 0;
    /// The sample as [outer, channels, inner] (model) or [inner, channels]
    /// (channels last, only when transposing).
    int64_t channels = 1, inner = 1;
    bool transpose = false, takesPixels = false;
    Preprocessing preprocessing; ///< One value per channel; empty unless u8.
  };
  static uint64_t sampleBytes(const Input &input) {
    return static_cast<uint64_t>(input.sampleSize) * sizeOf(input.array.dtype);
  }

  explicit Dataset(NpzFile file) : file(std::move(file)) {}
  llvm::Error addInput(const ModelInput &model, llvm::StringRef arrayName, const DatasetOptions &options,
                       llvm::StringRef allInputs);
  /// The only array that fits the only input, although its name differs.
  llvm::Expected<std::string> findArray(const ModelInput &model, const DatasetOptions &options,
                                        llvm::StringRef allInputs);

  NpzFile file;
  std::vector<Input> inputs;
  std::vector<std::string> notesList;
  int64_t samples = -1;
};

/// Fails unless every value is usable for normalizing pixels.
llvm::Error checkPreprocessing(const Preprocessing &preprocessing);

/// Parses "0.485,0.456,0.406" (the value of --mean and --std).
llvm::Expected<std::vector<float>> parseFloatList(llvm::StringRef text, llvm::StringRef optionName);

} // namespace narrow

#endif
