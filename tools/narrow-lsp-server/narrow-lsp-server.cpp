//===- narrow-lsp-server.cpp - Editor support for Narrow's IR -------------===//
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "narrow/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  narrow::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
