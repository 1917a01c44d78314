//===- EvaluateConstants.cpp - TOSA ops on constants ----------------------===//
//
// What is computed has the value of the reference evaluator; what is moved may be of any
// element type, and is moved as bytes.
//
//===----------------------------------------------------------------------===//
#include "EvaluateConstants.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Reference/Evaluator.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cstring>

using namespace mlir;
using namespace narrow;

namespace {

using Result = std::optional<ConstantData>;

RankedTensorType resultType(Operation *op) { return cast<RankedTensorType>(op->getResult(0).getType()); }

/// f16 and bf16, which the evaluator does not know, as f32.
Result widen(const ConstantData &x) {
  const llvm::fltSemantics &semantics = cast<FloatType>(x.elementType).getFloatSemantics();
  ConstantData out = x;
  out.elementType = Float32Type::get(x.elementType.getContext());
  out.width = sizeof(float);
  out.bytes.resize(x.size() * out.width);
  for (int64_t i = 0, e = x.size(); i < e; ++i) {
    uint16_t bits;
    std::memcpy(&bits, x.bytes.data() + i * sizeof(bits), sizeof(bits));
    float value = APFloat(semantics, APInt(16, bits)).convertToFloat();
    std::memcpy(out.bytes.data() + i * sizeof(value), &value, sizeof(value));
  }
  return out;
}

/// The value of an op of f32 or i32, as the reference evaluator has it.
Result compute(Operation *op, ArrayRef<ConstantData> operands) {
  auto isComputed = [](Type type) { return type.isF32() || type.isInteger(32); };
  Type type = resultType(op).getElementType();
  if (!isComputed(type) || !isComputed(operands[0].elementType))
    return std::nullopt;
  SmallVector<reference::Tensor> tensors;
  for (Value operand : op->getOperands()) {
    if (isa<tosa::shapeType>(operand.getType())) {
      auto dims = getShapeDims(operand);
      if (!dims)
        return std::nullopt;
      tensors.emplace_back(ArrayRef(static_cast<int64_t>(dims->size())), ArrayRef<int64_t>(*dims));
      continue;
    }
    const ConstantData &data = operands.front();
    operands = operands.drop_front();
    auto kind = reference::getElementKind(data.elementType);
    if (!kind || reference::getByteWidth(*kind) != data.width)
      return std::nullopt;
    tensors.emplace_back(*kind, data.shape).bytes = data.bytes;
  }
  // What has no value is left to the verifiers.
  ScopedDiagnosticHandler silence(op->getContext(), [](Diagnostic &) { return success(); });
  SmallVector<reference::Tensor> results;
  if (failed(reference::evaluateOp(op, tensors, results)))
    return std::nullopt;
  ConstantData out;
  out.shape = results[0].shape;
  out.elementType = type;
  out.width = sizeof(float);
  out.bytes = std::move(results[0].bytes);
  return out;
}

Result concat(tosa::ConcatOp op, ArrayRef<ConstantData> operands) {
  ConstantData out = operands[0].like(resultType(op).getShape());
  SmallVector<int64_t> start(out.rank(), 0);
  int64_t axis = op.getAxis();
  for (const ConstantData &part : operands) {
    SmallVector<int64_t> shape = out.shape;
    if (part.rank() != out.rank() || axis < 0 || axis >= out.rank() || part.elementType != out.elementType)
      return std::nullopt;
    shape[axis] = part.shape[axis];
    if (shape != part.shape || start[axis] + shape[axis] > out.shape[axis])
      return std::nullopt;
    out.insert(part, start);
    start[axis] += shape[axis];
  }
  return out;
}

Result pad(tosa::PadOp op, ArrayRef<ConstantData> operands) {
  auto amounts = getShapeDims(op.getPadding());
  const ConstantData &x = operands[0];
  if (!amounts || static_cast<int64_t>(amounts->size()) != 2 * x.rank() || operands[1].size() != 1)
    return std::nullopt;
  SmallVector<int64_t> start, shape;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    if ((*amounts)[2 * dim] < 0 || (*amounts)[2 * dim + 1] < 0)
      return std::nullopt;
    start.push_back((*amounts)[2 * dim]);
    shape.push_back(x.shape[dim] + (*amounts)[2 * dim] + (*amounts)[2 * dim + 1]);
  }
  ConstantData out = x.like(shape);
  out.fill(operands[1].bytes);
  out.insert(x, start);
  return out;
}

