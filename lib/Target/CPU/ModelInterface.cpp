//===- ModelInterface.cpp - The C functions of a compiled model -----------===//
#include "narrow/Target/CPU/ModelInterface.h"
#include "SelectISA.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#ifndef NARROW_VERSION
#define NARROW_VERSION "0.1.0"
#endif

// Not within narrow, where Type and Value are MLIR's.
using namespace llvm;
using narrow::ModelDescription;
using narrow::ModelIdentity;
using narrow::TensorDescription;
using narrow::VariantCode;

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

/// The memory that the threads of one call share: an argument of @main that
/// --narrow-distribute-threads describes.
constexpr unsigned teamSize = 192, teamYield = 128, teamAlignment = 64;

/// Builds the functions that check their arguments and call @main or @network.
class WrapperBuilder {
public:
  WrapperBuilder(Module &module, const ModelDescription &model, ArrayRef<VariantCode> variants,
                 Function *selector)
      : module(module), model(model), variants(variants), selector(selector), builder(module.getContext()),
        pointer(builder.getPtrTy()) {}

  /// int name(in, out, arena, size [, last])
  Function *create(const Twine &name, StringRef last = "") {
    // A kernel may have this name; its name is nobody's business but
    // profilers'.
    if (GlobalValue *other = module.getNamedValue(name.str()))
      other->setName(name + ".kernel");
    SmallVector<Type *> types{pointer, pointer, pointer, builder.getInt64Ty()};
    if (!last.empty())
      types.push_back(pointer);
    auto *type = FunctionType::get(builder.getInt32Ty(), types, /*isVarArg=*/false);
    function = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    function->setDoesNotThrow();
    const StringRef names[] = {"in", "out", "arena", "size", last};
    for (Argument &argument : function->args())
      argument.setName(names[argument.getArgNo()]);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
    return function;
  }

  /// Everything is checked before anything is written.
  void check() {
    inputs = checkPointers(function->getArg(0), model.inputs.size());
    outputs = checkPointers(function->getArg(1), model.outputs.size());
    if (model.arenaSize != 0) {
      Value *arena = function->getArg(2);
      returnIf(builder.CreateIsNull(arena), NARROW_ERROR_NULL);
      Value *low =
          builder.CreateAnd(builder.CreatePtrToInt(arena, builder.getInt64Ty()), model.arenaAlignment - 1);
      returnIf(builder.CreateIsNotNull(low), NARROW_ERROR_ARENA_ALIGNMENT);
      returnIf(builder.CreateICmpULT(function->getArg(3), builder.getInt64(model.arenaSize)),
               NARROW_ERROR_ARENA_SIZE);
    }
    if (!selector)
      return;
    selected = builder.CreateCall(selector);
    returnIf(builder.CreateICmpSLT(selected, builder.getInt32(0)), NARROW_ERROR_CPU);
  }

  /// @main or @network of the variant that the CPU runs; after check().
  Value *choose(Function *VariantCode::*callee) {
    Value *chosen = variants.front().*callee;
    for (unsigned i = 1; i < variants.size() && selected; ++i)
      chosen = builder.CreateSelect(builder.CreateICmpEQ(selected, builder.getInt32(i)), variants[i].*callee,
                                    chosen);
    return chosen;
  }

  /// Calls `callee` on one thread with the arena, `observer` if there is one,
  /// inputs, outputs.
  void call(Function *VariantCode::*callee, Value *observer = nullptr) {
    SmallVector<Value *> arguments{function->getArg(2)};
    if (observer)
      arguments.push_back(observer);
    arguments.append(inputs);
    arguments.append(outputs);
    if (model.threads > 1)
      arguments.append({ConstantPointerNull::get(pointer), builder.getInt64(0), builder.getInt64(1)});
    builder.CreateCall((variants.front().*callee)->getFunctionType(), choose(callee), arguments);
  }

