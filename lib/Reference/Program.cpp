//===- Program.cpp - Prepares a module for evaluation ---------------------===//
//
// Everything that can be checked without inputs is checked here, so that
// diagnostics appear before the first image is evaluated and the evaluation
// functions can rely on shapes and kinds.
//
//===----------------------------------------------------------------------===//
#include "Program.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

/// A larger tensor is considered a mistake in a type.
static constexpr int64_t maxElements = int64_t{1} << 31;

/// The kind and shape that hold values of `type`, or an error on `op`.
static FailureOr<std::pair<ElementKind, SmallVector<int64_t>>> getStorage(Operation *op, Type type) {
  if (auto shape = dyn_cast<tosa::shapeType>(type))
    return std::make_pair(ElementKind::I64, SmallVector<int64_t>{shape.getRank()});
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return op->emitError() << "the reference evaluator needs ranked tensors of "
                              "static shape, got "
                           << type;
  auto kind = getElementKind(tensor.getElementType());
  if (!kind)
    return op->emitError() << "the reference evaluator has no storage for elements of " << type;
  int64_t elements = 1;
  for (int64_t dim : tensor.getShape()) {
    if (dim != 0 && elements > maxElements / dim)
      return op->emitError() << "tensor " << type << " is too large to evaluate";
    elements *= dim;
  }
  return std::make_pair(*kind, SmallVector<int64_t>(tensor.getShape()));
}

LogicalResult narrow::reference::requireEvaluable(Operation *op) {
  if (isa<EvaluableOpInterface, ScalarFunctionOpInterface>(op))
    return success();
  return op->emitError() << "'" << op->getName()
                         << "' is not supported by the reference evaluator: it does not implement "
                            "EvaluableOpInterface";
}

LogicalResult narrow::reference::evaluate(Operation *op, ArrayRef<const Tensor *> operands,
                                          Prepared *prepared,
                                          SmallVectorImpl<std::shared_ptr<const Tensor>> &results) {
  SmallVector<Tensor> computed;
  for (Type type : op->getResultTypes()) {
    auto storage = getStorage(op, type);
    if (failed(storage))
      return failure();
    computed.emplace_back(storage->first, storage->second);
  }
  Call call{op, operands, computed, prepared};
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (failed(evaluable ? evaluable.evaluate(call) : evaluateScalarFunction(call)))
    return failure();
  for (Tensor &tensor : computed)
    results.push_back(std::make_shared<const Tensor>(std::move(tensor)));
  return success();
}

namespace {

/// Builds bodies, each in one walk over its block.
class ProgramBuilder {
public:
  ProgramBuilder(ModuleOp module, llvm::StringMap<std::unique_ptr<Body>> &functions,
                 std::vector<std::unique_ptr<Body>> &kernels)
      : symbols(module), functions(functions), kernels(kernels) {}

  /// The body of function `name`, built on first use.
  FailureOr<const Body *> getFunction(Operation *user, StringRef name);

private:
  FailureOr<std::unique_ptr<Body>> buildBlock(Operation *parent, Block &block);
  LogicalResult buildStep(Operation &op, Step &step, ArrayRef<Step *> producers);
  LogicalResult foldConstant(Operation &op, Step &step);
  static void findDeadSlots(Body &body);

  SymbolTable symbols;
  llvm::StringMap<std::unique_ptr<Body>> &functions;
  std::vector<std::unique_ptr<Body>> &kernels;
  /// Functions being built: a call to one of these is a recursion.
  llvm::StringSet<> open;
};

} // namespace

FailureOr<const Body *> ProgramBuilder::getFunction(Operation *user, StringRef name) {
  if (auto it = functions.find(name); it != functions.end())
    return static_cast<const Body *>(it->second.get());
  auto function = symbols.lookup<func::FuncOp>(name);
  if (!function)
    return user->emitError() << "the module has no function @" << name;
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError() << "@" << name << " must have a body of one block to be evaluated";
  if (!open.insert(name).second)
    return user->emitError() << "@" << name << " calls itself";
  auto body = buildBlock(function, function.getBody().front());
  open.erase(name);
  if (failed(body))
    return failure();
  return static_cast<const Body *>((functions[name] = std::move(*body)).get());
}

/// The value of `op` if it is a constant.
static std::optional<Tensor> getOwnConstant(Operation &op) {
  if (auto constant = dyn_cast<tosa::ConstOp>(op))
    return decodeConstant(constant.getValues());
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return decodeConstant(dyn_cast<ElementsAttr>(constant.getValue()));
  if (auto shape = dyn_cast<tosa::ConstShapeOp>(op)) {
    auto dims = getShapeDims(shape.getResult());
    return Tensor({static_cast<int64_t>(dims->size())}, ArrayRef<int64_t>(*dims));
  }
  return std::nullopt;
}

