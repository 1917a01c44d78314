//===- Npy.cpp - One numpy array ------------------------------------------===//
//
// The format is numpy.lib.format: magic, version, length of the header, a
// Python dictionary literal with 'descr', 'fortran_order' and 'shape', data.
//
//===----------------------------------------------------------------------===//
#include "NpyLayout.h"
#include "narrow/Support/OutputFile.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace narrow;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

static_assert(llvm::endianness::native == llvm::endianness::little,
              "arrays are kept in the byte order of the file");

static constexpr StringRef magic("\x93NUMPY", 6);
/// numpy has a limit of 64 dimensions.
static constexpr size_t maxRank = 64;

namespace {
struct DTypeInfo {
  DType dtype;
  const char *code;
  unsigned size;
  const char *name;
};
} // namespace

static constexpr DTypeInfo dtypes[] = {
    {DType::B1, "b1", 1, "bool"},    {DType::U1, "u1", 1, "uint8"},   {DType::I1, "i1", 1, "int8"},
    {DType::U2, "u2", 2, "uint16"},  {DType::I2, "i2", 2, "int16"},   {DType::U4, "u4", 4, "uint32"},
    {DType::I4, "i4", 4, "int32"},   {DType::U8, "u8", 8, "uint64"},  {DType::I8, "i8", 8, "int64"},
    {DType::F2, "f2", 2, "float16"}, {DType::F4, "f4", 4, "float32"}, {DType::F8, "f8", 8, "float64"}};

unsigned narrow::sizeOf(DType dtype) { return dtypes[static_cast<int>(dtype)].size; }
StringRef narrow::nameOf(DType dtype) { return dtypes[static_cast<int>(dtype)].name; }
bool narrow::isFloat(DType dtype) { return dtype >= DType::F2; }

std::string narrow::formatShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::optional<int64_t> narrow::countElements(ArrayRef<int64_t> shape) {
  // A zero does not excuse an overflow: [2^62, 2^62, 0] is just as invalid.
  int64_t product = 1;
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (__builtin_mul_overflow(product, dim, &product))
      return std::nullopt;
  }
  return empty ? 0 : product;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T>
