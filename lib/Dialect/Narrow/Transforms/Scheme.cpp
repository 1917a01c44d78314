//===- Scheme.cpp - The text form of quantization schemes -----------------===//
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace narrow;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {

/// A format of weights.
struct FormatName {
  StringRef name; ///< what stands between 'w' and the bits
  CodeFormat format;
  /// Bits that may be asked for. Equal: the name says it, no number follows.
  unsigned minBits, maxBits;
  StringRef granularities; ///< which letters may follow the bits
  /// For 'g': the elements of a group if no number is given; 0: the number is needed.
  unsigned block = 0;
};

/// Reads one scheme from left to right.
class SchemeParser {
public:
  explicit SchemeParser(StringRef text) : text(text), lower(text.lower()), rest(lower) {}
  llvm::Expected<Scheme> parse();

private:
  llvm::Error parseWeight();
  llvm::Error parseGranularity();
  llvm::Error parseActivation();
  /// `also`: one number of bits more, or 0.
  llvm::Error parseBits(unsigned &bits, StringRef of, unsigned min, unsigned max, unsigned also = 0);
  /// `what` is wrong; then the forms that are not.
  llvm::Error fail(const Twine &what) const;

  StringRef text;
  std::string lower; ///< W8A8 is the other usual spelling.
  StringRef rest;
  const FormatName *format = nullptr;
  Scheme scheme;
};

} // namespace

/// In the order in which they are tried: no name before one that it begins.
static constexpr FormatName kFormats[] = {
    {"pot", CodeFormat::PowerOfTwo, 2, 8, "pc"},
    {"nf", CodeFormat::NormalFloat, 2, 4, "pg"},
    {"cb", CodeFormat::Codebook, 2, 6, "p"},
    {"bal", CodeFormat::Balanced, 2, 6, "p"},
    {"logsqrt", CodeFormat::LogSqrt, 2, 5, "p"},
    {"log", CodeFormat::Log, 2, 5, "p"},
    {"mxint8", CodeFormat::MXInt8, 8, 8, "g", 32},
    {"mxfp8e5m2", CodeFormat::MXFP8E5M2, 8, 8, "g", 32},
    {"mxfp8e4m3", CodeFormat::MXFP8E4M3, 8, 8, "g", 32},
    {"mxfp6e3m2", CodeFormat::MXFP6E3M2, 6, 6, "g", 32},
    {"mxfp6e2m3", CodeFormat::MXFP6E2M3, 6, 6, "g", 32},
    {"mxfp4", CodeFormat::MXFP4, 4, 4, "g", 32},
    {"smx9", CodeFormat::SMX9, 9, 9, "", 16},
    {"smx6", CodeFormat::SMX6, 6, 6, "", 16},
    {"smx4", CodeFormat::SMX4, 4, 4, "", 16},
    {"t", CodeFormat::Ternary, 2, 2, "p"},
    {"b", CodeFormat::Binary, 1, 1, "p"},
    {"", CodeFormat::Uniform, 2, 8, "pgvc"},
};

static constexpr StringLiteral kAccepted =
    "accepted: w<2 to 8>[pt|g<n>|v<n>|c<n>]a<b|2 to 8[pot|t]|16[pot]>, formats after w: pot<2 to "
    "8>[pt|c<n>], "
    "nf<2 to 4>[pt|g<n>], cb<2 to 6>[pt], bal<2 to 6>[pt], log<2 to 5>[pt], logsqrt<2 to 5>[pt], t[pt], "
    "b[pt], "
    "mxint8, mxfp8e4m3, mxfp8e5m2, mxfp6e2m3, mxfp6e3m2, mxfp4 (each [g<n>]), smx9, smx6, smx4; float";

llvm::Error SchemeParser::fail(const Twine &what) const {
  return makeError("scheme '" + text + "': " + what + "; " + kAccepted);
}

llvm::Error SchemeParser::parseBits(unsigned &bits, StringRef of, unsigned min, unsigned max, unsigned also) {
  StringRef digits = rest.take_while(llvm::isDigit);
  if (digits.empty())
    return fail("the number of bits of the " + of + " is missing" +
                (rest.empty() ? Twine(" at the end") : " before '" + rest + "'"));
  bool isNumber = !digits.getAsInteger(10, bits);
  if (!isNumber || ((bits < min || bits > max) && bits != also))
    return fail(of + " of " + digits + " bits are not supported, " + Twine(min) + " to " + Twine(max) +
                (also ? " and " + std::to_string(also) : std::string()) + " are");
  rest = rest.drop_front(digits.size());
  return llvm::Error::success();
}

