//===- LowerKernels.cpp - From kernels on tensors to code on memory -------===//
#include "Profiler.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/KernelOpInterface.h"
#include "narrow/Target/CPU/Passes.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWLOWERKERNELS
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

constexpr int64_t arenaAlignment = 64;

struct LowerKernels : impl::NarrowLowerKernelsBase<LowerKernels> {
  using NarrowLowerKernelsBase::NarrowLowerKernelsBase;

  void runOnOperation() override {
    if (failed(requireCodeStage(getOperation(), StageUser::KernelPass)))
      return signalPassFailure();
    ModuleOp module = getOperation();
    FailureOr<TargetDescription> found = getKernelTarget(module);
    if (failed(found))
      return signalPassFailure();
    description = *found;
    description.packWeights = packWeights;
    target = &description;

    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      FailureOr<MemoryPlan> plan = MemoryPlan::read(function, *target);
      if (failed(plan))
        return signalPassFailure();
      plans.insert({function, std::move(*plan)});
    }
    int64_t arenaSize = arenaAlignment, lowerBound = 0;
    for (auto &entry : plans) {
      arenaSize = std::max(arenaSize, entry.second.getArenaSize());
      lowerBound = std::max(lowerBound, entry.second.getLowerBound());
    }
    OpBuilder builder(module.getContext());
    if (profile) {
      profiler.emplace(module, *target, arenaSize);
      arenaSize += profiler->getSize();
    }
    arenaType = MemRefType::get({arenaSize}, builder.getI8Type());

    // The functions of tensors make room for those of buffers.
    std::vector<std::string> names;
    for (func::FuncOp function : functions) {
      names.push_back(function.getName().str());
      function.setName(names.back() + "$tensors");
    }
    GlobalTables tables(module);
    for (auto [function, name] : llvm::zip(functions, names))
      if (failed(lower(function, name, tables)))
        return signalPassFailure();
    for (func::FuncOp function : functions)
      function.erase();
    module->setAttr(attrs::arenaSize, builder.getI64IntegerAttr(arenaSize));
    module->setAttr(attrs::arenaLowerBound, builder.getI64IntegerAttr(lowerBound));
    module->setAttr(attrs::arenaAlignment, builder.getI64IntegerAttr(arenaAlignment));
    if (profiler)
      profiler->setAttributes();
    if (!observed.empty())
      module->setAttr(attrs::observed, builder.getStrArrayAttr(observed));
  }

