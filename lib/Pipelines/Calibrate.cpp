//===- Calibrate.cpp - Runs the observed model on data --------------------===//
#include "narrow/Dialect/Narrow/Transforms/ModelContent.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Pipelines/ObservedModel.h"
#include "narrow/Support/OutputFile.h"
#include "narrow/Support/Progress.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <chrono>
#include <condition_variable>
#include <mutex>

using namespace mlir;
using namespace narrow;

static llvm::Error makeError(const llvm::Twine &message) { return llvm::createStringError(message); }

namespace {

/// What a thread has seen since its statistics were last taken.
class Worker {
public:
  Worker(const ObservedModel &model, const Dataset &data)
      : model(model), runner(model, data), collector(model.tensors()) {}

  llvm::Error process(SampleRange range, Progress &progress) {
    narrow_observer observer{narrow_collect, &collector};
    for (int64_t sample = range.begin; sample < range.end; sample += model.batch()) {
      collector.beginRun(sample, model.batch());
      if (llvm::Error error = runner.run(sample, observer))
        return error;
      if (llvm::Error error = collector.endRun())
        return error;
      progress.advance(model.batch());
    }
    return llvm::Error::success();
  }

  llvm::Expected<Collector> takeStatistics() {
    if (llvm::Error error = collector.finish())
      return std::move(error);
    return std::exchange(collector, Collector(model.tensors()));
  }

private:
  const ObservedModel &model;
  ObservedModel::Runner runner;
  Collector collector;
};

} // namespace

llvm::Expected<CalibrationTable> narrow::calibrate(ModuleOp floatStage, const Dataset &data,
                                                   ArrayRef<ModelInput> inputs,
                                                   const CalibrationOptions &options) {
  OwningOpRef<ModuleOp> observed = cast<ModuleOp>(floatStage->clone());
  if (failed(runPipeline(*observed, [](OpPassManager &pm) {
        buildObservedPipeline(pm);
        pm.addPass(createNarrowSinkObservers());
      })))
    return makeError("no observers could be inserted");
  ModelContent content = getModelContent(*observed);
  std::vector<ObservedTensor> tensors = getObservedTensors(*observed);
  if (tensors.empty())
    return makeError("nothing in the model can be quantized: it has no op that Narrow computes in integers");
  llvm::Expected<std::unique_ptr<ObservedModel>> model =
      ObservedModel::compile(*observed, {.emulatedISA = options.emulatedISA});
  if (!model)
    return model.takeError();

  int64_t batch = (*model)->batch();
  int64_t total = options.samples > 0 ? std::min(options.samples, data.sampleCount()) : data.sampleCount();
  total = total / batch * batch;
  if (total == 0)
    return makeError("the data has " + llvm::Twine(data.sampleCount()) +
                     " samples, the model takes batches of " + llvm::Twine(batch) +
                     ": give at least one whole batch");

  std::vector<InputPreprocessing> preprocessing;
  for (auto [i, input] : llvm::enumerate(inputs))
    if (!data.preprocessing(i).empty())
      preprocessing.push_back({input.name, data.preprocessing(i)});
  CalibrationTable table = CalibrationTable::create(content, preprocessing, Collector(tensors));
  table.rewrites = options.rewrites;
  // The samples that a thread takes at once.
  int64_t piece = std::clamp<int64_t>(options.batch / batch * batch, batch, total);
  if (options.movingAverage > 0)
    table.averaging = Averaging{options.movingAverage, piece};
  table.progress = CalibrationProgress{"", total, {}};
  // Reads all data, which only a state that is saved or resumed needs.
  auto identifyData = [&]() -> llvm::Error {
    if (!table.progress->data.empty())
      return llvm::Error::success();
    llvm::Expected<std::string> fingerprint = data.fingerprint(total);
    if (!fingerprint)
      return fingerprint.takeError();
    table.progress->data = std::move(*fingerprint);
    return llvm::Error::success();
  };
  if (options.resume && !options.statePath.empty() && llvm::sys::fs::exists(options.statePath)) {
    if (llvm::Error error = identifyData())
      return std::move(error);
    llvm::Expected<CalibrationTable> state = readTable(options.statePath);
    if (!state)
      return state.takeError();
    ModelContent known = content;
    if (state->version == 1)
      known.hash = hashPrintedModel(floatStage);
    if (llvm::Error error = checkResume(*state, options.statePath, table, known))
      return std::move(error);
    table = std::move(*state);
    table.setContent(content);
  }

  // Pieces of the samples that are left; threads finish them in any order, which
  // the statistics do not show. Moving averages do: a piece then waits until those
  // before it were added. Nobody waits for the first of them, so this ends.
  std::vector<SampleRange> pieces;
  int64_t left = 0;
  for (SampleRange range : table.progress->remaining()) {
    left += range.end - range.begin;
    for (int64_t begin = range.begin; begin < range.end; begin += piece)
      pieces.push_back({begin, std::min(begin + piece, range.end)});
  }
  Progress progress("calibrating", "samples", total);
  progress.skip(total - left);
  std::mutex mutex;
  std::condition_variable turn;
  size_t next = 0, added = 0; // Pieces that were taken, and added to the table.
  llvm::Error failure = llvm::Error::success();
  auto lastSave = std::chrono::steady_clock::now();
  auto fail = [&](llvm::Error error) {
    std::lock_guard lock(mutex);
    failure = llvm::joinErrors(std::move(failure), std::move(error));
    turn.notify_all();
  };
  auto takePiece = [&]() -> std::optional<size_t> {
    std::lock_guard lock(mutex);
    if (next == pieces.size() || failure)
      return std::nullopt;
    return next++;
  };
  auto save = [&]() -> llvm::Error {
    if (llvm::Error error = identifyData())
      return error;
    return writeTable(options.statePath, table);
  };
  auto work = [&] {
    Worker worker(**model, data);
    for (;;) {
      // Statistics of few samples cost as much to add as those of many.
      constexpr auto enough = std::chrono::milliseconds(100);
      auto start = std::chrono::steady_clock::now();
      std::vector<SampleRange> ranges;
      size_t first = 0;
      while (std::optional<size_t> index = takePiece()) {
        if (ranges.empty())
          first = *index;
        ranges.push_back(pieces[*index]);
        if (llvm::Error error = worker.process(ranges.back(), progress))
          return fail(std::move(error));
        if (table.averaging || std::chrono::steady_clock::now() - start >= enough)
          break;
      }
      if (ranges.empty())
        return;
      llvm::Expected<Collector> collector = worker.takeStatistics();
      if (!collector)
        return fail(collector.takeError());
      std::unique_lock lock(mutex);
      if (table.averaging)
        turn.wait(lock, [&] { return added == first || failure; });
      if (failure)
        return;
      table.addSamples(CalibrationTable::create({}, preprocessing, *collector), ranges);
      added += ranges.size();
      turn.notify_all();
      auto now = std::chrono::steady_clock::now();
      if (!options.statePath.empty() &&
          now - lastSave >= std::chrono::duration<double>(options.saveSeconds)) {
        failure = llvm::joinErrors(std::move(failure), save());
        lastSave = std::chrono::steady_clock::now();
      }
    }
  };
  unsigned threads = options.threads ? options.threads : llvm::hardware_concurrency().compute_thread_count();
  threads = std::min<size_t>(threads, std::max<size_t>(pieces.size(), 1));
  {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
    for (unsigned i = 0; i < threads; ++i)
      pool.async(work);
    pool.wait();
  }
  if (failure)
    return std::move(failure);
  table.progress.reset();
  if (!options.statePath.empty())
    llvm::sys::fs::remove(options.statePath);
  return table;
}
