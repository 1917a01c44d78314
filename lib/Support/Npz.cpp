//===- Npz.cpp - Archives of numpy arrays ---------------------------------===//
#include "narrow/Support/Npz.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <zip.h>

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

struct NpzFile::Archive {
  zip_t *zip;
  explicit Archive(zip_t *zip) : zip(zip) {}
  Archive(const Archive &) = delete;
  Archive &operator=(const Archive &) = delete;
  ~Archive() { zip_discard(zip); }
};

NpzFile::NpzFile(std::unique_ptr<Archive> archive, std::string path)
    : archive(std::move(archive)), filePath(std::move(path)) {}
NpzFile::NpzFile(NpzFile &&) = default;
NpzFile &NpzFile::operator=(NpzFile &&) = default;
NpzFile::~NpzFile() = default;

static std::string message(zip_error_t *error) {
  std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  return text;
}

Expected<NpzFile> NpzFile::open(StringRef path) {
  std::string name = path.str();
  // libzip's own message for a folder or an unreadable file is poor.
  llvm::sys::fs::file_status status;
  if (std::error_code ec = llvm::sys::fs::status(path, status))
    return createStringError("cannot read '" + path + "': " + ec.message());
  if (llvm::sys::fs::is_directory(status))
    return createStringError("cannot read '" + path + "': is a directory");
  int code = 0;
  zip_t *zip = zip_open(name.c_str(), ZIP_RDONLY, &code);
  if (!zip) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = message(&error);
    return createStringError("cannot read '" + path + "' as an .npz archive: " + text +
                             " (write one with numpy.savez)");
  }
  NpzFile file(std::make_unique<Archive>(zip), std::move(name));
  if (Error error = file.listArrays())
    return error;
  return file;
}

Expected<NpzFile> NpzFile::openBuffer(StringRef bytes, StringRef name) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
  zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
  if (!zip) {
    if (source)
      zip_source_free(source);
    return createStringError("cannot read '" + name + "' as an .npz archive: " + message(&error));
  }
  zip_error_fini(&error);
  NpzFile file(std::make_unique<Archive>(zip), name.str());
  if (Error error = file.listArrays())
    return error;
  return file;
}

Error NpzFile::listArrays() {
  llvm::StringSet<> seen;
  zip_int64_t count = zip_get_num_entries(archive->zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *raw = zip_get_name(archive->zip, i, ZIP_FL_ENC_GUESS);
    if (!raw)
      return createStringError("'" + filePath + "': member " + Twine(i) + " has no readable name");
    StringRef name(raw);
    if (!name.consume_back(".npy"))
      continue;
    if (!seen.insert(name).second)
      return createStringError("'" + filePath + "' has two arrays '" + name + "'");
    arrayNames.push_back(name.str());
    arrayIndices.push_back(static_cast<uint64_t>(i));
  }
  if (arrayNames.empty())
    return createStringError(
        "'" + filePath + "' has no arrays" +
        (count > 0 ? Twine(" (none of its ") + Twine(count) + " members ends in .npy)" : Twine()));
  return Error::success();
}

bool NpzFile::contains(StringRef name) const { return llvm::is_contained(arrayNames, name); }