Result slice(tosa::SliceOp op, const ConstantData &x) {
  auto start = getShapeDims(op.getStart()), size = getShapeDims(op.getSize());
  if (!start || !size || static_cast<int64_t>(start->size()) != x.rank() || start->size() != size->size())
    return std::nullopt;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    if ((*start)[dim] < 0 || (*size)[dim] < 0 || (*start)[dim] + (*size)[dim] > x.shape[dim])
      return std::nullopt;
  return x.slice(*start, *size);
}

Result tile(tosa::TileOp op, const ConstantData &x) {
  auto counts = getShapeDims(op.getMultiples());
  if (!counts || static_cast<int64_t>(counts->size()) != x.rank() ||
      llvm::any_of(*counts, [](int64_t c) { return c < 1; }))
    return std::nullopt;
  SmallVector<int64_t> step;
  for (auto [dim, count] : llvm::zip(x.shape, *counts))
    step.push_back(dim * count);
  ConstantData out = x.like(step);
  SmallVector<int64_t> copy(x.rank(), 0);
  while (true) {
    SmallVector<int64_t> start;
    for (auto [index, dim] : llvm::zip(copy, x.shape))
      start.push_back(index * dim);
    out.insert(x, start);
    int64_t dim = x.rank() - 1;
    for (; dim >= 0 && ++copy[dim] == (*counts)[dim]; --dim)
      copy[dim] = 0;
    if (dim < 0)
      return out;
  }
}

Result reverse(tosa::ReverseOp op, const ConstantData &x) {
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.rank())
    return std::nullopt;
  ConstantData out = x.like(x.shape);
  SmallVector<int64_t> size = x.shape, from(x.rank(), 0), to(x.rank(), 0);
  size[axis] = 1;
  for (int64_t i = 0, e = x.shape[axis]; i < e; ++i) {
    from[axis] = i;
    to[axis] = e - 1 - i;
    out.insert(x.slice(from, size), to);
  }
  return out;
}

Result reshape(Operation *op, const ConstantData &x) {
  ConstantData out = x;
  out.shape = llvm::to_vector(resultType(op).getShape());
  return out.size() == x.size() ? Result(out) : std::nullopt;
}

} // namespace

std::optional<ConstantData> narrow::evaluate(Operation *op, ArrayRef<ConstantData> in) {
  // A contraction of constants is a layer as others are.
  if (auto quantizable = dyn_cast<QuantizableOpInterface>(op);
      quantizable && quantizable.getQuantizationKind() == QuantizationKind::Contraction)
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](tosa::CastOp o) {
        Type from = in[0].elementType, to = resultType(o).getElementType();
        bool isHalf = from.isF16() || from.isBF16();
        return from == to ? Result(in[0]) : isHalf && to.isF32() ? widen(in[0]) : compute(o, in);
      })
      .Case([&](tosa::IdentityOp) { return Result(in[0]); })
      .Case([&](tosa::ReshapeOp o) { return reshape(o, in[0]); })
      .Case([&](tosa::TransposeOp o) { return Result(in[0].transpose(o.getPerms())); })
      .Case([&](tosa::ConcatOp o) { return concat(o, in); })
      .Case([&](tosa::PadOp o) { return pad(o, in); })
      .Case([&](tosa::SliceOp o) { return slice(o, in[0]); })
      .Case([&](tosa::TileOp o) { return tile(o, in[0]); })
      .Case([&](tosa::ReverseOp o) { return reverse(o, in[0]); })
      .Default([&](Operation *) { return compute(op, in); });
}
