//===- Proto.h - ONNX's protobuf messages -----------------------*- C++ -*-===//
#ifndef NARROW_LIB_IMPORT_ONNX_PROTO_H
#define NARROW_LIB_IMPORT_ONNX_PROTO_H

// Debian installs only the ML variant of the messages.
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#include <onnx/onnx_pb.h>

#endif
