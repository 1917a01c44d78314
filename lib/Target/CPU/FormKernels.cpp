//===- FormKernels.cpp - Group ops into kernels ---------------------------===//
#include "mlir/IR/IRMapping.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/Passes.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWFORMKERNELS
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Collects the ops of one kernel, from its result backwards.
class KernelBuilder {
public:
  KernelBuilder(Operation *root, const DenseSet<Operation *> &taken) : root(root), taken(taken) {
    add(root);
    // Operands whose accumulators reach the root at full width first: they must
    // not be stored as i32.
    absorbOperands(root);
  }

  /// Members in program order, constants excluded.
  SmallVector<Operation *> getMembers() const {
    SmallVector<Operation *> sorted(members.begin(), members.end());
    llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    return sorted;
  }

private:
  void add(Operation *op) {
    members.insert(op);
    KernelRole role = getKernelRole(op);
    hasContraction |= role == KernelRole::Contraction || role == KernelRole::Window;
    hasReduction |= role == KernelRole::Reduction;
  }

  /// The op behind `value` if this kernel may compute it in place.
  Operation *getCandidate(Value value, Operation *user) {
    Operation *op = value.getDefiningOp();
    if (!op || taken.contains(op) || !value.hasOneUse() || op->getBlock() != root->getBlock())
      return nullptr;
    KernelRole role = getKernelRole(op), userRole = getKernelRole(user);
    if (role == KernelRole::Elementwise) {
      // Before a reduction each element is still read once; elsewhere shapes
      // must agree, or elements would be computed again and again.
      bool fits = userRole == KernelRole::Reduction ||
                  (userRole == KernelRole::Elementwise && shapeOf(value) == shapeOf(user->getResult(0)));
      return fits ? op : nullptr;
    }
    if (role == KernelRole::Reduction) {
      bool fits = userRole == KernelRole::Reduction ||
                  (userRole == KernelRole::Elementwise && shapeOf(value) == shapeOf(user->getResult(0)) &&
                   !hasContraction && !hasReduction);
      return fits ? op : nullptr;
    }
    if (role == KernelRole::Contraction || role == KernelRole::Window)
      return userRole == KernelRole::Elementwise && !hasContraction && !hasReduction &&
                     shapeOf(value) == shapeOf(user->getResult(0))
                 ? op
                 : nullptr;
    return nullptr;
  }

  /// True when the value comes from a producer through wide (i32) values only.
  bool isWideProducer(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !value.hasOneUse())
      return false;
    if (getKernelRole(op) == KernelRole::Contraction)
      return true;
    return getKernelRole(op) == KernelRole::Elementwise && op->getNumOperands() > 0 &&
           getElementTypeOrSelf(op->getOperand(0).getType()).isInteger(32) &&
           isWideProducer(op->getOperand(0));
  }

  /// Absorbing `op` is only a gain when it does not leave a wide value behind
  /// that another kernel must store.
  bool leavesWideInput(Operation *op) {
    auto isWide = [](Value value, std::initializer_list<unsigned> widths) {
      Type type = getElementTypeOrSelf(value.getType());
      return llvm::any_of(widths, [&](unsigned width) { return type.isInteger(width); });
    };
    auto width = [](Value value) { return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth(); };
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      Operation *def = operand.getDefiningOp();
      if (!isa<RankedTensorType>(operand.getType()) || (def && getKernelRole(def) == KernelRole::Constant))
        return false;
      if (!isWide(operand, {16, 32}) || !isWide(op->getResult(0), {8, 16}))
        return false;
      Operation *candidate = getCandidate(operand, op);
      return candidate ? leavesWideInput(candidate) : width(operand) > width(op->getResult(0));
    });
  }

  void absorbOperands(Operation *user) {
    KernelRole role = getKernelRole(user);
    if (role != KernelRole::Elementwise && role != KernelRole::Reduction)
      return;
    SmallVector<Value> operands(user->getOperands());
    llvm::stable_sort(operands, [&](Value a, Value b) { return isWideProducer(a) > isWideProducer(b); });
    for (Value operand : operands) {
      Operation *op = getCandidate(operand, user);
      if (!op || members.contains(op) || leavesWideInput(op))
        continue;
      add(op);
      absorbOperands(op);
    }
  }

  Operation *root;
  const DenseSet<Operation *> &taken;
  llvm::SetVector<Operation *> members;
  bool hasContraction = false, hasReduction = false;
};

