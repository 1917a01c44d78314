//===- GraphImporter.h - Traversal of an ONNX graph -------------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define NARROW_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "Registry.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "narrow/Import/ONNX/Import.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/StringSet.h"

namespace narrow::onnx_import {

/// Imports one model. Values of the graph are found by name in `tensors`;
/// initializers are added when they are first read.
class GraphImporter {
public:
  GraphImporter(const onnx::ModelProto &model, Location file, std::string folder,
                const ImportOptions &options, MLIRContext &context)
      : model(model), file(file), options(options), builder(&context), loader(std::move(folder)) {}

  OwningOpRef<ModuleOp> run();

private:
  InFlightDiagnostic error() { return emitError(file); }

  // Checks of the model, before anything is built.
  LogicalResult checkVersions();
  LogicalResult checkOperators();
  LogicalResult collectInitializers(const onnx::GraphProto &graph);
  void findLiveNodes(const onnx::GraphProto &graph);

  // The signature (Signature.cpp).
  LogicalResult resolveInputs();
  LogicalResult applyShapeOptions();
  LogicalResult createFunction(ModuleOp module);
  LogicalResult createReturn();
  std::string describeInputs() const;

  // Traversal.
  LogicalResult importNodes(const onnx::GraphProto &graph);
  void releaseInitializers(const onnx::NodeProto &node);
  LogicalResult importNode(const onnx::NodeProto &node);
  LogicalResult importIf(const onnx::NodeProto &node);
  LogicalResult define(const onnx::NodeProto &node, unsigned output, Tensor tensor);
  /// The tensor of that name, or null (nothing is reported).
  FailureOr<const Tensor *> lookup(StringRef name);

  /// A graph input that is not an initializer; -1 stands for a dynamic dimension.
  struct Input {
    const onnx::ValueInfoProto *info;
    SmallVector<int64_t> shape;
    Type element;
  };

  const onnx::ModelProto &model;
  Location file;
  const ImportOptions &options;
  OpBuilder builder;
  TensorLoader loader;
  func::FuncOp function;
  int64_t opset = 0;
  unsigned depth = 0;
  SmallVector<Input> inputs;
  llvm::StringMap<const onnx::TensorProto *> initializers;
  llvm::StringMap<Tensor> tensors;
  /// Names that the results depend on.
  llvm::StringSet<> live;
};

/// Visits every name that a node reads, including inside its subgraphs.
void forEachUse(const onnx::NodeProto &node, function_ref<void(StringRef)> visit);

} // namespace narrow::onnx_import

#endif
