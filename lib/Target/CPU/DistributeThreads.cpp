//===- DistributeThreads.cpp - Several threads share one run --------------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/Passes.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWDISTRIBUTETHREADS
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

/// The last thread to arrive lets the others go on. Threads that wait spin, since
/// a layer takes microseconds; the caller may say what to do when it takes long.
constexpr StringLiteral barrierText = R"mlir(
  llvm.func @narrow.barrier(%team: !llvm.ptr, %threads: i64) {
    %zero = llvm.mlir.constant(0 : i32) : i32
    %one = llvm.mlir.constant(1 : i32) : i32
    %patience = llvm.mlir.constant(4096 : i32) : i32
    %single = llvm.mlir.constant(1 : i64) : i64
    %alone = llvm.icmp "eq" %threads, %single : i64
    llvm.cond_br %alone, ^done, ^arrive
  ^arrive:
    %passedAt = llvm.getelementptr %team[64] : (!llvm.ptr) -> !llvm.ptr, i8
    %passed = llvm.load %passedAt atomic monotonic {alignment = 4 : i64} : !llvm.ptr -> i32
    %arrived = llvm.atomicrmw add %team, %one acq_rel : !llvm.ptr, i32
    %threads32 = llvm.trunc %threads : i64 to i32
    %others = llvm.sub %threads32, %one : i32
    %isLast = llvm.icmp "eq" %arrived, %others : i32
    llvm.cond_br %isLast, ^release, ^wait(%zero : i32)
  ^release:
    llvm.store %zero, %team atomic monotonic {alignment = 4 : i64} : i32, !llvm.ptr
    %next = llvm.add %passed, %one : i32
    llvm.store %next, %passedAt atomic release {alignment = 4 : i64} : i32, !llvm.ptr
    llvm.br ^done
  ^wait(%spins: i32):
    %now = llvm.load %passedAt atomic acquire {alignment = 4 : i64} : !llvm.ptr -> i32
    %free = llvm.icmp "ne" %now, %passed : i32
    llvm.cond_br %free, ^done, ^pause
  ^pause:
    llvm.inline_asm has_side_effects "PAUSE", "~{memory}" : () -> ()
    %more = llvm.add %spins, %one : i32
    %long = llvm.icmp "ugt" %more, %patience : i32
    llvm.cond_br %long, ^ask, ^wait(%more : i32)
  ^ask:
    %yieldAt = llvm.getelementptr %team[128] : (!llvm.ptr) -> !llvm.ptr, i8
    %yield = llvm.load %yieldAt : !llvm.ptr -> !llvm.ptr
    %null = llvm.mlir.zero : !llvm.ptr
    %missing = llvm.icmp "eq" %yield, %null : !llvm.ptr
    llvm.cond_br %missing, ^wait(%zero : i32), ^yield
  ^yield:
    %contextAt = llvm.getelementptr %team[136] : (!llvm.ptr) -> !llvm.ptr, i8
    %context = llvm.load %contextAt : !llvm.ptr -> !llvm.ptr
    llvm.call %yield(%context) : !llvm.ptr, (!llvm.ptr) -> ()
    llvm.br ^wait(%patience : i32)
  ^done:
    llvm.return
  }
)mlir";

/// Adds arguments of `types` behind the others.
SmallVector<Value> appendArguments(func::FuncOp function, TypeRange types) {
  SmallVector<Value> added;
  for (Type type : types) {
    unsigned index = function.getNumArguments();
    (void)function.insertArgument(index, type, {}, function.getLoc());
    added.push_back(function.getArgument(index));
  }
  return added;
}

/// Splits the loops of one kernel.
class Distributor {
public:
  Distributor(func::FuncOp kernel, unsigned threads)
      : kernel(kernel), threads(threads), b(kernel.getContext()) {}

  /// False, and nothing is done, if the kernel has no loop to share.
  bool run() {
    Block &body = kernel.getBody().front();
    if (efficiency(body) == 0)
      return false;
    SmallVector<Value> numbers = appendArguments(kernel, {b.getI64Type(), b.getI64Type()});
    b.setInsertionPointToStart(&body);
    auto toIndex = [&](Value value) -> Value {
      return arith::IndexCastOp::create(b, kernel.getLoc(), b.getIndexType(), value);
    };
    thread = toIndex(numbers[0]);
    count = toIndex(numbers[1]);
    Value zero = arith::ConstantIndexOp::create(b, kernel.getLoc(), 0);
    isFirst = arith::CmpIOp::create(b, kernel.getLoc(), arith::CmpIPredicate::eq, thread, zero);
    distribute(body);
    return true;
  }

private:
  /// The trip count of a loop whose iterations are independent: it carries nothing,
  /// its bounds are constants, and it does not share what its thread has on the stack.
  /// 0 for other ops.
  static int64_t tripCount(Operation &op) {
    auto loop = dyn_cast<scf::ForOp>(op);
    if (!loop || loop.getNumResults() != 0 || loop->hasAttr(attrs::sequential))
      return 0;
    std::optional<llvm::APInt> trips = loop.getStaticTripCount();
    return trips ? trips->getSExtValue() : 0;
  }

  /// Time of one thread ÷ (threads × time of all) when the loop itself is split.
  double efficiency(int64_t trips) const {
    return double(trips) / (threads * llvm::divideCeil(trips, threads));
  }

  /// The same of the best way to split the loops of `block`; that of its worst
  /// loop, 0 without loops.
  double efficiency(Block &block) const {
    double worst = 0;
    bool any = false;
    for (Operation &op : block)
      if (int64_t trips = tripCount(op)) {
        double here =
            std::max(trips > 1 ? efficiency(trips) : 0, efficiency(*cast<scf::ForOp>(op).getBody()));
        worst = any ? std::min(worst, here) : here;
        any = true;
      }
    return worst;
  }

