//===- Network.cpp - Networks of one layer, as text -----------------------===//
#include "Network.h"
#include <cstring>
#include <numeric>

using namespace narrow::bench;

namespace {

// Codes as behind a ReLU, whose zero is the least code.
constexpr int64_t zeroPoint = -128;

std::string join(const std::vector<int64_t> &values, const char *separator) {
  std::string result;
  for (int64_t value : values)
    result += (result.empty() ? "" : separator) + std::to_string(value);
  return result;
}

std::string array(const std::vector<int64_t> &values) { return "array<i64: " + join(values, ", ") + ">"; }

std::string layerAttribute() { return std::string("narrow.id = \"") + layerId + "\""; }

std::string listOf(const std::vector<Tensor> &tensors, std::string (*text)(const Tensor &)) {
  std::string result;
  for (const Tensor &tensor : tensors)
    result += (result.empty() ? "" : ", ") + text(tensor);
  return result;
}

std::string nameOf(const Tensor &tensor) { return tensor.name; }
std::string typeOf(const Tensor &tensor) { return tensor.type(); }

} // namespace

std::string Tensor::type() const { return "tensor<" + join(dims, "x") + "x" + element + ">"; }

int64_t Tensor::count() const {
  return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<int64_t>());
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

int64_t NetworkWriter::random(int64_t low, int64_t high) { return low + generator() % (high - low + 1); }

std::vector<int64_t> NetworkWriter::randoms(int64_t count, int64_t low, int64_t high) {
  std::vector<int64_t> result(count);
  for (int64_t &value : result)
    value = random(low, high);
  return result;
}

Tensor NetworkWriter::constant(std::vector<int64_t> dims, const std::string &element,
                               const std::vector<int64_t> &values) {
  Tensor result{"%c" + std::to_string(names++), element, std::move(dims)};
  // As raw bytes: numbers take long to parse. f32 constants are a 64th of the values.
  std::string bytes;
  for (int64_t value : values) {
    float real = value / 64.0f;
    uint32_t bits = value;
    if (element == "f32")
      std::memcpy(&bits, &real, sizeof bits);
    for (unsigned i = 0; i < (element == "i8" ? 1 : 4); ++i) {
      unsigned byte = bits >> 8 * i & 255;
      bytes += {"0123456789ABCDEF"[byte / 16], "0123456789ABCDEF"[byte % 16]};
    }
  }
  body += "  " + result.name + " = \"tosa.const\"() <{values = dense<\"0x" + bytes +
          "\"> : " + result.type() + "}> : () -> " + result.type() + "\n";
  return result;
}

Tensor NetworkWriter::scalar(const std::string &element, int64_t value) {
  return constant({1}, element, {value});
}

std::string NetworkWriter::shape(const std::vector<int64_t> &dims) {
  std::string name = "%s" + std::to_string(names++), rank = std::to_string(dims.size());
  body += "  " + name + " = tosa.const_shape {values = dense<[" + join(dims, ", ") + "]> : tensor<" + rank +
          "xindex>} : () -> !tosa.shape<" + rank + ">\n";
  return name;
}

Tensor NetworkWriter::emit(const std::string &op, const std::vector<Tensor> &operands,
                           const std::string &attributes, std::vector<int64_t> dims,
                           const std::string &element) {
  Tensor result{"%t" + std::to_string(names++), element, std::move(dims)};
  body += "  " + result.name + " = " + op + " " + listOf(operands, nameOf) + " {" + attributes + "} : (" +
          listOf(operands, typeOf) + ") -> " + result.type() + "\n";
  return result;
}

Tensor NetworkWriter::slice(Tensor x, const std::vector<int64_t> &start, std::vector<int64_t> size) {
  std::string from = shape(start), count = shape(size);
  Tensor result{"%t" + std::to_string(names++), x.element, std::move(size)};
  body += "  " + result.name + " = tosa.slice " + x.name + ", " + from + ", " + count + " : (" + x.type() +
          ", !tosa.shape<4>, !tosa.shape<4>) -> " + result.type() + "\n";
  return result;
}

