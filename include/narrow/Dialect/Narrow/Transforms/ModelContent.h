//===- ModelContent.h - What tables are compared with -----------*- C++ -*-===//
#ifndef NARROW_TRANSFORMS_MODELCONTENT_H
#define NARROW_TRANSFORMS_MODELCONTENT_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Calibration/ModelContent.h"
#include "narrow/Support/LLVM.h"
#include <string>
#include <vector>

namespace narrow {

/// Inputs of @main as data sets know them.
std::vector<ModelInput> getModelInputs(ModuleOp module);

/// Ids and shapes of one sample of what the observers of `module` observe, in program order.
std::vector<ObservedTensor> getObservedTensors(ModuleOp module);
/// The same of what calibration observes instead (narrow-sink-observers): the entries of the
/// calibration table.
std::vector<ObservedTensor> getCalibratedTensors(ModuleOp module);

/// What a calibration table of the observed network `module` knows of it; the same before and after
/// narrow-sink-observers.
ModelContent getModelContent(ModuleOp module);

/// SHA-256 of the float network as text, by which tables of version 1 know their model. The same for the
/// float and the observed stage.
///
/// Attributes that Narrow got since are not printed. What else changes the text makes tables of version 1
/// those of another model: how MLIR or an op prints, the order of ops that a pass leaves, an inherent
/// attribute that is not left out at its default, a canonicalization. New tables have narrow::hashModel.
std::string hashPrintedModel(ModuleOp module);

} // namespace narrow

#endif
