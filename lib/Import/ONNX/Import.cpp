//===- Import.cpp - Reading ONNX files ------------------------------------===//
#include "narrow/Import/ONNX/Import.h"
#include "GraphImporter.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

using namespace mlir;
using namespace narrow;
using namespace narrow::onnx_import;

LogicalResult narrow::parseShapeOption(StringRef text, ImportOptions &options, std::string &error) {
  // Input names may contain '=': the shape follows the last one.
  auto [name, dims] = text.rsplit('=');
  SmallVector<StringRef> parts;
  dims.split(parts, 'x');
  SmallVector<int64_t> shape;
  for (StringRef part : parts) {
    int64_t dim = 0;
    if (part.getAsInteger(10, dim) || dim < 1)
      shape.clear();
    if (dim < 1)
      break;
    shape.push_back(dim);
  }
  if (name.empty() || shape.size() != parts.size()) {
    error = ("'" + text + "' is no shape of the form input=1x3x224x224").str();
    return failure();
  }
  if (!options.shapes.insert({name.str(), shape}).second) {
    error = ("the shape of '" + name + "' is given twice").str();
    return failure();
  }
  return success();
}

OwningOpRef<ModuleOp> narrow::importONNX(StringRef path, MLIRContext &context, const ImportOptions &options) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    emitError(FileLineColLoc::get(&context, path, 0, 0))
        << "cannot read the file: " << buffer.getError().message();
    return {};
  }
  return importONNX((*buffer)->getMemBufferRef(), context, options);
}

OwningOpRef<ModuleOp> narrow::importONNX(llvm::MemoryBufferRef buffer, MLIRContext &context,
                                         const ImportOptions &options) {
  context.loadDialect<func::FuncDialect, tosa::TosaDialect, quant::QuantDialect, NarrowDialect>();
  StringRef path = buffer.getBufferIdentifier();
  Location file = FileLineColLoc::get(&context, path, 0, 0);
  if (buffer.getBufferSize() == 0) {
    emitError(file) << "the file is empty";
    return {};
  }
  if (buffer.getBufferSize() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    emitError(file)
        << "the file is larger than 2 GB, which protobuf cannot read; save the model with external data";
    return {};
  }
  // Protobuf writes its own messages to stderr; the error below says enough.
  google::protobuf::LogSilencer silencer;
  google::protobuf::io::ArrayInputStream array(buffer.getBufferStart(),
                                               static_cast<int>(buffer.getBufferSize()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(std::numeric_limits<int>::max());
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    emitError(file) << "this is no ONNX model, or a truncated one";
    return {};
  }
  return GraphImporter(model, file, llvm::sys::path::parent_path(path).str(), options, context).run();
}

std::vector<SupportedOperator> narrow::getSupportedOperators() {
  std::vector<SupportedOperator> result;
  for (const auto &[name, op] : getRegistry())
    result.push_back({name, op.since, lastOpset, op.emit == nullptr, op.notes});
  return result;
}
