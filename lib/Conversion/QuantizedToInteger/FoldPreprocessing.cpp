//===- FoldPreprocessing.cpp - narrow-fold-preprocessing ------------------===//
#include "narrow/Analysis/Stage.h"
#include "narrow/Calibration/Table.h"
#include "narrow/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/QuantParams.h"
#include "llvm/ADT/StringExtras.h"

namespace narrow {
#define GEN_PASS_DEF_NARROWFOLDPREPROCESSING
#include "narrow/Conversion/Passes.h.inc"
} // namespace narrow

using namespace mlir;
using namespace narrow;

namespace {

/// Codes of the 256 values of a pixel, as tosa.table has them: from -128 on. A
/// u8 above 127 has the bits of a negative i8.
using CodeTable = std::array<int8_t, 256>;

CodeTable makeTable(float mean, float std, quant::UniformQuantizedType type) {
  numerics::QuantParams params{static_cast<float>(type.getScale()), type.getZeroPoint()};
  numerics::CodeRange codes{type.getStorageTypeMin(), type.getStorageTypeMax()};
  CodeTable table;
  for (int i = 0; i < 256; ++i)
    table[i] = static_cast<int8_t>(
        numerics::quantize(normalizePixel(static_cast<uint8_t>(i - 128), mean, std), params, codes));
  return table;
}

Value lookUp(OpBuilder &builder, Location loc, Value pixels, const CodeTable &table) {
  auto type = RankedTensorType::get({256}, builder.getI8Type());
  auto constant =
      tosa::ConstOp::create(builder, loc, type, DenseElementsAttr::get(type, ArrayRef<int8_t>(table)));
  return tosa::TableOp::create(builder, loc, pixels.getType(), pixels, constant);
}

/// The part of `pixels` that is channel `channel`.
Value takeChannel(OpBuilder &builder, Location loc, Value pixels, unsigned axis, int64_t channel) {
  auto type = cast<RankedTensorType>(pixels.getType());
  SmallVector<int64_t> start(type.getRank(), 0), size(type.getShape());
  start[axis] = channel;
  size[axis] = 1;
  auto shape = [&](ArrayRef<int64_t> values) {
    return tosa::ConstShapeOp::create(builder, loc, tosa::shapeType::get(builder.getContext(), values.size()),
                                      builder.getIndexTensorAttr(values));
  };
  return tosa::SliceOp::create(builder, loc, type.clone(size), pixels, shape(start), shape(size));
}

/// Input `index` of the model becomes u8.
llvm::Error foldInput(func::FuncOp main, func::FuncOp entry, unsigned index,
                      const InputPreprocessing &input) {
  auto fail = [&](const Twine &why) {
    return llvm::createStringError("--fold-preprocessing: input '" + input.input + "' " + why);
  };
  if (main.getArgAttr(index, attrs::unsignedBytes))
    return fail("takes uint8 already");
  BlockArgument argument = entry.getArgument(index);
  auto quantize = argument.hasOneUse() ? dyn_cast<QuantizeOp>(*argument.user_begin()) : QuantizeOp();
  auto cast = quantize && quantize->hasOneUse() ? dyn_cast<quant::StorageCastOp>(*quantize->user_begin())
                                                : quant::StorageCastOp();
  auto type = quantize ? dyn_cast<quant::UniformQuantizedType>(getElementTypeOrSelf(quantize.getType()))
                       : quant::UniformQuantizedType();
  if (!cast || !type || !getElementTypeOrSelf(cast.getType()).isSignlessInteger(8) || !type.isSigned())
    return fail("is not quantized to i8 before anything else is done to it");
  auto shape = llvm::cast<RankedTensorType>(argument.getType());
  // As the reader of samples has it: axis 1 of pictures, else the last one.
  unsigned axis = shape.getRank() >= 3 ? 1 : shape.getRank() - 1;
  int64_t channels = shape.getDimSize(axis);
  for (ArrayRef<float> values : {ArrayRef(input.values.mean), ArrayRef(input.values.std)})
    if (values.size() != 1 && static_cast<int64_t>(values.size()) != channels)
      return fail("has " + Twine(channels) + " channels, --mean or --std has " + Twine(values.size()) +
                  " values: state one value or one a channel");

  auto of = [](ArrayRef<float> values, int64_t channel) { return values[values.size() == 1 ? 0 : channel]; };
  SmallVector<CodeTable> tables;
  for (int64_t channel = 0; channel < channels; ++channel)
    tables.push_back(makeTable(of(input.values.mean, channel), of(input.values.std, channel), type));
  argument.setType(shape.clone(IntegerType::get(entry.getContext(), 8)));
  OpBuilder builder(quantize);
  Location loc = quantize.getLoc();
  Value codes;
  if (llvm::all_equal(tables)) {
    codes = lookUp(builder, loc, argument, tables.front());
  } else {
    SmallVector<Value> parts;
    for (int64_t channel = 0; channel < channels; ++channel)
      parts.push_back(
          lookUp(builder, loc, takeChannel(builder, loc, argument, axis, channel), tables[channel]));
    codes = tosa::ConcatOp::create(builder, loc, argument.getType(), parts, axis);
  }
  codes.getDefiningOp()->setAttr(attrs::id, builder.getStringAttr(input.input + "/codes"));
  cast.getResult().replaceAllUsesWith(codes);
  cast.erase();
  quantize.erase();
  main.getArgument(index).setType(argument.getType());
  main.setArgAttr(index, attrs::unsignedBytes, builder.getUnitAttr());
  for (func::FuncOp function : {main, entry})
    function.setFunctionType(FunctionType::get(function.getContext(), function.getBody().getArgumentTypes(),
                                               function.getResultTypes()));
  return llvm::Error::success();
}

} // namespace

