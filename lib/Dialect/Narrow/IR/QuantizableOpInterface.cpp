//===- QuantizableOpInterface.cpp - What quantization asks of an op -------===//
#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.h"

#include "narrow/Dialect/Narrow/IR/QuantizableOpInterface.cpp.inc"
