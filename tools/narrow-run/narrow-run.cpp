//===- narrow-run.cpp - Runs a compiled model or IR on data ---------------===//
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Pipelines/CommandLine.h"
#include "narrow/Pipelines/KernelProfile.h"
#include "narrow/Pipelines/Model.h"
#include "narrow/Reference/Evaluator.h"
#include "narrow/Support/Npz.h"
#include "narrow/Support/OutputFile.h"
#include "narrow/Support/Progress.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/ThreadPool.h"
#include <chrono>
#include <mutex>

using namespace mlir;
using namespace narrow;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"narrow-run options"};
  cl::opt<std::string> model{cl::Positional,
                             cl::desc("<model: .so of narrow-compile, .onnx, .mlir of any tensor stage>"),
                             cl::Required, cl::cat(category)};
  cl::list<std::string> shapes{"shape", cl::desc("fix the shape of an input of an .onnx"),
                               cl::value_desc("name=dims"), cl::cat(category)};
  cl::opt<std::string> input{"input", cl::desc("samples, one array for each input"),
                             cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<std::string> output{"output", cl::desc("write the results"), cl::value_desc("file.npz"),
                              cl::cat(category)};
  cl::opt<std::string> labels{"labels", cl::desc("array of the right classes: prints top-1"),
                              cl::value_desc("array"), cl::cat(category)};
  cl::opt<int64_t> limit{"limit", cl::desc("use the first N samples (default: all)"), cl::init(0),
                         cl::cat(category)};
  cl::opt<int64_t> repeat{"repeat", cl::desc("time N runs on the first sample"), cl::init(0),
                          cl::cat(category)};
  cl::opt<unsigned> threads{
      "threads",
      cl::desc("threads of one run, of a model compiled with --threads; of others, samples that run at the "
               "same time (timing uses one) (1)"),
      cl::init(1), cl::cat(category)};
  cl::opt<bool> reference{"reference",
                          cl::desc("run IR in the reference evaluator (IR always is; refuses a .so)"),
                          cl::cat(category)};
  cl::opt<std::string> check{
      "check", cl::desc("compare every result byte by byte with this IR in the reference evaluator"),
      cl::value_desc("file.mlir"), cl::cat(category)};
  cl::opt<std::string> against{
      "against", cl::desc("compare with results of another run (its --output): classes that agree, SQNR"),
      cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<bool> profile{"profile",
                        cl::desc("time of every kernel, of a model compiled with --profile; with --repeat"),
                        cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("print one JSON object"), cl::cat(category)};
  DataOptions preprocessing{category};
  ExtensionOptions extensions{category};
};

/// Threads that share one run of a compiled model.
class ThreadTeam {
public:
  explicit ThreadTeam(int32_t count) : pool(llvm::hardware_concurrency(count - 1)) {
    threads = {count, parallel, [](void *) { std::this_thread::yield(); }, &pool};
  }
  const narrow_threads &get() const { return threads; }

private:
  static void parallel(void *ctx, int32_t count, void (*task)(void *, int32_t), void *arg) {
    auto &pool = *static_cast<llvm::DefaultThreadPool *>(ctx);
    for (int32_t i = 1; i < count; ++i)
      pool.async([=] { task(arg, i); });
    task(arg, 0);
    pool.wait();
  }

  llvm::DefaultThreadPool pool;
  narrow_threads threads;
};

/// Something that maps samples to results.
class Runner {
public:
  virtual ~Runner() = default;
  struct Port {
    std::string name;
    std::vector<int64_t> shape;
    int64_t count;
    bool takesPixels = false; ///< u8 instead of f32
  };
  std::vector<Port> inputs, outputs;
  /// One run on one batch; inputs that take pixels are cast. May be called from several threads.
  virtual llvm::Error run(ArrayRef<const float *> in, ArrayRef<float *> out) = 0;
  virtual void describe(llvm::json::Object &) const {}
  /// What the counters of the model count, and their values on this thread;
  /// empty if the model does not count.
  struct Profile {
    ModelProfile model;
    ArrayRef<int64_t> cycles;
  };
  virtual Profile getProfile() const { return {}; }
  /// Uses up to `count` threads: for each run if the result is 1, else so many
  /// runs at the same time.
  virtual llvm::Expected<unsigned> useThreads(unsigned count) { return count; }
};

std::vector<int64_t> shapeOf(const narrow_tensor &tensor) { return {tensor.dims, tensor.dims + tensor.rank}; }

class CompiledRunner : public Runner {
public:
  explicit CompiledRunner(std::unique_ptr<CompiledModel> compiled) : model(std::move(compiled)) {
    for (const narrow_tensor &tensor : model->inputs())
      inputs.push_back({tensor.name, shapeOf(tensor), tensor.count, tensor.type == NARROW_U8});
    for (const narrow_tensor &tensor : model->outputs())
      outputs.push_back({tensor.name, shapeOf(tensor), tensor.count});
  }
  llvm::Error run(ArrayRef<const float *> in, ArrayRef<float *> out) override {
    return team ? model->runThreads(in, out, getArena(), team->get()) : model->run(in, out, getArena());
  }
  llvm::Expected<unsigned> useThreads(unsigned count) override {
    unsigned most = model->info().max_threads;
    if (most == 1 || count == 1)
      return count;
    if (count > most)
      return llvm::createStringError("the model was compiled for at most " + llvm::Twine(most) +
                                     " threads; compile it with --threads=" + llvm::Twine(count));
    team = std::make_unique<ThreadTeam>(count);
    return 1;
  }
  Profile getProfile() const override {
    llvm::json::Object manifest = parseManifest();
    const llvm::json::Array *kernels = manifest.getArray("profile");
    if (!kernels)
      return {};
    const char *counters =
        static_cast<const char *>(getArena().data()) + manifest.getInteger("profile_offset").value_or(0);
    return {profileFromJSON(*kernels),
            ArrayRef(reinterpret_cast<const int64_t *>(counters), kernels->size())};
  }
  void describe(llvm::json::Object &json) const override {
    const narrow_model_info &info = model->info();
    json["arena_bytes"] = static_cast<int64_t>(info.arena_size);
    json["weights_bytes"] = static_cast<int64_t>(info.weights_size);
    json["isa"] = model->isa();
    json["isas"] = info.isa;
    if (std::optional<StringRef> isa = parseManifest().getString("emulated_isa"))
      json["emulated_isa"] = isa->str();
    json["threads"] = team ? team->get().count : 1;
  }

private:
  /// Empty if it is damaged.
  llvm::json::Object parseManifest() const {
    llvm::Expected<llvm::json::Value> manifest = llvm::json::parse(model->info().manifest);
    if (!manifest)
      llvm::consumeError(manifest.takeError());
    else if (llvm::json::Object *object = manifest->getAsObject())
      return std::move(*object);
    return {};
  }

  /// Each thread has its own. Zeroed: counters of a profile start at 0.
  CompiledModel::Arena &getArena() const {
    thread_local std::map<const void *, std::unique_ptr<CompiledModel::Arena>> arenas;
    std::unique_ptr<CompiledModel::Arena> &arena = arenas[this];
    if (!arena) {
      arena = std::make_unique<CompiledModel::Arena>(model->info());
      std::memset(arena->data(), 0, arena->size());
    }
    return *arena;
  }

  std::unique_ptr<CompiledModel> model;
  std::unique_ptr<ThreadTeam> team; ///< null: one thread
};

class ReferenceRunner : public Runner {
public:
  /// `extensions`: of the model; null: of what it is compared with.
  static llvm::Expected<std::unique_ptr<Runner>> create(StringRef path, MLIRContext &context,
                                                        const ImportOptions &options,
                                                        const ExtensionOptions *extensions) {
    auto runner = std::make_unique<ReferenceRunner>();
    runner->module = loadModel(path, context, options);
    if (!runner->module)
      return alreadyReported();
    Stage stage = detectStage(*runner->module);
    if (stage >= Stage::Vector)
      return llvm::createStringError(
          path + " is past the integer stage: the reference evaluator runs tensor stages");
    // Its values do not show an edit that narrow-compile would refuse.
    if (stage == Stage::Annotated && failed(runPipeline(*runner->module, [](OpPassManager &pm) {
          pm.addPass(createNarrowVerifyAnnotated());
        })))
      return alreadyReported();
    if (extensions) {
      if (llvm::Error error = extensions->checkStages(stage, path))
        return std::move(error);
      if (failed(runPipeline(*runner->module, [&](OpPassManager &pm) { extensions->addPasses(pm, stage); })))
        return alreadyReported();
    }
    FailureOr<reference::Evaluator> made = reference::Evaluator::create(*runner->module);
    if (failed(made))
      return alreadyReported();
    runner->evaluator = std::make_unique<reference::Evaluator>(std::move(*made));
    auto main = runner->module->lookupSymbol<func::FuncOp>("main");
    auto port = [](Type type, DictionaryAttr dictionary, StringRef fallback) -> llvm::Expected<Port> {
      auto tensor = dyn_cast<RankedTensorType>(type);
      bool takesPixels = dictionary && dictionary.contains(attrs::unsignedBytes);
      if (!tensor || !tensor.hasStaticShape() || (!takesPixels && !tensor.getElementType().isF32()))
        return llvm::createStringError("@main takes and gives f32 tensors of static shape");
      auto name = dictionary ? dictionary.getAs<StringAttr>(attrs::name) : StringAttr();
      return Port{name ? name.str() : fallback.str(), std::vector<int64_t>(tensor.getShape()),
                  tensor.getNumElements(), takesPixels};
    };
    for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
      auto made = port(type, main.getArgAttrDict(i), "input" + std::to_string(i));
      if (!made)
        return made.takeError();
      runner->inputs.push_back(*made);
    }
    for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
      auto made = port(type, main.getResultAttrDict(i), "output" + std::to_string(i));
      if (!made)
        return made.takeError();
      runner->outputs.push_back(*made);
    }
    return std::unique_ptr<Runner>(std::move(runner));
  }
  llvm::Error run(ArrayRef<const float *> in, ArrayRef<float *> out) override {
    SmallVector<reference::Tensor> arguments, results;
    for (auto [port, values] : llvm::zip(inputs, in))
      if (port.takesPixels)
        arguments.emplace_back(ArrayRef<int64_t>(port.shape),
                               ArrayRef(reinterpret_cast<const int8_t *>(values), port.count));
      else
        arguments.emplace_back(ArrayRef<int64_t>(port.shape), ArrayRef<float>(values, port.count));
    if (failed(evaluator->run(arguments, results)))
      return llvm::createStringError("the reference evaluator failed");
    for (auto [tensor, to] : llvm::zip(results, out))
      std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    return llvm::Error::success();
  }

