//===- MemoryPlan.cpp - Where tensors live --------------------------------===//
#include "narrow/Target/CPU/MemoryPlan.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Target/CPU/KernelOpInterface.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace narrow;

namespace {

constexpr int64_t alignment = 64;
/// Kernels read whole vectors: at most one vector of 64 bytes, for each of the
/// four that make one block, past the last element.
constexpr int64_t slackBytes = 256;

Type storageType(RankedTensorType type) {
  Type element = type.getElementType();
  if (auto quantized = dyn_cast<quant::QuantizedType>(element))
    return IntegerType::get(type.getContext(), quantized.getStorageTypeIntegralWidth());
  return element;
}

void setRowMajor(BufferLayout &layout, ArrayRef<int64_t> shape, std::array<int64_t, 4> border) {
  static constexpr int64_t scalar[] = {1};
  if (shape.empty()) // A scalar is a vector of one element.
    shape = scalar;
  layout.shape.assign(shape.begin(), shape.end());
  layout.strides.assign(shape.size(), 1);
  SmallVector<int64_t> padded(shape);
  if (shape.size() == 4) {
    padded[1] += border[0] + border[1];
    padded[2] += border[2] + border[3];
  }
  layout.size = 1;
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0; --axis) {
    layout.strides[axis] = layout.size;
    layout.size *= padded[axis];
  }
  layout.border = border;
  if (shape.size() == 4)
    layout.origin = border[0] * layout.strides[1] + border[2] * layout.strides[2];
}

/// The border that the convolutions in `kernel` want around their operand.
struct Demand {
  std::array<int64_t, 4> border{};
  std::optional<int64_t> value;
};

LogicalResult addDemand(Operation *op, Value argument, int64_t codeOffset, Demand &demand) {
  auto member = dyn_cast<KernelOpInterface>(op);
  std::optional<Padding> padding =
      member && op->getOperand(0) == argument ? member.getPadding() : std::nullopt;
  if (!padding)
    return success();
  bool isCode = padding->isCode && !isa<FloatType>(getElementTypeOrSelf(argument.getType()));
  int64_t value = padding->value + (isCode ? codeOffset : 0);
  if (demand.value && *demand.value != value)
    return op->emitOpError()
           << "pads its input with " << padding->value
           << " and another convolution pads the same tensor with another code: not supported";
  demand.value = value;
  for (unsigned side = 0; side < 4; ++side)
    demand.border[side] = std::max(demand.border[side], padding->border[side]);
  return success();
}

/// True if `kernel` moves nothing: its result is the bytes of its operand, seen
/// through `layout`, which is changed to say how.
bool makeView(KernelOp kernel, const MemoryPlan &plan, BufferLayout &layout) {
  auto op = dyn_cast<KernelOpInterface>(kernel.getBody().front().getTerminator()->getPrevNode());
  if (!op || kernel.getInputs().size() != 1 || isa<BlockArgument>(kernel.getInputs()[0]))
    return false;
  const BufferLayout &from = plan.lookup(kernel.getInputs()[0]).layout;
  if (!from.hasSlack || layout.hasBorder() || from.element != layout.element)
    return false;
  return op.isView(from, layout);
}

} // namespace

bool BufferLayout::isDense() const {
  int64_t stride = 1;
  for (auto [dim, step] : llvm::reverse(llvm::zip(shape, strides))) {
    if (dim != 1 && step != stride)
      return false;
    stride *= dim;
  }
  return true;
}

