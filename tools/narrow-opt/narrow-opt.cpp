//===- narrow-opt.cpp - Runs passes and pipelines on IR files -------------===//
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "narrow/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  narrow::registerAllDialects(registry);
  narrow::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Narrow's pass driver\n", registry));
}
