//===- EmulateIntrinsics.cpp - Target intrinsics as plain vector code -----===//
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/Passes.h"
#include "llvm/IR/Intrinsics.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWEMULATEINTRINSICS
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

/// AMX: a tile is 16 rows of 64 bytes; those behind its shape are zero (Intel SDM,
/// TILELOADD, TILESTORED, TDPBUSD).
constexpr StringLiteral tileFunctions = R"mlir(
  func.func private @narrow.tilezero(%rows: i16, %bytes: i16) -> vector<1024xi8> {
    %zero = arith.constant dense<0> : vector<1024xi8>
    return %zero : vector<1024xi8>
  }
  func.func private @narrow.tileloadd64(%rows: i16, %bytes: i16, %from: !llvm.ptr, %stride: i64) -> vector<1024xi8> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant dense<0> : vector<1024xi8>
    %m = arith.index_cast %rows : i16 to index
    %n = arith.index_cast %bytes : i16 to index
    %tile = memref.alloca() {alignment = 64 : i64} : memref<1024xi8>
    vector.store %zero, %tile[%c0] : memref<1024xi8>, vector<1024xi8>
    %step = arith.index_cast %stride : i64 to index
    scf.for %row = %c0 to %m step %c1 {
      scf.for %byte = %c0 to %n step %c1 {
        %far = arith.muli %row, %step : index
        %place = arith.addi %far, %byte : index
        %offset = arith.index_cast %place : index to i64
        %at = llvm.getelementptr %from[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
        %code = llvm.load %at : !llvm.ptr -> i8
        %first = arith.muli %row, %c64 : index
        %to = arith.addi %first, %byte : index
        memref.store %code, %tile[%to] : memref<1024xi8>
      }
    }
    %result = vector.load %tile[%c0] : memref<1024xi8>, vector<1024xi8>
    return %result : vector<1024xi8>
  }
  func.func private @narrow.tilestored64(%rows: i16, %bytes: i16, %to: !llvm.ptr, %stride: i64, %value: vector<1024xi8>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %m = arith.index_cast %rows : i16 to index
    %n = arith.index_cast %bytes : i16 to index
    %tile = memref.alloca() {alignment = 64 : i64} : memref<1024xi8>
    vector.store %value, %tile[%c0] : memref<1024xi8>, vector<1024xi8>
    %step = arith.index_cast %stride : i64 to index
    scf.for %row = %c0 to %m step %c1 {
      scf.for %byte = %c0 to %n step %c1 {
        %first = arith.muli %row, %c64 : index
        %from = arith.addi %first, %byte : index
        %code = memref.load %tile[%from] : memref<1024xi8>
        %far = arith.muli %row, %step : index
        %place = arith.addi %far, %byte : index
        %offset = arith.index_cast %place : index to i64
        %at = llvm.getelementptr %to[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
        llvm.store %code, %at : i8, !llvm.ptr
      }
    }
    return
  }
  func.func private @narrow.tdpbusd(%rows: i16, %columns: i16, %bytes: i16, %sums: vector<1024xi8>,
                                    %data: vector<1024xi8>, %weights: vector<1024xi8>) -> vector<1024xi8> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %m = arith.index_cast %rows : i16 to index
    %nBytes = arith.index_cast %columns : i16 to index
    %n = arith.divui %nBytes, %c4 : index
    %k = arith.index_cast %bytes : i16 to index
    %acc = memref.alloca() {alignment = 64 : i64} : memref<1024xi8>
    %x = memref.alloca() {alignment = 64 : i64} : memref<1024xi8>
    %w = memref.alloca() {alignment = 64 : i64} : memref<1024xi8>
    vector.store %sums, %acc[%c0] : memref<1024xi8>, vector<1024xi8>
    vector.store %data, %x[%c0] : memref<1024xi8>, vector<1024xi8>
    vector.store %weights, %w[%c0] : memref<1024xi8>, vector<1024xi8>
    %lanes = memref.view %acc[%c0][] : memref<1024xi8> to memref<256xi32>
    scf.for %row = %c0 to %m step %c1 {
      scf.for %column = %c0 to %n step %c1 {
        %rowFirst = arith.muli %row, %c16 : index
        %lane = arith.addi %rowFirst, %column : index
        %before = memref.load %lanes[%lane] : memref<256xi32>
        %after = scf.for %i = %c0 to %k step %c1 iter_args(%sum = %before) -> i32 {
          %xRow = arith.muli %row, %c64 : index
          %xAt = arith.addi %xRow, %i : index
          %xCode = memref.load %x[%xAt] : memref<1024xi8>
          %four = arith.divui %i, %c4 : index
          %within = arith.remui %i, %c4 : index
          %wRow = arith.muli %four, %c64 : index
          %wColumn = arith.muli %column, %c4 : index
          %wFirst = arith.addi %wRow, %wColumn : index
          %wAt = arith.addi %wFirst, %within : index
          %wCode = memref.load %w[%wAt] : memref<1024xi8>
          %xWide = arith.extui %xCode : i8 to i32
          %wWide = arith.extsi %wCode : i8 to i32
          %product = arith.muli %xWide, %wWide : i32
          %next = arith.addi %sum, %product : i32
          scf.yield %next : i32
        }
        memref.store %after, %lanes[%lane] : memref<256xi32>
      }
    }
    %result = vector.load %acc[%c0] : memref<1024xi8>, vector<1024xi8>
    return %result : vector<1024xi8>
  }
)mlir";