int64_t BufferLayout::numElements() const {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

int64_t BufferLayout::bytes() const {
  return llvm::alignTo(size * elementBytes() + (hasSlack ? slackBytes : 0), alignment);
}

BufferLayout BufferLayout::plain(RankedTensorType type) {
  BufferLayout layout;
  layout.element = storageType(type);
  layout.isCode = layout.element.isInteger(8);
  setRowMajor(layout, type.getShape(), {});
  return layout;
}

BufferLayout BufferLayout::stored(RankedTensorType type, const TargetDescription &target,
                                  std::array<int64_t, 4> border, int64_t borderValue) {
  BufferLayout layout;
  layout.element = storageType(type);
  if (layout.element.isInteger(8)) {
    layout.isCode = true;
    layout.codeOffset = target.codeOffset();
    layout.isUnsigned = target.storage() == CodeStorage::U8;
    if (target.storage() == CodeStorage::I16)
      layout.element = IntegerType::get(type.getContext(), 16);
  }
  setRowMajor(layout, type.getShape(), border);
  layout.borderValue = borderValue;
  layout.hasSlack = true;
  // The last vector of a tensor reaches past its end: lanes that nobody stores, or products with weights of
  // 0. Results do not depend on what is there, but checkers of memory (valgrind) see that only if something
  // is.
  layout.tail = target.lanes * 32 / layout.element.getIntOrFloatBitWidth();
  return layout;
}

FailureOr<MemoryPlan> MemoryPlan::create(func::FuncOp function, const TargetDescription &target,
                                         int64_t base) {
  MemoryPlan plan;
  Block &block = function.getBody().front();
  for (BlockArgument argument : block.getArguments())
    plan.places[argument].layout = BufferLayout::plain(cast<RankedTensorType>(argument.getType()));

  // Demands of the readers, passed up through observers.
  llvm::MapVector<Value, Demand> demands;
  for (Operation &op : llvm::reverse(block)) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      Demand result = demands.lookup(observe.getOutput());
      Demand &input = demands[observe.getInput()];
      for (unsigned side = 0; side < 4; ++side)
        input.border[side] = std::max(input.border[side], result.border[side]);
      if (result.value)
        input.value = result.value;
    }
    auto kernel = dyn_cast<KernelOp>(op);
    if (!kernel)
      continue;
    for (auto [operand, argument] : llvm::zip(kernel.getInputs(), kernel.getBody().getArguments()))
      for (Operation *user : argument.getUsers())
        if (failed(addDemand(user, argument, target.codeOffset(), demands[operand])))
          return failure();
  }

  // Layouts and views, in program order.
  auto &root = plan.owners;
  DenseMap<Operation *, int64_t> order;
  int64_t now = 0;
  for (Operation &op : block) {
    order[&op] = now++;
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      Place place = plan.lookup(observe.getInput());
      plan.places[observe.getOutput()] = place;
      plan.views.insert(observe.getOutput());
      Value owner = observe.getInput();
      Value ownerOfOwner = root.lookup(owner);
      root[observe.getOutput()] = ownerOfOwner ? ownerOfOwner : owner;
      continue;
    }
    bool isCall = isa<func::CallOp>(op);
    if (!isCall && !isa<KernelOp>(op))
      continue;
    for (Value result : op.getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      Demand demand = demands.lookup(result);
      Place place;
      place.layout = isCall ? BufferLayout::plain(type)
                            : BufferLayout::stored(type, target, demand.border, demand.value.value_or(0));
      // What is only returned is computed where the caller wants it.
      if (isa<KernelOp>(op) && result.hasOneUse() && isa<func::ReturnOp>(*result.user_begin())) {
        place.layout = BufferLayout::plain(type);
        plan.places[result] = place;
        continue;
      }
      root[result] = result;
      if (auto kernel = dyn_cast<KernelOp>(op); kernel && makeView(kernel, plan, place.layout)) {
        plan.views.insert(result);
        root[result] = root.lookup(kernel.getInputs()[0]);
      }
      plan.places[result] = place;
    }
  }

  // Lifetimes of the owners.
  struct Interval {
    Value owner;
    int64_t begin, end, bytes, offset = -1;
  };
  llvm::MapVector<Value, Interval> intervals;
  for (auto &[value, owner] : root) {
    if (isa<BlockArgument>(owner))
      continue;
    int64_t end = order[value.getDefiningOp()];
    for (Operation *user : value.getUsers())
      end = std::max(end, order[user]);
    auto [it, isNew] = intervals.try_emplace(
        owner, Interval{owner, order[owner.getDefiningOp()], end, plan.places[owner].layout.bytes()});
    it->second.end = std::max(it->second.end, end);
  }

  // Largest first, each at the lowest place that is free during its life
  // (greedy by size; Pisarchyk, Lee: Efficient Memory Management for Deep
  // Neural Net Inference, 2020, section 4.3).
  SmallVector<Interval *> bySize;
  for (auto &entry : intervals)
    bySize.push_back(&entry.second);
  llvm::stable_sort(bySize, [](Interval *a, Interval *b) { return a->bytes > b->bytes; });
  SmallVector<Interval *> placed; // by offset
  for (Interval *interval : bySize) {
    int64_t offset = 0;
    for (Interval *other : placed) {
      if (other->end < interval->begin || interval->end < other->begin)
        continue;
      if (offset + interval->bytes <= other->offset)
        break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    interval->offset = offset;
    placed.insert(
        llvm::upper_bound(placed, interval, [](Interval *a, Interval *b) { return a->offset < b->offset; }),
        interval);
    plan.arenaSize = std::max(plan.arenaSize, offset + interval->bytes);
  }
  for (int64_t time = 0; time < now; ++time) {
    int64_t alive = 0;
    for (Interval *interval : bySize)
      if (interval->begin <= time && time <= interval->end)
        alive += interval->bytes;
    plan.lowerBound = std::max(plan.lowerBound, alive);
  }
  for (Interval *interval : bySize)
    plan.lifetimes.push_back({interval->owner, interval->begin, interval->end, interval->bytes});
  plan.arenaSize += base;
  plan.lowerBound += base;
  for (auto &[value, owner] : root)
    if (!isa<BlockArgument>(owner))
      plan.places[value].offset = base + intervals[owner].offset;
  return plan;
}

//===----------------------------------------------------------------------===//
// The plan in IR
//===----------------------------------------------------------------------===//

