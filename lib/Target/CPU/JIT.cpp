//===- JIT.cpp - Running compiled models in this process ------------------===//
#include "narrow/Target/CPU/JIT.h"
#include "narrow/Target/CPU/Target.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include <algorithm>
#include <dlfcn.h>
#include <new>

using namespace llvm;

namespace narrow {
namespace {

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

constexpr char recompile[] = "; compile one with narrow-compile";

/// A damaged library would end the process when the loader maps it.
Error checkComplete(const object::ELFObjectFileBase &file, StringRef bytes, StringRef where) {
  auto *elf = dyn_cast<object::ELF64LEObjectFile>(&file);
  if (!elf)
    return makeError(where + ": not a 64-bit little-endian ELF file");
  auto headers = elf->getELFFile().program_headers();
  if (!headers)
    return headers.takeError();
  for (const auto &header : *headers)
    if (header.p_offset > bytes.size() || header.p_filesz > bytes.size() - header.p_offset)
      return makeError(where + ": the file is incomplete");
  return Error::success();
}

/// The prefix of the model in an object or a library: there are functions
/// `<prefix>_info` and `<prefix>_run`.
Expected<std::string> findPrefix(StringRef bytes, StringRef where, bool isLibrary) {
  auto file = object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, where));
  if (!file)
    return makeError(where + ": not a compiled model: " + toString(file.takeError()) + recompile);
  auto *elf = cast<object::ELFObjectFileBase>(file->get());
  Triple triple = elf->makeTriple(), host(sys::getProcessTriple());
  if (triple.getArch() != host.getArch())
    return makeError(where + ": compiled for " + triple.getArchName() + ", this machine is " +
                     host.getArchName());
  if (isLibrary != (elf->getEType() == ELF::ET_DYN))
    return makeError(where + (isLibrary ? ": not a shared library; link objects into "
                                          "a program, or compile with -o m.so"
                                        : ": not a relocatable object"));
  if (Error error = checkComplete(*elf, bytes, where))
    return error;

  std::vector<std::string> names;
  auto addName = [&](const object::ELFSymbolRef &symbol) -> Error {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if ((*flags & object::SymbolRef::SF_Global) && !(*flags & object::SymbolRef::SF_Undefined) &&
        symbol.getELFType() == ELF::STT_FUNC)
      names.push_back(name->str());
    return Error::success();
  };
  auto range = isLibrary ? elf->getDynamicSymbolIterators() : elf->symbols();
  for (const object::ELFSymbolRef symbol : range)
    if (Error error = addName(symbol))
      return makeError(where + ": damaged symbol table: " + toString(std::move(error)));
  llvm::sort(names);
  std::vector<std::string> prefixes;
  for (StringRef name : names)
    if (name.consume_back("_info") && std::binary_search(names.begin(), names.end(), (name + "_run").str()) &&
        std::binary_search(names.begin(), names.end(), (name + "_run_codes").str()))
      prefixes.push_back(name.str());
  if (prefixes.empty())
    return makeError(where +
                     ": not a compiled model: it has no functions <name>_info, "
                     "<name>_run and "
                     "<name>_run_codes" +
                     recompile);
  if (prefixes.size() > 1)
    return makeError(where + ": holds several models (" + llvm::join(prefixes, ", ") +
                     "); load libraries of one model");
  return prefixes.front();
}

Error checkStatus(int status) {
  return status == NARROW_OK ? Error::success()
                             : makeError("the model refuses to run: " + describeStatus(status));
}

} // namespace

/// What keeps the code in memory: a JIT or a handle of dlopen.
struct CompiledModel::Code {
  std::unique_ptr<orc::LLJIT> jit;
  void *library = nullptr;

  ~Code() {
    if (library)
      dlclose(library);
  }

  Expected<void *> lookup(const std::string &name) {
    if (!jit) {
      if (void *address = dlsym(library, name.c_str()))
        return address;
      return makeError("no function " + name);
    }
    Expected<orc::ExecutorAddr> address = jit->lookup(name);
    if (!address)
      return address.takeError();
    return address->toPtr<void *>();
  }
};