/// Builds what an intrinsic is defined to compute.
class Emulation {
public:
  Emulation(OpBuilder &builder, Location loc, ValueRange operands, VectorType type)
      : b(builder), loc(loc), operands(operands), type(type) {}

  /// acc + sum of `group` neighbouring products: of the parts of lanes, which take shifts and no
  /// shuffles (little endian).
  Value dot(Value acc, Value data, Value weights, unsigned group, bool unsignedData) {
    for (unsigned i = 0; i < group; ++i) {
      Value product = arith::MulIOp::create(b, loc, part(data, group, i, !unsignedData),
                                            part(weights, group, i, /*isSigned=*/true));
      acc = acc ? Value(arith::AddIOp::create(b, loc, acc, product)) : product;
    }
    return acc;
  }

  /// Sums of two neighbouring products of u8 and i8, saturated to 16 bits.
  Value saturatedPairs() {
    Value sums = dot(Value(), operands[0], operands[1], 2, /*unsignedData=*/true);
    return arith::TruncIOp::create(b, loc, type, saturate(sums, -32768, 32767));
  }

  /// Both operands saturated to half their width, 128 bits of one and 128 bits
  /// of the other in turn.
  Value pack(bool toUnsigned) {
    auto from = cast<VectorType>(operands[0].getType());
    unsigned bits = type.getElementTypeBitWidth();
    int64_t lo = toUnsigned ? 0 : -(int64_t{1} << (bits - 1));
    int64_t hi = toUnsigned ? (int64_t{1} << bits) - 1 : (int64_t{1} << (bits - 1)) - 1;
    SmallVector<Value> halves;
    for (Value operand : operands)
      halves.push_back(arith::TruncIOp::create(
          b, loc, VectorType::get(from.getShape(), type.getElementType()), saturate(operand, lo, hi)));
    int64_t lane = 128 / from.getElementTypeBitWidth(), n = from.getNumElements();
    SmallVector<int64_t> mask;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      int64_t block = i / (2 * lane), within = i % (2 * lane);
      mask.push_back(block * lane + within % lane + (within < lane ? 0 : n));
    }
    return vector::ShuffleOp::create(b, loc, halves[0], halves[1], mask);
  }

  /// (x * y + 2^14) >> 15 of 16-bit lanes.
  Value roundedHighProduct() {
    auto wide = VectorType::get(type.getShape(), b.getI32Type());
    auto constant = [&](int32_t value) -> Value {
      return arith::ConstantOp::create(b, loc, wide,
                                       DenseElementsAttr::get(wide, b.getI32IntegerAttr(value)));
    };
    Value x = arith::ExtSIOp::create(b, loc, wide, operands[0]),
          y = arith::ExtSIOp::create(b, loc, wide, operands[1]);
    Value sum = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, x, y), constant(1 << 14));
    return arith::TruncIOp::create(b, loc, type, arith::ShRSIOp::create(b, loc, sum, constant(15)));
  }

  /// Entry `at` & `mask` of tables that are one after the other; with `lane`, of the same 128-bit
  /// lane as the index. `fallback` where an index has bits of `beyond`.
  Value lookUp(ValueRange tables, Value at, int64_t mask, int64_t beyond, Value fallback, bool lane = false) {
    int64_t n = type.getNumElements();
    Value joined = tables.front();
    for (Value table : tables.drop_front()) {
      SmallVector<int64_t> all;
      for (int64_t i = 0; i < cast<VectorType>(joined.getType()).getNumElements() + n; ++i)
        all.push_back(i);
      joined = vector::ShuffleOp::create(b, loc, joined, table, all);
    }
    auto constant = [&](int64_t value) -> Value {
      APInt number(type.getElementTypeBitWidth(), value, /*isSigned=*/false, /*implicitTrunc=*/true);
      return arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, number));
    };
    Value index = arith::AndIOp::create(b, loc, at, constant(mask)), result = fallback;
    for (int64_t i = 0; i < n; ++i) {
      Value position =
          arith::IndexCastUIOp::create(b, loc, b.getIndexType(), vector::ExtractOp::create(b, loc, index, i));
      if (lane)
        position =
            arith::AddIOp::create(b, loc, position, arith::ConstantIndexOp::create(b, loc, i / 16 * 16));
      result =
          vector::InsertOp::create(b, loc, vector::ExtractOp::create(b, loc, joined, position), result, i);
    }
    if (!beyond)
      return result;
    Value outside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                          arith::AndIOp::create(b, loc, at, constant(beyond)), constant(0));
    return arith::SelectOp::create(b, loc, outside, fallback, result);
  }

  Value emulate(StringRef name) {
    Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
    if (name == "llvm.x86.avx512.vpermi2var.hi.512")
      return lookUp({operands[0], operands[2]}, operands[1], 63, 0, zero);
    if (name == "llvm.x86.avx2.pshuf.b" || name == "llvm.x86.avx512.pshuf.b.512" ||
        name == "llvm.x86.ssse3.pshuf.b.128")
      return lookUp(operands[0], operands[1], 15, 128, zero, /*lane=*/true);
    if (name == "llvm.aarch64.neon.tbl1.v16i8")
      return lookUp(operands[0], operands[1], 15, 240, zero);
    if (name == "llvm.aarch64.neon.tbl4.v16i8")
      return lookUp(operands.slice(0, 4), operands[4], 63, 192, zero);
    if (name == "llvm.aarch64.neon.tbx4.v16i8")
      return lookUp(operands.slice(1, 4), operands[5], 63, 192, operands[0]);
    if (name.starts_with("llvm.x86.avx512.vpdpbusd."))
      return dot(operands[0], operands[1], operands[2], 4, /*unsignedData=*/true);
    if (name == "llvm.aarch64.neon.sdot.v4i32.v16i8")
      return dot(operands[0], operands[1], operands[2], 4, /*unsignedData=*/false);
    if (name == "llvm.x86.avx512.pmaddw.d.512" || name == "llvm.x86.avx2.pmadd.wd" ||
        name == "llvm.x86.sse2.pmadd.wd")
      return dot(Value(), operands[0], operands[1], 2, /*unsignedData=*/false);
    if (name.contains(".pmadd.ub.sw") || name.contains(".pmaddubs.w"))
      return saturatedPairs();
    if (name.contains(".pmul.hr.sw"))
      return roundedHighProduct();
    if (name.contains(".packss"))
      return pack(/*toUnsigned=*/false);
    if (name.contains(".packus"))
      return pack(/*toUnsigned=*/true);
    return {};
  }