private:
  static MemRefType typeOf(const BufferLayout &layout) {
    return MemRefType::get({layout.size + layout.tail}, layout.element);
  }

  LogicalResult lower(func::FuncOp function, StringRef name, GlobalTables &tables) {
    const MemoryPlan &plan = plans.find(function)->second;
    Block &block = function.getBody().front();
    bool observes = !block.getOps<ObserveOp>().empty();
    OpBuilder builder(function);
    Location loc = function.getLoc();

    SmallVector<Type> arguments{arenaType};
    if (observes)
      arguments.push_back(LLVM::LLVMPointerType::get(&getContext()));
    size_t firstInput = arguments.size();
    for (BlockArgument argument : block.getArguments())
      arguments.push_back(typeOf(plan.lookup(argument).layout));
    size_t firstOutput = arguments.size();
    for (Type type : function.getResultTypes())
      arguments.push_back(typeOf(BufferLayout::plain(cast<RankedTensorType>(type))));
    auto result = func::FuncOp::create(builder, loc, name, builder.getFunctionType(arguments, {}));
    result.setPrivate();
    setInterface(function, result, firstInput, firstOutput);
    Block *entry = result.addEntryBlock();
    builder.setInsertionPointToStart(entry);

    DenseMap<Value, Value> memrefs;
    for (BlockArgument argument : block.getArguments())
      memrefs[argument] = entry->getArgument(firstInput + argument.getArgNumber());
    for (OpOperand &result : block.getTerminator()->getOpOperands())
      if (result.get().getDefiningOp<KernelOp>() && plan.lookup(result.get()).offset < 0)
        memrefs[result.get()] = entry->getArgument(firstOutput + result.getOperandNumber());
    auto memrefOf = [&](Value value) -> Value {
      while (auto observe = value.getDefiningOp<ObserveOp>())
        value = observe.getInput();
      if (Value known = memrefs.lookup(value))
        return known;
      const MemoryPlan::Place &place = plan.lookup(value);
      // The slack belongs to the memref: reading it is not out of bounds.
      Value offset = arith::ConstantIndexOp::create(builder, loc, place.offset);
      return memrefs[value] = memref::ViewOp::create(builder, value.getLoc(), typeOf(place.layout),
                                                     entry->getArgument(0), offset, ValueRange{});
    };
    auto bufferOf = [&](Value value) { return Buffer{memrefOf(value), plan.lookup(value).layout}; };

    if (profiler && name == "main")
      profiler->countPeak(builder, entry->getArgument(0));
    for (Operation &op : block) {
      if (auto kernel = dyn_cast<KernelOp>(op)) {
        if (plan.isView(kernel.getResult(0)))
          continue;
        SmallVector<Buffer> inputs, outputs;
        for (Value input : kernel.getInputs())
          inputs.push_back(bufferOf(input));
        for (Value output : kernel.getResults())
          outputs.push_back(bufferOf(output));
        if (failed(emitKernel(builder, kernel, inputs, outputs, tables, entry->getArgument(0))))
          return failure();
      } else if (auto call = dyn_cast<func::CallOp>(op)) {
        SmallVector<Value> operands{entry->getArgument(0)};
        for (Value operand : call.getOperands())
          operands.push_back(memrefOf(operand));
        for (Value output : call.getResults())
          operands.push_back(memrefOf(output));
        func::CallOp::create(builder, call.getLoc(), call.getCallee(), TypeRange{}, operands);
      } else if (auto observe = dyn_cast<ObserveOp>(op)) {
        emitObserve(builder, observe, bufferOf(observe.getInput()), entry->getArgument(1));
      }
    }
    func::ReturnOp::create(builder, loc);
    return success();
  }

  /// What the C interface states of each input and output.
  void setInterface(func::FuncOp from, func::FuncOp to, size_t firstInput, size_t firstOutput) {
    Builder builder(&getContext());
    // What the codes of the network mean is said at its boundary; the caller of
    // @main is told there.
    auto network =
        to.getName() == "main" ? getOperation().lookupSymbol<func::FuncOp>("network") : func::FuncOp();
    auto tell = [&](unsigned number, DictionaryAttr dictionary) {
      if (Attribute type = dictionary ? dictionary.get(attrs::type) : Attribute())
        to.setArgAttr(number, attrs::type, type);
    };
    if (network && network.getNumArguments() >= 1) {
      unsigned inputs = from.getNumArguments(), outputs = from.getNumResults();
      for (unsigned i = 0; i < inputs + outputs; ++i)
        tell(firstInput + i, network.getArgAttrDict(1 + i));
    }
    auto copy = [&](unsigned number, Type type, DictionaryAttr dictionary) {
      for (NamedAttribute attr : dictionary ? dictionary.getValue() : ArrayRef<NamedAttribute>())
        if (attr.getName().getValue().starts_with("narrow."))
          to.setArgAttr(number, attr.getName(), attr.getValue());
      to.setArgAttr(number, attrs::shape,
                    builder.getDenseI64ArrayAttr(cast<RankedTensorType>(type).getShape()));
    };
    for (auto [i, type] : llvm::enumerate(from.getArgumentTypes()))
      copy(firstInput + i, type, from.getArgAttrDict(i));
    for (auto [i, type] : llvm::enumerate(from.getResultTypes())) {
      copy(firstOutput + i, type, from.getResultAttrDict(i));
      to.setArgAttr(firstOutput + i, attrs::output, builder.getUnitAttr());
    }
  }

  LogicalResult emitKernel(OpBuilder &builder, KernelOp kernel, SmallVector<Buffer> inputs,
                           SmallVector<Buffer> outputs, GlobalTables &tables, Value arena) {
    SmallVector<Value> operands;
    SmallVector<Type> types;
    for (const Buffer &buffer : llvm::concat<Buffer>(inputs, outputs)) {
      operands.push_back(buffer.memref);
      types.push_back(buffer.memref.getType());
    }
    std::string name = kernel.getSymName().str();
    if (SymbolTable::lookupSymbolIn(getOperation(), name))
      name += "_" + std::to_string(operands.size());
    while (SymbolTable::lookupSymbolIn(getOperation(), name))
      name += "_";
    OpBuilder outer = OpBuilder::atBlockEnd(getOperation().getBody());
    auto function = func::FuncOp::create(outer, kernel.getLoc(), name, outer.getFunctionType(types, {}));
    function.setPrivate();
    if (Attribute id = kernel->getAttr(attrs::id))
      function->setAttr(attrs::id, id);
    if (int64_t work = isIndependent(kernel) ? estimateCycles(kernel) : 0)
      function->setAttr(attrs::work, builder.getI64IntegerAttr(work));
    Block *body = function.addEntryBlock();
    outer.setInsertionPointToStart(body);
    size_t next = 0;
    for (SmallVector<Buffer> *buffers : {&inputs, &outputs})
      for (Buffer &buffer : *buffers)
        buffer.memref = body->getArgument(next++);
    KernelEmitter emitter(outer, tables, *target, kernel, inputs, outputs);
    if (failed(emitter.emit()))
      return failure();
    function->setAttr(attrs::kernel, builder.getStringAttr(emitter.getKind()));
    func::ReturnOp::create(outer, kernel.getLoc());
    int64_t cycles = emitter.getCycles() ? emitter.getCycles() : estimateCycles(kernel);
    auto call = [&] { func::CallOp::create(builder, kernel.getLoc(), function, operands); };
    if (profiler)
      profiler->count(builder, kernel, emitter.getKind(), cycles, arena, call);
    else
      call();
    return success();
  }

  /// Whether the outermost loops of a kernel are independent: one that moves data may fill its
  /// output first.
  static bool isIndependent(KernelOp kernel) {
    return llvm::none_of(kernel.getBody().front(),
                         [](Operation &op) { return getKernelRole(&op) == KernelRole::Custom; });
  }

  /// Cycles of a kernel, roughly, by its size alone.
  int64_t estimateCycles(KernelOp kernel) const {
    auto elements = [](Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); };
    int64_t products = 0, outputs = 0;
    for (Operation &op : kernel.getBody().front())
      products += countProducts(&op);
    for (Value result : kernel.getResults())
      outputs += elements(result);
    constexpr int64_t cyclesPerVector = 8; // of the epilogue, and of ops without products
    return products / (target->lanes * target->group()) + outputs * cyclesPerVector / target->lanes;
  }

  /// observer->fn(observer->ctx, id, row, count) for every row of the plane.
  void emitObserve(OpBuilder &builder, ObserveOp observe, const Buffer &buffer, Value observer) {
    Location loc = observe.getLoc();
    int32_t id = observed.size();
    observed.push_back(observe.getId());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    const BufferLayout &layout = buffer.layout;
    // A run of elements without border: whole tensors, or rows of images.
    int64_t count = 1;
    SmallVector<int64_t> outer(layout.shape), strides(layout.strides);
    while (!outer.empty() && (strides.back() == count || outer.back() == 1)) {
      count *= outer.pop_back_val();
      strides.pop_back();
    }
    Value fn = LLVM::LoadOp::create(builder, loc, pointer, observer);
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, observer, ArrayRef<LLVM::GEPArg>{1});
    Value context = LLVM::LoadOp::create(builder, loc, pointer, slot);
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer.memref);
    auto i64 = builder.getI64Type();
    Value idValue = LLVM::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(id));
    Value countValue = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(count));
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    std::function<void(size_t, Value)> nest = [&](size_t axis, Value offset) {
      if (axis < outer.size()) {
        auto loop = scf::ForOp::create(builder, loc, constant(0), constant(outer[axis]), constant(1));
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(loop.getBody());
        Value step = arith::MulIOp::create(builder, loc, loop.getInductionVar(),
                                           constant(strides[axis] * layout.elementBytes()));
        return nest(axis + 1, arith::AddIOp::create(builder, loc, offset, step));
      }
      Value at = arith::IndexCastOp::create(builder, loc, i64, offset);
      Value row = LLVM::IntToPtrOp::create(builder, loc, pointer, at);
      auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                              {pointer, builder.getI32Type(), pointer, i64});
      LLVM::CallOp::create(builder, loc, type, ValueRange{fn, context, idValue, row, countValue});
    };
    nest(0, arith::AddIOp::create(builder, loc, base, constant(layout.origin * layout.elementBytes())));
  }

  TargetDescription description;
  const TargetDescription *target = nullptr;
  MemRefType arenaType;
  std::map<Operation *, MemoryPlan> plans; // looked up, never iterated for output
  SmallVector<StringRef> observed;
  std::optional<Profiler> profiler; ///< with --profile
};

} // namespace
} // namespace narrow