static BufferAttr getBuffer(MLIRContext *context, const MemoryPlan::Place &place, bool isView) {
  Builder builder(context);
  const BufferLayout &layout = place.layout;
  DenseI64ArrayAttr border;
  if (layout.hasBorder())
    border = builder.getDenseI64ArrayAttr(layout.border);
  return BufferAttr::get(context, place.offset, builder.getDenseI64ArrayAttr(layout.strides), layout.origin,
                         border, layout.hasBorder() ? layout.borderValue : 0, isView);
}

static StringRef getBuffersName(Operation *op) {
  return isa<KernelOp>(op) ? KernelOp::getBuffersAttrName(op->getName()).getValue()
                           : StringRef(attrs::buffers);
}

ArrayAttr MemoryPlan::getBuffers(Operation *op) const {
  SmallVector<Attribute> buffers;
  for (Value result : op->getResults())
    buffers.push_back(getBuffer(op->getContext(), lookup(result), isView(result)));
  return ArrayAttr::get(op->getContext(), buffers);
}

void MemoryPlan::annotate(func::FuncOp function) const {
  for (Operation &op : function.getBody().front())
    if (isa<KernelOp, func::CallOp>(op))
      op.setAttr(getBuffersName(&op), getBuffers(&op));
  Builder builder(function.getContext());
  function->setAttr(attrs::planSize, builder.getI64IntegerAttr(arenaSize));
  function->setAttr(attrs::planLowerBound, builder.getI64IntegerAttr(lowerBound));
}

/// Whether two tensors that are alive at once share bytes of the arena.
bool MemoryPlan::overlaps(Operation *&first, Operation *&second) const {
  for (auto [i, a] : llvm::enumerate(lifetimes))
    for (const Lifetime &b : ArrayRef(lifetimes).drop_front(i + 1)) {
      int64_t x = lookup(a.owner).offset, y = lookup(b.owner).offset;
      if (a.end < b.begin || b.end < a.begin || x + a.bytes <= y || y + b.bytes <= x)
        continue;
      first = a.owner.getDefiningOp(), second = b.owner.getDefiningOp();
      return true;
    }
  return false;
}

FailureOr<MemoryPlan> MemoryPlan::read(func::FuncOp function, const TargetDescription &target) {
  auto size = function->getAttrOfType<IntegerAttr>(attrs::planSize);
  auto bound = function->getAttrOfType<IntegerAttr>(attrs::planLowerBound);
  if (!size || !bound)
    return function.emitError("has no plan of its memory; run --narrow-plan-memory first");
  // Layouts follow from the kernels; where they are put is the plan's.
  FailureOr<MemoryPlan> plan = create(function, target, /*base=*/0);
  if (failed(plan))
    return failure();
  int64_t base = 0;
  for (auto call : function.getOps<func::CallOp>())
    if (auto callee = function->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee()))
      if (auto own = callee->getAttrOfType<IntegerAttr>(attrs::planSize))
        base = std::max(base, own.getInt());
  plan->arenaSize = size.getInt();
  plan->lowerBound = bound.getInt();
  for (Operation &op : function.getBody().front()) {
    if (auto observe = dyn_cast<ObserveOp>(op))
      plan->places[observe.getOutput()].offset = plan->lookup(observe.getInput()).offset;
    if (!isa<KernelOp, func::CallOp>(op))
      continue;
    auto buffers = op.getAttrOfType<ArrayAttr>(getBuffersName(&op));
    if (!buffers || buffers.size() != op.getNumResults())
      return op.emitError("does not say where its results are stored; run --narrow-plan-memory first");
    for (auto [result, attr] : llvm::zip_equal(op.getResults(), buffers)) {
      Place &place = plan->places[result];
      bool isInArena = place.offset >= 0;
      place.offset = cast<BufferAttr>(attr).getOffset();
      int64_t bytes = place.layout.bytes();
      if (attr != getBuffer(op.getContext(), place, plan->isView(result)) || isInArena != (place.offset >= 0))
        return op.emitError(
            "stores a result otherwise than its kernels need; run --narrow-plan-memory again");
      if (isInArena && !plan->isView(result) &&
          (place.offset % alignment || place.offset < base || place.offset + bytes > plan->arenaSize))
        return op.emitError() << "stores a result at byte " << place.offset
                              << " of the arena, which is not a multiple of " << alignment << " in [" << base
                              << ", " << plan->arenaSize - bytes << "]";
      if (Value owner = plan->owners.lookup(result); isInArena && plan->lookup(owner).offset != place.offset)
        return op.emitError("is a view of a tensor that is stored elsewhere; run --narrow-plan-memory again");
    }
  }
  Operation *first, *second;
  if (plan->overlaps(first, second)) {
    InFlightDiagnostic error = first->emitError("stores a result in bytes that another tensor needs");
    error.attachNote(second->getLoc()) << "which is stored here; run --narrow-plan-memory again";
    return error;
  }
  return plan;
}
