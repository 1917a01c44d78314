//===- NpzTest.cpp - Arrays of numpy --------------------------------------===//
#include "narrow/Support/Npz.h"
#include "Common.h"
#include <cstring>

using namespace narrow;

static std::string npy(llvm::StringRef header, llvm::StringRef data, char version = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += version;
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  if (version > 1)
    bytes += std::string(2, '\0');
  return bytes + header.str() + data.str();
}

static std::string parseMessage(const std::string &bytes) { return messageOf(parseNpy(bytes, "x")); }

TEST(Npz, ReadsWhatNumpyWrote) {
  auto file = NpzFile::open(NARROW_TEST_INPUTS "/numpy.npz");
  ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
  EXPECT_EQ(file->names().size(), 13u);
  EXPECT_TRUE(file->contains("floats"));
  auto read = [&](const char *name) {
    auto array = file->read(name);
    if (array)
      return *array;
    ADD_FAILURE() << llvm::toString(array.takeError());
    return Array();
  };
  Array pictures = read("pictures");
  EXPECT_EQ(pictures.shape, (std::vector<int64_t>{2, 3, 2, 2}));
  ASSERT_EQ(pictures.as<uint8_t>().size(), 24u);
  EXPECT_EQ(pictures.as<uint8_t>()[23], 230);
  EXPECT_TRUE(pictures.as<float>().empty());
  EXPECT_EQ(read("floats").as<float>().vec(), (std::vector<float>{1.5f, -2.25f, 1e-40f}));
  EXPECT_EQ(read("doubles").as<double>().vec(), (std::vector<double>{0.1, 3e300}));
  Array halves = read("halves");
  EXPECT_EQ(halves.toFloat(0), 1.5f);
  EXPECT_EQ(halves.toFloat(1), -65504.0f);
  EXPECT_EQ(halves.toFloat(2), 0x1p-24f);
  Array fortran = read("fortran");
  EXPECT_EQ(fortran.shape, (std::vector<int64_t>{2, 3, 4}));
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(fortran.toInteger(i), i);
  EXPECT_EQ(read("bools").toInteger(0), 1);
  EXPECT_EQ(read("bools").toInteger(1), 0);
  EXPECT_EQ(read("scalar").size(), 1);
  EXPECT_EQ(read("scalar").toFloat(0), 2.5f);
  EXPECT_EQ(read("empty").shape, (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(read("unsigned").toInteger(0), std::nullopt);
  EXPECT_EQ(read("unsigned").toInteger(1), 7);
  EXPECT_EQ(read("unsigned").toFloat(0), 0x1p64f);

  expectMessage(messageOf(file->read("bigendian")), "array 'bigendian': big-endian dtype '>i4'");
  expectMessage(messageOf(file->read("text")), "array 'text': dtype '<U2' is not supported");
  expectMessage(messageOf(file->read("objects")), "Python objects");
  expectMessage(messageOf(file->read("structured")), "structured dtypes");
  expectMessage(messageOf(file->read("nothing")), "has no array 'nothing'; it has pictures, floats");
}

TEST(Npz, WritesWhatItReads) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npz");
  std::vector<NamedArray> arrays = {{"x", Array::create<float>({2, 2}, {1, 2, 3, -0.0f})},
                                    {"deep/name", Array::create<int64_t>({1}, {INT64_MIN})},
                                    {"scalar", Array::create<uint8_t>({}, {7})},
                                    {"none", Array::create<double>({0, 5}, {})}};
  ASSERT_EQ(messageOf(writeNpz(path, arrays)), "success");
  std::string first = readBytes(path);
  ASSERT_EQ(messageOf(writeNpz(path, arrays)), "success");
  EXPECT_EQ(first, readBytes(path)) << "not deterministic";
  EXPECT_EQ(folder.countFiles(), 1);

  auto file = NpzFile::open(path);
  ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
  EXPECT_EQ(file->names(), (std::vector<std::string>{"x", "deep/name", "scalar", "none"}));
  for (auto &[name, array] : arrays) {
    auto read = file->read(name);
    ASSERT_TRUE(bool(read)) << messageOf(read.takeError());
    EXPECT_EQ(read->shape, array.shape);
    EXPECT_EQ(read->bytes, array.bytes);
    EXPECT_EQ(read->dtype, array.dtype);
  }
  expectMessage(messageOf(writeNpz(path, {arrays[0], arrays[0]})), "array name 'x' is used twice");
  EXPECT_EQ(first, readBytes(path));
}

TEST(Npz, NpyHeaders) {
  std::string data(12, '\0');
  EXPECT_EQ(parseMessage(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }  \n", data)),
            "success");
  EXPECT_EQ(parseMessage(npy("{\"shape\":(6L,),\"fortran_order\":True,\"descr\":\"<u2\"}", data, 2)),
            "success");
  EXPECT_EQ(parseMessage(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (12,)}", data, 3)),
            "success");

  expectMessage(parseMessage(""), "x: is empty");
  expectMessage(parseMessage("PK"), "is not a numpy array");
  expectMessage(parseMessage(std::string("\x93NUMPY\1", 7)), "cut short in its header");
  expectMessage(parseMessage(npy("{}", "", 4)), ".npy version 4.0");
  expectMessage(parseMessage(npy("", "")), "expected '{'");
  expectMessage(parseMessage(npy("{}", "")), "is missing");
  expectMessage(parseMessage(npy("{'descr': '<f4'", "")), "expected ',' or '}'");
  expectMessage(parseMessage(npy("{'descr': '<f4", "")), "expected a dtype in quotes");
  expectMessage(parseMessage(npy("{'descr': '<f4', 'descr': '<f4'}", "")),
                "unexpected or repeated key 'descr'");
  expectMessage(parseMessage(npy("{'a\x01': 1}", "")), "key 'a\\x01'");
  expectMessage(parseMessage(npy("{'descr': '<c8', 'fortran_order': False, 'shape': ()}", "")),
                "dtype '<c8'");
  expectMessage(parseMessage(npy("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", "")), "True or False");
  expectMessage(parseMessage(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "")),
                "negative");
  expectMessage(parseMessage(npy("{'descr': '<f4', 'fortran_order': False, 'shape': 3}", "")),
                "expected '('");
  expectMessage(parseMessage(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "")),
                "after the dictionary");
  std::string cut = npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "");
  expectMessage(parseMessage(cut.substr(0, 30)), "is cut short in its header: ");
}