  /// Calls `callee` on the threads of argument 4, a `narrow_threads`.
  void callOnThreads(Function *VariantCode::*callee, Function *task) {
    Value *threads = function->getArg(4);
    Value *parallel = loadField(threads, offsetof(narrow_threads, parallel));
    Value *count = builder.CreateAlignedLoad(builder.getInt32Ty(), threads, Align(8));
    BasicBlock *alone = BasicBlock::Create(module.getContext(), "alone", function);
    BasicBlock *together = BasicBlock::Create(module.getContext(), "together", function);
    builder.CreateCondBr(builder.CreateICmpEQ(count, builder.getInt32(1)), alone, together);
    builder.SetInsertPoint(alone);
    call(callee);
    finish(NARROW_OK);
    builder.SetInsertPoint(together);
    returnIf(builder.CreateIsNull(parallel), NARROW_ERROR_NULL);
    // In the entry block, where memory on the stack has a fixed place.
    IRBuilder<> entry(&*function->getEntryBlock().getFirstInsertionPt());
    AllocaInst *team = entry.CreateAlloca(ArrayType::get(builder.getInt8Ty(), teamSize), nullptr, "team");
    team->setAlignment(Align(teamAlignment));
    AllocaInst *context = entry.CreateAlloca(ArrayType::get(pointer, NumTaskFields), nullptr, "context");
    for (unsigned offset : {0u, 64u}) // threads that have arrived, barriers passed
      builder.CreateStore(builder.getInt32(0), at(team, offset));
    builder.CreateStore(loadField(threads, offsetof(narrow_threads, yield)), at(team, teamYield));
    Value *callerContext = loadField(threads, offsetof(narrow_threads, ctx));
    builder.CreateStore(callerContext, at(team, teamYield + 8));
    Value *fields[NumTaskFields] = {
        choose(callee),
        function->getArg(0),
        function->getArg(1),
        function->getArg(2),
        team,
        builder.CreateIntToPtr(builder.CreateZExt(count, builder.getInt64Ty()), pointer)};
    for (auto [i, field] : enumerate(fields))
      builder.CreateStore(field, at(context, 8 * i));
    auto *type = FunctionType::get(builder.getVoidTy(), {pointer, builder.getInt32Ty(), pointer, pointer},
                                   /*isVarArg=*/false);
    builder.CreateCall(type, parallel, {callerContext, count, task, context});
    finish(NARROW_OK);
  }

  /// Errors of a `narrow_threads`.
  void checkThreads() {
    Value *threads = function->getArg(4);
    returnIf(builder.CreateIsNull(threads), NARROW_ERROR_NULL);
    Value *count = builder.CreateAlignedLoad(builder.getInt32Ty(), threads, Align(8));
    // As unsigned numbers: negative ones are large.
    returnIf(
        builder.CreateICmpUGE(builder.CreateSub(count, builder.getInt32(1)), builder.getInt32(model.threads)),
        NARROW_ERROR_THREADS);
  }

  /// void (context, i): thread i runs the function of the context.
  Function *createTask(FunctionType *calleeType) {
    auto *type = FunctionType::get(builder.getVoidTy(), {pointer, builder.getInt32Ty()}, /*isVarArg=*/false);
    auto *task = Function::Create(type, GlobalValue::InternalLinkage, "narrow.task", module);
    task->setDoesNotThrow();
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", task));
    Value *fields[NumTaskFields];
    for (unsigned i = 0; i < NumTaskFields; ++i)
      fields[i] = loadField(task->getArg(0), 8 * i);
    SmallVector<Value *> arguments{fields[TaskArena]};
    for (auto [array, count] :
         {std::pair(fields[TaskIn], model.inputs.size()), std::pair(fields[TaskOut], model.outputs.size())})
      for (size_t i = 0; i < count; ++i)
        arguments.push_back(loadField(array, 8 * i));
    Value *thread = builder.CreateZExt(task->getArg(1), builder.getInt64Ty());
    arguments.append(
        {fields[TaskTeam], thread, builder.CreatePtrToInt(fields[TaskCount], builder.getInt64Ty())});
    builder.CreateCall(calleeType, fields[TaskFunction], arguments);
    builder.CreateRetVoid();
    return task;
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
  enum TaskField { TaskFunction, TaskIn, TaskOut, TaskArena, TaskTeam, TaskCount, NumTaskFields };

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

  Value *at(Value *base, unsigned offset) {
    return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset);
  }
  Value *loadField(Value *base, unsigned offset) { return builder.CreateLoad(pointer, at(base, offset)); }

