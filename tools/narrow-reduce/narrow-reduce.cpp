//===- narrow-reduce.cpp - Makes an IR file that fails smaller ------------===//
#include "mlir/Reducer/Passes.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "narrow/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  narrow::registerAllDialects(registry);
  narrow::registerAllPasses();
  mlir::registerReducerPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
