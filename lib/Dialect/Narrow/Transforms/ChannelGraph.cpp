//===- ChannelGraph.cpp - Channels that may be rescaled -------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "llvm/ADT/DenseMap.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> getShape(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static std::optional<std::vector<double>> getDoubles(Value value) {
  std::optional<std::vector<float>> floats = getFloats(value);
  if (!floats)
    return std::nullopt;
  return std::vector<double>(floats->begin(), floats->end());
}

static std::vector<double> getAttribute(Operation *op, StringRef name, int64_t count) {
  auto values = op->getAttrOfType<DenseF32ArrayAttr>(name);
  if (!values || values.size() != count)
    return {};
  return std::vector<double>(values.asArrayRef().begin(), values.asArrayRef().end());
}

/// The one axis along which a constant has several elements; nullopt if there are
/// several. A constant of one element has none: then the answer is -1.
static std::optional<int64_t> getOnlyAxis(ArrayRef<int64_t> shape) {
  int64_t axis = -1;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (size == 1)
      continue;
    if (axis >= 0)
      return std::nullopt;
    axis = dim;
  }
  return axis;
}

std::optional<ChannelLayer> ChannelLayer::create(Operation *op) {
  if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()))
    return std::nullopt;
  auto finish = [&](ChannelLayer layer) -> std::optional<ChannelLayer> {
    std::optional<std::vector<double>> weights = getDoubles(op->getOperand(layer.weightOperand));
    if (!weights)
      return std::nullopt;
    layer.weights = std::move(*weights);
    layer.shape = llvm::to_vector(::getShape(op->getOperand(layer.weightOperand)));
    if (layer.kind != Product) {
      std::optional<std::vector<double>> bias = getDoubles(op->getOperand(2));
      if (!bias || (bias->size() != 1 && static_cast<int64_t>(bias->size()) != layer.outputs))
        return std::nullopt;
      if (bias->size() == 1)
        bias->resize(layer.outputs, bias->front());
      layer.bias = std::move(*bias);
    }
    layer.mean = getAttribute(op, attrs::channelMean, layer.outputs);
    layer.deviation = getAttribute(op, attrs::channelDeviation, layer.outputs);
    return layer;
  };
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(op)) {
    bool depthwise = isa<tosa::DepthwiseConv2DOp>(op);
    auto grouped = dyn_cast<Conv2DOp>(op);
    ChannelLayer layer(op, depthwise ? Depthwise : grouped ? Grouped : Dense);
    layer.weightOperand = 1;
    ArrayRef<int64_t> weight = ::getShape(op->getOperand(1));
    layer.groups = grouped ? grouped.getGroup() : 1;
    layer.outputs = depthwise ? weight[2] * weight[3] : weight[0];
    layer.inputs = depthwise ? weight[2] : weight[3] * layer.groups;
    if (layer.outputs < 1 || layer.inputs < 1 || ::getShape(op->getOperand(0))[3] != layer.inputs)
      return std::nullopt;
    return finish(std::move(layer));
  }
  if (auto product = dyn_cast<tosa::MulOp>(op)) {
    unsigned constant = getConstant(product.getInput1()) ? 0 : 1;
    Value weight = op->getOperand(constant), input = op->getOperand(1 - constant);
    if (!getConstant(weight) || getConstant(input) || input.getType() != op->getResult(0).getType())
      return std::nullopt;
    std::optional<int64_t> axis = getOnlyAxis(::getShape(weight));
    if (!axis || *axis < 0)
      return std::nullopt;
    ChannelLayer layer(op, Product);
    layer.weightOperand = constant;
    layer.inputs = layer.outputs = ::getShape(weight)[*axis];
    return finish(std::move(layer));
  }
  return std::nullopt;
}

Value ChannelLayer::getInput() const { return op->getOperand(kind == Product ? 1 - weightOperand : 0); }

int64_t ChannelLayer::getChannelAxis() const { return kind == Product ? *getOnlyAxis(shape) : 3; }