  Module &module;
  const ModelDescription &model;
  ArrayRef<VariantCode> variants;
  Function *selector; ///< null: every CPU runs the first variant
  IRBuilder<> builder;
  PointerType *pointer;
  Function *function = nullptr;
  Value *selected = nullptr;
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

Error checkVariants(const ModelDescription &model, ArrayRef<VariantCode> variants) {
  size_t arguments = model.inputs.size() + model.outputs.size() + 1;
  auto check = [&](Function *function, StringRef name, size_t count) -> Error {
    size_t numbers = model.threads > 1 ? 2 : 0, team = model.threads > 1 ? 1 : 0;
    auto isPointer = [](Argument &argument) { return argument.getType()->isPointerTy(); };
    if (function && !function->isDeclaration() && function->getReturnType()->isVoidTy() &&
        function->arg_size() == count + team + numbers &&
        llvm::all_of(llvm::drop_end(function->args(), numbers), isPointer))
      return Error::success();
    return createStringError(inconvertibleErrorCode(), "the translated module has no @" + name + " of " +
                                                           Twine(count + team) + " pointers");
  };
  for (const VariantCode &variant : variants) {
    if (Error error = check(variant.main, "main", arguments + model.observed))
      return error;
    if (model.hasCodes)
      if (Error error = check(variant.network, "network", arguments))
        return error;
  }
  return Error::success();
}

Error buildInterface(Module &module, const ModelDescription &model, const ModelIdentity &identity,
                     ArrayRef<VariantCode> variants) {
  const std::string &prefix = identity.prefix;
  const DataLayout &layout = module.getDataLayout();
  if (Error error = checkVariants(model, variants))
    return error;

  InfoBuilder info(module);
  Constant *value = ConstantStruct::getAnon(
      {info.i32(NARROW_ABI_VERSION), info.i32(model.inputs.size()), info.i32(model.outputs.size()),
       info.i32(model.observers.size()), info.tensors(model.inputs, "inputs"),
       info.tensors(model.outputs, "outputs"), info.strings(model.observers, "observers"),
       info.i64(model.arenaSize), info.i64(model.arenaAlignment), info.i64(identity.weightsSize),
       info.string(identity.name), info.string(narrow::getCompilerVersion()), info.string(identity.triple),
       info.string(identity.cpu), info.string(identity.isa), info.string(identity.features),
       info.string(identity.manifest), info.i32(model.threads)});
  Constant *infoGlobal = info.global(value, "info");
  if (layout.getTypeAllocSize(value->getType()) != sizeof(narrow_model_info))
    return createStringError(inconvertibleErrorCode(),
                             "narrow_model_info has another size on '" + identity.triple + "'");

  std::vector<std::string> features;
  for (const VariantCode &variant : variants)
    features.push_back(variant.features);
  WrapperBuilder wrapper(module, model, variants, narrow::createISASelector(module, features));
  wrapper.create(prefix + "_run");
  wrapper.check();
  wrapper.call(&VariantCode::main, model.observed ? createSilentObserver(module, info) : nullptr);
  wrapper.finish(NARROW_OK);

  wrapper.create(prefix + "_run_codes");
  if (model.hasCodes) {
    wrapper.check();
    wrapper.call(&VariantCode::network);
    wrapper.finish(NARROW_OK);
  } else {
    wrapper.finish(NARROW_ERROR_NO_CODES);
  }

  if (model.observed) {
    Function *observe = wrapper.create(prefix + "_observe", "observer");
    IRBuilder<> &builder = wrapper.getBuilder();
    Value *observer = observe->getArg(4);
    wrapper.returnIf(builder.CreateIsNull(observer), NARROW_ERROR_NULL);
    wrapper.returnIf(builder.CreateIsNull(builder.CreateLoad(builder.getPtrTy(), observer)),
                     NARROW_ERROR_NULL);
    wrapper.check();
    wrapper.call(&VariantCode::main, observer);
    wrapper.finish(NARROW_OK);
  }

  if (model.threads > 1) {
    Function *task = wrapper.createTask(variants.front().main->getFunctionType());
    for (auto [suffix, callee] : {std::pair("_run_threads", &VariantCode::main),
                                  std::pair("_run_codes_threads", &VariantCode::network)}) {
      wrapper.create(prefix + suffix, "threads");
      if (!(variants.front().*callee)) {
        wrapper.finish(NARROW_ERROR_NO_CODES);
        continue;
      }
      wrapper.checkThreads();
      wrapper.check();
      wrapper.callOnThreads(callee, task);
    }
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

StringRef narrow::getCompilerVersion() { return "narrow " NARROW_VERSION " (LLVM " LLVM_VERSION_STRING ")"; }

llvm::Error narrow::addModelInterface(llvm::Module &module, const ModelDescription &model,
                                      const ModelIdentity &identity, llvm::ArrayRef<VariantCode> variants) {
  return buildInterface(module, model, identity, variants);
}
