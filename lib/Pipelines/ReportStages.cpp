//===- ReportStages.cpp - Matches tensors between stages ------------------===//
#include "ReportStages.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/Pipelines.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace mlir::narrow;

bool Decoder::decode(const reference::Tensor &tensor, std::vector<float> &values) const {
  if (scales.empty()) {
    ArrayRef<float> floats = tensor.values<float>();
    values.assign(floats.begin(), floats.end());
    return tensor.kind == reference::ElementKind::F32;
  }
  return reference::dispatch(tensor.kind, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, bool>) {
      return false;
    } else {
      ArrayRef<T> codes = tensor.values<T>();
      values.resize(codes.size());
      if (scales.size() == 1) {
        // As rule N5 does: the difference in integers, the product in f32.
        float scale = static_cast<float>(scales.front());
        for (size_t i = 0; i < codes.size(); ++i)
          values[i] = scale * static_cast<float>(static_cast<int64_t>(codes[i]) - zeroPoint);
      } else {
        for (size_t i = 0; i < codes.size(); ++i)
          values[i] =
              static_cast<float>(scales[i % scales.size()] * static_cast<double>(codes[i] - zeroPoint));
      }
      return true;
    }
  });
}

namespace {

/// The decoder of a per-tensor type; codes are `moved` lower in the IR.
std::optional<Decoder> getDecoder(Type type, int64_t moved = 0) {
  if (auto uniform = dyn_cast_if_present<quant::UniformQuantizedType>(type))
    return Decoder{{uniform.getScale()}, uniform.getZeroPoint() - moved};
  return std::nullopt;
}

ArrayRef<int64_t> getShape(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor ? tensor.getShape() : ArrayRef<int64_t>();
}

class StageBuilder {
public:
  explicit StageBuilder(StagedModel &model) : model(model) {}
  void listLayers(func::FuncOp main);
  void readAnnotations(ModuleOp annotated);
  void probeSimulation();
  void probeDevice();

private:
  /// Candidates for one layer: the better one wins, of equals the last.
  struct Choice {
    int rank = -1;
    Value value;
    Decoder decoder;
  };
  void choose(std::vector<Choice> &choices, StringRef id, int rank, Value value, Decoder decoder);
  void take(const std::vector<Choice> &choices, Probes &probes);
  /// The layer whose tensor, or a part of whose computation, is called `id`.
  LayerReport *findMember(StringRef id) {
    auto it = members.find(id);
    return it == members.end() ? nullptr : &model.layers[it->second];
  }
  void addFloatReason(Operation *op, const std::vector<Choice> *integers);

  StagedModel &model;
  llvm::StringMap<unsigned> rows, members;
  std::vector<quant::QuantizedType> types; ///< of each layer, in the quantized stage
  std::vector<SmallVector<double>> accumulatorScales;
};

} // namespace

void StageBuilder::listLayers(func::FuncOp main) {
  auto add = [&](Value value, StringRef op, bool isInput) {
    LayerReport layer;
    layer.id = getTensorId(value).str();
    if (layer.id.empty() || !isFloatTensor(value.getType()))
      return false;
    layer.op = op.str();
    layer.shape.assign(getShape(value).begin(), getShape(value).end());
    layer.isInput = isInput;
    unsigned row = model.layers.size();
    if (!rows.try_emplace(layer.id, row).second)
      return false;
    members[layer.id] = row;
    model.floatProbes[value] = {row, {}};
    model.layers.push_back(std::move(layer));
    return true;
  };
  for (BlockArgument argument : main.getArguments())
    add(argument, "input", /*isInput=*/true);
  for (Operation &op : main.getOps()) {
    if (op.getNumResults() != 1 || !op.hasAttr(NarrowDialect::getIdAttrName()))
      continue;
    Value result = op.getResult(0);
    if (result.hasOneUse() && isMergedClamp(*result.user_begin()))
      continue; // The clamp's row is the op's.
    SmallVector<Operation *> producers = getMergedProducers(result);
    std::string name;
    for (Operation *producer : llvm::reverse(producers))
      name += (name.empty() ? "" : "+") + producer->getName().stripDialect().str();
    if (!add(result, name, /*isInput=*/false))
      continue;
    for (Operation *producer : producers)
      if (StringRef id = getTensorId(producer->getResult(0)); !id.empty())
        members.try_emplace(id, model.layers.size() - 1);
  }
  types.resize(model.layers.size());
  accumulatorScales.resize(model.layers.size());
  model.limits.resize(model.layers.size());
}

