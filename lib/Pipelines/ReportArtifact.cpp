//===- ReportArtifact.cpp - Reads compiled models as files ----------------===//
//
// The description of a model (`narrow_model_info`) is a private constant: no
// symbol names it. It is found by what it is made of. Its pointers are
// relocations of the file, so the relocations say where each pointer is and
// where it points, in objects and libraries of every architecture alike.
//
//===----------------------------------------------------------------------===//
#include "narrow/Pipelines/Report.h"
#include "narrow/Runtime/Model.h"
#include "narrow/Target/CPU/Disassembly.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <set>

using namespace llvm;
using narrow::ArtifactReport;
using narrow::ArtifactTensor;

namespace {

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

/// A place in a section.
struct Place {
  unsigned section = 0;
  uint64_t offset = 0;
  bool operator<(const Place &other) const {
    return std::tie(section, offset) < std::tie(other.section, other.offset);
  }
  Place operator+(uint64_t bytes) const { return {section, offset + bytes}; }
};

/// The sections of an ELF file and the pointers between them.
class Image {
public:
  Error load(const object::ELFObjectFileBase &file);

  std::optional<Place> pointer(Place at) const {
    auto it = pointers.find(at);
    return it == pointers.end() ? std::nullopt : std::optional(it->second);
  }
  const std::map<Place, Place> &allPointers() const { return pointers; }

  /// `size` bytes; null if they are not all there.
  const char *bytes(Place at, uint64_t size) const {
    auto it = sections.find(at.section);
    if (it == sections.end() || at.offset > it->second.bytes.size() ||
        size > it->second.bytes.size() - at.offset)
      return nullptr;
    return it->second.bytes.data() + at.offset;
  }
  template <typename T>
  std::optional<T> read(Place at) const {
    const char *from = bytes(at, sizeof(T));
    if (!from)
      return std::nullopt;
    return support::endian::read<T, endianness::little>(from);
  }
  /// The text that the pointer at `at` points to.
  std::optional<StringRef> string(Place at) const {
    std::optional<Place> to = pointer(at);
    auto it = to ? sections.find(to->section) : sections.end();
    if (it == sections.end() || to->offset >= it->second.bytes.size())
      return std::nullopt;
    StringRef rest = it->second.bytes.substr(to->offset);
    size_t end = rest.find('\0');
    return end == StringRef::npos ? std::nullopt : std::optional(rest.take_front(end));
  }

private:
  struct Section {
    uint64_t address;
    StringRef bytes;
  };
  std::optional<Place> find(uint64_t address) const {
    for (const auto &[index, section] : sections)
      if (address >= section.address && address - section.address < section.bytes.size())
        return Place{index, address - section.address};
    return std::nullopt;
  }
  Error addRelocations(const object::SectionRef &section, bool isLibrary, unsigned machine);

