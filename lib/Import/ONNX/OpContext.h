//===- OpContext.h - Context for importing one operator ---------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_OPCONTEXT_H
#define NARROW_LIB_IMPORT_ONNX_OPCONTEXT_H

#include "Proto.h"
#include "Tensor.h"
#include "TensorLoader.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "narrow/Support/LLVM.h"

namespace narrow::onnx_import {

/// One node while it is imported: its attributes and inputs, and the means to
/// build its results. Operator importers depend on nothing else.
///
/// Attribute getters report a wrong type or value themselves and then return
/// the default, so that the caller need not check; the importer checks
/// hasFailed() after the operator.
class OpContext {
public:
  OpContext(OpBuilder &builder, const onnx::NodeProto &node, int64_t opset, Location file,
            TensorLoader &loader, SmallVector<const Tensor *> inputs);

  OpBuilder &builder;
  /// NameLoc of the node's first output.
  Location loc;

  //===--- The node -------------------------------------------------------===//

  int64_t getOpset() const { return opset; }
  StringRef getOpType() const { return node.op_type(); }
  const onnx::NodeProto &getNode() const { return node; }
  /// Starts an error "node 'x' (Conv, opset 17): ".
  InFlightDiagnostic error();
  InFlightDiagnostic warning();
  /// Reports an attribute with an unsupported value.
  LogicalResult unsupported(StringRef attribute, const Twine &value, const Twine &hint = "");
  bool hasFailed() const { return failed_; }

  //===--- Attributes -----------------------------------------------------===//

  bool hasAttribute(StringRef name) const { return find(name) != nullptr; }
  int64_t getInt(StringRef name, int64_t byDefault);
  float getFloat(StringRef name, float byDefault);
  StringRef getString(StringRef name, StringRef byDefault);
  std::optional<SmallVector<int64_t>> getInts(StringRef name);
  const onnx::AttributeProto *find(StringRef name) const;
  TensorLoader &getLoader() { return loader; }

  //===--- Inputs ---------------------------------------------------------===//

  unsigned getNumInputs() const { return inputs.size(); }
  bool has(unsigned index) const { return index < inputs.size() && inputs[index]; }
  /// The input must exist: guaranteed by the registry's minimum or has().
  const Tensor &input(unsigned index) const { return *inputs[index]; }
  StringRef getInputName(unsigned index) const { return node.input(index); }
  /// The input as an f32 tensor.
  FailureOr<Value> value(unsigned index);
  FailureOr<Value> value(const Tensor &tensor, StringRef name);
  /// The input as a tensor of any element type that data movement supports:
  /// reports values quantized per axis, whose axis would have to move too.
  FailureOr<Tensor> movable(unsigned index);
  FailureOr<ConstantTensor> constant(unsigned index);
  FailureOr<SmallVector<int64_t>> integers(unsigned index);
  /// The single number of a constant input of any numeric type.
  FailureOr<double> scalar(unsigned index);
  /// Whether all existing inputs can be folded.
  bool allFoldable() const;

  /// Axes (or similar) that are the attribute `name` before opset `since` and
  /// input `index` since then; nullopt if absent.
  FailureOr<std::optional<SmallVector<int64_t>>> integersByOpset(StringRef name, unsigned index,
                                                                 int64_t since);
  /// Maps a negative axis to [0, rank) or reports it.
  FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);
  FailureOr<SmallVector<int64_t>> normalizeAxes(ArrayRef<int64_t> axes, int64_t rank);

  //===--- Results --------------------------------------------------------===//

  unsigned getNumOutputs() const { return node.output_size(); }
  void setResult(unsigned index, Tensor tensor);
  ArrayRef<std::optional<Tensor>> getResults() const { return results; }

  //===--- Building: constants fold, values become ops --------------------===//

  /// f32 tensor type; reports dimensions that no tensor can have.
  RankedTensorType type(ArrayRef<int64_t> shape);
  RankedTensorType typeLike(Value value, ArrayRef<int64_t> shape);
  /// The tensor as a value; a constant must be quantized (otherwise see value()).
  Value asValue(const Tensor &tensor);
  Tensor reshape(const Tensor &tensor, ArrayRef<int64_t> shape);
  Tensor transpose(const Tensor &tensor, ArrayRef<int64_t> permutation);
  Tensor slice(const Tensor &tensor, ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes);
  Tensor reverse(const Tensor &tensor, int64_t axis);
  /// Tensors of equal rank and element type; an error otherwise.
  FailureOr<Tensor> concat(ArrayRef<Tensor> tensors, int64_t axis);
  Tensor tile(const Tensor &tensor, ArrayRef<int64_t> multiples);
  /// Pads with the given number, `before` and `after` by axis.
  FailureOr<Tensor> pad(const Tensor &tensor, ArrayRef<int64_t> before, ArrayRef<int64_t> after,
                        float number);

  Value reshape(Value value, ArrayRef<int64_t> shape) { return reshape(Tensor(value), shape).value; }
  Value transpose(Value value, ArrayRef<int64_t> permutation) {
    return transpose(Tensor(value), permutation).value;
  }

  /// A tensor of one element and the given rank.
  Value splat(float number, int64_t rank = 1);
  Value add(Value a, Value b);
  Value subtract(Value a, Value b);
  Value multiply(Value a, Value b);
  /// An element-wise tosa op of two operands whose shapes broadcast.
  template <typename Op>
  Value binary(Value a, Value b) {
    std::tie(a, b) = equalizeRanks(a, b);
    return Op::create(builder, loc, broadcastType(a, b), a, b);
  }
  template <typename Op>
  Value unary(Value x) {
    return Op::create(builder, loc, x.getType(), x);
  }
  Value clamp(Value x, float least, float greatest);
  /// Reports shapes that do not broadcast.
  LogicalResult checkBroadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b);

private:
  std::string describe() const;
  std::pair<Value, Value> equalizeRanks(Value a, Value b);
  Type broadcastType(Value a, Value b);
  const onnx::AttributeProto *find(StringRef name, int type, const char *typeName);
  FailureOr<Value> materialize(const ConstantTensor &constant, StringRef name);
  Value materializeQuantized(const ConstantTensor &constant);

  const onnx::NodeProto &node;
  int64_t opset;
  Location file;
  TensorLoader &loader;
  SmallVector<const Tensor *> inputs;
  SmallVector<std::optional<Tensor>> results;
  bool failed_ = false;
};

/// "[1, 3, 224, 224]"
std::string toString(ArrayRef<int64_t> shape);

/// The quantized type of codes with these parameters (i8, u8 or i32), with
/// `emitError` called if the parameters are invalid.
Type getQuantizedType(function_ref<InFlightDiagnostic()> emitError, MLIRContext *context, ElementType codes,
                      const QuantizationParameters &parameters);

} // namespace narrow::onnx_import

#endif
