//===- JSONText.h - Checks before a JSON text is parsed ---------*- C++ -*-===//
#ifndef NARROW_SUPPORT_JSONTEXT_H
#define NARROW_SUPPORT_JSONTEXT_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace narrow {

/// What llvm::json does not say of `text`, or not well: "is cut short: ...", "nests too deep"; empty if there
/// is nothing. It recurses into nested values (text of brackets alone would exhaust the stack; ours nest five
/// deep) and keeps one of two fields that have the same name.
std::string findJSONFault(llvm::StringRef text);

} // namespace narrow

#endif