struct FormKernels : impl::NarrowFormKernelsBase<FormKernels> {
  using NarrowFormKernelsBase::NarrowFormKernelsBase;

  void runOnOperation() override {
    if (failed(requireCodeStage(getOperation())))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(formKernels(function)))
        return signalPassFailure();
  }

  LogicalResult formKernels(func::FuncOp function) {
    if (!function.getBody().hasOneBlock())
      return function.emitError("kernels are formed in functions of one block");
    Block &block = function.getBody().front();
    copyArgumentsOfProducers(block);

    DenseSet<Operation *> taken;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (auto observe = dyn_cast<ObserveOp>(op))
        if (Operation *def = observe.getInput().getDefiningOp();
            def && getKernelRole(def) == KernelRole::Constant)
          return emitUnsupported(&op) << "it observes a constant";
      if (taken.contains(&op) || isa<func::CallOp, func::ReturnOp, ObserveOp>(op) ||
          getKernelRole(&op) == KernelRole::Constant)
        continue;
      std::string reason;
      if (!isSupportedByKernels(&op, reason))
        return emitUnsupported(&op) << reason;
      if (op.use_empty())
        continue;
      SmallVector<Operation *> members = KernelBuilder(&op, taken).getMembers();
      taken.insert(members.begin(), members.end());
      for (Operation *member : members)
        if (!isSupportedByKernels(member, reason))
          return emitUnsupported(member) << reason;
      outline(&op, members);
      ++kernels;
    }
    // What was moved into kernels, users first.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (op.use_empty() && !isa<func::CallOp, ObserveOp>(op) && !op.hasTrait<OpTrait::IsTerminator>())
        op.erase();
    // Kernels were made back to front.
    // Those of the entry and the exit bear its name: they compute with floats.
    std::string prefix = "k";
    if (function.getName() != "main" && function.getName() != "network")
      prefix = (function.getName() + "_k").str();
    unsigned number = 0;
    for (auto kernel : block.getOps<KernelOp>())
      kernel.setSymName((prefix + Twine(number++) + "_" + kernel.getSymName()).str());
    return success();
  }

  /// Convolutions and pools read from buffers with borders and in the target's
  /// storage; a function argument has neither.
  void copyArgumentsOfProducers(Block &block) {
    for (BlockArgument argument : block.getArguments()) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : argument.getUses()) {
        KernelRole role = getKernelRole(use.getOwner());
        // What an observer yields has the place of what it reads.
        if (role == KernelRole::Contraction || role == KernelRole::Window || isa<ObserveOp>(use.getOwner()))
          uses.push_back(&use);
      }
      if (uses.empty())
        continue;
      OpBuilder builder = OpBuilder::atBlockBegin(&block);
      Value copy = tosa::IdentityOp::create(builder, argument.getLoc(), argument.getType(), argument);
      for (OpOperand *use : uses)
        use->set(copy);
    }
  }

  static std::string makeName(Operation *root) {
    auto id = root->getAttrOfType<StringAttr>(attrs::id);
    std::string name = id ? id.str() : root->getName().stripDialect().str();
    for (char &c : name)
      if (!llvm::isAlnum(c))
        c = '_';
    return name;
  }

  void outline(Operation *root, ArrayRef<Operation *> members) {
    OpBuilder builder(root);
    llvm::SetVector<Value> inputs;
    llvm::SetVector<Operation *> constants;
    DenseSet<Operation *> inside(members.begin(), members.end());
    for (Operation *member : members)
      for (Value operand : member->getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (def && inside.contains(def))
          continue;
        if (def && getKernelRole(def) == KernelRole::Constant)
          constants.insert(def);
        else
          inputs.insert(operand);
      }
    auto kernel = KernelOp::create(builder, root->getLoc(), root->getResultTypes(), makeName(root),
                                   inputs.getArrayRef());
    if (Attribute id = root->getAttr(attrs::id))
      kernel->setAttr(attrs::id, id);
    Block *body = builder.createBlock(&kernel.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    builder.setInsertionPointToStart(body);
    for (Operation *constant : constants)
      builder.clone(*constant, mapping);
    for (Operation *member : members)
      builder.clone(*member, mapping);
    SmallVector<Value> results;
    for (Value result : root->getResults())
      results.push_back(mapping.lookup(result));
    YieldOp::create(builder, root->getLoc(), results);
    root->replaceAllUsesWith(kernel.getResults());
  }
};

} // namespace
} // namespace narrow
