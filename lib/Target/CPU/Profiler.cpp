//===- Profiler.cpp - Counts the cycles of kernels ------------------------===//
#include "Profiler.h"
#include "DotProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/KernelOps.h"
#include "narrow/Target/CPU/MemoryPlan.h"

using namespace mlir;
using namespace narrow;

namespace {
constexpr int64_t peakDots = 16000; // so many that its cold start does not count
/// Every sum adds the product of one of so many left operands and one of some right ones.
constexpr unsigned peakRows = 4;
/// Operands of the peak's loop, and its result: one cache line each.
constexpr int64_t lineBytes = 64, scratchBytes = lineBytes * 16;
} // namespace

Profiler::Profiler(ModuleOp module, const TargetDescription &target, int64_t offset)
    : module(module), target(target), offset(offset) {
  counted.push_back(makeEntry("peak", "registers only", 0, 0, 0)); // until countPeak
  module.walk([&](Operation *op) {
    // A return may need a kernel for each result that it copies out.
    counters += isa<KernelOp, func::ReturnOp>(op) ? 1 + op->getNumOperands() : 0;
    isInteger |= getKernelRole(op) == KernelRole::Contraction &&
                 !isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
  });
}

int64_t Profiler::getSize() const { return llvm::alignTo(counters * sizeof(int64_t), 64) + scratchBytes; }

void Profiler::countPeak(OpBuilder &builder, Value arena) {
  Location loc = module.getLoc();
  // Registers hold the sums, a row and a column of operands, and a product.
  unsigned width = target.lanes, columns = (target.registers - peakRows) / (peakRows + 1);
  unsigned sums = peakRows * columns;
  int64_t trips = peakDots / sums;
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(b, loc, "peak", b.getFunctionType({arena.getType()}, {}));
  function.setPrivate();
  b.setInsertionPointToStart(function.addEntryBlock());
  auto laneType = VectorType::get({width}, isInteger ? Type(b.getI32Type()) : Type(b.getF32Type()));
  auto at = [&](int64_t place, VectorType type) -> Value {
    Value start = arith::ConstantIndexOp::create(b, loc, offset + getSize() - scratchBytes + place);
    auto view = MemRefType::get({type.getNumElements()}, type.getElementType());
    return memref::ViewOp::create(b, loc, view, function.getArgument(0), start, ValueRange{});
  };
  Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
  auto operandType = isInteger ? getDotOperandType(target, width, b) : laneType;
  unsigned operands = peakRows + columns;
  for (unsigned i = 0; i < operands; ++i)
    vector::StoreOp::create(b, loc,
                            arith::ConstantOp::create(b, loc, operandType, b.getZeroAttr(operandType)),
                            at(i * lineBytes, operandType), zero);
  SmallVector<Value> init(sums, arith::ConstantOp::create(b, loc, laneType, b.getZeroAttr(laneType)));
  auto loop = scf::ForOp::create(b, loc, zero, arith::ConstantIndexOp::create(b, loc, trips), one, init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    // Read anew in every turn: a product that never changes would leave the loop.
    LLVM::InlineAsmOp::create(b, loc, TypeRange{}, ValueRange{}, "", "~{memory}", /*has_side_effects=*/true,
                              false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
    SmallVector<Value> x, next;
    for (unsigned i = 0; i < operands; ++i)
      x.push_back(vector::LoadOp::create(b, loc, operandType, at(i * lineBytes, operandType), zero));
    for (auto [i, sum] : llvm::enumerate(loop.getRegionIterArgs())) {
      Value row = x[i % peakRows], column = x[peakRows + i / peakRows];
      next.push_back(isInteger ? emitDot(b, loc, target, sum, row, column, width)
                     : target.fma
                         ? Value(math::FmaOp::create(b, loc, row, column, sum))
                         : arith::AddFOp::create(b, loc, sum, arith::MulFOp::create(b, loc, row, column)));
    }
    scf::YieldOp::create(b, loc, next);
  }
  Value all = loop.getResult(0);
  for (Value sum : loop.getResults().drop_front())
    all = isInteger ? Value(arith::AddIOp::create(b, loc, all, sum))
                    : Value(arith::AddFOp::create(b, loc, all, sum));
  vector::StoreOp::create(b, loc, all, at(operands * lineBytes, laneType), zero);
  func::ReturnOp::create(b, loc);

  int64_t dots = trips * sums, perDot = int64_t(width) * (isInteger ? target.group() : 1);
  addCycles(builder, loc, arena, 0, [&] { func::CallOp::create(builder, loc, function, arena); });
  counted.front() =
      makeEntry("peak", "registers only", dots * perDot, 0, static_cast<int64_t>(dots * target.dotCycles()));
}

void Profiler::count(OpBuilder &builder, KernelOp kernel, StringRef kind, int64_t cycles, Value arena,
                     function_ref<void()> call) {
  int64_t macs = 0, bytes = 0;
  for (Operation &op : kernel.getBody().front())
    if (getKernelRole(&op) == KernelRole::Contraction) {
      macs += countProducts(&op);
      auto weights = cast<RankedTensorType>(op.getOperand(1).getType());
      bytes += weights.getNumElements() * weights.getElementTypeBitWidth() / 8;
    }
  for (ValueRange values : {ValueRange(kernel.getInputs()), ValueRange(kernel.getResults())})
    for (Value value : values) {
      BufferLayout layout = BufferLayout::plain(cast<RankedTensorType>(value.getType()));
      bytes += layout.size * layout.elementBytes();
    }
  auto id = kernel->getAttrOfType<StringAttr>(attrs::id);
  addCycles(builder, kernel.getLoc(), arena, counted.size(), call);
  counted.push_back(makeEntry(id ? id.getValue() : kernel.getSymName(), kind, macs, bytes, cycles));
}

void Profiler::addCycles(OpBuilder &builder, Location loc, Value arena, int64_t slot,
                         function_ref<void()> work) {
  auto i64 = builder.getI64Type();
  auto now = [&]() -> Value {
    return LLVM::CallIntrinsicOp::create(builder, loc, i64, builder.getStringAttr("llvm.readcyclecounter"),
                                         ValueRange{})
        .getResult(0);
  };
  Value before = now();
  work();
  Value after = now();
  Value start = arith::ConstantIndexOp::create(builder, loc, offset);
  Value table =
      memref::ViewOp::create(builder, loc, MemRefType::get({counters}, i64), arena, start, ValueRange{});
  Value at = arith::ConstantIndexOp::create(builder, loc, slot);
  Value sum = memref::LoadOp::create(builder, loc, table, at);
  sum = arith::AddIOp::create(builder, loc, sum, arith::SubIOp::create(builder, loc, after, before));
  memref::StoreOp::create(builder, loc, sum, table, at);
}

DictionaryAttr Profiler::makeEntry(StringRef name, StringRef kind, int64_t macs, int64_t bytes,
                                   int64_t cycles) {
  Builder builder(module.getContext());
  auto number = [&](StringRef key, int64_t n) {
    return builder.getNamedAttr(key, builder.getI64IntegerAttr(n));
  };
  return builder.getDictionaryAttr({builder.getNamedAttr("name", builder.getStringAttr(name)),
                                    builder.getNamedAttr("kind", builder.getStringAttr(kind)),
                                    number("macs", macs), number("bytes", bytes), number("cycles", cycles)});
}

void Profiler::setAttributes() {
  Builder builder(module.getContext());
  module->setAttr(attrs::profileOffset, builder.getI64IntegerAttr(offset));
  module->setAttr(attrs::profile, builder.getArrayAttr(counted));
}
