//===- OutputFile.cpp - Output written completely or not at all -----------===//
#include "narrow/Support/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;

static Error cannotWrite(StringRef path, const Twine &why) {
  return createStringError("cannot write '" + path + "': " + why);
}

Expected<std::unique_ptr<OutputFile>> OutputFile::open(StringRef path) {
  if (path.empty())
    return createStringError("the name of the output file is empty");
  std::unique_ptr<OutputFile> file(new OutputFile(path.str()));
  if (path == "-") {
    llvm::sys::ChangeStdoutToBinary();
    file->stream.emplace(/*fd=*/1, /*shouldClose=*/false);
    return file;
  }

  fs::file_status status;
  std::error_code ec = fs::status(path, status);
  bool exists = !ec && fs::exists(status);
  if (exists && fs::is_directory(status))
    return cannotWrite(path, "is a directory");
  if (exists && fs::access(path, fs::AccessMode::Write))
    return cannotWrite(path, "the file is not writable");
  if (exists && !fs::is_regular_file(status)) {
    file->stream.emplace(path, ec, fs::CD_OpenExisting, fs::FA_Write, fs::OF_None);
    if (ec) {
      file->stream.reset();
      return cannotWrite(path, ec.message());
    }
    return file;
  }

  // A rename would replace a symbolic link instead of its target.
  llvm::SmallString<128> real;
  file->target = exists && !fs::real_path(path, real) ? std::string(real) : path.str();
  Expected<fs::TempFile> temporary = fs::TempFile::create(file->target + ".%%%%%%%%.tmp");
  if (!temporary)
    return cannotWrite(path, llvm::toString(temporary.takeError()));
  file->temporary.emplace(std::move(*temporary));
  if (exists)
    (void)fs::setPermissions(file->temporary->FD, status.permissions());
  file->stream.emplace(file->temporary->FD, /*shouldClose=*/false);
  return file;
}

OutputFile::~OutputFile() {
  if (stream) {
    stream->flush();
    stream->clear_error(); // An unchecked error would end the process.
    stream.reset();
  }
  if (temporary && !committed)
    llvm::consumeError(temporary->discard());
}

llvm::raw_pwrite_stream &OutputFile::os() { return *stream; }

StringRef OutputFile::temporaryPath() const {
  return temporary ? StringRef(temporary->TmpName) : StringRef();
}

Error OutputFile::commit() {
  if (committed || !stream)
    return cannotWrite(path, "committed twice");
  stream->flush();
  std::error_code ec = stream->error();
  stream->clear_error();
  if (ec)
    return cannotWrite(path, ec.message());
  committed = true;
  if (!temporary)
    return Error::success();
  stream.reset();
  if (Error error = temporary->keep(target))
    return cannotWrite(path, llvm::toString(std::move(error)));
  return Error::success();
}

Error narrow::checkIsNoInput(StringRef output, llvm::ArrayRef<StringRef> inputs) {
  // A path that is not a regular file (/dev/null, a pipe) has no content to lose.
  fs::UniqueID written, read;
  if (output.empty() || output == "-" || !fs::is_regular_file(output) || fs::getUniqueID(output, written))
    return Error::success();
  for (StringRef input : inputs)
    if (!input.empty() && input != "-" && !fs::getUniqueID(input, read) && read == written)
      return cannotWrite(output, "it is the input" + (input == output ? Twine() : " '" + input + "'") +
                                     ", which would be lost; name another file");
  return Error::success();
}

Error narrow::flushStandardOutput() {
  llvm::raw_fd_ostream &os = llvm::outs();
  os.flush();
  std::error_code ec = os.error();
  os.clear_error();
  return ec ? createStringError("cannot write to standard output: " + ec.message()) : Error::success();
}

Error narrow::writeOutputFile(StringRef path, StringRef bytes) {
  Expected<std::unique_ptr<OutputFile>> file = OutputFile::open(path);
  if (!file)
    return file.takeError();
  (*file)->os() << bytes;
  return (*file)->commit();
}
