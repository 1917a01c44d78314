//===- Evaluator.cpp - Runs a program -------------------------------------===//
#include "narrow/Reference/Evaluator.h"
#include "Program.h"

using namespace mlir;
using namespace narrow::reference;

FailureOr<Evaluator> Evaluator::create(ModuleOp module, StringRef entry) {
  auto program = std::make_shared<Program>();
  if (failed(buildProgram(module, entry, program->functions, program->kernels)))
    return failure();
  return Evaluator(std::move(program));
}

using SharedTensor = std::shared_ptr<const Tensor>;

static LogicalResult runBody(const Body &body, ArrayRef<SharedTensor> inputs,
                             SmallVectorImpl<SharedTensor> &outputs, const Observer &observer) {
  SmallVector<SharedTensor> slots(body.numSlots);
  for (auto [i, slot] : llvm::enumerate(body.arguments)) {
    slots[slot] = inputs[i];
    if (observer)
      observer(body.parent, body.block->getArgument(i), *inputs[i]);
  }
  for (const Step &step : body.steps) {
    SmallVector<SharedTensor> results = step.constants;
    if (step.body) {
      SmallVector<SharedTensor> operands;
      for (unsigned slot : step.operands)
        operands.push_back(slots[slot]);
      if (failed(runBody(*step.body, operands, results, observer)))
        return failure();
    } else if (step.constants.empty()) {
      SmallVector<const Tensor *> operands;
      for (unsigned slot : step.operands)
        operands.push_back(slots[slot].get());
      if (failed(evaluate(step.op, operands, step.prepared.get(), results)))
        return failure();
    }
    for (auto [i, slot] : llvm::enumerate(step.results)) {
      if (observer)
        observer(step.op, step.op->getResult(i), *results[i]);
      slots[slot] = std::move(results[i]);
    }
    for (unsigned slot : step.dead)
      slots[slot].reset();
  }
  for (unsigned slot : body.results)
    outputs.push_back(slots[slot]);
  return success();
}

LogicalResult Evaluator::run(ArrayRef<Tensor> inputs, SmallVectorImpl<Tensor> &outputs, StringRef function,
                             const Observer &observer) const {
  auto it = program->functions.find(function);
  if (it == program->functions.end()) {
    // At least one function has been prepared, or there would be no evaluator.
    Operation *module = program->functions.begin()->second->parent->getParentOp();
    return module->emitError() << "function @" << function << " has not been prepared for evaluation";
  }
  const Body &body = *it->second;
  if (inputs.size() != body.arguments.size())
    return body.parent->emitError() << "@" << function << " takes " << body.arguments.size()
                                    << " inputs, got " << inputs.size();
  SmallVector<SharedTensor> arguments;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto type = dyn_cast<RankedTensorType>(body.block->getArgument(i).getType());
    if (!type)
      return body.parent->emitError() << "argument " << i << " of @" << function << " is not a tensor";
    if (input.getShape() != type.getShape())
      return body.parent->emitError() << "input " << i << " of @" << function << " has shape ["
                                      << input.getShape() << "], expected " << type;
    if (input.kind != getElementKind(type.getElementType()))
      return body.parent->emitError()
             << "input " << i << " of @" << function << " has another element type than " << type;
    if (input.bytes.size() != input.getNumElements() * getByteWidth(input.kind))
      return body.parent->emitError() << "input " << i << " of @" << function << " has " << input.bytes.size()
                                      << " bytes, which is not the size of " << type;
    arguments.push_back(std::make_shared<const Tensor>(input));
  }
  SmallVector<SharedTensor> results;
  if (failed(runBody(body, arguments, results, observer)))
    return failure();
  outputs.clear();
  for (const SharedTensor &result : results)
    outputs.push_back(*result);
  return success();
}

LogicalResult narrow::reference::evaluateOp(Operation *op, ArrayRef<Tensor> operands,
                                            SmallVectorImpl<Tensor> &results) {
  if (failed(requireEvaluable(op)))
    return failure();
  SmallVector<const Tensor *> arguments;
  for (const Tensor &operand : operands)
    arguments.push_back(&operand);
  SmallVector<SharedTensor> shared;
  if (failed(evaluate(op, arguments, /*prepared=*/nullptr, shared)))
    return failure();
  for (const SharedTensor &result : shared)
    results.push_back(*result);
  return success();
}
