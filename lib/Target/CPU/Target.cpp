//===- Target.cpp - What code is generated for ----------------------------===//
#include "narrow/Target/CPU/Target.h"
#include "llvm-c/Target.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <algorithm>
#include <cstdlib>
#include <mutex>
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace llvm;

namespace narrow {
namespace {

/// What an ISA stands for. Features are spelled out, on the baseline CPU of the
/// architecture, so that any machine with them runs the code and any machine
/// generates the same; `tune` only chooses the order of instructions.
struct ISA {
  StringRef name;
  Triple::ArchType arch; // UnknownArch: any
  StringRef features;
  StringRef tune;
  StringRef popcountFeatures = "";
};

#define NARROW_AVX2 "+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+popcnt"
#define NARROW_AVX512 NARROW_AVX2 ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"
#define NARROW_POPCOUNT "+avx512vpopcntdq"
/// Within an architecture from the simplest to the best.
constexpr ISA isas[] = {
    {"portable", Triple::UnknownArch, "", ""},
    {"avx2", Triple::x86_64, NARROW_AVX2, "haswell"},
    {"avx512", Triple::x86_64, NARROW_AVX512, "skylake-avx512", NARROW_POPCOUNT},
    {"avxvnni", Triple::x86_64, NARROW_AVX2 ",+avxvnni", "alderlake"},
    {"avx512vnni", Triple::x86_64, NARROW_AVX512 ",+avx512vnni", "cascadelake", NARROW_POPCOUNT},
    {"amx", Triple::x86_64, NARROW_AVX512 ",+avx512vnni,+amx-tile,+amx-int8", "sapphirerapids",
     NARROW_POPCOUNT},
    {"neon-dotprod", Triple::aarch64, "+neon,+dotprod", "neoverse-n1"},
};

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

/// ". Did you mean a, b?" with up to three names close to `name`, else nothing.
std::string suggest(StringRef name, ArrayRef<StringRef> candidates) {
  SmallVector<std::pair<unsigned, StringRef>> near;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, /*MaxEditDistance=*/4);
    if (distance <= std::clamp<size_t>(name.size() / 3, 1, 4))
      near.push_back({distance, candidate});
  }
  llvm::sort(near);
  if (near.empty())
    return "";
  std::string text = "; did you mean ";
  for (auto [i, candidate] : llvm::enumerate(ArrayRef(near).take_front(3)))
    text += (i ? ", '" : "'") + candidate.second.str() + "'";
  return text + "?";
}

Expected<const Target *> lookup(const Triple &triple) {
  initializeTargets();
  std::string reason;
  const Target *target = TargetRegistry::lookupTarget(triple, reason);
  bool supported = (triple.getArch() == Triple::x86_64 && !triple.isX32()) ||
                   (triple.getArch() == Triple::aarch64 && triple.getEnvironment() != Triple::GNUILP32);
  if (!target || !supported)
    return makeError("--mtriple: no code generator for '" + triple.str() +
                     "'; this compiler has x86_64 and aarch64, e.g. 'aarch64-linux-gnu'");
  if (!triple.isOSBinFormatELF())
    return makeError("--mtriple: '" + triple.str() +
                     "' does not use ELF objects, the only kind that is "
                     "written; use a Linux triple");
  return target;
}

/// The names of the features that are enabled by `cpu` and `features`.
StringSet<> getEnabled(const Target &target, const Triple &triple, StringRef cpu, StringRef features) {
  std::unique_ptr<MCSubtargetInfo> info(target.createMCSubtargetInfo(triple, cpu, features));
  StringSet<> names;
  for (const SubtargetFeatureKV &feature : info->getEnabledProcessorFeatures())
    names.insert(feature.Key);
  return names;
}

/// The features in "+a,+b" that are not in `enabled`.
std::vector<StringRef> getMissing(StringRef features, const StringSet<> &enabled) {
  std::vector<StringRef> missing;
  for (StringRef feature : llvm::split(features, ','))
    if (feature.consume_front("+") && !enabled.contains(feature))
      missing.push_back(feature);
  return missing;
}

const ISA *findISA(StringRef name) {
  const ISA *it = llvm::find_if(isas, [&](const ISA &isa) { return isa.name == name; });
  return it == std::end(isas) ? nullptr : it;
}

bool supportsArch(const ISA &isa, const Triple &triple) {
  return isa.arch == Triple::UnknownArch || isa.arch == triple.getArch();
}

