//===- LayerInputFile.h - What layers read, from a file ---------*- C++ -*-===//
#ifndef NARROW_LIB_TRANSFORMS_LAYERINPUTFILE_H
#define NARROW_LIB_TRANSFORMS_LAYERINPUTFILE_H

#include "narrow/Dialect/Narrow/Transforms/SampleSource.h"

namespace narrow {

/// Arrays of an .npz file, named like the contractions that read them, samples along the first axis.
llvm::Expected<std::unique_ptr<SampleSource>> openLayerInputs(StringRef path);

} // namespace narrow

#endif
