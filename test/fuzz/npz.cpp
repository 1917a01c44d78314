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
    if (llvm::Expected<Array> array = file->read(name))
      check(*array);
    else
      llvm::consumeError(array.takeError());
  }
  return 0;
}