StringRef getBestISA(const Triple &triple, const StringSet<> &enabled) {
  StringRef best = "portable";
  for (const ISA &isa : isas)
    if (supportsArch(isa, triple) && getMissing(isa.features, enabled).empty())
      best = isa.name;
  return best;
}

/// Names alone: MCSubtargetInfo::checkFeatures would end the process.
Error checkFeatureNames(const MCSubtargetInfo &info, StringRef features) {
  std::vector<StringRef> known;
  for (const SubtargetFeatureKV &feature : info.getAllProcessorFeatures())
    known.push_back(feature.Key);
  for (StringRef feature : llvm::split(features, ',')) {
    if (feature.empty())
      continue;
    if (!feature.starts_with("+") && !feature.starts_with("-"))
      return makeError("--mattr: write '+" + feature + "' or '-" + feature + "' instead of '" + feature +
                       "'");
    if (!llvm::is_contained(known, feature.drop_front()))
      return makeError("--mattr: unknown feature '" + feature.drop_front() + "'" +
                       suggest(feature.drop_front(), known));
  }
  return Error::success();
}

Error checkCPU(const MCSubtargetInfo &info, const Triple &triple, StringRef cpu) {
  if (info.isCPUStringValid(cpu))
    return Error::success();
  std::vector<StringRef> known;
  for (const SubtargetSubTypeKV &candidate : info.getAllProcessorDescriptions())
    known.push_back(candidate.Key);
  return makeError("--mcpu: unknown CPU '" + cpu + "' for " + triple.getArchName() + suggest(cpu, known));
}

std::string join(StringRef a, StringRef b) {
  return a.empty() ? b.str() : b.empty() ? a.str() : (a + "," + b).str();
}

std::string listHostFeatures() {
  // A StringMap has no order of its own.
  std::vector<std::string> features;
  for (const auto &entry : getHostFeatures())
    features.push_back((entry.second ? "+" : "-") + entry.first().str());
  llvm::sort(features, [](StringRef a, StringRef b) { return a.drop_front() < b.drop_front(); });
  return llvm::join(features, ",");
}

constexpr StringLiteral nativeVariable = "NARROW_NATIVE_ISA";

bool isNative(const TargetRequest &request) { return request.cpu == "native" || request.isa == "native"; }

/// The ISA that native code for `triple` is forced to; null: none.
Expected<const ISA *> getForcedISA(const Triple &triple) {
  const char *name = std::getenv(nativeVariable.data());
  if (!name || !*name)
    return nullptr;
  const ISA *isa = findISA(name);
  if (isa && supportsArch(*isa, triple))
    return isa;
  std::vector<StringRef> accepted;
  for (const ISA &isa : isas)
    if (supportsArch(isa, triple))
      accepted.push_back(isa.name);
  return makeError(nativeVariable + "=" + name + " names no instruction set of " + triple.getArchName() +
                   ", this machine's architecture; accepted: " + llvm::join(accepted, ", "));
}

/// Whether this CPU runs its code.
bool hostHas(const ISA &isa) {
  StringSet<> enabled;
  for (const auto &[name, present] : getHostFeatures())
    if (present)
      enabled.insert(name);
  return getMissing(isa.features, enabled).empty();
}

} // namespace

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86Disassembler();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeAArch64Disassembler();
  });
}

StringMap<bool> getHostFeatures() {
  StringMap<bool> features = sys::getHostCPUFeatures();
#if defined(__linux__) && defined(__x86_64__)
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  if (features.lookup("amx-tile") && syscall(SYS_arch_prctl, requestPermission, tileData) != 0)
    for (auto &entry : features)
      if (entry.first().starts_with("amx-"))
        entry.second = false;
#endif
  return features;
}

ArrayRef<StringRef> getISANames() {
  static const SmallVector<StringRef> names =
      llvm::map_to_vector(isas, [](const ISA &isa) { return isa.name; });
  return names;
}