void StageBuilder::readAnnotations(ModuleOp annotated) {
  annotated.walk([&](ObserveOp observe) {
    StringRef id = observe.getId();
    bool weight = observe.getWeight() && id.consume_back("/weight");
    LayerReport *layer = weight ? findMember(id) : rows.count(id) ? &model.layers[rows.lookup(id)] : nullptr;
    if (!layer || observe->hasAttr(kFloatReasonAttr))
      return;
    if (auto scheme = observe.getSchemeAttr())
      (weight ? layer->weightBits : layer->bits) = scheme.getBits();
    if (auto range = observe.getRangeAttr(); range && !weight && !range.getMin().empty())
      layer->range = {range.getMin().front(), range.getMax().front()};
    if (auto notes = observe->getAttrOfType<ArrayAttr>(kNotesAttr))
      for (auto note : notes.getAsRange<StringAttr>())
        layer->notes.push_back((weight ? "weight: " : "") + note.str());
  });
}

void StageBuilder::choose(std::vector<Choice> &choices, StringRef id, int rank, Value value,
                          Decoder decoder) {
  auto it = rows.find(id);
  if (it == rows.end() || ArrayRef<int64_t>(model.layers[it->second].shape) != getShape(value))
    return;
  Choice &choice = choices[it->second];
  if (rank >= choice.rank)
    choice = {rank, value, std::move(decoder)};
}

void StageBuilder::take(const std::vector<Choice> &choices, Probes &probes) {
  for (auto [row, choice] : llvm::enumerate(choices))
    if (choice.rank >= 0)
      probes[choice.value] = {static_cast<unsigned>(row), choice.decoder};
}

void StageBuilder::addFloatReason(Operation *op, const std::vector<Choice> *integers) {
  auto reason = op->getAttrOfType<StringAttr>(kFloatReasonAttr);
  auto it = reason && op->getNumResults() ? members.find(getTensorId(op->getResult(0))) : members.end();
  if (it == members.end() || !model.layers[it->second].floatReason.empty() ||
      (integers && (*integers)[it->second].rank == 2))
    return;
  model.layers[it->second].floatReason = reason.str();
}

void StageBuilder::probeSimulation() {
  std::vector<Choice> choices(model.layers.size());
  model.simulation->walk([&](Operation *op) {
    if (op->getNumResults() != 1)
      return;
    Value result = op->getResult(0);
    StringRef id = getTensorId(result);
    if (id.empty())
      return;
    // Codes stand for the tensor; without any it is the float op's.
    if (isa<QuantizeOp>(op)) {
      auto it = rows.find(id);
      std::optional<Decoder> decoder = getDecoder(getElementTypeOrSelf(result.getType()));
      if (it == rows.end() || !decoder)
        return;
      auto type = cast<quant::UniformQuantizedType>(getElementTypeOrSelf(result.getType()));
      types[it->second] = type;
      model.layers[it->second].ownsParameters = true;
      model.limits[it->second] = {type.getScale(), type.getZeroPoint(), type.getStorageTypeMin(),
                                  type.getStorageTypeMax()};
      choose(choices, id, 2, result, *decoder);
      return;
    }
    if (!isFloatTensor(result.getType()))
      return;
    choose(choices, id, 1, result, {});
    auto it = rows.find(id);
    if (it == rows.end())
      return;
    if (!types[it->second])
      types[it->second] = getParameterType(result);
    if (auto quantizable = dyn_cast<QuantizableOpInterface>(op);
        quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction)
      if (std::optional<unsigned> bias = quantizable.getBiasOperand())
        if (quant::QuantizedType type = getParameterType(op->getOperand(*bias)))
          accumulatorScales[it->second] = getScales(type);
  });
  take(choices, model.simulationProbes);
  for (auto [layer, type] : llvm::zip(model.layers, types))
    if (auto uniform = dyn_cast_if_present<quant::UniformQuantizedType>(type)) {
      layer.scale = uniform.getScale();
      layer.zeroPoint = uniform.getZeroPoint();
      layer.bits = layer.bits ? *layer.bits : uniform.getStorageTypeIntegralWidth();
    }
}

