//===- ConvolutionKernels.cpp - The kernels of convolutions ---------------===//
#include "KernelModels.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

static int64_t countProductsOfWeights(Operation *op) {
  auto weights = cast<RankedTensorType>(op->getOperand(1).getType());
  int64_t outputs = cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  return outputs * (weights.getNumElements() / shapeOf(op->getResult(0)).back());
}

static std::optional<int64_t> getMostMagnitude(Value weights, int64_t zeroPoint) {
  auto codes = getIntegers(getConstant(weights));
  if (!codes)
    return std::nullopt;
  int64_t most = 0;
  for (int64_t code : *codes)
    most = std::max(most, std::abs(code - zeroPoint));
  return most;
}

static std::optional<Padding> getPaddingOf(Operation *op, ArrayRef<int64_t> pad, int64_t zeroPoint) {
  if (llvm::all_of(pad, [](int64_t p) { return p == 0; }))
    return std::nullopt;
  return Padding{{pad[0], pad[1], pad[2], pad[3]}, isFloat(op->getOperand(0)) ? 0 : zeroPoint};
}

namespace {

template <typename Op>
struct TosaConvolutionModel : KernelOpInterface::ExternalModel<TosaConvolutionModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Contraction; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const {
    if (auto depthwise = dyn_cast<tosa::DepthwiseConv2DOp>(op))
      return emitDepthwise(depthwise, k);
    return emitContraction(op, k);
  }
  std::optional<Padding> getPadding(Operation *op) const {
    auto zeroPoint = getIntegers(cast<Op>(op).getInputZp());
    return getPaddingOf(op, cast<Op>(op).getPad(), zeroPoint && !zeroPoint->empty() ? zeroPoint->front() : 0);
  }
  int64_t countProducts(Operation *op) const { return countProductsOfWeights(op); }
  std::optional<int64_t> getMostWeight(Operation *op) const {
    if (isFloat(op->getResult(0)))
      return 0;
    auto zeroPoint = getIntegers(cast<Op>(op).getWeightZp());
    return zeroPoint ? getMostMagnitude(op->getOperand(1), zeroPoint->front()) : std::nullopt;
  }
};

struct GroupedConvolutionModel : KernelOpInterface::ExternalModel<GroupedConvolutionModel, Conv2DOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Contraction; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const { return emitContraction(op, k); }
  std::optional<Padding> getPadding(Operation *op) const {
    return getPaddingOf(op, cast<Conv2DOp>(op).getPad(), cast<Conv2DOp>(op).getInputZp());
  }
  int64_t countProducts(Operation *op) const { return countProductsOfWeights(op); }
  std::optional<int64_t> getMostWeight(Operation *op) const {
    return isFloat(op->getResult(0)) ? 0 : getMostMagnitude(op->getOperand(1), 0);
  }
};

/// Words of signs, which no dot product of codes multiplies.
struct XnorModel : KernelOpInterface::ExternalModel<XnorModel, XnorConv2DOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Contraction; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &k) const { return emitContraction(op, k); }
  std::optional<Padding> getPadding(Operation *op) const {
    std::optional<Padding> padding = getPaddingOf(op, cast<XnorConv2DOp>(op).getPad(), 0);
    if (padding)
      padding->isCode = false; // Words are stored as they are.
    return padding;
  }
  int64_t countProducts(Operation *op) const {
    auto xnor = cast<XnorConv2DOp>(op);
    ArrayRef<int64_t> weights = shapeOf(op->getOperand(1));
    int64_t outputs = cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
    return outputs * weights[1] * weights[2] * xnor.getChannels();
  }
  std::optional<int64_t> getMostWeight(Operation *) const { return 0; }
};

} // namespace

void narrow::registerConvolutionKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::Conv2DOp::attachInterface<TosaConvolutionModel<tosa::Conv2DOp>>(*context);
    tosa::DepthwiseConv2DOp::attachInterface<TosaConvolutionModel<tosa::DepthwiseConv2DOp>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    Conv2DOp::attachInterface<GroupedConvolutionModel>(*context);
    XnorConv2DOp::attachInterface<XnorModel>(*context);
  });
}