LogicalResult ProgramBuilder::foldConstant(Operation &op, Step &step) {
  auto tensor = getOwnConstant(op);
  if (!tensor)
    return op.emitError("cannot read this constant: its resource is missing or "
                        "has the wrong size");
  auto storage = getStorage(&op, op.getResult(0).getType());
  if (failed(storage))
    return failure();
  if (tensor->kind != storage->first || tensor->shape != storage->second)
    return op.emitError("the constant does not have the type of the result");
  step.constants.push_back(std::make_shared<const Tensor>(std::move(*tensor)));
  return success();
}

/// `producers` are the steps that compute the operands, null for block arguments.
LogicalResult ProgramBuilder::buildStep(Operation &op, Step &step, ArrayRef<Step *> producers) {
  for (Type type : op.getResultTypes())
    if (failed(getStorage(&op, type)))
      return failure();
  if (isa<tosa::ConstOp, arith::ConstantOp, tosa::ConstShapeOp>(op))
    return foldConstant(op, step);
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = getFunction(&op, call.getCallee());
    if (failed(callee))
      return failure();
    if ((*callee)->block->getArgumentTypes() != op.getOperandTypes() ||
        (*callee)->block->getTerminator()->getOperandTypes() != op.getResultTypes())
      return op.emitError() << "operands and results do not have the types of @" << call.getCallee();
    step.body = *callee;
    return success();
  }
  if (auto kernel = dyn_cast<KernelOp>(op)) {
    auto body = buildBlock(kernel, kernel.getBody().front());
    if (failed(body))
      return failure();
    step.body = kernels.emplace_back(std::move(*body)).get();
    return success();
  }

  if (failed(requireEvaluable(&op)))
    return failure();
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (!evaluable || !evaluable.acceptsCodes())
    for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
      if (isa<quant::QuantizedType>(getElementTypeOrSelf(type)))
        return op.emitError() << "'" << op.getName() << "' has no meaning on codes of " << type
                              << "; narrow.dequantize them first";

  auto isConstant = [](Step *producer) { return producer && !producer->constants.empty(); };
  if (!producers.empty() && llvm::all_of(producers, isConstant)) {
    SmallVector<const Tensor *> operands;
    for (auto [producer, operand] : llvm::zip(producers, op.getOperands()))
      operands.push_back(producer->constants[cast<OpResult>(operand).getResultNumber()].get());
    return evaluate(&op, operands, nullptr, step.constants);
  }
  // Prepared data depend on all operands except the first (the activation):
  // weights, zero points.
  if (producers.size() > 1 && llvm::all_of(producers.drop_front(), isConstant))
    step.prepared = std::make_unique<Prepared>();
  return success();
}

FailureOr<std::unique_ptr<Body>> ProgramBuilder::buildBlock(Operation *parent, Block &block) {
  auto body = std::make_unique<Body>();
  body->parent = parent;
  body->block = &block;
  llvm::DenseMap<Value, unsigned> slots;
  llvm::DenseMap<Value, size_t> producers;
  auto getSlots = [&](Operation &op, SmallVectorImpl<unsigned> &out) -> LogicalResult {
    for (Value operand : op.getOperands()) {
      auto it = slots.find(operand);
      if (it == slots.end())
        return op.emitError("uses a value from outside of its block");
      out.push_back(it->second);
    }
    return success();
  };
  for (Value argument : block.getArguments()) {
    if (failed(getStorage(parent, argument.getType())))
      return failure();
    body->arguments.push_back(slots[argument] = body->numSlots++);
  }
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      if (!isa<func::ReturnOp, YieldOp>(op))
        return op.emitError() << "'" << op.getName() << "' is not supported by the reference evaluator";
      if (failed(getSlots(op, body->results)))
        return failure();
      continue;
    }
    Step step;
    step.op = &op;
    if (failed(getSlots(op, step.operands)))
      return failure();
    SmallVector<Step *> operandSteps;
    for (Value operand : op.getOperands()) {
      auto it = producers.find(operand);
      operandSteps.push_back(it == producers.end() ? nullptr : &body->steps[it->second]);
    }
    if (failed(buildStep(op, step, operandSteps)))
      return failure();
    for (Value result : op.getResults()) {
      step.results.push_back(slots[result] = body->numSlots++);
      producers[result] = body->steps.size();
    }
    body->steps.push_back(std::move(step));
  }
  findDeadSlots(*body);
  return body;
}

void ProgramBuilder::findDeadSlots(Body &body) {
  llvm::BitVector live(body.numSlots);
  for (unsigned slot : body.results)
    live.set(slot);
  for (Step &step : llvm::reverse(body.steps)) {
    for (unsigned slot : llvm::concat<unsigned>(step.operands, step.results)) {
      if (!live.test(slot))
        step.dead.push_back(slot);
      live.set(slot);
    }
  }
}

LogicalResult narrow::reference::buildProgram(ModuleOp module, StringRef entry,
                                              llvm::StringMap<std::unique_ptr<Body>> &functions,
                                              std::vector<std::unique_ptr<Body>> &kernels) {
  return ProgramBuilder(module, functions, kernels).getFunction(module, entry);
}
