//===- TensorOps.cpp - Building the results of a node ---------------------===//
//
// Data movement and small arithmetic shared by the operator importers.
// Constants are computed, everything else becomes an op.
//
//===----------------------------------------------------------------------===//
#include "OpContext.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::onnx_import;

//===----------------------------------------------------------------------===//
// Types and constants
//===----------------------------------------------------------------------===//

RankedTensorType OpContext::type(ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = countElements(shape);
  // No network needs more than 2^32 elements in one tensor, but a broken file may ask for them.
  if (count && *count <= int64_t(1) << 32)
    return RankedTensorType::get(shape, builder.getF32Type());
  error() << "a tensor of shape " << toString(shape) << " is too large";
  return RankedTensorType::get(SmallVector<int64_t>(shape.size(), 1), builder.getF32Type());
}

RankedTensorType OpContext::typeLike(Value value, ArrayRef<int64_t> shape) {
  return type(shape).clone(cast<RankedTensorType>(value.getType()).getElementType());
}

Type narrow::onnx_import::getQuantizedType(function_ref<InFlightDiagnostic()> emitError, MLIRContext *context,
                                           ElementType codes, const QuantizationParameters &parameters) {
  bool isSigned = codes != ElementType::U8;
  auto storage = IntegerType::get(context, codes == ElementType::I32 ? 32 : 8);
  auto [least, greatest] = getRange(codes);
  unsigned flags = isSigned ? quant::QuantizationFlags::Signed : 0;
  Type real = Float32Type::get(context);
  if (!parameters.isPerAxis())
    return quant::UniformQuantizedType::getChecked(emitError, flags, storage, real, parameters.scales[0],
                                                   parameters.zeroPoints[0], least, greatest);
  SmallVector<double> scales(parameters.scales.begin(), parameters.scales.end());
  return quant::UniformQuantizedPerAxisType::getChecked(emitError, flags, storage, real, scales,
                                                        ArrayRef<int64_t>(parameters.zeroPoints),
                                                        parameters.axis, least, greatest);
}

/// Codes as tosa.const, quant.scast, narrow.dequantize. Unsigned codes are
/// shifted by 128, since TOSA has no unsigned constants.
Value OpContext::materializeQuantized(const ConstantTensor &constant) {
  QuantizationParameters parameters = *constant.quantization;
  SmallVector<int64_t> codes(constant.getIntegers());
  ElementType element = constant.getType();
  if (element == ElementType::U8) {
    element = ElementType::I8;
    for (int64_t &code : codes)
      code -= 128;
    for (int64_t &zeroPoint : parameters.zeroPoints)
      zeroPoint -= 128;
  }
  Location where = constant.name.empty() ? loc : NameLoc::get(builder.getStringAttr(constant.name));
  auto storage = builder.getIntegerType(element == ElementType::I32 ? 32 : 8);
  Value stored = createConstant(builder, where, constant.getShape(), codes, storage);
  Type quantized = getQuantizedType([&] { return error(); }, builder.getContext(), element, parameters);
  if (!quantized) // Reported; the importer stops after this node.
    return splat(0, constant.getRank());
  Value cast = quant::StorageCastOp::create(builder, where,
                                            RankedTensorType::get(constant.getShape(), quantized), stored);
  return DequantizeOp::create(builder, where, type(constant.getShape()), cast);
}

FailureOr<Value> OpContext::materialize(const ConstantTensor &constant, StringRef name) {
  if (llvm::is_contained(constant.getShape(), 0))
    return error() << "constant '" << name << "' has no elements (shape " << toString(constant.getShape())
                   << ")";
  if (constant.quantization)
    return materializeQuantized(constant);
  StringRef origin = constant.name.empty() ? name : StringRef(constant.name);
  if (!constant.isFloat())
    return error() << "constant '" << origin << "' has element type " << getName(constant.getType())
                   << ", only float is supported here";
  // Infinities may be masks or open bounds: the float pipeline handles those.
  bool maskOrBound = llvm::is_contained({"Add", "Sub", "Max", "Min"}, node.op_type());
  if (std::optional<int64_t> index = constant.findNonFinite();
      index && !(maskOrBound && std::isinf(constant.getFloats()[*index])))
    return error() << "constant '" << origin << "' contains " << constant.getFloats()[*index] << " (element "
                   << *index << "); weights must be finite";
  Location where = origin.empty() ? loc : NameLoc::get(builder.getStringAttr(origin));
  return createConstant(builder, where, constant.getShape(), constant.getFloats());
}

/// For data movement, where constants are always quantized.
Value OpContext::asValue(const Tensor &tensor) {
  return tensor.value ? tensor.value : materializeQuantized(*tensor.constant);
}

