//===- ModelInterface.cpp - The C functions of a compiled model -----------===//
#include "narrow/Target/CPU/ModelInterface.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#ifndef NARROW_VERSION
#define NARROW_VERSION "0.1.0"
#endif

// Not within mlir::narrow, where Type and Value are MLIR's.
using namespace llvm;
using mlir::narrow::ModelDescription;
using mlir::narrow::ModelIdentity;
using mlir::narrow::TensorDescription;

namespace {

/// Constants in the layout that C gives the structs of Runtime/Model.h: LLVM
/// lays out a struct type that is not packed by the same rules.
class InfoBuilder {
public:
  explicit InfoBuilder(Module &module)
      : module(module), context(module.getContext()), pointer(PointerType::getUnqual(context)) {}

  Constant *string(StringRef text) { return global(ConstantDataArray::getString(context, text), "str"); }
  Constant *i32(int64_t value) {
    return ConstantInt::get(Type::getInt32Ty(context), value,
                            /*IsSigned=*/true);
  }
  Constant *i64(int64_t value) {
    return ConstantInt::get(Type::getInt64Ty(context), value,
                            /*IsSigned=*/true);
  }
  Constant *f64(double value) { return ConstantFP::get(Type::getDoubleTy(context), value); }

  /// A private constant array; null if there are no elements.
  Constant *array(Type *type, ArrayRef<Constant *> elements, const Twine &name) {
    if (elements.empty())
      return ConstantPointerNull::get(pointer);
    return global(ConstantArray::get(ArrayType::get(type, elements.size()), elements), name);
  }

  Constant *tensors(ArrayRef<TensorDescription> descriptions, const Twine &name) {
    SmallVector<Constant *> elements;
    for (const TensorDescription &tensor : descriptions) {
      Constant *dims = ConstantDataArray::get(
          context, ArrayRef(reinterpret_cast<const uint64_t *>(tensor.shape.data()), tensor.shape.size()));
      elements.push_back(
          ConstantStruct::getAnon({string(tensor.name), string(tensor.layout), global(dims, "dims"),
                                   i64(tensor.count), i32(tensor.shape.size()), i32(tensor.type),
                                   i32(tensor.codeType), i32(tensor.zeroPoint), f64(tensor.scale)}));
    }
    return array(elements.empty() ? pointer : elements.front()->getType(), elements, name);
  }

  Constant *strings(ArrayRef<std::string> texts, const Twine &name) {
    SmallVector<Constant *> elements;
    for (const std::string &text : texts)
      elements.push_back(string(text));
    return array(pointer, elements, name);
  }

  Constant *global(Constant *value, const Twine &name) {
    auto *variable = new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                        GlobalValue::PrivateLinkage, value, "narrow." + name);
    variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return variable;
  }

private:
  Module &module;
  LLVMContext &context;
  PointerType *pointer;
};

/// Builds the functions that check their arguments and call @main or @network.
class WrapperBuilder {
public:
  WrapperBuilder(Module &module, const ModelDescription &model)
      : module(module), model(model), builder(module.getContext()), pointer(builder.getPtrTy()) {}

  /// int name(in, out, arena, size [, observer])
  Function *create(const Twine &name, bool takesObserver) {
    // A kernel may have this name; its name is nobody's business but
    // profilers'.
    if (GlobalValue *other = module.getNamedValue(name.str()))
      other->setName(name + ".kernel");
    SmallVector<Type *> types{pointer, pointer, pointer, builder.getInt64Ty()};
    if (takesObserver)
      types.push_back(pointer);
    auto *type = FunctionType::get(builder.getInt32Ty(), types, /*isVarArg=*/false);
    function = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    function->setDoesNotThrow();
    static constexpr const char *names[] = {"in", "out", "arena", "size", "observer"};
    for (Argument &argument : function->args())
      argument.setName(names[argument.getArgNo()]);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
    return function;
  }

  /// Everything is checked before anything is written.
  void check() {
    inputs = checkPointers(function->getArg(0), model.inputs.size());
    outputs = checkPointers(function->getArg(1), model.outputs.size());
    if (model.arenaSize == 0)
      return;
    Value *arena = function->getArg(2);
    returnIf(builder.CreateIsNull(arena), NARROW_ERROR_NULL);
    Value *low =
        builder.CreateAnd(builder.CreatePtrToInt(arena, builder.getInt64Ty()), model.arenaAlignment - 1);
    returnIf(builder.CreateIsNotNull(low), NARROW_ERROR_ARENA_ALIGNMENT);
    returnIf(builder.CreateICmpULT(function->getArg(3), builder.getInt64(model.arenaSize)),
             NARROW_ERROR_ARENA_SIZE);
  }

  /// Calls `callee` with the arena, `observer` if there is one, inputs,
  /// outputs.
  void call(Function *callee, Value *observer) {
    SmallVector<Value *> arguments{function->getArg(2)};
    if (observer)
      arguments.push_back(observer);
    arguments.append(inputs);
    arguments.append(outputs);
    builder.CreateCall(callee, arguments);
  }

  void returnIf(Value *condition, int32_t status) {
    BasicBlock *fail = BasicBlock::Create(module.getContext(), "fail", function);
    BasicBlock *next = BasicBlock::Create(module.getContext(), "next", function);
    builder.CreateCondBr(condition, fail, next);
    builder.SetInsertPoint(fail);
    finish(status);
    builder.SetInsertPoint(next);
  }

  void finish(int32_t status) { builder.CreateRet(builder.getInt32(status)); }

