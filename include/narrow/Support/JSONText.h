//===- JSONText.h - Checks before a JSON text is parsed ---------*- C++ -*-===//
#ifndef NARROW_SUPPORT_JSONTEXT_H
#define NARROW_SUPPORT_JSONTEXT_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace narrow {

/// Faults of `text` that llvm::json does not report, or not well: "is cut short: ...", "nests too deep";
/// empty if there are none. llvm::json recurses into nested values (a text of only brackets would exhaust the
/// stack; ours nest five deep) and keeps one of two fields with the same name.
std::string findJSONFault(llvm::StringRef text);

} // namespace narrow

#endif
