//===- SelectISA.cpp - Code that asks the CPU what it has -----------------===//
//
// x86: CPUID leaves 1, 7 and 80000001H, and XCR0, which says what registers the
// operating system saves (Intel SDM vol. 1, 13.2 and 14.3). Linux wants to be asked
// for the tile registers besides (Documentation/arch/x86/xstate.rst). AArch64: the ID
// registers, which Linux lets programs read (Documentation/arch/arm64/
// cpu-feature-registers.rst).
//
//===----------------------------------------------------------------------===//
#include "SelectISA.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Module.h"
#include <map>
#include <vector>

using namespace llvm;

namespace {

/// What the CPU says of itself, in words of 64 bits.
enum Word {
  Leaf1C,
  Leaf7B,
  Leaf7C,
  Leaf7D,
  Leaf71A,
  Leaf71D,
  Extended1C,
  Xcr0,
  Isar0,
  Isar1,
  Pfr0,
  NumWords
};

/// A feature is there if any bit of `mask` is set; `state` is what XCR0 must have.
struct Feature {
  StringRef name;
  Word word;
  uint64_t mask;
  uint64_t state = 0;
};

constexpr uint64_t bit(unsigned n) { return uint64_t(1) << n; }
constexpr uint64_t field(unsigned n) { return uint64_t(15) << n; }
constexpr uint64_t ymm = 0x6, zmm = 0xe6, tiles = 0x60000;

constexpr Feature x86Features[] = {
    {"sse3", Leaf1C, bit(0)},
    {"pclmul", Leaf1C, bit(1)},
    {"ssse3", Leaf1C, bit(9)},
    {"fma", Leaf1C, bit(12), ymm},
    {"cx16", Leaf1C, bit(13)},
    {"sse4.1", Leaf1C, bit(19)},
    {"sse4.2", Leaf1C, bit(20)},
    {"movbe", Leaf1C, bit(22)},
    {"popcnt", Leaf1C, bit(23)},
    {"aes", Leaf1C, bit(25)},
    {"avx", Leaf1C, bit(28), ymm},
    {"f16c", Leaf1C, bit(29), ymm},
    {"bmi", Leaf7B, bit(3)},
    {"avx2", Leaf7B, bit(5), ymm},
    {"bmi2", Leaf7B, bit(8)},
    {"avx512f", Leaf7B, bit(16), zmm},
    {"avx512dq", Leaf7B, bit(17), zmm},
    {"adx", Leaf7B, bit(19)},
    {"avx512ifma", Leaf7B, bit(21), zmm},
    {"avx512cd", Leaf7B, bit(28), zmm},
    {"sha", Leaf7B, bit(29)},
    {"avx512bw", Leaf7B, bit(30), zmm},
    {"avx512vl", Leaf7B, bit(31), zmm},
    {"avx512vbmi", Leaf7C, bit(1), zmm},
    {"avx512vbmi2", Leaf7C, bit(6), zmm},
    {"gfni", Leaf7C, bit(8)},
    {"vaes", Leaf7C, bit(9), ymm},
    {"vpclmulqdq", Leaf7C, bit(10), ymm},
    {"avx512vnni", Leaf7C, bit(11), zmm},
    {"avx512bitalg", Leaf7C, bit(12), zmm},
    {"avx512vpopcntdq", Leaf7C, bit(14), zmm},
    {"avx512vp2intersect", Leaf7D, bit(8), zmm},
    {"amx-bf16", Leaf7D, bit(22), tiles},
    {"avx512fp16", Leaf7D, bit(23), zmm},
    {"amx-tile", Leaf7D, bit(24), tiles},
    {"amx-int8", Leaf7D, bit(25), tiles},
    {"avxvnni", Leaf71A, bit(4), ymm},
    {"avx512bf16", Leaf71A, bit(5), zmm},
    {"avxifma", Leaf71A, bit(23), ymm},
    {"avxvnniint8", Leaf71D, bit(4), ymm},
    {"avxneconvert", Leaf71D, bit(5), ymm},
    {"avxvnniint16", Leaf71D, bit(10), ymm},
    {"lzcnt", Extended1C, bit(5)},
    {"sse4a", Extended1C, bit(6)},
    {"xop", Extended1C, bit(11), ymm},
    {"fma4", Extended1C, bit(16), ymm},
    {"tbm", Extended1C, bit(21)},
};

constexpr Feature aarch64Features[] = {
    {"lse", Isar0, field(20)},  {"rdm", Isar0, field(28)},  {"dotprod", Isar0, field(44)},
    {"bf16", Isar1, field(44)}, {"i8mm", Isar1, field(52)}, {"sve", Pfr0, field(32)},
};

/// The features of `list` that a CPU may lack.
std::vector<const Feature *> parse(StringRef list, ArrayRef<Feature> known) {
  std::vector<const Feature *> features;
  for (StringRef name : split(list, ','))
    if (const Feature *it = find_if(known, [&](const Feature &feature) { return feature.name == name; });
        it != known.end())
      features.push_back(it);
  return features;
}

/// Fills the words, in basic blocks that follow the builder's.
class CPUReader {
public:
  CPUReader(IRBuilder<> &builder) : builder(builder) {}

