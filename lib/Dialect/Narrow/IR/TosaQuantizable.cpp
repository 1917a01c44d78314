//===- TosaQuantizable.cpp - QuantizableOpInterface of the TOSA ops -------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"

using namespace mlir;
using namespace narrow;

namespace {

template <typename Op>
struct ConvModel : QuantizableOpInterface::ExternalModel<ConvModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::Contraction; }
  std::optional<unsigned> getWeightOperand(Operation *) const { return 1; }
  std::optional<unsigned> getBiasOperand(Operation *) const { return 2; }
  SmallVector<int64_t> getWeightChannelAxes(Operation *) const {
    if (std::is_same_v<Op, tosa::DepthwiseConv2DOp>)
      return {2, 3};
    return {0};
  }
  SmallVector<int64_t> getWeightReductionAxes(Operation *) const {
    if (std::is_same_v<Op, tosa::DepthwiseConv2DOp>)
      return {0, 1};
    return {1, 2, 3};
  }
};

/// Two activations.
template <typename Op>
struct BinaryModel : QuantizableOpInterface::ExternalModel<BinaryModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::Arithmetic; }
  SmallVector<unsigned> getActivationOperands(Operation *) const { return {0, 1}; }
  bool addsAccumulators(Operation *) const { return std::is_same_v<Op, tosa::AddOp>; }
};

/// One activation, computed in i32.
template <typename Op>
struct ReductionModel : QuantizableOpInterface::ExternalModel<ReductionModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::Arithmetic; }
};

template <typename Op>
struct SameScaleModel : QuantizableOpInterface::ExternalModel<SameScaleModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
};

struct ConcatModel : QuantizableOpInterface::ExternalModel<ConcatModel, tosa::ConcatOp> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
  SmallVector<unsigned> getActivationOperands(Operation *op) const {
    return llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  }
};

/// An average over the whole plane is exact in i32 and gets parameters of its
/// own; a local average keeps those of its input, as TOSA's integer op does.
struct AvgPoolModel : QuantizableOpInterface::ExternalModel<AvgPoolModel, tosa::AvgPool2dOp> {
  QuantizationKind getQuantizationKind(Operation *op) const {
    auto pool = cast<tosa::AvgPool2dOp>(op);
    auto type = cast<RankedTensorType>(pool.getInput().getType());
    bool global = pool.getKernel() == type.getShape().slice(1, 2) &&
                  llvm::all_of(pool.getPad(), [](int64_t p) { return p == 0; });
    return global ? QuantizationKind::Arithmetic : QuantizationKind::SameScale;
  }
};

struct ClampModel : QuantizableOpInterface::ExternalModel<ClampModel, tosa::ClampOp> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::Clamp; }
  std::optional<std::pair<double, double>> getKnownRange(Operation *op) const {
    std::optional<ClampBounds> bounds = getActivationBounds(cast<tosa::ClampOp>(op));
    if (!bounds || (std::isinf(bounds->lowest) && std::isinf(bounds->highest)))
      return std::nullopt;
    return std::make_pair(bounds->lowest, bounds->highest);
  }
};

template <typename Op>
struct TableModel : QuantizableOpInterface::ExternalModel<TableModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::Elementwise; }
  std::optional<std::pair<double, double>> getKnownRange(Operation *) const {
    if (std::is_same_v<Op, tosa::SigmoidOp>)
      return std::make_pair(0.0, 1.0);
    if (std::is_same_v<Op, tosa::TanhOp> || std::is_same_v<Op, tosa::ErfOp>)
      return std::make_pair(-1.0, 1.0);
    return std::nullopt;
  }
};

template <template <typename> class Model, typename... Ops>
void attach(MLIRContext *context) {
  (Ops::template attachInterface<Model<Ops>>(*context), ...);
}

} // namespace

void narrow::registerTosaQuantizableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<ConvModel, tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(context);
    attach<BinaryModel, tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp>(context);
    attach<ReductionModel, tosa::ReduceSumOp>(context);
    attach<SameScaleModel, tosa::MaxPool2dOp, tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp, tosa::PadOp,
           tosa::ReverseOp, tosa::TileOp, tosa::ResizeOp>(context);
    tosa::ConcatOp::attachInterface<ConcatModel>(*context);
    tosa::AvgPool2dOp::attachInterface<AvgPoolModel>(*context);
    tosa::ClampOp::attachInterface<ClampModel>(*context);
    attach<TableModel, tosa::SigmoidOp, tosa::TanhOp, tosa::ErfOp, tosa::ExpOp, tosa::LogOp, tosa::RsqrtOp,
           tosa::ReciprocalOp, tosa::AbsOp, tosa::NegateOp, tosa::CeilOp, tosa::FloorOp>(context);
  });
}
