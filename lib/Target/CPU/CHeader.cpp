//===- CHeader.cpp - The C header of a compiled model ---------------------===//
#include "narrow/Target/CPU/CHeader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;

namespace narrow {
namespace {

/// The text of Runtime/Model.h.
constexpr char modelHeader[] =
#include "narrow/Runtime/Model.h.inc"
    ;

StringRef getTypeName(narrow_type type) {
  switch (type) {
  case NARROW_F32:
    return "float";
  case NARROW_F64:
    return "double";
  case NARROW_I8:
    return "int8_t";
  case NARROW_U8:
    return "uint8_t";
  case NARROW_I16:
    return "int16_t";
  case NARROW_U16:
    return "uint16_t";
  case NARROW_I32:
    return "int32_t";
  case NARROW_I64:
    return "int64_t";
  case NARROW_NONE:
    break;
  }
  return "void";
}

/// Text for a comment: names come from files and may hold anything.
std::string quote(StringRef text) {
  std::string result;
  for (char c : text)
    result += isprint((unsigned char)c) && c != '*' && c != '\\' ? c : '?';
  return result;
}

/// A macro's value that reads back as the same number.
std::string formatDouble(double value) {
  char text[40];
  for (int digits = 6; digits <= 17; ++digits) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, nullptr) == value)
      break;
  }
  std::string result = text;
  if (StringRef(result).find_first_of(".e") == StringRef::npos)
    result += ".0";
  return result;
}

void writeTensors(llvm::raw_ostream &os, ArrayRef<TensorDescription> tensors, StringRef prefix,
                  StringRef kind, bool hasCodes) {
  os << "#define " << prefix << "_" << kind << "_COUNT " << tensors.size() << "\n";
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    std::string name = (prefix + "_" + kind + "_" + Twine(i)).str();
    os << "\n/* " << (kind == "INPUT" ? "in[" : "out[") << i << "]: '" << quote(tensor.name) << "', "
       << getTypeName(tensor.type) << "["
       << llvm::join(llvm::map_range(tensor.shape, [](int64_t dim) { return std::to_string(dim); }), "][")
       << "]" << (tensor.layout.empty() ? "" : ", " + quote(tensor.layout));
    if (hasCodes)
      os << "; codes are " << getTypeName(tensor.codeType);
    os << " */\n#define " << name << "_SIZE " << tensor.count << " /* elements */\n";
    if (hasCodes && tensor.scale > 0)
      os << "#define " << name << "_SCALE " << formatDouble(tensor.scale) << "\n"
         << "#define " << name << "_ZERO_POINT " << (tensor.zeroPoint < 0 ? "(" : "") << tensor.zeroPoint
         << (tensor.zeroPoint < 0 ? ")" : "") << "\n";
  }
}

} // namespace

std::string makeSymbolPrefix(StringRef stem) {
  std::string prefix;
  for (char c : stem)
    prefix += llvm::isAlnum(c) ? c : '_';
  if (prefix.empty() || llvm::isDigit(prefix.front()) || prefix.front() == '_')
    prefix = "model_" + prefix;
  if (llvm::Error error = checkSymbolPrefix(prefix)) { // the names of the shared structs
    llvm::consumeError(std::move(error));
    prefix = "model_" + prefix;
  }
  return prefix;
}

llvm::Error checkSymbolPrefix(StringRef prefix) {
  auto makeError = [&](const Twine &reason) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "--name: '" + prefix +
                                       "' cannot begin the names of C functions: " + reason);
  };
  if (prefix.empty())
    return makeError("it is empty");
  if (!llvm::all_of(prefix, [](char c) { return llvm::isAlnum(c) || c == '_'; }))
    return makeError("use letters, digits and '_' only, e.g. '" + makeSymbolPrefix(prefix) + "'");
  if (llvm::isDigit(prefix.front()))
    return makeError("a C identifier does not begin with a digit");
  if (prefix.front() == '_')
    return makeError("names that begin with '_' belong to the C implementation");
  if (prefix == "narrow" || prefix == "narrow_model")
    return makeError("the structs of every model's header are named so");
  return llvm::Error::success();
}

llvm::Expected<std::string> generateCHeader(const ModelDescription &model, const ModelIdentity &identity) {
  if (llvm::Error error = checkSymbolPrefix(identity.prefix))
    return error;
  const std::string &p = identity.prefix;
  std::string upper = StringRef(p).upper(), text;
  llvm::raw_string_ostream os(text);
  os << "/* The model '" << quote(identity.name) << "', compiled by " << getCompilerVersion() << "\n * for "
     << quote(identity.triple) << ", CPU " << quote(identity.cpu) << ", ISA " << quote(identity.isa)
     << ". Generated; do not edit. */\n"
     << "#ifndef NARROW_MODEL_HEADER_" << p << "\n#define NARROW_MODEL_HEADER_" << p << "\n\n"
     << StringRef(modelHeader).ltrim() << "\n"
     << "#if NARROW_ABI_VERSION != " << NARROW_ABI_VERSION << "\n"
     << "#error \"" << p
     << ".h and another model's header are of different versions of the "
        "compiler\"\n"
     << "#endif\n\n"
     << "#define " << upper << "_ARENA_SIZE " << model.arenaSize << " /* bytes */\n"
     << "#define " << upper << "_ARENA_ALIGNMENT " << model.arenaAlignment << "\n\n";
  writeTensors(os, model.inputs, upper, "INPUT", model.hasCodes);
  os << "\n";
  writeTensors(os, model.outputs, upper, "OUTPUT", model.hasCodes);
  os << R"(
#ifdef __cplusplus
extern "C" {
#endif

/* The description of the model; constant. */
const struct narrow_model_info *)"
     << p << R"(_info(void);

/* Runs the model. in[i] points to the elements of input i, out[i] to room for those of
 * output i; arena to at least )"
     << upper << R"(_ARENA_SIZE bytes of scratch memory, aligned to
 * )" << upper
     << R"(_ARENA_ALIGNMENT; size is the arena's. Nothing is kept in the arena between calls, and
 * outputs may not overlap inputs. Returns NARROW_OK, or another enum narrow_status and
 * writes nothing. Tensors whose type is not NARROW_F32 are passed as they are, cast. */
int )"
     << p << R"(_run(const float *const *in, float *const *out, void *arena, size_t size);

)";
  if (model.hasCodes)
    os << "/* The same on codes: real value = scale * (code - zero point). No "
          "float arithmetic is done. */\n";
  else
    os << "/* This model is not quantized: returns NARROW_ERROR_NO_CODES. */\n";
  os << "int " << p
     << "_run_codes(const void *const *in, void *const *out, void *arena, "
        "size_t size);\n";
  if (model.threads > 1)
    os << "\n/* The same on up to " << model.threads << " threads. */\nint " << p
       << "_run_threads(const float *const *in, float *const *out, void *arena, size_t size,\n"
       << "    const struct narrow_threads *threads);\nint " << p
       << "_run_codes_threads(const void *const *in, void *const *out, void *arena, size_t size,\n"
       << "    const struct narrow_threads *threads);\n";
  if (model.observed)
    os << "\n/* " << p << "_run, and observer->fn gets each of the info's " << model.observers.size()
       << " observed tensors as it is computed. */\nint " << p
       << "_observe(const float *const *in, float *const *out, void *arena, "
          "size_t size,\n"
       << "    const struct narrow_observer *observer);\n";
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}

} // namespace narrow
