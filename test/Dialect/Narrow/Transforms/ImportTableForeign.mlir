// RUN: narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/trt.cache 2>&1 | FileCheck %s --check-prefix=TRT
// RUN: narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/tpu.table | FileCheck %s --check-prefix=TPU
// RUN: sed 's/"x" :/"x" scheme <8 bits, symmetric, restricted, per_tensor> :/' %s | narrow-opt --narrow-import-table=table=%S/Inputs/tables/tpu.table | FileCheck %s --check-prefix=SYMMETRIC
// RUN: narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/aimet.encodings 2>&1 | FileCheck %s --check-prefix=AIMET
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/tables/tpu.table range=relu=minmax method=minmax" | FileCheck %s --check-prefix=TPU
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/tables/tpu.table range=relu=mse" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/tables/tpu.table method=ema" 2>&1 | FileCheck %s --check-prefix=EMA
// RUN: not narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/twice.table 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/fewer.json 2>&1 | FileCheck %s --check-prefix=FEWER
// RUN: not narrow-opt %s --narrow-import-table=table=%S/Inputs/tables/unscaled.cache 2>&1 | FileCheck %s --check-prefix=UNSCALED
// RUN: sed 's/"\(x\|sum\)" :/"\1" {narrow.float_reason = "asked for"} :/' %s | narrow-opt --narrow-import-table=table=%S/Inputs/tables/unscaled.cache 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/tables/tpu.table range=gelu=minmax" 2>&1 | FileCheck %s --check-prefix=UNMATCHED

// Scales 1/32, 1/16 and 1/32. A symmetric range begins at
// 0 where a ReLU does, and a known range is not that of the table.
// TRT: remark: '{{.*}}trt.cache', a table of TensorRT, has ranges of 1 of 4 tensors that are not quantized or have the codes of another: 'other'
// TRT: narrow.observe %{{.*}} "x" range <min = [-3.968750e+00], max = [3.968750e+00], from = tool "TensorRT"> :
// TRT: narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [7.937500e+00], from = tool "TensorRT"> :
// TRT: narrow.observe %{{.*}} "sum" range <min = [-3.968750e+00], max = [3.968750e+00], from = tool "TensorRT">
// TRT: narrow.observe %{{.*}} "sigmoid" range <min = [0.000000e+00], max = [1.000000e+00], from = known> :

// Names end in the operator. The threshold is for symmetric codes.
// TPU: narrow.observe %{{.*}} "x" range <min = [-1.000000e+00], max = [3.000000e+00], from = tool "tpu-mlir">
// TPU: narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [5.000000e+00], from = tool "tpu-mlir">
// TPU: narrow.observe %{{.*}} "sum" range <min = [-1.000000e+00], max = [2.000000e+00], from = tool "tpu-mlir">
// SYMMETRIC: narrow.observe %{{.*}} "x" range <min = [-2.000000e+00], max = [2.000000e+00]{{.*}}>

// Ranges are widened to 0.
// AIMET: warning: '{{.*}}aimet.encodings', a table of AIMET, has ranges that were chosen for 16 bits, not for the bits of the scheme: 'x', 'sum'
// AIMET: narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [2.000000e+00]{{.*}}>
// AIMET: narrow.observe %{{.*}} "sum" range <min = [-3.000000e+00], max = [0.000000e+00]{{.*}}>

// METHOD: error: method 'mse' needs statistics of 'relu', and '{{.*}}tpu.table', a table of tpu-mlir, has ranges only: leave the method out, or calibrate with narrow-calibrate
// EMA: error: method 'ema' needs statistics of 'x', and
// TWICE: error: '{{.*}}twice.table', a table of tpu-mlir, has two ranges for 'sum': 'sum_Add' and 'sum_Relu'
// FEWER: error: '{{.*}}fewer.json', a table of ONNX Runtime, has no range for 'relu', 'sum' of 4 tensors; 2 of its 3 names are not used: 'y', 'z'. Its names must be those of the tensors of the model: make it for this model, or calibrate with narrow-calibrate
// A scale of 0 is that of a tensor that stays float.
// UNSCALED: error: '{{.*}}unscaled.cache', a table of TensorRT, has the scale 0 for 'x', 'sum': TensorRT does not quantize them. Keep the ops around them float (an override '<id>=float'), or calibrate with narrow-calibrate
// FLOAT: remark: '{{.*}}unscaled.cache', a table of TensorRT: not used: 2 tensors without a scale
// FLOAT: narrow.observe %{{.*}} "relu" range
// UNMATCHED: error: range 'gelu=minmax' matches no id
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = tosa.add %0, %2 {narrow.id = "sum"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sum" : tensor<1x4x4x2xf32>
  %5 = tosa.sigmoid %4 {narrow.id = "sigmoid"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %6 = narrow.observe %5 "sigmoid" : tensor<1x4x4x2xf32>
  return %6 : tensor<1x4x4x2xf32>
}