void ChannelLayer::visitOutput(int64_t channel, function_ref<void(int64_t)> visit) const {
  int64_t size = weights.size();
  if (isDepthwise()) {
    for (int64_t index = channel; index < size; index += outputs)
      visit(index);
    return;
  }
  int64_t run = size / outputs;
  for (int64_t index = channel * run; index < (channel + 1) * run; ++index)
    visit(index);
}

void ChannelLayer::visitInput(int64_t channel, function_ref<void(int64_t, int64_t)> visit) const {
  int64_t size = weights.size();
  if (isDepthwise()) {
    // [KH, KW, C, M]: the M outputs of a channel are neighbours.
    int64_t multiplier = outputs / inputs;
    for (int64_t output = channel * multiplier; output < (channel + 1) * multiplier; ++output)
      for (int64_t index = output; index < size; index += outputs)
        visit(index, output);
    return;
  }
  // [O, KH, KW, I]; with groups only the outputs of the channel's group read it.
  int64_t groupInputs = inputs / groups, groupOutputs = outputs / groups, run = size / outputs;
  int64_t first = channel / groupInputs * groupOutputs;
  for (int64_t output = first; output < first + groupOutputs; ++output)
    for (int64_t index = output * run + channel % groupInputs; index < (output + 1) * run;
         index += groupInputs)
      visit(index, output);
}

/// The larger of `largest` and |value|; NaN if one is.
static double widen(double largest, double value) {
  value = std::fabs(value);
  return value <= largest || std::isnan(largest) ? largest : value;
}

double ChannelLayer::getOutputRange(int64_t channel) const {
  double largest = 0;
  visitOutput(channel, [&](int64_t index) { largest = widen(largest, weights[index]); });
  return largest;
}

double ChannelLayer::getInputRange(int64_t channel) const {
  double largest = 0;
  visitInput(channel, [&](int64_t index, int64_t) { largest = widen(largest, weights[index]); });
  return largest;
}

void ChannelLayer::divideOutput(int64_t channel, double factor) {
  visitOutput(channel, [&](int64_t index) { weights[index] /= factor; });
  for (std::vector<double> *values : {&bias, &mean, &deviation})
    if (!values->empty())
      (*values)[channel] /= factor;
  changed = true;
}

void ChannelLayer::multiplyInput(int64_t channel, double factor) {
  visitInput(channel, [&](int64_t index, int64_t) { weights[index] *= factor; });
  changed = true;
}

static std::optional<SmallVector<float>> roundAll(ArrayRef<double> values) {
  SmallVector<float> rounded;
  rounded.reserve(values.size());
  for (double value : values) {
    rounded.push_back(static_cast<float>(value));
    if (!std::isfinite(rounded.back()))
      return std::nullopt;
  }
  return rounded;
}

bool ChannelLayer::isFinite() const { return roundAll(weights) && roundAll(bias); }

static void replaceConstant(OpBuilder &builder, Operation *op, unsigned operand, ArrayRef<int64_t> shape,
                            ArrayRef<double> values) {
  Value old = op->getOperand(operand);
  builder.setInsertionPoint(op);
  op->setOperand(operand, createConstant(builder, old.getLoc(), shape, *roundAll(values)));
  if (Operation *constant = old.getDefiningOp(); constant && constant->use_empty())
    constant->erase();
}

