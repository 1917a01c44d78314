//===- TargetTest.cpp - Targets, symbol prefixes, mnemonics ---------------===//
#include "narrow/Target/CPU/Target.h"
#include "narrow/Target/CPU/CHeader.h"
#include "narrow/Target/CPU/Disassembly.h"
#include "gtest/gtest.h"
#include <cstdlib>

using namespace narrow;
using llvm::StringRef;

namespace {

std::string messageOf(llvm::Error error) { return error ? llvm::toString(std::move(error)) : "no error"; }

TEST(HostFeatures, NamesWhatIsMissing) {
  llvm::StringMap<bool> host;
  host["avx2"] = true;
  host["avx512vnni"] = false;
  host["amx-int8"] = false;
  auto check = [&](StringRef required) {
    llvm::Expected<unsigned> number = checkHostFeatures(required, host);
    return number ? std::to_string(*number) : llvm::toString(number.takeError());
  };
  EXPECT_EQ(check("avx2,tuning-of-some-kind"), "0");
  EXPECT_EQ(check(""), "0");
  EXPECT_NE(check("avx2,avx512vnni").find("lacks avx512vnni,"), std::string::npos);
  EXPECT_EQ(check("avx512vnni;avx2"), "1");
  EXPECT_NE(check("avx512vnni;avx2,amx-int8").find("lacks amx-int8, which even the simplest"),
            std::string::npos);
}

TEST(Target, ListsOfISAs) {
  auto isasOf = [](StringRef isa, StringRef cpu = "", StringRef features = "") {
    auto targets = resolveTargets({cpu.str(), "x86_64-linux-gnu", features.str(), isa.str()});
    if (!targets)
      return llvm::toString(targets.takeError());
    std::string text;
    for (const TargetSpec &target : *targets)
      text += target.isa + " ";
    return text;
  };
  EXPECT_EQ(isasOf("portable,avx512vnni,amx,avx2"), "amx avx512vnni avx2 portable ");
  EXPECT_EQ(isasOf("avx2"), "avx2 ");
  for (auto [isa, cpu, features, message] : {
           std::tuple{"avx2,avx2", "", "", "listed twice"},
           {"avx2,", "", "", "has an empty name"},
           {"avx2,sse9", "", "", "unknown instruction set 'sse9'"},
           {"avx2,native", "", "", "cannot be part of a list"},
           {"avx2,neon-dotprod", "", "", "not an instruction set of x86_64"},
           {"avx2,portable", "haswell", "", "--mcpu describes one CPU"},
           {"avx2,portable", "", "+avx", "--mattr describes one CPU"},
       })
    EXPECT_NE(isasOf(isa, cpu, features).find(message), std::string::npos) << isasOf(isa, cpu, features);
}

TEST(Target, DoesNotDependOnTheHost) {
  auto target = resolveTarget({"", "x86_64-linux-gnu", "", "avx512vnni"});
  ASSERT_TRUE((bool)target);
  EXPECT_EQ(target->cpu, "x86-64");
  EXPECT_NE(target->features.find("+avx512vnni"), std::string::npos);
  std::string required = getRequiredFeatures(*target);
  EXPECT_NE(required.find("avx512vnni"), std::string::npos);
  EXPECT_EQ(required.find("slow"), std::string::npos) << required;
}

TEST(Target, BestISAOfACPU) {
  auto isaOf = [](StringRef cpu, StringRef triple = "x86_64-linux-gnu", StringRef features = "") {
    auto target = resolveTarget({cpu.str(), triple.str(), features.str(), ""});
    return target ? target->isa : llvm::toString(target.takeError());
  };
  EXPECT_EQ(isaOf(""), "portable");
  EXPECT_EQ(isaOf("nehalem"), "portable");
  EXPECT_EQ(isaOf("haswell"), "avx2");
  EXPECT_EQ(isaOf("skylake-avx512"), "avx512");
  EXPECT_EQ(isaOf("cascadelake"), "avx512vnni");
  EXPECT_EQ(isaOf("cascadelake", "x86_64-linux-gnu", "-avx512vnni"), "avx512");
  EXPECT_EQ(isaOf("znver4"), "avx512vnni");
  EXPECT_EQ(isaOf("sapphirerapids"), "amx");
  EXPECT_EQ(isaOf("sapphirerapids", "x86_64-linux-gnu", "-amx-int8"), "avx512vnni");
  EXPECT_EQ(isaOf("alderlake"), "avxvnni");
  EXPECT_EQ(isaOf("neoverse-n1", "aarch64-linux-gnu"), "neon-dotprod");
  EXPECT_EQ(isaOf("cortex-a53", "aarch64-linux-gnu"), "portable");
}

/// What this machine means by `native` without NARROW_NATIVE_ISA, or with.
class NativeTarget : public testing::Test {
protected:
  void SetUp() override {
    if (const char *value = getenv(variable))
      before = value;
    unsetenv(variable);
  }
  void TearDown() override { before.empty() ? unsetenv(variable) : setenv(variable, before.c_str(), 1); }

