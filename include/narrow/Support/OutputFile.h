//===- OutputFile.h - Output written completely or not at all ---*- C++ -*-===//
#ifndef NARROW_SUPPORT_OUTPUTFILE_H
#define NARROW_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <optional>
#include <string>

namespace narrow {

/// Writes to a temporary file next to the target, which `commit` renames. Until
/// then an existing file is unchanged; without a commit, and on signals, the
/// temporary file is removed. `-` is standard output; a target that is not a
/// regular file (a pipe, a device) is written directly.
class OutputFile {
public:
  /// Fails if the target cannot be written, before any work is done for it.
  static llvm::Expected<std::unique_ptr<OutputFile>> open(llvm::StringRef path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  llvm::raw_pwrite_stream &os();
  /// Where the bytes go until the commit; empty if the output is direct. For
  /// programs that write the file themselves (a linker).
  llvm::StringRef temporaryPath() const;
  /// Flushes the buffer and gives the file its name. Reports any write that
  /// failed since `open` (disk full, closed pipe).
  llvm::Error commit();

private:
  OutputFile(std::string path) : path(std::move(path)) {}

  std::string path;   ///< As given by the user.
  std::string target; ///< With symbolic links resolved.
  std::optional<llvm::sys::fs::TempFile> temporary;
  std::optional<llvm::raw_fd_ostream> stream;
  bool committed = false;
};

/// Fails if `output` is one of the input files, by whatever name, because that
/// file would be lost. Empty names and `-` are not files.
llvm::Error checkIsNoInput(llvm::StringRef output, llvm::ArrayRef<llvm::StringRef> inputs);

/// Flushes `llvm::outs()` and reports any write to it that failed. The last
/// thing that a tool does: an unchecked error would end the process as if it
/// had crashed.
llvm::Error flushStandardOutput();

/// Writes `bytes` to `path` completely or not at all.
llvm::Error writeOutputFile(llvm::StringRef path, llvm::StringRef bytes);

} // namespace narrow

#endif
