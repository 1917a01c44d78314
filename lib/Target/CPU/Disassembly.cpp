//===- Disassembly.cpp - What instructions an object has ------------------===//
#include "narrow/Target/CPU/Disassembly.h"
#include "narrow/Target/CPU/Target.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace narrow {
namespace {

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

/// LLVM's disassembler for the machine of an object, with every feature.
class Disassembler {
public:
  static Expected<std::unique_ptr<Disassembler>> create(Triple triple) {
    initializeTargets();
    std::string reason;
    auto result = std::make_unique<Disassembler>();
    const Target *target = TargetRegistry::lookupTarget(triple, reason);
    bool isX86 = triple.getArch() == Triple::x86_64;
    if (!target || (!isX86 && triple.getArch() != Triple::aarch64))
      return makeError("no disassembler for objects of " + triple.getArchName());
    MCTargetOptions options;
    result->registers.reset(target->createMCRegInfo(triple));
    result->asmInfo.reset(target->createMCAsmInfo(*result->registers, triple, options));
    result->instructions.reset(target->createMCInstrInfo());
    // x86 decodes whatever the features; AArch64 asks for "all".
    result->subtarget.reset(target->createMCSubtargetInfo(triple, "", isX86 ? "" : "+all"));
    result->context = std::make_unique<MCContext>(triple, result->asmInfo.get(), result->registers.get(),
                                                  result->subtarget.get());
    result->disassembler.reset(target->createMCDisassembler(*result->subtarget, *result->context));
    result->printer.reset(
        target->createMCInstPrinter(triple, 0, *result->asmInfo, *result->instructions, *result->registers));
    if (!result->disassembler || !result->printer)
      return makeError("no disassembler for objects of " + triple.getArchName());
    return result;
  }

  /// Decodes one instruction: its size, 0 if there is none, and its mnemonic.
  uint64_t decode(ArrayRef<uint8_t> bytes, uint64_t address, std::string &mnemonic) {
    MCInst instruction;
    uint64_t size = 0;
    if (disassembler->getInstruction(instruction, size, bytes, address, nulls()) != MCDisassembler::Success)
      return 0;
    const char *text = printer->getMnemonic(instruction).first;
    // "\t" and blanks stand around it; a prefix such as {evex} before it.
    mnemonic = StringRef(text ? text : "").trim().str();
    if (StringRef rest = mnemonic; rest.starts_with("{"))
      mnemonic = rest.split('}').second.trim().str();
    return size;
  }

private:
  std::unique_ptr<MCRegisterInfo> registers;
  std::unique_ptr<MCAsmInfo> asmInfo;
  std::unique_ptr<MCInstrInfo> instructions;
  std::unique_ptr<MCSubtargetInfo> subtarget;
  std::unique_ptr<MCContext> context;
  std::unique_ptr<MCDisassembler> disassembler;
  std::unique_ptr<MCInstPrinter> printer;
};

/// Adds the instructions of one function to `report`.
Error scan(const object::ELFSymbolRef &symbol, StringRef name, Disassembler &disassembler, bool isX86,
           FloatReport &report) {
  Expected<object::section_iterator> section = symbol.getSection();
  if (!section)
    return section.takeError();
  Expected<uint64_t> address = symbol.getAddress();
  if (!address)
    return address.takeError();
  Expected<StringRef> contents = (*section)->getContents();
  if (!contents)
    return contents.takeError();
  uint64_t start = *address - (*section)->getAddress(), size = symbol.getSize();
  if (start > contents->size() || size > contents->size() - start)
    return makeError("'" + name + "' reaches beyond its section");

  ArrayRef<uint8_t> bytes(contents->bytes_begin() + start, size);
  std::string mnemonic;
  for (uint64_t offset = 0; offset < size;) {
    uint64_t length = disassembler.decode(bytes.drop_front(offset), start + offset, mnemonic);
    if (length == 0 || length > size - offset)
      return makeError("cannot disassemble '" + name + "' at offset " + Twine(offset));
    ++report.instructions;
    if (isFloatArithmetic(mnemonic, isX86))
      report.uses.push_back({name.str(), mnemonic, start + offset});
    offset += length;
  }
  ++report.functions;
  return Error::success();
}

} // namespace

bool mustBeIntegerOnly(StringRef symbol, StringRef prefix) {
  for (StringRef isa : getISANames()) // Of an artifact with several.
    if (symbol.size() > isa.size() && symbol.ends_with(isa) && symbol.drop_back(isa.size()).ends_with("."))
      symbol = symbol.drop_back(isa.size() + 1);
  if (symbol == "main" || symbol.starts_with("quantize_") || symbol.starts_with("dequantize_"))
    return false;
  return !(symbol.consume_front(prefix) &&
           llvm::is_contained({"_main", "_run", "_run_codes", "_observe", "_info"}, symbol));
}

bool isFloatArithmetic(StringRef mnemonic, bool isX86) {
  // vpackssdw, vpmaxsd, vpdpwssd, vmovups, vshufps … are integer code.
  static const Regex x86("^(v?(add|sub|mul|div|sqrt|min|max|fn?m(add|sub)(sub|"
                         "add)?(132|213|231)|round|rndscale|reduce|"
                         "getexp|getmant|scalef|range|fixupimm|dp|hadd|hsub|"
                         "addsub|rcp(14|28)?|rsqrt(14|28)?|"
                         "cmp[a-z0-9_]*|u?comi)[ps][sdh]|[vt]?dp[bf][fp]16ps|v?"
                         "cvt[a-z0-9]+|f[a-z]+[a-z0-9]*)$");
  // fmov and fcsel move; bfi, bfm, bfc and bfxil work on bit fields.
  static const Regex aarch64("^(f(abd|abs|ac|add|amax|amin|c[mv]|cad|ccmp|cmla|"
                             "div|dot|j|m[adilnsu]|neg|nm|rec|rint|rsqrt|scale|"
                             "sqrt|sub)"
                             "[a-z0-9]*|[su]cvtf|bf(cvt|dot|mlal|mmla|ml|add|"
                             "sub|mul|m[ai])[a-z0-9]*)(\\..*)?$");
  return isX86 ? x86.match(mnemonic) : aarch64.match(mnemonic);
}

std::string FloatReport::summary() const {
  MapVector<StringRef, MapVector<StringRef, unsigned>> counts;
  for (const Use &use : uses)
    ++counts[use.function][use.mnemonic];
  std::string text;
  raw_string_ostream os(text);
  for (auto [i, function] : llvm::enumerate(counts)) {
    os << (i ? "; " : "") << function.first << ": ";
    for (auto [j, entry] : llvm::enumerate(function.second))
      os << (j ? ", " : "") << entry.second << " x " << entry.first;
  }
  return text;
}

Expected<FloatReport> countFloatInstructions(StringRef bytes, function_ref<bool(StringRef)> filter) {
  auto file = object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, "object"));
  if (!file)
    return file.takeError();
  Triple triple = (*file)->makeTriple();
  Expected<std::unique_ptr<Disassembler>> disassembler = Disassembler::create(triple);
  if (!disassembler)
    return disassembler.takeError();

  FloatReport report;
  for (const object::SymbolRef &reference : (*file)->symbols()) {
    object::ELFSymbolRef symbol(reference);
    if (symbol.getELFType() != ELF::STT_FUNC || symbol.getSize() == 0)
      continue;
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (!filter(*name))
      continue;
    if (Error error = scan(symbol, *name, **disassembler, triple.isX86(), report))
      return error;
  }
  if (report.functions == 0)
    return makeError("the object has no function to check (was its symbol table stripped?)");
  return report;
}

} // namespace narrow
