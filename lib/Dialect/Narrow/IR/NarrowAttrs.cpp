//===- NarrowAttrs.cpp - Attributes of the narrow dialect -----------------===//
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

#include "narrow/Dialect/Narrow/IR/NarrowEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "narrow/Dialect/Narrow/IR/NarrowAttrs.cpp.inc"

void NarrowDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "narrow/Dialect/Narrow/IR/NarrowAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// RangeAttr: <min = [..], max = [..](, from = method "mse")?>
//===----------------------------------------------------------------------===//

static ParseResult parseDoubles(AsmParser &parser, SmallVectorImpl<double> &out) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parser.parseFloat(out.emplace_back()); });
}

/// Prints the shortest text that reads back as the same double.
static void printDoubles(AsmPrinter &printer, ArrayRef<double> values) {
  printer << '[';
  llvm::interleaveComma(values, printer.getStream(), [&](double v) { printer.printFloat(APFloat(v)); });
  printer << ']';
}

Attribute RangeAttr::parse(AsmParser &parser, Type) {
  SmallVector<double> min, max;
  RangeOrigin origin = RangeOrigin::Extrema;
  std::string source;
  if (parser.parseLess() || parser.parseKeyword("min") || parser.parseEqual() || parseDoubles(parser, min) ||
      parser.parseComma() || parser.parseKeyword("max") || parser.parseEqual() || parseDoubles(parser, max))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    StringRef word;
    if (parser.parseKeyword("from") || parser.parseEqual())
      return {};
    SMLoc location = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return {};
    std::optional<RangeOrigin> known = symbolizeRangeOrigin(word);
    if (!known) {
      parser.emitError(location) << "unknown origin of a range '" << word << "'";
      return {};
    }
    origin = *known;
    if ((origin == RangeOrigin::Method || origin == RangeOrigin::Tool) && parser.parseString(&source))
      return {};
  }
  if (parser.parseGreater())
    return {};
  Builder builder(parser.getContext());
  return parser.getChecked<RangeAttr>(parser.getContext(), builder.getDenseF64ArrayAttr(min),
                                      builder.getDenseF64ArrayAttr(max), origin, source);
}

void RangeAttr::print(AsmPrinter &printer) const {
  printer << "<min = ";
  printDoubles(printer, getMin());
  printer << ", max = ";
  printDoubles(printer, getMax());
  if (getOrigin() != RangeOrigin::Extrema)
    printer << ", from = " << stringifyRangeOrigin(getOrigin());
  if (!getSource().empty()) {
    printer << ' ';
    printer.printString(getSource());
  }
  printer << '>';
}

LogicalResult RangeAttr::verify(function_ref<InFlightDiagnostic()> emitError, DenseF64ArrayAttr minima,
                                DenseF64ArrayAttr maxima, RangeOrigin origin, StringRef source) {
  bool isNamed = origin == RangeOrigin::Method || origin == RangeOrigin::Tool;
  if (isNamed == source.empty())
    return emitError() << "a range from a method or a tool needs its name, and others have none";
  ArrayRef<double> min = minima.asArrayRef(), max = maxima.asArrayRef();
  if (min.empty() || min.size() != max.size())
    return emitError() << "range needs as many minima as maxima, at least one; got " << min.size() << " and "
                       << max.size();
  for (auto [index, lo, hi] : llvm::enumerate(min, max))
    if (!(lo <= hi) || !std::isfinite(lo) || !std::isfinite(hi))
      return emitError() << "range " << index << " is not a finite interval: [" << lo << ", " << hi << "]";
  return success();
}

//===----------------------------------------------------------------------===//
// SchemeAttr: <8 bits, asymmetric(, restricted)?, per_channel(, axis = 0)?(, group = 32)?(, format = log2)?>
//===----------------------------------------------------------------------===//

Attribute SchemeAttr::parse(AsmParser &parser, Type) {
  unsigned bits = 0;
  bool symmetric = false, restricted = false;
  int64_t axis = -1, group = 0;
  CodeFormat format = CodeFormat::Uniform;
  StringRef keyword;
  SMLoc where;
  if (parser.parseLess() || parser.parseInteger(bits) || parser.parseKeyword("bits") || parser.parseComma())
    return {};
  where = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return {};
  if (keyword != "symmetric" && keyword != "asymmetric")
    return parser.emitError(where, "expected 'symmetric' or 'asymmetric'"), Attribute();
  symmetric = keyword == "symmetric";
  if (parser.parseComma())
    return {};
  where = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return {};
  if (keyword == "restricted") {
    restricted = true;
    if (parser.parseComma())
      return {};
    where = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return {};
  }
  auto granularity = symbolizeGranularityKind(keyword);
  if (!granularity)
    return parser.emitError(where, "expected 'per_tensor', 'per_channel', 'per_group', 'per_vector', "
                                   "'per_cluster' or 'per_token'"),
           Attribute();
  while (succeeded(parser.parseOptionalComma())) {
    where = parser.getCurrentLocation();
    int64_t value;
    if (parser.parseKeyword(&keyword) || parser.parseEqual())
      return {};
    if (keyword == "format") {
      where = parser.getCurrentLocation();
      if (parser.parseKeyword(&keyword))
        return {};
      auto symbol = symbolizeCodeFormat(keyword);
      if (!symbol)
        return parser.emitError(where, "'" + keyword + "' is no format of codes"), Attribute();
      format = *symbol;
      continue;
    }
    if (parser.parseInteger(value))
      return {};
    if (keyword == "axis")
      axis = value;
    else if (keyword == "group")
      group = value;
    else
      return parser.emitError(where, "expected 'axis', 'group' or 'format'"), Attribute();
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<SchemeAttr>(parser.getContext(), bits, symmetric, restricted, *granularity, axis,
                                       group, format);
}

void SchemeAttr::print(AsmPrinter &printer) const {
  printer << '<' << getBits() << " bits, " << (getSymmetric() ? "symmetric" : "asymmetric");
  if (getRestricted())
    printer << ", restricted";
  printer << ", " << stringifyGranularityKind(getGranularity());
  if (getAxis() >= 0)
    printer << ", axis = " << getAxis();
  if (getGroup() > 0)
    printer << ", group = " << getGroup();
  if (getFormat() != CodeFormat::Uniform)
    printer << ", format = " << stringifyCodeFormat(getFormat());
  printer << '>';
}

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned bits, bool symmetric,
                                 bool restricted, GranularityKind granularity, int64_t axis, int64_t group,
                                 CodeFormat format) {
  if (bits < 1 || bits > 32)
    return emitError() << "scheme bits must be 1 to 32, got " << bits;
  if (restricted && !symmetric)
    return emitError() << "the restricted range is for symmetric schemes";
  bool perToken = granularity == GranularityKind::PerToken,
       withoutAxis = perToken || granularity == GranularityKind::PerTensor;
  if (withoutAxis != (axis < 0))
    return emitError() << (withoutAxis ? "per_tensor and per_token take no axis"
                                       : "all but per_tensor and per_token need an axis of 0 or more");
  if (perToken && (!symmetric || !restricted || bits < 2 || bits > 8 || format != CodeFormat::Uniform))
    return emitError() << "per_token is for symmetric, restricted codes of 2 to 8 bits";
  if ((withoutAxis || granularity == GranularityKind::PerChannel) == (group > 0))
    return emitError() << "group is for per_group, per_vector and per_cluster, which need it";
  if (format != CodeFormat::Uniform && format != CodeFormat::PowerOfTwo && !symmetric)
    return emitError() << "the format '" << stringifyCodeFormat(format) << "' is symmetric";
  return success();
}