CompiledModel::CompiledModel() : code(std::make_unique<Code>()) {}
CompiledModel::~CompiledModel() = default;

Error CompiledModel::bind(StringRef prefix, StringRef where) {
  modelPrefix = prefix.str();
  auto find = [&](StringRef suffix) { return code->lookup((prefix + suffix).str()); };
  Expected<void *> getInfo = find("_info");
  if (!getInfo)
    return getInfo.takeError();
  // Compiled for the baseline of the architecture or not: it returns an
  // address.
  modelInfo = reinterpret_cast<const narrow_model_info *(*)()>(*getInfo)();
  if (!modelInfo || modelInfo->abi_version != NARROW_ABI_VERSION)
    return makeError(where + ": compiled for version " + Twine(modelInfo ? modelInfo->abi_version : 0) +
                     " of the C interface, this program has version " + Twine(NARROW_ABI_VERSION) +
                     "; compile the model again");
  Expected<unsigned> variant = checkHostFeatures(modelInfo->features, getHostFeatures());
  if (!variant)
    return makeError(where + ": " + toString(variant.takeError()));
  SmallVector<StringRef> isas;
  StringRef(modelInfo->isa).split(isas, ',');
  usedISA = *variant < isas.size() ? isas[*variant] : StringRef(modelInfo->isa);
  Expected<void *> run = find("_run"), runCodes = find("_run_codes");
  if (!run || !runCodes)
    return joinErrors(run.takeError(), runCodes.takeError());
  runFunction = reinterpret_cast<RunFunction>(*run);
  runCodesFunction = reinterpret_cast<RunCodesFunction>(*runCodes);
  if (modelInfo->max_threads > 1) {
    Expected<void *> runThreads = find("_run_threads");
    if (!runThreads)
      return runThreads.takeError();
    runThreadsFunction = reinterpret_cast<RunThreadsFunction>(*runThreads);
  }
  if (modelInfo->observer_count == 0)
    return Error::success();
  Expected<void *> observe = find("_observe");
  if (!observe)
    return observe.takeError();
  observeFunction = reinterpret_cast<ObserveFunction>(*observe);
  return Error::success();
}

Expected<std::unique_ptr<CompiledModel>> CompiledModel::fromObject(StringRef object) {
  return fromObject(SmallVector<char, 0>(object.begin(), object.end()));
}

Expected<std::unique_ptr<CompiledModel>> CompiledModel::fromObject(SmallVector<char, 0> &&object) {
  initializeTargets();
  Expected<std::string> prefix =
      findPrefix(StringRef(object.data(), object.size()), "object", /*isLibrary=*/false);
  if (!prefix)
    return prefix.takeError();
  Expected<std::unique_ptr<orc::LLJIT>> jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  if (Error error = (*jit)->addObjectFile(std::make_unique<SmallVectorMemoryBuffer>(
          std::move(object), *prefix, /*RequiresNullTerminator=*/false)))
    return error;
  std::unique_ptr<CompiledModel> model(new CompiledModel());
  model->code->jit = std::move(*jit);
  if (Error error = model->bind(*prefix, *prefix))
    return error;
  return model;
}

Expected<std::unique_ptr<CompiledModel>> CompiledModel::fromSharedLibrary(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + buffer.getError().message());
  Expected<std::string> prefix = findPrefix((*buffer)->getBuffer(), path, /*isLibrary=*/true);
  if (!prefix)
    return prefix.takeError();
  SmallString<128> absolute(path); // a bare name would be searched for elsewhere
  if (std::error_code code = sys::fs::make_absolute(absolute))
    return makeError("cannot find '" + path + "': " + code.message());
  std::unique_ptr<CompiledModel> model(new CompiledModel());
  model->code->library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!model->code->library)
    return makeError("cannot load '" + path + "': " + dlerror());
  if (Error error = model->bind(*prefix, path))
    return error;
  return model;
}

