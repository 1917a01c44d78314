//===- TensorLoader.cpp - Elements of ONNX TensorProtos -------------------===//
#include "TensorLoader.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace narrow::onnx_import;
using llvm::Expected;
using llvm::StringRef;
using onnx::TensorProto;

template <typename... Args>
static llvm::Error makeError(const char *format, Args &&...args) {
  return llvm::createStringError(llvm::formatv(format, std::forward<Args>(args)...).str());
}

std::optional<ElementType> narrow::onnx_import::getElementType(int dataType) {
  switch (dataType) {
  case TensorProto::FLOAT:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::DOUBLE:
    return ElementType::F32;
  case TensorProto::INT64:
    return ElementType::I64;
  case TensorProto::INT32:
    return ElementType::I32;
  case TensorProto::INT16:
    return ElementType::I16;
  case TensorProto::INT8:
    return ElementType::I8;
  case TensorProto::UINT16:
    return ElementType::U16;
  case TensorProto::UINT8:
    return ElementType::U8;
  case TensorProto::BOOL:
    return ElementType::Bool;
  default:
    return std::nullopt;
  }
}

std::string narrow::onnx_import::getDataTypeName(int dataType) {
  if (onnx::TensorProto_DataType_IsValid(dataType))
    return onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(dataType));
  static constexpr const char *newer[] = {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
                                          "UINT4",        "INT4",           "FLOAT4E2M1"};
  if (dataType >= 17 && dataType < 17 + static_cast<int>(std::size(newer)))
    return newer[dataType - 17];
  return ("type " + llvm::Twine(dataType)).str();
}

/// Bytes per element in raw data.
static uint64_t getWidth(int dataType) {
  switch (dataType) {
  case TensorProto::DOUBLE:
  case TensorProto::INT64:
    return 8;
  case TensorProto::FLOAT:
  case TensorProto::INT32:
    return 4;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::INT16:
  case TensorProto::UINT16:
    return 2;
  default:
    return 1;
  }
}

static float fromHalf(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToFloat();
}

template <typename Raw, typename Out, typename Convert>
static std::vector<Out> readRaw(StringRef bytes, Convert convert) {
  std::vector<Out> values(bytes.size() / sizeof(Raw));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        convert(llvm::support::endian::read<Raw, llvm::endianness::little>(bytes.data() + i * sizeof(Raw)));
  return values;
}

template <typename Raw>
static std::vector<int64_t> readIntegers(StringRef bytes) {
  return readRaw<Raw, int64_t>(bytes, [](Raw value) { return static_cast<int64_t>(value); });
}

static ConstantTensor fromRaw(int dataType, Shape shape, StringRef bytes) {
  auto half = [](uint16_t bits) { return fromHalf(llvm::APFloat::IEEEhalf(), bits); };
  auto brain = [](uint16_t bits) { return fromHalf(llvm::APFloat::BFloat(), bits); };
  switch (dataType) {
  case TensorProto::FLOAT:
    return ConstantTensor(std::move(shape), readRaw<float, float>(bytes, [](float v) { return v; }));
  case TensorProto::DOUBLE:
    return ConstantTensor(std::move(shape),
                          readRaw<double, float>(bytes, [](double v) { return static_cast<float>(v); }));
  case TensorProto::FLOAT16:
    return ConstantTensor(std::move(shape), readRaw<uint16_t, float>(bytes, half));
  case TensorProto::BFLOAT16:
    return ConstantTensor(std::move(shape), readRaw<uint16_t, float>(bytes, brain));
  case TensorProto::INT64:
    return ConstantTensor(ElementType::I64, std::move(shape), readIntegers<int64_t>(bytes));
  case TensorProto::INT32:
    return ConstantTensor(ElementType::I32, std::move(shape), readIntegers<int32_t>(bytes));
  case TensorProto::INT16:
    return ConstantTensor(ElementType::I16, std::move(shape), readIntegers<int16_t>(bytes));
  case TensorProto::UINT16:
    return ConstantTensor(ElementType::U16, std::move(shape), readIntegers<uint16_t>(bytes));
  case TensorProto::INT8:
    return ConstantTensor(ElementType::I8, std::move(shape), readIntegers<int8_t>(bytes));
  case TensorProto::UINT8:
    return ConstantTensor(ElementType::U8, std::move(shape), readIntegers<uint8_t>(bytes));
  default:
    return ConstantTensor(ElementType::Bool, std::move(shape),
                          readRaw<uint8_t, int64_t>(bytes, [](uint8_t v) { return v != 0; }));
  }
}

