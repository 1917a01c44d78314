//===- TosaQuantizable.cpp - QuantizableOpInterface of the TOSA ops -------===//
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Clamp.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Numerics/QuantParams.h"
#include <cmath>

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

/// Each element of the result is one of the operand's.
template <typename Op>
struct SelectionModel : QuantizableOpInterface::ExternalModel<SelectionModel<Op>, Op> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
  bool commutesWithQuantization(Operation *) const { return true; }
};

struct PadModel : QuantizableOpInterface::ExternalModel<PadModel, tosa::PadOp> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
  bool commutesWithQuantization(Operation *) const { return true; }
  bool keepsCodes(Operation *op, quant::UniformQuantizedType type) const {
    auto number = getFloats(cast<tosa::PadOp>(op).getPadConst());
    return number && number->size() == 1 && hasCodeOf(type, number->front());
  }
};

struct ResizeModel : QuantizableOpInterface::ExternalModel<ResizeModel, tosa::ResizeOp> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
  bool commutesWithQuantization(Operation *op) const {
    return cast<tosa::ResizeOp>(op).getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR;
  }
};

struct ConcatModel : QuantizableOpInterface::ExternalModel<ConcatModel, tosa::ConcatOp> {
  QuantizationKind getQuantizationKind(Operation *) const { return QuantizationKind::SameScale; }
  bool commutesWithQuantization(Operation *) const { return true; }
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
  bool commutesWithQuantization(Operation *) const { return true; }
  bool keepsCodes(Operation *op, quant::UniformQuantizedType type) const {
    std::optional<ClampBounds> bounds = getActivationBounds(cast<tosa::ClampOp>(op));
    if (!bounds)
      return false;
    numerics::QuantParams params{static_cast<float>(type.getScale()), type.getZeroPoint()};
    double least = numerics::dequantizeDouble(type.getStorageTypeMin(), params),
           greatest = numerics::dequantizeDouble(type.getStorageTypeMax(), params);
    // No element is beyond the codes: a bound there changes none.
    return (bounds->lowest <= least || hasCodeOf(type, bounds->lowest)) &&
           (bounds->highest >= greatest || hasCodeOf(type, bounds->highest));
  }
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

bool narrow::hasCodeOf(quant::UniformQuantizedType type, double number) {
  constexpr double tolerance = 0x1p-12; // of a code: a number and a scale are each rounded to f32
  double code = number / type.getScale() + static_cast<double>(type.getZeroPoint());
  return std::abs(code - std::round(code)) <= tolerance &&
         std::round(code) >= static_cast<double>(type.getStorageTypeMin()) &&
         std::round(code) <= static_cast<double>(type.getStorageTypeMax());
}

void narrow::registerTosaQuantizableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attach<ConvModel, tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(context);
    attach<BinaryModel, tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp>(context);
    attach<ReductionModel, tosa::ReduceSumOp>(context);
    attach<SelectionModel, tosa::MaxPool2dOp, tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp,
           tosa::ReverseOp, tosa::TileOp>(context);
    tosa::PadOp::attachInterface<PadModel>(*context);
    tosa::ResizeOp::attachInterface<ResizeModel>(*context);
    tosa::ConcatOp::attachInterface<ConcatModel>(*context);
    tosa::AvgPool2dOp::attachInterface<AvgPoolModel>(*context);
    tosa::ClampOp::attachInterface<ClampModel>(*context);
    attach<TableModel, tosa::SigmoidOp, tosa::TanhOp, tosa::ErfOp, tosa::ExpOp, tosa::LogOp, tosa::RsqrtOp,
           tosa::ReciprocalOp, tosa::AbsOp, tosa::NegateOp, tosa::CeilOp, tosa::FloorOp>(context);
  });
}
