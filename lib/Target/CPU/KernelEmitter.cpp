//===- KernelEmitter.cpp - Generates the code of one kernel -------------===//
#include "narrow/Target/CPU/KernelEmitter.h"
#include "CopyEmitter.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Target/CPU/KernelOpInterface.h"

using namespace mlir;
using namespace narrow;

KernelEmitter::KernelEmitter(OpBuilder &builder, GlobalTables &tables, const TargetDescription &target,
                             KernelOp kernel, ArrayRef<Buffer> inputs, ArrayRef<Buffer> outputs)
    : LaneEmitter(builder, kernel.getLoc(), tables, target), kernel(kernel), inputs(inputs),
      outputs(outputs) {}

LogicalResult KernelEmitter::emit() {
  for (const Buffer &output : outputs)
    CopyEmitter(*this).fillBorder(output);
  for (Operation &op : kernel.getBody().front()) {
    auto member = dyn_cast<KernelOpInterface>(op);
    if (!member)
      continue;
    if (StringRef name = member.getKernelKind(); !name.empty())
      kind = name.str();
    if (ownsLoops(member.getKernelRole()))
      return member.emitKernel(*this);
  }
  return emitElementwise();
}

const Buffer *KernelEmitter::findInput(Value value) {
  for (auto [argument, buffer] : llvm::zip(kernel.getBody().getArguments(), inputs))
    if (argument == value)
      return &buffer;
  return nullptr;
}

/// Where an operand lies: in a buffer of the kernel, or a constant as the IR has it; else nullopt.
std::optional<Buffer> KernelEmitter::findOperand(Value value) {
  if (const Buffer *input = findInput(value))
    return *input;
  ElementsAttr constant = getConstant(value);
  if (!constant || (!getFloats(constant) && !getIntegers(constant)))
    return std::nullopt;
  return constantBuffer(value, BufferLayout::plain(cast<RankedTensorType>(value.getType())).element);
}