void ChannelLayer::write(OpBuilder &builder) const {
  replaceConstant(builder, op, weightOperand, shape, weights);
  if (!bias.empty())
    replaceConstant(builder, op, 2, {outputs}, bias);
  for (auto [name, values] :
       {std::pair(attrs::channelMean, &mean), std::pair(attrs::channelDeviation, &deviation)})
    if (!values->empty())
      op->setAttr(name, builder.getDenseF32ArrayAttr(SmallVector<float>(values->begin(), values->end())));
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

namespace {
/// Bounds that keep the factor of a channel: none, or 0.
bool isHomogeneous(tosa::ClampOp clamp) {
  std::optional<ClampBounds> bounds = getActivationBounds(clamp);
  return bounds && llvm::all_of(std::array{bounds->lowest, bounds->highest},
                                [](double bound) { return bound == 0 || std::isinf(bound); });
}

/// ReLU6 and its like: a ReLU but for the upper bound.
bool isBoundedReLU(tosa::ClampOp clamp) {
  std::optional<ClampBounds> bounds = getActivationBounds(clamp);
  return bounds && bounds->lowest == 0 && bounds->highest > 0 && !std::isinf(bounds->highest);
}

bool isZero(Value value) {
  std::optional<std::vector<float>> values = getFloats(value);
  return values && llvm::all_of(*values, [](float v) { return v == 0; });
}
} // namespace

/// A constant that is added to channels, expanded along their axis.
struct ChannelGraph::Addend {
  Operation *op;
  unsigned operand;
  SmallVector<int64_t> shape;
  int64_t axis;
  std::vector<double> values;
  bool changed = false;

  void visit(int64_t channel, function_ref<void(double &)> apply) {
    int64_t inner = 1, channels = shape[axis];
    for (int64_t dim : ArrayRef(shape).drop_front(axis + 1))
      inner *= dim;
    for (int64_t start = channel * inner; start < static_cast<int64_t>(values.size());
         start += channels * inner)
      for (int64_t i = 0; i < inner; ++i)
        apply(values[start + i]);
  }
};

/// Walks the function once; every channel of every tensor is a node of a
/// union-find structure.
class ChannelGraph::Builder {
public:
  explicit Builder(ChannelGraph &graph) : graph(graph) {}

  void visit(Operation *op);
  void finish(bool clampsAreReLU);

private:
  struct Nodes {
    int64_t base, axis, count;
  };

  std::optional<Nodes> find(Value value) const {
    auto it = nodes.find(value);
    return it == nodes.end() ? std::nullopt : std::optional(it->second);
  }
  Nodes create(Value value, int64_t axis) {
    int64_t count = getShape(value)[axis];
    Nodes made{static_cast<int64_t>(parents.size()), axis, count};
    for (int64_t i = 0; i < count; ++i)
      parents.push_back(made.base + i);
    pinned.resize(parents.size());
    nodes[value] = made;
    return made;
  }
  int64_t getRoot(int64_t node) {
    while (parents[node] != node)
      node = parents[node] = parents[parents[node]];
    return node;
  }
  void unite(int64_t a, int64_t b) {
    a = getRoot(a), b = getRoot(b);
    parents[std::max(a, b)] = std::min(a, b);
  }
  void pin(Value value) {
    if (std::optional<Nodes> found = find(value))
      std::fill_n(pinned.begin() + found->base, found->count, true);
  }

  /// The result's channels along `axis` are those of `from` one by one, from `offset` on.
  void follow(Nodes from, Value result, int64_t axis, int64_t offset = 0) {
    Nodes to = create(result, axis);
    for (int64_t i = 0; i < to.count; ++i)
      unite(from.base + offset + i, to.base + i);
  }
  bool visitLayer(Operation *op);
  bool visitUnary(Operation *op);
  bool visitReshape(tosa::ReshapeOp op, Nodes from);
  bool visitBinary(Operation *op);
  bool visitConcat(tosa::ConcatOp op);

  ChannelGraph &graph;
  llvm::DenseMap<Value, Nodes> nodes; ///< looked up, never iterated
  std::vector<int64_t> parents;
  std::vector<bool> pinned;
  /// What touches a node, in program order.
  std::vector<std::pair<int64_t, Port>> sources, sinks;
  std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> addends;
  std::vector<std::pair<int64_t, int64_t>> clamps;
  std::vector<std::pair<int64_t, double>> maxima;
};

void ChannelGraph::Builder::visit(Operation *op) {
  if (op->getNumOperands() == 0)
    return; // Constants.
  auto concat = dyn_cast<tosa::ConcatOp>(op);
  if (!visitLayer(op) && !visitUnary(op) && !visitBinary(op) && !(concat && visitConcat(concat))) {
    for (Value operand : op->getOperands())
      pin(operand);
    return;
  }
  Nodes made = *find(op->getResult(0));
  for (auto [i, value] : llvm::enumerate(getAttribute(op, attrs::channelMaximum, made.count)))
    maxima.push_back({made.base + static_cast<int64_t>(i), value});
}

bool ChannelGraph::Builder::visitLayer(Operation *op) {
  std::optional<ChannelLayer> layer = ChannelLayer::create(op);
  if (!layer)
    return false;
  int64_t index = graph.layers.size(), axis = layer->getChannelAxis();
  Value input = layer->getInput();
  std::optional<Nodes> from = find(input);
  if (from && from->axis == axis)
    for (int64_t i = 0; i < layer->inputs; ++i)
      sinks.push_back({from->base + i, {index, i}});
  else
    pin(input);
  Nodes to = create(op->getResult(0), axis);
  for (int64_t i = 0; i < layer->outputs; ++i)
    sources.push_back({to.base + i, {index, i}});
  graph.layers.push_back(std::move(*layer));
  return true;
}

/// Ops with one activation operand, its first, that keep the factor of a channel.
bool ChannelGraph::Builder::visitUnary(Operation *op) {
  std::optional<Nodes> from = find(op->getOperand(0));
  if (!from || op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()))
    return false;
  Value result = op->getResult(0);
  int64_t axis = from->axis;
  if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
    if (!isHomogeneous(clamp)) {
      if (!isBoundedReLU(clamp))
        return false;
      for (int64_t i = 0; i < from->count; ++i)
        clamps.push_back({from->base + i, static_cast<int64_t>(graph.clamps.size())});
      graph.clamps.push_back(op);
    }
    return follow(*from, result, axis), true;
  }
  if (auto activation = dyn_cast<ActivationOp>(op)) {
    if (activation.getKind() != ActivationKind::LeakyRelu)
      return false;
    return follow(*from, result, axis), true;
  }
  if (isa<tosa::AbsOp, tosa::IdentityOp>(op))
    return follow(*from, result, axis), true;
  if (isa<tosa::MaxPool2dOp, tosa::AvgPool2dOp, tosa::ResizeOp>(op))
    return axis == 3 && (follow(*from, result, axis), true);
  if (isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp, tosa::ReverseOp>(op)) {
    auto reduced = op->getAttrOfType<IntegerAttr>("axis");
    return reduced && reduced.getInt() != axis && (follow(*from, result, axis), true);
  }
  if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
    int64_t to = llvm::find(transpose.getPerms(), axis) - transpose.getPerms().begin();
    return follow(*from, result, to), true;
  }
  if (auto reshape = dyn_cast<tosa::ReshapeOp>(op))
    return visitReshape(reshape, *from);
  if (auto slice = dyn_cast<tosa::SliceOp>(op)) {
    std::optional<SmallVector<int64_t>> start = getShapeDims(slice.getStart());
    return start && (follow(*from, result, axis, (*start)[axis]), true);
  }
  if (auto pad = dyn_cast<tosa::PadOp>(op))
    return getShape(result)[axis] == from->count && isZero(pad.getPadConst()) &&
           (follow(*from, result, axis), true);
  if (auto tile = dyn_cast<tosa::TileOp>(op))
    return getShape(result)[axis] == from->count && (follow(*from, result, axis), true);
  return false;
}

