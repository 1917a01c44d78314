//===- ExpandIntrinsics.cpp - Keeps the C library out of objects ----------===//
#include "ExpandIntrinsics.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace narrow {
namespace {

/// 2^(bits of the mantissa): from here on every float is an integer.
Constant *getIntegerLimit(Type *type) {
  return ConstantFP::get(type, type->getScalarType()->isDoubleTy() ? 0x1p52 : 0x1p23);
}

Value *createUnary(IRBuilder<> &b, Intrinsic::ID id, Value *x) { return b.CreateUnaryIntrinsic(id, x); }

/// Nearest integer, ties to even: adding and subtracting 2^23 rounds in the
/// default mode. Keeps -0, infinities and NaN.
Value *createRoundEven(IRBuilder<> &b, Value *x) {
  Value *magnitude = createUnary(b, Intrinsic::fabs, x);
  Constant *limit = getIntegerLimit(x->getType());
  Value *rounded = b.CreateFSub(b.CreateFAdd(magnitude, limit), limit);
  rounded = b.CreateBinaryIntrinsic(Intrinsic::copysign, rounded, x);
  return b.CreateSelect(b.CreateFCmpOLT(magnitude, limit), rounded, x);
}

/// floor, ceil, trunc and round (ties away from zero) are the even rounding,
/// then a step of one where that went the wrong way.
Value *createRounding(IRBuilder<> &b, Intrinsic::ID id, Value *x) {
  Constant *one = ConstantFP::get(x->getType(), 1.0), *zero = ConstantFP::get(x->getType(), 0.0);
  Value *result = nullptr;
  switch (id) {
  case Intrinsic::floor: {
    Value *even = createRoundEven(b, x);
    result = b.CreateFSub(even, b.CreateSelect(b.CreateFCmpOGT(even, x), one, zero));
    break;
  }
  case Intrinsic::ceil: {
    Value *even = createRoundEven(b, x);
    result = b.CreateFAdd(even, b.CreateSelect(b.CreateFCmpOLT(even, x), one, zero));
    break;
  }
  case Intrinsic::trunc:
  case Intrinsic::round: {
    Value *magnitude = createUnary(b, Intrinsic::fabs, x);
    Value *even = createRoundEven(b, magnitude);
    result = b.CreateFSub(even, b.CreateSelect(b.CreateFCmpOGT(even, magnitude), one, zero));
    if (id == Intrinsic::round) {
      // The fraction is exact.
      Value *up = b.CreateFCmpOGE(b.CreateFSub(magnitude, result), ConstantFP::get(x->getType(), 0.5));
      result = b.CreateFAdd(result, b.CreateSelect(up, one, zero));
    }
    break;
  }
  default: // roundeven; rint and nearbyint in the default rounding mode
    return createRoundEven(b, x);
  }
  return b.CreateBinaryIntrinsic(Intrinsic::copysign, result,
                                 x); // floor(-0) is -0
}

/// fma of f32 in f64. The product is exact; the sum is rounded to odd, after
/// which the rounding to f32 gives the result of a single rounding.
Value *createFma(IRBuilder<> &b, Value *x, Value *y, Value *z) {
  Type *type = x->getType();
  Type *wide = type->getWithNewType(b.getDoubleTy()), *bits = type->getWithNewType(b.getInt64Ty());
  Value *product = b.CreateFMul(b.CreateFPExt(x, wide), b.CreateFPExt(y, wide));
  z = b.CreateFPExt(z, wide);
  Value *sum = b.CreateFAdd(product, z);
  // Knuth's two-sum: error = product + z - sum, exactly.
  Value *part = b.CreateFSub(sum, product);
  Value *error = b.CreateFAdd(b.CreateFSub(product, b.CreateFSub(sum, part)), b.CreateFSub(z, part));
  Value *inexact = b.CreateFCmpONE(error, ConstantFP::get(wide, 0.0)); // false for NaN
  Value *sumBits = b.CreateBitCast(sum, bits);
  Value *even = b.CreateICmpEQ(b.CreateAnd(sumBits, ConstantInt::get(bits, 1)), ConstantInt::get(bits, 0));
  // Towards the exact value: away from zero if error and sum have the same
  // sign.
  Value *sameSign =
      b.CreateICmpSGE(b.CreateXor(sumBits, b.CreateBitCast(error, bits)), ConstantInt::get(bits, 0));
  Value *step = b.CreateSelect(sameSign, ConstantInt::get(bits, 1), ConstantInt::getSigned(bits, -1));
  Value *odd = b.CreateSelect(b.CreateAnd(inexact, even), b.CreateAdd(sumBits, step), sumBits);
  return b.CreateFPTrunc(b.CreateBitCast(odd, wide), type);
}

bool isRounding(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::floor:
  case Intrinsic::ceil:
  case Intrinsic::trunc:
  case Intrinsic::round:
  case Intrinsic::roundeven:
  case Intrinsic::rint:
  case Intrinsic::nearbyint:
    return true;
  default:
    return false;
  }
}

