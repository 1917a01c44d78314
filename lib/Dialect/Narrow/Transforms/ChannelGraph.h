//===- ChannelGraph.h - Channels that may be rescaled -----------*- C++ -*-===//
//
// A channel of an activation can be divided by a positive number where it is
// computed if it is multiplied by it wherever it is read, and everything between
// keeps the factor: f(s x) = s f(x). This is how scale moves from one layer to
// another without changing the network. ChannelGraph finds these channels in a
// function of the float stage, whatever the ops between: pairs of layers, layers
// that share an input, residual streams, concatenations, flattened planes.
//
// Channels of all tensors that must have one factor form a class. The class can
// be rescaled if it begins and ends at layers. Layers are convolutions, fully
// connected layers and products with a constant per channel; all of their numbers
// are in memory as doubles until `write` rounds them once.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_LIB_TRANSFORMS_CHANNELGRAPH_H
#define NARROW_LIB_TRANSFORMS_CHANNELGRAPH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Support/LLVM.h"
#include <optional>
#include <vector>

namespace narrow {

/// A linear op with constant weights.
class ChannelLayer {
public:
  /// Nothing if `op` is none, or its constants cannot be read.
  static std::optional<ChannelLayer> create(Operation *op);

  Operation *op;
  int64_t inputs, outputs;           ///< channels
  unsigned weightOperand;            ///< operand that is the weight; the input is operand 0 or the other one
  std::vector<double> weights, bias; ///< of `outputs` elements, or none
  std::vector<double> mean, deviation; ///< of the result, if known

  Value getInput() const;
  Value getResult() const { return op->getResult(0); }
  /// Of input and result.
  int64_t getChannelAxis() const;
  /// Whether each output channel reads one input channel.
  bool isDepthwise() const { return kind == Depthwise || kind == Product; }

  /// Calls `visit` with the index of each weight that output `channel` is computed with.
  void visitOutput(int64_t channel, function_ref<void(int64_t)> visit) const;
  /// Calls `visit` with the index of each weight that reads input `channel`, and the
  /// output that it contributes to.
  void visitInput(int64_t channel, function_ref<void(int64_t weight, int64_t output)> visit) const;

  /// The largest magnitude of those weights; NaN if one is.
  double getOutputRange(int64_t channel) const;
  double getInputRange(int64_t channel) const;

  void divideOutput(int64_t channel, double factor);
  void multiplyInput(int64_t channel, double factor);

  /// Whether all weights and biases are finite in f32.
  bool isFinite() const;
  /// Rounds all numbers to f32 and puts them into the op as constants.
  void write(OpBuilder &builder) const;
  bool changed = false;

private:
  enum Kind { Dense, Depthwise, Grouped, Product };
  ChannelLayer(Operation *op, Kind kind) : op(op), kind(kind) {}

  Kind kind;
  SmallVector<int64_t> shape; ///< of the weight
  int64_t groups = 1;
};

class ChannelGraph {
public:
  /// `clampsAreReLU` takes ReLU6 and its like, clamp(x, 0, bound), for ReLU; the
  /// caller then makes those that a rescaled class has ReLU.
  explicit ChannelGraph(func::FuncOp func, bool clampsAreReLU = false);
  ~ChannelGraph();

  /// One channel of a layer, of its result or of its input.
  struct Port {
    int64_t layer, channel;
    bool operator==(const Port &) const = default;
  };
  /// Channels of tensors that have one factor.
  struct Class {
    SmallVector<Port, 1> sources, sinks;
    SmallVector<std::pair<int64_t, int64_t>, 0> addends; ///< constant, its channel
    SmallVector<int64_t, 0> clamps;                      ///< bounded, between them
    std::optional<double> maximum; ///< largest magnitude of its tensors, as far as attributes tell
  };
  /// Classes between the same layers, their channels in order.
  struct Group {
    SmallVector<int64_t> sources, sinks; ///< layers
    std::vector<Class> classes;
  };

  std::vector<ChannelLayer> &getLayers() { return layers; }
  /// Groups that can be rescaled, in the order of their first layer.
  ArrayRef<Group> getGroups() const { return groups; }
  /// All ReLU6 and its like; Class::clamps are indices of them.
  ArrayRef<Operation *> getClamps() const { return clamps; }
  /// Those of them that alone keep channels from being rescaled.
  ArrayRef<Operation *> getBlockingClamps() const { return blocking; }

  /// Largest magnitude of the weights that compute, or read, the channel.
  double getWrittenRange(const Class &channel) const;
  double getReadRange(const Class &channel) const;
  /// Largest magnitude of a bias or addend of the channel.
  double getBias(const Class &channel) const;

  /// Divides the channel where it is computed, multiplies it where it is read.
  void rescale(const Class &channel, double factor);
  /// Puts everything that changed into the function.
  LogicalResult write();

private:
  struct Addend;
  class Builder;

  std::vector<ChannelLayer> layers;
  std::vector<Addend> addends;
  SmallVector<Operation *> clamps, blocking;
  std::vector<Group> groups;
};

} // namespace narrow

#endif