/// With `forced`, a native CPU is one that has just this ISA.
static Expected<TargetSpec> resolve(const TargetRequest &request, const ISA *forced) {
  Triple host(sys::getDefaultTargetTriple());
  Triple triple(request.triple.empty() ? host.str() : Triple::normalize(request.triple));
  Expected<const Target *> target = lookup(triple);
  if (!target)
    return target.takeError();

  bool native = isNative(request);
  if (native && triple.getArch() != host.getArch())
    return makeError("'native' is a " + host.getArchName() + " CPU, but --mtriple is '" + triple.str() +
                     "'; name a CPU or an ISA");
  if (request.isa == "native" && !request.cpu.empty() && request.cpu != "native")
    return makeError("--isa=native contradicts --mcpu=" + request.cpu + "; give one of the two");

  TargetSpec spec;
  spec.triple = triple.str();
  bool isX86 = triple.getArch() == Triple::x86_64;
  StringRef baseline = isX86 ? "x86-64" : "generic";
  spec.cpu = native || request.cpu.empty() ? baseline.str() : request.cpu;

  std::unique_ptr<MCSubtargetInfo> info((*target)->createMCSubtargetInfo(triple, baseline, ""));
  if (!info)
    return makeError("--mtriple: LLVM knows no CPU of '" + triple.str() + "'");
  if (Error error = checkCPU(*info, triple, spec.cpu))
    return error;
  if (isX86 && !getEnabled(**target, triple, spec.cpu, "").contains("64bit"))
    return makeError("--mcpu: '" + spec.cpu + "' is not a 64-bit CPU");
  if (Error error = checkFeatureNames(*info, request.features))
    return error;

  // What the user wrote about the CPU is a fact that the ISA must respect; a bare --isa is the definition
  // of the CPU.
  bool named = native || !request.cpu.empty();
  std::string here = !native ? "" : forced ? forced->features.str() : listHostFeatures();
  StringSet<> enabled = getEnabled(**target, triple, spec.cpu, join(here, request.features));
  if (request.isa.empty() || request.isa == "native")
    spec.isa = named ? getBestISA(triple, enabled).str() : "portable";
  else
    spec.isa = request.isa;
  const ISA *isa = findISA(spec.isa);
  if (!isa)
    return makeError("--isa: unknown instruction set '" + request.isa + "'; known are native, " +
                     llvm::join(getISANames(), ", "));
  if (!supportsArch(*isa, triple))
    return makeError("--isa: '" + request.isa + "' is not an instruction set of " + triple.getArchName() +
                     " (--mtriple is '" + triple.str() + "')");
  bool usesAll = named && !native;
  spec.features = usesAll ? request.features : join(isa->features, request.features);
  std::vector<StringRef> missing =
      getMissing(isa->features, named ? enabled : getEnabled(**target, triple, spec.cpu, spec.features));
  std::string cpu = forced   ? ("a CPU of " + nativeVariable + "=" + forced->name).str()
                    : native ? "this CPU"
                             : "CPU '" + spec.cpu + "'";
  if (!missing.empty())
    return makeError("--isa: '" + request.isa + "' needs the features " + llvm::join(missing, ", ") +
                     ", which " + cpu +
                     (request.features.empty() ? "" : " with --mattr=" + request.features) + " lacks");
  if (!usesAll)
    spec.tune = isa->tune.str();
  if (native && !forced) {
    if (StringRef name = sys::getHostCPUName(); info->isCPUStringValid(name)) // else newer than LLVM
      spec.tune = name.str();
    if (getMissing(isa->popcountFeatures, enabled).empty())
      spec.popcountFeatures = isa->popcountFeatures.str();
  }
  return spec;
}

Expected<TargetSpec> resolveTarget(const TargetRequest &request) {
  const ISA *forced = nullptr;
  if (isNative(request)) {
    Expected<const ISA *> found = getForcedISA(Triple(sys::getDefaultTargetTriple()));
    if (!found)
      return found.takeError();
    forced = *found;
  }
  Expected<TargetSpec> spec = resolve(request, forced);
  if (!spec)
    return spec;
  if (forced && !hostHas(*findISA(spec->isa))) {
    // What the CPU lacks it emulates.
    std::string isa = std::move(spec->isa);
    spec = resolve({"native", request.triple, request.features, ""}, nullptr);
    if (!spec)
      return spec;
    spec->emulatedISA = std::move(isa);
  }
  if (request.emulated.empty())
    return spec;
  if (!findISA(request.emulated))
    return makeError("--emulate-isa: unknown instruction set '" + request.emulated + "'; known are " +
                     llvm::join(getISANames(), ", "));
  spec->emulatedISA = request.emulated;
  return spec;
}

