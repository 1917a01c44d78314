//===- JIT.h - Running compiled models in this process ----------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_JIT_H
#define NARROW_TARGET_CPU_JIT_H

#include "narrow/Runtime/Model.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace narrow {

/// A compiled model, loaded. Calls are reentrant: threads may share it, each
/// with an arena of its own.
class CompiledModel {
public:
  /// Loads an object (the bytes of a .o) without a file and without a linker.
  static llvm::Expected<std::unique_ptr<CompiledModel>> fromObject(llvm::StringRef object);
  /// The same, without a copy: the object may be large.
  static llvm::Expected<std::unique_ptr<CompiledModel>> fromObject(llvm::SmallVector<char, 0> &&object);
  /// Opens a shared library. Both check before any code runs that this is a
  /// model, for this ABI version; then that the CPU has what the code needs.
  static llvm::Expected<std::unique_ptr<CompiledModel>> fromSharedLibrary(llvm::StringRef path);
  ~CompiledModel();

  const narrow_model_info &info() const { return *modelInfo; }
  llvm::StringRef prefix() const { return modelPrefix; }
  llvm::ArrayRef<narrow_tensor> inputs() const;
  llvm::ArrayRef<narrow_tensor> outputs() const;
  bool isObserved() const { return observeFunction; }
  /// Of the instruction sets that it was compiled for, the one that runs here.
  llvm::StringRef isa() const { return usedISA; }

  /// An aligned arena of the size that the model asks for.
  class Arena {
  public:
    explicit Arena(const narrow_model_info &info);
    void *data() const { return memory.get(); }
    size_t size() const { return bytes; }

  private:
    struct Free {
      void operator()(void *pointer) const;
    };
    size_t bytes;
    std::unique_ptr<void, Free> memory;
  };

  // The C functions, with the numbers of pointers checked; an error says what
  // the returned code means.
  llvm::Error run(llvm::ArrayRef<const float *> in, llvm::ArrayRef<float *> out, Arena &arena) const;
  llvm::Error runCodes(llvm::ArrayRef<const void *> in, llvm::ArrayRef<void *> out, Arena &arena) const;
  llvm::Error runThreads(llvm::ArrayRef<const float *> in, llvm::ArrayRef<float *> out, Arena &arena,
                         const narrow_threads &threads) const;
  llvm::Error observe(llvm::ArrayRef<const float *> in, llvm::ArrayRef<float *> out, Arena &arena,
                      const narrow_observer &observer) const;

  using RunFunction = int (*)(const float *const *, float *const *, void *, size_t);
  using RunCodesFunction = int (*)(const void *const *, void *const *, void *, size_t);
  using ObserveFunction = int (*)(const float *const *, float *const *, void *, size_t,
                                  const narrow_observer *);
  using RunThreadsFunction = int (*)(const float *const *, float *const *, void *, size_t,
                                     const narrow_threads *);
  /// The functions themselves, e.g. for timing.
  RunFunction getRun() const { return runFunction; }
  RunCodesFunction getRunCodes() const { return runCodesFunction; }
  /// Null unless the model was compiled for several threads.
  RunThreadsFunction getRunThreads() const { return runThreadsFunction; }
  ObserveFunction getObserve() const { return observeFunction; }

private:
  struct Code;
  CompiledModel();
  llvm::Error bind(llvm::StringRef prefix, llvm::StringRef where);
  llvm::Error checkCounts(size_t in, size_t out) const;

  std::unique_ptr<Code> code;
  std::string modelPrefix;
  llvm::StringRef usedISA;
  const narrow_model_info *modelInfo = nullptr;
  RunFunction runFunction = nullptr;
  RunCodesFunction runCodesFunction = nullptr;
  ObserveFunction observeFunction = nullptr;
  RunThreadsFunction runThreadsFunction = nullptr;
};

/// Memory for runs of one model, one at a time: f32 inputs and outputs, and an arena.
class ModelBuffers {
public:
  explicit ModelBuffers(const CompiledModel &model);
  ModelBuffers(const ModelBuffers &) = delete;
  ModelBuffers &operator=(const ModelBuffers &) = delete;

  // Of the size that the model says: to be written and read, not resized.
  std::vector<std::vector<float>> in, out;
  CompiledModel::Arena arena;
  llvm::ArrayRef<const float *> inputs() const { return inPointers; }
  llvm::ArrayRef<float *> outputs() const { return outPointers; }

private:
  std::vector<const float *> inPointers;
  std::vector<float *> outPointers;
};

/// What a `narrow_status` means.
llvm::StringRef describeStatus(int status);

} // namespace narrow

#endif