private:
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<reference::Evaluator> evaluator;
};

llvm::Expected<std::unique_ptr<Runner>> makeRunner(StringRef path, MLIRContext &context,
                                                   const ImportOptions &import,
                                                   const ExtensionOptions &extensions) {
  if (path.ends_with(".so")) {
    llvm::Expected<std::unique_ptr<CompiledModel>> model = CompiledModel::fromSharedLibrary(path);
    if (!model)
      return model.takeError();
    return std::make_unique<CompiledRunner>(std::move(*model));
  }
  return ReferenceRunner::create(path, context, import, &extensions);
}

std::vector<std::vector<float>> allocate(ArrayRef<Runner::Port> ports) {
  std::vector<std::vector<float>> buffers;
  for (const Runner::Port &port : ports)
    buffers.emplace_back(port.count);
  return buffers;
}

class Run {
public:
  explicit Run(const Options &options) : options(options), context(options.extensions) {}
  int main();

private:
  /// What is wrong with the command line whatever the files contain; else empty.
  std::string findMisuse() const;
  llvm::Error checkValues() const;
  llvm::Error evaluateSamples();
  /// Notes what differs from the reference in the batch that begins with `sample`.
  void compare(int64_t sample, ArrayRef<float *> values, ArrayRef<float *> expected);
  llvm::Error compareAgainst(llvm::json::Object &json) const;
  llvm::Error time(llvm::json::Object &json);