Expected<std::vector<TargetSpec>> resolveTargets(const TargetRequest &request) {
  std::vector<TargetSpec> specs;
  if (!StringRef(request.isa).contains(',')) {
    Expected<TargetSpec> spec = resolveTarget(request);
    if (!spec)
      return spec.takeError();
    specs.push_back(std::move(*spec));
    return specs;
  }
  if (!request.cpu.empty() || !request.features.empty())
    return makeError(StringRef(request.cpu.empty() ? "--mattr" : "--mcpu") +
                     " describes one CPU, but --isa=" + request.isa +
                     " asks for code for several; give one of the two");
  SmallVector<StringRef> names;
  for (StringRef name : llvm::split(request.isa, ',')) {
    if (name.empty())
      return makeError("--isa: '" + request.isa + "' has an empty name between its commas");
    if (name == "native")
      return makeError("--isa: 'native' is one instruction set and cannot be part of a list");
    if (llvm::is_contained(names, name))
      return makeError("--isa: '" + name + "' is listed twice");
    names.push_back(name);
  }
  for (StringRef name : names) {
    TargetRequest one = request;
    one.isa = name.str();
    Expected<TargetSpec> spec = resolveTarget(one);
    if (!spec)
      return spec.takeError();
    specs.push_back(std::move(*spec));
  }
  llvm::stable_sort(specs,
                    [](const TargetSpec &a, const TargetSpec &b) { return findISA(a.isa) > findISA(b.isa); });
  return specs;
}

TargetSpec getBaseline(const TargetSpec &target) {
  TargetSpec baseline;
  baseline.triple = target.triple;
  baseline.cpu = Triple(target.triple).getArch() == Triple::x86_64 ? "x86-64" : "generic";
  baseline.isa = "portable";
  return baseline;
}

std::string getRequiredFeatures(const TargetSpec &spec) {
  Triple triple(spec.triple);
  Expected<const Target *> target = lookup(triple);
  if (!target) {
    consumeError(target.takeError());
    return "";
  }
  std::unique_ptr<MCSubtargetInfo> info((*target)->createMCSubtargetInfo(triple, spec.cpu, spec.features));
  // Features that CPUs have for tuning only say nothing about what runs.
  FeatureBitset isaBits, tuneBits;
  for (const SubtargetSubTypeKV &cpu : info->getAllProcessorDescriptions()) {
    isaBits |= cpu.Implies.getAsBitset();
    tuneBits |= cpu.TuneImplies.getAsBitset();
  }
  std::vector<std::string> names;
  for (const SubtargetFeatureKV &feature : info->getEnabledProcessorFeatures())
    if (!tuneBits[feature.Value] || isaBits[feature.Value])
      names.push_back(feature.Key);
  llvm::sort(names);
  return llvm::join(names, ",");
}

bool countsBits(const TargetSpec &target) {
  return !target.popcountFeatures.empty() ||
         llvm::is_contained(llvm::split(getRequiredFeatures(target), ','), "avx512vpopcntdq");
}

Expected<unsigned> checkHostFeatures(StringRef alternatives, const StringMap<bool> &host) {
  std::vector<StringRef> missing;
  unsigned number = 0;
  for (StringRef required : llvm::split(alternatives, ';')) {
    missing.clear();
    for (StringRef feature : llvm::split(required, ',')) {
      auto it = host.find(feature);
      if (it != host.end() && !it->second)
        missing.push_back(feature);
    }
    if (missing.empty())
      return number;
    ++number;
  }
  return makeError("this CPU lacks " + llvm::join(missing, ", ") + ", which " +
                   (number > 1
                        ? "even the simplest code of the model needs; compile it with a simpler "
                          "instruction set too, e.g. --isa=portable,..."
                        : "the model was compiled for; compile it with --mcpu=native or a lower --isa"));
}

Expected<std::unique_ptr<TargetMachine>> createTargetMachine(const TargetSpec &spec, unsigned optLevel,
                                                             bool large) {
  Triple triple(spec.triple);
  Expected<const Target *> target = lookup(triple);
  if (!target)
    return target.takeError();
  // A TargetSpec need not come from resolveTarget; a bad name would only be
  // printed by LLVM, and a default compiled for.
  std::unique_ptr<MCSubtargetInfo> info((*target)->createMCSubtargetInfo(triple, "", ""));
  if (Error error = checkCPU(*info, triple, spec.cpu))
    return error;
  if (Error error = checkFeatureNames(*info, spec.features))
    return error;
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Strict; // results may not depend on the ISA
  // AArch64's usual addresses reach 4 GB, and it has no position independent code for more.
  std::optional<CodeModel::Model> model;
  if (large && triple.isX86())
    model = CodeModel::Large;
  CodeGenOptLevel level = CodeGenOpt::getLevel(optLevel).value_or(CodeGenOptLevel::Default);
  std::unique_ptr<TargetMachine> machine(
      (*target)->createTargetMachine(triple, spec.cpu, spec.features, options, Reloc::PIC_, model, level));
  if (!machine)
    return makeError("LLVM cannot generate code for '" + spec.triple + "'");
  return machine;
}

} // namespace narrow
