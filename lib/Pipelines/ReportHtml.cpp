//===- ReportHtml.cpp - Reports as pages ----------------------------------===//
//
// A page is the JSON form of a report and a program that draws it. Everything
// is in the file: style, program and chart library (tools/cmake/EmbedText.cmake).
//
//===----------------------------------------------------------------------===//
#include "narrow/Pipelines/Report.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace narrow;

namespace narrow::page {
extern const char chartLibrary[], script[], style[];
} // namespace narrow::page

/// JSON inside of <script>: no text of a model may end the element or open a
/// comment. In JSON these characters occur in strings only, where they may be
/// written by number.
static void printEmbedded(llvm::raw_ostream &os, StringRef json) {
  for (char c : json)
    if (c == '<' || c == '>' || c == '&')
      os << llvm::formatv("\\u{0:x-4}", static_cast<unsigned>(c));
    else
      os << c;
}

void narrow::printPage(llvm::raw_ostream &os, llvm::json::Object report) {
  std::string json;
  llvm::raw_string_ostream(json) << llvm::json::Value(std::move(report));
  // The policy makes the browser refuse anything that is not in the page.
  os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
        "'unsafe-inline'; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>narrow-report</title>\n<style>\n"
     << page::style << "</style>\n</head>\n<body>\n<main id=\"page\"></main>\n"
     << "<script type=\"application/json\" id=\"report\">";
  printEmbedded(os, json);
  os << "</script>\n<script>\n"
     << page::chartLibrary << "\n</script>\n<script>\n"
     << page::script << "</script>\n</body>\n</html>\n";
}