/// internal void name(ptr to, ptr from or byte value, i64 size): blocks of 32
/// bytes, then single bytes; backwards if `backwards`.
Function *getCopyLoop(Module &module, StringRef name, bool isSet, bool backwards) {
  if (Function *function = module.getFunction(name))
    return function;
  LLVMContext &context = module.getContext();
  IRBuilder<> b(context);
  Type *byte = b.getInt8Ty(), *word = b.getInt64Ty(), *block = FixedVectorType::get(byte, 32);
  auto *type =
      FunctionType::get(b.getVoidTy(), {b.getPtrTy(), isSet ? byte : (Type *)b.getPtrTy(), word}, false);
  auto *function = Function::Create(type, GlobalValue::InternalLinkage, name, module);
  function->setDoesNotThrow();
  function->addFnAttr(Attribute::NoInline);
  function->addFnAttr("no-builtins"); // or it might become a call of itself
  Value *to = function->getArg(0), *from = function->getArg(1), *size = function->getArg(2);

  BasicBlock *entry = BasicBlock::Create(context, "entry", function);
  b.SetInsertPoint(entry);
  Value *blocks = b.CreateAnd(size, ConstantInt::getSigned(word, -32));
  Value *pattern = isSet ? b.CreateVectorSplat(32, from) : nullptr;
  // Copies [begin, end) in steps of `unit`, ascending or descending.
  auto addLoop = [&](Value *begin, Value *end, Type *unit, uint64_t step) {
    BasicBlock *before = b.GetInsertBlock();
    BasicBlock *loop = BasicBlock::Create(context, "loop", function);
    BasicBlock *done = BasicBlock::Create(context, "done", function);
    b.CreateCondBr(b.CreateICmpEQ(begin, end), done, loop);
    b.SetInsertPoint(loop);
    PHINode *index = b.CreatePHI(word, 2);
    index->addIncoming(backwards ? end : begin, before);
    Value *next = backwards ? b.CreateSub(index, b.getInt64(step)) : b.CreateAdd(index, b.getInt64(step));
    Value *offset = backwards ? next : index;
    Value *value = isSet ? (unit == block ? pattern : from)
                         : b.CreateAlignedLoad(unit, b.CreatePtrAdd(from, offset), Align(1));
    b.CreateAlignedStore(value, b.CreatePtrAdd(to, offset), Align(1));
    index->addIncoming(next, loop);
    b.CreateCondBr(b.CreateICmpEQ(next, backwards ? begin : end), done, loop);
    b.SetInsertPoint(done);
  };
  if (backwards)
    addLoop(blocks, size, byte, 1);
  addLoop(b.getInt64(0), blocks, block, 32);
  if (!backwards)
    addLoop(blocks, size, byte, 1);
  b.CreateRetVoid();
  return function;
}

void replaceMemoryIntrinsic(MemIntrinsic *call) {
  Module &module = *call->getModule();
  IRBuilder<> b(call);
  Value *size = b.CreateZExtOrTrunc(call->getLength(), b.getInt64Ty());
  if (auto *set = dyn_cast<MemSetInst>(call)) {
    Function *function = getCopyLoop(module, "narrow.memset", /*isSet=*/true,
                                     /*backwards=*/false);
    b.CreateCall(function, {set->getDest(), set->getValue(), size});
  } else {
    auto *transfer = cast<MemTransferInst>(call);
    Value *to = transfer->getDest(), *from = transfer->getSource();
    Function *forwards = getCopyLoop(module, "narrow.memcpy", /*isSet=*/false,
                                     /*backwards=*/false);
    Value *function = forwards;
    if (isa<MemMoveInst>(call)) {
      Function *backwards = getCopyLoop(module, "narrow.memcpy_backwards",
                                        /*isSet=*/false, /*backwards=*/true);
      function = b.CreateSelect(b.CreateICmpULT(from, to), backwards, forwards);
    }
    b.CreateCall(forwards->getFunctionType(), function, {to, from, size});
  }
  call->eraseFromParent();
}

