//===- SplitFunctions.cpp - Entry, network, exit --------------------------===//
//
// Entry: the ops that turn function arguments into codes. Exit: the ops that
// turn codes into results, including every float op that only results depend
// on. The network is the rest. Constants are cloned where they are used.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace narrow;

namespace {

/// A function under construction, whose arguments are values of the original function.
class Part {
public:
  Part(StringRef name, func::FuncOp main, ArrayRef<Value> inputs)
      : builder(main),
        function(func::FuncOp::create(builder, main.getLoc(), name,
                                      builder.getFunctionType(TypeRange(ValueRange(inputs)), TypeRange()))) {
    function.setPrivate();
    Block *block = function.addEntryBlock();
    for (auto [input, argument] : llvm::zip_equal(inputs, block->getArguments())) {
      mapping.map(input, argument);
      argument.setLoc(input.getLoc());
    }
    builder.setInsertionPointToStart(block);
  }

  void add(Operation *op) {
    for (Value operand : op->getOperands())
      if (Operation *constant = operand.getDefiningOp();
          constant && constant->hasTrait<OpTrait::ConstantLike>() && !mapping.contains(operand))
        builder.clone(*constant, mapping);
    builder.clone(*op, mapping);
  }

  func::FuncOp finish(ArrayRef<Value> results, Location loc) {
    SmallVector<Value> values;
    for (Value result : results) {
      if (Operation *constant = result.getDefiningOp(); constant && !mapping.contains(result))
        builder.clone(*constant, mapping);
      values.push_back(mapping.lookup(result));
    }
    func::ReturnOp::create(builder, loc, values);
    function.setType(builder.getFunctionType(function.getArgumentTypes(), TypeRange(ValueRange(values))));
    return function;
  }

private:
  OpBuilder builder;
  func::FuncOp function;
  IRMapping mapping;
};

class Splitter {
public:
  explicit Splitter(func::FuncOp main) : main(main), body(main.getBody().front()) {}
  void run();

private:
  bool isConstant(Operation *op) const { return op->hasTrait<OpTrait::ConstantLike>(); }
  void classify();
  void collectExit(Value value, llvm::SetVector<Operation *> &ops, llvm::SetVector<Value> &inputs);
  SmallVector<Value> getNetworkInputs();
  SmallVector<Value> getNetworkResults();
  /// The meaning of codes: the quantized type that a quant.scast converts them from or to.
  CodeType getMeaning(Value codes) const;

  func::FuncOp main;
  Block &body;
  DenseSet<Operation *> entry, exit;
};

int64_t getNumElements(Value value) { return cast<ShapedType>(value.getType()).getNumElements(); }

} // namespace

void Splitter::classify() {
  for (Operation &op : body) {
    if (op.getNumOperands() != 1)
      continue;
    Value input = op.getOperand(0);
    // Codes leave the entry as integers; other codes (16 bits) do not belong to it.
    bool becomesIntegers =
        llvm::all_of(op.getUsers(), [](Operation *user) { return isa<quant::StorageCastOp>(user); });
    if ((isa<QuantizeOp>(op) && isa<BlockArgument>(input) && becomesIntegers) ||
        (isa<quant::StorageCastOp>(op) && input.getDefiningOp<QuantizeOp>() &&
         entry.contains(input.getDefiningOp())))
      entry.insert(&op);
  }
  // Accumulators are not results of the network, which dequantizes them itself.
  auto readsAccumulator = [](Operation &op) {
    auto dequantize = dyn_cast<DequantizeOp>(op);
    return dequantize && cast<quant::QuantizedType>(getElementTypeOrSelf(dequantize.getInput().getType()))
                                 .getStorageTypeIntegralWidth() == 32;
  };
  for (Operation &op : llvm::reverse(body)) {
    if (entry.contains(&op) || isConstant(&op) || op.hasTrait<OpTrait::IsTerminator>() ||
        !touchesReals(&op) || readsAccumulator(op))
      continue;
    bool trailing = llvm::all_of(op.getUsers(), [&](Operation *user) {
      return user->hasTrait<OpTrait::IsTerminator>() || exit.contains(user);
    });
    if (trailing)
      exit.insert(&op);
  }
}

/// Collects the ops of the exit that `value` depends on, and the outer values that they read.
void Splitter::collectExit(Value value, llvm::SetVector<Operation *> &ops, llvm::SetVector<Value> &inputs) {
  Operation *def = value.getDefiningOp();
  if (!def || !exit.contains(def)) {
    if (!def || !isConstant(def))
      inputs.insert(value);
    return;
  }
  if (ops.insert(def))
    for (Value operand : def->getOperands())
      collectExit(operand, ops, inputs);
}