/// Elements held in the typed fields of the message.
static Expected<ConstantTensor> fromFields(const TensorProto &tensor, Shape shape, int64_t count) {
  auto check = [&](int64_t held) -> llvm::Error {
    if (held == count)
      return llvm::Error::success();
    return makeError("holds {0} elements, but its shape [{1}] needs {2}", held,
                     llvm::make_range(shape.begin(), shape.end()), count);
  };
  int dataType = tensor.data_type();
  switch (dataType) {
  case TensorProto::FLOAT:
    if (auto error = check(tensor.float_data_size()))
      return error;
    return ConstantTensor(std::move(shape), {tensor.float_data().begin(), tensor.float_data().end()});
  case TensorProto::DOUBLE:
    if (auto error = check(tensor.double_data_size()))
      return error;
    return ConstantTensor(std::move(shape), {tensor.double_data().begin(), tensor.double_data().end()});
  case TensorProto::INT64:
    if (auto error = check(tensor.int64_data_size()))
      return error;
    return ConstantTensor(ElementType::I64, std::move(shape),
                          {tensor.int64_data().begin(), tensor.int64_data().end()});
  default:
    break;
  }
  if (auto error = check(tensor.int32_data_size()))
    return error;
  if (dataType == TensorProto::FLOAT16 || dataType == TensorProto::BFLOAT16) {
    const auto &semantics =
        dataType == TensorProto::FLOAT16 ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat();
    std::vector<float> values;
    for (int32_t bits : tensor.int32_data())
      values.push_back(fromHalf(semantics, static_cast<uint16_t>(bits)));
    return ConstantTensor(std::move(shape), std::move(values));
  }
  ElementType type = *getElementType(dataType);
  auto [least, greatest] = getRange(type);
  for (int32_t value : tensor.int32_data())
    if (value < least || value > greatest)
      return makeError("holds {0}, which is no {1}", value, getName(type));
  return ConstantTensor(type, std::move(shape), {tensor.int32_data().begin(), tensor.int32_data().end()});
}

Expected<StringRef> TensorLoader::getExternalBytes(const TensorProto &tensor, uint64_t size) {
  StringRef location;
  uint64_t offset = 0, length = size;
  for (const auto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    if (key == "location")
      location = entry.value();
    else if ((key == "offset" && value.getAsInteger(10, offset)) ||
             (key == "length" && value.getAsInteger(10, length)))
      return makeError("external data have {0} '{1}', which is no number", key, value);
  }
  if (location.empty())
    return makeError("external data have no location");
  // The path is not trusted: it must not leave the model's folder.
  bool leaves = llvm::sys::path::is_absolute(location) || location.contains('\0');
  for (auto part = llvm::sys::path::begin(location), end = llvm::sys::path::end(location); part != end;
       ++part)
    leaves |= *part == "..";
  if (leaves)
    return makeError("external data '{0}' lie outside the model's folder", location);

  auto &file = files[location];
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, location);
  if (!file) {
    auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!opened)
      return makeError("cannot read external data '{0}': {1}", path, opened.getError().message());
    file = std::move(*opened);
  }
  if (length != size)
    return makeError("external data have length {0}, but the shape needs {1} bytes", length, size);
  if (offset > file->getBufferSize() || size > file->getBufferSize() - offset)
    return makeError("external data end at byte {0}, but '{1}' has {2} bytes",
                     llvm::Twine(offset) + "+" + llvm::Twine(size), path, file->getBufferSize());
  return file->getBuffer().substr(offset, size);
}

Expected<ConstantTensor> TensorLoader::load(const TensorProto &tensor) {
  int dataType = tensor.data_type();
  if (!getElementType(dataType))
    return makeError("has element type {0}, which is not supported", getDataTypeName(dataType));
  if (tensor.has_segment())
    return makeError("is stored in segments, which is not supported");
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return makeError("has the impossible shape [{0}]", llvm::make_range(shape.begin(), shape.end()));

  uint64_t bytes = *count * getWidth(dataType);
  Expected<ConstantTensor> result = [&]() -> Expected<ConstantTensor> {
    if (tensor.data_location() == TensorProto::EXTERNAL) {
      Expected<StringRef> external = getExternalBytes(tensor, bytes);
      if (!external)
        return external.takeError();
      return fromRaw(dataType, std::move(shape), *external);
    }
    if (tensor.has_raw_data()) {
      if (tensor.raw_data().size() != bytes)
        return makeError("holds {0} bytes, but its shape [{1}] needs {2}", tensor.raw_data().size(),
                         llvm::make_range(shape.begin(), shape.end()), bytes);
      return fromRaw(dataType, std::move(shape), tensor.raw_data());
    }
    return fromFields(tensor, std::move(shape), *count);
  }();
  if (result)
    result->name = tensor.name();
  return result;
}
