//===- ModelContent.cpp - What tables are compared with -------------------===//
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "narrow/Analysis/ContentHash.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/Transforms/FloatPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace narrow;

//===----------------------------------------------------------------------===//
// Names and shapes
//===----------------------------------------------------------------------===//

/// As data sets and artifacts call an input or output without a name.
static std::string getName(Attribute name, StringRef kind, unsigned index) {
  auto text = dyn_cast_or_null<StringAttr>(name);
  return text && !text.empty() ? text.str() : (kind + Twine(index)).str();
}

static ModelInput getInput(func::FuncOp function, unsigned index) {
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
  return {getName(function.getArgAttr(index, attrs::name), "input", index),
          type ? std::vector<int64_t>(type.getShape()) : std::vector<int64_t>()};
}

std::vector<ModelInput> narrow::getModelInputs(ModuleOp module) {
  std::vector<ModelInput> inputs;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0; main && i < main.getNumArguments(); ++i)
    inputs.push_back(getInput(main, i));
  return inputs;
}

/// The shape of what one sample of `batch` has in a tensor, whose last axis is that of the channels. The
/// samples may lie along any axis (a fully connected layer has [1, M, 1, K]) or share one, as behind a
/// reshape. The whole shape if they have no equal shares.
static std::vector<int64_t> shapeOfSample(RankedTensorType type, int64_t batch) {
  std::vector<int64_t> shape = type.getShape();
  if (shape.empty())
    return shape;
  MutableArrayRef<int64_t> rows = MutableArrayRef<int64_t>(shape).drop_back(shape.size() > 1 ? 1 : 0);
  if (auto axis = llvm::find(rows, batch); axis != rows.end()) {
    shape.erase(shape.begin() + (axis - rows.begin()));
    return shape;
  }
  auto shared = llvm::find_if(rows, [&](int64_t dim) { return dim % batch == 0; });
  if (shared != rows.end())
    *shared /= batch;
  else if (int64_t count = llvm::product_of(rows, int64_t{1}); count % batch == 0)
    return {count / batch, shape.back()};
  else if (shape.back() % batch == 0)
    shape.back() /= batch;
  return shape;
}

static std::vector<ObservedTensor> listTensors(ModuleOp module, function_ref<Value(ObserveOp)> getValue) {
  // Samples are counted along the first axis of the network's inputs.
  int64_t batch = 1;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (main && main.getNumArguments() > 0)
    if (auto type = dyn_cast<RankedTensorType>(main.getArgumentTypes()[0]); type && type.getRank() > 0)
      batch = type.getDimSize(0);
  std::vector<ObservedTensor> tensors;
  module.walk([&](ObserveOp op) {
    if (op.getWeight())
      return;
    tensors.push_back(
        {op.getId().str(), shapeOfSample(cast<RankedTensorType>(getValue(op).getType()), batch)});
  });
  return tensors;
}

std::vector<ObservedTensor> narrow::getObservedTensors(ModuleOp module) {
  return listTensors(module, [](ObserveOp op) { return op.getOutput(); });
}

std::vector<ObservedTensor> narrow::getCalibratedTensors(ModuleOp module) {
  return listTensors(module, [](ObserveOp op) { return getKeptValue(op.getOutput()); });
}

//===----------------------------------------------------------------------===//
// How they are computed
//===----------------------------------------------------------------------===//

ModelContent narrow::getModelContent(ModuleOp module) {
  ContentHasher hasher;
  ModelContent content;
  content.hash = hasher.hashModel(module);
  content.inputs = getModelInputs(module);
  std::vector<ObservedTensor> tensors = getCalibratedTensors(module);
  DenseMap<Value, std::string> names;
  for (auto function : module.getOps<func::FuncOp>())
    for (BlockArgument argument : function.getArguments())
      names[argument] = getInput(function, argument.getArgNumber()).name;
  SmallVector<Value> values;
  module.walk([&](ObserveOp op) {
    if (op.getWeight())
      return;
    values.push_back(getKeptValue(op.getOutput()));
    names[values.back()] = op.getId().str();
  });
  auto describe = [&](Value value, bool isSource) {
    Computation computation = hasher.hashComputation(
        value, [&](Value other) { return names.contains(other) && (isSource || other != value); });
    Origin origin{{}, std::move(computation.ops), std::move(computation.content)};
    for (Value source : computation.sources)
      origin.from.push_back(names.lookup(source));
    return origin;
  };
  for (auto [tensor, value] : llvm::zip_equal(tensors, values)) {
    Origin origin = describe(value, /*isSource=*/false);
    // Inputs come from nowhere.
    if (auto observe = value.getDefiningOp<ObserveOp>(); observe && isa<BlockArgument>(observe.getInput()))
      origin.from.clear();
    content.tensors.push_back({std::move(tensor), std::move(origin)});
  }

  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return content;
  for (auto [index, value] : llvm::enumerate(main.getBody().front().getTerminator()->getOperands()))
    content.outputs.push_back({getName(main.getResultAttr(index, attrs::name), "output", index),
                               describe(value, /*isSource=*/true)});
  return content;
}

//===----------------------------------------------------------------------===//
// Version 1
//===----------------------------------------------------------------------===//

/// Whether the float stage had this attribute of an op then.
static bool wasPrinted(StringRef attribute) {
  return !attribute.starts_with("narrow.") || attribute == attrs::id ||
         llvm::is_contained({attrs::channelMean, attrs::channelDeviation, attrs::channelMaximum}, attribute);
}

static bool wasPrintedOfArguments(StringRef attribute) {
  return !attribute.starts_with("narrow.") || attribute == attrs::name;
}

std::string narrow::hashPrintedModel(ModuleOp module) {
  struct HashStream : llvm::raw_ostream {
    HashStream() { SetUnbuffered(); }
    ~HashStream() override { flush(); }
    void write_impl(const char *data, size_t size) override {
      hash.update(ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(data), size));
      position += size;
    }
    uint64_t current_pos() const override { return position; }
    llvm::SHA256 hash;
    uint64_t position = 0;
  } stream;
  OwningOpRef<ModuleOp> network = module.clone();
  removeObservers(*network);
  network->walk([](Operation *op) {
    for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
      if (!wasPrinted(attribute.getName()))
        op->removeDiscardableAttr(attribute.getName());
    auto function = dyn_cast<FunctionOpInterface>(op);
    for (unsigned i = 0; function && i < function.getNumArguments(); ++i)
      for (NamedAttribute attribute : llvm::to_vector(function.getArgAttrs(i)))
        if (!wasPrintedOfArguments(attribute.getName()))
          function.removeArgAttr(i, attribute.getName());
    for (unsigned i = 0; function && i < function.getNumResults(); ++i)
      for (NamedAttribute attribute : llvm::to_vector(function.getResultAttrs(i)))
        if (!wasPrintedOfArguments(attribute.getName()))
          function.removeResultAttr(i, attribute.getName());
  });
  // Whatever the command line says of printing.
  constexpr int64_t never = std::numeric_limits<int64_t>::max();
  OpPrintingFlags flags;
  flags.printGenericOpForm(false).enableDebugInfo(false).useLocalScope().skipRegions(false);
  flags.elideLargeElementsAttrs(never).elideLargeResourceString(never).printLargeElementsAttrWithHex(100);
  flags.printUniqueSSAIDs(false).printNameLocAsPrefix(false).printValueUsers(false);
  network->print(stream, flags);
  return llvm::toHex(stream.hash.final(), /*LowerCase=*/true);
}
