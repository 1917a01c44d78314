//===- ObservedModel.cpp - Runs a model and sees its tensors --------------===//
#include "narrow/Pipelines/ObservedModel.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Target/CPU/Emit.h"

using namespace mlir;
using namespace mlir::narrow;

llvm::Expected<std::unique_ptr<ObservedModel>> ObservedModel::compile(ModuleOp module) {
  auto model = std::make_unique<ObservedModel>();
  model->observed = getObservedTensors(module);
  std::vector<::narrow::ModelInput> inputs = getModelInputs(module);
  if (!inputs.empty() && !inputs[0].shape.empty())
    model->samplesPerRun = std::max<int64_t>(1, inputs[0].shape[0]);
  llvm::Expected<TargetSpec> target = resolveTarget({"native", "", "", "native"});
  if (!target)
    return target.takeError();
  VectorPipelineOptions vector;
  vector.isa = target->isa;
  if (failed(runPipeline(module, [&](OpPassManager &pm) { buildVectorPipeline(pm, vector); })))
    return llvm::createStringError("the observed model could not be compiled");
  EmitOptions options;
  options.target = *target;
  options.prefix = "calibration";
  llvm::Expected<ObjectBuffer> object = emitObject(module, options);
  if (!object)
    return object.takeError();
  auto code = CompiledModel::fromObject(std::move(*object));
  if (!code)
    return code.takeError();
  model->code = std::move(*code);
  return std::move(model);
}

ObservedModel::Runner::Runner(const ObservedModel &model, const ::narrow::Dataset &data)
    : model(model), data(data), arena(model.code->info()), waiting(model.observed.size()) {
  for (const narrow_tensor &tensor : model.code->inputs())
    in.emplace_back(tensor.count);
  for (const narrow_tensor &tensor : model.code->outputs())
    out.emplace_back(tensor.count);
  for (std::vector<float> &values : in)
    inPointers.push_back(values.data());
  for (std::vector<float> &values : out)
    outPointers.push_back(values.data());
}

llvm::Error ObservedModel::Runner::run(int64_t first, const narrow_observer &observer) {
  for (int64_t i = 0; i < model.samplesPerRun; ++i)
    for (size_t input = 0; input < in.size(); ++input)
      if (llvm::Error error = data.read(first + i, input, in[input].data() + i * data.sampleSize(input)))
        return error;
  return model.code->observe(inPointers, outPointers, arena, observer);
}

llvm::Error ObservedModel::Runner::run(int64_t first,
                                       llvm::function_ref<void(size_t, llvm::ArrayRef<float>)> receive) {
  struct Context {
    Runner &runner;
    llvm::function_ref<void(size_t, llvm::ArrayRef<float>)> receive;
  } context{*this, receive};
  narrow_observer observer{[](void *opaque, int32_t id, const float *values, int64_t count) {
                             auto &[runner, receive] = *static_cast<Context *>(opaque);
                             int64_t whole =
                                 runner.model.observed[id].sampleSize() * runner.model.samplesPerRun;
                             if (count == whole)
                               return receive(id, {values, static_cast<size_t>(count)});
                             std::vector<float> &waiting = runner.waiting[id];
                             waiting.insert(waiting.end(), values, values + count);
                             if (static_cast<int64_t>(waiting.size()) < whole)
                               return;
                             receive(id, waiting);
                             waiting.clear();
                           },
                           &context};
  for (std::vector<float> &values : waiting)
    values.clear();
  return run(first, observer);
}