bool ChannelGraph::Builder::visitReshape(tosa::ReshapeOp op, Nodes from) {
  auto elementsAfter = [](ArrayRef<int64_t> shape, int64_t axis) {
    return llvm::product_of(shape.drop_front(axis + 1));
  };
  ArrayRef<int64_t> shape = getShape(op.getResult());
  // Element n of the tensor is in channel (n / inner) % count, and at index
  // (n / step) % size of a dim of the result.
  int64_t inner = elementsAfter(getShape(op.getInput1()), from.axis);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0; --axis) {
    int64_t step = elementsAfter(shape, axis), size = shape[axis];
    if (step == 0 || inner == 0 || inner % step != 0 || size % (inner / step * from.count) != 0)
      continue;
    Nodes to = create(op.getResult(), axis);
    for (int64_t i = 0; i < size; ++i)
      unite(from.base + i / (inner / step) % from.count, to.base + i);
    return true;
  }
  return false;
}

bool ChannelGraph::Builder::visitBinary(Operation *op) {
  if (!isa<tosa::AddOp, tosa::SubOp, tosa::MaximumOp, tosa::MinimumOp, tosa::MulOp>(op))
    return false;
  std::optional<Nodes> left = find(op->getOperand(0)), right = find(op->getOperand(1));
  Value result = op->getResult(0);
  if (!left && !right)
    return false;
  if (!left || !right) {
    // One constant.
    unsigned operand = left ? 1 : 0;
    Value constant = op->getOperand(operand);
    Nodes from = left ? *left : *right;
    std::optional<std::vector<double>> values = getDoubles(constant);
    if (!values || getShape(result)[from.axis] != from.count)
      return false;
    if (isa<tosa::MulOp>(op)) {
      // A number for each channel would be a layer; several for one are fine too.
      if (getShape(constant)[from.axis] != 1)
        return false;
    } else if (isa<tosa::MaximumOp, tosa::MinimumOp>(op)) {
      if (!isZero(constant))
        return false;
    } else {
      Addend addend{op, operand, llvm::to_vector(getShape(constant)), from.axis, {}};
      int64_t channels = addend.shape[from.axis];
      if (channels == from.count) {
        addend.values = std::move(*values);
      } else {
        int64_t inner = llvm::product_of(ArrayRef(addend.shape).drop_front(from.axis + 1));
        addend.shape[from.axis] = from.count;
        for (size_t start = 0; start < values->size(); start += inner)
          for (int64_t i = 0; i < from.count; ++i)
            addend.values.insert(addend.values.end(), values->begin() + start,
                                 values->begin() + start + inner);
      }
      for (int64_t i = 0; i < from.count; ++i)
        addends.push_back({from.base + i, {static_cast<int64_t>(graph.addends.size()), i}});
      graph.addends.push_back(std::move(addend));
    }
    return follow(from, result, from.axis), true;
  }
  // A product of two activations would have the product of their factors.
  if (isa<tosa::MulOp>(op) || left->axis != right->axis || left->count != right->count)
    return false;
  follow(*left, result, left->axis);
  for (int64_t i = 0; i < right->count; ++i)
    unite(left->base + i, right->base + i);
  return true;
}