void StageBuilder::probeDevice() {
  std::vector<Choice> choices(model.layers.size());
  model.device->walk([&](Operation *op) {
    if (op->getNumResults() != 1)
      return;
    Value result = op->getResult(0);
    auto tensor = dyn_cast<RankedTensorType>(result.getType());
    if (!tensor)
      return;
    StringRef id = getTensorId(result);
    if (op->hasAttr(NarrowDialect::getIdAttrName())) {
      if (std::optional<Decoder> decoder = getDecoder(tensor.getElementType())) {
        choose(choices, id, 2, result, *decoder);
      } else if (tensor.getElementType().isInteger(8) && rows.count(id)) {
        // Unsigned codes are moved by 128: activations are i8.
        quant::QuantizedType type = types[rows.lookup(id)];
        if (std::optional<Decoder> codes = getDecoder(type, type && !type.isSigned() ? 128 : 0))
          choose(choices, id, 2, result, *codes);
      } else if (tensor.getElementType().isF32()) {
        choose(choices, id, 1, result, {});
      }
    }
    auto quantizable = dyn_cast<QuantizableOpInterface>(op);
    if (!quantizable || quantizable.getQuantizationKind() != QuantizationKind::Contraction ||
        !tensor.getElementType().isInteger(32))
      return;
    // An accumulator is named after the tensor that it becomes.
    if (!op->hasAttr(NarrowDialect::getIdAttrName()))
      for (Operation *user : op->getUsers())
        if (user->hasAttr(NarrowDialect::getIdAttrName()) && user->getNumResults() == 1) {
          id = getTensorId(user->getResult(0));
          break;
        }
    LayerReport *layer = findMember(id);
    if (!layer)
      return;
    if (auto bits = op->getAttrOfType<IntegerAttr>("narrow.accumulator_bits"))
      layer->accumulatorBits = std::max<unsigned>(layer->accumulatorBits.value_or(0), bits.getInt());
    if (auto it = rows.find(id); it != rows.end()) {
      ArrayRef<double> scales = accumulatorScales[it->second];
      if (!scales.empty() && tensor.getRank() &&
          (scales.size() == 1 ||
           static_cast<int64_t>(scales.size()) == tensor.getDimSize(tensor.getRank() - 1)))
        choose(choices, id, 0, result, {SmallVector<double, 1>(scales), 0});
    }
  });
  take(choices, model.deviceProbes);
  for (auto [layer, choice] : llvm::zip(model.layers, choices))
    layer.isAccumulator = choice.rank == 0;
  // What the integer stage says counts; the quantized stage's word is the
  // reason where the op has vanished into something float.
  model.device->walk([&](Operation *op) { addFloatReason(op, nullptr); });
  model.simulation->walk([&](Operation *op) { addFloatReason(op, &choices); });
}

llvm::Expected<StagedModel> mlir::narrow::makeStages(ModuleOp floatStage,
                                                     const ::narrow::CalibrationTable &table,
                                                     StringRef tableName, const ComparisonOptions &options) {
  StagedModel model;
  StageBuilder builder(model);
  auto main = floatStage.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return llvm::createStringError("the model has no function @main");
  builder.listLayers(main);

  // Notes are part of the report: they are not remarked on as well.
  ScopedDiagnosticHandler quiet(floatStage.getContext(), [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
  });
  auto failure = [] {
    return llvm::createStringError("the model cannot be quantized: there is nothing to compare");
  };
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(floatStage->clone());
  if (failed(observe(*module)))
    return failure();
  if (llvm::Error error = annotate(*module, options.recipe, table, tableName, options.calibration)) {
    std::string message = llvm::toString(std::move(error));
    return message.empty() ? failure() : llvm::createStringError(message);
  }
  builder.readAnnotations(*module);
  if (failed(runPipeline(*module, buildQuantizedPipeline)))
    return failure();
  model.device = cast<ModuleOp>((*module)->clone());
  model.simulation = std::move(module);
  IntegerPipelineOptions integer;
  integer.strict = options.strict;
  if (failed(runPipeline(*model.device, [&](OpPassManager &pm) { buildIntegerPipeline(pm, integer); })))
    return failure();
  builder.probeSimulation();
  builder.probeDevice();
  return model;
}
