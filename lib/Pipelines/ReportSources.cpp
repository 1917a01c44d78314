//===- ReportSources.cpp - One source of error at a time ------------------===//
#include "ReportSources.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/QuantParams.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace narrow;
using numerics::QuantParams;

StringRef narrow::getName(ErrorSource source) {
  static constexpr StringLiteral names[kNumErrorSources] = {"weights", "clipping", "rounding",
                                                            "requantization", "approximation"};
  return names[static_cast<unsigned>(source)];
}

void ErrorSplit::merge(const ErrorSplit &other) {
  if (other.count == 0)
    return;
  bool first = count == 0;
  count += other.count;
  signal += other.signal;
  total += other.total;
  for (auto [mine, theirs] : llvm::zip_equal(noise, other.noise))
    if (first)
      mine = theirs;
    else if (mine && theirs)
      *mine += *theirs;
    else
      mine.reset(); // Only sums over all samples mean something.
}

std::optional<double> ErrorSplit::share(ErrorSource source) const {
  std::optional<double> value = noise[static_cast<unsigned>(source)];
  return count && signal > 0 && value ? std::optional(*value / signal) : std::nullopt;
}

std::optional<double> ErrorSplit::totalShare() const {
  return count && signal > 0 ? std::optional(total / signal) : std::nullopt;
}

std::optional<double> ErrorSplit::interaction() const {
  std::optional<double> rest = totalShare();
  for (std::optional<double> value : noise)
    if (!value)
      return std::nullopt;
    else if (rest)
      *rest -= *value / signal;
  // What is left of sums of doubles that cancel is no interaction.
  if (rest && std::abs(*rest) < 1e-9 * *totalShare())
    rest = 0;
  return rest;
}

std::optional<ErrorSource> ErrorSplit::largest() const {
  std::optional<ErrorSource> source;
  double most = 0;
  for (auto [i, value] : llvm::enumerate(noise))
    if (value && *value > most) {
      most = *value;
      source = static_cast<ErrorSource>(i);
    }
  return source;
}

namespace {

class Isolation {
public:
  Isolation(ModuleOp module, ModuleOp original, ErrorSource source, std::vector<std::string> &unsplit)
      : module(module), source(source), unsplit(unsplit) {
    original.walk([&](Operation *op) {
      if (auto id = op->getAttrOfType<StringAttr>(attrs::id))
        originals.try_emplace(id.getValue(), op);
    });
  }

  void run() {
    // What scales of tokens do is rounding, and nothing else.
    SmallVector<RoundTokensOp> tokens;
    module.walk([&](RoundTokensOp op) { tokens.push_back(op); });
    for (RoundTokensOp op : tokens)
      if (source != ErrorSource::Rounding) {
        op.getOutput().replaceAllUsesWith(op.getInput());
        op.erase();
      }
    SmallVector<DequantizeOp> ops;
    module.walk([&](DequantizeOp op) { ops.push_back(op); });
    for (DequantizeOp op : ops) {
      Operation *codes = op.getInput().getDefiningOp();
      if (auto quantize = dyn_cast_or_null<QuantizeOp>(codes))
        replaceActivation(quantize, op);
      else if (isa_and_nonnull<quant::StorageCastOp>(codes) && source != ErrorSource::Weights)
        restoreConstant(op);
    }
  }

private:
  /// The pair of `quantize` and `dequantize` becomes the part of it that the source is.
  void replaceActivation(QuantizeOp quantize, DequantizeOp dequantize) {
    OpBuilder builder(dequantize);
    Value x = quantize.getInput(), result = x;
    Location loc = dequantize.getLoc();
    auto type = dyn_cast<quant::UniformQuantizedType>(getElementTypeOrSelf(quantize.getOutput().getType()));
    if (source != ErrorSource::Weights && type) {
      QuantParams params{static_cast<float>(type.getScale()), type.getZeroPoint()};
      float ends[] = {numerics::dequantize(type.getStorageTypeMin(), params),
                      numerics::dequantize(type.getStorageTypeMax(), params)};
      Value inside =
          tosa::ClampOp::create(builder, loc, x.getType(), x, builder.getF32FloatAttr(ends[0]),
                                builder.getF32FloatAttr(ends[1]), tosa::NanPropagationMode::PROPAGATE);
      result = inside;
      if (source == ErrorSource::Rounding) {
        // x + (rounded - inside): what lies outside keeps its distance.
        Value codes = QuantizeOp::create(builder, loc, quantize.getOutput().getType(), inside);
        Value rounded = DequantizeOp::create(builder, loc, x.getType(), codes);
        Value error = tosa::SubOp::create(builder, loc, x.getType(), rounded, inside);
        result = tosa::AddOp::create(builder, loc, x.getType(), x, error);
      }
    } else if (source == ErrorSource::Rounding) {
      return; // Codes of several scales: clipping is not told apart.
    }
    if (result != x)
      if (auto id = quantize->getAttr(attrs::id))
        result.getDefiningOp()->setAttr(attrs::id, id);
    dequantize.getOutput().replaceAllUsesWith(result);
    dequantize.erase();
    if (quantize->use_empty())
      quantize.erase();
  }

  void restoreConstant(DequantizeOp op) {
    for (OpOperand &use : llvm::make_early_inc_range(op.getOutput().getUses())) {
      Operation *reader = use.getOwner();
      auto id = reader->getAttrOfType<StringAttr>(attrs::id);
      auto it = id ? originals.find(id.getValue()) : originals.end();
      Operation *before = it == originals.end() ? nullptr : it->second;
      ElementsAttr real;
      if (before && before->getName() == reader->getName() &&
          use.getOperandNumber() < before->getNumOperands())
        real = getConstant(before->getOperand(use.getOperandNumber()));
      if (!real || real.getType() != op.getType()) {
        unsplit.push_back(id ? id.str() : reader->getName().getStringRef().str());
        continue;
      }
      OpBuilder builder(reader);
      use.set(tosa::ConstOp::create(builder, op.getLoc(), op.getType(), real));
    }
    if (op->use_empty())
      op.erase();
  }

  ModuleOp module;
  ErrorSource source;
  std::vector<std::string> &unsplit;
  llvm::StringMap<Operation *> originals;
};

} // namespace

OwningOpRef<ModuleOp> narrow::isolateSource(ModuleOp quantized, ModuleOp original, ErrorSource source,
                                            std::vector<std::string> &unsplit) {
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(quantized->clone());
  Isolation(*module, original, source, unsplit).run();
  return module;
}