TEST(Npz, AbsurdShapes) {
  auto withShape = [](const std::string &shape, llvm::StringRef data) {
    return parseMessage(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + ")}", data));
  };
  expectMessage(withShape("4294967296, 4294967296", ""), "is too large");
  expectMessage(withShape("4611686018427387904", ""), "is too large");
  expectMessage(withShape("9223372036854775807, 4, 0", ""), "is too large");
  expectMessage(withShape("99999999999999999999", ""), "expected an integer");
  expectMessage(withShape("1000000000000", "1234"), "needs 4000000000000 bytes, 4 are there");
  expectMessage(withShape("1", "12345678"), "has 4 bytes after the data");
  std::string ranks;
  for (int i = 0; i < 100; ++i)
    ranks += "1,";
  expectMessage(withShape(ranks, "1234"), "more than 64 dimensions");
}

TEST(Npz, Parts) {
  // Stored and deflated members, an array in Fortran order, no dimensions.
  for (const char *path :
       {NARROW_TEST_INPUTS "/numpy.npz", NARROW_TEST_INPUTS "/../../../models/fashion_calib.npz"}) {
    auto file = NpzFile::open(path);
    ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
    for (const std::string &name : file->names()) {
      auto whole = file->read(name);
      auto parts = file->openArray(name);
      ASSERT_EQ(bool(whole), bool(parts)) << name;
      if (!whole) {
        EXPECT_EQ(messageOf(whole.takeError()), messageOf(parts.takeError()));
        continue;
      }
      EXPECT_EQ(whole->dtype, parts->dtype);
      EXPECT_EQ(whole->shape, parts->shape);
      size_t size = whole->bytes.size();
      for (size_t begin : {size / 2, size / 3, size / 2, size_t{0}, size - size / 4}) {
        std::vector<char> part(std::min<size_t>(size - begin, 1000));
        ASSERT_EQ(messageOf(parts->read(begin, part)), "success") << name;
        EXPECT_EQ(llvm::ArrayRef(part), llvm::ArrayRef(whole->bytes).slice(begin, part.size())) << name;
      }
    }
  }
}

TEST(Npz, DamagedArchives) {
  TemporaryFolder folder;
  std::string path = folder.file("a.npz");
  expectMessage(messageOf(NpzFile::open(path)), "cannot read '" + path + "': No such file");
  expectMessage(messageOf(NpzFile::open(folder.path())), "is a directory");
  writeBytes(path, "");
  expectMessage(messageOf(NpzFile::open(path)), path);
  writeBytes(path, "no archive at all");
  expectMessage(messageOf(NpzFile::open(path)), "as an .npz archive");
  ASSERT_EQ(messageOf(writeNpz(path, {})), "success");
  expectMessage(messageOf(NpzFile::open(path)), "has no arrays");

  std::vector<float> values(1000, 1.5f);
  ASSERT_EQ(messageOf(writeNpz(path, {{"values", Array::create<float>({1000}, values)}})), "success");
  std::string whole = readBytes(path);
  // Cut anywhere: an error, never a crash.
  for (size_t length = 0; length < whole.size(); length += 97) {
    auto file = NpzFile::openBuffer(llvm::StringRef(whole).take_front(length), "cut.npz");
    if (!file)
      llvm::consumeError(file.takeError());
    else
      EXPECT_NE(messageOf(file->read("values")), "success") << length;
  }
  // A changed byte of the data is found by the checksum.
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  auto file = NpzFile::openBuffer(changed, "changed.npz");
  ASSERT_TRUE(bool(file)) << messageOf(file.takeError());
  expectMessage(messageOf(file->read("values")), "'changed.npz': array 'values': CRC error");
}