Value OpContext::splat(float number, int64_t rank) {
  return createConstant(builder, loc, SmallVector<int64_t>(rank, 1), ArrayRef<float>(number));
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

Tensor OpContext::reshape(const Tensor &tensor, ArrayRef<int64_t> shape) {
  if (tensor.getShape() == shape)
    return tensor;
  if (tensor.constant)
    if (std::optional<ConstantTensor> reshaped = tensor.constant->reshaped(shape))
      return Tensor(*reshaped);
  Value input = asValue(tensor);
  Value target = createShape(builder, loc, shape);
  return Tensor(tosa::ReshapeOp::create(builder, loc, typeLike(input, shape), input, target).getResult());
}

Tensor OpContext::transpose(const Tensor &tensor, ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return tensor;
  if (tensor.constant)
    return Tensor(tensor.constant->transposed(permutation));
  SmallVector<int64_t> shape;
  SmallVector<int32_t> perms;
  for (int64_t axis : permutation) {
    shape.push_back(tensor.getDim(axis));
    perms.push_back(static_cast<int32_t>(axis));
  }
  return Tensor(tosa::TransposeOp::create(builder, loc, typeLike(tensor.value, shape), tensor.value, perms)
                    .getResult());
}

Tensor OpContext::slice(const Tensor &tensor, ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes) {
  if (tensor.getShape() == sizes)
    return tensor;
  if (tensor.isFoldable()) {
    Shape strides = getStrides(tensor.getShape());
    int64_t first = 0;
    for (auto [start, stride] : llvm::zip_equal(starts, strides))
      first += start * stride;
    std::vector<int64_t> sources;
    forEachOffset(sizes, strides, first, [&](int64_t offset) { sources.push_back(offset); });
    return Tensor(tensor.constant->gathered(Shape(sizes), sources));
  }
  Value input = asValue(tensor);
  Value start = createShape(builder, loc, starts), size = createShape(builder, loc, sizes);
  return Tensor(tosa::SliceOp::create(builder, loc, typeLike(input, sizes), input, start, size).getResult());
}

Tensor OpContext::reverse(const Tensor &tensor, int64_t axis) {
  if (tensor.isFoldable()) {
    Shape strides = getStrides(tensor.getShape());
    int64_t last = std::max<int64_t>(tensor.getDim(axis) - 1, 0) * strides[axis];
    strides[axis] = -strides[axis];
    std::vector<int64_t> sources;
    forEachOffset(tensor.getShape(), strides, last, [&](int64_t offset) { sources.push_back(offset); });
    return Tensor(tensor.constant->gathered(Shape(tensor.getShape()), sources));
  }
  Value input = asValue(tensor);
  return Tensor(
      tosa::ReverseOp::create(builder, loc, input.getType(), input, static_cast<uint32_t>(axis)).getResult());
}

FailureOr<Tensor> OpContext::concat(ArrayRef<Tensor> tensors, int64_t axis) {
  SmallVector<int64_t> shape(tensors.front().getShape());
  shape[axis] = 0;
  for (const Tensor &tensor : tensors) {
    bool fits = tensor.getRank() == static_cast<int64_t>(shape.size());
    for (int64_t i = 0; fits && i < tensor.getRank(); ++i)
      fits = i == axis || tensor.getDim(i) == shape[i];
    if (!fits)
      return error() << "shapes " << toString(tensors.front().getShape()) << " and "
                     << toString(tensor.getShape()) << " cannot be concatenated along axis " << axis;
    shape[axis] += tensor.getDim(axis);
  }
  if (llvm::all_of(tensors, [](const Tensor &tensor) { return tensor.isFoldable(); })) {
    ElementType element = tensors.front().constant->getType();
    for (const Tensor &tensor : tensors)
      if (tensor.constant->getType() != element)
        return error() << "operands have element types " << getName(element) << " and "
                       << getName(tensor.constant->getType());
    // Concatenates the parts for each index of the axes before `axis`.
    int64_t outer = 1;
    for (int64_t i = 0; i < axis; ++i)
      outer *= shape[i];
    std::vector<float> floats;
    std::vector<int64_t> numbers;
    for (int64_t i = 0; i < outer; ++i) {
      for (const Tensor &tensor : tensors) {
        int64_t inner = tensor.constant->size() / outer;
        auto append = [&](auto values, auto &out) {
          auto part = values.slice(i * inner, inner);
          out.insert(out.end(), part.begin(), part.end());
        };
        if (element == ElementType::F32)
          append(tensor.constant->getFloats(), floats);
        else
          append(tensor.constant->getIntegers(), numbers);
      }
    }
    if (element == ElementType::F32)
      return Tensor(ConstantTensor(Shape(shape), std::move(floats)));
    return Tensor(ConstantTensor(element, Shape(shape), std::move(numbers)));
  }
  SmallVector<Value> values;
  for (const Tensor &tensor : tensors) {
    if (llvm::is_contained(tensor.getShape(), 0))
      continue;
    if (!tensor.constant) {
      values.push_back(tensor.value);
      continue;
    }
    FailureOr<Value> value = materialize(*tensor.constant, "");
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  if (values.empty())
    return error() << "the operands have no elements";
  for (Value value : values)
    if (getElementTypeOrSelf(value) != getElementTypeOrSelf(values.front()))
      return error() << "operands have element types " << getElementTypeOrSelf(values.front()) << " and "
                     << getElementTypeOrSelf(value);
  if (values.size() == 1)
    return Tensor(values.front());
  return Tensor(tosa::ConcatOp::create(builder, loc, typeLike(values.front(), shape), values,
                                       static_cast<uint32_t>(axis))
                    .getResult());
}

Tensor OpContext::tile(const Tensor &tensor, ArrayRef<int64_t> multiples) {
  SmallVector<int64_t> shape;
  for (auto [dim, multiple] : llvm::zip_equal(tensor.getShape(), multiples))
    shape.push_back(dim * multiple);
  if (llvm::all_of(multiples, [](int64_t m) { return m == 1; }))
    return tensor;
  if (tensor.isFoldable()) {
    // Splits each axis in two, [multiple, dim], the first with stride 0.
    Shape split, strides;
    for (auto [dim, multiple, stride] :
         llvm::zip_equal(tensor.getShape(), multiples, getStrides(tensor.getShape()))) {
      split.append({multiple, dim});
      strides.append({0, stride});
    }
    std::vector<int64_t> sources;
    forEachOffset(split, strides, 0, [&](int64_t offset) { sources.push_back(offset); });
    return Tensor(tensor.constant->gathered(Shape(shape), sources));
  }
  Value input = asValue(tensor), counts = createShape(builder, loc, multiples);
  return Tensor(tosa::TileOp::create(builder, loc, typeLike(input, shape), input, counts).getResult());
}

FailureOr<Tensor> OpContext::pad(const Tensor &tensor, ArrayRef<int64_t> before, ArrayRef<int64_t> after,
                                 float number) {
  SmallVector<int64_t> shape, padding;
  for (auto [dim, low, high] : llvm::zip_equal(tensor.getShape(), before, after)) {
    shape.push_back(dim + low + high);
    padding.append({low, high});
  }
  if (llvm::all_of(padding, [](int64_t p) { return p == 0; }))
    return tensor;
  FailureOr<Value> input = value(tensor, "");
  if (failed(input))
    return failure();
  Value target = createShape(builder, loc, padding);
  return Tensor(tosa::PadOp::create(builder, loc, type(shape), *input, target, splat(number)).getResult());
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// TOSA broadcasts only tensors of equal rank.
std::pair<Value, Value> OpContext::equalizeRanks(Value a, Value b) {
  auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  size_t rank = std::max(shapeOf(a).size(), shapeOf(b).size());
  auto raise = [&](Value value) -> Value {
    ArrayRef<int64_t> old = shapeOf(value);
    SmallVector<int64_t> shape(rank - old.size(), 1);
    llvm::append_range(shape, old);
    if (shape.size() == old.size())
      return value;
    // A constant is replaced to avoid reshapes of constants in the network.
    if (auto constant = value.getDefiningOp<tosa::ConstOp>())
      if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValues())) {
        auto raised = dense.reshape(RankedTensorType::get(shape, dense.getElementType()));
        return tosa::ConstOp::create(builder, constant.getLoc(), raised.getType(), raised).getResult();
      }
    return reshape(value, shape);
  };
  Value left = raise(a), right = a == b ? left : raise(b);
  return {left, right};
}

Type OpContext::broadcastType(Value a, Value b) {
  auto left = cast<RankedTensorType>(a.getType()), right = cast<RankedTensorType>(b.getType());
  std::optional<Shape> shape = broadcastShapes(left.getShape(), right.getShape());
  if (shape)
    return type(*shape);
  error() << "shapes " << toString(left.getShape()) << " and " << toString(right.getShape())
          << " do not broadcast";
  return left;
}

LogicalResult OpContext::checkBroadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (broadcastShapes(a, b))
    return success();
  return error() << "shapes " << toString(a) << " and " << toString(b) << " do not broadcast";
}

Value OpContext::add(Value a, Value b) { return binary<tosa::AddOp>(a, b); }
Value OpContext::subtract(Value a, Value b) { return binary<tosa::SubOp>(a, b); }

Value OpContext::multiply(Value a, Value b) {
  std::tie(a, b) = equalizeRanks(a, b);
  Value shift = createConstant(builder, loc, {1}, ArrayRef<int64_t>(0), builder.getI8Type());
  return tosa::MulOp::create(builder, loc, broadcastType(a, b), a, b, shift);
}

Value OpContext::clamp(Value x, float least, float greatest) {
  return tosa::ClampOp::create(builder, loc, x.getType(), x, builder.getF32FloatAttr(least),
                               builder.getF32FloatAttr(greatest));
}
