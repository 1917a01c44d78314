//===- QuantizationPasses.h - Declarations and registration ------*- C++
//-*-===//
#ifndef NARROW_TRANSFORMS_QUANTIZATIONPASSES_H
#define NARROW_TRANSFORMS_QUANTIZATIONPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Numerics/WeightRounding.h"
#include <memory>

namespace narrow {
struct CalibrationTable;
struct ObservedTensor;
} // namespace narrow

namespace mlir::narrow {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"

/// narrow-import-table with a table in memory, which must live until the pass
/// has run; `options.table` only names it in errors.
std::unique_ptr<Pass> createImportTablePass(const ::narrow::CalibrationTable *table,
                                            const NarrowImportTableOptions &options);

class ActivationSource;

/// narrow-round-weights with activations of `source`, which must live until the pass has run; null: the
/// method needs none.
std::unique_ptr<Pass> createRoundWeightsPass(const NarrowRoundWeightsOptions &options,
                                             ActivationSource *source);

/// Ids and shapes of one sample of what the observers of `module` observe, in
/// program order: the entries of its calibration table.
std::vector<::narrow::ObservedTensor> getObservedTensors(ModuleOp module);
} // namespace mlir::narrow

#endif
