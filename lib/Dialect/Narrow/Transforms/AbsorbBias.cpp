//===- AbsorbBias.cpp - narrow-absorb-bias --------------------------------===//
#include "ChannelGraph.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Numerics/Rescaling.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWABSORBBIAS
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

/// The only user of `value`, or null.
static Operation *getOnlyUser(Value value) { return value.hasOneUse() ? *value.user_begin() : nullptr; }

static bool isReLU(Operation *op) {
  auto clamp = dyn_cast<tosa::ClampOp>(op);
  std::optional<ClampBounds> bounds = clamp ? getActivationBounds(clamp) : std::nullopt;
  return bounds && bounds->isReLU();
}

/// f(x + c) = f(x) + c for a constant of each channel. TOSA's averages do not count
/// padding, and maxima ignore it.
static bool keepsShift(Operation *op) {
  return isa<tosa::MaxPool2dOp, tosa::AvgPool2dOp, tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp>(op);
}

/// Whether every output of the convolution reads all of its taps.
static bool isUnpadded(Operation *op) {
  auto pad = op->getAttrOfType<DenseI64ArrayAttr>("pad");
  return pad && llvm::all_of(pad.asArrayRef(), [](int64_t p) { return p == 0; });
}

namespace {

struct AbsorbBias : narrow::impl::NarrowAbsorbBiasBase<AbsorbBias> {
  using NarrowAbsorbBiasBase::NarrowAbsorbBiasBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Float, Stage::Imported})))
      return signalPassFailure();
    ChannelGraph graph(getOperation());
    std::vector<ChannelLayer> &layers = graph.getLayers();
    int64_t moved = 0, unknown = 0, padded = 0;
    for (const ChannelGraph::Group &group : graph.getGroups()) {
      if (group.sources.size() != 1 || group.sinks.size() != 1)
        continue;
      ChannelLayer &from = layers[group.sources.front()], &to = layers[group.sinks.front()];
      bool throughReLU = false;
      if (from.bias.empty() || to.bias.empty() || !isChain(from.op, to.op, throughReLU))
        continue;
      if (from.mean.empty() || from.deviation.empty()) {
        ++unknown;
        continue;
      }
      if (!isUnpadded(to.op)) {
        ++padded;
        continue;
      }
      int64_t before = moved;
      for (const ChannelGraph::Class &channel : group.classes)
        moved += absorb(from, to, channel, throughReLU);
      numPairs += moved != before;
    }
    numChannels += moved;
    if (failed(graph.write()))
      return signalPassFailure();
    InFlightDiagnostic remark = emitRemark(getOperation().getLoc())
                                << "narrow-absorb-bias: biases of " << moved << " channels moved";
    if (padded)
      remark << "; " << padded << " pairs of layers left alone because the second pads with 0";
    if (unknown)
      remark << "; " << unknown << " because nothing is known of the first's results";
  }

private:
  /// Whether nothing stands between two layers but a ReLU and ops that keep a shift.
  static bool isChain(Operation *from, Operation *to, bool &throughReLU) {
    Operation *op = getOnlyUser(from->getResult(0));
    for (; op && op != to; op = getOnlyUser(op->getResult(0))) {
      if (isReLU(op))
        throughReLU = true;
      else if (!keepsShift(op))
        return false;
    }
    return op == to;
  }

  /// Returns whether anything was.
  static bool absorb(ChannelLayer &from, ChannelLayer &to, const ChannelGraph::Class &channel,
                     bool throughReLU) {
    // Of a channel that is read in part (sliced), everything that is read takes it.
    int64_t source = channel.sources.front().channel;
    double mean = from.mean[source];
    double amount = throughReLU           ? numerics::absorbableBias(mean, from.deviation[source])
                    : std::isfinite(mean) ? mean
                                          : 0;
    if (amount == 0)
      return false;
    from.bias[source] -= amount;
    from.mean[source] -= amount;
    from.changed = to.changed = true;
    for (ChannelGraph::Port port : channel.sinks)
      to.visitInput(port.channel,
                    [&](int64_t weight, int64_t output) { to.bias[output] += to.weights[weight] * amount; });
    return true;
  }
};

} // namespace
