//===- FormXnor.cpp - Convolutions of signs -------------------------------===//
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Signs.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/Passes.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWFORMXNOR
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

using numerics::signsPerWord;

/// A tensor of codes -magnitude and magnitude.
struct Signs {
  Value codes;       ///< they are minus
  int64_t threshold; ///< where these are less
  int64_t magnitude;
};

/// Weights of one magnitude in each output channel.
struct SignWeights {
  std::vector<int32_t> words; ///< [O, KH, KW, words]
  SmallVector<int64_t> magnitudes;
};

/// What `value` is if two codes, -c and c, are made of the sign of a sum.
std::optional<Signs> matchRescaledSigns(Value value) {
  auto rescale = value.getDefiningOp<tosa::RescaleOp>();
  auto below = rescale ? rescale.getInput().getDefiningOp<tosa::ArithmeticRightShiftOp>() : nullptr;
  if (!below || rescale.getPerChannel() || !getElementTypeOrSelf(value).isInteger(8) ||
      !getElementTypeOrSelf(rescale.getInput()).isInteger(32))
    return std::nullopt;
  auto only = [](Value constant) -> std::optional<int64_t> {
    auto values = getIntegers(getConstant(constant));
    return values && !values->empty() && llvm::all_equal(*values) ? std::optional(values->front())
                                                                  : std::nullopt;
  };
  auto places = only(below.getInput2()), multiplier = only(rescale.getMultiplier()),
       shift = only(rescale.getShift()), zeroIn = only(rescale.getInputZp()),
       magnitude = only(rescale.getOutputZp());
  if (places != 31 || zeroIn != 0 || !multiplier || !shift || !magnitude || *magnitude <= 0 ||
      *multiplier != *magnitude * 2 << *shift)
    return std::nullopt;
  return Signs{value, 0, *magnitude};
}

/// What `value` is if its codes are -c and c, for a table with two entries or the sign of a sum.
std::optional<Signs> matchSigns(Value value) {
  if (std::optional<Signs> signs = matchRescaledSigns(value))
    return signs;
  auto table = value.getDefiningOp<tosa::TableOp>();
  std::optional<std::vector<int64_t>> entries;
  if (!table || !getElementTypeOrSelf(table.getInput1()).isInteger(8) ||
      !(entries = getIntegers(getConstant(table.getTable()))))
    return std::nullopt;
  int64_t c = std::abs(entries->front());
  if (c == 0 || llvm::any_of(*entries, [&](int64_t entry) { return std::abs(entry) != c; }))
    return std::nullopt;
  auto isMinus = [](int64_t entry) { return entry < 0; };
  int64_t minus = llvm::count_if(*entries, isMinus);
  bool isStep = minus > 0 && minus < static_cast<int64_t>(entries->size()) &&
                llvm::all_of(ArrayRef(*entries).take_front(minus), isMinus);
  if (isStep)
    return Signs{table.getInput1(), minus - 128, c};
  return Signs{value, 0, c};
}

std::optional<SignWeights> matchWeights(tosa::Conv2DOp op) {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  auto values = getIntegers(getConstant(op.getWeight()));
  auto zp = getIntegers(op.getWeightZp());
  if (!values || !zp || zp->front() != 0)
    return std::nullopt;
  SignWeights weights;
  int64_t channels = shape[3], perOutput = shape[1] * shape[2] * channels;
  for (ArrayRef<int64_t> rest = *values; !rest.empty(); rest = rest.drop_front(perOutput)) {
    int64_t magnitude = std::abs(rest.front());
    for (int64_t weight : rest.take_front(perOutput))
      if (std::abs(weight) != magnitude)
        return std::nullopt;
    weights.magnitudes.push_back(magnitude);
    for (int64_t tap = 0; tap < perOutput; tap += channels) {
      std::vector<float> signs;
      for (int64_t weight : rest.slice(tap, channels))
        signs.push_back(static_cast<float>(weight));
      for (uint32_t word : numerics::packSigns(signs))
        weights.words.push_back(static_cast<int32_t>(word));
    }
  }
  return weights;
}

struct FormXnor : impl::NarrowFormXnorBase<FormXnor> {
  using NarrowFormXnorBase::NarrowFormXnorBase;

  void runOnOperation() override {
    if (failed(requireCodeStage(getOperation())))
      return signalPassFailure();
    FailureOr<TargetDescription> target = TargetDescription::get(getOperation());
    if (failed(target))
      return signalPassFailure();
    if (target->popcount == 0)
      return;
    SmallVector<tosa::Conv2DOp> convolutions;
    getOperation().walk([&](tosa::Conv2DOp op) { convolutions.push_back(op); });
    for (tosa::Conv2DOp op : convolutions)
      if (isFaster(op, *target))
        form(op);
  }

private:
  bool isFaster(tosa::Conv2DOp op, const TargetDescription &target) const;
  void form(tosa::Conv2DOp op);

  /// What is packed already.
  DenseMap<std::pair<Value, int64_t>, Value> packed;
};

/// By the instructions for one output; packing the input is nothing beside.
bool FormXnor::isFaster(tosa::Conv2DOp op, const TargetDescription &target) const {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t asWords = shape[1] * shape[2] * llvm::divideCeil(shape[3], signsPerWord) * (target.popcount + 2);
  int64_t asCodes =
      shape[1] * llvm::divideCeil(shape[2] * shape[3], target.group()) * target.dotInstructions();
  return asWords < asCodes;
}

void FormXnor::form(tosa::Conv2DOp op) {
  std::optional<Signs> signs = matchSigns(op.getInput());
  auto zp = getIntegers(op.getInputZp());
  if (!signs || !zp || zp->front() != 0)
    return;
  std::optional<SignWeights> weights = matchWeights(op);
  if (!weights)
    return;
  OpBuilder builder(op);
  auto input = cast<RankedTensorType>(op.getInput().getType());
  int64_t channels = input.getShape().back(), words = llvm::divideCeil(channels, signsPerWord);
  auto withWords = [&](ShapedType type) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = words;
    return RankedTensorType::get(shape, builder.getI32Type());
  };
  Value &bits = packed[{signs->codes, signs->threshold}];
  if (!bits) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(signs->codes);
    bits = PackSignsOp::create(builder, op.getLoc(), withWords(input), signs->codes, signs->threshold);
  }
  auto weightType = withWords(cast<ShapedType>(op.getWeight().getType()));
  Value weight = tosa::ConstOp::create(builder, op.getLoc(), weightType,
                                       DenseElementsAttr::get(weightType, ArrayRef(weights->words)));
  SmallVector<int64_t> factors;
  for (int64_t magnitude : weights->magnitudes)
    factors.push_back(magnitude * signs->magnitude);
  if (llvm::all_equal(factors))
    factors.resize(1);
  auto xnor = XnorConv2DOp::create(builder, op.getLoc(), op.getType(), bits, weight, op.getBias(), channels,
                                   factors, op.getPad(), op.getStride(), op.getDilation());
  copyId(op, xnor);
  op.replaceAllUsesWith(xnor.getResult());
  op.erase();
  ++numFormed;
}

} // namespace
} // namespace narrow
