//===- LayerInputs.cpp - What the products of a contraction read ----------===//
#include "LayerInputs.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Numerics/WeightRounding.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// ContractionShape
//===----------------------------------------------------------------------===//

std::optional<ContractionShape> ContractionShape::get(Operation *op) {
  ContractionShape shape{};
  auto window = [&](auto conv) {
    shape.padTop = conv.getPad()[0], shape.padLeft = conv.getPad()[2];
    shape.strideY = conv.getStride()[0], shape.strideX = conv.getStride()[1];
    shape.dilationY = conv.getDilation()[0], shape.dilationX = conv.getDilation()[1];
    return true;
  };
  bool known = llvm::TypeSwitch<Operation *, bool>(op)
                   .Case<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, Conv2DOp>(window)
                   .Default(false);
  if (!known)
    return std::nullopt;
  auto input = cast<RankedTensorType>(op->getOperand(0).getType()).getShape();
  auto weight = cast<RankedTensorType>(op->getOperand(1).getType()).getShape();
  auto output = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  shape.batch = input[0], shape.height = input[1], shape.width = input[2], shape.channels = input[3];
  shape.outHeight = output[1], shape.outWidth = output[2];
  shape.isDepthwise = isa<tosa::DepthwiseConv2DOp>(op);
  shape.kernelHeight = weight[shape.isDepthwise ? 0 : 1];
  shape.kernelWidth = weight[shape.isDepthwise ? 1 : 2];
  if (auto grouped = dyn_cast<Conv2DOp>(op))
    shape.groups = grouped.getGroup();
  else
    shape.groups = shape.isDepthwise ? shape.channels : 1;
  shape.depth = shape.channels / shape.groups;
  shape.groupOutputs = output[3] / shape.groups;
  return shape;
}

int64_t ContractionShape::getWeightIndex(int64_t g, int64_t o, int64_t k) const {
  if (isDepthwise)
    return (k * groups + g) * groupOutputs + o;
  return (g * groupOutputs + o) * getDepth() + k;
}

void ContractionShape::gather(ArrayRef<float> input, int64_t pixel, MutableArrayRef<float> row) const {
  int64_t n = pixel / (outHeight * outWidth), y = pixel / outWidth % outHeight, x = pixel % outWidth;
  float *out = row.data();
  for (int64_t ky = 0; ky < kernelHeight; ++ky)
    for (int64_t kx = 0; kx < kernelWidth; ++kx, out += channels) {
      int64_t inY = y * strideY + ky * dilationY - padTop, inX = x * strideX + kx * dilationX - padLeft;
      if (inY < 0 || inX < 0 || inY >= height || inX >= width)
        std::fill_n(out, channels, 0.0f);
      else
        std::copy_n(input.data() + ((n * height + inY) * width + inX) * channels, channels, out);
    }
}

int64_t RowPlan::getPixel(int64_t run, int64_t row) const {
  // One pixel of each of as many equal parts as the run has rows.
  int64_t first = getFirst(run), count = getFirst(run + 1) - first, part = row - first;
  int64_t begin = part * pixels / count, end = (part + 1) * pixels / count;
  double u = numerics::counterUniform(seed, static_cast<uint32_t>(row));
  return begin + static_cast<int64_t>(u * static_cast<double>(end - begin));
}

//===----------------------------------------------------------------------===//
// The observed copy
//===----------------------------------------------------------------------===//

void narrow::removeObservers(ModuleOp module, bool simulate) {
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp op) { observers.push_back(op); });
  for (ObserveOp op : observers) {
    Value value = op.getInput();
    if (simulate && !op.getWeight() && op.getQuantizedType() && !op->hasAttr(attrs::floatReason)) {
      OpBuilder builder(op);
      Type codes = cast<RankedTensorType>(value.getType()).clone(*op.getQuantizedType());
      auto quantize = QuantizeOp::create(builder, op.getLoc(), codes, value);
      value = DequantizeOp::create(builder, op.getLoc(), value.getType(), quantize.getOutput());
    }
    op.getOutput().replaceAllUsesWith(value);
    op.erase();
  }
}

void narrow::restoreWeights(ModuleOp module) {
  module.walk([](ObserveOp op) {
    if (ElementsAttr weight = op.getUnroundedAttr()) {
      OpBuilder builder(op);
      op.getInputMutable().assign(
          tosa::ConstOp::create(builder, op.getInput().getLoc(), op.getType(), weight));
    }
  });
}

OwningOpRef<ModuleOp> narrow::observeInputs(ModuleOp module, ArrayRef<Operation *> contractions,
                                            bool simulate) {
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(mapping));
  removeObservers(*copy, simulate);
  Value last;
  for (Operation *op : contractions) {
    Operation *target = mapping.lookup(op);
    OpOperand &operand =
        target->getOpOperand(cast<QuantizableOpInterface>(op).getActivationOperands().front());
    OpBuilder builder(target);
    auto observe = ObserveOp::create(builder, target->getLoc(), operand.get(),
                                     (getTensorId(op->getResult(0)) + "/input").str(), /*weight=*/false,
                                     RangeAttr(), SchemeAttr(), TypeAttr());
    operand.set(observe.getOutput());
    last = observe.getInput();
  }
  // The function ends with the last of them: what comes after is not computed.
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  Operation *terminator = main.getBody().front().getTerminator();
  terminator->setOperands(last);
  main.setFunctionType(FunctionType::get(module.getContext(), main.getArgumentTypes(), last.getType()));
  Builder builder(module.getContext());
  DictionaryAttr name =
      builder.getDictionaryAttr(builder.getNamedAttr(attrs::name, builder.getStringAttr("last")));
  main.setAllResultAttrs(ArrayRef(name));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return copy;
}