/// The feature that intrinsics whose name begins so need; the first match
/// counts.
struct IntrinsicFeature {
  StringRef prefix, feature, alternative;
};
constexpr IntrinsicFeature x86Features[] = {
    {"llvm.x86.avx512.vpdp", "avx512vnni", "avxvnni"},
    {"llvm.x86.avx2.vpdpb", "avxvnniint8", ""},
    {"llvm.x86.avx2.vpdpw", "avxvnniint16", ""},
    {"llvm.x86.avx512.permvar.qi", "avx512vbmi", ""},
    {"llvm.x86.avx512", "avx512bw", ""},
    {"llvm.x86.avx2.", "avx2", ""},
    {"llvm.x86.avx.", "avx", ""},
    {"llvm.x86.sse41.", "sse4.1", ""},
    {"llvm.x86.sse42.", "sse4.2", ""},
    {"llvm.x86.ssse3.", "ssse3", ""},
    {"llvm.x86.sse3.", "sse3", ""},
    {"llvm.x86.sse2.", "sse2", ""},
    {"llvm.x86.sse.", "sse", ""},
    {"llvm.x86.fma.", "fma", ""},
    {"llvm.x86.bmi.", "bmi", ""},
    {"llvm.x86.vcvtp", "f16c", ""},
    {"llvm.x86.tdp", "amx-int8", ""},
    {"llvm.x86.tile", "amx-tile", ""},
};
constexpr IntrinsicFeature aarch64Features[] = {
    {"llvm.aarch64.neon.usdot", "i8mm", ""},   {"llvm.aarch64.neon.ummla", "i8mm", ""},
    {"llvm.aarch64.neon.smmla", "i8mm", ""},   {"llvm.aarch64.neon.usmmla", "i8mm", ""},
    {"llvm.aarch64.neon.sdot", "dotprod", ""}, {"llvm.aarch64.neon.udot", "dotprod", ""},
    {"llvm.aarch64.neon.bf", "bf16", ""},      {"llvm.aarch64.neon.", "neon", ""},
    {"llvm.aarch64.sve.", "sve", ""},          {"llvm.aarch64.sme.", "sme", ""},
};

} // namespace

void expandFloatIntrinsics(Module &module, const TargetMachine &machine) {
  if (!machine.getTargetTriple().isX86())
    return; // AArch64 has all of them
  const MCSubtargetInfo &info = *machine.getMCSubtargetInfo();
  bool hasFma = info.checkFeatures("+fma"), hasRounding = info.checkFeatures("+sse4.1");
  for (Function &function : module) {
    for (Instruction &instruction : llvm::make_early_inc_range(instructions(function))) {
      auto *call = dyn_cast<IntrinsicInst>(&instruction);
      if (!call)
        continue;
      Intrinsic::ID id = call->getIntrinsicID();
      Type *scalar = call->getType()->getScalarType();
      IRBuilder<> builder(call);
      Value *result = nullptr;
      if (!hasFma && scalar->isFloatTy() && (id == Intrinsic::fma || id == Intrinsic::fmuladd))
        result = createFma(builder, call->getArgOperand(0), call->getArgOperand(1), call->getArgOperand(2));
      else if (isRounding(id) && (!hasRounding || id == Intrinsic::round) &&
               (scalar->isFloatTy() || scalar->isDoubleTy()))
        result = createRounding(builder, id, call->getArgOperand(0));
      if (!result)
        continue;
      call->replaceAllUsesWith(result);
      call->eraseFromParent();
    }
  }
}

void expandMemoryIntrinsics(Module &module) {
  // Up to here every target that we have uses plain instructions.
  constexpr uint64_t inlineSize = 64;
  SmallVector<MemIntrinsic *> calls;
  for (Function &function : module) {
    for (Instruction &instruction : instructions(function)) {
      auto *call = dyn_cast<MemIntrinsic>(&instruction);
      auto *size = call ? dyn_cast<ConstantInt>(call->getLength()) : nullptr;
      if (call && (!size || size->getZExtValue() > inlineSize))
        calls.push_back(call);
    }
  }
  for (MemIntrinsic *call : calls)
    replaceMemoryIntrinsic(call);
}

Error checkTargetIntrinsics(const Module &module, const TargetMachine &machine) {
  bool isX86 = machine.getTargetTriple().isX86();
  const MCSubtargetInfo &info = *machine.getMCSubtargetInfo();
  auto has = [&](StringRef feature) { return !feature.empty() && info.checkFeatures(("+" + feature).str()); };
  for (const Function &function : module) {
    StringRef name = function.getName();
    if (!function.isIntrinsic() || function.use_empty() ||
        !Intrinsic::isTargetIntrinsic(function.getIntrinsicID()))
      continue;
    if (!name.starts_with(isX86 ? "llvm.x86." : "llvm.aarch64."))
      return createStringError(inconvertibleErrorCode(), "'" + name + "' is no instruction of " +
                                                             machine.getTargetTriple().getArchName());
    for (const IntrinsicFeature &entry : isX86 ? ArrayRef(x86Features) : ArrayRef(aarch64Features)) {
      if (!name.starts_with(entry.prefix))
        continue;
      if (!has(entry.feature) && !has(entry.alternative))
        return createStringError(inconvertibleErrorCode(),
                                 "'" + name + "' needs the feature " + entry.feature +
                                     ", which the target (CPU '" + machine.getTargetCPU() +
                                     "') lacks; lower the model for the ISA that is compiled for");
      break;
    }
  }
  return Error::success();
}

} // namespace narrow