private:
  Value saturate(Value x, int64_t lo, int64_t hi) {
    auto vector = cast<VectorType>(x.getType());
    auto constant = [&](int64_t value) -> Value {
      APInt number(vector.getElementTypeBitWidth(), value, /*isSigned=*/true);
      return arith::ConstantOp::create(b, loc, vector, DenseElementsAttr::get(vector, number));
    };
    x = arith::MaxSIOp::create(b, loc, x, constant(lo));
    return arith::MinSIOp::create(b, loc, x, constant(hi));
  }

  /// Number `i` of every `group` neighbours, as i32.
  Value part(Value vector, unsigned group, unsigned i, bool isSigned) {
    auto from = cast<VectorType>(vector.getType());
    unsigned bits = from.getElementTypeBitWidth(), whole = group * bits;
    auto type = VectorType::get(from.getNumElements() / group, b.getIntegerType(whole));
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, APInt(whole, value)));
    };
    Value lanes = vector::BitCastOp::create(b, loc, type, vector);
    lanes = arith::ShLIOp::create(b, loc, lanes, constant(whole - (i + 1) * bits));
    lanes = isSigned ? Value(arith::ShRSIOp::create(b, loc, lanes, constant(whole - bits)))
                     : Value(arith::ShRUIOp::create(b, loc, lanes, constant(whole - bits)));
    auto wide = VectorType::get(type.getShape(), b.getI32Type());
    if (type == wide)
      return lanes;
    return isSigned ? Value(arith::ExtSIOp::create(b, loc, wide, lanes))
                    : Value(arith::ExtUIOp::create(b, loc, wide, lanes));
  }

  OpBuilder &b;
  Location loc;
  ValueRange operands;
  VectorType type;
};

