//===- Npz.h - numpy arrays and archives of them ----------------*- C++ -*-===//
//
// Reads .npy headers of versions 1.0 to 3.0 and .npz archives (stored or
// deflated members); writes what numpy.load reads. Input is not trusted: sizes
// are checked against the available bytes before memory is allocated.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_SUPPORT_NPZ_H
#define NARROW_SUPPORT_NPZ_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace narrow {

/// Element types in numpy's notation: kind and number of bytes.
enum class DType { B1, U1, I1, U2, I2, U4, I4, U8, I8, F2, F4, F8 };

/// Bytes of one element.
unsigned sizeOf(DType dtype);
/// The name users know: "uint8", "float32" …
llvm::StringRef nameOf(DType dtype);
bool isFloat(DType dtype);

template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<bool> : std::integral_constant<DType, DType::B1> {};
template <>
struct DTypeOf<uint8_t> : std::integral_constant<DType, DType::U1> {};
template <>
struct DTypeOf<int8_t> : std::integral_constant<DType, DType::I1> {};
template <>
struct DTypeOf<uint16_t> : std::integral_constant<DType, DType::U2> {};
template <>
struct DTypeOf<int16_t> : std::integral_constant<DType, DType::I2> {};
template <>
struct DTypeOf<uint32_t> : std::integral_constant<DType, DType::U4> {};
template <>
struct DTypeOf<int32_t> : std::integral_constant<DType, DType::I4> {};
template <>
struct DTypeOf<uint64_t> : std::integral_constant<DType, DType::U8> {};
template <>
struct DTypeOf<int64_t> : std::integral_constant<DType, DType::I8> {};
template <>
struct DTypeOf<float> : std::integral_constant<DType, DType::F4> {};
template <>
struct DTypeOf<double> : std::integral_constant<DType, DType::F8> {};

/// A dense array in C order.
struct Array {
  DType dtype = DType::F4;
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  int64_t size() const { return static_cast<int64_t>(bytes.size() / sizeOf(dtype)); }

  /// The elements if they are of type T, else an empty list.
  template <typename T>
  llvm::ArrayRef<T> as() const {
    if (dtype != DTypeOf<T>::value)
      return {};
    return {reinterpret_cast<const T *>(bytes.data()), bytes.size() / sizeof(T)};
  }
  /// Element `index` of any dtype as f32 (float types round to nearest).
  float toFloat(int64_t index) const;
  /// Element `index` of an integer or boolean dtype; nullopt for float types
  /// and for values that do not fit.
  std::optional<int64_t> toInteger(int64_t index) const;

  template <typename T>
  static Array create(std::vector<int64_t> shape, llvm::ArrayRef<T> values) {
    Array array{DTypeOf<T>::value, std::move(shape), {}};
    const char *begin = reinterpret_cast<const char *>(values.data());
    array.bytes.assign(begin, begin + values.size() * sizeof(T));
    return array;
  }
};

/// "[2, 3]"
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// The product of the dimensions, nullopt if one is negative or it overflows.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// Parses the bytes of a .npy file; `what` names it in errors.
llvm::Expected<Array> parseNpy(llvm::StringRef bytes, llvm::StringRef what);
/// The same without a second copy of the data.
llvm::Expected<Array> parseNpy(std::vector<char> &&bytes, llvm::StringRef what);
/// The bytes of a .npy file.
std::string formatNpy(const Array &array);
llvm::Expected<Array> readNpy(llvm::StringRef path);
/// Writes a .npy file completely or not at all.
llvm::Error writeNpy(llvm::StringRef path, const Array &array);

/// An array of an archive that is read in parts: memory holds only the part. Stored
/// members are read in place. For deflated members, which can only be read from the
/// beginning, a few streams are kept open, so that threads that advance together do not
/// unpack everything again. (An array in Fortran order, whose samples are scattered, is
/// kept in memory.) The archive stays open as long as this object exists.
class NpzArray {
public:
  NpzArray(); ///< Holds nothing until something is moved into it.
  NpzArray(NpzArray &&);
  NpzArray &operator=(NpzArray &&);
  ~NpzArray();

  DType dtype = DType::F4;
  std::vector<int64_t> shape;

  /// Reads out.size() bytes, beginning `offset` bytes after the first element. The
  /// checksum covers a whole member: it is compared when the last byte is read by a
  /// stream that has read everything before it. May be called from any thread.
  llvm::Error read(uint64_t offset, llvm::MutableArrayRef<char> out) const;

private:
  friend class NpzFile;
  struct Streams;
  std::unique_ptr<Streams> streams;
};

/// An open .npz archive. Arrays are read one by one, on demand.
class NpzFile {
public:
  static llvm::Expected<NpzFile> open(llvm::StringRef path);
  /// Reads from memory that outlives the object; `name` stands for the path.
  static llvm::Expected<NpzFile> openBuffer(llvm::StringRef bytes, llvm::StringRef name);

  NpzFile(NpzFile &&);
  NpzFile &operator=(NpzFile &&);
  ~NpzFile();

  const std::string &path() const { return filePath; }
  /// Names of the arrays, without ".npy", in the order of the archive.
  const std::vector<std::string> &names() const { return arrayNames; }
  bool contains(llvm::StringRef name) const;
  llvm::Expected<Array> read(llvm::StringRef name);
  /// The same array, to be read in parts; its header is read and checked.
  llvm::Expected<NpzArray> openArray(llvm::StringRef name);

private:
  friend class NpzArray;
  struct Archive;
  NpzFile(std::shared_ptr<Archive> archive, std::string path);
  llvm::Error listArrays();
  /// The member that holds an array.
  llvm::Expected<uint64_t> find(llvm::StringRef name) const;

  std::shared_ptr<Archive> archive;
  std::string filePath;
  std::vector<std::string> arrayNames;
  std::vector<uint64_t> arrayIndices;
};

using NamedArray = std::pair<std::string, Array>;

/// Writes an archive of uncompressed arrays completely or not at all. The bytes
/// depend only on the arguments (no time stamps).
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedArray> arrays);

} // namespace narrow

#endif
