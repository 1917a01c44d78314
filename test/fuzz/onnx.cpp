//===- onnx.cpp - Fuzz target of the ONNX importer ------------------------===//
//
// Any bytes must give a module that verifies or an error, in bounded memory.
// The models of test/Import/Inputs are the seeds:
//   fuzz-onnx corpus test/Import/Inputs -max_total_time=120 -max_len=8192 -rss_limit_mb=2048
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "narrow/Import/ONNX/Import.h"
#include <cstdlib>

using namespace mlir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A context keeps every attribute that was ever made; a fresh one each time
  // is what bounds memory.
  MLIRContext context(MLIRContext::Threading::DISABLED);
  bool reported = false;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    reported |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
  });
  llvm::MemoryBufferRef buffer(StringRef(reinterpret_cast<const char *>(data), size), "fuzz/model.onnx");
  OwningOpRef<ModuleOp> module = narrow::importONNX(buffer, context);
  if (module ? failed(verify(*module)) : !reported)
    abort(); // No module needs an error; a module must verify.
  return 0;
}