llvm::Error SchemeParser::parseWeight() {
  for (const FormatName &candidate : kFormats) {
    if (!rest.consume_front(candidate.name))
      continue;
    format = &candidate;
    scheme.weightFormat = format->format;
    if (format->minBits != format->maxBits)
      return parseBits(scheme.weightBits, "weights", format->minBits, format->maxBits);
    scheme.weightBits = format->minBits;
    return llvm::Error::success();
  }
  llvm_unreachable("the uniform format has no name");
}

llvm::Error SchemeParser::parseGranularity() {
  if (format->block) {
    scheme.weightGranularity = GranularityKind::PerGroup;
    scheme.weightGroup = format->block;
  }
  static constexpr std::tuple<StringLiteral, GranularityKind, StringLiteral> kinds[] = {
      {"pt", GranularityKind::PerTensor, ""},
      {"g", GranularityKind::PerGroup, "group"},
      {"v", GranularityKind::PerVector, "vector"},
      {"c", GranularityKind::PerCluster, "cluster"},
  };
  for (auto [letters, kind, what] : kinds) {
    if (!rest.consume_front(letters))
      continue;
    if (!format->granularities.contains(letters[0]))
      return fail("'" + letters + "' is no choice for the format '" + format->name + "'");
    scheme.weightGranularity = kind;
    if (kind == GranularityKind::PerTensor)
      return llvm::Error::success();
    StringRef digits = rest.take_while(llvm::isDigit);
    if (digits.getAsInteger(10, scheme.weightGroup) || scheme.weightGroup < 1 || scheme.weightGroup > 1 << 20)
      return fail(
          "'" + letters + digits + "' needs a number from 1 to 1048576: " +
          (kind == GranularityKind::PerCluster ? "the clusters of channels" : "the weights of a " + what));
    rest = rest.drop_front(digits.size());
    // 63 and 127 have no room for a factor within 8 bits.
    if (kind == GranularityKind::PerVector && scheme.weightBits > 6)
      return fail("scales of vectors (v) need weights of at most 6 bits, or a group (g)");
    return llvm::Error::success();
  }
  return llvm::Error::success();
}

llvm::Error SchemeParser::parseActivation() {
  if (!rest.consume_front("a"))
    return fail(rest.empty() ? Twine("the part for activations (a<bits>) is missing")
                             : "'" + rest + "' is neither a group of weights nor a<bits>");
  if (rest == "b") {
    scheme.activationsBinary = true;
    return llvm::Error::success();
  }
  if (llvm::Error error = parseBits(scheme.activationBits, "activations", 2, 8, kWordBits))
    return error;
  if (rest.consume_front("pot"))
    scheme.activationFormat = CodeFormat::PowerOfTwo;
  else
    scheme.activationsPerToken = rest.consume_front("t");
  if (scheme.activationsPerToken && scheme.activationBits > 8)
    return fail("scales for each token (t) are for activations of 2 to 8 bits");
  return rest.empty() ? llvm::Error::success() : fail("'" + rest + "' follows the scheme");
}

llvm::Expected<Scheme> SchemeParser::parse() {
  if (rest == "float") {
    scheme.keepFloat = true;
    return scheme;
  }
  if (!rest.consume_front("w"))
    return fail("it does not begin with w");
  if (llvm::Error error = parseWeight())
    return error;
  if (llvm::Error error = parseGranularity())
    return error;
  if (llvm::Error error = parseActivation())
    return error;
  return scheme;
}

numerics::CodeRange narrow::getUniformCodes(SchemeAttr scheme) {
  return scheme.isPerToken() ? numerics::CodeRange::signedBits(kWordBits, /*restricted=*/false)
                             : numerics::CodeRange::signedBits(scheme.getBits(), scheme.getRestricted());
}

llvm::Expected<Scheme> narrow::parseScheme(StringRef text) { return SchemeParser(text).parse(); }

llvm::Expected<SchemeRules> SchemeRules::parse(StringRef scheme, ArrayRef<std::string> overrides) {
  SchemeRules rules;
  llvm::Expected<Scheme> fallback = parseScheme(scheme);
  if (!fallback)
    return fallback.takeError();
  if (fallback->keepFloat)
    return makeError("scheme 'float' is for overrides: a network that stays "
                     "float is not quantized");
  rules.fallback = *fallback;
  auto parsed = PatternRules<Scheme>::parse({"override", "scheme"}, overrides, parseScheme);
  if (!parsed)
    return parsed.takeError();
  rules.overrides = std::move(*parsed);
  return rules;
}

SchemeRules::Match SchemeRules::match(ArrayRef<StringRef> ids) {
  if (auto match = overrides.match(ids))
    return {match->value, match->text};
  return {fallback, {}};
}
