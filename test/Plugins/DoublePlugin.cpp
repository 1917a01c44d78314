//===- DoublePlugin.cpp - A dialect of two ops, a pass that lowers one ----===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"

namespace example {
using namespace mlir;

/// "example.double"(%x) is x + x.
class DoubleOp : public Op<DoubleOp, OpTrait::ZeroRegions, OpTrait::OneResult,
                           OpTrait::OneTypedResult<RankedTensorType>::Impl, OpTrait::ZeroSuccessors,
                           OpTrait::OneOperand, OpTrait::SameOperandsAndResultType> {
public:
  using Op::Op;
  static StringRef getOperationName() { return "example.double"; }
  static ArrayRef<StringRef> getAttributeNames() { return {}; }
};

/// "example.partial"(%x) says that it is quantized, and nothing else.
class PartialOp
    : public Op<PartialOp, OpTrait::ZeroRegions, OpTrait::OneResult,
                OpTrait::OneTypedResult<RankedTensorType>::Impl, OpTrait::ZeroSuccessors, OpTrait::OneOperand,
                OpTrait::SameOperandsAndResultType, narrow::QuantizableOpInterface::Trait> {
public:
  using Op::Op;
  static StringRef getOperationName() { return "example.partial"; }
  static ArrayRef<StringRef> getAttributeNames() { return {}; }
  narrow::QuantizationKind getQuantizationKind() { return narrow::QuantizationKind::Arithmetic; }
};

class ExampleDialect : public Dialect {
public:
  explicit ExampleDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<ExampleDialect>()) {
    addOperations<DoubleOp, PartialOp>();
  }
  static StringRef getDialectNamespace() { return "example"; }
};

struct LowerDouble : PassWrapper<LowerDouble, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerDouble)
  StringRef getArgument() const override { return "example-lower-double"; }
  StringRef getDescription() const override { return "example.double becomes tosa.add"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<tosa::TosaDialect>();
  }
  void runOnOperation() override {
    getOperation().walk([](DoubleOp op) {
      OpBuilder builder(op);
      Value x = op->getOperand(0);
      op->replaceAllUsesWith(tosa::AddOp::create(builder, op.getLoc(), x.getType(), x, x));
      op.erase();
    });
  }
};

} // namespace example

extern "C" ::mlir::DialectPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Double", "1",
          [](mlir::DialectRegistry *registry) { registry->insert<example::ExampleDialect>(); }};
}

extern "C" ::mlir::PassPluginLibraryInfo LLVM_ATTRIBUTE_WEAK mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Double", "1", [] { mlir::PassRegistration<example::LowerDouble>(); }};
}