Expected<Array> NpzFile::read(StringRef name) {
  auto found = llvm::find(arrayNames, name);
  if (found == arrayNames.end())
    return createStringError("'" + filePath + "' has no array '" + name + "'; it has " +
                             llvm::join(arrayNames, ", "));
  uint64_t index = arrayIndices[found - arrayNames.begin()];
  std::string what = ("'" + filePath + "': array '" + name + "'").str();

  zip_stat_t stat;
  if (zip_stat_index(archive->zip, index, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) ||
      !(stat.valid & ZIP_STAT_COMP_SIZE))
    return createStringError(what + ": " + zip_strerror(archive->zip));
  zip_file_t *member = zip_fopen_index(archive->zip, index, 0);
  if (!member)
    return createStringError(what + ": " + zip_strerror(archive->zip));
  llvm::scope_exit close([&] { zip_fclose(member); });

  // The stated size is not trusted: memory grows with what is really read.
  std::vector<char> bytes;
  const uint64_t step = uint64_t{1} << 20;
  uint64_t have = 0;
  bytes.resize(std::min<uint64_t>(stat.size, step));
  while (have < stat.size) {
    if (have == bytes.size())
      bytes.resize(std::min<uint64_t>(stat.size, bytes.size() * 2));
    zip_int64_t got = zip_fread(member, bytes.data() + have, bytes.size() - have);
    if (got < 0)
      return createStringError(what + ": " + zip_file_strerror(member));
    if (got == 0)
      return createStringError(what + " is cut short: " + Twine(stat.size) + " bytes stated, " + Twine(have) +
                               " there");
    have += static_cast<uint64_t>(got);
  }
  bytes.resize(have);
  // The checksum is compared when the end is reached.
  char beyond;
  zip_int64_t got = zip_fread(member, &beyond, 1);
  if (got < 0)
    return createStringError(what + ": " + zip_file_strerror(member));
  if (got > 0)
    return createStringError(what + ": has more data than the " + Twine(stat.size) + " bytes stated");
  return parseNpy(std::move(bytes), what);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Error narrow::writeNpz(StringRef path, llvm::ArrayRef<NamedArray> arrays) {
  auto fail = [&](const Twine &text) { return createStringError("cannot write '" + path + "': " + text); };
  llvm::StringSet<> names;
  for (const NamedArray &named : arrays)
    if (named.first.empty() || !names.insert(named.first).second)
      return fail("array name '" + named.first + (named.first.empty() ? "' is empty" : "' is used twice"));

  // The archive is made in memory and then written in one piece, so that the
  // file appears whole or not at all, on a pipe too.
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *target = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (!target)
    return fail(message(&error));
  zip_source_keep(target);
  llvm::scope_exit freeTarget([&] { zip_source_free(target); });
  zip_t *zip = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (!zip) {
    zip_source_free(target);
    return fail(message(&error));
  }
  zip_error_fini(&error);
  llvm::scope_exit discard([&] { zip_discard(zip); });

  std::vector<std::string> members; // Must outlive zip_close.
  members.reserve(arrays.size());
  for (const auto &[name, array] : arrays) {
    members.push_back(formatNpy(array));
    zip_source_t *source = zip_source_buffer(zip, members.back().data(), members.back().size(), 0);
    if (!source)
      return fail(zip_strerror(zip));
    zip_int64_t index = zip_file_add(zip, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return fail("array '" + name + "': " + zip_strerror(zip));
    }
    // 1980-01-01, the first day that the format can express.
    if (zip_set_file_compression(zip, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(zip, index, 0, (1 << 5) | 1, 0) != 0)
      return fail(zip_strerror(zip));
  }
  if (zip_close(zip) != 0)
    return fail(zip_strerror(zip));
  discard.release();

  if (arrays.empty()) // libzip writes nothing; this is an archive without members.
    return writeOutputFile(path, StringRef("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22));
  zip_stat_t stat;
  if (zip_source_stat(target, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) || zip_source_open(target) != 0)
    return fail(zip_error_strerror(zip_source_error(target)));
  llvm::scope_exit closeTarget([&] { zip_source_close(target); });
  Expected<std::unique_ptr<OutputFile>> output = OutputFile::open(path);
  if (!output)
    return output.takeError();
  std::vector<char> chunk(1 << 20);
  for (uint64_t left = stat.size; left > 0;) {
    zip_int64_t got = zip_source_read(target, chunk.data(), std::min<uint64_t>(left, chunk.size()));
    if (got <= 0)
      return fail(zip_error_strerror(zip_source_error(target)));
    (*output)->os().write(chunk.data(), static_cast<size_t>(got));
    left -= static_cast<uint64_t>(got);
  }
  return (*output)->commit();
}
