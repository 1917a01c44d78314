//===- TensorLoader.h - Elements of ONNX TensorProtos -----------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_TENSORLOADER_H
#define NARROW_LIB_IMPORT_ONNX_TENSORLOADER_H

#include "ConstantTensor.h"
#include "Proto.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace narrow::onnx_import {

/// The importer's element type for a TensorProto::DataType, or nullopt.
std::optional<ElementType> getElementType(int dataType);
/// "FLOAT16" for 10; "type 99" for a number unknown to this version of ONNX.
std::string getDataTypeName(int dataType);

/// Reads tensors from any of the three places: typed fields, raw bytes, a file
/// next to the model (which is mapped, not read).
class TensorLoader {
public:
  /// External data are relative to `folder`.
  explicit TensorLoader(std::string folder) : folder(std::move(folder)) {}

  llvm::Expected<ConstantTensor> load(const onnx::TensorProto &tensor);

private:
  llvm::Expected<llvm::StringRef> getExternalBytes(const onnx::TensorProto &tensor, uint64_t size);

  std::string folder;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
};

} // namespace narrow::onnx_import

#endif