  static bool canRun(const TargetSpec &target) {
    llvm::Expected<unsigned> can = checkHostFeatures(getRequiredFeatures(target), getHostFeatures());
    if (!can)
      llvm::consumeError(can.takeError());
    return (bool)can;
  }

  static constexpr const char *variable = "NARROW_NATIVE_ISA";
  std::string before;
};

TEST_F(NativeTarget, DemandsItsISAAlone) {
  auto native = resolveTarget({"native", "", "", ""});
  ASSERT_TRUE((bool)native);
  auto named = resolveTarget({"", "", "", native->isa});
  ASSERT_TRUE((bool)named);
  EXPECT_EQ(getRequiredFeatures(*native), getRequiredFeatures(*named));
  EXPECT_EQ(native->cpu, named->cpu);
  EXPECT_TRUE(canRun(*native));
}

TEST_F(NativeTarget, FeaturesOfTheUser) {
  if (!resolveTarget({"native", "", "", ""})->triple.starts_with("x86_64"))
    GTEST_SKIP() << "features of x86";
  auto more = resolveTarget({"native", "", "+vaes", ""});
  ASSERT_TRUE((bool)more);
  EXPECT_NE(getRequiredFeatures(*more).find("vaes"), std::string::npos);
  auto less = resolveTarget({"native", "", "-avx2", ""});
  ASSERT_TRUE((bool)less);
  EXPECT_EQ(less->isa, "portable");
  EXPECT_EQ(getRequiredFeatures(*less).find("avx"), std::string::npos);
  std::string message = messageOf(resolveTarget({"native", "", "-popcnt", "avx2"}).takeError());
  EXPECT_NE(message.find("--isa: 'avx2' needs the features "), std::string::npos) << message;
  EXPECT_NE(message.find("popcnt, which this CPU with --mattr=-popcnt lacks"), std::string::npos) << message;
}

TEST_F(NativeTarget, Forced) {
  for (StringRef isa : getISANames()) {
    auto named = resolveTarget({"", "", "", isa.str()});
    setenv(variable, isa.str().c_str(), 1);
    for (TargetRequest request :
         {TargetRequest{"native", "", "", ""}, {"", "", "", "native"}, {"native", "", "", "native"}}) {
      auto native = resolveTarget(request);
      ASSERT_EQ((bool)native, (bool)named) << isa.str();
      if (!native) {
        EXPECT_NE(llvm::toString(native.takeError()).find("NARROW_NATIVE_ISA=" + isa.str()),
                  std::string::npos);
        continue;
      }
      EXPECT_EQ(native->getKernelISA(), isa);
      EXPECT_TRUE(canRun(*native)) << isa.str();
      if (!canRun(*named)) {
        EXPECT_EQ(native->emulatedISA, isa);
        continue;
      }
      // As on any other machine that has it.
      EXPECT_EQ(native->isa, isa);
      EXPECT_EQ(native->emulatedISA, "");
      EXPECT_EQ(native->cpu, named->cpu);
      EXPECT_EQ(native->features, named->features);
      EXPECT_EQ(native->tune, named->tune);
      EXPECT_FALSE(isa.starts_with("avx512") && countsBits(*native));
    }
    if (!named) {
      llvm::consumeError(named.takeError());
      continue;
    }
    // What names a target is not what `native` means.
    auto portable = resolveTarget({"", "", "", "portable"});
    ASSERT_TRUE((bool)portable);
    EXPECT_EQ(portable->isa, "portable");
  }
  setenv(variable, "sse9", 1);
  std::string message = messageOf(resolveTarget({"native", "", "", ""}).takeError());
  EXPECT_NE(message.find("NARROW_NATIVE_ISA=sse9 names no instruction set"), std::string::npos) << message;
  EXPECT_NE(message.find("accepted: portable, "), std::string::npos) << message;
  setenv(variable, "portable", 1);
  if (resolveTarget({"native", "", "", ""})->triple.starts_with("x86_64")) {
    message = messageOf(resolveTarget({"native", "", "", "avx2"}).takeError());
    EXPECT_NE(message.find("which a CPU of NARROW_NATIVE_ISA=portable lacks"), std::string::npos) << message;
  }
}

TEST_F(NativeTarget, Emulated) {
  for (StringRef isa : getISANames()) {
    auto target = resolveTarget({"native", "", "", "", isa.str()});
    ASSERT_TRUE((bool)target) << isa.str();
    EXPECT_EQ(target->getKernelISA(), isa);
    EXPECT_TRUE(canRun(*target)) << isa.str();
  }
  EXPECT_NE(messageOf(resolveTarget({"native", "", "", "", "native"}).takeError())
                .find("--emulate-isa: unknown instruction set 'native'; known are portable, avx2"),
            std::string::npos);
}

TEST(SymbolPrefix, Rules) {
  EXPECT_EQ(makeSymbolPrefix("resnet50-v1.5"), "resnet50_v1_5");
  EXPECT_EQ(makeSymbolPrefix("3net"), "model_3net");
  EXPECT_EQ(makeSymbolPrefix(""), "model_");
  EXPECT_EQ(makeSymbolPrefix("narrow"), "model_narrow");
  for (StringRef stem : {"\xc3\xa9t\xc3\xa9", "_x", "a b", "narrow_model"})
    EXPECT_EQ(messageOf(checkSymbolPrefix(makeSymbolPrefix(stem))), "no error");
  for (StringRef bad : {"", "3x", "a-b", "a.b", "_a", "narrow", "narrow_model", "\xc3\xa9"})
    EXPECT_NE(messageOf(checkSymbolPrefix(bad)), "no error") << bad.str();
}

TEST(FloatArithmetic, Mnemonics) {
  for (StringRef name :
       {"vmovups", "vmovaps", "vxorps", "vshufps", "vpermpd", "vpackssdw", "vpmovusdb", "vpmaxsd", "vpminsd",
        "vpdpwssd", "vpdpbssd", "vpaddd", "movss", "vbroadcastss", "imulq", "addl"})
    EXPECT_FALSE(isFloatArithmetic(name, true)) << name.str();
  for (StringRef name : {"vaddps", "mulss", "vfmadd231ps", "cvtdq2ps", "vcvttps2dq", "vroundps", "divsd",
                         "vmaxps", "vcmpltps", "ucomiss", "fldl", "vrcp14ps", "vsqrtsd", "vdpbf16ps",
                         "tdpbf16ps", "vfnmadd213ss", "vcvtph2ps", "vminsh"})
    EXPECT_TRUE(isFloatArithmetic(name, true)) << name.str();
  for (StringRef name : {"fmov", "add", "sdot", "smull", "bfi", "bfxil", "sqrshl", "fcsel", "bfm", "b"})
    EXPECT_FALSE(isFloatArithmetic(name, false)) << name.str();
  for (StringRef name : {"fadd",   "fmla", "fmadd", "scvtf", "ucvtf",  "fcvtns", "fcvtzs", "fmaxnm",
                         "frintn", "fcmp", "fmsub", "faddp", "fcmeq",  "fcvt",   "fdiv",   "fsqrt",
                         "fneg",   "fabs", "fcmgt", "bfdot", "fnmsub", "fmul",   "fminnm"})
    EXPECT_TRUE(isFloatArithmetic(name, false)) << name.str();
}

TEST(IntegerOnly, Symbols) {
  for (StringRef name : {"main", "m_main", "m_run", "m_observe", "quantize_inputs", "dequantize_outputs"})
    EXPECT_FALSE(mustBeIntegerOnly(name, "m")) << name.str();
  for (StringRef name : {"network", "kernel_conv1", "m_kernel", "m_mainly", "narrow.memcpy"})
    EXPECT_TRUE(mustBeIntegerOnly(name, "m")) << name.str();
}

} // namespace