  std::map<unsigned, Section> sections; // with contents, by number
  std::map<Place, Place> pointers;
};

Error Image::load(const object::ELFObjectFileBase &file) {
  for (const object::SectionRef &section : file.sections()) {
    object::ELFSectionRef elf(section);
    if (!(elf.getFlags() & ELF::SHF_ALLOC) || section.isVirtual() || section.getSize() == 0)
      continue;
    Expected<StringRef> contents = section.getContents();
    if (!contents)
      return contents.takeError();
    sections[section.getIndex()] = {section.getAddress(), *contents};
  }
  bool isLibrary = file.getEType() == ELF::ET_DYN;
  if (isLibrary) {
    for (const object::SectionRef &section : file.dynamic_relocation_sections())
      if (Error error = addRelocations(section, true, file.getEMachine()))
        return error;
    return Error::success();
  }
  for (const object::SectionRef &section : file.sections())
    if (Error error = addRelocations(section, false, file.getEMachine()))
      return error;
  return Error::success();
}

Error Image::addRelocations(const object::SectionRef &section, bool isLibrary, unsigned machine) {
  bool isArm = machine == ELF::EM_AARCH64;
  uint64_t relative = isArm ? uint64_t{ELF::R_AARCH64_RELATIVE} : uint64_t{ELF::R_X86_64_RELATIVE};
  uint64_t absolute = isArm ? uint64_t{ELF::R_AARCH64_ABS64} : uint64_t{ELF::R_X86_64_64};
  uint64_t wanted = isLibrary ? relative : absolute;
  unsigned from = 0;
  if (!isLibrary) {
    Expected<object::section_iterator> target = section.getRelocatedSection();
    if (!target)
      return target.takeError();
    if (*target == section.getObject()->section_end())
      return Error::success();
    from = (*target)->getIndex();
    if (!sections.count(from))
      return Error::success();
  }
  for (const object::RelocationRef &relocation : section.relocations()) {
    if (relocation.getType() != wanted)
      continue;
    Expected<int64_t> addend = object::ELFRelocationRef(relocation).getAddend();
    if (!addend)
      return addend.takeError();
    if (isLibrary) {
      std::optional<Place> at = find(relocation.getOffset()), to = find(*addend);
      if (at && to)
        pointers[*at] = *to;
      continue;
    }
    object::symbol_iterator symbol = relocation.getSymbol();
    if (symbol == section.getObject()->symbol_end())
      continue;
    Expected<object::section_iterator> target = symbol->getSection();
    if (!target)
      return target.takeError();
    if (*target == section.getObject()->section_end())
      continue;
    Expected<uint64_t> value = symbol->getValue();
    if (!value)
      return value.takeError();
    pointers[{from, relocation.getOffset()}] = {static_cast<unsigned>((*target)->getIndex()),
                                                *value + *addend};
  }
  return Error::success();
}

/// The places that have the strings of a narrow_model_info where they belong.
std::vector<Place> findInfos(const Image &image) {
  std::vector<Place> found;
  for (const auto &[at, to] : image.allPointers()) {
    if (at.offset < offsetof(narrow_model_info, compiler))
      continue;
    Place base{at.section, at.offset - offsetof(narrow_model_info, compiler)};
    if (!image.bytes(base, sizeof(narrow_model_info)) ||
        !image.pointer(base + offsetof(narrow_model_info, outputs)))
      continue;
    std::optional<StringRef> compiler = image.string(at);
    if (!compiler || !compiler->starts_with("narrow "))
      continue;
    if (llvm::all_of(ArrayRef<size_t>{offsetof(narrow_model_info, name), offsetof(narrow_model_info, triple),
                                      offsetof(narrow_model_info, cpu), offsetof(narrow_model_info, isa),
                                      offsetof(narrow_model_info, features),
                                      offsetof(narrow_model_info, manifest)},
                     [&](size_t field) { return image.string(base + field).has_value(); }))
      found.push_back(base);
  }
  return found;
}

Expected<std::vector<ArtifactTensor>> readTensors(const Image &image, Place field, int32_t count) {
  std::vector<ArtifactTensor> tensors;
  std::optional<Place> first = image.pointer(field);
  auto damaged = [] { return makeError("the description of the model is damaged"); };
  if (count < 0 || (count > 0 && (!first || !image.bytes(*first, count * sizeof(narrow_tensor)))))
    return damaged();
  for (int32_t i = 0; i < count; ++i) {
    Place at = *first + i * sizeof(narrow_tensor);
    ArtifactTensor tensor;
    auto name = image.string(at + offsetof(narrow_tensor, name)),
         layout = image.string(at + offsetof(narrow_tensor, layout));
    int32_t rank = *image.read<int32_t>(at + offsetof(narrow_tensor, rank));
    std::optional<Place> dims = image.pointer(at + offsetof(narrow_tensor, dims));
    if (!name || !layout || rank < 0 || (rank > 0 && (!dims || !image.bytes(*dims, rank * sizeof(int64_t)))))
      return damaged();
    tensor.name = name->str();
    tensor.layout = layout->str();
    for (int32_t axis = 0; axis < rank; ++axis)
      tensor.shape.push_back(*image.read<int64_t>(*dims + axis * sizeof(int64_t)));
    tensor.type = *image.read<int32_t>(at + offsetof(narrow_tensor, type));
    tensor.codeType = *image.read<int32_t>(at + offsetof(narrow_tensor, code_type));
    tensor.zeroPoint = *image.read<int32_t>(at + offsetof(narrow_tensor, zero_point));
    tensor.scale = *image.read<double>(at + offsetof(narrow_tensor, scale));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Error readInfo(const Image &image, Place base, ArtifactReport &report) {
  uint32_t version = *image.read<uint32_t>(base + offsetof(narrow_model_info, abi_version));
  if (version != NARROW_ABI_VERSION)
    return makeError("compiled for version " + Twine(version) +
                     " of the C interface, this program has version " + Twine(NARROW_ABI_VERSION) +
                     "; compile the model again");
  for (auto [field, text] : {std::pair(offsetof(narrow_model_info, name), &report.name),
                             std::pair(offsetof(narrow_model_info, compiler), &report.compiler),
                             std::pair(offsetof(narrow_model_info, triple), &report.triple),
                             std::pair(offsetof(narrow_model_info, cpu), &report.cpu),
                             std::pair(offsetof(narrow_model_info, isa), &report.isa),
                             std::pair(offsetof(narrow_model_info, features), &report.features),
                             std::pair(offsetof(narrow_model_info, manifest), &report.manifest)})
    *text = image.string(base + field)->str();
  report.arenaSize = *image.read<uint64_t>(base + offsetof(narrow_model_info, arena_size));
  report.arenaAlignment = *image.read<uint64_t>(base + offsetof(narrow_model_info, arena_alignment));
  report.weightsSize = *image.read<uint64_t>(base + offsetof(narrow_model_info, weights_size));
  for (auto [field, count, tensors] :
       {std::tuple(offsetof(narrow_model_info, inputs), offsetof(narrow_model_info, input_count),
                   &report.inputs),
        std::tuple(offsetof(narrow_model_info, outputs), offsetof(narrow_model_info, output_count),
                   &report.outputs)}) {
    auto read = readTensors(image, base + field, *image.read<int32_t>(base + count));
    if (!read)
      return read.takeError();
    *tensors = std::move(*read);
  }
  int32_t observers = *image.read<int32_t>(base + offsetof(narrow_model_info, observer_count));
  std::optional<Place> first = image.pointer(base + offsetof(narrow_model_info, observers));
  for (int32_t i = 0; i < observers; ++i) {
    auto id = first ? image.string(*first + i * sizeof(void *)) : std::nullopt;
    if (!id)
      return makeError("the description of the model is damaged");
    report.observers.push_back(id->str());
  }
  return Error::success();
}

/// The prefix of the model's C functions.
Expected<std::string> findPrefix(const object::ELFObjectFileBase &file) {
  std::set<std::string> names;
  auto collect = [&](auto &&symbols) -> Error {
    for (const object::ELFSymbolRef symbol : symbols) {
      Expected<uint32_t> flags = symbol.getFlags();
      if (!flags)
        return flags.takeError();
      if (!(*flags & object::SymbolRef::SF_Global) || (*flags & object::SymbolRef::SF_Undefined))
        continue;
      Expected<StringRef> name = symbol.getName();
      if (!name)
        return name.takeError();
      names.insert(name->str());
    }
    return Error::success();
  };
  // A stripped library has dynamic symbols only.
  if (Error error = collect(file.symbols()))
    return error;
  if (Error error = collect(file.getDynamicSymbolIterators()))
    return error;
  std::vector<std::string> prefixes;
  for (StringRef name : names)
    if (name.consume_back("_info") && names.count((name + "_run").str()) &&
        names.count((name + "_run_codes").str()))
      prefixes.push_back(name.str());
  if (prefixes.empty())
    return makeError(
        "not a compiled model: it has no functions <name>_info, <name>_run and <name>_run_codes; "
        "compile one with narrow-compile");
  if (prefixes.size() > 1)
    return makeError("holds several models (" + llvm::join(prefixes, ", ") +
                     "): report on each one's own file");
  return prefixes.front();
}

void countFloats(StringRef bytes, ArtifactReport &report) {
  Expected<narrow::FloatReport> counted = narrow::countFloatInstructions(
      bytes, [&](StringRef symbol) { return narrow::mustBeIntegerOnly(symbol, report.prefix); });
  if (!counted) {
    report.floatError = toString(counted.takeError());
    return;
  }
  report.floatInstructions = counted->uses.size();
  report.checkedFunctions = counted->functions;
  report.checkedInstructions = counted->instructions;
  report.floatSummary = counted->summary();
  for (const auto &use : counted->uses)
    ++report.floatFunctions[use.function];
}

Error inspect(const object::ELFObjectFileBase &file, StringRef bytes, ArtifactReport &report) {
  if (!isa<object::ELF64LEObjectFile>(file) ||
      (file.getEMachine() != ELF::EM_X86_64 && file.getEMachine() != ELF::EM_AARCH64))
    return makeError("not an x86-64 or AArch64 ELF file");
  report.isLibrary = file.getEType() == ELF::ET_DYN;
  if (!report.isLibrary && file.getEType() != ELF::ET_REL)
    return makeError("neither a shared library nor a relocatable object");
  report.architecture = Triple::getArchTypeName(file.makeTriple().getArch()).str();
  for (const object::SectionRef &section : file.sections())
    if (object::ELFSectionRef(section).getFlags() & ELF::SHF_EXECINSTR)
      report.codeSize += section.getSize();
  Expected<std::string> prefix = findPrefix(file);
  if (!prefix)
    return prefix.takeError();
  report.prefix = *prefix;
  Image image;
  if (Error error = image.load(file))
    return error;
  std::vector<Place> infos = findInfos(image);
  if (infos.size() != 1)
    return makeError(
        Twine(infos.empty() ? "has no description of a model" : "has several descriptions of models") +
        ": was it made by narrow-compile?");
  if (Error error = readInfo(image, infos.front(), report))
    return error;
  if (Expected<json::Value> manifest = json::parse(report.manifest)) {
    if (const json::Object *object = manifest->getAsObject()) {
      report.arenaLowerBound = object->getInteger("arena_lower_bound");
      report.emulatedISA = object->getString("emulated_isa").value_or("").str();
      if (const json::Value *accumulator = object->get("accumulator_bits"))
        report.accumulatorBits = *accumulator;
    }
  } else {
    consumeError(manifest.takeError()); // It is shown as text.
  }
  countFloats(bytes, report);
  return Error::success();
}

} // namespace

bool narrow::isArtifact(StringRef path) {
  file_magic magic;
  return path != "-" && !identify_magic(path, magic) && magic.is_object() &&
         llvm::is_contained({file_magic::elf, file_magic::elf_relocatable, file_magic::elf_executable,
                             file_magic::elf_shared_object, file_magic::elf_core},
                            magic);
}

Expected<ArtifactReport> narrow::inspectArtifact(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + buffer.getError().message());
  auto file = object::ObjectFile::createELFObjectFile(**buffer);
  if (!file)
    return makeError(path + ": not a compiled model: " + toString(file.takeError()) +
                     "; compile one with narrow-compile");
  ArtifactReport report;
  report.path = path.str();
  report.fileSize = (*buffer)->getBufferSize();
  if (Error error = inspect(cast<object::ELFObjectFileBase>(**file), (*buffer)->getBuffer(), report))
    return makeError(path + ": " + toString(std::move(error)));
  return report;
}

Error narrow::verifyIntegerOnly(const ArtifactReport &report) {
  if (!report.floatInstructions)
    return makeError(report.path + ": float arithmetic cannot be ruled out: " + report.floatError);
  if (*report.floatInstructions == 0)
    return Error::success();
  return makeError(report.path + ": " + Twine(*report.floatInstructions) +
                   " float arithmetic instructions in the integer part: " + report.floatSummary);
}
