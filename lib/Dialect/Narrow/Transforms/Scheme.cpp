//===- Scheme.cpp - The text form of quantization schemes -----------------===//
#include "narrow/Dialect/Narrow/Transforms/Scheme.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::narrow;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Expected<Scheme> mlir::narrow::parseScheme(StringRef text) {
  std::string lower = text.lower(); // W8A8 is the other usual spelling.
  StringRef rest = lower;
  Scheme scheme;
  if (rest == "float") {
    scheme.keepFloat = true;
    return scheme;
  }
  bool parsed = rest.consume_front("w") && !rest.consumeInteger(10, scheme.weightBits);
  if (parsed)
    scheme.perTensorWeight = rest.consume_front("pt");
  parsed =
      parsed && rest.consume_front("a") && !rest.consumeInteger(10, scheme.activationBits) && rest.empty();
  if (!parsed || scheme.weightBits < 4 || scheme.weightBits > 8 || scheme.activationBits != 8)
    return makeError("scheme '" + text +
                     "' is not supported; accepted: w<4 to 8>a8, as in w8a8 or w4a8 (one "
                     "weight scale for each "
                     "output channel), w<4 to 8>pta8 (one for the whole weight), and float");
  return scheme;
}

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
