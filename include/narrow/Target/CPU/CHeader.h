//===- CHeader.h - The C header of a compiled model -------------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_CHEADER_H
#define NARROW_TARGET_CPU_CHEADER_H

#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/ModelInterface.h"

namespace narrow {

/// A C identifier made of a file's stem: "resnet50-v1.5" is "resnet50_v1_5".
std::string makeSymbolPrefix(StringRef stem);

/// An error unless `prefix` (--name) can begin the names of C functions.
llvm::Error checkSymbolPrefix(StringRef prefix);

/// The text of m.h: the shared structs (once, however many headers are
/// included), constants, and the declarations of this model.
llvm::Expected<std::string> generateCHeader(const ModelDescription &model, const ModelIdentity &identity);

} // namespace narrow

#endif