  const Options &options;
  ToolContext context; ///< outlives the runners
  std::unique_ptr<Runner> runner, checker;
  std::optional<Dataset> data;
  int64_t batch = 1, samples = 0;
  unsigned workers = 1;                    ///< samples that run at the same time
  std::vector<std::vector<float>> results; ///< of all samples, for each output
  struct Difference {
    int64_t samples = 0;             ///< that differ; batches of a model with a larger batch
    int64_t sample = 0, element = 0; ///< the first
    size_t output = 0;
    float value = 0, expected = 0;
    double largest = 0; ///< distance of two values
  };
  std::mutex differenceMutex;
  Difference difference;
};

void Run::compare(int64_t sample, ArrayRef<float *> values, ArrayRef<float *> expected) {
  std::lock_guard lock(differenceMutex);
  bool differs = false;
  for (auto [output, port] : llvm::enumerate(runner->outputs)) {
    const float *mine = values[output], *other = expected[output];
    if (std::memcmp(mine, other, port.count * sizeof(float)) == 0)
      continue;
    for (int64_t i = 0; i < port.count; ++i) {
      if (std::memcmp(mine + i, other + i, sizeof(float)) == 0)
        continue;
      if (!differs && (difference.samples == 0 || sample < difference.sample)) {
        difference.sample = sample, difference.output = output, difference.element = i;
        difference.value = mine[i], difference.expected = other[i];
      }
      differs = true;
      difference.largest = std::max(difference.largest, std::abs(double(mine[i]) - other[i]));
    }
  }
  difference.samples += differs;
}

