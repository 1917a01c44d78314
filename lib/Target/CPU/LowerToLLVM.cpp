//===- LowerToLLVM.cpp - Vector stage to LLVM dialect ---------------------===//
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "narrow/Analysis/Stage.h"
#include "narrow/Target/CPU/Emit.h"

using namespace mlir;

namespace narrow {
#define GEN_PASS_DEF_NARROWLOWERTOLLVM
#include "narrow/Target/CPU/Passes.h.inc"

namespace {

/// math ops that LLVM would turn into calls of libm. Those that exist as
/// instructions (sqrt, fma, rounding) stay.
LogicalResult expandMath(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  math::populateExpansionPatterns(patterns, {"acosh", "asinh", "atanh", "cosh", "exp2", "fpowi", "ipowi",
                                             "powf", "rsqrt", "sinh", "tan", "clampf", "sincos"});
  static constexpr StringLiteral approximated[] = {"acos", "asin",  "atan", "atan2", "cbrt",
                                                   "cos",  "erf",   "erfc", "exp",   "expm1",
                                                   "log",  "log1p", "log2", "sin",   "tanh"};
  auto isApproximated = [](StringRef name) {
    name.consume_front("math.");
    return llvm::is_contained(approximated, name);
  };
  populateMathF32ExpansionPatterns(patterns, isApproximated);
  populateMathPolynomialApproximationPatterns(patterns, isApproximated);
  return applyPatternsGreedily(module, std::move(patterns));
}

/// The upstream passes, in an order in which each finds what it can lower.
void addConversions(OpPassManager &pm) {
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions func;
  func.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(func));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

/// Makes a constant an array of bytes: LLVM keeps larger elements one by one.
/// Pointers to it do not care about its type. Large ones are not copied.
void flattenConstant(LLVM::GlobalOp global) {
  auto type = dyn_cast_or_null<ShapedType>(
      global.getValueOrNull() ? cast<TypedAttr>(*global.getValue()).getType() : Type());
  if (!type || !type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8 != 0)
    return;
  MLIRContext *context = global.getContext();
  int64_t size = type.getNumElements() * (type.getElementTypeBitWidth() / 8);
  auto bytes = RankedTensorType::get(size, IntegerType::get(context, 8));
  Attribute value;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(*global.getValue())) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob();
        !blob || (int64_t)blob->getData().size() != size)
      return; // reported by the translation
    value = DenseResourceElementsAttr::get(bytes, resource.getRawHandle());
  } else if (auto dense = dyn_cast<DenseElementsAttr>(*global.getValue())) {
    if (dense.isSplat() || (int64_t)dense.getRawData().size() != size)
      return; // a splat is short already
    constexpr int64_t smallSize = 4096;
    if (size <= smallSize) {
      value = DenseElementsAttr::getFromRawBuffer(bytes, dense.getRawData());
    } else {
      // The blob refers to the attribute, which lives as long: in the context.
      auto blob = UnmanagedAsmResourceBlob::allocateInferAlign(dense.getRawData());
      value = DenseResourceElementsAttr::get(bytes, global.getSymName(), std::move(blob));
    }
  } else {
    return;
  }
  global.setValueAttr(value);
  global.setGlobalType(LLVM::LLVMArrayType::get(IntegerType::get(context, 8), size));
}

struct LowerToLLVM : impl::NarrowLowerToLLVMBase<LowerToLLVM> {
  using NarrowLowerToLLVMBase::NarrowLowerToLLVMBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    NarrowLowerToLLVMBase::getDependentDialects(registry);
    OpPassManager pm(ModuleOp::getOperationName());
    addConversions(pm);
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), {Stage::Vector})))
      return signalPassFailure();
    ModuleOp module = getOperation();
    OpPassManager pm(ModuleOp::getOperationName());
    addConversions(pm);
    if (failed(checkInput(module)) || failed(expandMath(module)) || failed(runPipeline(pm, module)) ||
        failed(checkResult(module)))
      return signalPassFailure();

    for (auto global : module.getOps<LLVM::GlobalOp>()) {
      flattenConstant(global);
      global.setLinkage(LLVM::Linkage::Private);
      if (auto array = dyn_cast<LLVM::LLVMArrayType>(global.getGlobalType());
          array && array.getElementType().isInteger(8))
        numConstantBytes += array.getNumElements();
    }
    for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue; // an intrinsic
      function.setLinkage(LLVM::Linkage::Internal);
      function.setDsoLocal(true);
      function.setNoUnwind(true);
      // One function per kernel in disassembly and profiles; helpers that a
      // kernel calls may still be marked otherwise.
      if (!function.getAlwaysInline())
        function.setNoInline(true);
      ++numFunctions;
    }
  }

  /// What upstream would lower to calls of the C library, or not at all.
  LogicalResult checkInput(ModuleOp module) {
    WalkResult result = module.walk([&](Operation *op) -> WalkResult {
      if (isa<memref::AllocOp, memref::DeallocOp, memref::ReallocOp>(op))
        return op->emitError("the vector stage allocates nothing: use "
                             "memref.view of the arena or memref.alloca");
      if (isa<memref::CopyOp>(op)) {
        for (Type type : op->getOperandTypes())
          if (auto memref = dyn_cast<MemRefType>(type);
              !memref || !memref::isStaticShapeAndContiguousRowMajor(memref))
            return op->emitError("copies part of a memref, which has no lowering: write a loop");
      }
      if (auto function = dyn_cast<func::FuncOp>(op)) {
        for (Type type : function.getArgumentTypes()) {
          auto memref = dyn_cast<BaseMemRefType>(type);
          auto ranked = dyn_cast<MemRefType>(type);
          if (memref && (!ranked || !ranked.hasStaticShape() || !ranked.getLayout().isIdentity()))
            return op->emitError("argument of type ")
                   << type
                   << ": memrefs of functions must have a static shape and no "
                      "layout";
        }
      }
      if (auto global = dyn_cast<memref::GlobalOp>(op);
          global && (!global.getConstant() || global.isExternal()))
        return op->emitError("a compiled model has no writable or external "
                             "globals: make it a constant, or part of "
                             "the arena");
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  /// Everything is LLVM dialect, and nothing is called that the module lacks.
  LogicalResult checkResult(ModuleOp module) {
    WalkResult result = module.walk([&](Operation *op) -> WalkResult {
      if (isa<ModuleOp>(op))
        return WalkResult::advance();
      if (!isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return op->emitError("'") << op->getName() << "' has no lowering to the LLVM dialect";
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (function && function.isExternal() && !function.getName().starts_with("llvm."))
        return op->emitError("the function '") << function.getName()
                                               << "' has no body, and a compiled model has nothing to link "
                                                  "with";
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }
};

} // namespace

void buildLowerToLLVM(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createNarrowLowerToLLVM());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

} // namespace narrow