bool ChannelGraph::Builder::visitConcat(tosa::ConcatOp op) {
  std::optional<Nodes> first = find(op->getOperand(0));
  if (!first)
    return false;
  for (Value operand : op->getOperands()) {
    std::optional<Nodes> from = find(operand);
    if (!from || from->axis != first->axis)
      return false;
  }
  Nodes to = create(op.getResult(), first->axis);
  bool joinsChannels = static_cast<int64_t>(op.getAxis()) == first->axis;
  int64_t offset = 0;
  for (Value operand : op->getOperands()) {
    Nodes from = *find(operand);
    for (int64_t i = 0; i < from.count; ++i)
      unite(from.base + i, to.base + offset + i);
    if (joinsChannels)
      offset += from.count;
  }
  return true;
}

void ChannelGraph::Builder::finish(bool clampsAreReLU) {
  // Classes in the order of their roots, which are their lowest nodes.
  std::map<int64_t, Class> classes;
  for (auto [node, port] : sources)
    classes[getRoot(node)].sources.push_back(port);
  for (auto [node, port] : sinks)
    classes[getRoot(node)].sinks.push_back(port);
  for (auto [node, addend] : addends)
    classes[getRoot(node)].addends.push_back(addend);
  for (auto [node, value] : maxima) {
    std::optional<double> &maximum = classes[getRoot(node)].maximum;
    maximum = std::max(maximum.value_or(0), value);
  }
  for (auto [node, clamp] : clamps) {
    SmallVector<int64_t, 0> &list = classes[getRoot(node)].clamps;
    if (!llvm::is_contained(list, clamp))
      list.push_back(clamp);
  }
  for (int64_t node = 0; node < static_cast<int64_t>(parents.size()); ++node)
    if (pinned[node])
      classes.erase(getRoot(node));

  std::vector<bool> blocks(graph.clamps.size());
  std::map<std::pair<SmallVector<int64_t>, SmallVector<int64_t>>, std::vector<Class>> groups;
  for (auto &[root, made] : classes) {
    // The slope of a PReLU reads and computes the same channel: the factor cancels.
    auto cancels = [&](ArrayRef<Port> ports) {
      return [this, ports](Port port) {
        const ChannelLayer &layer = graph.layers[port.layer];
        return layer.isDepthwise() && layer.inputs == layer.outputs && llvm::is_contained(ports, port);
      };
    };
    SmallVector<Port, 1> oldSources = made.sources;
    llvm::erase_if(made.sources, cancels(made.sinks));
    llvm::erase_if(made.sinks, cancels(oldSources));
    if (made.sources.empty() || made.sinks.empty())
      continue;
    if (!made.clamps.empty() && !clampsAreReLU) {
      for (int64_t clamp : made.clamps)
        blocks[clamp] = true;
      continue;
    }
    auto layersOf = [](ArrayRef<Port> ports) {
      SmallVector<int64_t> layers;
      for (Port port : ports)
        layers.push_back(port.layer);
      llvm::sort(layers);
      layers.erase(llvm::unique(layers), layers.end());
      return layers;
    };
    groups[{layersOf(made.sources), layersOf(made.sinks)}].push_back(std::move(made));
  }
  for (auto &[layers, made] : groups)
    graph.groups.push_back({layers.first, layers.second, std::move(made)});
  for (auto [clamp, isBlocking] : llvm::zip(graph.clamps, blocks))
    if (isBlocking)
      graph.blocking.push_back(clamp);
}