llvm::Error Run::evaluateSamples() {
  for (const Runner::Port &port : runner->outputs)
    results.emplace_back(port.count / batch * samples);
  Progress progress("running", "samples", samples);
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  llvm::Error failure = llvm::Error::success();
  auto work = [&] {
    auto in = allocate(runner->inputs);
    std::vector<const float *> inPointers;
    for (auto &values : in)
      inPointers.push_back(values.data());
    auto expected = allocate(runner->outputs);
    for (;;) {
      int64_t first = next.fetch_add(batch);
      if (first >= samples)
        return;
      std::vector<float *> out, checkOut;
      for (auto [port, values, other] : llvm::zip(runner->outputs, results, expected)) {
        out.push_back(values.data() + first / batch * port.count);
        checkOut.push_back(other.data());
      }
      llvm::Error error = data->readBatch(first, batch, in);
      if (!error)
        error = runner->run(inPointers, out);
      if (!error && checker) {
        error = checker->run(inPointers, checkOut);
        if (!error)
          compare(first, out, checkOut);
      }
      progress.advance(batch);
      if (error) {
        std::lock_guard lock(mutex);
        failure = llvm::joinErrors(std::move(failure), std::move(error));
        next = samples;
        return;
      }
    }
  };
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(workers));
  for (unsigned i = 0; i < workers; ++i)
    pool.async(work);
  pool.wait();
  return failure;
}

/// Agreement of the largest element (top-1) and SQNR of the first output with
/// what another run wrote.
llvm::Error Run::compareAgainst(llvm::json::Object &json) const {
  llvm::Expected<NpzFile> file = NpzFile::open(options.against);
  if (!file)
    return file.takeError();
  const Runner::Port &port = runner->outputs[0];
  llvm::Expected<Array> other = file->read(port.name);
  if (!other)
    return other.takeError();
  int64_t classes = port.count / batch, agree = 0;
  if (other->size() < classes * samples)
    return llvm::createStringError(options.against + ": array '" + port.name + "' has " +
                                   llvm::Twine(other->size()) + " elements, " + llvm::Twine(samples) +
                                   " samples have " + llvm::Twine(classes * samples));
  double signal = 0, noise = 0;
  std::vector<float> theirs(classes);
  for (int64_t sample = 0; sample < samples; ++sample) {
    const float *mine = results[0].data() + sample * classes;
    for (int64_t i = 0; i < classes; ++i) {
      theirs[i] = other->toFloat(sample * classes + i);
      signal += double(theirs[i]) * theirs[i];
      noise += (double(theirs[i]) - mine[i]) * (double(theirs[i]) - mine[i]);
    }
    agree += std::max_element(mine, mine + classes) - mine ==
             std::max_element(theirs.begin(), theirs.end()) - theirs.begin();
  }
  json["agreeing"] = agree;
  json["agreement"] = 100.0 * agree / samples;
  // Equal results have no noise: JSON has no infinity.
  json["sqnr_db"] =
      noise > 0 ? llvm::json::Value(10 * std::log10(signal / noise)) : llvm::json::Value(nullptr);
  return llvm::Error::success();
}