ArrayRef<narrow_tensor> CompiledModel::inputs() const {
  return {modelInfo->inputs, (size_t)modelInfo->input_count};
}
ArrayRef<narrow_tensor> CompiledModel::outputs() const {
  return {modelInfo->outputs, (size_t)modelInfo->output_count};
}

ModelBuffers::ModelBuffers(const CompiledModel &model) : arena(model.info()) {
  for (const narrow_tensor &tensor : model.inputs())
    in.emplace_back(tensor.count);
  for (const narrow_tensor &tensor : model.outputs())
    out.emplace_back(tensor.count);
  for (const std::vector<float> &values : in)
    inPointers.push_back(values.data());
  for (std::vector<float> &values : out)
    outPointers.push_back(values.data());
}

CompiledModel::Arena::Arena(const narrow_model_info &info) : bytes(std::max<size_t>(info.arena_size, 1)) {
  size_t alignment = std::max<size_t>(info.arena_alignment, sizeof(void *));
  memory.reset(std::aligned_alloc(alignment, llvm::alignTo(bytes, alignment)));
  if (!memory)
    throw std::bad_alloc();
}

void CompiledModel::Arena::Free::operator()(void *pointer) const { std::free(pointer); }

Error CompiledModel::checkCounts(size_t in, size_t out) const {
  if (in == (size_t)modelInfo->input_count && out == (size_t)modelInfo->output_count)
    return Error::success();
  return makeError("the model has " + Twine(modelInfo->input_count) + " inputs and " +
                   Twine(modelInfo->output_count) + " outputs, not " + Twine(in) + " and " + Twine(out));
}

Error CompiledModel::run(ArrayRef<const float *> in, ArrayRef<float *> out, Arena &arena) const {
  if (Error error = checkCounts(in.size(), out.size()))
    return error;
  return checkStatus(runFunction(in.data(), out.data(), arena.data(), arena.size()));
}

Error CompiledModel::runCodes(ArrayRef<const void *> in, ArrayRef<void *> out, Arena &arena) const {
  if (Error error = checkCounts(in.size(), out.size()))
    return error;
  return checkStatus(runCodesFunction(in.data(), out.data(), arena.data(), arena.size()));
}

Error CompiledModel::runThreads(ArrayRef<const float *> in, ArrayRef<float *> out, Arena &arena,
                                const narrow_threads &threads) const {
  if (!runThreadsFunction)
    return makeError("the model was compiled for one thread; compile it with --threads=" +
                     Twine(threads.count));
  if (Error error = checkCounts(in.size(), out.size()))
    return error;
  return checkStatus(runThreadsFunction(in.data(), out.data(), arena.data(), arena.size(), &threads));
}

Error CompiledModel::observe(ArrayRef<const float *> in, ArrayRef<float *> out, Arena &arena,
                             const narrow_observer &observer) const {
  if (!observeFunction)
    return makeError("the model was not compiled for calibration: it has no observers");
  if (Error error = checkCounts(in.size(), out.size()))
    return error;
  return checkStatus(observeFunction(in.data(), out.data(), arena.data(), arena.size(), &observer));
}

StringRef describeStatus(int status) {
  switch (status) {
  case NARROW_OK:
    return "done";
  case NARROW_ERROR_NULL:
    return "a pointer is null";
  case NARROW_ERROR_ARENA_SIZE:
    return "the arena is too small";
  case NARROW_ERROR_ARENA_ALIGNMENT:
    return "the arena is not aligned";
  case NARROW_ERROR_NO_CODES:
    return "it is not quantized and has no codes";
  case NARROW_ERROR_CPU:
    return "this CPU lacks instructions that it needs";
  case NARROW_ERROR_THREADS:
    return "it was compiled for fewer threads";
  default:
    return "unknown status";
  }
}

} // namespace narrow