Tensor NetworkWriter::input(int64_t height, int64_t width, int64_t channels) {
  arguments.push_back(
      {"%x" + std::to_string(arguments.size()), isFloat ? "f32" : "i8", {1, height, width, channels}});
  const Tensor &x = arguments.back();
  return emit("tosa.identity", {x}, "", x.dims, x.element);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

NetworkWriter::Extent NetworkWriter::extentOf(int64_t size, Window window) {
  int64_t before = (window.kernel - 1) / 2, result = (size + window.stride - 1) / window.stride;
  return {before, (result - 1) * window.stride + window.kernel - size - before, result};
}

Tensor NetworkWriter::trim(Tensor x, Window window) {
  Extent rows = extentOf(x.dims[1], window), columns = extentOf(x.dims[2], window);
  if (rows.after >= 0 && columns.after >= 0)
    return x;
  return slice(x, {0, 0, 0, 0},
               {1, x.dims[1] + std::min<int64_t>(rows.after, 0),
                x.dims[2] + std::min<int64_t>(columns.after, 0), x.dims[3]});
}

Tensor NetworkWriter::rescale(Tensor x, const std::string &element, Factor factor, int64_t shift,
                              int64_t zeroPoint, int64_t resultZeroPoint, bool isLast) {
  // Shifts are at most 39 where accumulators become codes.
  const int64_t one = factor == Factor::PowerOfTwo && shift == 39 ? 1 << 23 : 1 << 30;
  bool perChannel = factor == Factor::PerChannel;
  int64_t count = perChannel ? x.dims.back() : 1;
  lastMultipliers = randoms(count, one, factor == Factor::PowerOfTwo ? one : 2 * one - 1);
  if (factor == Factor::Whole)
    lastMultipliers = {random(1 << 14, (1 << 16) - 1) << shift};
  lastShifts = randoms(count, shift, perChannel ? shift + 2 : shift);
  std::vector<Tensor> operands = {x, constant({count}, "i32", lastMultipliers),
                                  constant({count}, "i8", lastShifts), scalar(x.element, zeroPoint),
                                  scalar(element, resultZeroPoint)};
  return emit("tosa.rescale", operands,
              std::string("rounding_mode = SINGLE_ROUND, scale32 = true, input_unsigned = false, ") +
                  "output_unsigned = false, per_channel = " + (perChannel ? "true" : "false") +
                  (isLast ? ", " + layerAttribute() : ""),
              x.dims, element);
}

Tensor NetworkWriter::activate(Tensor accumulators) {
  if (isFloat)
    return emit("tosa.clamp", {accumulators}, "min_val = 0.0 : f32, max_val = 6.0 : f32, " + layerAttribute(),
                accumulators.dims, "f32");
  return rescale(accumulators, "i8", Factor::PerChannel, 37, 0, zeroPoint, /*isLast=*/true);
}

// Sums have 16 bits more than the codes of their result, as narrow-lower-to-integer makes them
// (rule N19).
Tensor NetworkWriter::widen(Tensor x) { return rescale(x, "i32", Factor::Whole, 10, zeroPoint, 0); }

Tensor NetworkWriter::roundSum(Tensor x, Tensor y) {
  Tensor sum = emit("tosa.add", {x, y}, "", x.dims, "i32");
  return rescale(sum, "i8", Factor::PowerOfTwo, 39, 0, zeroPoint, /*isLast=*/true);
}

Tensor NetworkWriter::contract(const std::string &kind, Tensor x, const std::vector<int64_t> &weightDims,
                               int64_t channels, Window window) {
  x = trim(x, window);
  Extent rows = extentOf(x.dims[1], window), columns = extentOf(x.dims[2], window);
  int64_t count = Tensor{"", "", weightDims}.count();
  // Small enough on average for accumulators like those of trained weights: what the
  // code may assume of them depends on it.
  lastWeights = randoms(count, -50, 50);
  lastBias = randoms(channels, -9999, 9999);
  Tensor weights = constant(weightDims, x.element, lastWeights);
  Tensor bias = constant({channels}, isFloat ? "f32" : "i32", lastBias);
  std::string attributes = std::string("acc_type = ") + (isFloat ? "f32" : "i32") +
                           ", pad = " + array({rows.before, rows.after, columns.before, columns.after}) +
                           ", stride = " + array({window.stride, window.stride}) +
                           ", dilation = " + array({1, 1});
  Tensor inputZero = scalar(x.element, isFloat ? 0 : zeroPoint), weightZero = scalar(x.element, 0);
  return emit("tosa." + kind, {x, weights, bias, inputZero, weightZero}, attributes,
              {1, rows.result, columns.result, channels}, isFloat ? "f32" : "i32");
}

Tensor NetworkWriter::convolution(Tensor x, int64_t channels, Window window) {
  return activate(
      contract("conv2d", x, {channels, window.kernel, window.kernel, x.dims[3]}, channels, window));
}

Tensor NetworkWriter::convolutionAdd(Tensor x, Tensor other, Window window) {
  int64_t channels = other.dims[3];
  Tensor accumulators =
      contract("conv2d", x, {channels, window.kernel, window.kernel, x.dims[3]}, channels, window);
  return roundSum(widen(other), rescale(accumulators, "i32", Factor::PerChannel, 26, 0, 0));
}

Tensor NetworkWriter::depthwise(Tensor x, Window window) {
  int64_t channels = x.dims[3];
  Extent rows = extentOf(x.dims[1], window), columns = extentOf(x.dims[2], window);
  Tensor result = activate(
      contract("depthwise_conv2d", x, {window.kernel, window.kernel, channels, 1}, channels, window));
  if (!isFloat)
    depthwiseLayer = {.height = x.dims[1],
                      .width = x.dims[2],
                      .channels = channels,
                      .kernel = window.kernel,
                      .stride = window.stride,
                      .before = rows.before,
                      .outHeight = rows.result,
                      .outWidth = columns.result,
                      .inputZeroPoint = zeroPoint,
                      .outputZeroPoint = zeroPoint,
                      .weights = lastWeights,
                      .bias = lastBias,
                      .multipliers = lastMultipliers,
                      .shifts = lastShifts};
  return result;
}

Tensor NetworkWriter::maxPool(Tensor x, Window window) {
  Extent rows = extentOf(x.dims[1], window), columns = extentOf(x.dims[2], window);
  return emit("tosa.max_pool2d", {x},
              "kernel = " + array({window.kernel, window.kernel}) +
                  ", stride = " + array({window.stride, window.stride}) + ", pad = " +
                  array({rows.before, rows.after, columns.before, columns.after}) + ", " + layerAttribute(),
              {1, rows.result, columns.result, x.dims[3]}, x.element);
}

Tensor NetworkWriter::globalAverage(Tensor x) {
  Tensor wide = rescale(x, "i32", Factor::PowerOfTwo, 30, zeroPoint, 0);
  Tensor column = emit("tosa.reduce_sum", {wide}, "axis = 1 : i32", {1, 1, x.dims[2], x.dims[3]}, "i32");
  Tensor sum = emit("tosa.reduce_sum", {column}, "axis = 2 : i32", {1, 1, 1, x.dims[3]}, "i32");
  return rescale(sum, "i8", Factor::Any, 35, 0, zeroPoint, /*isLast=*/true);
}

Tensor NetworkWriter::add(Tensor x, Tensor y) { return roundSum(widen(x), widen(y)); }

Tensor NetworkWriter::table(Tensor x) {
  Tensor values = constant({256}, "i8", randoms(256, -128, 127));
  return emit("tosa.table", {x, values}, layerAttribute(), x.dims, "i8");
}

Tensor NetworkWriter::concat(Tensor x, Tensor y) {
  return emit("tosa.concat", {x, y}, "axis = 3 : i32, " + layerAttribute(),
              {1, x.dims[1], x.dims[2], x.dims[3] + y.dims[3]}, x.element);
}

Tensor NetworkWriter::transpose(Tensor x) {
  return emit("tosa.transpose", {x}, "perms = array<i32: 0, 2, 3, 1>, " + layerAttribute(),
              {1, x.dims[2], x.dims[3], x.dims[1]}, x.element);
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

Network NetworkWriter::finish(const Tensor &layer) {
  Tensor y = slice(layer, {0, layer.dims[1] - 1, 0, 0}, {1, 1, layer.dims[2], layer.dims[3]});
  Network network{"", isFloat, {}, layer.count(), y.count(), depthwiseLayer};
  for (const Tensor &argument : arguments)
    network.inputs.push_back(argument.count());

  std::string parameters;
  for (const Tensor &x : arguments)
    parameters += (parameters.empty() ? "" : ", ") + x.name + ": " + x.type() + " {narrow.name = \"" +
                  x.name.substr(1) + "\"}";
  network.text = "func.func @main(" + parameters + ") -> (" + y.type() + " {narrow.name = \"y\"}) {\n" +
                 body + "  return " + y.name + " : " + y.type() + "\n}\n";
  return network;
}
