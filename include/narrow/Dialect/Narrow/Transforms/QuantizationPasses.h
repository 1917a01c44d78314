//===- QuantizationPasses.h - Declarations and registration -----*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_QUANTIZATIONPASSES_H
#define NARROW_TRANSFORMS_QUANTIZATIONPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"
#include "narrow/Numerics/Estimators.h"
#include "narrow/Numerics/WeightRounding.h"
#include "narrow/Support/LLVM.h"
#include <memory>
#include <optional>
#include <vector>

namespace narrow {
struct CalibrationTable;
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "narrow/Dialect/Narrow/Transforms/QuantizationPasses.h.inc"

/// narrow-import-table with a table in memory, which must live until the pass
/// has run; `options.table` only names it in errors.
std::unique_ptr<Pass> createImportTablePass(const CalibrationTable *table,
                                            const NarrowImportTableOptions &options);

/// narrow-correct-bias where weights have been replaced by rounded ones: those before are
/// in `floatStage`, under the same ids, which must live until the pass has run.
std::unique_ptr<Pass> createCorrectBiasPass(ModuleOp floatStage, const NarrowCorrectBiasOptions &options);

/// The weights that the contraction `op` of the annotated stage will compute with; nothing
/// if they are not observed, have no type yet or cannot be read.
std::optional<std::vector<float>> getRoundedWeights(QuantizableOpInterface op);

/// Removes the observers of `module`: the float network is left. With `simulate`,
/// narrow.quantize and narrow.dequantize stand where an activation has a type; weights stay
/// as they are.
void removeObservers(ModuleOp module, bool simulate = false);

class ActivationSource;

/// narrow-round-weights with activations of `source`, which must live until the pass has run; null: the
/// method needs none.
std::unique_ptr<Pass> createRoundWeightsPass(const NarrowRoundWeightsOptions &options,
                                             ActivationSource *source);
} // namespace narrow

#endif
