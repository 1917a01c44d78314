//===- LLVM.h - MLIR's and LLVM's common names in narrow's namespace ------===//
//
// All of Narrow is in the namespace `narrow`; common names need no `mlir::` there. Only
// forward declarations: a file includes what it uses.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_SUPPORT_LLVM_H
#define NARROW_SUPPORT_LLVM_H

#include "mlir/Support/LLVM.h"

namespace mlir {
class Attribute;
class Block;
class BlockArgument;
class Builder;
class DenseElementsAttr;
class Diagnostic;
enum class DiagnosticSeverity;
class DialectRegistry;
class DictionaryAttr;
class ElementsAttr;
class FileLineColLoc;
class FloatType;
class InFlightDiagnostic;
class IntegerType;
class Location;
class MLIRContext;
class ModuleOp;
class OpBuilder;
class Operation;
class OpPassManager;
template <typename OpTy>
class OwningOpRef;
class Pass;
class PassManager;
class RankedTensorType;
class Region;
class RewritePatternSet;
class ScopedDiagnosticHandler;
class Type;
class Value;
class ValueRange;
class VectorType;
namespace arith {}
namespace func {}
namespace memref {}
namespace quant {}
namespace scf {}
namespace tosa {}
namespace vector {}
} // namespace mlir

namespace narrow {
// NOLINTBEGIN(misc-unused-using-decls)
using llvm::ArrayRef;
using llvm::cast;
using llvm::cast_if_present;
using llvm::dyn_cast;
using llvm::dyn_cast_if_present;
using llvm::failed;
using llvm::failure;
using llvm::FailureOr;
using llvm::isa;
using llvm::isa_and_present;
using llvm::LogicalResult;
using llvm::MutableArrayRef;
using llvm::raw_ostream;
using llvm::SmallVector;
using llvm::SmallVectorImpl;
using llvm::StringRef;
using llvm::succeeded;
using llvm::success;
using llvm::Twine;
using mlir::Attribute;
using mlir::Block;
using mlir::BlockArgument;
using mlir::Builder;
using mlir::DenseElementsAttr;
using mlir::DenseMap;
using mlir::DenseSet;
using mlir::Diagnostic;
using mlir::DiagnosticSeverity;
using mlir::DialectRegistry;
using mlir::DictionaryAttr;
using mlir::ElementsAttr;
using mlir::FileLineColLoc;
using mlir::FloatType;
using mlir::function_ref;
using mlir::InFlightDiagnostic;
using mlir::IntegerType;
using mlir::Location;
using mlir::MLIRContext;
using mlir::ModuleOp;
using mlir::OpBuilder;
using mlir::Operation;
using mlir::OpPassManager;
using mlir::OwningOpRef;
using mlir::Pass;
using mlir::PassManager;
using mlir::RankedTensorType;
using mlir::Region;
using mlir::RewritePatternSet;
using mlir::ScopedDiagnosticHandler;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using mlir::VectorType;
namespace arith = mlir::arith;
namespace func = mlir::func;
namespace memref = mlir::memref;
namespace quant = mlir::quant;
namespace scf = mlir::scf;
namespace tosa = mlir::tosa;
namespace vector = mlir::vector;
// NOLINTEND(misc-unused-using-decls)
} // namespace narrow

#endif