ChannelGraph::ChannelGraph(func::FuncOp func, bool clampsAreReLU) {
  Builder builder(*this);
  for (Operation &op : func.getBody().front())
    builder.visit(&op);
  builder.finish(clampsAreReLU);
}

ChannelGraph::~ChannelGraph() = default;

double ChannelGraph::getWrittenRange(const Class &channel) const {
  double largest = 0;
  for (Port port : channel.sources)
    largest = widen(largest, layers[port.layer].getOutputRange(port.channel));
  return largest;
}

double ChannelGraph::getReadRange(const Class &channel) const {
  double largest = 0;
  for (Port port : channel.sinks)
    largest = widen(largest, layers[port.layer].getInputRange(port.channel));
  return largest;
}

double ChannelGraph::getBias(const Class &channel) const {
  double largest = 0;
  for (Port port : channel.sources)
    if (!layers[port.layer].bias.empty())
      largest = widen(largest, layers[port.layer].bias[port.channel]);
  for (auto [addend, index] : channel.addends)
    const_cast<Addend &>(addends[addend]).visit(index, [&](double &value) {
      largest = widen(largest, value);
    });
  return largest;
}

void ChannelGraph::rescale(const Class &channel, double factor) {
  for (Port port : channel.sources)
    layers[port.layer].divideOutput(port.channel, factor);
  for (Port port : channel.sinks)
    layers[port.layer].multiplyInput(port.channel, factor);
  for (auto [addend, index] : channel.addends) {
    addends[addend].visit(index, [&](double &value) { value /= factor; });
    addends[addend].changed = true;
  }
}

LogicalResult ChannelGraph::write() {
  for (const ChannelLayer &layer : layers)
    if (layer.changed && !layer.isFinite())
      return layer.op->emitError() << "rescaling the channels of '" << getTensorId(layer.getResult())
                                   << "' makes weights or a bias that f32 cannot hold";
  for (const Addend &addend : addends)
    if (addend.changed && !roundAll(addend.values))
      return addend.op->emitError() << "rescaling the channels of '" << getTensorId(addend.op->getResult(0))
                                    << "' makes a constant that f32 cannot hold";
  OpBuilder builder(layers.empty() ? nullptr : layers.front().op->getContext());
  for (const ChannelLayer &layer : layers)
    if (layer.changed)
      layer.write(builder);
  for (const Addend &addend : addends)
    if (addend.changed)
      replaceConstant(builder, addend.op, addend.operand, addend.shape, addend.values);
  return success();
}