llvm::Error Run::time(llvm::json::Object &json) {
  auto in = allocate(runner->inputs), out = allocate(runner->outputs);
  if (data)
    if (llvm::Error error = data->readBatch(0, batch, in))
      return error;
  std::vector<const float *> inPointers;
  std::vector<float *> outPointers;
  for (auto &values : in)
    inPointers.push_back(values.data());
  for (auto &values : out)
    outPointers.push_back(values.data());
  for (int64_t i = 0; i < std::min<int64_t>(options.repeat, 3); ++i) // Warm up.
    if (llvm::Error error = runner->run(inPointers, outPointers))
      return error;
  Runner::Profile profile;
  if (options.profile) {
    profile = runner->getProfile();
    if (profile.cycles.empty())
      return llvm::createStringError(options.model + " has no counters: compile it with --profile");
  }
  FastestRuns fastest(profile.cycles);
  std::vector<double> times;
  auto begin = std::chrono::steady_clock::now();
  uint64_t firstCycle = __builtin_readcyclecounter();
  for (int64_t i = 0; i < options.repeat; ++i) {
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = runner->run(inPointers, outPointers))
      return error;
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    fastest.next();
  }
  if (options.profile) {
    uint64_t cycles = __builtin_readcyclecounter() - firstCycle;
    std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - begin;
    fastest.finish(profile.model, elapsed.count() / cycles);
    json["profile"] = toJSON(profile.model);
  }
  llvm::sort(times);
  json["latency_ms"] = llvm::json::Object{{"min", times.front()},
                                          {"median", times[times.size() / 2]},
                                          {"runs", static_cast<int64_t>(times.size())}};
  return llvm::Error::success();
}

std::string Run::findMisuse() const {
  bool compiled = StringRef(options.model).ends_with(".so");
  if (options.input.empty() && options.repeat == 0)
    return "--input names the samples (without it, --repeat times the model on zeros)";
  if (options.reference && compiled)
    return "--reference runs IR, not a .so";
  if (options.input.empty() && (!options.labels.empty() || !options.output.empty() ||
                                !options.check.empty() || !options.against.empty()))
    return "--labels, --output, --check and --against need --input";
  if (StringRef given = options.preprocessing.getGiven(); options.input.empty() && !given.empty())
    return ("--" + given + " says how the samples of --input are read, and there is none").str();
  if (compiled && !options.extensions.runAfter.empty())
    return "--run-after changes IR, not a .so";
  if (compiled && !options.shapes.empty() && options.check.empty())
    return "--shape is for .onnx models: the shapes of a .so are fixed";
  return "";
}

llvm::Error Run::checkValues() const {
  if (options.limit < 0 || options.repeat < 0)
    return llvm::createStringError(llvm::Twine(options.limit < 0 ? "--limit" : "--repeat") +
                                   " takes 0 or more");
  if (llvm::Error error = checkThreads(options.threads, /*least=*/1))
    return error;
  return checkIsNoInput(options.output, {options.model, options.input, options.check, options.against});
}

