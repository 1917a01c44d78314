//===- ContentHash.h - Hash that identifies a network -----------*- C++ -*-===//
//
// Hashes of what a network computes: its ops, their inherent attributes and types, the values
// of its constants, ids, and names of inputs and outputs, as a graph traversed from its
// results. They do not depend on how the network is printed, on locations, on discardable
// attributes (except `narrow.id` and `narrow.name`), on the order of independent ops, on ops
// that no result needs, on attributes that have their default value, on whether equal
// constants are shared, or on whether they are `dense` or `dense_resource`. `narrow.observe`
// yields its operand and is skipped.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_ANALYSIS_CONTENTHASH_H
#define NARROW_ANALYSIS_CONTENTHASH_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OperationSupport.h"
#include "narrow/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/BLAKE3.h"
#include <string>

namespace narrow {

/// The hash by which calibration tables, artifacts and searches identify a float
/// network: 64 hexadecimal digits. The same for the float and the observed stage.
std::string hashModel(ModuleOp module);

/// How a value is computed from others.
struct Computation {
  SmallVector<Value> sources; ///< in the order in which they are first read
  std::string ops;            ///< hash of the ops, without values of constants, ids and shapes of results
  std::string content;        ///< the same with the values of constants
};

/// Caches the hashes of constants: use one object for all queries on a module, which must not change.
class ContentHasher {
public:
  using Digest = llvm::BLAKE3Result<>;

  std::string hashModel(ModuleOp module);

  /// How `value` is computed from the nearest values for which `isSource` holds, or from arguments of
  /// its function. `sources` are numbered in reading order, so their names do not count.
  Computation hashComputation(Value value, function_ref<bool(Value)> isSource);

private:
  class Graph;
  const Digest &hashConstant(ElementsAttr values);
  /// The default inherent attributes of an op; null if it has none.
  DictionaryAttr getDefaults(mlir::OperationName name, Location loc);

  DenseMap<Attribute, Digest> constants;
  DenseMap<mlir::OperationName, DictionaryAttr> defaults;
};

} // namespace narrow

#endif