/// The numbers of one channel or of each, separated by ';'.
static std::string spell(ArrayRef<float> values) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(values, os, [&](float value) { os << llvm::format("%.9g", value); }, ";");
  return text;
}

static std::optional<std::vector<float>> parse(StringRef text) {
  std::vector<float> values;
  for (StringRef part : llvm::split(text, ';')) {
    double value;
    if (part.trim().getAsDouble(value))
      return std::nullopt;
    values.push_back(static_cast<float>(value));
  }
  return values;
}

std::string narrow::spellPreprocessing(const InputPreprocessing &input) {
  return input.input + ":" + spell(input.values.mean) + ":" + spell(input.values.std);
}

namespace {
struct FoldPreprocessing : narrow::impl::NarrowFoldPreprocessingBase<FoldPreprocessing> {
  using NarrowFoldPreprocessingBase::NarrowFoldPreprocessingBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Integer})))
      return signalPassFailure();
    for (const std::string &text : inputs)
      if (llvm::Error error = fold(text)) {
        emitError(UnknownLoc::get(&getContext())) << llvm::toString(std::move(error));
        return signalPassFailure();
      }
  }

private:
  llvm::Error fold(StringRef text) {
    auto [rest, std] = text.rsplit(':');
    auto [name, mean] = rest.rsplit(':');
    std::optional<std::vector<float>> means = parse(mean), stds = parse(std);
    if (name.empty() || !means || !stds)
      return llvm::createStringError(
          "narrow-fold-preprocessing: input takes <name>:<mean>;...:<std>;..., got '" + text + "'");
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    auto entry = module.lookupSymbol<func::FuncOp>("quantize_inputs");
    if (!main || !entry || entry.isExternal() || entry.getNumArguments() != main.getNumArguments())
      return llvm::createStringError("--fold-preprocessing needs a model of the integer stage or one before");
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (auto own = main.getArgAttrOfType<StringAttr>(i, attrs::name); own && own.getValue() == name)
        if (llvm::Error error =
                foldInput(main, entry, i, {name.str(), {std::move(*means), std::move(*stds)}}))
          return error;
    return llvm::Error::success();
  }
};
} // namespace
