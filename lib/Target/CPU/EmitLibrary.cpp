//===- EmitLibrary.cpp - Files, and linking shared libraries --------------===//
#include "narrow/Target/CPU/Emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace narrow {
namespace {

llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Error makeFileError(StringRef path, std::error_code code) {
  return makeError("cannot write '" + path + "': " + code.message());
}

/// A new file that is removed at the end, also when the process is interrupted.
class TemporaryFile {
public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;
  ~TemporaryFile() {
    if (path.empty())
      return;
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }

  /// Creates the file with `contents`, in the folder of `destination` so that
  /// it can be renamed to it.
  std::error_code create(StringRef destination, StringRef suffix, StringRef contents) {
    int descriptor;
    if (std::error_code code =
            llvm::sys::fs::createUniqueFile(destination + ".%%%%%%" + suffix, descriptor, path))
      return code;
    llvm::sys::RemoveFileOnSignal(path);
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os << contents;
    os.close();
    std::error_code code = os.error();
    os.clear_error();
    return code;
  }

  StringRef getPath() const { return path; }

  std::error_code keepAs(StringRef destination) { return llvm::sys::fs::rename(path, destination); }

private:
  llvm::SmallString<128> path;
};

/// lld is a program of its own: its library is not part of LLVM's.
llvm::Expected<std::string> findLinker() {
  for (StringRef name : {"ld.lld-22", "/usr/lib/llvm-22/bin/ld.lld", "ld.lld"})
    if (llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name))
      return *path;
  return makeError("a shared library needs the linker ld.lld, which is not in "
                   "the PATH: install the package lld-22, or "
                   "write an object (-o m.o) and link it with your program");
}

std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().rtrim().str() : "";
}

} // namespace

llvm::Error writeFile(StringRef path, StringRef contents) {
  // Not a regular file (a pipe, /dev/stdout): nothing to rename to.
  llvm::sys::fs::file_status status;
  bool special = !llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
                 status.type() != llvm::sys::fs::file_type::regular_file;
  if (path == "-" || special) {
    std::error_code code;
    llvm::raw_fd_ostream os(path, code);
    if (!code) {
      os << contents;
      os.flush();
      code = os.error();
      os.clear_error();
    }
    return code ? makeFileError(path, code) : llvm::Error::success();
  }
  TemporaryFile file;
  if (std::error_code code = file.create(path, ".tmp", contents))
    return makeFileError(path, code);
  if (std::error_code code = file.keepAs(path))
    return makeFileError(path, code);
  return llvm::Error::success();
}

llvm::Error linkLibrary(StringRef object, StringRef path) {
  llvm::Expected<std::string> linker = findLinker();
  if (!linker)
    return linker.takeError();
  TemporaryFile input, output, messages;
  if (std::error_code code = input.create(path, ".o", object))
    return makeFileError(path, code);
  if (std::error_code code = output.create(path, ".so.tmp", ""))
    return makeFileError(path, code);
  if (std::error_code code = messages.create(path, ".log", ""))
    return makeFileError(path, code);

  std::string soname = ("-soname=" + llvm::sys::path::filename(path)).str();
  // --no-undefined: a model links with nothing. No build id, no path, no time:
  // the same object gives the same library.
  StringRef arguments[] = {*linker,
                           "-shared",
                           "--no-undefined",
                           "--build-id=none",
                           "--hash-style=both",
                           "-z",
                           "relro",
                           "-z",
                           "now",
                           "-z",
                           "noexecstack",
                           soname,
                           "-o",
                           output.getPath(),
                           input.getPath()};
  std::optional<StringRef> redirects[] = {StringRef(), messages.getPath(), messages.getPath()};
  std::string reason;
  int result =
      llvm::sys::ExecuteAndWait(*linker, arguments, /*Env=*/std::nullopt, redirects, /*SecondsToWait=*/0,
                                /*MemoryLimit=*/0, &reason);
  if (result != 0)
    return makeError("linking '" + path + "' with '" + *linker + "' failed: " + reason +
                     readFile(messages.getPath()));
  if (std::error_code code = output.keepAs(path))
    return makeFileError(path, code);
  return llvm::Error::success();
}

llvm::Error writeLibrary(ModuleOp module, const EmitOptions &options, StringRef path) {
  // Before minutes of code generation.
  if (llvm::Expected<std::string> linker = findLinker(); !linker)
    return linker.takeError();
  llvm::Expected<ObjectBuffer> object = emitObject(module, options);
  if (!object)
    return object.takeError();
  return linkLibrary(StringRef(object->data(), object->size()), path);
}

} // namespace narrow