static T load(const Array &array, int64_t index) {
  T value;
  std::memcpy(&value, array.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

float Array::toFloat(int64_t index) const {
  switch (dtype) {
  case DType::F4:
    return load<float>(*this, index);
  case DType::F8:
    return static_cast<float>(load<double>(*this, index));
  case DType::F2: {
    llvm::APFloat half(llvm::APFloat::IEEEhalf(), llvm::APInt(16, load<uint16_t>(*this, index)));
    bool losesInfo;
    half.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return half.convertToFloat();
  }
  case DType::U8:
    return static_cast<float>(load<uint64_t>(*this, index));
  default:
    return static_cast<float>(*toInteger(index));
  }
}

std::optional<int64_t> Array::toInteger(int64_t index) const {
  switch (dtype) {
  case DType::B1:
    return load<uint8_t>(*this, index) != 0;
  case DType::U1:
    return load<uint8_t>(*this, index);
  case DType::I1:
    return load<int8_t>(*this, index);
  case DType::U2:
    return load<uint16_t>(*this, index);
  case DType::I2:
    return load<int16_t>(*this, index);
  case DType::U4:
    return load<uint32_t>(*this, index);
  case DType::I4:
    return load<int32_t>(*this, index);
  case DType::I8:
    return load<int64_t>(*this, index);
  case DType::U8: {
    uint64_t value = load<uint64_t>(*this, index);
    return value <= INT64_MAX ? std::optional<int64_t>(value) : std::nullopt;
  }
  case DType::F2:
  case DType::F4:
  case DType::F8:
    return std::nullopt;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

namespace {
struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Parser of the header's Python dictionary.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : text(text) {}

  Expected<Header> parse() {
    Header header;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!consume('{'))
      return fail("expected '{'");
    while (!consume('}')) {
      std::optional<StringRef> key = parseString();
      if (!key || !consume(':'))
        return fail("expected a quoted key and ':'");
      if (*key == "descr" && !hasDescr) {
        if (consume('['))
          return createStringError("structured dtypes are not supported; save each field as an array");
        std::optional<StringRef> descr = parseString();
        if (!descr)
          return fail("expected a dtype in quotes");
        header.descr = descr->str();
        hasDescr = true;
      } else if (*key == "fortran_order" && !hasOrder) {
        skipSpace();
        if (text.consume_front("True"))
          header.fortranOrder = true;
        else if (!text.consume_front("False"))
          return fail("expected True or False for 'fortran_order'");
        hasOrder = true;
      } else if (*key == "shape" && !hasShape) {
        if (Error error = parseShape(header.shape))
          return error;
        hasShape = true;
      } else {
        return createStringError("bad header: unexpected or repeated key '" + printable(*key) + "'");
      }
      if (!consume(',')) {
        if (consume('}'))
          break;
        return fail("expected ',' or '}'");
      }
    }
    skipSpace();
    if (!text.empty())
      return fail("text after the dictionary");
    if (!hasDescr || !hasOrder || !hasShape)
      return createStringError("bad header: 'descr', 'fortran_order' or 'shape' is missing");
    return header;
  }

private:
  void skipSpace() { text = text.ltrim(" \t\r\n\f\v"); }

  bool consume(char c) {
    skipSpace();
    return text.consume_front(StringRef(&c, 1));
  }

  std::optional<StringRef> parseString() {
    skipSpace();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return std::nullopt;
    size_t end = text.find(text[0], 1);
    if (end == StringRef::npos)
      return std::nullopt;
    StringRef value = text.substr(1, end - 1);
    text = text.substr(end + 1);
    return value;
  }

  Error parseShape(std::vector<int64_t> &shape) {
    if (!consume('('))
      return fail("expected '(' after 'shape'");
    while (!consume(')')) {
      skipSpace();
      int64_t dim;
      if (text.consumeInteger(10, dim))
        return fail("expected an integer in 'shape'");
      text.consume_front("L"); // Python 2 wrote long integers this way.
      if (dim < 0)
        return createStringError("bad header: negative dimension " + Twine(dim));
      shape.push_back(dim);
      if (shape.size() > maxRank)
        return createStringError("bad header: more than " + Twine(maxRank) + " dimensions");
      if (!consume(',')) {
        if (consume(')'))
          break;
        return fail("expected ',' or ')' in 'shape'");
      }
    }
    return Error::success();
  }

  static std::string printable(StringRef bytes) {
    std::string result;
    llvm::raw_string_ostream stream(result);
    stream.write_escaped(bytes.take_front(40), /*UseHexEscapes=*/true);
    return result;
  }

  Error fail(const Twine &message) {
    return createStringError("bad header: " + message + ", found '" + printable(text.take_front(20)) + "'");
  }

  StringRef text;
};
} // namespace

static Expected<DType> parseDescr(StringRef descr) {
  StringRef code = descr;
  char order = code.empty() ? ' ' : code[0];
  if (order == '<' || order == '|' || order == '=' || order == '>')
    code = code.drop_front();
  for (const DTypeInfo &info : dtypes) {
    if (code != info.code)
      continue;
    if (order == '>' && info.size > 1)
      return createStringError(Twine("big-endian dtype '") + descr +
                               "' is not supported; convert with .astype('<" + code + "')");
    return info.dtype;
  }
  std::string text;
  llvm::raw_string_ostream(text).write_escaped(descr.take_front(40), true);
  if (code.starts_with("O"))
    text += "' (Python objects";
  return createStringError("dtype '" + text + (code.starts_with("O") ? ")" : "'") +
                           " is not supported; use bool, an integer, float16, float32 or float64");
}

std::vector<char> narrow::toCOrder(ArrayRef<char> source, ArrayRef<int64_t> shape, unsigned size) {
  std::vector<char> result(source.size());
  size_t count = source.size() / size;
  std::vector<int64_t> index(shape.size(), 0), stride(shape.size(), 1);
  for (size_t axis = 1; axis < shape.size(); ++axis)
    stride[axis] = stride[axis - 1] * shape[axis - 1];
  int64_t from = 0;
  for (size_t to = 0; to < count; ++to) {
    std::memcpy(result.data() + to * size, source.data() + from * size, size);
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < shape[axis])
        break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

Expected<NpyLayout> narrow::parseNpyLayout(StringRef bytes, uint64_t fileSize, StringRef what) {
  auto fail = [&](const Twine &message) { return createStringError(what + ": " + message); };
  if (!bytes.starts_with(magic))
    return fail(bytes.empty() ? "is empty" : "is not a numpy array (no \\x93NUMPY at its start)");
  if (bytes.size() < 10)
    return fail("is cut short in its header");
  unsigned major = static_cast<uint8_t>(bytes[6]), minor = static_cast<uint8_t>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    return fail("has .npy version " + Twine(major) + "." + Twine(minor) +
                "; versions 1.0 to 3.0 are supported");
  size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start)
    return fail("is cut short in its header");
  uint64_t length = major == 1 ? llvm::support::endian::read16le(bytes.data() + 8)
                               : llvm::support::endian::read32le(bytes.data() + 8);
  if (length > fileSize - start)
    return fail("is cut short in its header: " + Twine(length) + " bytes stated, " + Twine(fileSize - start) +
                " there");
  if (length > bytes.size() - start)
    return fail("has a header of " + Twine(length) + " bytes, at most " + Twine(mostHeaderBytes - start) +
                " are supported");
  Expected<Header> header = HeaderParser(bytes.substr(start, length)).parse();
  if (!header)
    return fail(llvm::toString(header.takeError()));
  Expected<DType> dtype = parseDescr(header->descr);
  if (!dtype)
    return fail(llvm::toString(dtype.takeError()));

  unsigned size = sizeOf(*dtype);
  uint64_t there = fileSize - start - length;
  std::optional<int64_t> count = countElements(header->shape);
  int64_t need;
  if (!count || __builtin_mul_overflow(*count, int64_t{size}, &need))
    return fail("shape " + formatShape(header->shape) + " is too large");
  if (static_cast<uint64_t>(need) > there)
    return fail("is cut short: shape " + formatShape(header->shape) + " of " + nameOf(*dtype) + " needs " +
                Twine(need) + " bytes, " + Twine(there) + " are there");
  if (static_cast<uint64_t>(need) < there)
    return fail("has " + Twine(there - need) + " bytes after the data of shape " +
                formatShape(header->shape));

  bool fortranOrder = header->fortranOrder && header->shape.size() > 1;
  return NpyLayout{*dtype, std::move(header->shape), fortranOrder, start + length};
}

Expected<Array> narrow::parseNpy(StringRef bytes, StringRef what) {
  Expected<NpyLayout> layout = parseNpyLayout(bytes, bytes.size(), what);
  if (!layout)
    return layout.takeError();
  StringRef data = bytes.substr(layout->dataOffset);
  Array array{layout->dtype, std::move(layout->shape), {data.begin(), data.end()}};
  if (layout->fortranOrder)
    array.bytes = toCOrder(array.bytes, array.shape, sizeOf(array.dtype));
  return array;
}

Expected<Array> narrow::parseNpy(std::vector<char> &&bytes, StringRef what) {
  Expected<NpyLayout> layout = parseNpyLayout(StringRef(bytes.data(), bytes.size()), bytes.size(), what);
  if (!layout)
    return layout.takeError();
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(layout->dataOffset));
  Array array{layout->dtype, std::move(layout->shape), std::move(bytes)};
  if (layout->fortranOrder)
    array.bytes = toCOrder(array.bytes, array.shape, sizeOf(array.dtype));
  return array;
}

std::string narrow::formatNpy(const Array &array) {
  std::string shape = "(";
  for (size_t i = 0; i < array.shape.size(); ++i)
    shape += (i ? ", " : "") + std::to_string(array.shape[i]);
  shape += array.shape.size() == 1 ? ",)" : ")";
  std::string text = std::string("{'descr': '") + (sizeOf(array.dtype) == 1 ? "|" : "<") +
                     dtypes[static_cast<int>(array.dtype)].code +
                     "', 'fortran_order': False, 'shape': " + shape + ", }";
  // The data starts at a multiple of 64, the header ends with a newline. With
  // at most 64 dimensions it always fits the 16-bit length of version 1.0.
  size_t total = (10 + text.size() + 1 + 63) / 64 * 64;
  text.append(total - 10 - text.size() - 1, ' ');
  text += '\n';
  std::string result = magic.str();
  result += '\1';
  result += '\0';
  result += static_cast<char>(text.size() & 0xff);
  result += static_cast<char>(text.size() >> 8);
  result += text;
  result.append(array.bytes.data(), array.bytes.size());
  return result;
}

Expected<Array> narrow::readNpy(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path + "': " + buffer.getError().message());
  return parseNpy((*buffer)->getBuffer(), ("'" + path + "'").str());
}

Error narrow::writeNpy(StringRef path, const Array &array) { return writeOutputFile(path, formatNpy(array)); }