int Run::main() {
  if (std::string misuse = findMisuse(); !misuse.empty())
    return reportUsage(misuse);
  if (llvm::Error error = checkValues())
    return reportError(std::move(error));
  llvm::Expected<ImportOptions> import = parseShapes(options.shapes);
  if (!import)
    return reportError(import.takeError());
  llvm::Expected<DatasetOptions> dataOptions = options.preprocessing.get();
  if (!dataOptions)
    return reportError(dataOptions.takeError());

  auto made = makeRunner(options.model, *context, *import, options.extensions);
  if (!made)
    return reportError(made.takeError());
  runner = std::move(*made);
  llvm::Expected<unsigned> usable = runner->useThreads(options.threads);
  if (!usable)
    return reportError(llvm::createStringError(options.model + ": " + llvm::toString(usable.takeError())));
  workers = *usable;
  if (!options.check.empty()) {
    auto other = ReferenceRunner::create(options.check, *context, *import, /*extensions=*/nullptr);
    if (!other)
      return reportError(other.takeError());
    checker = std::move(*other);
    bool same =
        checker->inputs.size() == runner->inputs.size() && checker->outputs.size() == runner->outputs.size();
    for (auto [a, b] : llvm::zip(checker->inputs, runner->inputs))
      same &= a.shape == b.shape && a.takesPixels == b.takesPixels;
    for (auto [a, b] : llvm::zip(checker->outputs, runner->outputs))
      same &= a.shape == b.shape;
    if (!same)
      return reportError(
          llvm::createStringError(options.check + " has other inputs or outputs than " + options.model));
  }

  std::vector<int64_t> labels;
  if (!options.input.empty()) {
    std::vector<ModelInput> inputs;
    for (const Runner::Port &port : runner->inputs)
      inputs.push_back({port.name, port.shape, port.takesPixels});
    llvm::Expected<Dataset> opened = Dataset::open(options.input, inputs, *dataOptions);
    if (!opened)
      return reportError(opened.takeError());
    data.emplace(std::move(*opened));
    printNotes(data->notes());
    batch = getBatch(inputs);
    samples = options.limit ? std::min<int64_t>(options.limit, data->sampleCount()) : data->sampleCount();
    samples = samples / batch * batch;
    if (samples == 0)
      return reportError(llvm::createStringError("the model takes batches of " + llvm::Twine(batch) +
                                                 " and the data has " + llvm::Twine(data->sampleCount()) +
                                                 " samples"));
    workers = static_cast<unsigned>(std::min<int64_t>(workers, samples / batch));
    if (llvm::Error error = data->fingerprint(samples).takeError()) // Finds damage before the work.
      return reportError(std::move(error));
    if (!options.labels.empty()) {
      llvm::Expected<std::vector<int64_t>> read =
          data->readLabels(options.labels, runner->outputs[0].count / batch);
      if (!read)
        return reportError(read.takeError());
      labels = std::move(*read);
    }
  }

  llvm::json::Object json;
  json["model"] = options.model.getValue();
  runner->describe(json);
  if (data && (!labels.empty() || !options.output.empty() || !options.against.empty() || checker ||
               options.repeat == 0)) {
    if (llvm::Error error = evaluateSamples())
      return reportError(std::move(error));
    json["samples"] = samples;
    if (!labels.empty()) {
      // Classes are the elements of the first output.
      int64_t classes = runner->outputs[0].count / batch, right = 0;
      for (int64_t sample = 0; sample < samples; ++sample) {
        const float *scores = results[0].data() + sample * classes;
        right += std::max_element(scores, scores + classes) - scores == labels[sample];
      }
      json["top1"] = 100.0 * right / samples;
    }
    if (checker) {
      json["differing"] = difference.samples;
      if (difference.samples)
        json["difference"] = llvm::json::Object{{"output", runner->outputs[difference.output].name},
                                                {"sample", difference.sample},
                                                {"element", difference.element},
                                                {"value", difference.value},
                                                {"expected", difference.expected},
                                                {"largest", difference.largest}};
    }
    if (!options.against.empty())
      if (llvm::Error error = compareAgainst(json))
        return reportError(std::move(error));
    if (!options.output.empty()) {
      std::vector<std::pair<std::string, Array>> arrays;
      for (auto [port, values] : llvm::zip(runner->outputs, results)) {
        std::vector<int64_t> shape = port.shape;
        if (shape.empty())
          shape = {samples};
        else
          shape[0] = shape[0] / batch * samples;
        arrays.emplace_back(port.name, Array::create<float>(shape, values));
      }
      if (llvm::Error error = writeNpz(options.output, arrays))
        return reportError(std::move(error));
    }
  }
  if (options.repeat > 0)
    if (llvm::Error error = time(json))
      return reportError(std::move(error));

  if (options.json) {
    llvm::outs() << llvm::json::Value(std::move(json)) << '\n';
  } else {
    if (auto count = json.getInteger("samples"))
      llvm::outs() << "samples  " << *count << '\n';
    if (auto top1 = json.getNumber("top1"))
      llvm::outs() << llvm::formatv("top-1    {0:f2} %\n", *top1);
    if (auto agreement = json.getNumber("agreement")) {
      llvm::outs() << llvm::formatv("agree    {0} samples, {1:f2} %", *json.getInteger("agreeing"),
                                    *agreement);
      if (auto sqnr = json.getNumber("sqnr_db"))
        llvm::outs() << llvm::formatv(", SQNR {0:f1} dB", *sqnr);
      llvm::outs() << '\n';
    }
    if (checker && difference.samples) {
      llvm::outs() << "compared " << difference.samples
                   << " samples differ from the reference: first in sample " << difference.sample
                   << ", element " << difference.element << " of '"
                   << printable(runner->outputs[difference.output].name)
                   << llvm::format("': %.9g instead of %.9g; by at most %.3g\n", difference.value,
                                   difference.expected, difference.largest);
    } else if (checker) {
      llvm::outs() << "compared equal to the reference, byte for byte\n";
    }
    if (auto *profile = json.getArray("profile")) {
      llvm::outs() << llvm::formatv("{0,9} {1,7} {2,5} {3,11} {4,9}  {5,-28} {6}\n", "ms", "GMAC/s", "peak",
                                    "MACs", "bytes", "compiled as", "kernel");
      double total = 0;
      for (const llvm::json::Value &value : *profile) {
        const llvm::json::Object &kernel = *value.getAsObject();
        bool isPeak = &value == &profile->front();
        double ms = kernel.getNumber("ms").value_or(0);
        total += isPeak ? 0 : ms;
        int64_t macs = *kernel.getInteger("macs");
        auto rate = kernel.getNumber("gmacs_per_s"), share = kernel.getNumber("share_of_peak");
        llvm::outs() << llvm::formatv("{0,9:f4} {1,7} {2,5} {3,11} {4,9}  {5,-28} {6}\n", ms,
                                      macs && rate ? llvm::formatv("{0:f1}", *rate).str() : "",
                                      macs && share ? llvm::formatv("{0:p0}", *share).str() : "", macs,
                                      *kernel.getInteger("bytes"), *kernel.getString("kind"),
                                      printable(*kernel.getString("name")));
      }
      llvm::outs() << llvm::formatv("{0,9:f4} sum of the kernels' fastest runs\n", total);
    }
    if (auto *latency = json.getObject("latency_ms"))
      llvm::outs() << llvm::formatv("latency  min {0:f4} ms, median {1:f4} ms of {2} runs\n",
                                    *latency->getNumber("min"), *latency->getNumber("median"),
                                    *latency->getInteger("runs"));
  }
  return difference.samples ? BadInput : Done;
}

} // namespace

int main(int argc, char **argv) {
  startTool();
  Options options;
  if (!parseCommandLine(argc, argv,
                        "Runs a compiled model, or IR in the reference evaluator, on samples.\n\n"
                        "  narrow-run m.so --input test.npz --labels labels\n"
                        "  narrow-run m.so --input test.npz --check m.integer.mlir\n"
                        "  narrow-run m.so --repeat 1000\n",
                        options.category))
    return BadUsage;
  if (llvm::Error error = options.extensions.load())
    return finishTool(reportError(std::move(error)));
  return finishTool(Run(options).main());
}
