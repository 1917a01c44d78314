//===- Npz.cpp - Archives of numpy arrays ---------------------------------===//
#include "NpyLayout.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <mutex>
#include <zip.h>

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

struct NpzFile::Archive {
  zip_t *zip;
  std::mutex mutex; ///< libzip's objects are not thread-safe.
  explicit Archive(zip_t *zip) : zip(zip) {}
  Archive(const Archive &) = delete;
  Archive &operator=(const Archive &) = delete;
  ~Archive() { zip_discard(zip); }
};

NpzFile::NpzFile(std::shared_ptr<Archive> archive, std::string path)
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
  NpzFile file(std::make_shared<Archive>(zip), std::move(name));
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
  NpzFile file(std::make_shared<Archive>(zip), name.str());
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

namespace {
/// A member of an archive, read from its beginning to its end.
class Member {
public:
  Member() = default;
  Member(Member &&other) { *this = std::move(other); }
  Member &operator=(Member &&other) {
    std::swap(file, other.file);
    std::swap(size, other.size);
    std::swap(position, other.position);
    std::swap(seekable, other.seekable);
    return *this;
  }
  ~Member() {
    if (file)
      zip_fclose(file);
  }

  static Expected<Member> open(zip_t *zip, uint64_t index, StringRef what) {
    zip_stat_t stat;
    Member member;
    if (zip_stat_index(zip, index, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) ||
        !(stat.valid & ZIP_STAT_COMP_SIZE) || !(member.file = zip_fopen_index(zip, index, 0)))
      return createStringError(what + ": " + zip_strerror(zip));
    member.size = stat.size;
    // zip_fseek on any other member breaks the stream.
    member.seekable = (stat.valid & ZIP_STAT_COMP_METHOD) && stat.comp_method == ZIP_CM_STORE &&
                      (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method == ZIP_EM_NONE;
    return member;
  }

  uint64_t getSize() const { return size; }
  uint64_t getPosition() const { return position; }

  /// Moves anywhere in a stored member. False for other members.
  bool seek(uint64_t to) {
    if (to == position)
      return true;
    if (!seekable || zip_fseek(file, static_cast<zip_int64_t>(to), SEEK_SET) != 0)
      return false;
    position = to;
    return true;
  }

  /// Fills `out`, and compares the checksum on reaching the end.
  Error read(llvm::MutableArrayRef<char> out, StringRef what) {
    while (!out.empty()) {
      zip_int64_t got = zip_fread(file, out.data(), out.size());
      if (got < 0)
        return createStringError(what + ": " + zip_file_strerror(file));
      if (got == 0)
        return createStringError(what + " is cut short: " + Twine(size) + " bytes stated, " +
                                 Twine(position) + " there");
      position += static_cast<uint64_t>(got);
      out = out.drop_front(static_cast<size_t>(got));
    }
    if (position != size)
      return Error::success();
    char beyond;
    zip_int64_t got = zip_fread(file, &beyond, 1);
    if (got < 0)
      return createStringError(what + ": " + zip_file_strerror(file));
    if (got > 0)
      return createStringError(what + ": has more data than the " + Twine(size) + " bytes stated");
    return Error::success();
  }

  /// The next `count` bytes. The stated size is not trusted: memory grows with
  /// what is actually read.
  Expected<std::vector<char>> readBytes(uint64_t count, StringRef what) {
    std::vector<char> bytes;
    while (bytes.size() < count) {
      uint64_t have = bytes.size(), step = std::max<uint64_t>(uint64_t{1} << 20, have);
      bytes.resize(std::min(count, have + step));
      if (Error error = read(llvm::MutableArrayRef(bytes).drop_front(have), what))
        return error;
    }
    return bytes;
  }

private:
  zip_file_t *file = nullptr;
  uint64_t size = 0, position = 0;
  bool seekable = false;
};
} // namespace

Expected<uint64_t> NpzFile::find(StringRef name) const {
  auto found = llvm::find(arrayNames, name);
  if (found == arrayNames.end())
    return createStringError("'" + filePath + "' has no array '" + name + "'; it has " +
                             llvm::join(arrayNames, ", "));
  return arrayIndices[found - arrayNames.begin()];
}

Expected<Array> NpzFile::read(StringRef name) {
  Expected<uint64_t> index = find(name);
  if (!index)
    return index.takeError();
  std::string what = ("'" + filePath + "': array '" + name + "'").str();
  std::lock_guard lock(archive->mutex);
  Expected<Member> member = Member::open(archive->zip, *index, what);
  if (!member)
    return member.takeError();
  Expected<std::vector<char>> bytes = member->readBytes(member->getSize(), what);
  if (!bytes)
    return bytes.takeError();
  return parseNpy(std::move(*bytes), what);
}

//===----------------------------------------------------------------------===//
// Parts of an array
//===----------------------------------------------------------------------===//

struct NpzArray::Streams {
  std::shared_ptr<NpzFile::Archive> archive;
  uint64_t index = 0; ///< of the member
  std::string what;
  uint64_t dataOffset = 0;
  std::optional<Array> whole;
  std::vector<Member> members;