  void distribute(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (op.hasTrait<OpTrait::IsTerminator>())
        continue;
      if (int64_t trips = tripCount(op)) {
        auto loop = cast<scf::ForOp>(op);
        double here = trips > 1 ? efficiency(trips) : 0;
        constexpr double good = 0.9; // an outer loop keeps more data in the caches of each thread
        if (here >= good || here >= efficiency(*loop.getBody())) {
          trips > 1 ? split(loop, trips) : guard(&op);
          continue;
        }
        distribute(*loop.getBody());
      } else if (op.getNumResults() == 0) { // It writes.
        guard(&op);
      }
    }
  }

  /// Thread t takes iterations [trips*t/count, trips*(t+1)/count).
  void split(scf::ForOp loop, int64_t trips) {
    b.setInsertionPoint(loop);
    Location loc = loop.getLoc();
    Value total = arith::ConstantIndexOp::create(b, loc, trips);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto boundary = [&](Value number) -> Value {
      Value iteration = arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, total, number), count);
      return arith::AddIOp::create(b, loc, loop.getLowerBound(),
                                   arith::MulIOp::create(b, loc, iteration, loop.getStep()));
    };
    Value begin = boundary(thread);
    Value end = boundary(arith::AddIOp::create(b, loc, thread, one));
    loop.setLowerBound(begin);
    // The last iteration may be cut short by the upper bound, never by more than a step.
    loop.setUpperBound(end);
  }

  /// Only the first thread executes `op`.
  void guard(Operation *op) {
    b.setInsertionPoint(op);
    auto condition = scf::IfOp::create(b, op->getLoc(), isFirst, /*withElseRegion=*/false);
    op->moveBefore(condition.thenBlock()->getTerminator());
  }

  func::FuncOp kernel;
  unsigned threads;
  OpBuilder b;
  Value thread, count, isFirst;
};

struct DistributeThreads : impl::NarrowDistributeThreadsBase<DistributeThreads> {
  using NarrowDistributeThreadsBase::NarrowDistributeThreadsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Vector})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    if (threads < 2)
      return;
    if (module->hasAttr(attrs::threads)) {
      module.emitError() << "threads share its kernels already; run --narrow-distribute-threads once";
      return signalPassFailure();
    }
    if (module->hasAttr(attrs::observed) || module->hasAttr(attrs::profile)) {
      module.emitError() << "several threads are not supported for a model that observes or profiles";
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> callers;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.getOps<func::CallOp>().empty())
        callers.push_back(function);
      else if (auto work = function->getAttrOfType<IntegerAttr>(attrs::work);
               work && work.getInt() >= leastWork && Distributor(function, threads).run())
        distributed.insert(function);
    }
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i64 = IntegerType::get(&getContext(), 64);
    for (func::FuncOp caller : callers)
      teams[caller] = appendArguments(caller, {pointer, i64, i64});
    for (func::FuncOp caller : callers)
      shareCalls(caller);

    std::string text = barrierText.str(), word = "PAUSE";
    TargetAttr target = getTarget(getOperation());
    bool isX86 = target && target.getX86();
    text.replace(text.find(word), word.size(), isX86 ? "pause" : "yield");
    if (failed(parseSourceString(text, module.getBody(), &getContext())))
      return signalPassFailure();
    module->setAttr(attrs::threads, Builder(module).getI64IntegerAttr(threads));
  }

private:
  /// Calls with the team's arguments, and with barriers.
  void shareCalls(func::FuncOp caller) {
    ArrayRef<Value> team = teams[caller];
    OpBuilder b(caller.getContext());
    b.setInsertionPointToStart(&caller.getBody().front());
    Value zero = arith::ConstantOp::create(b, caller.getLoc(), b.getI64IntegerAttr(0));
    Value isFirst = arith::CmpIOp::create(b, caller.getLoc(), arith::CmpIPredicate::eq, team[1], zero);
    enum { Nobody, First, Everybody } written = Nobody; // since the last barrier
    auto barrier = [&](Location loc) {
      if (written != Nobody)
        LLVM::CallOp::create(b, loc, TypeRange{}, "narrow.barrier", ValueRange{team[0], team[2]});
      written = Nobody;
    };
    for (Operation &op : llvm::make_early_inc_range(caller.getBody().front())) {
      b.setInsertionPoint(&op);
      if (isa<func::ReturnOp>(op))
        barrier(op.getLoc());
      auto call = dyn_cast<func::CallOp>(op);
      if (!call)
        continue;
      auto callee = getOperation().lookupSymbol<func::FuncOp>(call.getCallee());
      if (teams.contains(callee)) { // It ends with a barrier.
        barrier(op.getLoc());
        call.getOperandsMutable().append(team);
      } else if (distributed.contains(callee)) {
        barrier(op.getLoc());
        call.getOperandsMutable().append(team.drop_front());
        written = Everybody;
        ++numDistributed;
      } else {
        if (written == Everybody)
          barrier(op.getLoc());
        auto condition = scf::IfOp::create(b, op.getLoc(), isFirst, /*withElseRegion=*/false);
        op.moveBefore(condition.thenBlock()->getTerminator());
        written = First;
        ++numAlone;
      }
    }
  }

  llvm::DenseSet<Operation *> distributed;
  llvm::DenseMap<Operation *, SmallVector<Value>> teams;
};

} // namespace
} // namespace narrow