  IRBuilder<> &getBuilder() { return builder; }

private:
  SmallVector<Value *> checkPointers(Value *array, size_t count) {
    SmallVector<Value *> pointers;
    if (count)
      returnIf(builder.CreateIsNull(array), NARROW_ERROR_NULL);
    for (size_t i = 0; i < count; ++i) {
      pointers.push_back(builder.CreateLoad(pointer, builder.CreateConstInBoundsGEP1_64(pointer, array, i)));
      returnIf(builder.CreateIsNull(pointers.back()), NARROW_ERROR_NULL);
    }
    return pointers;
  }

  Module &module;
  const ModelDescription &model;
  IRBuilder<> builder;
  PointerType *pointer;
  Function *function = nullptr;
  SmallVector<Value *> inputs, outputs;
};

/// What `run` of an observed model hands to @main: an observer that does
/// nothing.
Constant *createSilentObserver(Module &module, InfoBuilder &info) {
  IRBuilder<> builder(module.getContext());
  auto *type =
      FunctionType::get(builder.getVoidTy(),
                        {builder.getPtrTy(), builder.getInt32Ty(), builder.getPtrTy(), builder.getInt64Ty()},
                        /*isVarArg=*/false);
  auto *function = Function::Create(type, GlobalValue::InternalLinkage, "narrow.observe_nothing", module);
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
  builder.CreateRetVoid();
  return info.global(ConstantStruct::getAnon({function, ConstantPointerNull::get(builder.getPtrTy())}),
                     "observer");
}

Error checkFunction(Function *function, StringRef name, size_t arguments) {
  bool good =
      function && !function->isDeclaration() && function->getReturnType()->isVoidTy() &&
      function->arg_size() == arguments &&
      llvm::all_of(function->args(), [](Argument &argument) { return argument.getType()->isPointerTy(); });
  if (good)
    return Error::success();
  return createStringError(inconvertibleErrorCode(),
                           "the translated module has no @" + name + " of " + Twine(arguments) + " pointers");
}

Error buildInterface(Module &module, const ModelDescription &model, const ModelIdentity &identity) {
  const std::string &prefix = identity.prefix;
  const DataLayout &layout = module.getDataLayout();
  size_t tensors = model.inputs.size() + model.outputs.size();
  Function *main = module.getFunction("main"), *network = module.getFunction("network");
  if (Error error = checkFunction(main, "main", tensors + 1 + model.observed))
    return error;
  if (model.hasCodes)
    if (Error error = checkFunction(network, "network", tensors + 1))
      return error;
  main->setName(prefix + "_main"); // the program has a main of its own

  uint64_t weights = 0;
  for (GlobalVariable &global : module.globals())
    weights += layout.getTypeAllocSize(global.getValueType());

  InfoBuilder info(module);
  Constant *value = ConstantStruct::getAnon(
      {info.i32(NARROW_ABI_VERSION), info.i32(model.inputs.size()), info.i32(model.outputs.size()),
       info.i32(model.observers.size()), info.tensors(model.inputs, "inputs"),
       info.tensors(model.outputs, "outputs"), info.strings(model.observers, "observers"),
       info.i64(model.arenaSize), info.i64(model.arenaAlignment), info.i64(weights),
       info.string(identity.name), info.string(mlir::narrow::getCompilerVersion()),
       info.string(identity.triple), info.string(identity.cpu), info.string(identity.isa),
       info.string(identity.features), info.string(identity.manifest)});
  Constant *infoGlobal = info.global(value, "info");
  if (layout.getTypeAllocSize(value->getType()) != sizeof(narrow_model_info))
    return createStringError(inconvertibleErrorCode(),
                             "narrow_model_info has another size on '" + identity.triple + "'");

  WrapperBuilder wrapper(module, model);
  wrapper.create(prefix + "_run", /*takesObserver=*/false);
  wrapper.check();
  wrapper.call(main, model.observed ? createSilentObserver(module, info) : nullptr);
  wrapper.finish(NARROW_OK);

  wrapper.create(prefix + "_run_codes", /*takesObserver=*/false);
  if (model.hasCodes) {
    wrapper.check();
    wrapper.call(network, nullptr);
    wrapper.finish(NARROW_OK);
  } else {
    wrapper.finish(NARROW_ERROR_NO_CODES);
  }

  if (model.observed) {
    Function *observe = wrapper.create(prefix + "_observe", /*takesObserver=*/true);
    IRBuilder<> &builder = wrapper.getBuilder();
    Value *observer = observe->getArg(4);
    wrapper.returnIf(builder.CreateIsNull(observer), NARROW_ERROR_NULL);
    wrapper.returnIf(builder.CreateIsNull(builder.CreateLoad(builder.getPtrTy(), observer)),
                     NARROW_ERROR_NULL);
    wrapper.check();
    wrapper.call(main, observer);
    wrapper.finish(NARROW_OK);
  }

  std::string infoName = prefix + "_info";
  if (GlobalValue *other = module.getNamedValue(infoName))
    other->setName(infoName + ".kernel");
  IRBuilder<> builder(module.getContext());
  auto *function = Function::Create(FunctionType::get(builder.getPtrTy(), /*isVarArg=*/false),
                                    GlobalValue::ExternalLinkage, infoName, module);
  function->setDoesNotThrow();
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
  builder.CreateRet(infoGlobal);
  return Error::success();
}

} // namespace

StringRef mlir::narrow::getCompilerVersion() {
  return "narrow " NARROW_VERSION " (LLVM " LLVM_VERSION_STRING ")";
}

llvm::Error mlir::narrow::addModelInterface(llvm::Module &module, const ModelDescription &model,
                                            const ModelIdentity &identity) {
  return buildInterface(module, model, identity);
}