  void readX86(Value *(&words)[NumWords]) {
    Value *leaves = cpuid(0, 0, 0);
    words[Leaf1C] = cpuid(1, 0, 2);
    // Of a leaf that it does not have a CPU reports something else.
    Value *has7 = builder.CreateICmpUGE(leaves, builder.getInt64(7));
    words[Leaf7B] = onlyIf(has7, cpuid(7, 0, 1));
    words[Leaf7C] = onlyIf(has7, cpuid(7, 0, 2));
    words[Leaf7D] = onlyIf(has7, cpuid(7, 0, 3));
    Value *has71 = builder.CreateICmpUGE(onlyIf(has7, cpuid(7, 0, 0)), builder.getInt64(1));
    words[Leaf71A] = onlyIf(has71, cpuid(7, 1, 0));
    words[Leaf71D] = onlyIf(has71, cpuid(7, 1, 3));
    Value *extended = builder.CreateICmpUGE(cpuid(0x80000000, 0, 0), builder.getInt64(0x80000001));
    words[Extended1C] = onlyIf(extended, cpuid(0x80000001, 0, 2));

    // Without OSXSAVE, xgetbv is an illegal instruction.
    Value *osxsave =
        builder.CreateICmpNE(builder.CreateAnd(words[Leaf1C], bit(27)), builder.getInt64(0), "osxsave");
    BasicBlock *before = builder.GetInsertBlock();
    Function *function = before->getParent();
    BasicBlock *ask = BasicBlock::Create(function->getContext(), "xgetbv", function);
    BasicBlock *after = BasicBlock::Create(function->getContext(), "decide", function);
    builder.CreateCondBr(osxsave, ask, after);
    builder.SetInsertPoint(ask);
    auto *i32 = builder.getInt32Ty();
    auto *type = FunctionType::get(StructType::get(i32, i32), {i32}, /*isVarArg=*/false);
    Value *state =
        builder.CreateCall(InlineAsm::get(type, "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}",
                                          /*hasSideEffects=*/true),
                           builder.getInt32(0));
    Value *low = builder.CreateZExt(builder.CreateExtractValue(state, 0), builder.getInt64Ty());
    builder.CreateBr(after);
    builder.SetInsertPoint(after);
    PHINode *known = builder.CreatePHI(builder.getInt64Ty(), 2, "xcr0");
    known->addIncoming(builder.getInt64(0), before);
    known->addIncoming(low, ask);
    words[Xcr0] = known;
  }

  /// Takes the tiles out of XCR0 if Linux does not let the process use them.
  void requestTiles(Value *(&words)[NumWords]) {
    Value *saved = builder.CreateICmpEQ(builder.CreateAnd(words[Xcr0], tiles), builder.getInt64(tiles));
    BasicBlock *before = builder.GetInsertBlock();
    Function *function = before->getParent();
    BasicBlock *ask = BasicBlock::Create(function->getContext(), "request_tiles", function);
    BasicBlock *after = BasicBlock::Create(function->getContext(), "tiles", function);
    builder.CreateCondBr(saved, ask, after);
    builder.SetInsertPoint(ask);
    constexpr uint64_t archPrctl = 158, requestPermission = 0x1023, tileData = 18;
    auto *i64 = builder.getInt64Ty();
    auto *type = FunctionType::get(i64, {i64, i64, i64}, /*isVarArg=*/false);
    Value *status = builder.CreateCall(
        InlineAsm::get(type, "syscall",
                       "={ax},{ax},{di},{si},~{rcx},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}",
                       /*hasSideEffects=*/true),
        {builder.getInt64(archPrctl), builder.getInt64(requestPermission), builder.getInt64(tileData)});
    Value *granted = builder.CreateICmpEQ(status, builder.getInt64(0));
    Value *usable =
        builder.CreateSelect(granted, words[Xcr0], builder.CreateAnd(words[Xcr0], ~uint64_t(tiles)));
    builder.CreateBr(after);
    builder.SetInsertPoint(after);
    PHINode *known = builder.CreatePHI(i64, 2, "usable");
    known->addIncoming(words[Xcr0], before);
    known->addIncoming(usable, ask);
    words[Xcr0] = known;
  }

