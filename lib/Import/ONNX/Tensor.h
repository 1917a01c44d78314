//===- Tensor.h - A value of the ONNX graph ---------------------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_TENSOR_H
#define NARROW_LIB_IMPORT_ONNX_TENSOR_H

#include "ConstantTensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "narrow/Support/LLVM.h"

namespace narrow::onnx_import {

/// Either known now (`constant`) or computed by the network (`value`). A
/// constant becomes a value when an op needs it (OpContext::materialize).
struct Tensor {
  Tensor() = default;
  Tensor(ConstantTensor constant) : constant(std::move(constant)) {}
  Tensor(Value value) : value(value) {}

  bool isConstant() const { return constant.has_value(); }
  /// A constant that folding may compute with: excludes quantized codes, which
  /// must stay visible.
  bool isFoldable() const { return constant && !constant->quantization; }
  ArrayRef<int64_t> getShape() const {
    return constant ? constant->getShape() : cast<RankedTensorType>(value.getType()).getShape();
  }
  int64_t getRank() const { return getShape().size(); }
  int64_t getDim(int64_t axis) const { return getShape()[axis]; }

  std::optional<ConstantTensor> constant;
  Value value;
};

} // namespace narrow::onnx_import

#endif
