//===- Network.h - Networks of one layer, as text ---------------*- C++ -*-===//
//
// Writes modules of the integer stage, or of the float stage, in which one layer
// reads and writes what it would between others: the input is copied to a buffer
// of the arena first, with the border that the layer wants, and the result goes
// to such a buffer, too. Only its last row leaves the network. The integer stage
// has no conversion from and to floats here: @main takes and gives codes.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_BENCHMARK_NETWORK_H
#define NARROW_BENCHMARK_NETWORK_H

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace narrow::bench {

/// A depthwise convolution in numbers, for a kernel that is written by hand.
struct DepthwiseLayer {
  int64_t height, width, channels; ///< of the input
  int64_t kernel, stride, before;  ///< before: rows and columns of border at the start
  int64_t outHeight, outWidth;
  int64_t inputZeroPoint, outputZeroPoint;
  std::vector<int64_t> weights; ///< [kernel row][kernel column][channel]
  std::vector<int64_t> bias, multipliers, shifts;
};

/// Kernel and step of a window; the border is that of a result of size / stride.
struct Window {
  int64_t kernel = 1, stride = 1;
};

struct Network {
  std::string text;
  bool isFloat;
  std::vector<int64_t> inputs; ///< elements of each
  int64_t layerOutputs;        ///< elements that the layer computes
  int64_t outputs;             ///< elements that the network returns
  std::optional<DepthwiseLayer> depthwise;
};

/// The narrow.id of the layer's last op.
constexpr const char *layerId = "layer";

/// A tensor of a NetworkWriter.
struct Tensor {
  std::string name, element;
  std::vector<int64_t> dims;

  std::string type() const;
  int64_t count() const;
};

class NetworkWriter {
public:
  explicit NetworkWriter(bool isFloat = false) : isFloat(isFloat) {}

  /// A network input, [1, height, width, channels], in a buffer of the arena.
  Tensor input(int64_t height, int64_t width, int64_t channels);

  // Layers. Results have as many rows and columns as the input over `window.stride`,
  // rounded up.
  Tensor convolution(Tensor x, int64_t channels, Window window = {});
  /// A convolution whose result is added to `other` before it is rounded to 8 bits.
  Tensor convolutionAdd(Tensor x, Tensor other, Window window = {});
  Tensor depthwise(Tensor x, Window window);
  Tensor maxPool(Tensor x, Window window);
  Tensor globalAverage(Tensor x);
  Tensor add(Tensor x, Tensor y);
  Tensor table(Tensor x);
  Tensor concat(Tensor x, Tensor y);
  /// [1, a, b, c] to [1, b, c, a]: images from planes.
  Tensor transpose(Tensor x);

  Network finish(const Tensor &layer);

private:
  /// Border before and after, rows or columns of the result.
  struct Extent {
    int64_t before, after, result;
  };
  static Extent extentOf(int64_t size, Window window);
  /// Without the rows and columns that no window reaches; then no border is negative.
  Tensor trim(Tensor x, Window window);

  int64_t random(int64_t low, int64_t high);
  std::vector<int64_t> randoms(int64_t count, int64_t low, int64_t high);
  Tensor constant(std::vector<int64_t> dims, const std::string &element, const std::vector<int64_t> &values);
  Tensor scalar(const std::string &element, int64_t value);
  std::string shape(const std::vector<int64_t> &dims);
  /// Writes `<op> <operands> {<attributes>} : (<types>) -> <type>`.
  Tensor emit(const std::string &op, const std::vector<Tensor> &operands, const std::string &attributes,
              std::vector<int64_t> dims, const std::string &element);
  Tensor slice(Tensor x, const std::vector<int64_t> &start, std::vector<int64_t> size);
  /// The accumulators of a convolution; `kind` is conv2d or depthwise_conv2d.
  Tensor contract(const std::string &kind, Tensor x, const std::vector<int64_t> &weightDims, int64_t channels,
                  Window window);
  /// What the factors of a rescale are. Code generation has cheaper ways for some.
  enum class Factor { PerChannel, Any, PowerOfTwo, Whole };
  Tensor rescale(Tensor x, const std::string &element, Factor factor, int64_t shift, int64_t zeroPoint,
                 int64_t resultZeroPoint, bool isLast = false);
  /// The last op of a convolution: to 8 bits, or the clamp of a float layer.
  Tensor activate(Tensor accumulators);
  /// The sum of two i32 tensors, to 8 bits.
  Tensor roundSum(Tensor x, Tensor y);
  /// Codes as operands of such a sum.
  Tensor widen(Tensor x);

  bool isFloat;
  std::mt19937 generator{1};
  int64_t names = 0;
  std::string body;
  std::vector<Tensor> arguments;
  std::optional<DepthwiseLayer> depthwiseLayer;
  /// What the latest contraction and rescale were given.
  std::vector<int64_t> lastWeights, lastBias, lastMultipliers, lastShifts;
};

} // namespace narrow::bench

#endif
