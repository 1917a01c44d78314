//===- ObservedModel.cpp - Runs a model and sees its tensors --------------===//
#include "narrow/Pipelines/ObservedModel.h"
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Pipelines/Model.h"

using namespace mlir;
using namespace narrow;

llvm::Expected<std::unique_ptr<ObservedModel>> ObservedModel::compile(ModuleOp module,
                                                                      const HostOptions &options) {
  auto model = std::make_unique<ObservedModel>();
  model->observed = getObservedTensors(module);
  model->samplesPerRun = getBatch(getModelInputs(module));
  auto code = compileForHost(module, "the observed model", options);
  if (!code)
    return code.takeError();
  model->code = std::move(*code);
  return std::move(model);
}

ObservedModel::Runner::Runner(const ObservedModel &model, const Dataset &data)
    : model(model), data(data), buffers(*model.code), waiting(model.observed.size()) {}

llvm::Error ObservedModel::Runner::run(int64_t first, const narrow_observer &observer) {
  if (llvm::Error error = data.readBatch(first, model.samplesPerRun, buffers.in))
    return error;
  return model.code->observe(buffers.inputs(), buffers.outputs(), buffers.arena, observer);
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
