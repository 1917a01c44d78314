//===- DescribeModel.cpp - Reads the interface of a vector-stage module ---===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/ModelInterface.h"

using namespace mlir;

namespace narrow {
namespace {

llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

narrow_type getElementKind(Type type, bool isSigned = true) {
  if (type.isF32())
    return NARROW_F32;
  if (type.isF64())
    return NARROW_F64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return NARROW_NONE;
  isSigned &= !integer.isUnsigned();
  switch (integer.getWidth()) {
  case 8:
    return isSigned ? NARROW_I8 : NARROW_U8;
  case 16:
    return isSigned ? NARROW_I16 : NARROW_U16;
  case 32:
    return isSigned ? NARROW_I32 : NARROW_NONE;
  case 64:
    return isSigned ? NARROW_I64 : NARROW_NONE;
  default:
    return NARROW_NONE;
  }
}

/// Describes argument `index` of @main; `where` names it in errors.
llvm::Expected<TensorDescription> describeTensor(func::FuncOp main, unsigned index) {
  std::string where = "argument #" + std::to_string(index) + " of @main";
  TensorDescription tensor;
  auto memref = dyn_cast<MemRefType>(main.getArgumentTypes()[index]);
  if (!memref || !memref.hasStaticShape() || !memref.getLayout().isIdentity())
    return makeError(where + ": inputs and outputs must be memrefs of static "
                             "shape without a layout");
  tensor.type = getElementKind(memref.getElementType(), !main.getArgAttr(index, attrs::unsignedBytes));
  if (tensor.type == NARROW_NONE)
    return makeError(where + ": the C interface has no name for its element type");

  if (auto name = main.getArgAttrOfType<StringAttr>(index, attrs::name))
    tensor.name = name.str();
  else
    return makeError(where + ": has no narrow.name");
  where += " ('" + tensor.name + "')";
  if (auto layout = main.getArgAttrOfType<StringAttr>(index, attrs::layout))
    tensor.layout = layout.str();
  ArrayRef<int64_t> shape = memref.getShape();
  if (auto attr = main.getArgAttrOfType<DenseI64ArrayAttr>(index, attrs::shape))
    shape = attr.asArrayRef();
  for (int64_t dim : shape) {
    if (dim < 0 || llvm::MulOverflow(tensor.count, dim, tensor.count))
      return makeError(where + ": narrow.shape has a bad dimension");
  }
  if (tensor.count != memref.getNumElements())
    return makeError(where + ": narrow.shape has " + Twine(tensor.count) + " elements, the memref " +
                     Twine(memref.getNumElements()));
  tensor.shape = shape.vec();
  return tensor;
}

/// Adds what is known of the codes that @network takes or gives for `tensor`.
llvm::Error describeCodes(TensorDescription &tensor, TypeAttr typeAttr, Type networkType) {
  auto memref = dyn_cast<MemRefType>(networkType);
  if (!memref || !memref.hasStaticShape() || memref.getNumElements() != tensor.count)
    return makeError("'" + tensor.name + "': @main and @network disagree about its number of elements");
  auto type =
      typeAttr ? dyn_cast<quant::UniformQuantizedType>(typeAttr.getValue()) : quant::UniformQuantizedType();
  if (!type) {
    // A tensor that stays float: @network takes its values.
    tensor.codeType = getElementKind(memref.getElementType());
    if (tensor.codeType == tensor.type)
      return llvm::Error::success();
    return makeError("'" + tensor.name +
                     "': its argument of @main has no narrow.type of the form "
                     "!quant.uniform<i8:f32, scale:zero_point> that says what "
                     "its codes mean");
  }
  if (memref.getElementTypeBitWidth() != type.getStorageTypeIntegralWidth())
    return makeError("'" + tensor.name + "': narrow.type and the argument of @network differ in width");
  tensor.codeType = getElementKind(type.getStorageType(), type.isSigned());
  if (tensor.codeType == NARROW_NONE)
    return makeError("'" + tensor.name + "': the C interface has no name for the type of its codes");
  if (!llvm::isInt<32>(type.getZeroPoint()))
    return makeError("'" + tensor.name + "': zero point out of range");
  tensor.scale = type.getScale();
  tensor.zeroPoint = type.getZeroPoint();
  return llvm::Error::success();
}

} // namespace

llvm::Expected<ModelDescription> describeModel(ModuleOp module) {
  ModelDescription model;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return makeError("the module has no function @main: is it of the vector "
                     "stage (--narrow-vector-pipeline)?");
  if (main.getNumResults() != 0)
    return makeError("@main has results: a module of the vector stage writes to arguments");

  if (auto size = module->getAttrOfType<IntegerAttr>(attrs::arenaSize))
    model.arenaSize = size.getInt();
  else
    return makeError("the module has no narrow.arena_size");
  if (auto alignment = module->getAttrOfType<IntegerAttr>(attrs::arenaAlignment))
    model.arenaAlignment = alignment.getInt();
  if (TargetAttr target = getTarget(module))
    model.isa = target.getIsa().str();

  unsigned numArguments = main.getNumArguments(), first = 1;
  auto arena = numArguments ? dyn_cast<MemRefType>(main.getArgumentTypes()[0]) : MemRefType();
  if (!arena || arena.getRank() != 1 || !arena.getElementType().isInteger(8) || arena.isDynamicDim(0))
    return makeError("the first argument of @main must be the arena, a memref of bytes");
  if (arena.getDimSize(0) > model.arenaSize)
    return makeError("@main has an arena of " + Twine(arena.getDimSize(0)) +
                     " bytes, but narrow.arena_size is " + Twine(model.arenaSize));
  if (auto observed = module->getAttrOfType<ArrayAttr>(attrs::observed)) {
    if (numArguments < 2 || !isa<LLVM::LLVMPointerType>(main.getArgumentTypes()[1]))
      return makeError("the module has narrow.observed, but the second "
                       "argument of @main is no !llvm.ptr");
    for (auto id : observed.getAsRange<StringAttr>())
      model.observers.push_back(id.str());
    model.observed = true;
    first = 2;
  }

  if (auto threads = module->getAttrOfType<IntegerAttr>(attrs::threads)) {
    model.threads = threads.getInt();
    if (model.observed || numArguments < first + 3)
      return makeError("the module has narrow.threads, but @main does not take a team of threads");
    numArguments -= 3;
  }
  unsigned numTeam = main.getNumArguments() - numArguments;

  auto network = module.lookupSymbol<func::FuncOp>("network");
  model.hasCodes = static_cast<bool>(network);
  if (network && network.getNumArguments() != numArguments - first + 1 + numTeam)
    return makeError("@network must have an arena and the inputs and outputs of @main, " +
                     Twine(numArguments - first + 1) + " arguments, but has " +
                     Twine(network.getNumArguments()));

  for (unsigned i = first; i < numArguments; ++i) {
    bool isOutput = main.getArgAttr(i, attrs::output) != nullptr;
    if (!isOutput && !model.outputs.empty())
      return makeError("argument #" + Twine(i) + " of @main is an input after an output");
    llvm::Expected<TensorDescription> tensor = describeTensor(main, i);
    if (!tensor)
      return tensor.takeError();
    if (network) {
      auto type = main.getArgAttrOfType<TypeAttr>(i, attrs::type);
      if (llvm::Error error = describeCodes(*tensor, type, network.getArgumentTypes()[i - first + 1]))
        return error;
    }
    (isOutput ? model.outputs : model.inputs).push_back(std::move(*tensor));
  }
  if (model.outputs.empty())
    return makeError("@main has no argument marked narrow.output");
  return model;
}

} // namespace narrow