  /// A stream that is at `position` or can still reach it.
  Expected<Member *> getStream(uint64_t position);
};

NpzArray::NpzArray() = default;
NpzArray::NpzArray(NpzArray &&) = default;
NpzArray &NpzArray::operator=(NpzArray &&) = default;
NpzArray::~NpzArray() = default;

Expected<Member *> NpzArray::Streams::getStream(uint64_t position) {
  constexpr size_t mostStreams = 64;
  if (!members.empty() && members.front().seek(position))
    return &members.front();
  Member *best = nullptr;
  for (Member &member : members)
    if (member.getPosition() <= position && (!best || best->getPosition() < member.getPosition()))
      best = &member;
  if (!best) {
    Expected<Member> opened = Member::open(archive->zip, index, what);
    if (!opened)
      return opened.takeError();
    // The stream that is furthest ahead is needed last.
    if (members.size() < mostStreams)
      members.emplace_back();
    best = &*llvm::max_element(members, [](const Member &a, const Member &b) {
      return (a.getSize() ? a.getPosition() : UINT64_MAX) < (b.getSize() ? b.getPosition() : UINT64_MAX);
    });
    *best = std::move(*opened);
  }
  std::vector<char> skipped(std::min<uint64_t>(position - best->getPosition(), uint64_t{1} << 20));
  while (uint64_t left = position - best->getPosition())
    if (Error error = best->read(
            llvm::MutableArrayRef(skipped).take_front(std::min<uint64_t>(left, skipped.size())), what))
      return error;
  return best;
}

Error NpzArray::read(uint64_t offset, llvm::MutableArrayRef<char> out) const {
  if (streams->whole) {
    llvm::copy(llvm::ArrayRef(streams->whole->bytes).slice(offset, out.size()), out.begin());
    return Error::success();
  }
  std::lock_guard lock(streams->archive->mutex);
  Expected<Member *> stream = streams->getStream(streams->dataOffset + offset);
  return stream ? (*stream)->read(out, streams->what) : stream.takeError();
}

Expected<NpzArray> NpzFile::openArray(StringRef name) {
  Expected<uint64_t> index = find(name);
  if (!index)
    return index.takeError();
  NpzArray array;
  array.streams = std::make_unique<NpzArray::Streams>();
  array.streams->archive = archive;
  array.streams->index = *index;
  array.streams->what = ("'" + filePath + "': array '" + name + "'").str();
  StringRef what = array.streams->what;
  std::optional<NpyLayout> layout;
  {
    std::lock_guard lock(archive->mutex);
    Expected<Member> member = Member::open(archive->zip, *index, what);
    if (!member)
      return member.takeError();
    Expected<std::vector<char>> header =
        member->readBytes(std::min(member->getSize(), mostHeaderBytes), what);
    if (!header)
      return header.takeError();
    Expected<NpyLayout> parsed =
        parseNpyLayout(StringRef(header->data(), header->size()), member->getSize(), what);
    if (!parsed)
      return parsed.takeError();
    layout = std::move(*parsed);
  }
  if (layout->fortranOrder) {
    Expected<Array> whole = read(name);
    if (!whole)
      return whole.takeError();
    array.streams->whole = std::move(*whole);
  }
  array.dtype = layout->dtype;
  array.shape = std::move(layout->shape);
  array.streams->dataOffset = layout->dataOffset;
  return array;
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
  // output is complete or absent, even on a pipe.
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

  if (arrays.empty()) // libzip would write nothing; this is an archive without members.
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
