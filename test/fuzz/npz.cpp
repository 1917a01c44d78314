//===- npz.cpp - Fuzzes the readers of .npy and .npz ----------------------===//
#include "narrow/Support/Npz.h"
#include <cstdlib>

using namespace narrow;

/// What was read must be consistent and survive being written.
static void check(const Array &array) {
  std::optional<int64_t> count = countElements(array.shape);
  if (!count || *count != array.size())
    std::abort();
  for (int64_t i = 0; i < std::min<int64_t>(array.size(), 16); ++i) {
    (void)array.toFloat(i);
    (void)array.toInteger(i);
  }
  llvm::Expected<Array> again = parseNpy(formatNpy(array), "again");
  if (!again)
    llvm::report_fatal_error(again.takeError());
  if (again->dtype != array.dtype || again->shape != array.shape || again->bytes != array.bytes)
    std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  if (llvm::Expected<Array> array = parseNpy(bytes, "x"))
    check(*array);
  else
    llvm::consumeError(array.takeError());

  llvm::Expected<NpzFile> file = NpzFile::openBuffer(bytes, "x.npz");
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  for (const std::string &name : file->names()) {
    llvm::Expected<Array> array = file->read(name);
    if (array)
      check(*array);
    // In parts, from the end: what can be read is what the whole has.
    llvm::Expected<NpzArray> parts = file->openArray(name);
    if (!parts && array)
      std::abort();
    for (size_t end = parts && array ? array->bytes.size() : 0; end > 0; end /= 2) {
      std::vector<char> part(end - end / 2);
      if (llvm::Error error = parts->read(end / 2, part))
        llvm::report_fatal_error(std::move(error));
      if (llvm::ArrayRef(part) != llvm::ArrayRef(array->bytes).slice(end / 2, part.size()))
        std::abort();
    }
    if (!array)
      llvm::consumeError(array.takeError());
    if (!parts)
      llvm::consumeError(parts.takeError());
  }
  return 0;
}
