//===- VerifyVector.cpp - The contract of the vector stage ----------------===//
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Target/CPU/Passes.h"
#include "narrow/Target/CPU/TargetDescription.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWVERIFYVECTOR
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

/// Memory is static and plain, vectors are registers.
bool isLegalType(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return memref.hasStaticShape() && memref.getLayout().isIdentity();
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getRank() == 1 && !vector.isScalable();
  return type.isIntOrIndexOrFloat() || isa<LLVM::LLVMPointerType, LLVM::LLVMX86AMXType>(type);
}

struct VerifyVector : impl::NarrowVerifyVectorBase<VerifyVector> {
  using NarrowVerifyVectorBase::NarrowVerifyVectorBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(requireStage(module, {Stage::Vector}, StageUser::Verifier)))
      return signalPassFailure();
    for (StringRef name : {attrs::arenaSize, attrs::arenaAlignment})
      if (!module->getAttrOfType<IntegerAttr>(name)) {
        module.emitError() << "has no attribute " << name << ": run --narrow-vector-pipeline";
        return signalPassFailure();
      }
    if (failed(TargetDescription::get(module)))
      return signalPassFailure();

    ConversionTarget target(getContext());
    target.addLegalOp<ModuleOp>();
    target.addDynamicallyLegalDialect<func::FuncDialect, arith::ArithDialect, math::MathDialect,
                                      scf::SCFDialect, vector::VectorDialect, LLVM::LLVMDialect>(
        [](Operation *op) {
          return llvm::all_of(op->getResultTypes(), isLegalType) &&
                 llvm::all_of(op->getOperandTypes(), isLegalType);
        });
    // No allocation: the arena is given. A kernel may have a little on its stack.
    target.addDynamicallyLegalDialect<memref::MemRefDialect>([](Operation *op) {
      return !llvm::isa<memref::AllocOp, memref::DeallocOp, memref::CopyOp>(op) &&
             llvm::all_of(op->getResultTypes(), isLegalType);
    });
    if (failed(applyFullConversion(module, target, FrozenRewritePatternSet())))
      signalPassFailure();
  }
};

} // namespace
} // namespace narrow
