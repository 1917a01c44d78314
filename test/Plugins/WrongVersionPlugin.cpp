//===- WrongVersionPlugin.cpp - Plugins of an MLIR to come ----------------===//
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" ::mlir::DialectPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION + 1, "WrongVersion", "1", [](mlir::DialectRegistry *) {}};
}

extern "C" ::mlir::PassPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION + 1, "WrongVersion", "1", [] {}};
}