  void readAArch64(Value *(&words)[NumWords]) {
    words[Isar0] = mrs("S3_0_C0_C6_0"); // ID_AA64ISAR0_EL1
    words[Isar1] = mrs("S3_0_C0_C6_1"); // ID_AA64ISAR1_EL1
    words[Pfr0] = mrs("S3_0_C0_C4_0");  // ID_AA64PFR0_EL1
  }

private:
  Value *onlyIf(Value *condition, Value *value) {
    return builder.CreateSelect(condition, value, builder.getInt64(0));
  }

  /// One of eax, ebx, ecx, edx. Each leaf is asked once.
  Value *cpuid(unsigned leaf, unsigned subleaf, unsigned result) {
    Value *&answer = answers[{leaf, subleaf}];
    if (!answer) {
      auto *i32 = builder.getInt32Ty();
      auto *type = FunctionType::get(StructType::get(i32, i32, i32, i32), {i32, i32}, /*isVarArg=*/false);
      answer = builder.CreateCall(
          InlineAsm::get(type, "cpuid", "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}",
                         /*hasSideEffects=*/true),
          {builder.getInt32(leaf), builder.getInt32(subleaf)});
    }
    return builder.CreateZExt(builder.CreateExtractValue(answer, result), builder.getInt64Ty());
  }

  Value *mrs(StringRef reg) {
    auto *type = FunctionType::get(builder.getInt64Ty(), /*isVarArg=*/false);
    return builder.CreateCall(InlineAsm::get(type, ("mrs $0, " + reg).str(), "=r", /*hasSideEffects=*/true));
  }

  IRBuilder<> &builder;
  std::map<std::pair<unsigned, unsigned>, Value *> answers;
};

} // namespace

Function *narrow::createISASelector(Module &module, ArrayRef<std::string> alternatives) {
  bool isX86 = module.getTargetTriple().isX86();
  ArrayRef<Feature> known = isX86 ? ArrayRef(x86Features) : ArrayRef(aarch64Features);
  if (parse(alternatives.front(), known).empty())
    return nullptr;

  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  auto *i32 = builder.getInt32Ty();
  auto *function = Function::Create(FunctionType::get(i32, /*isVarArg=*/false), GlobalValue::InternalLinkage,
                                    "narrow.select_isa", module);
  function->setDoesNotThrow();
  // The answer plus one. Whoever writes it writes the same.
  auto *memory = new GlobalVariable(module, i32, /*isConstant=*/false, GlobalValue::InternalLinkage,
                                    builder.getInt32(0), "narrow.selected_isa");
  auto *entry = BasicBlock::Create(context, "entry", function);
  auto *done = BasicBlock::Create(context, "known", function);
  auto *ask = BasicBlock::Create(context, "ask", function);
  builder.SetInsertPoint(entry);
  LoadInst *remembered = builder.CreateAlignedLoad(i32, memory, Align(4));
  remembered->setAtomic(AtomicOrdering::Monotonic);
  builder.CreateCondBr(builder.CreateICmpNE(remembered, builder.getInt32(0)), done, ask);
  builder.SetInsertPoint(done);
  builder.CreateRet(builder.CreateSub(remembered, builder.getInt32(1)));

  builder.SetInsertPoint(ask);
  Value *words[NumWords] = {};
  CPUReader reader(builder);
  isX86 ? reader.readX86(words) : reader.readAArch64(words);
  bool usesTiles = any_of(alternatives, [&](StringRef list) {
    return any_of(parse(list, known), [](const Feature *feature) { return feature->state & tiles; });
  });
  if (usesTiles && module.getTargetTriple().isOSLinux())
    reader.requestTiles(words);
  Value *answer = builder.getInt32(0);
  for (unsigned i = alternatives.size(); i-- > 0;) {
    Value *good = builder.getTrue();
    uint64_t state = 0;
    auto require = [&](Word word, uint64_t mask, bool all) {
      Value *bits = builder.CreateAnd(words[word], mask);
      good = builder.CreateAnd(good, all ? builder.CreateICmpEQ(bits, builder.getInt64(mask))
                                         : builder.CreateICmpNE(bits, builder.getInt64(0)));
    };
    for (const Feature *feature : parse(alternatives[i], known)) {
      require(feature->word, feature->mask, /*all=*/false);
      state |= feature->state;
    }
    if (state)
      require(Xcr0, state, /*all=*/true);
    answer = builder.CreateSelect(good, builder.getInt32(i + 1), answer);
  }
  StoreInst *remember = builder.CreateAlignedStore(answer, memory, Align(4));
  remember->setAtomic(AtomicOrdering::Monotonic);
  builder.CreateRet(builder.CreateSub(answer, builder.getInt32(1)));
  return function;
}