/// For each result, the single value from which the exit computes it: callers of
/// the network pass as many tensors, of the same sizes, as callers of @main. If
/// there is no such value, the ops before the result stay in the network.
SmallVector<Value> Splitter::getNetworkResults() {
  Operation *terminator = body.getTerminator();
  for (bool changed = true; changed;) {
    changed = false;
    for (Value result : terminator->getOperands()) {
      llvm::SetVector<Operation *> ops;
      llvm::SetVector<Value> inputs;
      collectExit(result, ops, inputs);
      if (ops.empty() || (inputs.size() == 1 && getNumElements(inputs.front()) == getNumElements(result)))
        continue;
      for (Operation *op : ops)
        exit.erase(op);
      changed = true;
    }
  }
  SmallVector<Value> results;
  for (Value result : terminator->getOperands()) {
    llvm::SetVector<Operation *> ops;
    llvm::SetVector<Value> inputs;
    collectExit(result, ops, inputs);
    results.push_back(inputs.empty() ? result : inputs.front());
  }
  return results;
}

/// For each argument, the value that the entry computes from it, or the argument itself
/// if there is not exactly one such value or a float op reads the argument.
SmallVector<Value> Splitter::getNetworkInputs() {
  SmallVector<Value> inputs;
  for (BlockArgument argument : body.getArguments()) {
    SmallVector<Value> crossing;
    SmallVector<Operation *> ops;
    for (Operation &op : body)
      if (entry.contains(&op)) {
        Value root = op.getOperand(0);
        if (Operation *def = root.getDefiningOp())
          root = def->getOperand(0);
        if (root != argument)
          continue;
        ops.push_back(&op);
        if (llvm::any_of(op.getUsers(), [&](Operation *user) { return !entry.contains(user); }))
          crossing.push_back(op.getResult(0));
      }
    bool asFloat = llvm::any_of(argument.getUsers(), [&](Operation *user) { return !entry.contains(user); });
    if (crossing.size() == 1 && !asFloat) {
      inputs.push_back(crossing.front());
      continue;
    }
    for (Operation *op : ops)
      entry.erase(op);
    inputs.push_back(argument);
  }
  return inputs;
}

CodeType Splitter::getMeaning(Value codes) const {
  if (auto cast = codes.getDefiningOp<quant::StorageCastOp>())
    if (auto type = dyn_cast<CodeType>(getElementTypeOrSelf(cast.getInput().getType())))
      return type;
  for (Operation *user : codes.getUsers())
    if (auto cast = dyn_cast<quant::StorageCastOp>(user))
      if (auto type = dyn_cast<CodeType>(getElementTypeOrSelf(cast.getResult().getType())))
        return type;
  return {};
}

void Splitter::run() {
  classify();
  Operation *terminator = body.getTerminator();
  Location loc = main.getLoc();
  SmallVector<Value> arguments(body.getArguments()), networkInputs = getNetworkInputs(),
                                                     networkResults = getNetworkResults(),
                                                     results(terminator->getOperands());

  Part entryPart("quantize_inputs", main, arguments);
  for (Operation &op : body)
    if (entry.contains(&op))
      entryPart.add(&op);
  func::FuncOp entryFunction = entryPart.finish(networkInputs, loc);

  Part networkPart("network", main, networkInputs);
  for (Operation &op : body)
    if (!entry.contains(&op) && !exit.contains(&op) && !isConstant(&op) && &op != terminator)
      networkPart.add(&op);
  func::FuncOp network = networkPart.finish(networkResults, loc);
  for (auto [index, value] : llvm::enumerate(networkInputs))
    if (CodeType type = getMeaning(value))
      network.setArgAttr(index, attrs::type, TypeAttr::get(type));
  for (auto [index, value] : llvm::enumerate(networkResults))
    if (CodeType type = getMeaning(value))
      network.setResultAttr(index, attrs::type, TypeAttr::get(type));

  Part exitPart("dequantize_outputs", main, networkResults);
  for (Operation &op : body)
    if (exit.contains(&op))
      exitPart.add(&op);
  func::FuncOp exitFunction = exitPart.finish(results, terminator->getLoc());

  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body))) {
    op.dropAllUses();
    op.erase();
  }
  OpBuilder builder = OpBuilder::atBlockEnd(&body);
  auto call = [&](func::FuncOp callee, ValueRange operands) {
    return func::CallOp::create(builder, loc, callee, operands).getResults();
  };
  func::ReturnOp::create(builder, loc, call(exitFunction, call(network, call(entryFunction, arguments))));
}

LogicalResult narrow::splitFunction(func::FuncOp main) {
  SymbolTable symbols(main->getParentOp());
  for (StringRef name : {"quantize_inputs", "network", "dequantize_outputs"})
    if (Operation *taken = symbols.lookup(name))
      return taken->emitError() << "symbol @" << name
                                << " is in the way: the integer stage makes a function of this "
                                << "name; rename it";
  Splitter(main).run();
  return success();
}