struct EmulateIntrinsics : impl::NarrowEmulateIntrinsicsBase<EmulateIntrinsics> {
  using NarrowEmulateIntrinsicsBase::NarrowEmulateIntrinsicsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Vector})))
      return signalPassFailure();
    emulateTiles();
    ModuleOp module = getOperation();
    SmallVector<LLVM::CallIntrinsicOp> calls;
    module.walk([&](LLVM::CallIntrinsicOp op) {
      // Any target has the others, such as the cycle counter.
      if (llvm::Intrinsic::isTargetIntrinsic(llvm::Intrinsic::lookupIntrinsicID(op.getIntrin())))
        calls.push_back(op);
    });
    for (LLVM::CallIntrinsicOp op : calls) {
      func::FuncOp function = getFunction(op);
      if (!function) {
        op.emitError() << "no plain form of the intrinsic " << op.getIntrin() << " is known";
        return signalPassFailure();
      }
      OpBuilder builder(op);
      op->replaceAllUsesWith(func::CallOp::create(builder, op.getLoc(), function, op.getArgs()));
      op.erase();
      ++emulated;
    }
    TargetAttr kernels = getTarget(module);
    if (kernels)
      module->setAttr(attrs::emulatedIsa, StringAttr::get(&getContext(), kernels.getIsa()));
    module->setAttr(attrs::target, TargetAttr::get(&getContext(), isa, kernels && kernels.getX86(), false));
  }

private:
  /// The function that does what the intrinsic does; null if that is not known.
  func::FuncOp getFunction(LLVM::CallIntrinsicOp op) {
    if (op.getNumResults() != 1 || !llvm::isa<VectorType>(op.getResult(0).getType()))
      return {};
    auto type = FunctionType::get(&getContext(), op.getArgs().getTypes(), op->getResultTypes());
    func::FuncOp &function = functions[{op.getIntrinAttr(), type}];
    if (function)
      return function;
    Location loc = UnknownLoc::get(&getContext());
    OpBuilder builder(&getContext());
    function = func::FuncOp::create(builder, loc, ("narrow." + op.getIntrin().drop_front(5)).str(), type);
    function.setPrivate();
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    Value value = Emulation(builder, loc, body->getArguments(), cast<VectorType>(type.getResult(0)))
                      .emulate(op.getIntrin());
    if (!value) {
      function.erase();
      return function = {};
    }
    func::ReturnOp::create(builder, loc, value);
    SymbolTable(getOperation()).insert(function); // one of other types may have the name
    return function;
  }

  DenseMap<std::pair<Attribute, Type>, func::FuncOp> functions;

  /// Tiles become vectors and their instructions calls of functions.
  void emulateTiles() {
    auto vector = VectorType::get(1024, IntegerType::get(&getContext(), 8));
    auto replaceType = [&](Value value) {
      if (llvm::isa<LLVM::LLVMX86AMXType>(value.getType()))
        value.setType(vector);
    };
    bool any = false;
    getOperation().walk([&](Operation *op) {
      llvm::for_each(op->getResults(), replaceType);
      for (Region &region : op->getRegions())
        llvm::for_each(region.getArguments(), replaceType);
      auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
      StringRef name = call ? call.getIntrin() : "";
      if (!name.consume_front("llvm.x86.t") || !name.consume_back(".internal"))
        return;
      OpBuilder builder(op);
      auto emulation = func::CallOp::create(builder, op->getLoc(), ("narrow.t" + name).str(),
                                            op->getResultTypes(), call.getArgs());
      op->replaceAllUsesWith(emulation);
      op->erase();
      any = true;
      ++emulated;
    });
    if (any && failed(parseSourceString(tileFunctions, getOperation().getBody(), &getContext())))
      signalPassFailure();
  }
};

} // namespace
} // namespace narrow
